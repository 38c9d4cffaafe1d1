"""Choices of settings, made when they are asked for; mirrors modules/shared_items.py.

It also turns `modules.shared` into a module with a property: `shared.sd_model` loads the model at its first use.
"""

import sys


def sd_vae_items():
    from modules import sd_vae

    return ["Automatic", "None", *sd_vae.vae_dict]


def refresh_vae_list():
    from modules import sd_vae

    sd_vae.refresh_vae_list()


def list_checkpoint_tiles(use_short=False):
    from modules import sd_models

    return sd_models.checkpoint_tiles(use_short)


def refresh_checkpoints():
    from modules import sd_models

    return sd_models.list_models()


def list_samplers():
    from modules import sd_samplers

    return sd_samplers.all_samplers


def get_infotext_names():
    from modules import infotext_utils, shared

    names = {info.infotext: 1 for info in shared.opts.data_labels.values() if info.infotext}
    for tab in infotext_utils.paste_fields.values():
        names.update({field[1]: 1 for field in tab.get("fields") or [] if isinstance(field[1], str)})
    return list(names)


ui_reorder_categories_builtin_items = [
    "prompt",
    "image",
    "inpaint",
    "sampler",
    "accordions",
    "checkboxes",
    "dimensions",
    "cfg",
    "denoising",
    "seed",
    "batch",
    "override_settings",
]


def ui_reorder_categories():
    from modules import scripts

    yield from ui_reorder_categories_builtin_items
    sections = {}
    for script in scripts.scripts_txt2img.scripts + scripts.scripts_img2img.scripts:
        if isinstance(script.section, str) and script.section not in ui_reorder_categories_builtin_items:
            sections[script.section] = 1
    yield from sections
    yield "scripts"


class Shared(sys.modules[__name__].__class__):
    @property
    def sd_model(self):
        from modules import sd_models

        return sd_models.model_data.get_sd_model()

    @sd_model.setter
    def sd_model(self, value):
        from modules import sd_models

        sd_models.model_data.set_sd_model(value)


sys.modules["modules.shared"].__class__ = Shared
