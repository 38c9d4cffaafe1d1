"""The axes of the host's X/Y/Z plot as `Axis` records, and applying their values (scripts/xyz_grid.py, v1.10.1)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from modules import scripts, sd_models

from ..errors import InvalidInput
from ..language import Text
from ..sweep.axes import AXIS_NAME, Axis, AxisValues
from ..sweep.layer_request import FRACTIONS
from ..sweep.usual_axes import (
    BOUNDS,
    CFG_SCALE,
    SEARCH_REPLACE,
    SEEDS,
    SIZE,
    STYLES,
    check_replaces_something,
    fixed_seed,
    size_as_typed,
    size_of,
    styles_of,
)
from .own_axes import PREFIX, is_own, own_label

XYZ_MODULES = ("xyz_grid.py", "scripts.xyz_grid")
CHECKPOINTS = ("Checkpoint name", "Refiner checkpoint")
LEFT_OUT = ("Nothing", AXIS_NAME, PREFIX + FRACTIONS)


def xyz_module() -> Any | None:
    """The module of the host's X/Y/Z plot as it was loaded last, or None when it isn't there (it can be disabled)."""
    for record in reversed(scripts.scripts_data):
        if record.script_class.__module__ in XYZ_MODULES:
            return record.module
    return None


def host_axes(request: Any) -> list[Axis]:
    """The axes for this kind of request, CFG Scale first; none when the host's X/Y/Z plot isn't there."""
    module = xyz_module()
    if module is None:
        return []
    is_img2img = hasattr(request, "init_images")
    axes = [
        _axis(option, request, module)
        for option in module.axis_options
        if getattr(option, "is_img2img", is_img2img) == is_img2img and option.label not in LEFT_OUT
    ]
    return sorted(axes, key=lambda axis: axis.label != CFG_SCALE)


def apply_axis(request: Any, axis: AxisValues, value: Any) -> None:
    """Applies one value to a request the way the X/Y/Z plot does. Raises whatever the axis raises."""
    if axis.axis.apply is None:  # one that was made without a host
        raise TypeError(f"{axis.axis.label} cannot be applied to a request")
    axis.axis.apply(request, value, list(axis.values))


def _axis(option: Any, request: Any, module: Any) -> Axis:
    own = getattr(option.apply, "__module__", None) == module.__name__
    kind, convert = _kind(option.type, module)
    return Axis(
        label=own_label(option.label),
        plot_label=option.label,
        kind=kind,
        cost=option.cost,
        seen=own or is_own(option),
        carried=is_own(option) or (own and option.label in SEEDS),
        bounds=BOUNDS.get(option.label) if own else None,
        choices=option.choices,
        find=_checkpoint_title if own and option.label in CHECKPOINTS else None,
        confirm=_confirm(option, request, own),
        prepare=option.prepare,
        convert=size_as_typed if own and option.label == SIZE else convert,
        fix=fixed_seed if own and option.label in SEEDS else None,
        show=lambda value: str(option.format_value(request, option, value)),
        apply=_apply_styles(option.choices) if own and option.label == STYLES else option.apply,
    )


def _kind(kind: Any, module: Any) -> tuple[str, Callable[[str], object]]:
    if kind is int:
        return "int", str
    if kind is float:
        return "float", str
    if kind is getattr(module, "str_permutations", None):
        return "order", str
    return "text", kind


def _confirm(option: Any, request: Any, own: bool) -> Callable[[list], None] | None:
    """The host's check with what it leaves out: sizes, styles, files that are gone, and replacing nothing."""
    checks = [lambda values: option.confirm(request, values)] if option.confirm else []
    if own and option.label == SIZE:
        checks.append(lambda values: [size_of(value) for value in values])
    elif own and option.label == STYLES:
        checks.append(lambda values: [styles_of(value, option.choices()) for value in values])
    elif own and option.label == SEARCH_REPLACE:
        checks.append(check_replaces_something)
    elif own and option.label in CHECKPOINTS:
        checks.append(_checkpoints_exist)
    if not checks:
        return None

    def confirm(values: list) -> None:
        for check in checks:
            check(values)

    return confirm


def _apply_styles(choices: Callable[[], list[str]]) -> Callable[[Any, str, list], None]:
    """As the X/Y/Z plot does, but for names with a comma, which it takes for two."""

    def apply(p: Any, value: str, values: list) -> None:
        p.styles = [*p.styles, *styles_of(value, choices())]

    return apply


def _checkpoints_exist(values: list) -> None:
    for value in values:
        info = None if value in ("", "None", "none") else sd_models.get_closet_checkpoint_match(value)
        if info is not None and not os.path.isfile(info.filename):
            raise InvalidInput(
                "Checkpoint",
                value,
                Text("checkpoints that exist"),
                Text("no longer exists ({file})", file=info.filename),
            )


def _checkpoint_title(text: str) -> str | None:
    """The checkpoint that the host would take for this text, as it is called now: a title changes with its hash."""
    found = sd_models.get_closet_checkpoint_match(text)
    return found.title if found is not None else None
