"""The img2img tab with inpainting, called by `ui.create_ui`; mirrors that part of modules/ui.py."""

import gradio as gr
from modules import img2img, infotext_utils, progress, scripts, ui_toprow
from modules._ui_parts import (
    batch_sliders,
    connect_token_counters,
    create_override_settings_dropdown,
    dimension_sliders,
    ordered_ui_categories,
    output_components,
)
from modules.call_queue import wrap_gradio_gpu_call
from modules.infotext_utils import ParamBinding
from modules.shared import opts
from modules.ui_common import create_output_panel
from modules.ui_components import FormGroup, FormRow, ResizeHandleRow


def _image(label, elem_id, **kwargs):
    return gr.Image(
        label=label, show_label=False, elem_id=elem_id, source="upload", interactive=True, type="pil", **kwargs
    )


def _source_tabs(c):
    with gr.Tabs(elem_id="mode_img2img"):
        with gr.TabItem("img2img", id="img2img", elem_id="img2img_img2img_tab") as plain:
            c["image"] = _image("Image for img2img", "img2img_image", tool="editor", image_mode="RGBA", height=720)
        with gr.TabItem("Inpaint", id="inpaint", elem_id="img2img_inpaint_tab") as inpaint:
            c["masked"] = _image(
                "Image for inpainting with mask",
                "img2maskimg",
                tool="sketch",
                image_mode="RGBA",
                height=720,
            )
        with gr.TabItem("Inpaint upload", id="inpaint_upload", elem_id="img2img_inpaint_upload_tab") as upload:
            c["base"] = _image("Image for img2img", "img_inpaint_base")
            c["mask"] = _image("Mask", "img_inpaint_mask", image_mode="RGBA")
    with FormRow():
        c["resize_mode"] = gr.Radio(
            label="Resize mode",
            elem_id="resize_mode",
            type="index",
            value="Just resize",
            choices=["Just resize", "Crop and resize", "Resize and fill", "Just resize (latent upscale)"],
        )
    return plain, inpaint, upload


def _inpaint_controls(c):
    with FormGroup(elem_id="inpaint_controls", visible=False) as c["inpaint_controls"]:
        with FormRow():
            c["mask_blur"] = gr.Slider(
                label="Mask blur", minimum=0, maximum=64, step=1, value=4, elem_id="img2img_mask_blur"
            )
        with FormRow():
            c["mask_mode"] = gr.Radio(
                label="Mask mode",
                choices=["Inpaint masked", "Inpaint not masked"],
                value="Inpaint masked",
                type="index",
                elem_id="img2img_mask_mode",
            )
        with FormRow():
            c["fill"] = gr.Radio(
                label="Masked content",
                choices=["fill", "original", "latent noise", "latent nothing"],
                value="original",
                type="index",
                elem_id="img2img_inpainting_fill",
            )
        with FormRow():
            c["full_res"] = gr.Radio(
                label="Inpaint area",
                choices=["Whole picture", "Only masked"],
                type="index",
                value="Whole picture",
                elem_id="img2img_inpaint_full_res",
            )
            c["padding"] = gr.Slider(
                label="Only masked padding, pixels",
                minimum=0,
                maximum=256,
                step=4,
                value=32,
                elem_id="img2img_inpaint_full_res_padding",
            )


def _size(c):
    with FormRow():
        with gr.Column(elem_id="img2img_column_size", scale=4):
            c["scale_tab"] = gr.Number(value=0, visible=False)
            with gr.Tabs(elem_id="img2img_tabs_resize"):
                with gr.Tab(label="Resize to", id="to", elem_id="img2img_tab_resize_to") as to_tab, FormRow():
                    dimension_sliders("img2img", c)
                with gr.Tab(label="Resize by", id="by", elem_id="img2img_tab_resize_by") as by_tab:
                    c["scale_by"] = gr.Slider(
                        minimum=0.05, maximum=4.0, step=0.05, label="Scale", value=1.0, elem_id="img2img_scale"
                    )
        to_tab.select(fn=lambda: 0, inputs=[], outputs=[c["scale_tab"]])
        by_tab.select(fn=lambda: 1, inputs=[], outputs=[c["scale_tab"]])
        with gr.Column(elem_id="img2img_column_batch"):
            batch_sliders("img2img", c)


