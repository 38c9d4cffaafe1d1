"""The page's half of modules/infotext_utils.py: "Send to …" buttons and the paste button.

`infotext_utils` offers all public names of this file.
"""

import base64
import io
import os

import gradio as gr
from modules import errors, script_callbacks, shared, ui_tempdir
from modules.paths import data_path
from PIL import Image

type_of_gr_update = type(gr.update())


class ParamBinding:
    def __init__(
        self,
        paste_button,
        tabname,
        source_text_component=None,
        source_image_component=None,
        source_tabname=None,
        override_settings_component=None,
        paste_field_names=None,
    ):
        self.paste_button = paste_button
        self.tabname = tabname
        self.source_text_component = source_text_component
        self.source_image_component = source_image_component
        self.source_tabname = source_tabname
        self.override_settings_component = override_settings_component
        self.paste_field_names = paste_field_names or []


class PasteField(tuple):
    """A pair (component, name of an infotext field or function of all fields), with the API's name for it."""

    def __new__(cls, component, target, *, api=None):
        return super().__new__(cls, (component, target))

    def __init__(self, component, target, *, api=None):
        super().__init__()
        self.api = api
        self.component = component
        self.label = target if isinstance(target, str) else None
        self.function = target if callable(target) else None


paste_fields = {}
registered_param_bindings = []


def reset():
    paste_fields.clear()
    registered_param_bindings.clear()


def image_from_url_text(filedata):
    """The picture of what a gallery sends: file dicts, data URIs, or a list of these (the first counts)."""
    from modules import images

    if isinstance(filedata, list):
        filedata = filedata[0] if filedata else None
    if filedata is None:
        return None
    if isinstance(filedata, dict) and filedata.get("is_file"):
        name = filedata["name"]
        assert ui_tempdir.check_tmp_file(shared.demo, name), "trying to open image file outside of allowed directories"
        return images.read(name.rsplit("?", 1)[0])
    text = filedata.removeprefix("data:image/png;base64,")
    return images.read(io.BytesIO(base64.decodebytes(text.encode("utf-8"))))


def add_paste_fields(tabname, init_img, fields, override_settings_component=None):
    for i, field in enumerate(fields or ()):
        if not isinstance(field, PasteField):
            fields[i] = PasteField(*field)
    paste_fields[tabname] = {
        "init_img": init_img,
        "fields": fields,
        "override_settings_component": override_settings_component,
    }
    if tabname in ("txt2img", "img2img"):
        from modules import ui

        setattr(ui, f"{tabname}_paste_fields", fields)  # where older extensions look for them


def create_buttons(tabs_list):
    return {tab: gr.Button(f"Send to {tab}", elem_id=f"{tab}_tab") for tab in tabs_list}


def register_paste_params_button(binding: ParamBinding):
    registered_param_bindings.append(binding)


def connect_paste_params_buttons():
    """Once all tabs are there: pictures, infotext fields or a tab's values go to the bound tab, then it is shown."""
    for binding in registered_param_bindings:
        target = paste_fields[binding.tabname]
        fields = target["fields"] or []
        button = binding.paste_button

        if binding.source_image_component and target["init_img"]:
            size = [next((c for c, name in fields if name == label), None) for label in ("Size-1", "Size-2")]
            with_size = size[0] is not None and binding.tabname != "inpaint"
            from_gallery = isinstance(binding.source_image_component, gr.Gallery)
            plain = image_from_url_text if from_gallery else lambda x: x
            button.click(
                fn=send_image_and_dimensions if with_size else plain,
                _js="extract_image_from_gallery" if from_gallery else None,
                inputs=[binding.source_image_component],
                outputs=[target["init_img"], *(size if with_size else [])],
                show_progress=False,
            )

        if binding.source_text_component is not None and target["fields"] is not None:
            override = binding.override_settings_component or target["override_settings_component"]
            connect_paste(button, fields, binding.source_text_component, override, binding.tabname)

        if binding.source_tabname is not None and target["fields"] is not None:
            names = [
                "Prompt",
                "Negative prompt",
                "Steps",
                "Seed",
                *binding.paste_field_names,
            ]
            button.click(
                fn=lambda *x: x if len(x) != 1 else x[0],
                inputs=[c for c, name in paste_fields[binding.source_tabname]["fields"] if name in names],
                outputs=[c for c, name in fields if name in names],
                show_progress=False,
            )

        button.click(fn=None, _js=f"switch_to_{binding.tabname}", inputs=None, outputs=None, show_progress=False)


def send_image_and_dimensions(x):
    image = x if isinstance(x, Image.Image) else image_from_url_text(x)
    if isinstance(image, Image.Image):
        return image, image.width, image.height
    return image, gr.update(), gr.update()


def _last_infotext():
    """What was generated last, for the paste button on an empty prompt."""
    try:
        with open(os.path.join(data_path, "params.txt"), encoding="utf8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _update_for(component, value):
    """The value in the type that the component has now; what can't be converted changes nothing."""
    if value is None:
        return gr.update()
    if isinstance(value, type_of_gr_update):
        return value
    kind = type(component.value)
    try:
        if kind is bool and value == "False":
            return gr.update(value=False)
        return gr.update(value=float(value) if kind is int else kind(value))
    except (TypeError, ValueError):
        return gr.update()


def connect_paste(button, paste_fields, input_comp, override_settings_component, tabname):
    from modules import infotext_utils

    fields = list(paste_fields)
    if override_settings_component is not None:
        own = {key for _, key in fields if isinstance(key, str)}

        def paste_settings(params):
            found = infotext_utils.get_override_settings(params, skip_fields=own)
            pairs = [f"{text}: {value}" for text, _, value in found]
            return gr.Dropdown.update(value=pairs, choices=pairs, visible=bool(pairs))

        fields.append((override_settings_component, paste_settings))

    def paste_func(prompt):
        text = prompt or _last_infotext()
        params = infotext_utils.parse_generation_parameters(text)
        script_callbacks.infotext_pasted_callback(text, params)
        updates = []
        for component, key in fields:
            value = None
            try:
                value = key(params) if callable(key) else params.get(key)
            except Exception:
                errors.report(f"Error executing {key}", exc_info=True)
            updates.append(_update_for(component, value))
        return updates

    button.click(fn=paste_func, inputs=[input_comp], outputs=[x[0] for x in fields], show_progress=False)
    button.click(fn=None, _js=f"recalculate_prompts_{tabname}", inputs=[], outputs=[], show_progress=False)
