"""The header: Forge's own controls first, then the settings of `quick_setting_list`."""

import gradio as gr
from modules.shared import opts
from modules.ui_settings import UiSettings
from modules.ui_settings import create_setting_component as _visible
from modules.ui_settings import get_value_for_setting as _update
from modules_forge import main_entry

_HEADER_LIST = "quick_setting_list"
_MANAGED = ("sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae")


def get_value_for_setting(key):
    """A `gr.State` takes the value itself: gradio 3 would put an update into it as it is."""
    return getattr(opts, key) if opts.data_labels[key].component is gr.State else _update(key)


def create_setting_component(key, is_quicksettings=False):
    if opts.data_labels[key].component is gr.State:
        return gr.State(getattr(opts, key))
    return _visible(key, is_quicksettings)


def _own_controls():
    main_entry.make_checkpoint_manager_ui()


_events = UiSettings.add_functionality


def _add_functionality(self, demo):
    _events(self, demo)
    main_entry.forge_main_entry()


UiSettings.add_functionality = _add_functionality
