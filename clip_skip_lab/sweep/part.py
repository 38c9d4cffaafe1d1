"""A part of a sweep that is kept elsewhere: some of its cells, of which nothing is written here.

What runs a sweep over many WebUIs (clip_skip_lab/many) asks each of them for parts, and one without cells for what the
WebUI makes of the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from .cells import run_cells
from .draws import is_draw, row_of
from .folder import finite
from .plan import Cell, SweepPlan
from .plan_keys import refuse_unknown_keys
from .record import CellRecord, SweepRecord
from .session import Picture, Sampling

PART = "part"
"""The key of a request that asks for one."""


@dataclass(frozen=True)
class Part:
    """What is asked for.

    Attributes:
        cells: to be generated, by their places in the order of the plan's cells; none, to generate nothing.
        setting: what decides the pictures beside plan and model (`Session.setting`), None for what the request says.
        draws: what other extensions drew for rows, by `row_of`.
    """

    cells: tuple[int, ...] = ()
    setting: dict[str, Any] | None = None
    draws: dict[str, list[Any]] = field(default_factory=dict)

    def of(self, plan: SweepPlan) -> list[Cell]:
        """Its cells. Raises `InvalidInput` for one that the plan hasn't."""
        cells = plan.cells()
        for number in self.cells:
            if not 0 <= number < len(cells):
                allowed = Text("whole numbers from 0 to {last}", last=len(cells) - 1)
                raise InvalidInput(PART, number, allowed, Text("is not a cell of the plan"))
        return [cells[number] for number in sorted(set(self.cells))]


def read_part(given: object) -> Part:
    """Reads it from JSON. Raises `InvalidInput`."""
    if not isinstance(given, dict):
        raise InvalidInput(PART, given, Text("an object such as {example}", example='{"cells": [0, 1]}'))
    refuse_unknown_keys(PART, given, ("cells", "setting", "draws"))
    cells, setting, draws = given.get("cells", []), given.get("setting"), given.get("draws") or {}
    if not isinstance(cells, list) or not all(type(number) is int for number in cells):
        raise InvalidInput(f"{PART}.cells", cells, Text("a list of whole numbers"))
    if setting is not None and not isinstance(setting, dict):
        raise InvalidInput(f"{PART}.setting", setting, Text("an object"))
    if not isinstance(draws, dict) or not all(is_draw(draw) for draw in draws.values()):
        raise InvalidInput(f"{PART}.draws", draws, Text("draws as a sweep.json has them"))
    return Part(tuple(cells), setting, draws)


@dataclass
class PartDone:
    """What a part gave: the sweep's record, in which its cells are noted; its cells; its pictures in their order."""

    record: SweepRecord
    cells: list[CellRecord]
    pictures: list[Picture]


def run_part(plan: SweepPlan, session: Sampling, about: dict[str, str], part: Part) -> PartDone:
    """Runs a part of a plan on a session of a host; see `run_sweep`. Raises `InvalidInput` before any sampling."""
    wanted = part.of(plan)
    record = SweepRecord(
        plan=plan,
        id="",
        created="",
        fingerprint=plan.fingerprint({"model": session.model, "setting": session.setting}),
        host=about,
        model=session.model,
        setting={key: finite(value) for key, value in session.setting.items()},
        cells=[CellRecord(cell, plan.values_of(cell)) for cell in plan.cells()],
    )
    held = set()
    for cell in wanted:
        row = row_of(plan.values_of(cell))
        if row in part.draws and row not in held:
            held.add(row)
            session.hold(cell, part.draws[row])
    kept = _InMemory()
    if wanted:
        session.note_references(wanted)
        run_cells(record, session, kept, {cell.index for cell in wanted})
    kept.pictures.sort(key=lambda picture: (picture.cell.index, picture.place))
    return PartDone(record, [record.cells[cell.index] for cell in wanted], kept.pictures)


class _InMemory:
    """In the place of `Finishing`: pictures stay in memory."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []

    def take(self, picture: Picture) -> None:
        """See `Finishing.take`."""
        self.pictures.append(picture)

    def conclude(self, cells: list[Cell], note: Callable[[], None]) -> None:
        """See `Finishing.conclude`."""
        note()

    def wait(self) -> None:
        """See `Finishing.wait`."""
