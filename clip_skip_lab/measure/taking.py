"""What is taken of one cell: its measures and its pictures reduced. The same at the end of a sweep and beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .cells import mean
from .metrics import MEASURES, measures_of
from .pictures import Full, Reduced

ReadPicture = Callable[[str], Full]
"""Reads a picture by the name of its file in the sweep's folder. Raises `OSError` or `ValueError`."""


@dataclass(frozen=True)
class Taken:
    """What was taken of a cell: each measure's mean over its pictures, by key, and each picture reduced."""

    measures: dict[str, float | None]
    reduced: list[Reduced]


def take(files: Sequence[str], reference: Sequence[str], read: ReadPicture, read_reference: ReadPicture) -> Taken:
    """Measures a cell, each picture against the one at its place in the reference cell.

    Args:
        files: of the cell's pictures.
        reference: the files of the reference cell's pictures, `files` themselves for that cell; empty without one.
        read, read_reference: read the pictures; those of the reference cell are read by the second only.

    Raises what `read` and `read_reference` raise.
    """
    each, reduced = [], []
    for file, other in zip_longest(files, reference[: len(files)]):
        beside = None if other is None else read_reference(other)
        picture = beside if beside is not None and file == other else read(file)
        each.append(measures_of(picture, beside))
        reduced.append(picture.reduced)
    return Taken({measure.key: mean(measures[measure.key] for measures in each) for measure in MEASURES}, reduced)
