"""Checkpoints: which there are, which one is loaded, and changing it.

Mirrors `modules/sd_models.py`. Differs: .safetensors only, SD1 only, one model in memory at a time, nothing is
downloaded or cached; a checkpoint of other shapes than the loaded one makes a new model, one of the same shapes reuses
it, which is also the real host's way.
"""

import hashlib
import json
import logging
import os
import re
import threading

import safetensors.torch
import torch
from modules import devices, errors, hashes, paths, sd_vae, shared
from modules.timer import Timer

model_dir = "Stable-diffusion"
model_path = os.path.abspath(os.path.join(paths.models_path, model_dir))

checkpoints_list = {}
checkpoint_aliases = {}


class CheckpointInfo:
    """A checkpoint file and everything that it is called by."""

    def __init__(self, filename):
        self.filename = filename
        self.is_safetensors = os.path.splitext(filename)[1].lower() == ".safetensors"
        folders = [f for f in (shared.cmd_opts.ckpt_dir, model_path) if f]
        folder = next((f for f in folders if os.path.abspath(filename).startswith(os.path.abspath(f) + os.sep)), None)
        self.name = os.path.relpath(filename, folder) if folder else os.path.basename(filename)
        self.name_for_extra = os.path.splitext(os.path.basename(filename))[0]
        self.model_name = os.path.splitext(re.sub(r"[/\\]", "_", self.name))[0]
        self.metadata = read_metadata_from_safetensors(filename) if self.is_safetensors else {}
        self.hash = model_hash(filename)
        self.sha256 = hashes.sha256_from_cache(filename, f"checkpoint/{self.name}")
        self._name_by_hash()

    def _name_by_hash(self):
        self.shorthash = self.sha256[:10] if self.sha256 else None
        ending = f" [{self.shorthash}]" if self.shorthash else ""
        self.title = self.name + ending
        self.short_title = self.name_for_extra + ending
        self.ids = [self.hash, self.model_name, self.title, self.name, self.name_for_extra]
        self.ids.append(f"{self.name} [{self.hash}]")
        if self.shorthash:
            self.ids += [self.shorthash, self.sha256, self.short_title]

    def register(self):
        checkpoints_list[self.title] = self
        for name in self.ids:
            checkpoint_aliases[name] = self

    def calculate_shorthash(self):
        """The full hash is only known once the model was loaded; the title in all lists changes with it."""
        old_title, old_ids = self.title, self.ids
        self.sha256 = hashes.sha256(self.filename, f"checkpoint/{self.name}")
        self._name_by_hash()
        if self.title != old_title:
            entries = [(self.title if t == old_title else t, info) for t, info in checkpoints_list.items()]
            checkpoints_list.clear()
            checkpoints_list.update(entries)
            self.ids = list(dict.fromkeys([*old_ids, *self.ids]))
            self.register()
        return self.shorthash


def setup_model():
    os.makedirs(model_path, exist_ok=True)


def checkpoint_tiles(use_short=False):
    return [info.short_title if use_short else info.title for info in checkpoints_list.values()]


def list_models():
    checkpoints_list.clear()
    checkpoint_aliases.clear()
    found = []
    for folder in (model_path, shared.cmd_opts.ckpt_dir):
        for root, _, files in os.walk(folder or "", followlinks=True):
            found += [
                os.path.join(root, f)
                for f in files
                if f.endswith(".safetensors") and not f.endswith(".vae.safetensors")
            ]
    for filename in sorted(set(found), key=shared.natural_sort_key):
        CheckpointInfo(filename).register()


re_strip_checksum = re.compile(r"\s*\[[^]]+]\s*$")


def get_closet_checkpoint_match(search_string):
    """By any of its names, or the shortest title that holds the string, also without its [hash]."""
    if not search_string:
        return None
    if search_string in checkpoint_aliases:
        return checkpoint_aliases[search_string]
    for wanted in (search_string, re_strip_checksum.sub("", search_string)):
        matches = [info for info in checkpoints_list.values() if wanted in info.title]
        if matches:
            return min(matches, key=lambda info: len(info.title))
    return None


def model_hash(filename):
    """The old short hash: 64 KiB from 1 MiB on."""
    try:
        with open(filename, "rb") as file:
            file.seek(0x100000)
            return hashlib.sha256(file.read(0x10000)).hexdigest()[:8]
    except FileNotFoundError:
        return "NOFILE"


def select_checkpoint():
    """The one that the option names, otherwise the first."""
    wanted = shared.opts.sd_model_checkpoint
    if wanted in checkpoint_aliases:
        return checkpoint_aliases[wanted]
    if not checkpoints_list:
        raise FileNotFoundError(f"There is no checkpoint (.safetensors) in {model_path}")

    first = next(iter(checkpoints_list.values()))
    if wanted is not None:
        logging.warning("Checkpoint %s not found; taking %s", wanted, first.title)
    return first


