"""What scripts of other extensions drew for a sweep's cells, and which rows cannot be compared because it differs.

A draw is a list of steps, each [hook, script, batch, {field: value}]: what that script changed in that hook of a
generation. Cells that differ only in clip skip are made from one draw; `sweep.json` holds each draw once, by its hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import reduce
from itertools import groupby
from typing import Any

from ..language import Text
from .axes import AXIS_NAME
from .record import DONE, CellRecord, SweepRecord
from .summary import name_of

DIFFERENT = "The cells of this row differ in {what}, not only in clip skip: they cannot be compared."

THEIRS = {
    "prompts": Text("their prompts"),
    "seeds": Text("their seeds"),
    "extra networks": Text("their extra networks"),
    "settings": Text("their settings"),
}
"""What cells differ in, by its name in `CellRecord.used`; what is not among these has its own name."""

LISTS = (
    *("all_prompts", "all_negative_prompts", "all_hr_prompts", "all_hr_negative_prompts", "all_seeds", "all_subseeds"),
    *("prompts", "negative_prompts", "hr_prompts", "hr_negative_prompts", "seeds", "subseeds"),
)
"""The fields of a request with one entry for each picture, of a job or of one of its batches."""

TEXTS = ("prompt", "negative_prompt", "hr_prompt", "hr_negative_prompt")
COUNTS = ("n_iter", "batch_size")
NUMBERS = (
    *("steps", "cfg_scale", "width", "height", "denoising_strength"),
    *("hr_second_pass_steps", "hr_upscale_to_x", "hr_upscale_to_y"),
)
"""Fields that say how a picture is made: they are a row's own, where all others may be common to several rows."""


def without_numbers(draw: list[Any]) -> list[Any]:
    """A draft's draw for a sweep at full quality: sizes and steps are not what was drawn for those."""
    return [[*step, {name: value for name, value in changed.items() if name not in NUMBERS}] for *step, changed in draw]


def is_draw(content: object) -> bool:
    """Whether this is a draw as a sweep writes it: no other fields, and nothing but texts and numbers."""
    return isinstance(content, list) and all(_is_step(step) for step in content)


def _is_step(step: object) -> bool:
    if not (isinstance(step, list) and len(step) == 4 and isinstance(step[3], dict)):
        return False
    hook, script, batch, changed = step
    if not (isinstance(hook, str) and isinstance(script, str) and type(batch) is int):
        return False
    plain = (str, int, float, type(None))
    for name, value in changed.items():
        if name in LISTS:
            if not isinstance(value, list) or not all(isinstance(entry, str | int) for entry in value):
                return False
        elif name not in (*TEXTS, *COUNTS, *NUMBERS) or not isinstance(value, plain):
            return False
    return True


def row_of(values: dict[str, object]) -> str:
    """A name for the row of a cell with these values: the same for cells that differ only in clip skip."""
    others = {name: value for name, value in values.items() if name != AXIS_NAME}
    return json.dumps(others, sort_keys=True, default=str, ensure_ascii=False)


def mark_incomparable(record: SweepRecord) -> None:
    """Marks the cells of each row that were not made from the same prompts, seeds and settings, and says so.

    Only finished cells count. What is looked at: what each cell's generation used, what was drawn, and what its
    pictures' metadata say of their prompts and seeds.
    """
    cells = sorted(record.cells, key=_place)
    for _, group in groupby(cells, key=_place):
        row = [cell for cell in group if cell.state == DONE and cell.pictures]
        what = _differences(row)
        for cell in row:
            cell.incomparable = DIFFERENT.format(what=what) if what else None
            cell.conditioning_change = None if what else cell.conditioning_change
        if what:
            sentence = _sentence(row[0], what)
            if sentence not in record.problems:
                record.problems.append(sentence)


def _sentence(cell: CellRecord, what: str) -> Text:
    row = name_of({key: value for key, value in cell.values.items() if key != AXIS_NAME})
    if row:
        return Text(
            "{row}: the cells differ in {what}, not only in clip skip, so nothing is concluded from them. Another "
            "extension seems to change that for each generation.",
            row=row,
            what=what,
        )
    return Text(
        "The cells differ in {what}, not only in clip skip, so nothing is concluded from them. Another extension "
        "seems to change that for each generation.",
        what=what,
    )


def _place(cell: CellRecord) -> tuple[int, int]:
    return (cell.cell.z, cell.cell.y)


def _differences(row: list[CellRecord]) -> Text | None:
    """What the cells differ in, or None."""
    found = []
    known = [cell for cell in row if cell.drawn is not None or cell.used]  # an older version noted neither
    if _differ(cell.drawn or "" for cell in known) or not _same_start([_prompts(cell) for cell in row]):
        found.append("prompts")
    if not _same_start([[picture.seed for picture in cell.pictures] for cell in row]):
        found.append("seeds")
    for name in dict.fromkeys(name for cell in row for name in cell.used):
        if _differ(cell.used[name] for cell in row if name in cell.used):
            found.append(name)
    names = [THEIRS.get(name) or Text("their {name}", name=name) for name in dict.fromkeys(found)]
    return reduce(lambda before, item: Text("{before} and {item}", before=before, item=item), names) if names else None


def _prompts(cell: CellRecord) -> list[str]:
    """What comes before the last line of an infotext, for each picture: prompt and negative prompt."""
    return [picture.infotext.strip().rpartition("\n")[0] for picture in cell.pictures]


def _differ(values: Iterable[object]) -> bool:
    return len(set(values)) > 1


def _same_start(lists: list[list[Any]]) -> bool:
    """Whether lists are equal as far as each goes."""
    return not any(_differ(place) for place in _places(lists))


def _places(lists: list[list[Any]]) -> list[list[Any]]:
    longest = max(map(len, lists), default=0)
    return [[entries[number] for entries in lists if number < len(entries)] for number in range(longest)]
