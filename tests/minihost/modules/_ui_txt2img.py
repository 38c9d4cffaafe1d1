"""The txt2img tab, called by `ui.create_ui`; mirrors that part of modules/ui.py."""

import gradio as gr
from modules import infotext_utils, progress, scripts, sd_models, sd_samplers, sd_schedulers, shared, txt2img, ui_toprow
from modules._ui_parts import (
    batch_sliders,
    connect_token_counters,
    create_override_settings_dropdown,
    dimension_sliders,
    ordered_ui_categories,
    output_components,
)
from modules.call_queue import wrap_gradio_gpu_call
from modules.infotext_utils import ParamBinding, PasteField
from modules.shared import opts
from modules.ui_common import create_output_panel, create_refresh_button
from modules.ui_components import FormGroup, FormHTML, FormRow, InputAccordion, ResizeHandleRow


def _hires_fix(c, resolution):
    """The Hires. fix accordion; puts its components into `c`."""
    with InputAccordion(False, label="Hires. fix", elem_id="txt2img_hr") as c["enable_hr"]:
        with c["enable_hr"].extra():
            c["final"] = FormHTML(
                value="", elem_id="txtimg_hr_finalres", label="Upscaled resolution", interactive=False, min_width=0
            )
        with FormRow(elem_id="txt2img_hires_fix_row1", variant="compact"):
            upscalers = [*shared.latent_upscale_modes, *(x.name for x in shared.sd_upscalers)]
            c["hr_upscaler"] = gr.Dropdown(
                label="Upscaler",
                elem_id="txt2img_hr_upscaler",
                choices=upscalers,
                value=shared.latent_upscale_default_mode,
            )
            c["hr_steps"] = gr.Slider(
                minimum=0, maximum=150, step=1, label="Hires steps", value=0, elem_id="txt2img_hires_steps"
            )
            c["denoising"] = gr.Slider(
                minimum=0.0,
                maximum=1.0,
                step=0.01,
                label="Denoising strength",
                value=0.7,
                elem_id="txt2img_denoising_strength",
            )
        with FormRow(elem_id="txt2img_hires_fix_row2", variant="compact"):
            c["hr_scale"] = gr.Slider(
                minimum=1.0, maximum=4.0, step=0.05, label="Upscale by", value=2.0, elem_id="txt2img_hr_scale"
            )
            c["hr_x"] = gr.Slider(
                minimum=0, maximum=2048, step=8, label="Resize width to", value=0, elem_id="txt2img_hr_resize_x"
            )
            c["hr_y"] = gr.Slider(
                minimum=0, maximum=2048, step=8, label="Resize height to", value=0, elem_id="txt2img_hr_resize_y"
            )
        with FormRow(elem_id="txt2img_hires_fix_row3", variant="compact", visible=False) as c["sampler_row"]:

            def checkpoints():
                return {"choices": ["Use same checkpoint", *sd_models.checkpoint_tiles(use_short=True)]}

            c["hr_checkpoint"] = gr.Dropdown(
                label="Checkpoint", elem_id="hr_checkpoint", value="Use same checkpoint", **checkpoints()
            )
            create_refresh_button(c["hr_checkpoint"], sd_models.list_models, checkpoints, "hr_checkpoint_refresh")
            c["hr_sampler"] = gr.Dropdown(
                label="Hires sampling method",
                elem_id="hr_sampler",
                choices=["Use same sampler", *sd_samplers.visible_sampler_names()],
                value="Use same sampler",
            )
            schedulers = ["Use same scheduler", *(x.label for x in sd_schedulers.schedulers)]
            c["hr_scheduler"] = gr.Dropdown(
                label="Hires schedule type", elem_id="hr_scheduler", choices=schedulers, value="Use same scheduler"
            )
        with FormRow(elem_id="txt2img_hires_fix_row4", variant="compact", visible=False) as c["prompt_row"]:
            c["hr_prompt"] = gr.Textbox(
                label="Hires prompt",
                elem_id="hires_prompt",
                show_label=False,
                lines=3,
                placeholder="Prompt of the second pass; empty: the same",
                elem_classes=["prompt"],
            )
            c["hr_negative"] = gr.Textbox(
                label="Hires negative prompt",
                elem_id="hires_neg_prompt",
                show_label=False,
                lines=3,
                elem_classes=["prompt"],
                placeholder="Negative prompt of the second pass; empty: the same",
            )


