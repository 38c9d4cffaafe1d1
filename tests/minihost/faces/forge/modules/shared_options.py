"""Checkpoint, VAE and clip skip are in Forge's own header and have no component among the settings."""

import gradio as gr
from modules import shared, ui_components
from modules.options import OptionInfo, options_section
from modules.shared_options import options_templates
from modules_forge import shared_options as forge_shared_options


def _in_place_of(key, new_key, info):
    """The same place on the page, and the same section."""
    old = options_templates[key]
    info.section, info.category_id = old.section, old.category_id
    entries = [(new_key, info) if name == key else (name, old) for name, old in options_templates.items()]
    options_templates.clear()
    options_templates.update(entries)


for _key, _infotext in (("sd_model_checkpoint", "Model"), ("CLIP_stop_at_last_layers", "Clip skip"), ("sd_vae", "VAE")):
    _default = options_templates[_key].default
    _in_place_of(_key, _key, OptionInfo(_default, "(Managed by Forge)", gr.State, infotext=_infotext))

_in_place_of(
    "quicksettings_list",
    "quick_setting_list",
    OptionInfo(
        [],
        "Quicksettings list",
        ui_components.DropdownMulti,
        lambda: {"choices": list(shared.opts.data_labels)},
    ).needs_reload_ui(),
)

options_templates.update(
    options_section(
        ("compatibility", "Compatibility", "sd"),
        {
            "forge_try_reproduce": OptionInfo(
                "None",
                "Try to reproduce the results from external software",
                gr.Radio,
                {
                    "choices": [
                        "None",
                        "Diffusers",
                        "ComfyUI",
                        "WebUI 1.5",
                        "InvokeAI",
                        "EasyDiffusion",
                        "DrawThings",
                    ]
                },
            )
        },
    )
)
forge_shared_options.register(options_templates, options_section, OptionInfo)
