"""Whether a picture's infotext says what was asked for.

Some WebUIs pass over an override without a word, or take another sampler or checkpoint than the named one: such
a picture would have a label that isn't true.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..language import Text
from .plain_axes import LEFT_OPEN, PLAIN_AXES
from .plain_facts import Checkpoint

_PAIR = re.compile(r'\s*([^:,"]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
CLIP_SKIP = "Clip skip"


def told_in(infotext: str) -> dict[str, str]:
    """The parameters in the last line of an infotext (AUTOMATIC1111 v1.10.1, modules/processing.py, `create_infotext`):
    a value with a comma or a colon stands there as JSON."""
    last = infotext.strip().rpartition("\n")[2]
    found = {}
    for name, value in _PAIR.findall(last):
        try:
            found[name.strip()] = str(json.loads(value)) if value.startswith('"') else value.strip()
        except ValueError:
            found[name.strip()] = value
    return found


def untruth(
    infotext: str, clip_skip: int, seed: int, size: tuple[int, int], checkpoint: Checkpoint, values: dict[str, Any]
) -> Text | None:
    """What an infotext says otherwise than it was asked for, as a sentence; None where it says the same.

    Args:
        infotext: of a picture.
        clip_skip: that was asked for; where it is 1, infotexts say nothing of it.
        seed: of this picture.
        size: width and height that were asked for.
        checkpoint: that was asked for; its hash counts where both are known.
        values: of the axes, by their names.
    """
    told = told_in(infotext)
    asked: list[tuple[str, object, str | None]] = [
        (CLIP_SKIP, clip_skip, "1"),
        ("Seed", seed, ""),
        ("Size", f"{size[0]}x{size[1]}", ""),
        ("Model", checkpoint.name, None),
        ("Model hash", checkpoint.hash or told.get("Model hash"), None),
    ]
    for label, value in values.items():
        axis = PLAIN_AXES[label]
        if axis.told not in ("", "Seed", "Size") and value not in LEFT_OPEN.get(label, ()):
            asked.append((axis.told, value, axis.absent))
    for name, wanted, absent in asked:
        found = told.get(name, absent)
        if found is not None and not _same(found, wanted):
            return Text(
                "The WebUI ignored the request: {name} {value} was requested, but the image says {told}.",
                name=name,
                value=wanted,
                told=found or Text("nothing about it"),
            )
    return None


def _same(told: str, asked: object) -> bool:
    if isinstance(asked, int | float) and not isinstance(asked, bool):
        try:
            return abs(float(told) - asked) < 1e-6 if isinstance(asked, float) else int(told) == asked
        except ValueError:
            return False
    return told.casefold() == str(asked).casefold()
