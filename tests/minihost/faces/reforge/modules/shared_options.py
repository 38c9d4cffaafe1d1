"""reForge's own schedule of clip skip over the steps."""

import gradio as gr
from modules.options import OptionInfo, options_section
from modules.shared_options import options_templates

options_templates.update(
    options_section(
        ("sd", "Stable Diffusion", "sd"),
        {
            "dynamic_clip_skip_enabled": OptionInfo(False, "Dynamic clip skip ramp", gr.Checkbox),
            "dynamic_clip_skip_start": OptionInfo(
                4, "Dynamic clip skip: starting clip skip", gr.Slider, {"minimum": 2, "maximum": 12, "step": 1}
            ),
            "dynamic_clip_skip_use_schedule": OptionInfo(False, "Dynamic clip skip: use custom schedule", gr.Checkbox),
            "dynamic_clip_skip_schedule_values": OptionInfo("", "Dynamic clip skip: schedule (comma-separated)"),
        },
    )
)
