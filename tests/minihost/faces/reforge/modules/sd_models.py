"""A checkpoint can be loaded anew though it is there."""

from modules.sd_models import load_model as _load_unless_there
from modules.sd_models import model_data


def load_model(checkpoint_info=None, already_loaded_state_dict=None, forced_reload=False):
    if forced_reload:
        model_data.set_sd_model(None)
    return _load_unless_there(checkpoint_info, already_loaded_state_dict)


def reload_model_weights(sd_model=None, info=None, forced_reload=False):
    return load_model(info, forced_reload=forced_reload)
