"""Parts that tabs share; mirrors modules/ui_common.py. Differs: no saving, folder, archive and upscale buttons."""

import dataclasses
import html
import json

import gradio as gr
from modules import infotext_utils, scripts
from modules.ui_components import ToolButton

refresh_symbol = "\U0001f504"


def plaintext_to_html(text, classname=None):
    content = "<br>\n".join(html.escape(x) for x in text.split("\n"))
    return f"<p class='{classname}'>{content}</p>" if classname else f"<p>{content}</p>"


def update_generation_info(generation_info, html_info, img_index):
    """The infotext of the picture that is selected in the gallery."""
    try:
        texts = json.loads(generation_info)["infotexts"]
    except (TypeError, ValueError, KeyError):
        return html_info, gr.update()  # nothing generated yet
    if not 0 <= img_index < len(texts):
        return html_info, gr.update()
    return plaintext_to_html(texts[img_index]), gr.update()


@dataclasses.dataclass
class OutputPanel:
    gallery = None
    generation_info = None
    infotext = None
    html_log = None


def create_output_panel(tabname, outdir, toprow=None):
    res = OutputPanel()
    with gr.Column(elem_id=f"{tabname}_results"), gr.Column(variant="panel", elem_id=f"{tabname}_results_panel"):
        with gr.Group(elem_id=f"{tabname}_gallery_container"):
            res.gallery = gr.Gallery(
                label="Output",
                show_label=False,
                elem_id=f"{tabname}_gallery",
                columns=4,
                preview=True,
            )
        with gr.Row(elem_id=f"image_buttons_{tabname}", elem_classes="image-buttons"):
            buttons = {
                "img2img": ToolButton("🖼️", elem_id=f"{tabname}_send_to_img2img", tooltip="Send to img2img"),
                "inpaint": ToolButton("🎨️", elem_id=f"{tabname}_send_to_inpaint", tooltip="Send to inpaint"),
            }
        gr.File(
            None,
            file_count="multiple",
            interactive=False,
            show_label=False,
            visible=False,
            elem_id=f"download_files_{tabname}",
        )
        with gr.Group():
            res.infotext = gr.HTML(elem_id=f"html_info_{tabname}", elem_classes="infotext")
            res.html_log = gr.HTML(elem_id=f"html_log_{tabname}", elem_classes="html-log")
            res.generation_info = gr.Textbox(visible=False, elem_id=f"generation_info_{tabname}")
            button = gr.Button(visible=False, elem_id=f"{tabname}_generation_info_button")
            button.click(
                fn=update_generation_info,
                _js="function(x, y, z){ return [x, y, selected_gallery_index()] }",
                inputs=[res.generation_info, res.infotext, res.infotext],
                outputs=[res.infotext, res.infotext],
                show_progress=False,
            )

        runner = scripts.scripts_txt2img if tabname == "txt2img" else scripts.scripts_img2img
        for name, button in buttons.items():
            infotext_utils.register_paste_params_button(
                infotext_utils.ParamBinding(
                    paste_button=button,
                    tabname=name,
                    source_tabname="txt2img" if tabname == "txt2img" else None,
                    source_image_component=res.gallery,
                    paste_field_names=runner.paste_field_names,
                )
            )
    return res


def create_refresh_button(refresh_component, refresh_method, refreshed_args, elem_id):
    components = refresh_component if isinstance(refresh_component, list) else [refresh_component]

    def refresh():
        refresh_method()
        args = refreshed_args() if callable(refreshed_args) else refreshed_args
        for component in components:
            for key, value in args.items():
                setattr(component, key, value)
        updates = [gr.update(**args) for _ in components]
        return updates if len(updates) > 1 else updates[0]

    label = next((x.label for x in components if getattr(x, "label", None)), None)
    button = ToolButton(value=refresh_symbol, elem_id=elem_id, tooltip=f"{label}: refresh" if label else "Refresh")
    button.click(fn=refresh, inputs=[], outputs=components)
    return button
