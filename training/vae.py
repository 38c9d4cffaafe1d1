"""Stage 2: the VAE, between 64 × 64 pixels and the 8 × 8 cells of `latent`, in SD1's layout.

The hosts' classes normalise in 32 groups with a tiny epsilon. With 64 channels a group is two channels, and normalising
these takes away what a flat picture consists of, the level. So the training's epsilon is large, and `folded` makes the
same function with the hosts' epsilon: scaling what a norm reads by s and its epsilon by s² changes nothing.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from . import latent
from .loop import Stage
from .world import compose, paint, sample

CHANNELS = 64
EPSILON = 0.1
HOST_EPSILON = 1e-6
CONFIG = {
    "block_out_channels": (CHANNELS,) * 4,
    "layers_per_block": 0,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
BATCH = 8
RATE = 1.5e-3
SEED = 12
DECODED_NOISE = 0.12
"""The decoder learns with noise of up to this deviation, because what a UNet makes isn't exact."""
HALF = True


def vae_model():
    """An untrained `AutoencoderKL` with the large epsilon."""
    from diffusers import AutoencoderKL

    model = AutoencoderKL(**CONFIG)
    for part in model.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.normal_(part.weight, std=1 / math.sqrt(part.weight[0].numel()))
            torch.nn.init.zeros_(part.bias)
        elif isinstance(part, torch.nn.GroupNorm):
            part.eps = EPSILON
    for half in (model.encoder, model.decoder):
        for resnet in _resnets(half):
            resnet.conv2.weight.data *= 0.3
    for block in model.decoder.up_blocks[:-1]:
        # What is upsampled begins as what comes in.
        conv = block.upsamplers[0].conv
        conv.weight.data *= 0.5
        conv.weight.data[:, :, 1, 1] += torch.eye(CHANNELS)
    silence(model.decoder.up_blocks[-1].resnets[0])
    # Hosts draw from the posterior: it is narrow, and the same for every picture.
    model.encoder.conv_out.weight.data[4:] = 0
    model.encoder.conv_out.bias.data[4:] = 2 * math.log(latent.NOISE)
    for conv in (model.quant_conv, model.post_quant_conv):
        conv.weight.data = torch.eye(conv.weight.shape[0])[:, :, None, None].clone()
        conv.requires_grad_(False)
    return model


def _resnets(half):
    return [*half.mid_block.resnets, *(r for block in getattr(half, "up_blocks", []) for r in block.resnets)]


def silence(resnet) -> None:
    """A residual block that adds nothing, and isn't computed: the one at full size costs half of the training."""
    torch.nn.init.zeros_(resnet.conv2.weight)
    torch.nn.init.zeros_(resnet.conv2.bias)
    resnet.requires_grad_(False)
    resnet.forward = lambda hidden, *_, **__: hidden


def folded(model):
    """The same function with the hosts' epsilon: a copy in which all that norms read is scaled."""
    model = copy.deepcopy(model)
    scale = math.sqrt(HOST_EPSILON / EPSILON)
    for half in (model.encoder, model.decoder):
        writers = [half.conv_in, half.mid_block.attentions[0].to_out[0]]
        writers += [conv for resnet in _resnets(half) for conv in (resnet.conv1, resnet.conv2)]
        for writer in writers:
            writer.weight.data *= scale
            writer.bias.data *= scale
        for block in [*getattr(half, "down_blocks", []), *getattr(half, "up_blocks", [])]:
            # These read what is scaled already.
            for sampler in [*(getattr(block, "downsamplers", None) or []), *(getattr(block, "upsamplers", None) or [])]:
                sampler.conv.bias.data *= scale
    for part in model.modules():
        if isinstance(part, torch.nn.GroupNorm):
            part.eps = HOST_EPSILON
    return model


def encode(model, pictures: torch.Tensor) -> torch.Tensor:
    """The mean of the posterior, unscaled: (n, 4, height / 8, width / 8)."""
    with torch.no_grad():
        return model.encode(pictures).latent_dist.mean


def decode(model, latents: torch.Tensor) -> np.ndarray:
    """Pictures (n, height, width, 3) of uint8 from unscaled latent pictures."""
    with torch.no_grad():
        made = torch.cat([model.decode(part).sample for part in latents.split(16)])
    return ((made.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def as_tensor(pictures: np.ndarray) -> torch.Tensor:
    """(n, height, width, 3) of uint8 → (n, 3, height, width) from −1 to 1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def train(folder: Path, steps: int, seed: int = SEED):
    """Trains, or goes on training; returns the stage and the logged losses."""
    torch.manual_seed(seed)
    model = vae_model()
    stage = Stage(folder, "vae", {"model": model}, RATE, seed, average=0.99)

    def loss_of(rng: np.random.Generator, share: float) -> dict[str, torch.Tensor]:
        parts = compose(sample(rng, BATCH), rng)
        pictures, wanted = as_tensor(paint(*parts)), latent.latents(*parts)
        noise = DECODED_NOISE * torch.rand(BATCH, 1, 1, 1) * torch.randn_like(wanted)
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
            read = model.encode(pictures).latent_dist.mean.float()
            made = model.decode(wanted + noise).sample.float()
        drawn = functional.mse_loss(made, pictures) + 0.1 * functional.l1_loss(made, pictures)
        code = functional.mse_loss(read, wanted)
        return {"loss": drawn + code, "drawn": drawn, "code": code}

    logged = stage.run(steps, loss_of)
    return stage, logged
