"""Asking a checkpoint's weights which clip skip it was trained with, in the tab "Clip skip sweeps"."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import gradio as gr
from modules import script_callbacks

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, translated
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, NAMES
from .answer_html import answer_html, problem_html, progress_html, waiting_html
from .asking import Asking
from .gradio_events import ANY_NUMBER_AT_ONCE
from .question_inputs import DRAWN, FOLDER, IMG2IMG, Given, asked_from, question_from

ENCODERS = (CLIP_SKIP, CLIP_L_SKIP, BIG_G_SKIP)
"""What takes the values, in the order of the choices."""

WAYS = {
    FOLDER: "A folder of images with captions",
    IMG2IMG: "The image in img2img, and images generated earlier",
    DRAWN: "Drawn by the model (weaker evidence)",
}

PAGE = ("img2img_image", "img2img_prompt", "txt2img_width", "txt2img_height")
"""The page's own components of which the values are needed, by their element ids."""

PAUSE = 0.7
"""Seconds between two looks at how far it is."""

_on_page: dict[str, Any] = {}


def watch_page() -> None:
    """Notes the page's components that are needed while the host builds it; to be called from the script file."""
    _on_page.clear()

    def after_component(component: Any, **kwargs: Any) -> None:
        elem_id, classes = kwargs.get("elem_id"), kwargs.get("elem_classes") or []
        if elem_id in PAGE and not isinstance(component, gr.HTML):
            _on_page.setdefault(elem_id, component)
        # Forge's canvas: an HTML with the id, and the picture in a text field after it (modules_forge/forge_canvas).
        elif elem_id == PAGE[0]:
            _on_page["canvas"] = True
        elif "logical_image_background" in classes and _on_page.pop("canvas", False):
            _on_page.setdefault(PAGE[0], component)

    script_callbacks.on_after_component(after_component)


