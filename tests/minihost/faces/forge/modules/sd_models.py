"""A checkpoint is loaded when a generation begins and the loading parameters are others than the last time.

`reload_model_weights` and what it was made of on AUTOMATIC1111 are there and do nothing.
"""

import contextlib
import logging
import math

import torch
from modules import script_callbacks, shared
from modules.sd_models import checkpoints_list
from modules.timer import Timer


def checkpoint_tiles(use_short=False):
    return [info.short_title if use_short else info.name for info in checkpoints_list.values()]


def read_state_dict(checkpoint_file, print_global_state=False, map_location=None):
    """Nothing."""


def SkipWritingToConfig():
    return contextlib.nullcontext()


def load_model_weights(model, checkpoint_info, state_dict, timer):
    """Nothing."""


class FakeInitialModel:
    """In the place of the model until the first generation."""

    def __init__(self):
        self.cond_stage_model = None
        self.chunk_length = 75

    def get_prompt_lengths_on_ui(self, prompt):
        """A guess by words, as there is no tokenizer yet."""
        count = len(prompt.replace(",", " ").replace(".", " ").split()) or 1
        return count, math.ceil(count / self.chunk_length) * self.chunk_length


class SdModelData:
    def __init__(self):
        self.sd_model = FakeInitialModel()
        self.forge_loading_parameters = {}
        self.forge_hash = ""

    def get_sd_model(self):
        return self.sd_model

    def set_sd_model(self, v):
        self.sd_model = v


model_data = SdModelData()


def get_empty_cond(sd_model):
    """Nothing."""


def load_model(checkpoint_info=None, already_loaded_state_dict=None):
    """Nothing."""


def reload_model_weights(sd_model=None, info=None, forced_reload=False):
    """Nothing."""


@torch.inference_mode()
def forge_model_reload():
    """The model, and whether it was loaded just now. Fails without a model in place where the file cannot be read."""
    from backend.loader import forge_loader

    parameters = model_data.forge_loading_parameters
    wanted = str(parameters)
    if model_data.forge_hash == wanted:
        return model_data.sd_model, False

    timer = Timer()
    model_data.sd_model = None
    info = parameters["checkpoint_info"]
    if info is None:
        raise ValueError("there is no checkpoint in models/Stable-diffusion")
    sd_model = forge_loader(info.filename, additional_state_dicts=parameters.get("additional_modules", []))
    sd_model.extra_generation_params = {}
    sd_model.comments = []
    sd_model.sd_checkpoint_info = info
    sd_model.filename = info.filename
    sd_model.sd_model_hash = info.calculate_shorthash()
    shared.opts.data["sd_checkpoint_hash"] = info.sha256
    timer.record("load")
    model_data.set_sd_model(sd_model)
    script_callbacks.model_loaded_callback(sd_model)
    timer.record("scripts callbacks")
    logging.info("Model %s loaded in %s", info.title, timer.summary())
    model_data.forge_hash = wanted
    return sd_model, True
