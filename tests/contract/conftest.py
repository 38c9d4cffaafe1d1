"""Fixtures of the contract tests.

`host` and `opts` are for tests that run inside the embedded host's own process; `client` and `unchanged` for those
that run on any host that `host_url` names.
"""

import pytest

from tests.contract.client import CLIP_SKIP, Client
from tests.contract.minihost_host import host, opts  # noqa: F401


@pytest.fixture(scope="session")
def client(host_url):
    """The API of the host that `host_url` names.

    Clip skip is set to what it is, so that config.json has it: where it has not, the host leaves the first
    `override_settings` of a generation by hand in force for good; a sweep does not.
    """
    client = Client(host_url)
    client.post("options", **{CLIP_SKIP: int(client.options()[CLIP_SKIP])})
    return client


@pytest.fixture
def unchanged(client):
    """Holds a test to leaving the host's options and config.json as they were."""
    before, config = client.options(), client.config()
    yield
    after = client.options()
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert client.config() == config
