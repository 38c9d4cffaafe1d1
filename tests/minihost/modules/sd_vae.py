"""VAE files: which there are, which one is in the model, and changing it.

Mirrors `modules/sd_vae.py`. Differs: .safetensors only, no cache of loaded files, no user metadata.
"""

import glob
import logging
import os
from copy import deepcopy
from dataclasses import dataclass

from modules import hashes, paths, shared

vae_path = os.path.abspath(os.path.join(paths.models_path, "VAE"))
vae_dict = {}

base_vae = None
loaded_vae_file = None
checkpoint_info = None


def get_loaded_vae_name():
    return os.path.basename(loaded_vae_file) if loaded_vae_file else None


def get_loaded_vae_hash():
    return hashes.sha256(loaded_vae_file, "vae")[:10] if loaded_vae_file else None


def get_base_vae(model):
    return base_vae if base_vae is not None and checkpoint_info == model.sd_checkpoint_info else None


def store_base_vae(model):
    """Keeps the checkpoint's own VAE before another takes its place."""
    global base_vae, checkpoint_info
    if checkpoint_info != model.sd_checkpoint_info:
        base_vae = deepcopy(model.first_stage_model.state_dict())
        checkpoint_info = model.sd_checkpoint_info


def delete_base_vae():
    global base_vae, checkpoint_info
    base_vae = checkpoint_info = None


def restore_base_vae(model):
    own = get_base_vae(model)
    if own is not None:
        model.first_stage_model.load_state_dict(own)
        clear_loaded_vae()
    delete_base_vae()


def get_filename(filepath):
    return os.path.basename(filepath)


def refresh_vae_list():
    from modules import sd_models

    vae_dict.clear()
    folders = [(sd_models.model_path, "*.vae.safetensors"), (vae_path, "*.safetensors")]
    if shared.cmd_opts.ckpt_dir:
        folders.append((shared.cmd_opts.ckpt_dir, "*.vae.safetensors"))
    files = [f for folder, ending in folders for f in glob.iglob(os.path.join(folder, "**", ending), recursive=True)]
    for file in sorted(files, key=lambda f: shared.natural_sort_key(get_filename(f))):
        vae_dict[get_filename(file)] = file


def find_vae_near_checkpoint(checkpoint_file):
    start = os.path.basename(checkpoint_file).rsplit(".", 1)[0]
    return next((file for file in vae_dict.values() if get_filename(file).startswith(start)), None)


@dataclass
class VaeResolution:
    """Which file, why, and whether that settles it (None as a file is the checkpoint's own VAE)."""

    vae: str = None
    source: str = None
    resolved: bool = True

    def tuple(self):
        return self.vae, self.source


def is_automatic():
    return shared.opts.sd_vae in {"Automatic", "auto"}


def resolve_vae_from_setting() -> VaeResolution:
    if shared.opts.sd_vae == "None":
        return VaeResolution()
    if shared.opts.sd_vae in vae_dict:
        return VaeResolution(vae_dict[shared.opts.sd_vae], "named in the settings")
    if not is_automatic():
        logging.warning("No VAE named %s; taking the checkpoint's own", shared.opts.sd_vae)
    return VaeResolution(resolved=False)


def resolve_vae_near_checkpoint(checkpoint_file) -> VaeResolution:
    near = find_vae_near_checkpoint(checkpoint_file)
    if near is not None and is_automatic():
        return VaeResolution(near, "beside the checkpoint")
    return VaeResolution(resolved=False)


def resolve_vae(checkpoint_file) -> VaeResolution:
    near = resolve_vae_near_checkpoint(checkpoint_file)
    return near if near.resolved else resolve_vae_from_setting()


def load_vae(model, vae_file=None, vae_source="from unknown source"):
    global loaded_vae_file
    if vae_file:
        from modules import sd_models

        logging.info("Loading VAE %s: %s", vae_source, vae_file)
        store_base_vae(model)
        model.first_stage_model.load_ldm_state_dict(sd_models.read_state_dict(vae_file))
    elif loaded_vae_file:
        restore_base_vae(model)

    loaded_vae_file = vae_file
    model.base_vae = base_vae
    model.loaded_vae_file = vae_file


def clear_loaded_vae():
    global loaded_vae_file
    loaded_vae_file = None


unspecified = object()


def reload_vae_weights(sd_model=None, vae_file=unspecified):
    """Puts in the VAE that the options (or the argument) name, when it isn't there already."""
    from modules import script_callbacks

    sd_model = sd_model or shared.sd_model
    source = "from function argument"
    if vae_file is unspecified:
        vae_file, source = resolve_vae(sd_model.sd_checkpoint_info.filename).tuple()
    if vae_file == loaded_vae_file:
        return None

    load_vae(sd_model, vae_file, source)
    script_callbacks.model_loaded_callback(sd_model)
    return sd_model
