"""Axes of finer clip skip, for the host's X/Y/Z plot and so for the sweep, which takes its axes from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import script_callbacks

from ..sweep.finer import (
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    INTERPOLATION,
    INTERPOLATIONS,
    NAMES,
    NEGATIVE,
    read_value,
)
from ..sweep.values import read_clip_skip, split_list
from .a1111_finer import ask

PREFIX = "[Clip Skip Lab] "
CLIP_SKIP_LABEL = "Clip skip with fractions"
LABELS = {
    CLIP_SKIP: CLIP_SKIP_LABEL,
    NEGATIVE: NAMES[NEGATIVE],
    CLIP_L_SKIP: NAMES[CLIP_L_SKIP],
    BIG_G_SKIP: NAMES[BIG_G_SKIP],
    INTERPOLATION: "Clip skip interpolation",
}


def register_axes(find_xyz: Callable[[], Any | None]) -> None:
    """Adds the axes to the X/Y/Z plot, at once where it is loaded already (with `--nowebui` nothing comes later), and
    when the host is about to draw its page; the host forgets it at "Reload UI".

    Args:
        find_xyz: gives the module of the X/Y/Z plot, or None when it isn't there.
    """

    def add() -> None:
        module = find_xyz()
        if module is None:
            return
        there = {option.label for option in module.axis_options}
        module.axis_options += [option for option in _options(module) if option.label not in there]

    add()
    script_callbacks.on_before_ui(add)


def own_label(label: str) -> str:
    """The name of an axis in the sweep, where the prefix says nothing."""
    return label.removeprefix(PREFIX)


def is_own(option: Any) -> bool:
    """Whether an axis of the X/Y/Z plot is one of these; a batch can carry each of them for each picture."""
    return option.label in {PREFIX + label for label in LABELS.values()}


def _options(module: Any) -> list[Any]:
    options = []
    for key, label in LABELS.items():
        if key == INTERPOLATION:
            given = {"choices": lambda: list(INTERPOLATIONS), "confirm": _known_ways}
        else:
            given = {"prepare": _prepare(label), "confirm": _confirm(label)}
        options.append(module.AxisOption(PREFIX + label, str, _apply(key), format_value=_shown(label), **given))
    return options


def _apply(key: str) -> Callable[[Any, str, list], None]:
    def apply(p: Any, value: str, values: list) -> None:
        ask(p, **{key: value})

    return apply


def _prepare(label: str) -> Callable[[str], list[str]]:
    """Splits the text and writes ranges out, which the X/Y/Z plot does for its own numbers only."""

    def prepare(text: str) -> list[str]:
        found: list[str] = []
        for part in split_list(text):
            same = part.casefold() == "same"
            found += ["same"] if same else [str(value) for value in read_clip_skip(part, None, label)]
        return found

    return prepare


def _confirm(label: str) -> Callable[[Any, list], None]:
    def confirm(p: Any, values: list) -> None:
        for value in values:
            read_value(value, label)

    return confirm


def _known_ways(p: Any, values: list) -> None:
    for value in values:
        if value not in INTERPOLATIONS:
            raise ValueError(f"{value} is not one of: {', '.join(INTERPOLATIONS)}")


def _shown(label: str) -> Callable[[Any, Any, object], str]:
    return lambda p, option, value: f"{label}: {value}"
