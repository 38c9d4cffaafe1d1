"""Fixtures of the contract tests.

`host` and `opts` are for tests that run inside the embedded host's own process; `client` and `unchanged` for those
that run on any host that `host_url` names.
"""

import pytest

from tests.contract.client import Client
from tests.contract.minihost_host import host, opts  # noqa: F401


@pytest.fixture(scope="session")
def client(host_url):
    """The API of the host that `host_url` names."""
    return Client(host_url)


@pytest.fixture
def unchanged(client):
    """Holds a test to leaving the host's options and config.json as they were."""
    before, config = client.options(), client.config()
    yield
    after = client.options()
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert client.config() == config
