"""Reduced pictures set against each other: neighbouring values of clip skip, seeds, and axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..language import Text, in_all_languages
from ..sweep.axes import AXIS_NAME
from ..sweep.values import Value
from .cells import Cell, beside, clip_skips, is_number, key_of, mean
from .effects import INTERACTION, SEED, divide
from .metrics import AREA, COMPOSITION, reduced_changes
from .phrases import joined
from .pictures import Reduced
from .steps import Step

Pictures = dict[tuple[int, int], Reduced]
"""By index of the cell and place within it."""
Changes = dict[str, float | None]
"""See `reduced_changes`."""
ChangesOf = Callable[[Reduced, Reduced], Changes]
"""`reduced_changes`, or what does the same."""


def neighbours(cells: list[Cell], pictures: Pictures, changes_of: ChangesOf = reduced_changes) -> list[Step]:
    """How far the picture changes from each clip skip to the next higher one that was swept, on average.

    Args:
        cells: those that are measured.
        pictures: of these cells.
        changes_of: compares two pictures.

    Returns a list of {"from", "to", "composition_change", "changed_area"}, None where nothing can be compared.
    """
    steps = []
    for value, next_value, pairs in neighbour_cells(cells):
        changes: list[Changes] = []
        for cell, other in pairs:
            for place in range(min(len(cell["pictures"]), len(other["pictures"]))):
                changes.append(changes_of(pictures[cell["index"], place], pictures[other["index"], place]))
        steps.append({"from": value, "to": next_value, **_means(changes)})
    return steps


def neighbour_cells(cells: list[Cell]) -> list[tuple[Value, Value, list[tuple[Cell, Cell]]]]:
    """Each number of clip skip with the next higher one, and the cells that differ in no more than this."""
    at = {(key_of(cell["values"][AXIS_NAME]), beside(cell)): cell for cell in cells}
    found: list[tuple[Value, Value, list[tuple[Cell, Cell]]]] = []
    for value, next_value in pairwise(value for value in clip_skips(cells) if is_number(value)):
        before, after = key_of(value), key_of(next_value)
        pairs = [(cell, at[after, row]) for (key, row), cell in at.items() if key == before and (after, row) in at]
        found.append((value, next_value, pairs))
    return found


def _means(changes: list[Changes]) -> Changes:
    return {key: mean(change[key] for change in changes) for key in (COMPOSITION, AREA)}


def new_seed(cells: list[Cell], pictures: Pictures, changes_of: ChangesOf = reduced_changes) -> dict[str, Any] | None:
    """How far pictures of different seeds at otherwise the same values are apart: each with the next one.

    Args: see `neighbours`.

    Returns {"composition_change", "changed_area", "pairs"}, or None where no two seeds can be compared.
    """
    alike = [
        [pictures[cell["index"], place] for cell in group for place in range(len(cell["pictures"]))]
        for group in seed_groups(cells)
    ]
    changes = [changes_of(picture, other) for group in alike for picture, other in pairwise(group)]
    comparable = [change for change in changes if change[COMPOSITION] is not None]
    return {**_means(comparable), "pairs": len(comparable)} if comparable else None


def seed_groups(cells: list[Cell]) -> list[list[Cell]]:
    """The cells in groups, which differ in the seed only."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        key = key_of({name: value for name, value in cell["values"].items() if name != SEED})
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


@dataclass(frozen=True)
class _Table:
    """Pictures by their values on every axis, seeds last.

    Attributes:
        axes: their names.
        pictures: by the keys of their values.
    """

    axes: tuple[str, ...]
    pictures: dict[tuple[str, ...], Reduced]

    def levels(self) -> list[list[str]]:
        """The keys of each axis's values, as they come."""
        return [list(dict.fromkeys(keys)) for keys in zip(*self.pictures, strict=True)]

    def features(self) -> npt.NDArray[np.float32]:
        """Each picture's row of numbers at its place: an axis for each of `axes`, then the numbers."""
        levels = self.levels()
        size = next(iter(self.pictures.values())).features().size
        table = np.empty((*map(len, levels), size), np.float32)
        for keys, picture in self.pictures.items():
            place = tuple(values.index(key) for key, values in zip(keys, levels, strict=True))
            table[place] = picture.features()
        return table


