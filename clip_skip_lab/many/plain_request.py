"""The requests that a WebUI without this extension gets: one for each cell."""

from __future__ import annotations

import hashlib
from typing import Any

from ..errors import InvalidInput
from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from ..sweep.plan import Cell, SweepPlan
from ..sweep.usual_axes import fixed_seed
from .exchange import Job, Task
from .plain_axes import PLAIN_AXES
from .plain_facts import MODULES, OWN_SCHEDULE, Facts

SIDE = 512
"""Width and height where a request leaves them out (AUTOMATIC1111 v1.10.1, modules/processing.py)."""

PLAIN = (str, int, float, bool, type(None))
NO_SETTING = ("send_images", "save_images", "override_settings_restore_afterwards", "force_task_id", "infotext")


def body_of_cell(cell: Cell, plan: SweepPlan, task: Task, facts: Facts) -> dict[str, Any]:
    """The request of a cell."""
    request, setting = as_before(task.job, facts), task.described.setting
    body = {**request, "seed": setting["seed"], "subseed": setting.get("subseed", request.get("subseed", -1))}
    overrides = overrides_of(request)
    if overrides.get(CHECKPOINT):
        overrides[CHECKPOINT] = facts.checkpoint(overrides[CHECKPOINT]).title
    if facts.options.get(OWN_SCHEDULE):
        overrides[OWN_SCHEDULE] = False
    body["override_settings"] = overrides
    for letter, axis in plan.further_axes():
        PLAIN_AXES[axis.axis.label].apply(body, axis.values[getattr(cell, letter)], axis.values, facts)
    body["override_settings"] = {**body["override_settings"], OPTION_KEY: cell.clip_skip}
    return {**body, "override_settings_restore_afterwards": True, "send_images": True}


def as_before(job: Job, facts: Facts) -> dict[str, Any]:
    """The request of a job; of a sweep that is resumed, with the seeds and the options that it began with."""
    if job.setting is None:
        return job.request
    setting, options = job.setting, job.setting.get("options")
    then = options if isinstance(options, dict) else {}
    moved = {key: value for key, value in facts.deciding().items() if key in then and then[key] != value}
    seeds = {key: setting[key] for key in ("seed", "subseed") if setting.get(key) is not None}
    overrides = {**overrides_of(job.request), **{key: then[key] for key in moved if key != MODULES}}
    return {**job.request, **seeds, "override_settings": overrides}


def overrides_of(request: dict[str, Any]) -> dict[str, Any]:
    """Its `override_settings`, as a copy."""
    given = request.get("override_settings")
    return dict(given) if isinstance(given, dict) else {}


def _whole(value: object, without: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else without


def pictures_of(request: dict[str, Any]) -> int:
    """How many pictures it gives."""
    return _whole(request.get("batch_size"), 1) * _whole(request.get("n_iter"), 1)


def first_size(request: dict[str, Any]) -> tuple[int, int]:
    """Width and height before hires fix, which infotexts tell as "Size"."""
    return _whole(request.get("width"), SIDE), _whole(request.get("height"), SIDE)


def size_of(request: dict[str, Any]) -> tuple[int, int]:
    """Width and height of a picture, hires fix included as far as the request says it."""
    width, height = first_size(request)
    if not request.get("enable_hr"):
        return width, height
    to_width, to_height = _whole(request.get("hr_resize_x"), 0), _whole(request.get("hr_resize_y"), 0)
    scale = request.get("hr_scale", 2.0)
    scale = float(scale) if isinstance(scale, int | float) and scale > 0 else 2.0
    if to_width or to_height:
        return to_width or width * to_height // height, to_height or height * to_width // width
    return int(width * scale), int(height * scale)


def _seed(request: dict[str, Any], field: str) -> int:
    given = request.get(field)
    seed = fixed_seed(-1 if given in (None, "") else given)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInput(field, given, Text("a whole number, or -1 for a random one"))
    return seed


def setting_of(request: dict[str, Any], plan: SweepPlan, facts: Facts) -> dict[str, Any]:
    """What decides the pictures beside plan and model: the request with its seeds fixed, pictures as hashes, and the
    options that decide pictures."""
    setting: dict[str, Any] = {
        key: value for key, value in request.items() if isinstance(value, PLAIN) and key not in (*NO_SETTING, "mask")
    }
    if request.get("styles"):
        setting["styles"] = request["styles"]
    for key in ("init_images", "mask"):
        if request.get(key):
            given = request[key] if isinstance(request[key], list) else [request[key]]
            setting[key] = [hashlib.sha256(str(picture).encode()).hexdigest()[:16] for picture in given]
    setting["seed"] = _seed(request, "seed")
    varied = any(axis.axis.label == "Var. strength" for _, axis in plan.further_axes())
    setting.pop("subseed", None)
    if request.get("subseed_strength") or varied:  # else it decides nothing
        setting["subseed"] = _seed(request, "subseed")
    overrides = overrides_of(request)
    loaded = (OPTION_KEY, CHECKPOINT, VAE)
    setting["options"] = {key: overrides.get(key, value) for key, value in facts.deciding().items()}
    setting["override_settings"] = {
        key: value for key, value in overrides.items() if key not in (*setting["options"], *loaded)
    }
    return setting