def _category(category, c, runner):
    if category == "dimensions":
        _size(c)
    elif category == "denoising":
        c["denoising"] = gr.Slider(
            minimum=0.0,
            maximum=1.0,
            step=0.01,
            label="Denoising strength",
            value=0.75,
            elem_id="img2img_denoising_strength",
        )
    elif category == "cfg":
        with gr.Row():
            c["cfg"] = gr.Slider(
                minimum=1.0, maximum=30.0, step=0.5, label="CFG Scale", value=7.0, elem_id="img2img_cfg_scale"
            )
    elif category == "accordions":
        with gr.Row(elem_id="img2img_accordions", elem_classes="accordions"):
            runner.setup_ui_for_section(category)
    elif category == "override_settings":
        with FormRow(elem_id="img2img_override_settings_row") as row:
            c["override"] = create_override_settings_dropdown("img2img", row)
    elif category == "scripts":
        with FormGroup(elem_id="img2img_script_container"):
            c["script_inputs"] = runner.setup_ui()
    elif category == "inpaint":
        _inpaint_controls(c)


def create(dummy):
    runner = scripts.scripts_img2img
    scripts.scripts_current = runner
    runner.initialize_scripts(is_img2img=True)
    c = {}

    with gr.Blocks(analytics_enabled=False) as interface:
        toprow = ui_toprow.Toprow(is_img2img=True)
        # Stands for inputs of modes that aren't there: always None.
        absent = gr.State(None)
        with (
            gr.Tabs(elem_id="img2img_extra_tabs", elem_classes=["extra-networks"]),
            gr.Tab("Generation", id="img2img_generation"),
            ResizeHandleRow(equal_height=False),
        ):
            with gr.Column(variant="compact", elem_id="img2img_settings"):
                runner.prepare_ui()
                for category in ordered_ui_categories():
                    if category == "image":
                        tabs = _source_tabs(c)
                    _category(category, c, runner)
                    if category != "accordions":
                        runner.setup_ui_for_section(category)
            panel = create_output_panel("img2img", opts.outdir_img2img_samples, toprow)

        for i, tab in enumerate(tabs):
            tab.select(fn=lambda i=i: gr.update(visible=i > 0), inputs=[], outputs=[c["inpaint_controls"]])

        generate = {
            "fn": wrap_gradio_gpu_call(img2img.img2img, extra_outputs=[None, "", ""]),
            "_js": "submit_img2img",
            "inputs": [
                dummy,
                dummy,
                toprow.prompt,
                toprow.negative_prompt,
                toprow.ui_styles.dropdown,
                c["image"],
                absent,
                c["masked"],
                absent,
                absent,
                c["base"],
                c["mask"],
                c["mask_blur"],
                absent,
                c["fill"],
                c["batch_count"],
                c["batch_size"],
                c["cfg"],
                absent,
                c["denoising"],
                c["scale_tab"],
                c["height"],
                c["width"],
                c["scale_by"],
                c["resize_mode"],
                c["full_res"],
                c["padding"],
                c["mask_mode"],
                absent,
                absent,
                absent,
                c["override"],
                absent,
                absent,
                absent,
                absent,
                absent,
                *c["script_inputs"],
            ],
            "outputs": output_components(panel),
            "show_progress": False,
        }
        toprow.prompt.submit(**generate)
        toprow.submit.click(**generate)
        toprow.restore_progress_button.click(
            fn=progress.restore_progress,
            _js="restoreProgressImg2img",
            inputs=[dummy],
            outputs=output_components(panel),
            show_progress=False,
        )

        styles = toprow.ui_styles.dropdown
        fields = [
            (toprow.prompt, "Prompt"),
            (toprow.negative_prompt, "Negative prompt"),
            (c["cfg"], "CFG scale"),
            (c["width"], "Size-1"),
            (c["height"], "Size-2"),
            (c["batch_size"], "Batch size"),
            (styles, lambda d: d["Styles array"] if isinstance(d.get("Styles array"), list) else gr.update()),
            (c["denoising"], "Denoising strength"),
            (c["mask_blur"], "Mask blur"),
            (c["mask_mode"], "Mask mode"),
            (c["fill"], "Masked content"),
            (c["full_res"], "Inpaint area"),
            (c["padding"], "Masked area padding"),
            *runner.infotext_fields,
        ]
        infotext_utils.add_paste_fields("img2img", c["image"], fields, c["override"])
        infotext_utils.add_paste_fields("inpaint", c["masked"], fields, c["override"])
        infotext_utils.register_paste_params_button(
            ParamBinding(paste_button=toprow.paste, tabname="img2img", source_text_component=toprow.prompt)
        )
        connect_token_counters(toprow, runner)
    scripts.scripts_current = None
    return interface
