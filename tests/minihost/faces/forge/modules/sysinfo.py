"""Setting several options at once: a request's override settings, and the API's."""

from typing import Any


def set_config(req: dict[str, Any], is_api=False, run_callbacks=True, save_config=True):
    """Checkpoint and modules take effect with the next generation, if they change."""
    from modules import sd_models, shared
    from modules_forge import main_entry

    changed = False
    for key, value in req.items():
        if value == shared.opts.data.get(key):
            continue
        if key == "sd_model_checkpoint":
            if value is not None and value not in sd_models.checkpoint_aliases:
                raise RuntimeError(f"model {value!r} not found")
            changed |= main_entry.checkpoint_change(value, save=False, refresh=False)
        elif key == "forge_additional_modules":
            changed |= main_entry.modules_change(value, save=False, refresh=False)
        else:
            shared.opts.set(key, value, is_api=is_api, run_callbacks=run_callbacks)
    if changed:
        main_entry.refresh_model_loading_parameters()
    if save_config:
        shared.opts.save(shared.config_filename)
