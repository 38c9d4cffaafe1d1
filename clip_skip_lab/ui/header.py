"""Clip skip in the header: shown without touching the user's list of quick settings, and kept true.

The host builds its header from `opts.quicksettings_list` in `UiSettings.create_ui` (modules/ui_settings.py,
v1.10.1). To write into the option, even for a moment, would let any save in that moment put it into config.json. So
the list is shadowed by a plain attribute of `opts` for as long as that one call takes: the host reads the attribute,
and what it saves and shows on its Settings page (`opts.data`) stays the user's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import gradio as gr
from modules import patches, shared, ui_settings

from ..hosts import OPTION_KEY, Host
from ..layers.facts import layer_facts
from . import settings
from .header_controls import follow_controls
from .header_list import ADDITIONS, PLACES, header_list

log = logging.getLogger("clip_skip_lab")

PATCHED_BY = "clip_skip_lab.header"
OTHER_PLACES = ("extra_options_txt2img", "extra_options_img2img")
"""The host's lists of options that are shown beside the prompts (extensions-builtin/extra-options-section)."""
SYNC_BUTTON = "clip_skip_lab_sync"


def install(host: Host) -> Callable[[], None]:
    """Puts clip skip into the header that the host builds next; to be called before it does. Returns the undo.

    Where the header has a control of its own for it, ours goes with that one.
    """
    shown = host.header_list
    _undo_patches()  # of a load whose end nobody announced

    def create_ui(page: Any, *args: Any, **kwargs: Any) -> Any:
        with _shadowed(shared.opts, shown, _names(shown)) if shown is not None else nullcontext():
            return original_create(page, *args, **kwargs)

    def add_functionality(page: Any, *args: Any, **kwargs: Any) -> Any:
        result = original_add(page, *args, **kwargs)
        controls = host.header_controls()
        if controls is not None:
            _add_sync_button(page, controls.clip_skip, follow_controls(host, page, controls))
        elif OPTION_KEY in [key for _, key, _ in page.quicksettings_list]:
            _add_sync_button(page, page.component_dict[OPTION_KEY], _current)
        return result

    original_create = patches.patch(PATCHED_BY, ui_settings.UiSettings, "create_ui", create_ui)
    original_add = patches.patch(PATCHED_BY, ui_settings.UiSettings, "add_functionality", add_functionality)
    undo_range = _follow_layers(host)

    def undo() -> None:
        _undo_patches()
        undo_range()

    return undo


def _undo_patches() -> None:
    for method in ("create_ui", "add_functionality"):
        if patches.original(PATCHED_BY, ui_settings.UiSettings, method) is not None:
            patches.undo(PATCHED_BY, ui_settings.UiSettings, method)


def _names(shown: str) -> list[str]:
    opts = shared.opts
    own = list(getattr(opts, shown))
    if getattr(shared.cmd_opts, "clip_skip_lab_no_header", False):  # absent when installed since the process started
        return own
    elsewhere = {key for name in OTHER_PLACES for key in getattr(opts, name, [])}
    frozen = {key for keys in ADDITIONS.values() for key in keys if _is_frozen(key)}
    addition, place = getattr(opts, settings.HEADER), getattr(opts, settings.HEADER_PLACE)
    return header_list(own, addition, place if place in PLACES else PLACES[0], elsewhere | frozen)


def _is_frozen(key: str) -> bool:
    """Whether the command line forbids to change this option (modules/options.py, `Options.__setattr__`)."""
    flags, info = shared.cmd_opts, shared.opts.data_labels.get(key)
    sections = (flags.freeze_settings_in_sections or "").split(",")
    keys = (flags.freeze_specific_settings or "").split(",")
    return (
        flags.freeze_settings
        or info is None
        or info.section[0] in [section.strip() for section in sections]
        or key in [name.strip() for name in keys]
    )


@contextmanager
def _shadowed(opts: Any, name: str, value: Any) -> Iterator[None]:
    """Makes `opts.<name>` give another value for a while and leaves `opts.data` alone.

    `Options` answers from `data` only for names that the object itself lacks (`__getattr__`).
    """
    vars(opts)[name] = value
    try:
        yield
    finally:
        del vars(opts)[name]


def _follow_layers(host: Host) -> Callable[[], None]:
    """Lets the host's slider end at the number of layers of the loaded model. Returns the undo.

    The host asks for the arguments whenever it makes or refreshes the component, and they may be a function.
    """
    info = shared.opts.data_labels[OPTION_KEY]
    own = info.component_args
    if host.header_list is None or not isinstance(own, dict):
        return lambda: None

    def arguments() -> dict[str, Any]:
        highest = layer_facts(host.model(), 1).highest
        return {**own, "maximum": highest} if highest else own

    info.component_args = arguments

    def undo() -> None:
        if info.component_args is arguments:
            info.component_args = own

    return undo


def _current() -> tuple[Any, str]:
    return ui_settings.get_value_for_setting(OPTION_KEY), shared.opts.dumpjson()


def _add_sync_button(page: Any, control: Any, current: Callable[[], tuple[Any, str]]) -> None:
    """A button nobody sees, for the page's script: it shows the setting as it is, and the range of the model.

    The host refreshes a header component only on the page's load and after its own change; an API client, another
    tab of the browser or another checkpoint would leave it behind.
    """
    button = gr.Button("Show the clip skip in use", elem_id=SYNC_BUTTON, visible=False)
    outputs = [control, page.text_settings]
    button.click(current, inputs=[], outputs=outputs, queue=False, show_progress=False)
