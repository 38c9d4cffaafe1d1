"""The host's request object `p`: copying it for a cell, applying axes to it, and what it amounts to."""

from __future__ import annotations

import hashlib
import math
import re
from copy import copy
from dataclasses import Field, fields
from typing import Any

from modules import processing, sd_samplers, shared

from ..errors import InvalidInput
from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from ..sweep.grid import sheet_size
from ..sweep.layer_request import CLIP_SKIP
from ..sweep.plan import Cell, SweepPlan
from ..sweep.plan_keys import VALUE_FIELDS
from .engine import Engine
from .host_axes import apply_axis
from .layer_request import asked_in_panel
from .option_checks import check_option
from .options import captured


def applied(engine: Engine, request: Any, plan: SweepPlan, cell: Cell) -> tuple[Any, dict[str, Any]]:
    """A copy of the request with the cell's axis values applied, and the options that the axes wrote meanwhile; what
    they did to the host's loading is undone.

    Raises `InvalidInput` for a value that its axis does not take with this request.
    """
    copied = copy_request(request)
    with engine.loading_untouched(), captured(shared.opts.data) as written:
        for letter, axis in plan.further_axes():
            value = axis.values[getattr(cell, letter)]
            try:
                apply_axis(copied, axis, value)
            except Exception as error:  # an axis of another extension may raise anything
                problem = Text("cannot be applied ({error})", error=error)
                allowed = Text("values that {axis} can take with these settings", axis=axis.axis.label)
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


def passes_of_a_step(request: Any) -> int:
    """How often a step asks the UNet: twice with samplers of second order (modules/sd_samplers_common.py,
    `SamplerData.total_steps`)."""
    sampler = sd_samplers.find_sampler_config(request.sampler_name)
    return 2 if sampler is not None and sampler.options.get("second_order") else 1


def kind_of_work(engine: Engine, request: Any, plan: SweepPlan) -> str:
    """What decides how long a step of a picture takes, beside its sampler, as a text. Changes the request."""
    model = "+".join(encoder.kind for encoder in engine.loaded().encoders) or "unknown"
    first, (width, height) = (request.width, request.height), picture_size(request)
    size = f"{first[0]}x{first[1]}" + (f" to {width}x{height}" if (width, height) != first else "")
    together = f"fast {plan.cells_per_batch}" if plan.mode == "fast" else "exact"
    return f"{model} {size} {together} x{request.batch_size}"


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


PLAIN = (str, int, float, bool, type(None))
PLACE = re.compile(r"dir|path|folder|font", re.IGNORECASE)
"""The options whose text names a place on the disk: none of them decides a picture, and none is told or taken back."""


def name_checkpoint(request: Any) -> None:
    """Puts a checkpoint's title in the place of the host's record of it, as the batch of img2img gives it with "PNG
    info" (modules/img2img.py, `process_batch`): the host itself passes over such an override."""
    title = getattr(request.override_settings.get(CHECKPOINT), "title", None)
    if title is not None and not isinstance(request.override_settings[CHECKPOINT], str):
        request.override_settings = {**request.override_settings, CHECKPOINT: title}


def restore_setting(request: Any, setting: dict[str, Any]) -> None:
    """Gives a request the settings that `setting_of` told of another one; pictures stay what they are.

    Somebody may have sent or edited them: what a sweep does not tell, such as a path, is not taken.

    Raises `InvalidInput` for a value of a kind that the request does not take.
    """
    for field in fields(request):
        name, kinds = field.name, _kinds(field)
        if name not in setting or not field.init or not kinds or not is_told(name):
            continue
        value = setting[name]
        if value is None and vars(request).get(name) == math.inf:  # as `sweep.json` writes it: `s_tmax`
            continue
        if not (_may_be_none(request, name) if value is None else _is_one_of(value, kinds)):
            raise _not_as_written(name, value)
        setattr(request, name, copy(value))
    if request.styles is None:  # which a request makes to no styles only when it is new
        raise _not_as_written("styles", None)
    options, overrides = (setting.get(key, {}) for key in ("options", "override_settings"))
    now, known = shared.opts.data, shared.opts.data_labels
    for key, given in (("options", options), ("override_settings", overrides)):
        if not isinstance(given, dict):
            raise _not_as_written(key, given)
    moved = {
        key: value
        for key, value in options.items()
        if key in known and not is_place(key, value) and now.get(key, known[key].default) != value
    }
    for key, value in moved.items():
        check_option(key, value, "setting.options")
    request.override_settings = {key: value for key, value in overrides.items() if not is_place(key, value)} | moved


