"""Torch's global random generator: each cell of img2img starts where the same generation would have left it.

img2img draws the VAE's posterior from it (modules/sd_samplers_common.py, `images_tensor_to_samples`), so otherwise the
first cell would depend on whatever was generated before, and no sweep could be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from modules import processing

from .shadow import shadowed


def seed_series(seed: Any, count: int, fixed: bool = False) -> list[int]:
    """The seeds of `count` pictures (modules/processing.py, `process_images_inner`)."""
    return list(seed) if isinstance(seed, list) else [int(seed) + (0 if fixed else i) for i in range(count)]


@contextmanager
def same_posterior(copied: Any, per_cell: int, generator_after: Callable[[int], int]) -> Iterator[None]:
    """Lets the VAE's encoder draw for each cell of a batch what it draws in a single generation.

    The noise of the pictures leaves the global generator at the last seed of their batch, and the encoder goes on from
    there; for the cells of a wide batch that state is made anew for each.

    Args:
        copied: the request.
        per_cell: pictures of a cell in a batch.
        generator_after: see `Engine`.
    """
    original = processing.images_tensor_to_samples

    def encode(image: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if len(image) <= per_cell or len(image) % per_cell:
            return original(image, *args, **kwargs)
        parts = []
        # img2img encodes before any noise is made: then it is what the same generation left the last time.
        seeds = (copied.seeds or copied.all_seeds)[-len(image) :]
        for first in range(0, len(image), per_cell):
            torch.manual_seed(generator_after(int(seeds[first + per_cell - 1])))
            parts.append(original(image[first : first + per_cell], *args, **kwargs))
        return torch.cat(parts)

    with shadowed(processing, "images_tensor_to_samples", encode):
        yield
