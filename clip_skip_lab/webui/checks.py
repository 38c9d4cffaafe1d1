"""What AUTOMATIC1111's WebUI lets through and would fail on in every cell, or do something else for without a word.

A sweep asks before any sampling. What cannot be applied is refused, as a label would say what was not done.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import MISSING, Field, fields
from typing import Any

from modules import sd_models, sd_samplers, sd_schedulers, shared

from ..errors import InvalidInput, named_list
from ..sweep.plan import Cell, SweepPlan
from .encoders import check_choices
from .layer_request import check_asked, layer_request_of, loaded_model, setting_now
from .request import copy_request, has_hires, picture_size
from .steady import CHECKPOINT

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
            raise InvalidInput(name, value, "finite numbers", "is no finite number")
    for name, given in WHOLE.items():
        _whole(getattr(request, name), *given)
    for name, given in WHOLE_IF_GIVEN.items():
        value = getattr(request, name, None)
        if value not in (None, ""):
            _whole(_typed_seed(value), *given)
    for name, field in (("prompt", "Prompt"), ("negative_prompt", "Negative prompt")):
        if not isinstance(getattr(request, name), str | list):
            raise InvalidInput(field, getattr(request, name), "text", "is no text")
    _between("CFG Scale", request.cfg_scale)
    if getattr(request, "init_images", None) == []:
        raise InvalidInput("init_images", [], "at least one picture", "is empty")
    if has_hires(request) or hasattr(request, "init_images"):
        _between("Denoising strength", request.denoising_strength, 0, 1)
    for one in fields(request):
        if _must_be_there(request, one) and getattr(request, one.name) is None:
            raise InvalidInput(one.name, None, "a value, or none of this name", "is no value")
    if not isinstance(request.override_settings, dict):
        raise InvalidInput("override_settings", request.override_settings, "an object", "is no object")
    for key, value in request.override_settings.items():
        check_option(key, value)
    _check_names(request)
    if has_hires(request):
        _check_hires(request)


def _must_be_there(request: Any, one: Field) -> bool:
    """Whether the host fails on a field without a value: not on a tick, which is off then, nor on what hires fix would
    need. What it works out by itself, such as `sd_model`, is a property, and is not asked for: that loads a model."""
    if one.default in (None, MISSING) or isinstance(one.default, bool | property) or one.name in MAY_LACK:
        return False
    return has_hires(request) or not one.name.startswith("hr_")


def _check_names(request: Any) -> None:
    known = [*shared.prompt_styles.styles, "None", ""]
    if not isinstance(request.styles, list | tuple):
        raise InvalidInput("Styles", request.styles, "a list of names", "is no list")
    for style in request.styles:
        _known("Styles", style, known)
    check_sampler(request.sampler_name, "Sampler")
    _schedule_type("Schedule type", request.scheduler)
    _checkpoint("Refiner checkpoint", getattr(request, "refiner_checkpoint", None), NO_REFINER)


def _check_hires(request: Any) -> None:
    for name, given in WHOLE_OF_HIRES.items():
        _whole(getattr(request, name), *given)
    _between("Upscale by", request.hr_scale, 0.01, 100)
    _known("Hires sampler", request.hr_sampler_name, sd_samplers.all_samplers_map, may_lack=True)
    _schedule_type("Hires schedule type", request.hr_scheduler)
    upscalers = [*shared.latent_upscale_modes, *(one.name for one in shared.sd_upscalers)]
    _known("Upscaler", request.hr_upscaler, upscalers, may_lack=True)
    _checkpoint("Hires checkpoint", request.hr_checkpoint_name, SAME_CHECKPOINT)
    for side in picture_size(copy_request(request)):
        _whole(side, "Size after hires fix", 8, LARGEST_SIDE)


def check_sampler(name: object, field: str = "sampler_name") -> None:
    """Raises `InvalidInput` for a sampler that the host does not have: it would take another one for it, silently.

    The host's API reads a schedule type behind the sampler's name too, as older versions had it ("Euler a Karras").
    """
    if not isinstance(name, str) or not name:
        return
    types = {option for one in sd_schedulers.schedulers for option in (one.label, one.name, *(one.aliases or []))}
    bare = [name, *(name.removesuffix(f" {kind}") for kind in types if name.endswith(f" {kind}"))]
    if not any(one in sd_samplers.all_samplers_map for one in bare):
        raise InvalidInput(field, name, _names(sd_samplers.all_samplers_map), "is not there")


def check_option(key: str, value: object) -> None:
    """Raises `InvalidInput` for an override that is no option of the host, or not of the option's kind.

    The host checks neither: a wrong type fails somewhere later, and what is no choice counts as something else.
    """
    info = shared.opts.data_labels.get(key)
    if info is None:
        raise InvalidInput("override_settings", key, "the names of this WebUI's options", "is none of them")
    arguments = info.component_args() if callable(info.component_args) else info.component_args
    arguments = arguments or {}
    field = f"override_settings.{key}"
    if info.restrict_api or info.do_not_save or arguments.get("visible", True) is False:
        raise InvalidInput(field, value, "no override of this one", "cannot be applied by a request")
    if value is None and info.default is None:
        return
    if key == CHECKPOINT:
        _known(field, value, sd_models.checkpoint_aliases, "the checkpoints of this WebUI")
    elif isinstance(info.default, list):
        _check_list(field, value, _choices(arguments))
    elif _choices(arguments) is not None:
        _known(field, value, _choices(arguments))
    else:
        _check_plain(field, value, info.default, arguments)


def _check_list(field: str, value: object, choices: Collection | None) -> None:
    if not isinstance(value, list):
        raise InvalidInput(field, value, "a list of names", "is no list")
    for part in value:
        if choices is not None:
            _known(field, part, choices)
        elif not isinstance(part, str):
            raise InvalidInput(field, part, "names", "is no name")


def _check_plain(field: str, value: object, default: object, arguments: dict[str, Any]) -> None:
    lowest, highest = arguments.get("minimum"), arguments.get("maximum")
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InvalidInput(field, value, "true or false", "is neither")
    elif isinstance(default, int) and (isinstance(arguments.get("step"), int) or arguments.get("precision") == 0):
        low, high = (-math.inf if lowest is None else lowest), (math.inf if highest is None else highest)
        _whole(value, field, low, high)
    elif isinstance(default, int | float):
        _between(field, value, lowest, highest)
    elif isinstance(value, list | dict) or (isinstance(default, str) and not isinstance(value, str)):
        raise InvalidInput(field, value, "text", "is no text")


def _choices(arguments: dict[str, Any]) -> list | None:
    choices = arguments.get("choices")
    if choices is None or arguments.get("allow_custom_value"):
        return None
    return [choice[-1] if isinstance(choice, tuple) else choice for choice in choices]


def _known(field: str, value: object, known: Collection, allowed: str | None = None, may_lack: bool = False) -> None:
    if may_lack and value in (None, ""):
        return
    if isinstance(value, list | dict) or value not in known:
        raise InvalidInput(field, value, allowed or _names(known), "is not there")


def _names(known: Collection) -> str:
    return named_list([str(name) for name in known], most=40)


def _schedule_type(field: str, name: object) -> None:
    labels = _names([one.label for one in sd_schedulers.schedulers])
    _known(field, name, sd_schedulers.schedulers_map, labels, may_lack=True)


def _checkpoint(field: str, name: object, none: tuple[str, ...]) -> None:
    if name in (None, "", *none):
        return
    if not isinstance(name, str) or sd_models.get_closet_checkpoint_match(name) is None:
        raise InvalidInput(field, name, "the checkpoints of this WebUI", "is not there")


def _typed_seed(value: object) -> object:
    """A seed from a text field (`--use-textbox-seed`) as the host reads it."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,30}\s*", value) else value


