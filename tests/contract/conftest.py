"""Fixtures of the contract tests, which run on any host that `host_url` names."""

import pytest

from tests.contract.client import Client


@pytest.fixture(scope="session")
def host(host_url):
    """The host's API."""
    return Client(host_url)


@pytest.fixture
def unchanged(host):
    """Holds a test to leaving the host's options and config.json as they were."""
    before, config = host.options(), host.config()
    yield
    after = host.options()
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert host.config() == config
