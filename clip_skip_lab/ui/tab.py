"""The settings of what is remembered and advised, and the tab, whose lists the page's scripts make."""

from __future__ import annotations

import gradio as gr
from modules import shared

from ..hosts import REMEMBER, Host
from ..library.listing import Library
from .compare import ComparePart
from .run_on import WEBUIS
from .settings import SECTION
from .trained_with import TrainedWithPart

ADVICE = "clip_skip_lab_advice"
MORE_FOLDERS = "clip_skip_lab_more_folders"
TAB = ("Clip skip sweeps", "clip_skip_lab")
"""The tab's title and id."""


def add_memory_settings() -> None:
    """Adds the options to the extension's page; to be called when the host asks for settings."""
    offered = {
        REMEMBER: shared.OptionInfo(False, "Remember clip skip for each checkpoint").info(
            'the value set in the header comes back with its checkpoint; listed in the tab "Clip skip sweeps"'
        ),
        ADVICE: shared.OptionInfo(True, "Tell me when a model was trained at another clip skip").info(
            "from the metadata in the files of the checkpoint and of the LoRAs in the prompt"
        ),
        MORE_FOLDERS: shared.OptionInfo(
            "", "More folders with sweeps", gr.Textbox, {"lines": 2, **shared.hide_dirs}
        ).info("the grid or output folders of other WebUIs, one per line"),
        WEBUIS: shared.OptionInfo("", "Other WebUIs for sweeps", gr.Textbox, {"lines": 2, **shared.hide_dirs}).info(
            "such as http://gpu1:7860, one per line, started with --api; set user names and passwords in this "
            "WebUI's environment variable CLIP_SKIP_LAB_AUTH"
        ),
    }
    for key, info in shared.options_section(SECTION, offered).items():
        shared.opts.add_option(key, info)


def sweeps_tab(host: Host, library: Library) -> list[tuple[gr.Blocks, str, str]]:
    """The tab for the host's `on_ui_tabs`. javascript/clip_skip_lab_lens_tab.js, …_library.js, …_picks.js, …_memory.js
    fill it."""
    with gr.Blocks(analytics_enabled=False) as tab:
        gr.HTML('<div class="clip-skip-lab-lens"></div>', elem_id="clip_skip_lab_lens")
        gr.HTML('<div class="clip-skip-lab-sweeps"></div>', elem_id="clip_skip_lab_sweeps")
        gr.HTML('<div class="clip-skip-lab-picks"></div>', elem_id="clip_skip_lab_picks")
        ComparePart(host, library)
        TrainedWithPart(host)
        gr.HTML('<div class="clip-skip-lab-memory"></div>', elem_id="clip_skip_lab_memory")
    return [(tab, *TAB)]
