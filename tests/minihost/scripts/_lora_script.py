"""The list of Lora files as the real host's built-in extension offers it: routes, and the option that adds one always.

Mirrors `extensions-builtin/Lora/scripts/lora_script.py`. Differs: no cards, and of its options only `sd_lora`, which
here is only there to be read.
"""

import gradio as gr
import networks
from modules import script_callbacks, shared


def _add_routes(_, app):
    @app.get("/sdapi/v1/loras")
    def get_loras():
        return [
            {"name": one.name, "alias": one.alias, "path": one.filename, "metadata": one.metadata}
            for one in networks.available_networks.values()
        ]

    @app.post("/sdapi/v1/refresh-loras")
    def refresh_loras():
        return networks.list_available_networks()


networks.list_available_networks()
shared.options_templates.update(
    shared.options_section(
        ("extra_networks", "Extra Networks"),
        {
            "sd_lora": shared.OptionInfo(
                "None",
                "Add network to prompt",
                gr.Dropdown,
                lambda: {"choices": ["None", *networks.available_networks]},
                refresh=networks.list_available_networks,
            ),
        },
    )
)
script_callbacks.on_app_started(_add_routes)
