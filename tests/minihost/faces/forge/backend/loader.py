"""From a checkpoint's file to a model."""

import os

import safetensors.torch
from backend.args import dynamic_args
from backend.diffusion_engine.sd15 import StableDiffusion
from backend.nn.clip import IntegratedCLIP
from backend.operations import _in_place
from modules import _latent_diffusion, _model_config, devices, paths, shared
from modules._tokenizer import load_tokenizer, write_tokenizer


class _Config:
    """What was guessed from the weights."""

    def inpaint_model(self):
        return False


def forge_loader(sd, additional_state_dicts=None):
    """`sd` is a path, the others are paths of modules: VAEs here. A file without SD1's weights is a ValueError."""
    state = safetensors.torch.load_file(sd)
    config = _model_config.read(sd)
    tokenizer = load_tokenizer(
        config.text_folder or write_tokenizer(os.path.join(paths.data_path, "cache", "clip-tokenizer"))
    )
    try:
        parts = _latent_diffusion.LatentDiffusion(state, tokenizer, config)
    except (KeyError, StopIteration):
        raise ValueError("Failed to recognize model type!") from None
    for file in additional_state_dicts or []:
        parts.first_stage_model.load_ldm_state_dict(safetensors.torch.load_file(file))
    parts.to(devices.device).eval()
    dynamic_args.update(embedding_dir=shared.cmd_opts.embeddings_dir, emphasis_name=shared.opts.emphasis)
    components = {"text_encoder": _text_encoder(parts), "tokenizer": tokenizer, "parts": parts}
    return StableDiffusion(estimated_config=_Config(), huggingface_components=components)


def _text_encoder(parts):
    loaded = parts.cond_stage_model.transformer
    encoder = IntegratedCLIP(lambda config: loaded, loaded.config)
    _in_place(encoder)
    return encoder.eval()
