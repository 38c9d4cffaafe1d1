"""From losses to a decision: which value is best, and which ones are worse beyond doubt.

Losses of one picture at two values, with the same noise, are a pair. What is compared is the logarithm of their
ratio: it is alike at all time steps, where losses differ by a factor of a hundred. A picture gives one number, its mean
over time steps and noises, so that many noises on few pictures don't count as many pictures.

These numbers are skewed: some pictures lose much at a wrong value, most lose a little. So they are compared by signed
ranks (Wilcoxon 1945): the estimate is the middle of the means of all pairs of pictures, and its interval is cut off
from the same means (Hodges and Lehmann 1963). It takes fewer pictures than Student's t (docs/trained-with-study.md) and
assumes nothing but that, where two values do equally well, each is as often the better one and by as much.

A value is decided when every other one is worse beyond its interval. That can go wrong only where the true value is
taken for worse than another: with K values and L looks at the data there are L × (K − 1) chances for that, and each
gets its share of `DOUBT` (Bonferroni). Values that are worse by the same intervals are not measured any further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

DOUBT = 0.05
"""How often at most a wrong value may be called decided."""

EXACT = 100
"""Up to so many pictures the distribution of rank sums is counted; beyond that it is normal."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One value beside the best: middle and interval of the logarithm of the ratio of their losses, over the pictures.
    The interval is infinite where there are too few pictures for any."""

    middle: float
    low: float
    high: float
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
        return min(among, key=lambda value: 0.0 if value == first else self.compared(value, first).middle)

    def compared(self, value: int, best: int) -> Compared:
        """A value beside the best one."""
        return interval(self._ratios(value, best), self.share)

    def alive(self, best: int) -> list[int]:
        """The best value and those that are not worse beyond their intervals."""
        return [value for value in range(self._values) if value == best or not self.compared(value, best).low > 0]

    @property
    def fewest(self) -> int:
        """How many pictures it takes at least to decide anything."""
        return next(count for count in range(1, EXACT) if cut_off(count, self.share))

    def needed(self, value: int, best: int) -> float:
        """How many pictures like those measured would tell a value from the best; infinite where they seem equal.

        The interval becomes narrower with the root of their number.
        """
        found = self.compared(value, best)
        if found.middle <= 0 or not np.isfinite(found.low):
            return np.inf
        return found.pictures * ((found.middle - found.low) / found.middle) ** 2

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
    """Middle and interval of numbers, one for each picture (Hodges and Lehmann 1963).

    Args:
        numbers: [pictures].
        share: how often at most the true middle may lie below the interval, and how often above.
    """
    count = len(numbers)
    if not count:
        return Compared(0.0, -np.inf, np.inf, 0)
    one, other = np.triu_indices(count)
    means = np.sort((numbers[one] + numbers[other]) / 2)
    cut = cut_off(count, share)
    low, high = (float(means[cut - 1]), float(means[-cut])) if cut else (-np.inf, np.inf)
    return Compared(float(np.median(means)), low, high, count)


@lru_cache(maxsize=4096)
def cut_off(count: int, share: float) -> int:
    """How many means of pairs lie beyond either end of the interval; 0 where no interval is safe enough.

    The c-th smallest mean is above 0 exactly when the ranks of the negative numbers add up to less than c. Where the
    true middle is 0, each rank is as often a negative number's as a positive one's, so the sums can be counted. The
    answer is the largest c for which that happens at most with a probability of `share`.

    Args:
        count: how many numbers there are.
        share: see `interval`.
    """
    if count > EXACT:
        deviation = (count * (count + 1) * (2 * count + 1) / 24) ** 0.5
        return int(count * (count + 1) / 4 - NormalDist().inv_cdf(1 - share) * deviation)
    ways = np.zeros(count * (count + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, count + 1):  # each rank belongs to a positive number or not
        ways[rank:] = ways[rank:] + ways[:-rank]
    return int(np.searchsorted(np.cumsum(ways / 2.0**count), share, side="right"))
