"""The panel of the sweep in the Script dropdown: its inputs, and what they say together."""

from __future__ import annotations

import html
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
from modules.ui_components import ToolButton

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, translated
from ..layers.facts import NONE, UNKNOWN, layer_facts
from ..layers.note import sentence
from ..sweep.axes import NOTHING, Axis, find_axis, paste_values
from ..sweep.examples import example_of
from ..sweep.grid import GRID_PIXELS, Limits, Style
from ..sweep.grid_pages import arrange_plan
from ..sweep.layer_request import AXES, CLIP_SKIP, asked_by_panel, read_layer_request
from ..sweep.plan import SweepPlan, read_plan
from ..sweep.plan_keys import (
    AXIS_FIELDS,
    PANEL_INPUTS,
    SCRIPT_TITLE,
    VALUE_FIELDS,
    PanelInput,
)
from ..sweep.summary import forecast, of_layer_panel, what_to_type, with_time
from ..sweep.values import CLIP_SKIP_FIELD, unique
from .arguments import (
    extend_request,
    panel_request,
    panel_values,
    resume_request,
    without_empty_axes,
)
from .axis_values import AxisValues, value_inputs
from .earlier_sweeps import EarlierSweeps
from .presets import PresetRow
from .run_on import RunOn

log = logging.getLogger("clip_skip_lab")

FILL_SYMBOL = "\U0001f4d2"
"""The host's own sign for "fill in all values"."""
INPUTS = {item.name: item for item in PANEL_INPUTS}
AXIS_HELP = {"y": "adds a row to the grid for each value", "z": "adds a block of rows for each value"}


