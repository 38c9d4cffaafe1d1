"""Parts of the two generation tabs; `ui` offers the public ones under their real names (modules/ui.py)."""

from functools import reduce

import gradio as gr
from modules import extra_networks, prompt_parser, shared, shared_items
from modules.call_queue import wrap_queued_call
from modules.sd_hijack import model_hijack


def dimension_sliders(tab, c):
    with gr.Column(elem_id=f"{tab}_column_size", scale=4):
        c["width"] = gr.Slider(minimum=64, maximum=2048, step=8, label="Width", value=512, elem_id=f"{tab}_width")
        c["height"] = gr.Slider(minimum=64, maximum=2048, step=8, label="Height", value=512, elem_id=f"{tab}_height")


def batch_sliders(tab, c):
    c["batch_count"] = gr.Slider(minimum=1, step=1, label="Batch count", value=1, elem_id=f"{tab}_batch_count")
    c["batch_size"] = gr.Slider(minimum=1, maximum=8, step=1, label="Batch size", value=1, elem_id=f"{tab}_batch_size")


def output_components(panel):
    return [panel.gallery, panel.generation_info, panel.infotext, panel.html_log]


def ordered_ui_categories():
    yield from shared_items.ui_reorder_categories()


def create_override_settings_dropdown(tabname, row):
    """Settings of pasted infotexts that differ from the present ones, for the next generations only."""
    dropdown = gr.Dropdown(
        [], label="Override settings", visible=False, elem_id=f"{tabname}_override_settings", multiselect=True
    )
    dropdown.change(fn=lambda x: gr.Dropdown.update(visible=bool(x)), inputs=[dropdown], outputs=[dropdown])
    return dropdown


def update_token_counter(text, steps, styles, *, is_positive=True):
    known = shared.prompt_styles
    text = (known.apply_styles_to_prompt if is_positive else known.apply_negative_styles_to_prompt)(text, styles)
    try:
        plain, _ = extra_networks.parse_prompt(text)
        parts = prompt_parser.get_multicond_prompt_list([plain])[1] if is_positive else [plain]
        schedules = prompt_parser.get_learned_conditioning_prompt_schedules(parts, steps)
    except Exception:
        # Half-typed prompts need not parse: count them as they are.
        schedules = [[[steps, text]]]
    prompts = [prompt for _, prompt in reduce(lambda a, b: a + b, schedules)]
    count, limit = max(map(_lengths, prompts), key=lambda x: x[0])
    return f"<span class='gr-box gr-text-input'>{count}/{limit}</span>"


def _lengths(prompt):
    return model_hijack.get_prompt_lengths(prompt)


def update_negative_prompt_token_counter(*args):
    return update_token_counter(*args, is_positive=False)


def connect_token_counters(toprow, runner):
    steps = runner.script("Sampler").steps
    styles = toprow.ui_styles.dropdown
    for prompt, button, counter, count in (
        (toprow.prompt, toprow.token_button, toprow.token_counter, update_token_counter),
        (
            toprow.negative_prompt,
            toprow.negative_token_button,
            toprow.negative_token_counter,
            update_negative_prompt_token_counter,
        ),
    ):
        for event in (styles.change, button.click):
            event(fn=wrap_queued_call(count), inputs=[prompt, steps, styles], outputs=[counter])
