"""Forge's own controls in the header, and what a change of checkpoint or modules does.

Left out: the choices of memory and of low bits, and the presets of other models than SD.
"""

import os

import gradio as gr
from gradio.context import Context
from modules import paths, processing, sd_models, shared, shared_items, ui_common

ui_forge_preset: gr.Radio = None
ui_checkpoint: gr.Dropdown = None
ui_vae: gr.Dropdown = None
ui_clip_skip: gr.Slider = None

module_list = {}


def bind_to_opts(comp, k, save=False, callback=None):
    def on_change(value):
        shared.opts.set(k, value)
        if save:
            shared.opts.save(shared.config_filename)
        if callback is not None:
            callback()

    comp.change(on_change, inputs=[comp], queue=False, show_progress=False)


def make_checkpoint_manager_ui():
    global ui_forge_preset, ui_checkpoint, ui_vae, ui_clip_skip
    opts = shared.opts
    if opts.sd_model_checkpoint in (None, "None", "none", "") and sd_models.checkpoints_list:
        opts.set("sd_model_checkpoint", next(iter(sd_models.checkpoints_list.values())).name)

    ui_forge_preset = gr.Radio(
        label="UI", value=lambda: opts.forge_preset, choices=["sd", "xl", "flux", "all"], elem_id="forge_ui_preset"
    )
    checkpoints, modules = refresh_models()
    ui_checkpoint = gr.Dropdown(
        value=lambda: opts.sd_model_checkpoint,
        label="Checkpoint",
        elem_classes=["model_selection"],
        choices=checkpoints,
    )
    refresh = ui_common.ToolButton(value=ui_common.refresh_symbol, elem_id="forge_refresh_checkpoint")
    ui_vae = gr.Dropdown(
        value=lambda: [os.path.basename(file) for file in opts.forge_additional_modules],
        multiselect=True,
        label="VAE / Text Encoder",
        choices=list(modules),
    )
    ui_clip_skip = gr.Slider(
        label="Clip skip", value=lambda: opts.CLIP_stop_at_last_layers, minimum=1, maximum=12, step=1
    )

    def look_again():
        checkpoints, modules = refresh_models()
        return gr.update(choices=checkpoints), gr.update(choices=list(modules))

    quiet = {"queue": False, "show_progress": False}
    refresh.click(fn=look_again, inputs=[], outputs=[ui_checkpoint, ui_vae], **quiet)
    Context.root_block.load(fn=look_again, inputs=[], outputs=[ui_checkpoint, ui_vae], **quiet)
    bind_to_opts(ui_clip_skip, "CLIP_stop_at_last_layers", save=True)
    ui_checkpoint.change(lambda name: checkpoint_change(name) and None, inputs=[ui_checkpoint], show_progress=False)
    ui_vae.change(lambda names: modules_change(names) and None, inputs=[ui_vae], **quiet)


def find_files_with_extensions(base_path, extensions):
    """By name, with their paths."""
    return {
        file: os.path.join(root, file)
        for root, _, files in os.walk(base_path)
        for file in files
        if file.endswith(tuple(extensions))
    }


def refresh_models():
    """The names of checkpoints, and of modules (VAEs and text encoders)."""
    shared_items.refresh_checkpoints()
    module_list.clear()
    for folder in ("VAE", "text_encoder"):
        path = os.path.abspath(os.path.join(paths.models_path, folder))
        module_list.update(find_files_with_extensions(path, ["ckpt", "pt", "bin", "safetensors", "gguf"]))
    names = shared_items.list_checkpoint_tiles(shared.opts.sd_checkpoint_dropdown_use_short)
    return names, module_list.keys()


def refresh_model_loading_parameters():
    """What the next generation will be made with; the model is loaded only then."""
    sd_models.model_data.forge_loading_parameters = {
        "checkpoint_info": sd_models.select_checkpoint(),
        "additional_modules": shared.opts.forge_additional_modules,
        "unet_storage_dtype": None,
    }
    processing.need_global_unload = True


def checkpoint_change(ckpt_name: str, save=True, refresh=True):
    """By any of a checkpoint's names; whether it is another one now."""
    known = sd_models.get_closet_checkpoint_match
    if known(ckpt_name) == known(shared.opts.data.get("sd_model_checkpoint", "")):
        return False
    _change("sd_model_checkpoint", ckpt_name, save, refresh)
    return True


def modules_change(module_values: list, save=True, refresh=True) -> bool:
    """By name or by path, unknown ones left out; whether they are others now."""
    names = [os.path.basename(value) for value in module_values]
    files = [module_list[name] for name in names if name in module_list]
    if sorted(files) == sorted(shared.opts.data.get("forge_additional_modules", [])):
        return False
    _change("forge_additional_modules", files, save, refresh)
    return True


def _change(key, value, save, refresh):
    shared.opts.set(key, value)
    if save:
        shared.opts.save(shared.config_filename)
    if refresh:
        refresh_model_loading_parameters()


def forge_main_entry():
    """The events between the header and the rest of the page."""
    shown = {"outputs": [ui_vae, ui_clip_skip], "queue": False, "show_progress": False}
    ui_forge_preset.change(on_preset_change, inputs=[ui_forge_preset], **shown)
    Context.root_block.load(on_preset_change, inputs=None, **shown)
    refresh_model_loading_parameters()


def on_preset_change(preset=None):
    """A click on a preset sets clip skip to 1, or hides it."""
    if preset is not None:
        shared.opts.set("forge_preset", preset)
        shared.opts.save(shared.config_filename)
    shown = shared.opts.forge_preset in ("sd", "all")
    return gr.update(visible=True), gr.update(visible=shown, value=1)
