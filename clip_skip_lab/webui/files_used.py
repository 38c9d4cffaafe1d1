"""Which files decide a request's pictures beside the loaded checkpoint, and what they hold: two WebUIs may call
different files by one name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from modules import hashes, sd_models, sd_vae

from ..sweep.plan import SweepPlan
from .host_axes import CHECKPOINTS
from .model_files import loras

VAE_AXIS = "VAE"
MORE_CHECKPOINTS = {"refiner_checkpoint": "Refiner", "hr_checkpoint_name": "Hires checkpoint"}
SAME = (None, "", "None", "Use same checkpoint", "Automatic")
"""What such a field says where there is no other checkpoint."""


def files_used(request: Any, plan: SweepPlan) -> dict[str, str]:
    """By what each is for, such as "LoRA ink" or "Checkpoint name 2", the first ten digits of its SHA-256; "" where the
    host works out none (`--no-hashing`) or there is no such file. A large file takes seconds, once.

    LoRAs and embeddings that only an axis puts into the prompt are not among them: pictures' infotexts tell those.
    """
    found = {}
    for name, value in _checkpoints(request, plan):
        info = sd_models.get_closet_checkpoint_match(value)
        found[name] = "" if info is None else str(info.calculate_shorthash() or "")[:10]
    for name, file in _others(request, plan):
        found[name] = _hash(file)
    return found


def _checkpoints(request: Any, plan: SweepPlan) -> Iterator[tuple[str, str]]:
    for _, axis in plan.further_axes():
        if axis.axis.plot_label in CHECKPOINTS:
            yield from ((f"{axis.axis.label} {place}", str(value)) for place, value in enumerate(axis.values, 1))
    for field, name in MORE_CHECKPOINTS.items():
        value = getattr(request, field, None)
        if value not in SAME:
            yield name, str(value)


def _others(request: Any, plan: SweepPlan) -> Iterator[tuple[str, str | None]]:
    by_name = getattr(sd_vae, "vae_dict", {})
    for _, axis in plan.further_axes():
        if axis.axis.plot_label == VAE_AXIS:
            yield from ((f"{VAE_AXIS} {place}", by_name.get(value)) for place, value in enumerate(axis.values, 1))
    loaded = getattr(sd_vae, "loaded_vae_file", None)
    if loaded:
        yield VAE_AXIS, loaded
    texts = (getattr(request, name, None) for name in ("prompt", "negative_prompt", "hr_prompt", "hr_negative_prompt"))
    for name, file in loras(" ".join(text for text in texts if isinstance(text, str))):
        yield f"LoRA {name}", file


def _hash(file: str | None) -> str:
    if not file or not os.path.isfile(file):
        return ""
    return str(hashes.sha256(file, f"clip-skip-lab/{file}") or "")[:10]
