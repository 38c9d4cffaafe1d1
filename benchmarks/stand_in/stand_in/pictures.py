"""What the stand-in for a card answers: noise for a UNet, and pictures for a VAE that an encoder takes for photographs.

The noise that is "found" in a latent is a smooth pattern, made of the prompt's conditioning and of nothing else. So
every solver ends with the noise that it began with, less that pattern: the seed is in it, and the clip skip, and
rounding stays rounding. Decoded it is patches of colour without an edge, with a fixed grain over them, which makes a
PNG as long as a photograph's, and about as slow to compress.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F

PATCHES = 16
"""Patches of colour along each side."""
PATTERN = 8
"""Patches along each side of what a prompt adds."""
STRENGTH = 0.3
"""Of what a prompt adds, beside noise of standard deviation 1; a CFG scale of 7 makes it about as strong."""
GRAIN = 4 / 127.5
"""The grain's standard deviation, in a picture from -1 to 1: a PNG of 512 × 512 has some 450 kB with it."""
NOISE = 14.6
"""The standard deviation of the noise that sampling begins with, for models in SD1's and SDXL's schedule."""


@functools.cache
def _drawn(seed: int, *shape: int) -> torch.Tensor:
    """The same normal numbers each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@functools.cache
def _spreading(patches: int, side: int) -> torch.Tensor:
    """A side × patches matrix that goes from patch to patch smoothly."""
    columns = F.interpolate(torch.eye(patches)[None], size=side, mode="linear")[0].T
    return columns / columns.sum(dim=1, keepdim=True)


@functools.cache
def _grain(height: int, width: int) -> torch.Tensor:
    """3 × height × width."""
    return GRAIN * _drawn(2, 3, height, width)


def _spread(patches: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """… × patches × patches to … × height × width."""
    count = patches.shape[-1]
    return _spreading(count, height) @ patches @ _spreading(count, width).T


def found_noise(latent: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
    """What a UNet would answer to a latent, rows × channels × height × width, and a context, rows × tokens × width."""
    rows, channels, height, width = latent.shape
    features = context.float().mean(dim=1)
    weights = _drawn(0, features.shape[1], channels * PATTERN**2) / features.shape[1] ** 0.5
    pattern = STRENGTH * torch.tanh(features @ weights.to(features.device)).view(rows, channels, PATTERN, PATTERN)
    return _spread(pattern.cpu(), height, width).to(latent)


def decoded(latent: torch.Tensor) -> torch.Tensor:
    """pictures × channels × height × width to pictures × 3 × 8 height × 8 width, from -1 to 1 but for some grain."""
    _pictures, channels, height, width = latent.shape
    patches = F.adaptive_avg_pool2d(latent.float().cpu() / NOISE, PATCHES)
    colours = torch.einsum("kc,pcyx->pkyx", _drawn(1, 3, channels), patches)
    smooth = _spread(0.9 * torch.tanh(colours), 8 * height, 8 * width)
    return smooth.add_(_grain(8 * height, 8 * width)).to(latent)
