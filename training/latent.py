"""What the latent picture means: 8 × 8 cells of 4 numbers, the mean colour of the cell and how much objects cover.

A VAE that finds a code of its own took 40 minutes in an earlier study and drew a quarter of the shapes wrongly. Here
the code is given, from the generator: the encoder learns to read it off a picture, the decoder to draw a picture from
it, and the UNets can be trained before both are done.
"""

from __future__ import annotations

import numpy as np
import torch

from .world import PIXELS

FACTOR = 8
CELLS = PIXELS // FACTOR
SCALE = 1.4
"""`scale_factor` of the yaml: makes the deviation of latent pictures about 1."""
NOISE = 0.04
"""The deviation of the encoder's posterior, before the scale."""


def latents(inside: np.ndarray, front: np.ndarray, back: np.ndarray) -> torch.Tensor:
    """The latent pictures of what `world.compose` returns, (n, 4, 8, 8) of float32, unscaled."""
    cells = inside.reshape(len(inside), CELLS, FACTOR, CELLS, FACTOR).mean((2, 4))[..., None]
    # A cell lies on one side of the picture, so its object has one colour.
    colours = (cells * front[:, :, ::FACTOR] + (1 - cells) * back) / 127.5 - 1
    values = np.concatenate([colours, 2 * cells - 1], axis=-1).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