def read_metadata_from_safetensors(filename):
    """The header's metadata; values that are JSON objects are parsed."""
    with open(filename, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    metadata = header.get("__metadata__", {})
    for key, value in metadata.items():
        if value.startswith("{"):
            try:
                metadata[key] = json.loads(value)
            except ValueError:
                logging.debug("%s: metadata %s begins like JSON but isn't", filename, key)
    return metadata


def read_state_dict(checkpoint_file, print_global_state=False, map_location=None):
    return safetensors.torch.load_file(checkpoint_file, device=str(map_location or "cpu"))


class SkipWritingToConfig:
    """While this is open, loading a checkpoint doesn't write its name into the options."""

    skip = False
    previous = None

    def __enter__(self):
        self.previous, SkipWritingToConfig.skip = SkipWritingToConfig.skip, True
        return self

    def __exit__(self, exc_type, exc_value, exc_traceback):
        SkipWritingToConfig.skip = self.previous


class SdModelData:
    """Holds the loaded model; the first to ask loads it."""

    def __init__(self):
        self.sd_model = None
        self.loaded_sd_models = []
        self.was_loaded_at_least_once = False
        self.lock = threading.Lock()

    def get_sd_model(self):
        if self.sd_model is None and not self.was_loaded_at_least_once:
            with self.lock:
                if self.sd_model is None and not self.was_loaded_at_least_once:
                    try:
                        load_model()
                    except Exception as e:
                        errors.display(e, "loading the model", full_traceback=True)
        return self.sd_model

    def set_sd_model(self, v, already_loaded=False):
        self.sd_model = v
        self.loaded_sd_models = [] if v is None else [v]


model_data = SdModelData()


def get_empty_cond(sd_model):
    return sd_model.get_learned_conditioning([""])


def load_model_weights(model, checkpoint_info: CheckpointInfo, state_dict, timer):
    """What loading a file into a model changes besides the weights: its names, the option, the VAE."""
    model.sd_model_hash = checkpoint_info.calculate_shorthash()
    timer.record("calculate hash")
    if not SkipWritingToConfig.skip:
        shared.opts.data["sd_model_checkpoint"] = checkpoint_info.title
    model.read_weights(state_dict if state_dict is not None else read_state_dict(checkpoint_info.filename))
    timer.record("load weights")
    model.cast()

    model.sd_model_checkpoint = checkpoint_info.filename
    model.sd_checkpoint_info = checkpoint_info
    shared.opts.data["sd_checkpoint_hash"] = checkpoint_info.sha256
    sd_vae.delete_base_vae()
    sd_vae.clear_loaded_vae()
    sd_vae.load_vae(model, *sd_vae.resolve_vae(checkpoint_info.filename).tuple())
    timer.record("load VAE")


def load_model(checkpoint_info=None, already_loaded_state_dict=None):
    from modules import _latent_diffusion, _model_config, script_callbacks, sd_hijack
    from modules._tokenizer import load_tokenizer, write_tokenizer

    checkpoint_info = checkpoint_info or select_checkpoint()
    timer = Timer()
    state = already_loaded_state_dict or read_state_dict(checkpoint_info.filename)
    config = _model_config.read(checkpoint_info.filename)
    clip = os.path.join(paths.data_path, "cache", "clip-tokenizer")
    tokenizer = load_tokenizer(config.text_folder or write_tokenizer(clip))
    timer.record("read file and tokenizer")

    sd_model = _latent_diffusion.LatentDiffusion(state, tokenizer, config)
    timer.record("create model")
    load_model_weights(sd_model, checkpoint_info, state, timer)
    sd_model.to(devices.device).eval()
    sd_hijack.model_hijack.hijack(sd_model)

    model_data.set_sd_model(sd_model)
    model_data.was_loaded_at_least_once = True
    sd_hijack.model_hijack.embedding_db.load_textual_inversion_embeddings(force_reload=True)
    script_callbacks.model_loaded_callback(sd_model)
    timer.record("scripts callbacks")
    with torch.no_grad():
        sd_model.cond_stage_model_empty_prompt = get_empty_cond(sd_model)

    logging.info("Model %s loaded in %s", checkpoint_info.title, timer.summary())
    return sd_model


def reload_model_weights(sd_model=None, info=None, forced_reload=False):
    """Loads the checkpoint that the options (or `info`) name, when it isn't the one in memory."""
    from modules import _latent_diffusion, _model_config, script_callbacks, sd_hijack

    checkpoint_info = info or select_checkpoint()
    sd_model = sd_model or model_data.sd_model
    if sd_model is None:
        return load_model(checkpoint_info)
    if sd_model.sd_model_checkpoint == checkpoint_info.filename and not forced_reload:
        return sd_model

    state = read_state_dict(checkpoint_info.filename)
    config = _model_config.read(checkpoint_info.filename)
    if sd_model.used_config != config.file or sd_model.configs != _latent_diffusion.shapes_of(state, config):
        return load_model(checkpoint_info, already_loaded_state_dict=state)

    previous = sd_model.sd_checkpoint_info
    timer = Timer()
    sd_hijack.model_hijack.undo_hijack(sd_model)
    try:
        load_model_weights(sd_model, checkpoint_info, state, timer)
    except Exception:
        logging.exception("Checkpoint %s could not be loaded; going back", checkpoint_info.title)
        load_model_weights(sd_model, previous, None, timer)
        raise
    finally:
        sd_hijack.model_hijack.hijack(sd_model)
        script_callbacks.model_loaded_callback(sd_model)

    model_data.set_sd_model(sd_model)
    logging.info("Weights of %s loaded in %s", checkpoint_info.title, timer.summary())
    return sd_model