def divided_effects(cells: list[Cell], pictures: Pictures) -> dict[str, Any]:
    """How the pictures' variance is divided between the axes, as `sweep.json` has it (docs/sweep-folder.md)."""
    everything = _table_of(cells, pictures)
    table = _of_several_values(_complete(everything))
    found: dict[str, Any] = {"axes": [], "pictures": 0, "shares": None, "p": None}
    if len(table.axes) < 2:
        return {**found, "note": in_all_languages(_TOO_FEW)}
    if len({picture.rgb.shape for picture in table.pictures.values()}) > 1:
        return {**found, "note": in_all_languages(_SIZES)}
    found.update(axes=list(table.axes), pictures=len(table.pictures))
    divided = divide(table.features(), list(table.axes))
    if divided is None:
        return {**found, "note": in_all_languages(_ALIKE)}
    found["shares"] = {name: round(share, 4) for name, share in divided.shares.items()}
    tested = {name: None if p is None else round(p, 4) for name, p in divided.p.items()}
    found["p"] = tested if any(p is not None for p in tested.values()) else None
    note = _note(table.axes, divided.p, len(table.pictures), len(everything.pictures))
    return {**found, "note": in_all_languages(note)}


def _table_of(cells: list[Cell], pictures: Pictures) -> _Table:
    names = [name for name in cells[0]["values"] if name != SEED] if cells else []
    placed = {}
    for cell in cells:
        for place in range(len(cell["pictures"])):
            values = [key_of(cell["values"][name]) for name in names]
            seed = key_of([cell["values"].get(SEED), place])
            placed[(*values, seed)] = pictures[cell["index"], place]
    return _Table((*names, SEED), placed)


def _complete(table: _Table) -> _Table:
    """The part of it that has all combinations: the emptiest value is left out until nothing is missing."""
    while True:
        levels = table.levels()
        size = prod(map(len, levels))
        if len(table.pictures) in (0, size):
            return table
        filled = {
            (axis, value): sum(keys[axis] == value for keys in table.pictures) * len(values) / size
            for axis, values in enumerate(levels)
            for value in values
        }
        axis, value = min(filled, key=filled.__getitem__)
        table = _Table(table.axes, {keys: table.pictures[keys] for keys in table.pictures if keys[axis] != value})


def _of_several_values(table: _Table) -> _Table:
    """The same pictures without the axes on which they have one value."""
    varied = [axis for axis, values in enumerate(table.levels()) if len(values) > 1]
    pictures = {tuple(keys[axis] for axis in varied): picture for keys, picture in table.pictures.items()}
    return _Table(tuple(table.axes[axis] for axis in varied), pictures)


def _note(axes: tuple[str, ...], p: dict[str, float | None], used: int, there: int) -> Text:
    sentences = []
    if SEED not in axes:
        sentences.append(Text("From one seed: exact for these images, but it may not hold for others."))
    if any(p[name] is None for name in axes):
        sentences.append(Text("There are too few cells for a significance test."))
    elif p[INTERACTION] is None:
        sentences.append(Text("The interaction cannot be tested without several seeds and two other axes."))
    if used < there:
        sentences.append(
            Text(
                "{used} of {there} images were used; the others have no image at some combination of values.",
                used=used,
                there=there,
            )
        )
    return joined(sentences)


_TOO_FEW = Text(
    "The differences cannot be divided between axes: this takes two axes with at least two values each, and all their "
    "combinations finished."
)
_SIZES = Text("The images differ in size, so they cannot be compared pixel by pixel.")
_ALIKE = Text("All images are the same.")
