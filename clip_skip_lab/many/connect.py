"""Which of the two kinds of WebUI there is at an address."""

from __future__ import annotations

from .exchange import Address, WebUI
from .http import Http
from .ours import SCRIPT, OursWebUI
from .plain import PlainWebUI


def connect(address: Address) -> WebUI:
    """The WebUI at an address: one with this extension where its scripts have the sweep, else one without.

    Raises what `Http` raises; before a run `before_the_run` (answers.py) makes wrong input of an address that does not
    answer.
    """
    http = Http(address)
    scripts = http.get("/sdapi/v1/scripts")
    if not isinstance(scripts, dict):
        raise http.unreadable()
    names = scripts.get("txt2img")
    return OursWebUI(http) if isinstance(names, list) and SCRIPT in names else PlainWebUI(http)