class TrainedWithPart:
    """The part of the tab, made in the current gradio context."""

    def __init__(self, host: Host):
        self.host = host
        self.asking: dict[str, Asking] = {}
        """What runs, by the name that the page has for it."""
        gr.HTML("<h3>Which clip skip was this checkpoint trained with?</h3>", elem_id="clip_skip_lab_trained_title")
        inputs = self._inputs()
        page = [_on_page.get(elem_id) or gr.State(None) for elem_id in PAGE]
        with gr.Row(elem_classes=["clip-skip-lab-buttons"]):
            ask = gr.Button("Measure", variant="primary", elem_id="clip_skip_lab_ask")
            stop = gr.Button("Interrupt", visible=False, elem_id="clip_skip_lab_ask_interrupt")
        answer = gr.HTML(elem_id="clip_skip_lab_trained_answer", elem_classes=["clip-skip-lab-forecast"])
        chart = gr.Image(
            label="Chart",
            show_label=False,  # it would lie over the chart's own title
            type="pil",
            interactive=False,
            visible=False,
            elem_id="clip_skip_lab_trained_chart",
        )
        name = gr.State("")
        outputs = [answer, chart, ask, stop, name]
        ask.click(self.ask, [*inputs, *page], outputs, show_progress="hidden", **ANY_NUMBER_AT_ONCE)
        stop.click(self.interrupt, [name], [], show_progress="hidden", queue=False)
        self.forget_button.click(self.forget, inputs, [answer], show_progress="hidden", queue=False)

    def _inputs(self) -> list[Any]:
        """The inputs, in the order of the fields of `Given`."""
        ways = list(WAYS.values())
        way = gr.Radio(ways, value=ways[0], type="index", label="Images", elem_id="clip_skip_lab_trained_way")
        folder = gr.Textbox(
            label="Folder",
            info="each image with a .txt of the same name, as used for training, or with its infotext",
            elem_id="clip_skip_lab_trained_folder",
        )
        with gr.Row(visible=False) as drawing:
            prompts = gr.Textbox(
                label="Prompts, one per line", lines=4, scale=4, elem_id="clip_skip_lab_trained_prompts"
            )
            count = gr.Slider(
                label="Images per value",
                info="at the size set in txt2img",
                minimum=1,
                maximum=64,
                step=1,
                value=16,
                scale=2,
                elem_id="clip_skip_lab_trained_count",
            )
        with gr.Row():
            values = gr.Textbox(
                label="Clip skip values",
                placeholder="1-4 or 1, 2, 3; empty: all layers",
                elem_id="clip_skip_lab_trained_values",
            )
            loras = gr.Textbox(label="LoRAs", placeholder="<lora:name:1>", elem_id="clip_skip_lab_trained_loras")
        encoder, seed, seconds = self._more()
        way.change(
            lambda chosen: [gr.update(visible=chosen == FOLDER), gr.update(visible=chosen == DRAWN)],
            [way],
            [folder, drawing],
            show_progress="hidden",
            queue=False,
        )
        return [way, folder, prompts, count, values, loras, encoder, seed, seconds]

    def _more(self) -> tuple[Any, Any, Any]:
        with gr.Accordion("More", open=False, elem_id="clip_skip_lab_trained_more"):
            with gr.Row():
                encoder = gr.Radio(
                    ["All encoders", *(str(NAMES[key]) for key in ENCODERS[1:])],
                    value="All encoders",
                    type="index",
                    label="Text encoder",
                    scale=3,
                    elem_id="clip_skip_lab_trained_encoder",
                )
                seed = gr.Number(label="Seed", value=1, precision=0, elem_id="clip_skip_lab_trained_seed")
                seconds = gr.Number(
                    label="Time limit (seconds)", value=300, precision=0, elem_id="clip_skip_lab_trained_seconds"
                )
            self.forget_button = gr.Button("Forget this result", size="sm", elem_id="clip_skip_lab_trained_forget")
        return encoder, seed, seconds

    def ask(self, *inputs: Any) -> Iterator[list[Any]]:
        """Tells how far it is about once a second, then the answer: for `outputs`, one after another."""
        language = self.host.language()
        try:
            asking = Asking(self.host, asked_from(self.host, self._given(inputs), inputs[-len(PAGE) :]))
        except InvalidInput as error:
            yield self._shown(problem_html(error.in_language(language)))
            return
        name = uuid.uuid4().hex
        self.asking[name] = asking
        try:
            yield self._shown(_so_far(asking, language), running=name)
            while not asking.wait(PAUSE):
                yield self._shown(_so_far(asking, language), running=name)
        finally:
            self.asking.pop(name, None)
        yield self._result(asking, language)

    def interrupt(self, name: str) -> None:
        """Interrupts what this page runs, and nobody else's."""
        if asking := self.asking.get(name):
            asking.interrupt()

    def forget(self, *inputs: Any) -> str:
        """Forgets what the checkpoint answered with these LoRAs and this text encoder."""
        language = self.host.language()
        try:
            was_there = self.host.forget_answer(question_from(self._given(inputs)))
        except InvalidInput as error:
            return problem_html(error.in_language(language))
        except OSError as error:
            said = Text("The result cannot be forgotten: {reason}.", reason=str(error))
            return problem_html(translated(said, language))
        said = Text("The result is forgotten.") if was_there else Text("No result is remembered for this checkpoint.")
        return f'<p role="status">{translated(said, language)}</p>'

    def _given(self, inputs: tuple[Any, ...]) -> Given:
        way, folder, prompts, count, values, loras, encoder, seed, seconds = inputs[:9]
        vary = ENCODERS[encoder or 0]
        return Given(way or 0, folder or "", prompts or "", count, values or "", loras or "", vary, seed, seconds)

    def _result(self, asking: Asking, language: str) -> list[Any]:
        from ..probe.chart import answer_chart  # slow to import, and not needed before

        if asking.answer is None:
            return self._shown(problem_html(asking.problem or ""))
        chart = answer_chart(asking.answer, language, self.host.font())
        return self._shown(answer_html(asking.answer, asking.left_out, language), chart)

    def _shown(self, said: str, chart: Any = None, running: str = "") -> list[Any]:
        return [
            said,
            gr.update(value=chart, visible=chart is not None),
            gr.update(visible=not running),
            gr.update(visible=bool(running)),
            running,
        ]


def _so_far(asking: Asking, language: str) -> str:
    if asking.progress is not None:
        return progress_html(asking.progress, language)
    if asking.waits:
        return waiting_html(Text("Waiting for the WebUI to finish generating."), language)
    return waiting_html(Text("Looking for images and loading the model."), language)
