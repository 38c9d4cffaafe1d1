"""What the WebUI lets through and would fail on in every cell, or do something else for without a word.

A sweep asks before any sampling. What cannot be applied is refused, as a label would say what was not done.
"""

from __future__ import annotations

import importlib.util
import math
import re
from dataclasses import MISSING, Field, fields
from typing import Any

from modules import sd_models, sd_samplers, shared

from ..errors import InvalidInput
from ..hosts import CHECKPOINT
from ..language import Text
from ..layers.phases import requests_within
from ..layers.selection import check_reachable
from ..sweep.plan import Cell, SweepPlan
from .encoders import check_choices
from .engine import Engine
from .layer_request import layer_request_of
from .option_checks import ALLOWED_CHECKPOINTS, check_between, check_known, check_option, check_whole, names_of
from .request import copy_request, has_hires, picture_size

LARGEST_SIDE = 16_384
SEEDS = (-(2**63), 2**63 - 1)
"""What torch takes as a seed, and what a whole number in a file can be."""

WHOLE: dict[str, tuple[str, int, int]] = {
    "steps": ("Sampling steps", 1, 10_000),
    "n_iter": ("Batch count", 1, 1_000),
    "batch_size": ("Batch size", 1, 256),
    "width": ("Width", 8, LARGEST_SIDE),
    "height": ("Height", 8, LARGEST_SIDE),
}
"""Whole numbers of a request: what the page calls them, and what can be sampled."""

WHOLE_IF_GIVEN: dict[str, tuple[str, int, int]] = {
    "seed": ("Seed", *SEEDS),
    "subseed": ("Variation seed", *SEEDS),
    "seed_resize_from_w": ("Resize seed from width", -1, LARGEST_SIDE),
    "seed_resize_from_h": ("Resize seed from height", -1, LARGEST_SIDE),
    "resize_mode": ("Resize mode", 0, 3),
    "inpainting_fill": ("Masked content", 0, 3),
}
WHOLE_OF_HIRES: dict[str, tuple[str, int, int]] = {
    "hr_second_pass_steps": ("Hires steps", 0, 10_000),
    "hr_resize_x": ("Resize width to", 0, LARGEST_SIDE),
    "hr_resize_y": ("Resize height to", 0, LARGEST_SIDE),
}
MAY_LACK = ("seed", "subseed", "denoising_strength")
"""Fields that may lack a value: the host draws one, or needs none without a second pass."""

SAME_CHECKPOINT = ("Use same checkpoint",)
NO_REFINER = ("None", "none")


def check_request(request: Any) -> None:
    """Raises `InvalidInput` for what the host lets through and every cell would fail on."""
    for name, value in vars(request).items():
        if isinstance(value, float) and not math.isfinite(value) and name != "s_tmax":  # which is infinite by itself
            raise InvalidInput(name, value, Text("finite numbers"), Text("is not a finite number"))
    for name, given in WHOLE.items():
        check_whole(getattr(request, name), *given)
    for name, given in WHOLE_IF_GIVEN.items():
        value = getattr(request, name, None)
        if value not in (None, ""):
            check_whole(_typed_seed(value), *given)
    for name, label in (("prompt", "Prompt"), ("negative_prompt", "Negative prompt")):
        if not isinstance(getattr(request, name), str | list):
            raise InvalidInput(label, getattr(request, name), Text("text"), Text("is not text"))
    check_between("CFG Scale", request.cfg_scale)
    if getattr(request, "init_images", None) == []:
        raise InvalidInput("init_images", [], Text("at least one image"), Text("is empty"))
    if has_hires(request) or hasattr(request, "init_images"):
        check_between("Denoising strength", request.denoising_strength, 0, 1)
    for field in fields(request):
        if _must_be_there(request, field) and getattr(request, field.name) is None:
            raise InvalidInput(field.name, None, Text("a value, or leave it out"), Text("is not a value"))
    if not isinstance(request.override_settings, dict):
        raise InvalidInput("override_settings", request.override_settings, Text("an object"), Text("is not an object"))
    for key, value in request.override_settings.items():
        check_option(key, value)
    _check_names(request)
    if has_hires(request):
        _check_hires(request)


def _must_be_there(request: Any, field: Field) -> bool:
    """Whether the host fails on a field without a value: not on a tick, which is off then, nor on what hires fix would
    need. What it works out by itself, such as `sd_model`, is a property, and is not asked for: that loads a model."""
    if field.default in (None, MISSING) or isinstance(field.default, bool | property) or field.name in MAY_LACK:
        return False
    return has_hires(request) or not field.name.startswith("hr_")


