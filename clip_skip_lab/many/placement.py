"""Which WebUI gets which cells next. Pure: it knows names of WebUIs and cells, and nothing of how they are run.

A WebUI asks when it is free, so that a slow one gets less. Dear changes (a checkpoint from disk) stay on one WebUI: the
cells that need none are a group, a WebUI stays with its group as long as there is something in it, and then goes where
the fewest are. The fewer cells are left, the smaller the tasks, so that all end at about the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Iterator
from itertools import groupby

from ..sweep.plan import Cell, SweepPlan

MOST_AT_ONCE = 4
"""Cells of a task where a WebUI samples them one by one: they share the text encoder's pass and one request, and are
lost together where the WebUI dies."""

TASKS_LEFT = 2
"""How many tasks there should be for each WebUI, of what is left."""


class Placement:
    """The cells of a plan that are still to be run, and where they go.

    Args:
        plan: the sweep's.
        done: indices of the cells that need not be run.
    """

    def __init__(self, plan: SweepPlan, done: Collection[int] = ()):
        axes = dict(plan.further_axes())
        self._dear = [letter for letter, axis in axes.items() if axis.axis.cost > 0]
        self._common = [letter for letter, axis in axes.items() if not axis.axis.carried]
        self._one_by_one = plan.mode == "exact"
        self._groups: dict[Hashable, deque[list[Cell]]] = {}
        self._at: dict[str, Hashable] = {}
        """The group that each WebUI is with."""
        self._refused: dict[int, set[str]] = {}
        """The WebUIs that a cell must not go to again."""
        for cells in plan.batches(plan.size or 1, without=done):
            self._add(cells)

    def __len__(self) -> int:
        """How many cells wait to be run."""
        return sum(len(cells) for runs in self._groups.values() for cells in runs)

    def waiting(self) -> Iterator[Cell]:
        """The cells that wait to be run."""
        return (cell for runs in self._groups.values() for cells in runs for cell in cells)

    def take(
        self, who: str, workers: Iterable[str], at_once: int, most: int = MOST_AT_ONCE, working: int = 0
    ) -> list[Cell]:
        """The cells that a free WebUI is to run next; none where there is nothing for it.

        Args:
            who: the WebUI.
            workers: all that work or could.
            at_once: how many cells it samples together; 1 where it samples them one by one.
            most: how many it gets then.
            working: how many cells the others are at.
        """
        present = {*workers, who}
        self._at = {name: key for name, key in self._at.items() if name in present}
        for key in self._preferred(who):
            for place, cells in enumerate(self._groups[key]):
                fit = [cell for cell in cells if who not in self._refused.get(cell.index, ())]
                if fit:
                    taken = fit[: self._size(len(present), at_once, most, working)]
                    self._at[who] = key
                    self._remove(key, place, taken)
                    return taken
        self._at.pop(who, None)
        return []

    def give_back(self, cells: Collection[Cell], refused_by: str | None = None) -> None:
        """Takes cells back that were not run, to be run first; `refused_by` is who must not get them again."""
        for cell in cells:
            if refused_by is not None:
                self._refused.setdefault(cell.index, set()).add(refused_by)
        for _, some in groupby(cells, key=lambda cell: [getattr(cell, letter) for letter in self._common]):
            self._add(list(some), first=True)

    def has_a_place(self, cell: Cell, workers: Iterable[str], most_tries: int) -> bool:
        """Whether one of these WebUIs may still run a cell, which may be refused by so many less one."""
        refused = self._refused.get(cell.index, set())
        return len(refused) < most_tries and any(name not in refused for name in workers)

    def drop(self, cells: Collection[Cell]) -> None:
        """Forgets cells: nobody is to run them."""
        gone = {cell.index for cell in cells}
        for key, runs in [*self._groups.items()]:
            kept = deque([cell for cell in run if cell.index not in gone] for run in runs)
            self._groups[key] = deque(run for run in kept if run)
            if not self._groups[key]:
                del self._groups[key]

    def _key(self, cell: Cell) -> Hashable:
        return tuple(getattr(cell, letter) for letter in self._dear)

    def _add(self, cells: list[Cell], first: bool = False) -> None:
        runs = self._groups.setdefault(self._key(cells[0]), deque())
        if first:
            runs.appendleft(cells)
        else:
            runs.append(cells)

    def _remove(self, key: Hashable, place: int, taken: list[Cell]) -> None:
        runs = self._groups[key]
        gone = {cell.index for cell in taken}
        runs[place] = [cell for cell in runs[place] if cell.index not in gone]
        if not runs[place]:
            del runs[place]
        if not runs:
            del self._groups[key]

    def _preferred(self, who: str) -> list[Hashable]:
        """The groups, that first which costs the least: its own, then those with the fewest WebUIs for what is left."""
        others = [key for name, key in self._at.items() if name != who]

        def crowded(key: Hashable) -> tuple[bool, float]:
            left = sum(map(len, self._groups[key]))
            return key != self._at.get(who), (others.count(key) + 1) / left

        return sorted(self._groups, key=crowded)

    def _size(self, workers: int, at_once: int, most: int, working: int) -> int:
        if self._one_by_one or at_once <= 1:
            share = -(-len(self) // (TASKS_LEFT * workers))
            return max(1, min(most, share))
        return max(1, min(at_once, -(-(len(self) + working) // workers)))
