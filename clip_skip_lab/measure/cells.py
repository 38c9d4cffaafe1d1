"""The cells of a `sweep.json` as measuring sees them: which go together, and in what order. Works on plain data."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeGuard

from ..sweep.axes import AXIS_NAME
from ..sweep.record import DONE
from ..sweep.values import Value, reference_among
from .metrics import DIFFERENCE

Content = dict[str, Any]
"""What `sweep.json` holds."""
Cell = dict[str, Any]
"""An entry of its `cells`."""
Files = tuple[str, ...]
"""Of a cell's pictures, as `sweep.json` names them."""

SHARED = "Their images have one and the same file."


def key_of(value: object) -> str:
    """A value of an axis as a dictionary's key: an axis such as Prompt order has lists."""
    return json.dumps(value, ensure_ascii=False)


def beside(cell: Cell) -> str:
    """What a cell is beside its clip skip: the same text for cells that differ in clip skip only."""
    return key_of({name: value for name, value in cell["values"].items() if name != AXIS_NAME})


def rows(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells in rows, which differ in clip skip only."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(beside(cell), []).append(cell)
    return list(found.values())


def is_done(cell: Cell) -> bool:
    """Whether a cell has all its pictures, all in files."""
    return cell["state"] == DONE and all(picture["file"] for picture in cell["pictures"]) and bool(cell["pictures"])


def files_of(cell: Cell) -> Files:
    """The files of a cell that is done."""
    return tuple(str(picture["file"]) for picture in cell["pictures"])


def incomparable(cells: list[Cell]) -> dict[int, str]:
    """The cells that must not be compared with others, by index: why not, in a sentence.

    What made the pictures says so in the cell's `incomparable`; and of cells that name the same file, no more than one
    can be what it says.
    """
    shared = sharing_files(cells, posixpath.normpath)
    reasons = {cell["index"]: cell.get("incomparable") or (SHARED if cell["index"] in shared else "") for cell in cells}
    return {index: str(reason) for index, reason in reasons.items() if reason}


def sharing_files(cells: Iterable[Cell], identity: Callable[[str], Hashable | None]) -> set[int]:
    """The indexes of the cells of which several pictures, of one cell or of two, have the same file.

    Args:
        cells: any.
        identity: what tells files apart, from the name of one; None for one that isn't there.
    """
    owners: dict[Hashable, list[int]] = {}
    for cell in cells:
        for picture in cell["pictures"]:
            if picture["file"] and (file := identity(str(picture["file"]))) is not None:
                owners.setdefault(file, []).append(cell["index"])
    return {index for indexes in owners.values() if len(indexes) > 1 for index in indexes}


def measured_cells(content: Content) -> list[Cell]:
    """The cells that have measures."""
    return [cell for cell in content["cells"] if cell["measures"]]


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether a clip skip is a number; else it is an average of layers or a schedule, which has no place among
    them."""
    return not isinstance(value, str)


def compared(cells: list[Cell], reference: Value) -> list[Cell]:
    """The cells of which a picture was compared with one of the reference's; itself apart, which is always the same.

    Args:
        cells: with measures.
        reference: a value of clip skip.
    """
    others = [cell for cell in cells if cell["values"][AXIS_NAME] != reference]
    return [cell for cell in others if cell["measures"].get(DIFFERENCE) is not None]


def ascending(values: Iterable[Value]) -> list[Value]:
    """The values of clip skip in order: numbers by size, then averages of layers and schedules as they come; each
    once."""
    once = list({key_of(value): value for value in values}.values())
    numbers = sorted(value for value in once if is_number(value))
    return [*numbers, *(value for value in once if not is_number(value))]


def clip_skips(cells: Iterable[Cell]) -> list[Value]:
    """The values of clip skip that these cells have, in order."""
    return ascending(cell["values"][AXIS_NAME] for cell in cells)


def reference_of(cells: list[Cell]) -> Value | None:
    """The clip skip that others are compared with, see `reference_among`; None without cells."""
    return reference_among(cell["values"][AXIS_NAME] for cell in cells)


def mean(numbers: Iterable[float | None]) -> float | None:
    """The mean of those that are there, to six digits; None of none."""
    there = [number for number in numbers if number is not None]
    return float(f"{sum(there) / len(there):.6g}") if there else None


def mean_at(cells: Iterable[Cell], measure: str, clip_skip: Value) -> float | None:
    """The mean of a measure over the cells with this clip skip."""
    return mean(cell["measures"].get(measure) for cell in cells if cell["values"][AXIS_NAME] == clip_skip)
