"""Which kind of WebUI is at an address."""

from __future__ import annotations

from .exchange import Address, WebUI
from .http import Http
from .ours import OursWebUI


def connect(address: Address) -> WebUI:
    """The WebUI at an address. Raises `Gone` or `Failed`."""
    return OursWebUI(Http(address))
