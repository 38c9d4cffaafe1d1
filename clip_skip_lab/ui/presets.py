"""Presets in the sweep's panel: a list of names, and what saves, forgets and looks for them again.

A preset is brought into the panel as a grid's infotext is: what is gone, an axis or a value, comes back as the text
that it was, and the line under the panel names it.
"""

from __future__ import annotations

import html
import logging
from typing import Any

import gradio as gr
from modules.ui_components import ToolButton

from ..errors import InvalidInput, reason_of
from ..language import Text, translated
from ..models.presets import Presets
from ..sweep.plan_keys import AXIS_FIELDS, PANEL_INPUTS, SCRIPT_TITLE
from ..sweep.values import join_list

log = logging.getLogger("clip_skip_lab")

SAVE_SYMBOL, FORGET_SYMBOL, REFRESH_SYMBOL = "\U0001f4be", "\U0001f5d1\ufe0f", "\U0001f504"
"""The host's own signs."""
OF_ONE_SWEEP = ("resume", "extend", "chosen")
"""The inputs that name a sweep, or cells of one: they are no part of a preset."""
SAVED = {item.name: item for item in PANEL_INPUTS if item.infotext is not None and item.name not in OF_ONE_SWEEP}


class PresetRow:
    """The row, made in the current gradio context."""

    def __init__(self, panel: Any, presets: Presets, elem_id: Any):
        """Draws the row of a panel whose inputs are there already; `elem_id` names parts as the host does."""
        self._panel, self._presets = panel, presets
        with gr.Row(elem_classes=["clip-skip-lab-row"]):
            self._name = gr.Dropdown(
                label="Preset",
                choices=self._names(),
                value="",
                allow_custom_value=True,
                info="choose one, or type a name and save",
                elem_id=elem_id("clip_skip_lab_preset"),
            )
            self._buttons = [
                ToolButton(value=symbol, elem_id=elem_id(f"clip_skip_lab_preset_{name}"), tooltip=tooltip)
                for symbol, name, tooltip in (
                    (SAVE_SYMBOL, "save", "Save these settings under this name"),
                    (FORGET_SYMBOL, "forget", "Delete this preset"),
                    (REFRESH_SYMBOL, "refresh", "Refresh the list of presets"),
                )
            ]

    def connect(self, elem_id: Any) -> None:
        """Draws the line for what is said, at the panel's end, and connects all events."""
        said = gr.HTML(elem_id=elem_id("clip_skip_lab_preset_said"), elem_classes=["clip-skip-lab-forecast"])
        save, forget, again = self._buttons
        inputs = [getattr(self._panel, name) for name in self._read_from()]
        targets = [component for component, _ in self._fields()]
        quietly: dict[str, Any] = {"show_progress": False, "queue": False}
        self._name.input(self._choose, [self._name], [*targets, said], **quietly)
        save.click(self._save, [self._name, *inputs], [self._name, said], **quietly)
        forget.click(self._forget, [self._name], [self._name, said], **quietly)
        again.click(lambda: gr.update(choices=self._names()), [], [self._name], **quietly)

    @staticmethod
    def _read_from() -> list[str]:
        return [*SAVED, *(f"{letter}_choices" for letter in AXIS_FIELDS)]

    def _fields(self) -> list[tuple[Any, Any]]:
        """The components that a preset fills, each with what gives its value for an infotext."""
        named = {id(getattr(self._panel, name)) for name in OF_ONE_SWEEP if hasattr(self._panel, name)}
        return [pair for pair in self._panel.infotext_fields if id(pair[0]) not in named]

    def _names(self) -> list[str]:
        try:
            return [preset.name for preset in self._presets.all()]
        except OSError as error:  # the panel is built, whatever is on disk
            log.warning("Clip skip sweep: the presets cannot be read (%s)", error)
            return []

    def _choose(self, name: str) -> list[Any]:
        unchanged = [gr.update() for _ in self._fields()]
        try:
            preset = self._presets.recall(name)
        except OSError as error:
            return [*unchanged, self._problem(error)]
        if preset is None:  # a name that is being typed
            return [*unchanged, ""]
        params = {"Script": SCRIPT_TITLE}
        params |= {str(SAVED[key].infotext): str(value) for key, value in preset.values.items() if key in SAVED}
        return [*(_value(component, give(params)) for component, give in self._fields()), ""]

    def _save(self, name: str, *values: Any) -> tuple[Any, str]:
        given = dict(zip(self._read_from(), values, strict=True))
        for letter in AXIS_FIELDS:
            choices = given.pop(f"{letter}_choices")
            if choices and self._panel.has_choices(given[f"{letter}_axis"]):
                given[f"{letter}_values"] = join_list(choices)
        kept = {key: value if isinstance(value, bool) else str(value or "") for key, value in given.items()}
        try:
            preset = self._presets.save(name, kept)
        except (InvalidInput, OSError) as error:
            return gr.update(), self._problem(error)
        said = Text("The preset “{name}” was saved.", name=preset.name)
        return gr.update(choices=self._names(), value=preset.name), self._line(said)

    def _forget(self, name: str) -> tuple[Any, str]:
        try:
            self._presets.forget(str(name or ""))
        except KeyError:
            return gr.update(choices=self._names()), self._line(Text("There is no preset of that name."))
        except OSError as error:
            return gr.update(), self._problem(error)
        said = Text("The preset “{name}” was deleted.", name=name)
        return gr.update(choices=self._names(), value=""), self._line(said)

    def _line(self, text: Text) -> str:
        return f'<p role="status">{html.escape(translated(text, self._panel.host.language()))}</p>'

    def _problem(self, error: Exception) -> str:
        language = self._panel.host.language()
        if isinstance(error, InvalidInput):
            said = error.in_language(language)
        else:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            said = translated(Text("The presets cannot be used ({reason}).", reason=reason), language)
        return f'<p class="clip-skip-lab-problem" role="alert">{html.escape(said)}</p>'


def _value(component: Any, value: Any) -> Any:
    """What a component gets for what an infotext says: a tick is none of its texts."""
    if isinstance(component, gr.Checkbox) and isinstance(value, str):
        return value == "True"
    return gr.update() if value is None else value
