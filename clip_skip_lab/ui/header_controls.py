"""Clip skip in a header that has a control of its own for it: ours goes with that, and adds none.

The control gets the id that a list of options would give it, so that the page's scripts find it. What a person sets by
it is told from what the page or a preset sets by gradio's `release`, which the page's script also sends after keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from modules import shared

from ..hosts import OPTION_KEY, HeaderControls, Host
from ..layers.facts import layer_facts

QUIET = {"queue": False, "show_progress": False}


def follow_controls(host: Host, page: Any, controls: HeaderControls) -> Callable[[], tuple[Any, str]]:
    """Has the settings follow the controls, and the controls the settings.

    Args:
        host: the host.
        page: the host's `UiSettings`, with the page made.
        controls: those in its header.

    Returns what shows the setting as it is: an update of the control for clip skip, and all settings as text.
    """
    slider, checkpoint, ends = controls.clip_skip, controls.checkpoint, controls.clip_skip.maximum
    slider.elem_id = f"setting_{OPTION_KEY}"

    def current() -> tuple[Any, str]:
        highest = layer_facts(host.model(), 1).highest or ends
        return gr.update(value=getattr(shared.opts, OPTION_KEY), maximum=highest), shared.opts.dumpjson()

    def set_by_hand(value: Any) -> str:
        if type(value) is int and value >= slider.minimum:
            page.run_settings_single(value, key=OPTION_KEY)
        return shared.opts.dumpjson()

    def chosen(name: str | None) -> tuple[Any, str]:
        """The host's own event may come later than this one."""
        if name:
            controls.choose(name)
        return current()

    slider.release(set_by_hand, [slider], [page.text_settings], **QUIET)
    checkpoint.change(chosen, [checkpoint], [slider, page.text_settings], **QUIET)
    return current
