"""Which axis the pictures' variance belongs to: the sum of squares of a complete table, divided between its axes.

The analysis of variance of a factorial table, for pictures instead of single numbers: squared distances are summed
over all pixels. Its p-values come from permutations, as in Anderson (2001), "A new method for non-parametric
multivariate analysis of variance", Austral Ecology 26.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.floating[Any]]
"""Of pictures: an axis for each axis of the sweep, then the numbers of a picture."""

SEED = "Seed"
INTERACTION, REST = "interaction", "rest"
PERMUTATIONS = 999
WORK = 2e8
"""How many numbers all permutations of one test may move: fewer permutations (at least 99) on large tables."""
LEVEL = 0.05
"""A test that could not give a smaller p-value than this, as there are too few cells, is left out."""


@dataclass(frozen=True)
class Effects:
    """How the variance is divided: shares that sum to 1 and p-values (None: cannot be tested), by the same names."""

    shares: dict[str, float]
    p: dict[str, float | None]


def divide(table: Table, names: list[str], seed: int = 0) -> Effects | None:
    """Divides the variance of a complete table of pictures.

    Args:
        table: an axis for each of `names`, then the pixels: (levels, levels, …, pixels). At least two axes, each
            with at least two levels.
        names: of the axes. One that is called `SEED` holds repetitions: it has a share of its own, the interaction
            is that of the other axes on average over the seeds, and what differs between seeds beyond that is `REST`.
        seed: of the permutations.

    Returns None when all pictures are the same.
    """
    axes = list(range(len(names)))
    centred = table.astype(np.float64)
    centred -= centred.mean(axis=tuple(axes), keepdims=True)
    total = float((centred**2).sum())
    if total <= 1e-12 * table.size:
        return None
    squares = {name: _main(centred, axis) for name, axis in zip(names, axes, strict=True)}
    seeds = names.index(SEED) if SEED in names and len(names) > 2 else None
    left = total - sum(squares.values())
    if seeds is None:
        squares[INTERACTION] = left
    else:
        average = centred.mean(axis=seeds)
        others = sum(_main(average, axis) for axis in range(average.ndim - 1))
        squares[INTERACTION] = table.shape[seeds] * (float((average**2).sum()) - others)
        squares[REST] = left - squares[INTERACTION]
    rotated = _rotated(centred)
    random = np.random.default_rng(seed)
    p: dict[str, float | None] = {
        name: _p_of_axis(rotated, axis, random) for name, axis in zip(names, axes, strict=True)
    }
    p[INTERACTION] = _p_of_interaction(rotated, seeds, random) if seeds is not None else None
    return Effects({name: max(0.0, value / total) for name, value in squares.items()}, p)


def _main(centred: Table, axis: int) -> float:
    """The sum of squares of one axis: that of its levels' means, for each picture."""
    others = tuple(other for other in range(centred.ndim - 1) if other != axis)
    count = prod(centred.shape[other] for other in others)
    return count * float((centred.mean(axis=others) ** 2).sum())


def _rotated(centred: Table) -> Table:
    """The same table, its pictures turned into a space of as few dimensions as there are pictures: distances stay."""
    flat = centred.reshape(-1, centred.shape[-1])
    if len(flat) >= flat.shape[1]:
        return centred
    values, vectors = np.linalg.eigh(flat @ flat.T)
    rotated: Table = (vectors * np.sqrt(np.maximum(values, 0))).reshape(*centred.shape[:-1], -1)
    return rotated


def _p_of_axis(table: Table, axis: int, random: np.random.Generator) -> float | None:
    """Shuffles the levels of one axis within each combination of the others, which stay in place."""
    levels, blocks = table.shape[axis], prod(table.shape[:-1]) // table.shape[axis]
    if factorial(min(levels, 20)) ** (blocks - 1) < 1 / LEVEL:
        return None
    pictures = np.moveaxis(table, axis, -2).reshape(blocks * levels, -1).astype(np.float32)
    order = np.arange(blocks * levels).reshape(blocks, levels)

    def apart(order: npt.NDArray[np.int64]) -> float:
        return float((pictures[order].sum(axis=0) ** 2).sum(dtype=np.float64))

    return _p(apart(order), lambda: apart(random.permuted(order, axis=1)), pictures.size)


def _p_of_interaction(table: Table, seeds: int, random: np.random.Generator) -> float | None:
    """Of two axes: shuffles, for each seed, the rows and the columns of what the two do beyond their sum.

    Without an interaction that the seeds have in common, which value it belongs to is a matter of chance.
    """
    if table.ndim != 4:
        return None
    both = np.moveaxis(table, seeds, 0)
    _, rows, columns, _ = both.shape
    if (factorial(min(rows, 20)) * factorial(min(columns, 20))) ** (len(both) - 1) < 1 / LEVEL:
        return None
    beyond = both - both.mean(axis=1, keepdims=True) - both.mean(axis=2, keepdims=True)
    beyond += both.mean(axis=(1, 2), keepdims=True)

    def shuffled() -> float:
        drawn = [of_seed[random.permutation(rows)][:, random.permutation(columns)] for of_seed in beyond]
        return float((np.sum(drawn, axis=0) ** 2).sum())

    return _p(float((beyond.sum(axis=0) ** 2).sum()), shuffled, beyond.size)


def _p(observed: float, shuffled: Callable[[], float], size: int) -> float:
    """The share of tables at least as far apart as the one that was observed, which counts among them."""
    count = int(min(PERMUTATIONS, max(99, WORK / size)))
    as_far = sum(shuffled() >= observed * (1 - 1e-6) for _ in range(count))
    return (as_far + 1) / (count + 1)
