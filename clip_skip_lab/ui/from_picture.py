"""Two buttons under each gallery: sweep clip skip for the picture that is shown, here or in img2img.

The page's script does the work (javascript/clip_skip_lab_from_picture.js): it has the host read the picture's infotext
as if it had been pasted. Here are the buttons only, put where the host's own row of buttons ends, and the way by which
the script learns what the gallery shows: of what is no picture, the host's own "Send to" takes none either.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from modules import script_callbacks

from .gradio_events import RESULT, in_browser

TABS = ("txt2img", "img2img")
HERE = "Sweep clip skip for this image"
IN_IMG2IMG = "Send it to img2img and sweep there"


def register_buttons() -> None:
    """Adds the buttons to the page that the host builds next; to be called from the script file."""
    made: dict[str, list[tuple[gr.Button, str]]] = {}
    parts: dict[str, Any] = {}

    def after_component(component: Any, **kwargs: Any) -> None:
        elem_id = kwargs.get("elem_id") or ""
        for tab in TABS:
            if elem_id == f"download_files_{tab}":  # the first thing below the host's buttons (modules/ui_common.py)
                made[tab] = _draw(tab)
            elif elem_id in (f"html_log_{tab}", f"generation_info_{tab}"):
                parts[elem_id] = component
                _connect(tab, made, parts)

    script_callbacks.on_after_component(after_component)


def _connect(tab: str, made: dict[str, list[tuple[gr.Button, str]]], parts: dict[str, Any]) -> None:
    """Gives buttons and script the infotexts of what the gallery shows, once these and what tells of them are there."""
    infotexts, result = parts.get(f"generation_info_{tab}"), parts.get(f"{RESULT}_{tab}")
    if infotexts is None or result is None:
        return
    for button, call in made.pop(tab, []):
        in_browser(button.click, call, [infotexts])
    in_browser(result.change, f"info => clipSkipLabGalleryShows('{tab}', info)", [infotexts])
    parts.pop(f"{RESULT}_{tab}")


def _draw(tab: str) -> list[tuple[gr.Button, str]]:
    with gr.Row(elem_id=f"clip_skip_lab_from_{tab}", elem_classes=["clip-skip-lab-from-picture"]):
        here = gr.Button(HERE, size="sm", elem_id=f"clip_skip_lab_{tab}_sweep_here")
        there = gr.Button(IN_IMG2IMG, size="sm", elem_id=f"clip_skip_lab_{tab}_sweep_in_img2img")
    return [
        (here, f"info => clipSkipLabSweepPicture('{tab}', false, info)"),
        (there, f"info => clipSkipLabSweepPicture('{tab}', true, info)"),
    ]