def is_told(name: str) -> bool:
    """Whether a request's field of that name is one that a sweep tells, if its value is plain."""
    return name not in NO_SETTING and not name.startswith(("do_not_save", "outpath"))


def _told_lists(request: Any) -> dict[str, list[str]]:
    """The lists of names that a request is made with, such as styles; what it fills while it runs is none of them."""
    values = {field.name: vars(request).get(field.name) for field in fields(request) if field.init and _kinds(field)}
    return {name: [*value] for name, value in values.items() if _is_one_of(value, (list,))}


def is_place(key: str, value: Any) -> bool:
    """Whether an option names a place on this machine's disk."""
    return isinstance(value, str) and PLACE.search(key) is not None


def _kinds(field: Field) -> tuple[type, ...]:
    """The plain types that a field of a request is for, by its annotation, which the host writes as text; a list is one
    of names, if not of pictures."""
    if field.name.endswith("_images"):
        return ()
    words = re.findall(r"\w+", field.type if isinstance(field.type, str) else getattr(field.type, "__name__", ""))
    kinds = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "list": (list,)}
    return kinds.get(words[0], ()) if words else ()


def _may_be_none(request: Any, name: str) -> bool:
    """Whether a field of the request, or of what its class is made from, is None unless said: the API's are, too."""
    kinds = [vars(kind).get("__dataclass_fields__", {}).get(name) for kind in type(request).__mro__]
    return any(field is not None and field.default is None for field in kinds)


def _is_one_of(value: Any, kinds: tuple[type, ...]) -> bool:
    if kinds == (bool,) and value in (0, 1):
        return type(value) in (bool, int)  # the page sends a radio button's number: "Inpaint area" is 0 or 1
    if type(value) is list:
        return list in kinds and all(isinstance(one, str) for one in value)
    return type(value) in kinds  # `type`, as True is an int too


def _not_as_written(name: str, value: Any) -> InvalidInput:
    return InvalidInput(
        f"setting.{name}", value, Text("a value of the type that a sweep writes"), Text("is of another type")
    )


def setting_of(request: Any, plan: SweepPlan, options: dict[str, Any]) -> dict[str, object]:
    """What decides the pictures beside plan and model, as plain data, for `sweep.json` and the fingerprint.

    Input pictures and masks stand there as hashes. A variation seed without strength is left out: it decides nothing,
    and the host draws another each time.

    Args:
        request: the host's request.
        plan: the sweep's.
        options: those that decide pictures, from `steady_options`.
    """
    setting: dict[str, object] = {
        name: value for name, value in vars(request).items() if isinstance(value, PLAIN) and is_told(name)
    }
    setting |= _told_lists(request)
    for name in ("init_images", "image_mask"):
        if getattr(request, name, None) is not None:
            setting[name] = [_digest(image) for image in _as_list(getattr(request, name))]
    varied = any(axis.axis.label == "Var. strength" for _, axis in plan.further_axes())
    if not request.subseed_strength and not varied:
        setting.pop("subseed", None)
    setting["clip_skip_lab"] = {key: value for key, value in asked_in_panel(request).items() if key != CLIP_SKIP}
    told = {key: value for key, value in options.items() if key not in (OPTION_KEY, CHECKPOINT, VAE)}
    setting["options"] = told
    known = (*told, OPTION_KEY)
    setting["override_settings"] = {
        key: value for key, value in request.override_settings.items() if key not in known and not is_place(key, value)
    }
    return setting


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _digest(image: Any) -> str:
    pixels = image.convert("RGBA")
    return hashlib.sha256(repr(pixels.size).encode() + pixels.tobytes()).hexdigest()[:16]
