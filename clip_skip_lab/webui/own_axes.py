"""Axes of layer requests, for the host's X/Y/Z plot and so for the sweep, which takes its axes from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import script_callbacks

from ..layers.selection import BIG_G, CLIP_L
from ..sweep.layer_request import (
    AXES,
    BIG_G_SKIP,
    CLIP_L_SKIP,
    INTERPOLATION,
    INTERPOLATIONS,
    LAYERS_OF_SDXL,
    SAME,
    read_layer_request,
    read_value,
    read_values,
)
from .engine import Engine
from .layer_request import ask

PREFIX = "[Clip Skip Lab] "


def register_axes(find_xyz: Callable[[], Any | None], engine: Engine) -> None:
    """Adds the axes to the X/Y/Z plot, at once where it is loaded already (with `--nowebui` nothing comes later), and
    when the host is about to draw its page; the host forgets it at "Reload UI".

    Args:
        find_xyz: gives the module of the X/Y/Z plot, or None when it isn't there.
        engine: the WebUI's.
    """

    def add() -> None:
        module = find_xyz()
        if module is None:
            return
        there = {option.label for option in module.axis_options}
        module.axis_options += [option for option in _options(module, engine) if option.label not in there]

    add()
    script_callbacks.on_before_ui(add)


def own_label(label: str) -> str:
    """The name of an axis in the sweep, where the prefix says nothing."""
    return label.removeprefix(PREFIX)


def is_own(option: Any) -> bool:
    """Whether an axis of the X/Y/Z plot is one of these; a batch can carry each of them for each picture."""
    return option.label in {PREFIX + label for label in AXES}


def _options(module: Any, engine: Engine) -> list[Any]:
    return [
        module.AxisOption(
            PREFIX + label,
            _read(label, key, engine),
            _apply(key),
            format_value=_shown(label),
            **_given(label, key, engine),
        )
        for label, key in AXES.items()
    ]


def _given(label: str, key: str, engine: Engine) -> dict[str, Any]:
    if key == INTERPOLATION:
        return {"choices": lambda: list(INTERPOLATIONS)}

    def prepare(text: str) -> list[str]:
        """Splits the text and writes ranges out, which the X/Y/Z plot does for its own numbers only."""
        return [str(value) for value in read_values(text, label, _highest(key, engine))]

    return {"prepare": prepare}


def _apply(key: str) -> Callable[[Any, str, list], None]:
    def apply(p: Any, value: str, values: list) -> None:
        ask(p, **{key: value})

    return apply


def _read(label: str, key: str, engine: Engine) -> Callable[[str], str]:
    """The type of an axis' values: one as it is written. Raises `InvalidInput` for what the loaded model hasn't."""

    def read(text: str) -> str:
        if key == INTERPOLATION:
            return read_layer_request({key: text}).interpolation
        value = read_value(text, label, _highest(key, engine))
        return SAME if value is None else str(value)

    return read


def _highest(key: str, engine: Engine) -> int | None:
    """The highest value of an axis, for the model that is loaded now; None where none is, or one that isn't known."""
    encoders = engine.loaded().encoders
    if key in LAYERS_OF_SDXL:
        kind = {CLIP_L_SKIP: CLIP_L, BIG_G_SKIP: BIG_G}[key]
        return next((encoder.described.layers for encoder in encoders if encoder.kind == kind), LAYERS_OF_SDXL[key])
    return min((encoder.described.layers for encoder in encoders), default=None)


def _shown(label: str) -> Callable[[Any, Any, object], str]:
    return lambda p, option, value: f"{label}: {value}"
