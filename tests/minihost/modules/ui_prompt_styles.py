"""Choosing styles; mirrors modules/ui_prompt_styles.py. Differs: nothing edits them or writes them into prompts."""

import gradio as gr
from modules import shared, ui_common


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
