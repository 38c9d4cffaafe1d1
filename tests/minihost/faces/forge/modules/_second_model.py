"""The way is by the option and back, as everywhere on Forge."""

from modules import sd_models, shared


def load(info):
    from modules_forge import main_entry

    if info is None:
        return
    first = shared.opts.sd_model_checkpoint
    if main_entry.checkpoint_change(info.short_title, save=False, refresh=False):
        try:
            main_entry.refresh_model_loading_parameters()
            sd_models.forge_model_reload()
        finally:
            main_entry.checkpoint_change(first, save=False, refresh=True)