def _paste_fields(toprow, c):
    def hires_rows(*names):
        return (
            lambda d: gr.update(visible=True) if any(d.get(name, same) != same for name, same in names) else gr.update()
        )

    styles = toprow.ui_styles.dropdown
    return [
        PasteField(toprow.prompt, "Prompt", api="prompt"),
        PasteField(toprow.negative_prompt, "Negative prompt", api="negative_prompt"),
        PasteField(c["cfg"], "CFG scale", api="cfg_scale"),
        PasteField(c["width"], "Size-1", api="width"),
        PasteField(c["height"], "Size-2", api="height"),
        PasteField(c["batch_size"], "Batch size", api="batch_size"),
        PasteField(
            styles,
            lambda d: d["Styles array"] if isinstance(d.get("Styles array"), list) else gr.update(),
            api="styles",
        ),
        PasteField(c["denoising"], "Denoising strength", api="denoising_strength"),
        PasteField(
            c["enable_hr"],
            lambda d: "Denoising strength" in d
            and any(x in d for x in ("Hires upscale", "Hires upscaler", "Hires resize-1")),
            api="enable_hr",
        ),
        PasteField(c["hr_scale"], "Hires upscale", api="hr_scale"),
        PasteField(c["hr_upscaler"], "Hires upscaler", api="hr_upscaler"),
        PasteField(c["hr_steps"], "Hires steps", api="hr_second_pass_steps"),
        PasteField(c["hr_x"], "Hires resize-1", api="hr_resize_x"),
        PasteField(c["hr_y"], "Hires resize-2", api="hr_resize_y"),
        PasteField(c["hr_checkpoint"], "Hires checkpoint", api="hr_checkpoint_name"),
        PasteField(c["hr_sampler"], sd_samplers.get_hr_sampler_from_infotext, api="hr_sampler_name"),
        PasteField(c["hr_scheduler"], sd_samplers.get_hr_scheduler_from_infotext, api="hr_scheduler"),
        PasteField(
            c["sampler_row"],
            hires_rows(
                ("Hires sampler", "Use same sampler"),
                ("Hires checkpoint", "Use same checkpoint"),
                ("Hires schedule type", "Use same scheduler"),
            ),
        ),
        PasteField(c["hr_prompt"], "Hires prompt", api="hr_prompt"),
        PasteField(c["hr_negative"], "Hires negative prompt", api="hr_negative_prompt"),
        PasteField(c["prompt_row"], hires_rows(("Hires prompt", ""), ("Hires negative prompt", ""))),
        *scripts.scripts_txt2img.infotext_fields,
    ]


def create(calc_resolution_hires):
    """Returns (blocks, the placeholder component that stands for values only the page's script knows)."""
    runner = scripts.scripts_txt2img
    scripts.scripts_current = runner
    runner.initialize_scripts(is_img2img=False)
    c = {}

    with gr.Blocks(analytics_enabled=False) as interface:
        toprow = ui_toprow.Toprow(is_img2img=False)
        dummy = gr.Label(visible=False)
        with (
            gr.Tabs(elem_id="txt2img_extra_tabs", elem_classes=["extra-networks"]),
            gr.Tab("Generation", id="txt2img_generation"),
            ResizeHandleRow(equal_height=False),
        ):
            with gr.Column(variant="compact", elem_id="txt2img_settings"):
                runner.prepare_ui()
                for category in ordered_ui_categories():
                    if category == "dimensions":
                        with FormRow():
                            dimension_sliders("txt2img", c)
                            with gr.Column(elem_id="txt2img_column_batch"):
                                batch_sliders("txt2img", c)
                    elif category == "cfg":
                        with gr.Row():
                            c["cfg"] = gr.Slider(
                                minimum=1.0,
                                maximum=30.0,
                                step=0.5,
                                label="CFG Scale",
                                value=7.0,
                                elem_id="txt2img_cfg_scale",
                            )
                    elif category == "accordions":
                        with gr.Row(elem_id="txt2img_accordions", elem_classes="accordions"):
                            _hires_fix(c, calc_resolution_hires)
                            runner.setup_ui_for_section(category)
                    elif category == "override_settings":
                        with FormRow(elem_id="txt2img_override_settings_row") as row:
                            c["override"] = create_override_settings_dropdown("txt2img", row)
                    elif category == "scripts":
                        with FormGroup(elem_id="txt2img_script_container"):
                            script_inputs = runner.setup_ui()
                    if category != "accordions":
                        runner.setup_ui_for_section(category)

            panel = create_output_panel("txt2img", opts.outdir_txt2img_samples, toprow)

        shown = [c[x] for x in ("enable_hr", "width", "height", "hr_scale", "hr_x", "hr_y")]
        for component in shown:
            event = component.release if isinstance(component, gr.Slider) else component.change
            event(fn=calc_resolution_hires, inputs=shown, outputs=[c["final"]], show_progress=False)

        generate = {
            "fn": wrap_gradio_gpu_call(txt2img.txt2img, extra_outputs=[None, "", ""]),
            "_js": "submit",
            "inputs": [
                dummy,
                toprow.prompt,
                toprow.negative_prompt,
                toprow.ui_styles.dropdown,
                *(
                    c[x]
                    for x in (
                        "batch_count",
                        "batch_size",
                        "cfg",
                        "height",
                        "width",
                        "enable_hr",
                        "denoising",
                        "hr_scale",
                        "hr_upscaler",
                        "hr_steps",
                        "hr_x",
                        "hr_y",
                        "hr_checkpoint",
                        "hr_sampler",
                        "hr_scheduler",
                        "hr_prompt",
                        "hr_negative",
                        "override",
                    )
                ),
                *script_inputs,
            ],
            "outputs": output_components(panel),
            "show_progress": False,
        }
        toprow.prompt.submit(**generate)
        toprow.submit.click(**generate)
        toprow.restore_progress_button.click(
            fn=progress.restore_progress,
            _js="restoreProgressTxt2img",
            inputs=[dummy],
            outputs=output_components(panel),
            show_progress=False,
        )

        infotext_utils.add_paste_fields("txt2img", None, _paste_fields(toprow, c), c["override"])
        infotext_utils.register_paste_params_button(
            ParamBinding(paste_button=toprow.paste, tabname="txt2img", source_text_component=toprow.prompt)
        )
        connect_token_counters(toprow, runner)
    return interface, dummy
