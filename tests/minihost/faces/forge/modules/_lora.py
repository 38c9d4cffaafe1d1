"""Where Forge has the networks, and what it notes: one text of all that is applied."""

from modules._lora import _file


def _networks(model):
    objects = model.forge_objects
    return objects.clip.cond_stage_model.clip_l.transformer, objects.unet.model.diffusion_model


def _note(model, wanted):
    model.current_lora_hash = str([[_file(name), strength, strength, False] for name, strength in wanted])
