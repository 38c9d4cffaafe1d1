"""The host's request object `p`: copying it for a cell, applying axes to it, and what it amounts to."""

from __future__ import annotations

import hashlib
import math
from copy import copy
from typing import Any

from modules import processing, shared

from ..sweep.errors import InvalidInput
from ..sweep.finer import CLIP_SKIP as VALUE
from ..sweep.grid import sheet_size
from ..sweep.plan import VALUE_FIELDS, Cell, SweepPlan
from .a1111_axes import apply_axis
from .a1111_finer import CLIP_SKIP, asked_in_panel
from .a1111_steady import CHECKPOINT, VAE
from .options import captured


def applied(request: Any, plan: SweepPlan, cell: Cell) -> tuple[Any, dict[str, Any]]:
    """A copy of the request with the cell's axis values applied, and the options that the axes wrote meanwhile.

    Raises `InvalidInput` for a value that its axis does not take with this request.
    """
    copied = copy_request(request)
    with captured(shared.opts.data) as written:
        for letter, axis in plan.further_axes():
            value = axis.values[getattr(cell, letter)]
            try:
                apply_axis(copied, axis, value)
            except Exception as error:  # an axis of another extension may raise anything
                problem = f"cannot be applied ({error})"
                allowed = f"values that {axis.axis.label} can take with these settings"
                raise InvalidInput(VALUE_FIELDS[letter], axis.axis.show(value), allowed, problem) from error
    if plan.draft:
        shrink(copied)
    return copied, written


def shrink(request: Any) -> None:
    """Makes a request one for a draft: half the steps and half the size, in the multiples of 8 that a latent has."""
    request.steps = max(1, (request.steps + 1) // 2)
    request.width, request.height = (max(64, side // 16 * 8) for side in (request.width, request.height))
    if has_hires(request):
        request.hr_second_pass_steps = (request.hr_second_pass_steps + 1) // 2  # 0 stays 0: as many as the first
        request.hr_resize_x, request.hr_resize_y = request.hr_resize_x // 16 * 8, request.hr_resize_y // 16 * 8


def copy_request(request: Any) -> Any:
    """A copy that can be changed without touching the request: its lists and dicts are copies too.

    The cond caches stay the host's own lists: they are meant to be shared between generations.
    """
    copied = copy(request)
    for name, value in list(vars(copied).items()):
        if isinstance(value, list | dict | set) and not name.startswith("cached_"):
            vars(copied)[name] = copy(value)  # not setattr: assigning script arguments would set scripts up again
    return copied


def jobs(request: Any) -> int:
    """How many jobs the host's progress bar counts for one generation."""
    return request.n_iter * (2 if has_hires(request) else 1)


def has_hires(request: Any) -> bool:
    """Whether a request is generated with hires fix."""
    return isinstance(request, processing.StableDiffusionProcessingTxt2Img) and bool(request.enable_hr)


def steps(request: Any) -> int:
    """Sampling steps of one batch (modules/sd_samplers_common.py, `setup_img2img_steps`, for img2img)."""
    if not isinstance(request, processing.StableDiffusionProcessingImg2Img):
        second = (request.hr_second_pass_steps or request.steps) if request.enable_hr else 0
        return request.steps + second
    if shared.opts.img2img_fix_steps:
        return request.steps
    strength = 0.75 if request.denoising_strength is None else request.denoising_strength
    return int(min(strength, 0.999) * request.steps) + 1


def picture_size(request: Any) -> tuple[int, int]:
    """Width and height in pixels of the pictures that a request gives, hires fix included. Changes the request."""
    width, height = request.width, request.height
    if has_hires(request):
        request.calculate_target_resolution()
        width = request.hr_upscale_to_x - request.truncate_x * 8
        height = request.hr_upscale_to_y - request.truncate_y * 8
    return width, height


def cell_size(request: Any) -> tuple[int, int]:
    """The size in pixels of a cell with all pictures of one generation side by side. Changes the request."""
    return sheet_size(picture_size(request), request.n_iter * request.batch_size)


NO_SETTING = (
    *("sd_model_name", "sd_model_hash", "sd_vae_name", "sd_vae_hash"),
    *("iteration", "user", "is_api", "force_task_id", "scripts_setup_complete", "override_settings_restore_afterwards"),
)
"""Plain fields of a request that do not decide a picture."""


def restore_setting(request: Any, setting: dict[str, Any]) -> None:
    """Gives a request the settings that `setting_of` told of another one; pictures stay what they are."""
    setting = dict(setting)
    options = setting.pop("options", {})
    for name, value in setting.items():
        infinite = value is None and vars(request).get(name) == math.inf  # as `sweep.json` writes it: `s_tmax`
        if name not in ("init_images", "image_mask") and not infinite:
            setattr(request, name, value)
    now, known = shared.opts.data, shared.opts.data_labels
    moved = {key: value for key, value in options.items() if key in known and now.get(key, known[key].default) != value}
    request.override_settings = {**request.override_settings, **moved}


def setting_of(request: Any, plan: SweepPlan, options: dict[str, Any]) -> dict[str, object]:
    """What decides the pictures beside plan and model, as plain data, for `sweep.json` and the fingerprint.

    Input pictures and masks stand there as hashes. A variation seed without strength is left out: it decides nothing,
    and the host draws another each time.

    Args:
        request: the host's request.
        plan: the sweep's.
        options: those that decide pictures, from `deciding_options`.
    """
    plain = (str, int, float, bool, type(None))
    setting: dict[str, object] = {
        name: value
        for name, value in vars(request).items()
        if isinstance(value, plain) and name not in NO_SETTING and not name.startswith(("do_not_save", "outpath"))
    }
    for name in ("init_images", "image_mask"):
        if getattr(request, name, None) is not None:
            setting[name] = [_digest(image) for image in _as_list(getattr(request, name))]
    varied = any(axis.axis.label == "Var. strength" for _, axis in plan.further_axes())
    if not request.subseed_strength and not varied:
        setting.pop("subseed", None)
    setting["styles"] = list(request.styles)
    setting["clip_skip_lab"] = {key: value for key, value in asked_in_panel(request).items() if key != VALUE}
    setting["options"] = {key: value for key, value in options.items() if key not in (CLIP_SKIP, CHECKPOINT, VAE)}
    known = (*setting["options"], CLIP_SKIP)
    setting["override_settings"] = {key: value for key, value in request.override_settings.items() if key not in known}
    return setting


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _digest(image: Any) -> str:
    pixels = image.convert("RGBA")
    return hashlib.sha256(repr(pixels.size).encode() + pixels.tobytes()).hexdigest()[:16]
