"""Pictures on their way to the page; mirrors modules/ui_tempdir.py.

A picture that was saved is shown from where it lies (`already_saved_as`); another goes to a temporary PNG with its
metadata, so that what a user saves from the page has the infotext.
"""

import os
import tempfile

import gradio.components
from modules import shared
from PIL import PngImagePlugin


def register_tmp_file(gradio, filename):
    gradio.temp_file_sets[0] = gradio.temp_file_sets[0] | {os.path.abspath(filename)}


def check_tmp_file(gradio, filename):
    return any(filename in known for known in gradio.temp_file_sets)


def save_pil_to_file(self, pil_image, dir=None, format="png"):
    saved = getattr(pil_image, "already_saved_as", None)
    if saved and os.path.isfile(saved):
        # The time is part of the name, so that a browser asks again when the file was replaced.
        named = f"{saved}?{os.path.getmtime(saved)}"
        register_tmp_file(shared.demo, saved)
        register_tmp_file(shared.demo, named)
        return named
    folder = shared.opts.temp_dir or dir
    os.makedirs(folder, exist_ok=True)
    metadata = PngImagePlugin.PngInfo()
    for key, value in pil_image.info.items():
        if isinstance(key, str) and isinstance(value, str):
            metadata.add_text(key, value)
    with tempfile.NamedTemporaryFile(delete=False, suffix=".png", dir=folder) as file:
        pil_image.save(file, format="PNG", pnginfo=metadata)
    return file.name


def install_ui_tempdir_override():
    gradio.components.IOComponent.pil_to_temp_file = save_pil_to_file


def on_tmpdir_changed():
    if shared.opts.temp_dir and shared.demo is not None:
        os.makedirs(shared.opts.temp_dir, exist_ok=True)
        register_tmp_file(shared.demo, os.path.join(shared.opts.temp_dir, "x"))
