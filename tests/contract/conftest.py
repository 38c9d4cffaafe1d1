"""Fixtures of the tests that run inside the embedded host's own process."""

from tests.contract.minihost_host import host, opts  # noqa: F401
