"""The panel "Finer clip skip": layer requests for single generations. Always there, off until it is opened."""

from __future__ import annotations

import html
import time
from typing import Any

import gradio as gr
from modules import scripts
from modules.ui_components import InputAccordion

from ..errors import InvalidInput
from ..hosts import OTHER_WEBUI, PANEL_SCRIPT, PANEL_TITLE, Host
from ..language import Text, translated
from ..sweep.layer_request import (
    BEFORE_NORM,
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    EVERY_MODEL,
    INFOTEXT,
    INTERPOLATION,
    INTERPOLATIONS,
    NAMES,
    NEGATIVE,
    asked_by_panel,
    read_layer_request,
)


def make_layer_panel(host: Host) -> type[scripts.Script]:
    """The script's class for this host. The host finds it in the script file's names and makes one for each tab."""

    class LayerPanel(scripts.Script):
        """One for txt2img, one for img2img."""

        def title(self) -> str:
            return PANEL_SCRIPT

        def show(self, is_img2img: bool) -> Any:
            return scripts.AlwaysVisible

        def ui(self, is_img2img: bool) -> list:
            # The host gives what is pasted the type of the value, which in gradio 4 is None unless given.
            pasted = gr.HTML("", elem_id=self.elem_id("clip_skip_lab_pasted"), elem_classes=["clip-skip-lab-pasted"])
            inputs = _draw(host, self.elem_id)
            self.infotext_fields = [*_infotext_fields(inputs), (pasted, lambda params: _of_other_webui(host, params))]
            return inputs

        def process(self, p: Any, *arguments: Any) -> None:
            """What is asked is in force already, or can't be, and then nothing is sampled."""
            if asked_by_panel(arguments) or host.asked_by_axes(p):
                host.refuse_unwatched(p)

        def postprocess(self, p: Any, processed: Any, *arguments: Any) -> None:
            """Comments are for the page only; the API's clients find the same sentences here."""
            said = host.notes(p)
            if said:
                more = processed.extra_generation_params
                processed.extra_generation_params = {**more, "clip_skip_lab": {"notes": said}}

    return LayerPanel


def inputs_of_layer_panel(is_img2img: bool) -> list:
    """The panel's inputs on a tab in the order of `asked_by_panel`, once the host has drawn them; else none."""
    runner = scripts.scripts_img2img if is_img2img else scripts.scripts_txt2img
    found = (script for script in runner.alwayson_scripts if script.title() == PANEL_SCRIPT)
    return next((list(script.controls or []) for script in found), [])


def _draw(host: Host, elem_id: Any) -> list:
    """The inputs in the order of `asked_by_panel`."""
    with InputAccordion(False, label=PANEL_TITLE, elem_id=elem_id("clip_skip_lab_finer")) as enabled:
        with gr.Row():
            value = _number(CLIP_SKIP, "empty: as set in the WebUI", elem_id, "1.5, avg 2-4, [2:1:0.5]")
            negative = _number(NEGATIVE, "empty: the same", elem_id)
            interpolation = gr.Dropdown(
                label=NAMES[INTERPOLATION],
                choices=list(INTERPOLATIONS),
                value=BEFORE_NORM,
                info="how layers are mixed",
                elem_id=elem_id("clip_skip_lab_interpolation"),
            )
        with gr.Row():
            every_model = gr.Checkbox(
                label=NAMES[EVERY_MODEL], value=False, elem_id=elem_id("clip_skip_lab_every_model")
            )
            clip_l = _number(CLIP_L_SKIP, "empty: as the WebUI does", elem_id)
            big_g = _number(BIG_G_SKIP, "empty: as the WebUI does", elem_id)
        meaning = gr.HTML(elem_id=elem_id("clip_skip_lab_meaning"), elem_classes=["clip-skip-lab-forecast"])
    inputs = [enabled, value, interpolation, negative, every_model, clip_l, big_g]

    def describe(*arguments: Any) -> str:
        return _described(host, arguments)

    for component in inputs:
        component.change(describe, inputs, [meaning], show_progress=False, queue=False)
    return inputs


def _number(key: str, info: str, elem_id: Any, placeholder: str = "") -> gr.Textbox:
    return gr.Textbox(
        label=NAMES[key],
        value="",
        lines=1,
        max_lines=1,
        info=info,
        placeholder=placeholder,
        elem_id=elem_id(INFOTEXT[key]),
        min_width=120,
    )


def _described(host: Host, arguments: tuple) -> str:
    """The line under the inputs: what they mean on the loaded model, or what is wrong with them."""
    language = host.language()
    try:
        said = host.describe_layers(read_layer_request(asked_by_panel(arguments)))
    except InvalidInput as error:
        return f'<p class="clip-skip-lab-problem" role="alert">{html.escape(error.in_language(language))}</p>'
    text = " · ".join(translated(line, language) for line in said)
    return f'<p role="status">{html.escape(text)}</p>' if text else ""


def _of_other_webui(host: Host, params: dict[str, Any]) -> str:
    """What a pasted infotext of another WebUI says here; nothing, for any other. The number is another with each paste,
    so that the page's script sees that the same was pasted again."""
    said = params.get(OTHER_WEBUI)
    if not isinstance(said, Text):
        return ""
    text = html.escape(translated(said, host.language()))
    return f'<p role="status" data-pasted="{time.time_ns()}">{text}</p>'


def _infotext_fields(inputs: list) -> list:
    """What pasting does: a picture without any of these keys was made without the panel, which then goes off."""
    enabled, value, interpolation, negative, every_model, clip_l, big_g = inputs
    said = {CLIP_SKIP: value, NEGATIVE: negative, CLIP_L_SKIP: clip_l, BIG_G_SKIP: big_g}
    return [
        (enabled, lambda params: any(key in params for key in INFOTEXT.values())),
        *((part, lambda params, name=INFOTEXT[key]: params.get(name, "")) for key, part in said.items()),
        (interpolation, lambda params: params.get(INFOTEXT[INTERPOLATION], BEFORE_NORM)),
        (every_model, lambda params: params.get(INFOTEXT[EVERY_MODEL]) == "True"),
    ]
