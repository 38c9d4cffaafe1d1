"""In which order pictures are asked, which values are dropped on the way, and when it is enough. Knows no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .decision import Evidence, Numbers

PASSES = 6
"""How often every picture is asked at most, with new noise each time: what differs between pictures stays."""

FIRST_LOOK = 12
"""Pictures after which somebody looks for the first time, then each time there are twice as many; and after each
pass."""

STRATA, ASKED_STRATA = 10, 4
"""Into so many equal parts the time steps are divided, and so many of them a picture is asked at in a pass."""

Ask = Callable[[int, Sequence[int], int, Sequence[int]], Numbers | None]
"""(picture, strata, pass, values) → [values, strata] losses of a picture with the same noise; an empty array for a
picture that is left out, None where it cannot go on, for want of time or because somebody interrupted."""


class Search:
    """Looks for the best value.

    Args:
        values: how many values are compared.
        pictures: how many pictures there are.

    Attributes:
        evidence: what was measured.
        alive: the values that may still be the best, by their places.
        best: the one with the least loss so far.
        strata: the parts of the time steps that are asked; after the first look those that tell the values best apart.
    """

    def __init__(self, values: int, pictures: int):
        self.pictures = pictures
        self.looks = looks(pictures)
        self.evidence = Evidence(values, len(self.looks) + PASSES - 1)
        self.alive = list(range(values))
        self.best = 0
        self.strata: list[int] | None = None
        self._values = values
        self._by_stratum: dict[int, list[Numbers]] = {stratum: [] for stratum in range(STRATA)}
        self._left = 0

    @property
    def decided(self) -> bool:
        """Whether every other value is worse beyond its interval."""
        return self.alive == [self.best] and self.evidence.pictures > 0

    @property
    def left(self) -> int:
        """How many predictions are left at most."""
        return 0 if self.decided else self._left

    def run(self, ask: Ask, is_worthwhile: Callable[[], bool]) -> None:
        """Asks until it is decided, until `ask` cannot go on, or until nothing more is to be gained, which
        `is_worthwhile` says when all pictures have been asked once."""
        for turn in range(PASSES):
            for picture in range(self.pictures):
                strata = self.strata_of(picture)
                later = (self.pictures - picture) + (PASSES - 1 - turn) * self.pictures
                self._left = later * ASKED_STRATA * len(self.alive)
                losses = ask(picture, strata, turn, self.alive)
                if losses is None:
                    return self._look()
                if losses.size:
                    self._add(picture, strata, losses)
                if turn == 0 and picture + 1 in self.looks:
                    self._look()
                    if self.decided:
                        return None
            if turn:
                self._look()
            if self.decided or len(self.alive) < 2 or (turn == 0 and not is_worthwhile()):
                return None
        return None

    def strata_of(self, picture: int) -> list[int]:
        """The parts of the time steps at which a picture is asked; before the first look all in turn, far apart."""
        return self.strata or sorted((3 * picture + STRATA * i // ASKED_STRATA) % STRATA for i in range(ASKED_STRATA))

    def loss(self, value: int) -> float:
        """The mean loss of a value, over all that was measured at it."""
        logs = np.array([column[value] for columns in self._by_stratum.values() for column in columns])
        logs = logs[~np.isnan(logs)]
        return float(np.exp(logs).mean()) if len(logs) else float("nan")

    def _add(self, picture: int, strata: Sequence[int], losses: Numbers) -> None:
        whole = np.full((self._values, len(strata)), np.nan)
        whole[self.alive] = losses
        logs = np.log(whole)
        self.evidence.add(picture, logs.mean(axis=1))
        for stratum, column in zip(strata, logs.T, strict=True):
            self._by_stratum[stratum].append(column)

    def _look(self) -> None:
        if not self.evidence.pictures:
            return
        self.best = self.evidence.best(self.alive)
        self.alive = self.evidence.alive(self.best)
        if self.strata is None and self.evidence.pictures >= FIRST_LOOK:
            self.strata = self._telling_strata()

    def _telling_strata(self) -> list[int]:
        """The parts of the time steps in which the values that are left differ most, beside how much that varies."""
        left = self.alive if len(self.alive) > 1 else range(self._values)
        others = [value for value in left if value != self.best]
        separation = {}
        for stratum, columns in self._by_stratum.items():
            ratios = np.stack(columns)[:, others] - np.stack(columns)[:, [self.best]]
            spread = ratios.std(axis=0) + 1e-12
            separation[stratum] = float(np.mean(np.abs(ratios.mean(axis=0)) / spread))
        return sorted(sorted(separation, key=lambda stratum: -separation[stratum])[:ASKED_STRATA])


def looks(pictures: int) -> list[int]:
    """After how many pictures of the first pass somebody looks: 12, 24, 48, … and all."""
    found, count = [], FIRST_LOOK
    while count < pictures:
        found.append(count)
        count *= 2
    return [*found, pictures]
