"""Gradio with the host's hooks; mirrors modules/gradio_extensons.py (that is how its name is spelled).

Each component calls the before_component and after_component hooks, gets a class `gradio-<name>` and may have a
`tooltip`.
"""

import gradio as gr
from modules import patches, script_callbacks, scripts, ui_tempdir


def add_classes_to_gradio_component(comp):
    comp.elem_classes = [f"gradio-{comp.get_block_name()}", *(comp.elem_classes or [])]
    if getattr(comp, "multiselect", False):
        comp.elem_classes.append("multiselect")


def _init_with_hooks(self, original, args, kwargs):
    runner = scripts.scripts_current
    if runner is not None:
        runner.before_component(self, **kwargs)
    script_callbacks.before_component_callback(self, **kwargs)
    res = original(self, *args, **kwargs)
    add_classes_to_gradio_component(self)
    script_callbacks.after_component_callback(self, **kwargs)
    if runner is not None:
        runner.after_component(self, **kwargs)
    return res


def IOComponent_init(self, *args, **kwargs):
    self.webui_tooltip = kwargs.pop("tooltip", None)
    return _init_with_hooks(self, original_IOComponent_init, args, kwargs)


def BlockContext_init(self, *args, **kwargs):
    return _init_with_hooks(self, original_BlockContext_init, args, kwargs)


def Block_get_config(self):
    config = original_Block_get_config(self)
    tooltip = getattr(self, "webui_tooltip", None)
    if tooltip:
        config["webui_tooltip"] = tooltip
    config.pop("example_inputs", None)
    return config


original_IOComponent_init = patches.patch(
    __name__, obj=gr.components.IOComponent, field="__init__", replacement=IOComponent_init
)
original_BlockContext_init = patches.patch(
    __name__, obj=gr.blocks.BlockContext, field="__init__", replacement=BlockContext_init
)
original_Block_get_config = patches.patch(
    __name__, obj=gr.blocks.Block, field="get_config", replacement=Block_get_config
)

ui_tempdir.install_ui_tempdir_override()
