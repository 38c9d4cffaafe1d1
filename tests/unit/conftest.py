"""How the property tests run: never against the clock, as the machine may be busy; in CI with the same examples.
And what is skipped where a system does not have it."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("project")

NO_RIGHT = 1314
"""What Windows says where a user may make no links."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skips a test that makes a link or a pipe where that cannot be."""
    try:
        return (yield)
    except OSError as error:
        if getattr(error, "winerror", None) == NO_RIGHT:
            pytest.skip("this user may make no links")
        raise
    except AttributeError as error:
        if error.obj is os and error.name == "mkfifo":
            pytest.skip("this system has no pipes among files")
        raise
