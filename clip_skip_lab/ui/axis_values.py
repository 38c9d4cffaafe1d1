"""What an axis' inputs hold when somebody chooses the axis: sensible values, in place of nothing or of what was filled
in for another axis. What a person typed or chose stays."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
from modules import shared

from ..hosts import CHECKPOINT, VAE
from ..language import Text
from ..sweep.axes import find_axis
from ..sweep.examples import filled_in
from .gradio_events import in_browser

PAGE_FIELDS = {
    "seed": "Seed",
    "subseed": "Var. seed",
    "sampling": "Sampler",
    "scheduler": "Schedule type",
    "hr_upscaler": "Hires upscaler",
    "width": "Width",
    "height": "Height",
}
"""The page's components whose values an axis may begin with: end of the element id, and the axis (or side)."""

OPTIONS = {"Checkpoint name": CHECKPOINT, "VAE": VAE, "RNG source": "randn_source", "FP8 mode": "fp8_storage"}
"""The axes whose value is one of the host's options."""

UNLESS_TYPED = """(answer, text) => {
    const [held, filled] = JSON.parse(answer || "[null, null]");
    return [filled !== null && text === held ? filled : text];
}"""
"""Somebody may type before the host's answer is there: then that stays."""


def value_inputs(choices: list[str] | None, chosen: list[str], text: str | None = None) -> tuple:
    """The inputs for an axis' values: a text, or choices and the button to fill them in. None leaves the text alone."""
    has_choices = choices is not None
    return (
        gr.update(visible=not has_choices) if text is None else gr.update(value=text, visible=not has_choices),
        gr.update(choices=choices or [], value=chosen, visible=has_choices),
        gr.update(visible=has_choices),
    )


class AxisValues:
    """Fills in the values of one axis of a panel."""

    def __init__(self, panel: Any, letter: str):
        """To be made while the panel is drawn."""
        self._panel = panel
        self._filled = gr.State(["", []])  # what was filled in last: a text, and choices
        self._text = gr.Textbox(visible=False)  # what is to be filled in, and what the field held when it was asked for
        names = ("axis", "values", "choices", "fill")
        self._axis, self._values, self._choices, self._fill = (getattr(panel, f"{letter}_{name}") for name in names)

    def follow(self, page: dict[str, Any]) -> None:
        """Fills in whenever another axis is chosen. Pasting says itself what the inputs hold, and is no choice.

        Args:
            page: the page's components by the axes of `PAGE_FIELDS`.
        """
        labels = list(page)

        def chosen(label: str, text: str, choices: list[str], filled: list, *values: Any) -> tuple:
            axis = find_axis(label, self._panel.axes(), Text("Axis"))
            current = {**_options(), **dict(zip(labels, values, strict=True))}
            new_text, new_choices, filled = filled_in(axis, current, (text, choices), filled)
            names = None if axis is None or axis.choices is None else axis.choice_names()
            return *value_inputs(names, new_choices), filled, json.dumps([text or "", new_text])

        own = [self._values, self._choices]
        inputs = [self._axis, *own, self._filled, *page.values()]
        outputs = [*own, self._fill, self._filled, self._text]
        answered = self._axis.input(chosen, inputs, outputs, show_progress=False, queue=False)
        in_browser(answered.then, UNLESS_TYPED, [self._text, self._values], [self._values])


def _options() -> dict[str, Any]:
    return {label: getattr(shared.opts, key, None) for label, key in OPTIONS.items()}
