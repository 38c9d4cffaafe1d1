"""The host that breaks on demand is the one that these tests speak to."""

import pytest

from tests.helpers.extensions.faults import SKIPS


@pytest.fixture(scope="session")
def client(faulty_client):
    """The API of the host with the extension that breaks things."""
    return faulty_client


@pytest.fixture(scope="session")
def whole(client):
    """The pictures of `SKIPS` when nothing goes wrong."""
    return client.sweep({"clip_skip": SKIPS}).cells
