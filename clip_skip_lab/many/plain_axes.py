"""Axes of a WebUI without this extension: those whose values can be put into a request of the API.

They are called, read and labelled as in the X/Y/Z plot (AUTOMATIC1111 v1.10.1, scripts/xyz_grid.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import InvalidInput, named_list
from ..hosts import CHECKPOINT, VAE
from ..language import Text
from ..sweep.axes import Axis
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
from .plain_facts import Facts

CHECKPOINT_NAME = "Checkpoint name"
VAE_AXIS = "VAE"
LEFT_OPEN = {VAE_AXIS: ("Automatic", "None"), "Schedule type": ("Automatic",)}
"""Values by which an axis leaves it to the WebUI; infotexts tell what it chose."""

Apply = Callable[[dict[str, Any], Any, tuple[Any, ...], Facts], None]


@dataclass(frozen=True)
class PlainAxis:
    """An axis that is put into a request.

    Attributes:
        apply: puts a value into the body of a request, given all values of the axis and what the WebUI told.
        told: the key under which an infotext tells the value, "" for none.
        absent: what the value is where that key is missing, None where it is unknown then.
        kind, cost: as in `Axis`.
        choices: of its values; None where it takes any.
        named: whether a label has the axis' name before the value.
    """

    apply: Apply
    told: str = ""
    absent: str | None = None
    kind: str = "text"
    cost: float = 0.0
    choices: Callable[[Facts], list[str]] | None = None
    named: bool = True


def _field(name: str) -> Apply:
    def apply(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
        body[name] = value

    return apply


def _override(key: str) -> Apply:
    def apply(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
        body["override_settings"] = {**body["override_settings"], key: value}

    return apply


def _checkpoint(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
    _override(CHECKPOINT)(body, facts.checkpoint(value).title, values, facts)


def _size(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
    body["width"], body["height"] = size_of(value)


def _styles(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
    body["styles"] = [*(body.get("styles") or []), *styles_of(value, facts.styles())]


def _replaced(body: dict[str, Any], value: Any, values: tuple[Any, ...], facts: Facts) -> None:
    for name in ("prompt", "negative_prompt"):
        body[name] = (body.get(name) or "").replace(values[0], value)


PLAIN_AXES: dict[str, PlainAxis] = {
    CFG_SCALE: PlainAxis(_field("cfg_scale"), "CFG scale", kind="float"),
    "Seed": PlainAxis(_field("seed"), "Seed", kind="int"),
    "Var. seed": PlainAxis(_field("subseed"), "Variation seed", kind="int"),
    "Var. strength": PlainAxis(_field("subseed_strength"), "Variation seed strength", absent="0", kind="float"),
    "Steps": PlainAxis(_field("steps"), "Steps", kind="int"),
    SEARCH_REPLACE: PlainAxis(_replaced, named=False),
    "Sampler": PlainAxis(_field("sampler_name"), "Sampler", choices=Facts.samplers, named=False),
    CHECKPOINT_NAME: PlainAxis(_checkpoint, cost=1.0, choices=Facts.titles, named=False),
    "Schedule type": PlainAxis(_field("scheduler"), "Schedule type", choices=Facts.schedule_types),
    "Denoising": PlainAxis(_field("denoising_strength"), "Denoising strength", kind="float"),
    VAE_AXIS: PlainAxis(_override(VAE), "VAE", cost=0.7, choices=Facts.vaes),
    STYLES: PlainAxis(_styles, choices=Facts.styles),
    SIZE: PlainAxis(_size, "Size"),
}
"""By their names in the X/Y/Z plot. A checkpoint is looked at with each picture (plain_label.py)."""


def plain_axes(request: dict[str, Any], facts: Facts) -> list[Axis]:
    """They as `Axis` records, for a request and what a WebUI tells."""
    return [_axis(label, axis, request, facts) for label, axis in PLAIN_AXES.items()]


def _axis(label: str, axis: PlainAxis, request: dict[str, Any], facts: Facts) -> Axis:
    choices = axis.choices
    return Axis(
        label=label,
        kind=axis.kind,
        cost=axis.cost,
        seen=True,
        bounds=BOUNDS.get(label),
        choices=None if choices is None else cache(lambda: choices(facts)),
        convert=size_as_typed if label == SIZE else str,
        confirm=_confirm(label, request, facts),
        fix=fixed_seed if label in SEEDS else None,
        show=_show(label, axis),
    )


def _show(label: str, axis: PlainAxis) -> Callable[[object], str]:
    def show(value: object) -> str:
        text = str(round(value, 8) if isinstance(value, float) else value)
        if label == CHECKPOINT_NAME:
            return os.path.basename(text)
        return f"{label}: {text}" if axis.named else text

    return show


def _confirm(label: str, request: dict[str, Any], facts: Facts) -> Callable[[list[Any]], None] | None:
    if label == SIZE:
        return lambda values: [size_of(value) for value in values].clear()
    if label == STYLES:
        return lambda values: [styles_of(value, facts.styles()) for value in values].clear()
    if label == CHECKPOINT_NAME:
        return lambda values: [facts.checkpoint(value) for value in values].clear()
    if label == SEARCH_REPLACE:
        return lambda values: _check_replaces(values, request)
    return None


def _check_replaces(values: list[Any], request: dict[str, Any]) -> None:
    check_replaces_something(values)
    texts = [text for text in (request.get("prompt"), request.get("negative_prompt")) if isinstance(text, str)]
    if not any(values[0] in text for text in texts):
        allowed, problem = Text("a text from the prompt, then what to replace it with"), Text("is in neither prompt")
        raise InvalidInput(SEARCH_REPLACE, values[0], allowed, problem)


def check_label(label: object, field: str, url: str) -> None:
    """Raises `InvalidInput` for an axis that a WebUI has only with this extension, or not at all."""
    known = {name.casefold() for name in PLAIN_AXES} | {"nothing", ""}
    if isinstance(label, str) and label.strip().casefold() not in known:
        problem = Text("is not an axis of {url}, which lacks Clip Skip Lab", url=url)
        raise InvalidInput(field, label, named_list(list(PLAIN_AXES), most=60), problem)
