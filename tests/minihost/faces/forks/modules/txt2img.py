"""The page's Generate, in the forks' main thread."""

import gradio as gr
from modules.txt2img import txt2img as _generate
from modules_forge import main_thread


def txt2img(id_task: str, request: gr.Request, *args):
    return main_thread.run_and_wait_result(_generate, id_task, request, *args)
