"""From losses to a decision: which value is best, and which ones are worse beyond doubt.

Losses of one picture at two values, with the same noise, are a pair. What is compared is the logarithm of their
ratio: it is alike at all time steps, where losses differ by a factor of a hundred, and no single picture outweighs the
others. One number for each picture, its mean over time steps and noises, goes into Student's t for paired samples, so
that many noises on few pictures don't count as many pictures.

A value is decided when every other one is worse beyond its interval. That can go wrong only where the true value is
taken for worse than another: with K values and L looks at the data there are L × (K − 1) chances for that, and each
gets its share of `DOUBT` (Bonferroni). Values that are worse by the same intervals are not measured any further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DOUBT = 0.05
"""How often at most a wrong value may be called decided."""

FEWEST = 4
"""Pictures without which nothing is decided: the spread of fewer is a guess."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One value beside the best: mean and interval of the logarithm of the ratio of their losses, over the pictures."""

    mean: float
    low: float
    high: float
    deviation: float
    pictures: int


class Evidence:
    """What was measured.

    Args:
        values: how many values are compared.
        looks: how often at most somebody looks at the evidence to decide.
    """

    def __init__(self, values: int, looks: int):
        self.share = DOUBT / max(1, looks * (values - 1))
        self._values = values
        self._passes: dict[int, list[Numbers]] = {}

    def add(self, picture: int, logs: Numbers) -> None:
        """Adds a pass over one picture.

        Args:
            picture: its place among the pictures.
            logs: [values] the mean logarithms of the losses at the same time steps with the same noise; NaN where a
                value was not measured.
        """
        self._passes.setdefault(picture, []).append(logs)

    @property
    def pictures(self) -> int:
        """How many pictures were measured."""
        return len(self._passes)

    def measured(self, value: int) -> int:
        """How many pictures were measured at this value, by its place."""
        return sum(not np.isnan(passes).all(axis=0)[value] for passes in map(np.stack, self._passes.values()))

    def best(self, among: Sequence[int]) -> int:
        """The value (its place) with the least loss in pairs with the others.

        They are compared with the first of them in the passes that they have in common.
        """
        first = among[0]
        means = {value: self._ratios(value, first).mean() if value != first else 0.0 for value in among}
        return min(among, key=lambda value: means[value])

    def compared(self, value: int, best: int) -> Compared:
        """A value beside the best one."""
        return interval(self._ratios(value, best), self.share)

    def alive(self, best: int) -> list[int]:
        """The best value and those that are not worse beyond their intervals."""
        return [value for value in range(self._values) if value == best or not self.compared(value, best).low > 0]

    def needed(self, value: int, best: int) -> float:
        """How many pictures like those measured would tell a value from the best; infinite where they seem equal."""
        found = self.compared(value, best)
        if not np.isfinite(found.deviation) or found.mean <= 0:
            return np.inf
        return float((student_t(max(found.pictures - 1, 30), self.share) * found.deviation / found.mean) ** 2)

    def _ratios(self, value: int, other: int) -> Numbers:
        """[pictures] mean logarithms of the ratio of two values' losses, over the passes that have both."""
        found = []
        for passes in self._passes.values():
            ratios = np.array([logs[value] - logs[other] for logs in passes])
            ratios = ratios[~np.isnan(ratios)]
            if len(ratios):
                found.append(ratios.mean())
        return np.array(found, dtype=float)


def interval(numbers: Numbers, share: float) -> Compared:
    """Mean and interval of numbers, one for each picture.

    Args:
        numbers: [pictures].
        share: how often at most the true mean may lie below the interval, and how often above. Student's t is exact for
            normal numbers; docs/trained-with.md has what it covers with the numbers that losses give.
    """
    count = len(numbers)
    if count < FEWEST:
        mean = float(numbers.mean()) if count else 0.0
        return Compared(mean, -np.inf, np.inf, np.inf, count)
    mean, deviation = float(numbers.mean()), float(numbers.std(ddof=1))
    reach = student_t(count - 1, share) * deviation / np.sqrt(count)
    return Compared(mean, float(mean - reach), float(mean + reach), deviation, count)


def student_t(freedom: int, share: float) -> float:
    """What Student's t with this many degrees of freedom exceeds with a probability of `share`."""
    from scipy.special import stdtrit  # hosts ship it; slow to import

    return float(-stdtrit(freedom, share))
