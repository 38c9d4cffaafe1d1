"""A checkpoint is a model of its own, and the one before is given up first: where it cannot be read, there is none."""

from modules.sd_models import SkipWritingToConfig, model_data, select_checkpoint
from modules.sd_models import load_model as _load


def load_model(checkpoint_info=None, already_loaded_state_dict=None):
    info = checkpoint_info or select_checkpoint()
    loaded = model_data.sd_model
    if loaded is not None and loaded.filename == info.filename:
        return loaded
    model_data.set_sd_model(None)
    with SkipWritingToConfig():
        sd_model = _load(info, already_loaded_state_dict)
    sd_model.filename = info.filename
    return sd_model


def reload_model_weights(sd_model=None, info=None, forced_reload=False):
    return load_model(info)
