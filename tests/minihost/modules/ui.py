"""The page; mirrors modules/ui.py.

Tabs: txt2img, img2img, PNG Info, those of extensions, Settings. Differs: no tabs for Extras, merging, training, extra
networks and extensions, and no ui-config.json (a component always starts with its own default).
"""

import sys
import warnings

import gradio as gr
import gradio.utils
from modules import (
    _ui_img2img,
    _ui_txt2img,
    extras,
    gradio_extensons,  # noqa: F401  imported for its patches
    infotext_utils,
    processing,
    script_callbacks,
    shared,
    timer,
    ui_common,
    ui_settings,
)
from modules._ui_parts import (  # noqa: F401
    create_override_settings_dropdown,
    ordered_ui_categories,
    update_negative_prompt_token_counter,
    update_token_counter,
)
from modules.call_queue import wrap_gradio_call, wrap_gradio_call_no_job, wrap_gradio_gpu_call  # noqa: F401
from modules.infotext_utils import ParamBinding
from modules.shared import opts
from modules.ui_common import create_refresh_button  # noqa: F401
from modules.ui_components import ResizeHandleRow
from modules.ui_gradio_extensions import reload_javascript

create_setting_component = ui_settings.create_setting_component
plaintext_to_html = ui_common.plaintext_to_html

for _kind in (UserWarning, gr.deprecation.GradioDeprecationWarning):
    warnings.filterwarnings("ignore", category=_kind)

# Gradio would ask the network for its newest version and its own address.
gradio.utils.version_check = lambda: None
gradio.utils.get_local_ip_address = lambda: "127.0.0.1"

random_symbol = "\U0001f3b2\ufe0f"
reuse_symbol = "\u267b\ufe0f"
paste_symbol = "\u2199\ufe0f"
refresh_symbol = "\U0001f504"
clear_prompt_symbol = "\U0001f5d1\ufe0f"
restore_progress_symbol = "\U0001f300"


def calc_resolution_hires(enable, width, height, hr_scale, hr_resize_x, hr_resize_y):
    if not enable:
        return ""
    p = processing.StableDiffusionProcessingTxt2Img(
        width=width, height=height, enable_hr=True, hr_scale=hr_scale, hr_resize_x=hr_resize_x, hr_resize_y=hr_resize_y
    )
    p.calculate_target_resolution()
    to = p.hr_resize_x or p.hr_upscale_to_x, p.hr_resize_y or p.hr_upscale_to_y
    return (
        f"from <span class='resolution'>{p.width}x{p.height}</span> to <span class='resolution'>{to[0]}x{to[1]}</span>"
    )


def create_output_panel(tabname, outdir, toprow=None):
    return ui_common.create_output_panel(tabname, outdir, toprow)


def _create_pnginfo():
    with gr.Blocks(analytics_enabled=False) as interface, ResizeHandleRow(equal_height=False):
        with gr.Column(variant="panel"):
            image = gr.Image(elem_id="pnginfo_image", label="Source", source="upload", interactive=True, type="pil")
        with gr.Column(variant="panel"):
            html = gr.HTML()
            text = gr.Textbox(visible=False, elem_id="pnginfo_generation_info")
            html2 = gr.HTML()
            with gr.Row():
                buttons = infotext_utils.create_buttons(["txt2img", "img2img", "inpaint"])
        for tab, button in buttons.items():
            infotext_utils.register_paste_params_button(
                ParamBinding(paste_button=button, tabname=tab, source_text_component=text, source_image_component=image)
            )
        image.change(fn=wrap_gradio_call_no_job(extras.run_pnginfo), inputs=[image], outputs=[html, text, html2])
    return interface


def create_ui():
    reload_javascript()
    infotext_utils.reset()
    settings = ui_settings.UiSettings()
    settings.register_settings()

    txt2img_interface, dummy = _ui_txt2img.create(calc_resolution_hires)
    img2img_interface = _ui_img2img.create(dummy)
    pnginfo_interface = _create_pnginfo()
    settings.create_ui(None, dummy)

    interfaces = [
        (txt2img_interface, "txt2img", "txt2img"),
        (img2img_interface, "img2img", "img2img"),
        (pnginfo_interface, "PNG Info", "pnginfo"),
        *script_callbacks.ui_tabs_callback(),
        (settings.interface, "Settings", "settings"),
    ]
    shared.tab_names = [label for _, label, _ in interfaces]

    with gr.Blocks(theme=shared.gradio_theme, analytics_enabled=False, title="Stable Diffusion") as demo:
        settings.add_quicksettings()
        infotext_utils.connect_paste_params_buttons()
        with gr.Tabs(elem_id="tabs"):
            for interface, label, name in interfaces:
                with gr.TabItem(label, id=name, elem_id=f"tab_{name}"):
                    interface.render()
        gr.HTML(f"<div class='versions'>{versions_html()}</div>", elem_id="footer")
        settings.add_functionality(demo)
    return demo


def versions_html():
    import torch

    parts = [
        "embedded host",
        f"python: {sys.version.split()[0]}",
        f"torch: {torch.__version__}",
        f"gradio: {gr.__version__}",
        'checkpoint: <a id="sd_checkpoint_hash">N/A</a>',
        '<a href="docs">API</a>',
    ]
    return "&#x2000;•&#x2000;".join(parts)


def setup_ui_api(app):
    """Routes that the page's script uses."""
    app.add_api_route("/internal/ping", lambda: {}, methods=["GET"])
    app.add_api_route(
        "/internal/quicksettings-hint",
        lambda: [{"name": k, "label": v.label} for k, v in opts.data_labels.items()],
        methods=["GET"],
    )
    app.add_api_route("/internal/profile-startup", lambda: timer.startup_record, methods=["GET"])
