"""How many pictures fit into a batch, and whether an error says that they did not. Knows torch and no host."""

from __future__ import annotations

import psutil
import torch

BYTES_PER_PIXEL = 4_000
"""Memory that one more picture in a batch takes while it is sampled, per pixel: a cautious guess (1 GB for 512 × 512);
where it is too low, the batch is halved and tried again."""

SHARE = 0.6
"""The share of the free memory that a batch may take."""

MOST_AT_ONCE = 16
"""Beyond this a batch gains nothing: the cells of a sweep are then better off in batches that show progress.
Somebody may ask for more (`MOST_PER_BATCH`, sweep/plan_keys.py)."""


def cells_that_fit(pixels: int, device: torch.device | str, most: int = MOST_AT_ONCE) -> int:
    """How many cells of that many pixels each to sample at once, at least 1.

    Args:
        pixels: of all pictures of a cell together.
        device: where they are sampled.
        most: how many at most.
    """
    fit = int(free_bytes(torch.device(device)) * SHARE / (pixels * BYTES_PER_PIXEL))
    return max(1, min(fit, most))


def free_bytes(device: torch.device) -> int:
    """Free memory of a device in bytes; of the machine where the device cannot be asked."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free + cached)
    return int(psutil.virtual_memory().available)


WORDS = (
    "out of memory",  # CUDA, HIP, MPS, XPU
    "not enough memory",  # the CPU on Windows
    "can't allocate memory",  # the CPU elsewhere
    "not enough gpu video memory",  # DirectML
    "out_of_device_memory",  # XPU
    "alloc_failed",  # cuBLAS and cuDNN, which cannot get their workspace
)
"""What an error's text says when memory ran out, in small letters."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or the system said that memory ran out, in this error or in one that led to it."""
    looked_at: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in looked_at:
        if isinstance(found, torch.cuda.OutOfMemoryError | MemoryError):
            return True
        if isinstance(found, RuntimeError) and any(words in str(found).lower() for words in WORDS):
            return True
        looked_at.append(found)
        found = found.__cause__ or found.__context__
    return False
