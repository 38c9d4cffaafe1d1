"""What values the X/Y/Z plot's own axes take, where the host has no check of its own and would fail in the middle."""

from __future__ import annotations

import random
import re
from typing import Any

from ..errors import InvalidInput, named_list
from ..language import Text
from .values import half_width

CFG_SCALE, SIZE, STYLES, SEARCH_REPLACE = "CFG Scale", "Size", "Styles", "Prompt S/R"
SEEDS = ("Seed", "Var. seed")

BOUNDS: dict[str, tuple[float, float]] = {
    "Steps": (1, 10_000),
    "Hires steps": (0, 10_000),
    "Denoising": (0, 1),
    "Var. strength": (0, 1),
    "Seed": (-1, 2**63 - 1),
    "Var. seed": (-1, 2**63 - 1),
}


def size_as_typed(text: str) -> str:
    """A value of "Size" as the X/Y/Z plot takes it: in half width, with an "x" between the sides."""
    return half_width(text).replace("×", "x").replace("X", "x").strip()


def size_of(value: str) -> tuple[int, int]:
    """Width and height that a value of "Size" names. Raises `InvalidInput`."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*x\s*(\d{1,9})\s*", value)
    if not found or not all(64 <= int(side) <= 16_384 for side in found.groups()):
        raise InvalidInput(
            SIZE, value, Text("sizes such as 512x768, each side from 64 to 16384"), Text("is not a size")
        )
    return int(found[1]), int(found[2])


def styles_of(value: str, known: list[str]) -> list[str]:
    """The styles that a value names: one, whose name may have a comma, or several with commas between them.

    Raises `InvalidInput`.
    """
    if value in known:
        return [value]
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in known:
            raise InvalidInput(STYLES, name, named_list(known), Text("is not a style"))
    return names


def check_replaces_something(values: list[Any]) -> None:
    """Raises `InvalidInput` where the first value of "Prompt S/R" is no text that could be replaced."""
    if not values[0].strip():
        problem = Text("cannot be the first value, which is the text to be replaced")
        raise InvalidInput(
            SEARCH_REPLACE, values[0], Text("a text from the prompt, then what to replace it with"), problem
        )


def fixed_seed(value: object) -> object:
    """-1 means a random seed, drawn once for the whole sweep."""
    return random.randrange(4294967294) if value == -1 else value
