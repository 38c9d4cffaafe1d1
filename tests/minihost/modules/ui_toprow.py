"""Prompts, Generate, Interrupt and Skip; mirrors modules/ui_toprow.py. Differs: no compact layout, no interrogation."""

import gradio as gr
from modules import shared, ui_prompt_styles
from modules.ui_components import ToolButton


class Toprow:
    prompt = None
    negative_prompt = None
    interrupt = None
    interrupting = None
    skip = None
    submit = None
    paste = None
    token_counter = None
    token_button = None
    negative_token_counter = None
    negative_token_button = None
    ui_styles = None
    submit_box = None

    def __init__(self, is_img2img, is_compact=False, id_part=None):
        self.id_part = id_part or ("img2img" if is_img2img else "txt2img")
        self.is_img2img = is_img2img
        self.is_compact = False
        with gr.Row(elem_id=f"{self.id_part}_toprow", variant="compact"):
            self.create_classic_toprow()

    def create_classic_toprow(self):
        self.create_prompts()
        with gr.Column(scale=1, elem_id=f"{self.id_part}_actions_column"):
            self.create_submit_box()
            self.create_tools_row()
            self.create_styles_ui()

    def create_prompts(self):
        keys = "\n(Press Ctrl+Enter to generate, Alt+Enter to skip, Esc to interrupt)"
        with gr.Column(elem_id=f"{self.id_part}_prompt_container", scale=6):
            with gr.Row(elem_id=f"{self.id_part}_prompt_row", elem_classes=["prompt-row"]):
                self.prompt = gr.Textbox(
                    label="Prompt",
                    elem_id=f"{self.id_part}_prompt",
                    show_label=False,
                    lines=3,
                    placeholder=f"Prompt{keys}",
                    elem_classes=["prompt"],
                )
            with gr.Row(elem_id=f"{self.id_part}_neg_prompt_row", elem_classes=["prompt-row"]):
                self.negative_prompt = gr.Textbox(
                    label="Negative prompt",
                    elem_id=f"{self.id_part}_neg_prompt",
                    show_label=False,
                    lines=3,
                    placeholder=f"Negative prompt{keys}",
                    elem_classes=["prompt"],
                )

    def create_submit_box(self):
        part = self.id_part
        with gr.Row(elem_id=f"{part}_generate_box", elem_classes=["generate-box"]) as self.submit_box:
            self.interrupt = gr.Button(
                "Interrupt",
                elem_id=f"{part}_interrupt",
                elem_classes="generate-box-interrupt",
                tooltip="Stop generating",
            )
            self.skip = gr.Button(
                "Skip",
                elem_id=f"{part}_skip",
                elem_classes="generate-box-skip",
                tooltip="Stop this batch and continue with the next",
            )
            self.interrupting = gr.Button(
                "Interrupting...",
                elem_id=f"{part}_interrupting",
                elem_classes="generate-box-interrupting",
                tooltip="Stopping…",
            )
            self.submit = gr.Button("Generate", elem_id=f"{part}_generate", variant="primary")

        def interrupt_function():
            state = shared.state
            if not state.stopping_generation and state.job_count > 1 and shared.opts.interrupt_after_current:
                state.stop_generating()
                gr.Info("Stops after this image; click again to stop at once.")
            else:
                state.interrupt()

        self.skip.click(fn=shared.state.skip)
        self.interrupt.click(fn=interrupt_function, _js=f'function(){{ showSubmitInterruptingPlaceholder("{part}"); }}')
        self.interrupting.click(fn=interrupt_function)

    def create_tools_row(self):
        from modules.ui import paste_symbol

        part = self.id_part
        with gr.Row(elem_id=f"{part}_tools"):
            self.paste = ToolButton(
                value=paste_symbol,
                elem_id="paste",
                tooltip="Read generation parameters from the prompt, or the last ones",
            )
            counter = {"value": "<span>0/75</span>", "elem_classes": ["token-counter"], "visible": False}
            self.token_counter = gr.HTML(elem_id=f"{part}_token_counter", **counter)
            self.token_button = gr.Button(visible=False, elem_id=f"{part}_token_button")
            self.negative_token_counter = gr.HTML(elem_id=f"{part}_negative_token_counter", **counter)
            self.negative_token_button = gr.Button(visible=False, elem_id=f"{part}_negative_token_button")

    def create_styles_ui(self):
        self.ui_styles = ui_prompt_styles.UiPromptStyles(self.id_part, self.prompt, self.negative_prompt)
