"""Which WebUI this is, and one file for each: what differs between the members of the family."""

from __future__ import annotations

import importlib.util

from ..hosts import OPTION_KEY, Host


def detect() -> Host:
    """The adapter for the WebUI that this process is. Raises `RuntimeError` with a sentence when there is none."""
    if importlib.util.find_spec("modules") is None or importlib.util.find_spec("modules.processing") is None:
        raise RuntimeError("Clip Skip Lab runs inside AUTOMATIC1111's WebUI; there is no WebUI around it.")
    from modules import shared

    if OPTION_KEY not in shared.opts.data_labels:
        raise RuntimeError("Clip Skip Lab needs a WebUI with the setting CLIP_stop_at_last_layers; this one has none.")
    from ..webui.host import A1111

    return A1111()
