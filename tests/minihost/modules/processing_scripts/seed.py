"""Seed and variation seed as an always-on script; mirrors modules/processing_scripts/seed.py."""

import json

import gradio as gr
from modules import errors, infotext_utils, scripts, ui
from modules.infotext_utils import PasteField
from modules.ui_components import ToolButton


class ScriptSeed(scripts.ScriptBuiltinUI):
    section = "seed"
    create_group = False

    def __init__(self):
        self.seed = None

    def title(self):
        return "Seed"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        with gr.Row(elem_id=self.elem_id("seed_row")):
            self.seed = gr.Number(label="Seed", value=-1, elem_id=self.elem_id("seed"), min_width=100, precision=0)
            random_seed = ToolButton(ui.random_symbol, elem_id=self.elem_id("random_seed"), tooltip="Random seed")
            reuse_seed = ToolButton(
                ui.reuse_symbol, elem_id=self.elem_id("reuse_seed"), tooltip="Seed of the picture shown"
            )
            extra = gr.Checkbox(label="Extra", elem_id=self.elem_id("subseed_show"), value=False)

        with gr.Group(visible=False, elem_id=self.elem_id("seed_extras")) as extras:
            with gr.Row(elem_id=self.elem_id("subseed_row")):
                subseed = gr.Number(label="Variation seed", value=-1, elem_id=self.elem_id("subseed"), precision=0)
                random_subseed = ToolButton(ui.random_symbol, elem_id=self.elem_id("random_subseed"))
                reuse_subseed = ToolButton(ui.reuse_symbol, elem_id=self.elem_id("reuse_subseed"))
                strength = gr.Slider(
                    label="Variation strength",
                    value=0.0,
                    minimum=0,
                    maximum=1,
                    step=0.01,
                    elem_id=self.elem_id("subseed_strength"),
                )
            with gr.Row(elem_id=self.elem_id("seed_resize_from_row")):
                from_w = gr.Slider(
                    minimum=0,
                    maximum=2048,
                    step=8,
                    label="Resize seed from width",
                    value=0,
                    elem_id=self.elem_id("seed_resize_from_w"),
                )
                from_h = gr.Slider(
                    minimum=0,
                    maximum=2048,
                    step=8,
                    label="Resize seed from height",
                    value=0,
                    elem_id=self.elem_id("seed_resize_from_h"),
                )

        for button, target in ((random_seed, "seed"), (random_subseed, "subseed")):
            button.click(
                fn=None,
                _js=f"function(){{setRandomSeed('{self.elem_id(target)}')}}",
                show_progress=False,
                inputs=[],
                outputs=[],
            )
        extra.change(lambda x: gr.update(visible=x), show_progress=False, inputs=[extra], outputs=[extras])

        self.infotext_fields = [
            PasteField(self.seed, "Seed", api="seed"),
            PasteField(extra, lambda d: "Variation seed" in d or "Seed resize from-1" in d),
            PasteField(subseed, "Variation seed", api="subseed"),
            PasteField(strength, "Variation seed strength", api="subseed_strength"),
            PasteField(from_w, "Seed resize from-1", api="seed_resize_from_w"),
            PasteField(from_h, "Seed resize from-2", api="seed_resize_from_h"),
        ]
        for field, button, is_sub in ((self.seed, reuse_seed, False), (subseed, reuse_subseed, True)):
            self.on_after_component(
                lambda x, f=field, b=button, s=is_sub: connect_reuse_seed(f, b, x.component, s),
                elem_id=f"generation_info_{self.tabname}",
            )
        return self.seed, extra, subseed, strength, from_w, from_h

    def setup(self, p, seed, seed_checkbox, subseed, subseed_strength, seed_resize_from_w, seed_resize_from_h):
        p.seed = seed
        if seed_checkbox and subseed_strength > 0:
            p.subseed = subseed
            p.subseed_strength = subseed_strength
        if seed_checkbox and seed_resize_from_w > 0 and seed_resize_from_h > 0:
            p.seed_resize_from_w = seed_resize_from_w
            p.seed_resize_from_h = seed_resize_from_h


def connect_reuse_seed(seed: gr.Number, reuse_seed: gr.Button, generation_info: gr.Textbox, is_subseed):
    """The button fills the field from the infotext of the picture that is selected."""

    def copy_seed(gen_info_string: str, index):
        found = -1
        try:
            infotext = json.loads(gen_info_string)["infotexts"][index]
            params = infotext_utils.parse_generation_parameters(infotext, [])
            found = int(params.get("Variation seed" if is_subseed else "Seed", -1))
        except Exception:
            if gen_info_string:
                errors.report(f"Error retrieving seed from generation info: {gen_info_string}", exc_info=True)
        return [found, gr.update()]

    reuse_seed.click(
        fn=copy_seed,
        _js="(x, y) => [x, selected_gallery_index()]",
        show_progress=False,
        inputs=[generation_info, seed],
        outputs=[seed, seed],
    )
