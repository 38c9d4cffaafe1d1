"""Whether pictures change as their conditioning does: both along clip skip, and the rank correlation of the two.

The change of the conditioning was noted while the sweep ran (clip_skip_lab/layers/conditioning_change.py); no picture
tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..language import Text
from ..sweep.values import Value
from .cells import Cell, Content, compared, measured_cells, reference_of, rows
from .metrics import DIFFERENCE, MEASURES, Measure

CONDITIONING = "conditioning_change"
"""Its key, in a cell as it was noted and among the cell's measures."""

FEWEST = 4
"""Cells of a row that were compared with its reference, before there is a rank correlation of them."""

NOTED = Measure(
    CONDITIONING,
    Text("Change of the conditioning"),
    "relative distance",
    Text(
        "How far the conditioning of the positive prompt (what the UNet receives of it) is from that of the reference: "
        "0 is the same."
    ),
)


def fill_in(content: Content, reference: Value | None) -> list[Measure]:
    """Puts what was noted beside the measures of the pictures, where both have the same reference.

    Args:
        content: a `sweep.json` with measures.
        reference: the clip skip that its pictures were compared with.

    Returns the measures that its cells have now, in the order in which they are shown.
    """
    cells = measured_cells(content)
    is_same = reference is not None and reference == reference_of(content["cells"])
    if not is_same or all(cell.get(CONDITIONING) is None for cell in cells):
        return [*MEASURES]
    for cell in cells:
        cell["measures"][CONDITIONING] = cell.get(CONDITIONING)
    return [*MEASURES, NOTED]


def rank_correlations(content: Content, reference: Value | None) -> list[dict[str, Any]]:
    """Of each row, how well the order of its cells by the change of the conditioning is their order by the difference
    of their pictures from the reference's.

    Args:
        content: a `sweep.json` that is filled in.
        reference: the clip skip that cells were compared with.

    Returns a list of {"cell": index of the row's first cell, "cells": how many were compared, "rank_correlation"}; rows
    with fewer than `FEWEST`, or in which one of the two is the same everywhere, are left out.
    """
    found = []
    if reference is None:
        return []
    for row in rows(measured_cells(content)):
        pairs = [pair for cell in compared(row, reference) if (pair := _pair(cell)) is not None]
        correlation = spearman(*zip(*pairs, strict=True)) if len(pairs) >= FEWEST else None
        if correlation is not None:
            found.append({"cell": row[0]["index"], "cells": len(pairs), "rank_correlation": round(correlation, 4)})
    return found


def _pair(cell: Cell) -> tuple[float, float] | None:
    change = cell["measures"].get(CONDITIONING)
    return None if change is None else (change, cell["measures"][DIFFERENCE])


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation (1904): Pearson's of the ranks, equal numbers having the mean of theirs. −1 to 1.

    Args:
        one, other: finite numbers, as many of both.

    Returns None where all of one are the same: then there is no order to compare.
    """
    ranks, others = _ranks(one), _ranks(other)
    ranks, others = ranks - ranks.mean(), others - others.mean()
    scale = float(np.sqrt((ranks**2).sum() * (others**2).sum()))
    return min(1.0, max(-1.0, float((ranks * others).sum()) / scale)) if scale else None


def _ranks(numbers: Sequence[float]) -> npt.NDArray[np.float64]:
    _, places, counts = np.unique(np.asarray(numbers, np.float64), return_inverse=True, return_counts=True)
    last = counts.cumsum()
    ranks: npt.NDArray[np.float64] = (last - (counts - 1) / 2)[places.reshape(-1)]
    return ranks