class Panel:
    """The inputs of one tab."""

    def __init__(self, host: Host, run_on: RunOn, is_img2img: bool, elem_id):
        """Creates the components in the current gradio context; `elem_id` names them as the host does."""
        self.host = host
        self.places = run_on
        self.is_img2img = is_img2img
        self.clip_skip = gr.Textbox(
            label=CLIP_SKIP_FIELD,
            value=INPUTS["clip_skip"].default,
            lines=1,
            info="what to compare; 1 stops at the text encoder's last layer, 2 one layer earlier",
            placeholder="1-12, 1-12 (+2), 1-12 [5] or 1, 2, 5, [2:1:0.5]",
            elem_id=elem_id("clip_skip_lab_values"),
        )
        axes = self.axes()
        self.y_axis, self.y_values, self.y_choices, self.y_fill = self._axis_row("y", axes, elem_id)
        self.z_axis, self.z_values, self.z_choices, self.z_fill = self._axis_row("z", axes, elem_id)
        self._axis_values = [AxisValues(self, letter) for letter in AXIS_FIELDS]
        with gr.Row(elem_classes=["clip-skip-lab-row", "clip-skip-lab-mode"]):  # style.css: the second with "fast" only
            self.mode = gr.Radio(
                label="Mode",
                **_choice("mode"),
                info="fast: several cells at once; only rounding differs",
                elem_id=elem_id("clip_skip_lab_mode"),
            )
            self.cells_per_batch = gr.Dropdown(
                label="Cells at once",
                **_choice("cells_per_batch"),
                info="auto: as many as the free memory allows",
                elem_id=elem_id("clip_skip_lab_cells_per_batch"),
            )
        self.earlier = EarlierSweeps(host, is_img2img, elem_id)
        self.resume, self.draft, self.chosen = self.earlier.resume, self.earlier.draft, self.earlier.chosen
        self.extend = self.earlier.extend
        self.measures = gr.Checkbox(
            label="Measure the images (charts and findings)",
            value=INPUTS["measures"].default,
            elem_id=elem_id("clip_skip_lab_measures"),
        )
        self.run_on = gr.Radio(
            label="Run on",
            choices=run_on.choices(),
            value=INPUTS["run_on"].default,
            info="add other WebUIs in Settings → Clip Skip Lab",
            elem_id=elem_id("clip_skip_lab_run_on"),
        )
        again = gr.Button("Look for WebUIs again", elem_id=elem_id("clip_skip_lab_run_on_again"), visible=False)
        again.click(self._places_now, [self.run_on], [self.run_on], show_progress=False, queue=False)
        presets = PresetRow(self, host.presets, elem_id)
        self.forecast = gr.HTML(elem_id=elem_id("clip_skip_lab_forecast"), elem_classes=["clip-skip-lab-forecast"])
        of_plan = [component for component in self.inputs if component not in self.earlier.inputs]
        self.earlier.connect([*of_plan, self.y_fill, self.z_fill], self.infotext_fields)
        presets.connect(elem_id)

    def follow_page(self, fields: dict[str, Any]) -> None:
        """Fills in the values of an axis that is chosen.

        Args:
            fields: the page's components by the axes of `PAGE_FIELDS`.
        """
        for values in self._axis_values:
            values.follow(fields)

    @property
    def inputs(self) -> list:
        """The components in the order of the script's arguments."""
        return [getattr(self, name) for name in INPUTS]

    @property
    def infotext_fields(self) -> list:
        """What pasting a grid's infotext does to each component; other infotexts leave the panel alone."""
        found: list = self.earlier.infotext_fields
        for letter in AXIS_FIELDS:
            found += [
                (
                    getattr(self, f"{letter}_{part}"),
                    lambda params, letter=letter, place=place: self._pasted_axis(params, letter)[place],
                )
                for place, part in enumerate(("axis", "values", "choices", "fill"))
            ]
        there = [component for component, _ in found]
        for item in PANEL_INPUTS:
            if item.infotext is not None and getattr(self, item.name) not in there:
                found.append((getattr(self, item.name), partial(self._pasted, item)))
        return found

    def describe(self, request_fields: dict[str, Any], arguments: tuple, layer_arguments: tuple = ()) -> str:
        """The line under the panel, as HTML: what will happen, what to type next, or what is wrong with the input.

        Args:
            request_fields: the page's inputs, by the names that a request has for them.
            arguments: the inputs of this panel.
            layer_arguments: those of the panel "Finer clip skip" of the same tab.
        """
        try:
            # A number field that is being retyped is empty for a moment; the request's own default stands in for it.
            given = {name: value for name, value in request_fields.items() if value is not None}
            request = self.host.preview(self.is_img2img, given)
            resumed = resume_request(arguments)
            if resumed is not None:
                return self._line(self.earlier.describe(resumed))
            axes = self.host.axes(request)
            values, empty = without_empty_axes(panel_values(arguments), axes)
            to_type = [_what_to_type(letter, axis, str(given.get("prompt", ""))) for letter, axis in empty]
            extended = extend_request(arguments)
            if extended is not None:
                return self._lines(to_type or self.earlier.describe_extension(request, extended))
            plan = read_plan(panel_request(values, axes), axes, self.host.highest_clip_skip())
            if to_type:
                return self._lines(to_type)
            found = self.host.forecast(request, plan)
            of_panel = _of_layer_panel(layer_arguments, plan)
            of_place = self.places.describe(arguments)
        except InvalidInput as error:
            problem = html.escape(error.in_language(self.host.language()))
            return f'<p class="clip-skip-lab-problem" role="alert">{problem}</p>'
        widest = tuple(max(side) for side in zip(*found.cell_sizes, strict=True))
        pages = arrange_plan(plan, widest, Limits(GRID_PIXELS), Style())
        amount = forecast(plan.size, plan.size * found.pictures, found.batches, found.steps, pages)
        seconds = self._seconds(found.work)
        line = self._line(amount if seconds is None else with_time(amount, seconds))
        of_panel_and_place = self._lines([*([of_panel] if of_panel else []), *of_place])
        return line + of_panel_and_place + self._warning()

    def _places_now(self, chosen: str) -> Any:
        """What "Run on" offers now; javascript/clip_skip_lab_elsewhere.js asks when the page opens and when settings
        change."""
        choices = self.places.choices()
        several = choices[1:-1]  # with another number it is the same choice
        value = chosen if chosen in choices else next(iter(several), choices[0])
        return gr.update(choices=choices, value=value)

    def _lines(self, texts: Sequence[str]) -> str:
        return "".join(self._line(text) for text in texts)

    def _line(self, text: str) -> str:
        return f'<p role="status">{html.escape(translated(text, self.host.language()))}</p>'

    def _seconds(self, work: dict[str, float]) -> float | None:
        try:
            return self.host.speeds.estimate(work)
        except OSError as error:  # a disk that is gone: then no time is said
            log.warning("Clip skip sweep: the time could not be estimated (%s)", error)
            return None

    def _warning(self) -> str:
        """What is to be said, as HTML, when clip skip does not decide anything on the loaded model."""
        facts = layer_facts(self.host.model(), 1)
        if facts.model is None or facts.effect not in (NONE, UNKNOWN):
            return ""
        text = translated(sentence(facts), self.host.language())
        return f'<p class="clip-skip-lab-problem" role="status">{html.escape(text)}</p>'

    def axes(self) -> list[Axis]:
        """The axes that the host has at this moment, for this tab."""
        return self.host.axes(self.host.preview(self.is_img2img, {}))

    def _axis_row(self, letter: str, axes: list[Axis], elem_id) -> tuple:
        name = f"clip_skip_lab_{letter}"
        labels = [NOTHING, *(axis.label for axis in axes)]
        with gr.Row(elem_classes=["clip-skip-lab-row"]):
            axis = gr.Dropdown(
                label=AXIS_FIELDS[letter],
                choices=labels,
                value=NOTHING,
                info=AXIS_HELP[letter],
                elem_id=elem_id(f"{name}_axis"),
            )
            # Not None, which gradio 4 starts with: the host turns what is pasted into what the value is.
            values = gr.Textbox(
                label=VALUE_FIELDS[letter],
                value="",
                lines=1,
                info="separated by commas, or a range such as 5-9 (+2)",
                elem_id=elem_id(f"{name}_values"),
            )
            choices = gr.Dropdown(
                label=VALUE_FIELDS[letter],
                info="choose one or more",
                choices=[],
                value=[],
                visible=False,
                multiselect=True,
                interactive=True,
                elem_id=elem_id(f"{name}_choices"),
            )
            fill = ToolButton(
                value=FILL_SYMBOL, visible=False, elem_id=elem_id(f"{name}_fill"), tooltip="Fill in all values"
            )
        fill.click(self._on_fill, [axis], [choices], show_progress=False, queue=False)
        return axis, values, choices, fill

    def has_choices(self, label: str) -> bool:
        """Whether the values of this axis are chosen from a list."""
        return any(axis.label == label and axis.choices is not None for axis in self.axes())

    def _on_fill(self, label: str) -> Any:
        axis = find_axis(label, self.axes(), Text("Axis"))
        return gr.update(value=[] if axis is None else axis.choice_names())

    def _pasted_axis(self, params: dict, letter: str) -> tuple:
        """What pasting does to an axis, its values as text, its values as choices, and the button beside them.

        What is gone, an axis or a value, is brought back all the same: the line under the panel then names it.
        """
        label, text = (self._pasted(INPUTS[f"{letter}_{part}"], params) for part in ("axis", "values"))
        if label is None or text is None:
            return None, None, None, None
        axes = self.axes()
        shown = gr.update(choices=unique([NOTHING, *(axis.label for axis in axes), label]), value=label)
        axis = next((axis for axis in axes if axis.label == label), None)
        if axis is None or axis.choices is None:
            return shown, *value_inputs(None, [], text)
        return shown, *value_inputs(*paste_values(axis, text), "")

    def _pasted(self, item: PanelInput, params: dict) -> str | None:
        """What the infotext of a grid says of an input; None for other infotexts."""
        if params.get("Script") != SCRIPT_TITLE:
            return None
        self.earlier.complete(params)
        sides = [params[f"{item.infotext}-{place}"] for place in (1, 2) if f"{item.infotext}-{place}" in params]
        return "x".join(sides) or params.get(item.infotext, str(item.default))  # the host takes a lone "512x768" apart


def _choice(name: str) -> dict[str, Any]:
    return {"choices": list(INPUTS[name].choices), "value": INPUTS[name].default}


def _what_to_type(letter: str, axis: Axis, prompt: str) -> Text:
    return what_to_type(VALUE_FIELDS[letter], example_of(axis, prompt), axis.choices is not None)


def _of_layer_panel(arguments: tuple, plan: SweepPlan) -> str:
    """What the panel "Finer clip skip" does to a sweep, without what an axis sets."""
    asked = asked_by_panel(arguments)
    own = {CLIP_SKIP: asked.pop(CLIP_SKIP)} if CLIP_SKIP in asked else {}
    layers = replace(read_layer_request(asked), given=frozenset())  # what is as usual need not be told
    by_axes = {AXES.get(axis.axis.label) for _, axis in plan.further_axes()}
    asked = {**own, **layers.to_json()}  # its own value counts for nothing, whatever it is
    return of_layer_panel({key: value for key, value in asked.items() if key not in by_axes})
