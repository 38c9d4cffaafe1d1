"""Choosing styles; mirrors modules/ui_prompt_styles.py. Differs: no dialog for editing them."""

import gradio as gr
from modules import shared, ui_common

styles_materialize_symbol = "\U0001f4cb"


def materialize_styles(prompt, negative_prompt, styles):
    """Writes the styles' text into the prompts and unselects them."""
    known = shared.prompt_styles
    return [
        gr.Textbox.update(value=known.apply_styles_to_prompt(prompt, styles)),
        gr.Textbox.update(value=known.apply_negative_styles_to_prompt(negative_prompt, styles)),
        gr.Dropdown.update(value=[]),
    ]


class UiPromptStyles:
    def __init__(self, tabname, main_ui_prompt, main_ui_negative_prompt):
        self.tabname = tabname
        self.main_ui_prompt = main_ui_prompt
        self.main_ui_negative_prompt = main_ui_negative_prompt
        with gr.Row(elem_id=f"{tabname}_styles_row"):
            self.dropdown = gr.Dropdown(
                label="Styles",
                show_label=False,
                elem_id=f"{tabname}_styles",
                choices=list(shared.prompt_styles.styles),
                value=[],
                multiselect=True,
                tooltip="Styles",
            )
            ui_common.create_refresh_button(
                self.dropdown,
                shared.prompt_styles.reload,
                lambda: {"choices": list(shared.prompt_styles.styles)},
                f"refresh_{tabname}_styles",
            )

    def setup_apply_button(self, button):
        fields = [self.main_ui_prompt, self.main_ui_negative_prompt, self.dropdown]
        button.click(fn=materialize_styles, inputs=fields, outputs=fields, show_progress=False).then(
            fn=None, _js=f"function(){{ update_{self.tabname}_tokens(); }}", show_progress=False
        )
