"""What an axis begins with when it is chosen, and an example of what can be typed for it: values it takes, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidInput
from .axes import Axis, read_axis_values
from .values import join_list

USUAL = {
    "CFG Scale": "5, 7, 9, 11",
    "Distilled CFG Scale": "2.5, 3.5, 4.5",
    "Image CFG Scale": "1, 1.5, 2",
    "Steps": "10, 20, 30, 40",
    "Hires steps": "5, 10, 20",
    "Denoising": "0.3, 0.5, 0.7",
    "Var. strength": "0, 0.1, 0.2, 0.3",
    "Eta": "0, 0.5, 1",
    "Initial noise multiplier": "0.9, 1, 1.1",
    "Token merging ratio": "0, 0.2, 0.4",
    "Refiner switch at": "0.6, 0.7, 0.8",
    "Face restore": "off, CodeFormer",
}
"""What people try there."""

SEEDS = ("Seed", "Var. seed")
RANDOM_SEEDS = "-1, -1, -1"
"""Three seeds that are drawn anew for each sweep, as one is for each picture while the page's own is -1."""

CANDIDATES = {
    "int": ("1, 2, 3", "10, 20, 30"),
    "float": ("0.2, 0.5, 0.8", "5, 7, 9"),
    "text": ("1, 2, 5", "512x512, 512x768", "red, blue"),
}


def first_values(axis: Axis, current: Mapping[str, Any]) -> list[str]:
    """What an axis begins with when somebody chooses it; nothing where no values are the obvious ones.

    Args:
        axis: the axis, with the host's own check of its values.
        current: what the page holds, by the labels of the axes, and its "Width" and "Height". It may hold anything.

    Returns texts to choose for an axis that has choices, and one text to type for any other.
    """
    value = current.get(axis.label)
    if axis.choices is not None:
        return _current_choice(axis, value)
    text = USUAL.get(axis.label, "")
    if axis.label in SEEDS:
        text = _seeds(value)
    elif axis.label == "Size":
        text = _sizes(current.get("Width"), current.get("Height"))
    return [text] if text and _takes(axis, text) else []


def filled_in(
    axis: Axis | None, current: Mapping[str, Any], held: tuple[Any, Any], filled: list[Any]
) -> tuple[Any, ...]:
    """What the inputs of an axis hold once it is chosen. What a person typed or chose stays.

    Args:
        axis: the axis, None for nothing.
        current: see `first_values`.
        held: the text and the choices that the inputs hold.
        filled: what of these was filled in before: a text and choices, ["", []] for nothing.

    Returns the text, None where it stays, the choices, and what was filled in.
    """
    text, choices = str(held[0] or ""), list(held[1] or [])
    new = [] if axis is None else first_values(axis, current)
    if axis is not None and axis.choices is not None:
        names = axis.choice_names()
        kept = [] if choices == filled[1] else [value for value in choices if value in names]
        return None, kept or new, [filled[0], [] if kept else new]
    if text.strip() and text != filled[0]:
        return None, [], ["", []]
    text = new[0] if new else ""
    return text, [], [text, []]


def _current_choice(axis: Axis, value: Any) -> list[str]:
    names = axis.choice_names()
    found = value if value in names or axis.find is None or value is None else axis.find(str(value))
    return [str(found)] if found in names else []


def _seeds(seed: Any) -> str:
    """The page's seed and the two that follow it, as the host counts them in a batch."""
    try:
        first = int(seed)
    except (TypeError, ValueError):  # an empty field is random, too
        return RANDOM_SEEDS
    return RANDOM_SEEDS if first < 0 else ", ".join(str(first + number) for number in range(3))


def _sizes(width: Any, height: Any) -> str:
    """The page's size, and it upright and lying by half."""
    if not isinstance(width, int | float) or not isinstance(height, int | float):
        return ""
    short = int(min(width, height))
    long = max(int(max(width, height)), short * 3 // 2) // 8 * 8
    return ", ".join(dict.fromkeys(f"{x}x{y}" for x, y in ((int(width), int(height)), (short, long), (long, short))))


def example_of(axis: Axis, prompt: str) -> str:
    """Values that can be typed for this axis as they stand, or "" where none is known.

    Args:
        axis: the axis, with the host's own check of its values.
        prompt: the prompt that the sweep would run with: where an axis replaces or orders words, they have to be in it.
    """
    return next((text for text in _candidates(axis, prompt) if _takes(axis, text)), "")


def _candidates(axis: Axis, prompt: str) -> list[str]:
    if axis.choices is not None:
        return [", ".join(join_list([choice]) for choice in axis.choice_names()[:2])]
    words = list(dict.fromkeys(re.findall(r"[^\W\d_]{2,}", prompt)))
    if axis.kind == "order":
        return [", ".join(words[:3])] if len(words) > 1 else []
    if axis.label == "Prompt S/R":
        return [f"{words[0]}, {'dog' if words[0] != 'dog' else 'cat'}"] if words else []
    usual = [USUAL[axis.label]] if axis.label in USUAL else []
    return [*usual, *CANDIDATES.get(axis.kind, ())]


def _takes(axis: Axis, text: str) -> bool:
    try:
        read_axis_values(axis, text, axis.label)
    except InvalidInput:
        return False
    return True
