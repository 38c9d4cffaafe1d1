"""The settings of Clip Skip Lab: their keys, what they offer, and their page among the host's settings."""

from __future__ import annotations

import gradio as gr
from modules import options, shared

from .header_list import ADDITIONS, PLACES

CATEGORY = ("sd",) if hasattr(options, "categories") else ()
"""Among the host's settings the page stands with those of "Stable Diffusion"; older hosts have no such groups."""
SECTION = ("clip_skip_lab", "Clip Skip Lab", *CATEGORY)
HEADER = "clip_skip_lab_header"
HEADER_PLACE = "clip_skip_lab_header_place"


def add_settings() -> None:
    """Adds the page; to be called when the host asks for settings."""
    additions, places = list(ADDITIONS), list(PLACES)
    offered = {
        HEADER: shared.OptionInfo(additions[0], "Add to the header", gr.Radio, {"choices": additions})
        .info("your own quick settings list is not changed")
        .needs_reload_ui(),
        HEADER_PLACE: shared.OptionInfo(
            places[0], "Place in the header", gr.Radio, {"choices": places}
        ).needs_reload_ui(),
    }
    for key, info in shared.options_section(SECTION, offered).items():
        shared.opts.add_option(key, info)