def _check_names(request: Any) -> None:
    known = [*shared.prompt_styles.styles, "None", ""]
    if not isinstance(request.styles, list | tuple):
        raise InvalidInput("Styles", request.styles, Text("a list of names"), Text("is not a list"))
    for style in request.styles:
        check_known("Styles", style, known)
    check_sampler(request.sampler_name, "Sampler")
    _schedule_type("Schedule type", getattr(request, "scheduler", None))
    _checkpoint("Refiner checkpoint", getattr(request, "refiner_checkpoint", None), NO_REFINER)


def _check_hires(request: Any) -> None:
    for name, given in WHOLE_OF_HIRES.items():
        check_whole(getattr(request, name), *given)
    check_between("Upscale by", request.hr_scale, 0.01, 100)
    check_known("Hires sampler", request.hr_sampler_name, sd_samplers.all_samplers_map, may_lack=True)
    _schedule_type("Hires schedule type", getattr(request, "hr_scheduler", None))
    upscalers = [*shared.latent_upscale_modes, *(upscaler.name for upscaler in shared.sd_upscalers)]
    check_known("Upscaler", request.hr_upscaler, upscalers, may_lack=True)
    _checkpoint("Hires checkpoint", request.hr_checkpoint_name, SAME_CHECKPOINT)
    for side in picture_size(copy_request(request)):
        check_whole(side, "Size after Hires. fix", 8, LARGEST_SIDE)


def check_sampler(name: object, field: str = "sampler_name") -> None:
    """Raises `InvalidInput` for a sampler that the host does not have: it would take another one for it, silently.

    The host's API reads a schedule type behind the sampler's name too, as older versions had it ("Euler a Karras").
    """
    if not isinstance(name, str) or not name:
        return
    types = {
        kind
        for scheduler in _schedule_types()
        for kind in (scheduler.label, scheduler.name, *(scheduler.aliases or []))
    }
    bare = [name, *(name.removesuffix(f" {kind}") for kind in types if name.endswith(f" {kind}"))]
    if not any(sampler in sd_samplers.all_samplers_map for sampler in bare):
        raise InvalidInput(field, name, names_of(sd_samplers.all_samplers_map), Text("is not available"))


def _schedule_type(field: str, name: object) -> None:
    known = _schedule_types()
    labels = names_of([scheduler.label for scheduler in known])
    names = {kind for scheduler in known for kind in (scheduler.name, scheduler.label)}
    check_known(field, name, names, labels, may_lack=True)


def _schedule_types() -> list[Any]:
    """The host's schedule types; none where they are part of a sampler (before AUTOMATIC1111's v1.9, Classic)."""
    if importlib.util.find_spec("modules.sd_schedulers") is None:
        return []
    from modules import sd_schedulers

    return list(sd_schedulers.schedulers)


def _checkpoint(field: str, name: object, none: tuple[str, ...]) -> None:
    if name in (None, "", *none):
        return
    if not isinstance(name, str) or sd_models.get_closet_checkpoint_match(name) is None:
        raise InvalidInput(field, name, ALLOWED_CHECKPOINTS, Text("is not available"))


def _typed_seed(value: object) -> object:
    """A seed from a text field (`--use-textbox-seed`) as the host reads it."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,30}\s*", value) else value


def check_clip_skips(engine: Engine, request: Any, trial: Any, plan: SweepPlan, cells: list[Cell]) -> None:
    """Raises `InvalidInput` where the loaded model can't do what is asked in one of these cells, which share `trial`.

    Of a checkpoint that an axis names nothing is known before it is loaded; then the cell fails with the reason.
    """
    requests = {layer_request_of(trial, plan, cell.clip_skip) for cell in cells}
    loaded, setting = engine.loaded(), engine.clip_skip()
    if loaded.described is None or trial.override_settings.get(CHECKPOINT) != request.override_settings.get(CHECKPOINT):
        return
    for asked in sorted(requests, key=repr):
        check_reachable(asked, loaded.kinds)
        for plain in requests_within(asked):
            for negative in (False, True):
                check_choices(engine, loaded, plain, negative, setting)


def check_lent_off(engine: Engine, request: Any, trial: Any, written: dict[str, Any]) -> None:
    """Raises `InvalidInput` where axes ask for what a sweep keeps off (`Engine.lent_off`): it would say so in the
    infotext, and the picture would be without.

    Args:
        engine: the WebUI's.
        request: the sweep's; what it asks for itself is kept off with a note.
        trial: a copy with the axes of a cell applied.
        written: the options that these axes wrote.
    """
    kept_off, _ = engine.lent_off or ({}, None)
    for key, off in kept_off.items():
        asked = {**written, **trial.override_settings}.get(key, off)
        if asked not in (off, request.override_settings.get(key, off)):
            problem = Text("would change clip skip from step to step, whatever is set")
            raise InvalidInput(shared.opts.data_labels[key].label, asked, str(off), problem)
