"""How often a number foretells which of two things is lost first: counts with ties told, and ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import judge


@dataclass(frozen=True)
class Counted:
    """How often a forecast was right.

    Attributes:
        right, wrong: of the prompts that lose one colour first.
        undecided: of those, where the numbers of both colours are equal.
        tied: prompts that lose both at the same value, which don't count.
    """

    right: int
    wrong: int
    undecided: int
    tied: int

    def __str__(self) -> str:
        """The rate with its interval of 95 % (Wilson)."""
        n = self.right + self.wrong
        low, high = judge.interval(self.right, n)
        return f"{self.right} of {n}, {self.right / n:.2f} ({low:.2f}–{high:.2f})" if n else "–"


def counted(numbers: Sequence[Sequence[float]], lost: Sequence[Sequence[float]]) -> Counted:
    """How often the larger of two numbers stands at the colour that is lost at the smaller clip skip.

    Args:
        numbers: for each prompt those of its two colours.
        lost: for each prompt the clip skips at which they are lost.
    """
    pairs = [(np.sign(a - b), np.sign(d - c)) for (a, b), (c, d) in zip(numbers, lost, strict=True)]
    tied = sum(bool(first == 0) for _, first in pairs)
    undecided = sum(bool(foretold == 0 != first) for foretold, first in pairs)
    right = sum(bool(foretold == first != 0) for foretold, first in pairs)
    return Counted(right, len(pairs) - tied - undecided - right, undecided, tied)


def lost_at(right: np.ndarray, values: Sequence[int]) -> np.ndarray:
    """The first value at which something is wrong, the last plus 1 where nothing is: (…) from (…, values) of bool."""
    return np.where(right.all(-1), values[-1] + 1, np.array(values)[right.argmin(-1)])


def usually(colours: Sequence[Sequence[str]], lost: np.ndarray) -> list[list[float]]:
    """For each prompt how early the other prompts lose its two colours on average, larger is earlier; 0 if unknown."""
    rows = [
        (i, name, at)
        for i, (names, ats) in enumerate(zip(colours, lost, strict=True))
        for name, at in zip(names, ats, strict=True)
    ]
    found = []
    for i, names in enumerate(colours):
        others = [[at for j, other, at in rows if j != i and other == name] for name in names]
        found.append([-float(np.mean(ats)) if ats else 0.0 for ats in others])
    return found


def ranks(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; NaN where one of the two is constant."""
    from scipy.stats import rankdata

    a, b = (rankdata(values) - np.mean(rankdata(values)) for values in (one, other))
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / length if length else float("nan")


def ranks_interval(found: float, n: int) -> tuple[float, float]:
    """The interval of 95 % of a rank correlation of n pairs (Fieller, Hartley & Pearson 1957, Biometrika 44)."""
    reach = 1.96 * math.sqrt(1.06 / (n - 3))
    middle = math.atanh(max(-1 + 1e-9, min(1 - 1e-9, found)))
    return math.tanh(middle - reach), math.tanh(middle + reach)
