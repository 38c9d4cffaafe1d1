"""Lora files in models/Lora, `<lora:name:weight>` in a prompt.

The real host has a built-in extension for this (extensions-builtin/Lora). Here: linear layers and 1×1 convolutions of
the text encoder and the UNet, kohya's key names, one weight for both, applied by changing the weights and undone from
a copy. Not there: other network types, per-part weights, a tab.
"""

import os
import re

import safetensors.torch
import torch
from modules import extra_networks, hashes, shared


class _Lora(extra_networks.ExtraNetwork):
    """Keeps the untouched weights of the layers it changed, for the model it changed."""

    def __init__(self):
        super().__init__("lora")
        self._applied = []
        self._originals = {}

    def activate(self, p, params_list):
        wanted = [(x.positional[0], float(x.positional[1]) if len(x.positional) > 1 else 1.0) for x in params_list]
        named = [f"{name}: {hashes.sha256(_file(name), 'lora/' + name)[:12]}" for name, _ in wanted]
        if named:
            p.extra_generation_params["Lora hashes"] = ", ".join(named)

        model = shared.sd_model
        state = (wanted, model.sd_checkpoint_info.filename, id(model))
        if state == self._applied:
            return
        self._restore()
        layers = _layers_by_kohya_name(model)
        with torch.inference_mode():
            for name, strength in wanted:
                for key, delta in _deltas(_file(name)):
                    weight = layers[key].weight
                    self._originals.setdefault(weight, weight.detach().clone())
                    weight += strength * delta.to(weight).reshape(weight.shape)
        self._applied = state
        _note(model, wanted)

    def deactivate(self, p):
        """Nothing: the next batch says what it wants, and unchanged wishes cost nothing."""

    def _restore(self):
        with torch.inference_mode():
            for weight, original in self._originals.items():
                weight.copy_(original)
        self._originals.clear()
        self._applied = []


def _file(name):
    path = os.path.join(shared.cmd_opts.lora_dir, name + ".safetensors")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"There is no Lora named {name}")
    return path


def _deltas(path):
    """(layer, change of its weight) of a file: up × down × alpha / rank."""
    state = safetensors.torch.load_file(path)
    for key, down in state.items():
        match = re.fullmatch(r"(.*)\.lora_down\.weight", key)
        if match is None:
            continue
        layer, rank = match.group(1), down.shape[0]
        alpha = float(state.get(f"{layer}.alpha", rank))
        up = state[f"{layer}.lora_up.weight"]
        yield layer, up.flatten(1).float() @ down.flatten(1).float() * (alpha / rank)


def _networks(model):
    return model.cond_stage_model.wrapped.transformer, model.model.diffusion_model


def _note(model, wanted):
    """What the host notes of what it has just applied: pairs of name and strength."""


def _layers_by_kohya_name(model):
    text, unet = _networks(model)
    roots = {"lora_te": text, "lora_unet": unet}
    return {
        f"{prefix}_{name.replace('.', '_')}": layer
        for prefix, root in roots.items()
        for name, layer in root.named_modules()
        if isinstance(getattr(layer, "weight", None), torch.Tensor)
    }
