"""An example of what can be typed for an axis: one that the axis takes, or none."""

from __future__ import annotations

import re

from ..errors import InvalidInput
from .axes import Axis, read_axis_values
from .values import join_list

USUAL = {
    "CFG Scale": "5, 7, 9",
    "Image CFG Scale": "1, 1.5, 2",
    "Steps": "10, 20, 30",
    "Face restore": "off, CodeFormer",
}
"""What people try there."""

CANDIDATES = {
    "int": ("1, 2, 3", "10, 20, 30"),
    "float": ("0.2, 0.5, 0.8", "5, 7, 9"),
    "text": ("1, 2, 5", "512x512, 512x768", "red, blue"),
}


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
