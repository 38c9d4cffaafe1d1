"""Which WebUI this is, and one file for each: what differs between the members of the family."""

from __future__ import annotations

import importlib.util

from ..hosts import OPTION_KEY, Host
from ..language import Text


def detect() -> Host:
    """The WebUI that this process is. Raises `RuntimeError` with a sentence when there is none."""
    if importlib.util.find_spec("modules") is None or importlib.util.find_spec("modules.processing") is None:
        raise RuntimeError(Text("Clip Skip Lab runs inside AUTOMATIC1111's WebUI; there is no WebUI around it."))
    from modules import shared

    if OPTION_KEY not in shared.opts.data_labels:
        raise RuntimeError(
            Text("Clip Skip Lab needs a WebUI with the setting {option}; this one has none.", option=OPTION_KEY)
        )
    from ..webui.host import WebUI
    from .a1111 import A1111

    return WebUI(A1111())