def _whole(value: object, field: str, lowest: float, highest: float) -> None:
    bounds = _bounds("whole numbers", lowest, highest)
    if not _is_number(value) or not math.isfinite(value) or value != int(value):
        raise InvalidInput(field, value, bounds, "is no whole number")
    _within(field, value, lowest, highest, bounds)


def _between(field: str, value: object, lowest: float | None = None, highest: float | None = None) -> None:
    low, high = (-math.inf if lowest is None else lowest), (math.inf if highest is None else highest)
    bounds = _bounds("numbers", low, high)
    if not _is_number(value) or not math.isfinite(value):
        raise InvalidInput(field, value, bounds, "is no number")
    _within(field, value, low, high, bounds)


def _within(field: str, value: Any, lowest: float, highest: float, bounds: str) -> None:
    if value < lowest:
        raise InvalidInput(field, value, bounds, "is too small")
    if value > highest:
        raise InvalidInput(field, value, bounds, "is too large")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounds(kind: str, lowest: float, highest: float) -> str:
    if math.isinf(lowest) and math.isinf(highest):
        return kind
    return f"{kind} from {lowest}" + ("" if math.isinf(highest) else f" to {highest}")


def check_clip_skips(request: Any, trial: Any, plan: SweepPlan, cells: list[Cell]) -> None:
    """Raises `InvalidInput` where the loaded model can't do what is asked in one of these cells, which share `trial`.

    Of a checkpoint that an axis names nothing is known before it is loaded; then the cell fails with the reason.
    """
    asked = {layer_request_of(trial, plan, cell.clip_skip) for cell in cells}
    model = loaded_model()
    if model is None or trial.override_settings.get(CHECKPOINT) != request.override_settings.get(CHECKPOINT):
        return
    for finer in sorted(asked, key=repr):
        check_asked(finer, model)
        for negative in (False, True):
            check_choices(model, finer, negative, setting_now())
