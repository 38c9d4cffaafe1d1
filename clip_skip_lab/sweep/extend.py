"""Extending a sweep: a new one with more values or one more axis, in which the pictures that are there are used again.

The earlier sweep stays as it is. Its pictures are linked into the new sweep's folder, or copied where the disk has no
links, so that either folder can be moved, sent and deleted without the other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InvalidInput
from ..language import Text, counted
from ..page.files import save_small
from .draws import row_of
from .finishing import workers
from .folder import CELLS
from .plan import Cell, SweepPlan
from .reading import open_picture, path_in
from .record import PictureRecord
from .resume import EarlierSweep, check_same, code_of
from .session import Session

EXTENDED = Text("Sweep to extend")

Rows = dict[tuple[int, int], Hashable]
"""For each row of a plan, by its places `y` and `z`, what decides its pictures beside clip skip; a row of which that is
not known is absent. Equal values, equal pictures."""


def extended_plan(earlier: EarlierSweep, given: dict[str, Any]) -> dict[str, Any]:
    """The request for a plan that extends a sweep: what is not given is as it was there, and all cells are run.

    Raises `InvalidInput` where its pictures are not what the new sweep promises.
    """
    then = {key: value for key, value in earlier.content["plan"].items() if key not in ("cells", "return_cells")}
    if then.get("mode") == "fast" and given.get("mode", "fast") == "exact":
        problem = Text("cannot use images made in fast mode, which can differ from single generations by rounding")
        raise InvalidInput("mode", "exact", Text('"fast", like the sweep {name}', name=earlier.folder.name), problem)
    return {**then, **given}


@dataclass(frozen=True)
class Reused:
    """What a new sweep takes from an earlier one.

    Attributes:
        earlier: that one.
        cells: the places of these cells there, by their places here.
        pictures: theirs, by their places here, as they are there.
        draws: what other extensions drew for the rows that both have, by `row_of` here.
    """

    earlier: EarlierSweep
    cells: dict[int, int]
    pictures: dict[int, list[PictureRecord]]
    draws: dict[str, list[Any]]

    def take_over(self, folder: Path) -> dict[int, list[PictureRecord]]:
        """Brings the pictures into the folder of the new sweep, each with its reduced copy.

        Returns them as they are there, by the places of their cells. Raises `OSError`, such as for a full disk.
        """
        pictures = [(index, *item) for index, found in self.pictures.items() for item in enumerate(found)]
        with workers() as pool:
            brought = list(pool.map(lambda item: self._brought(folder, *item), pictures))
        taken: dict[int, list[PictureRecord]] = {}
        for (index, *_), picture in zip(pictures, brought, strict=True):
            taken.setdefault(index, []).append(picture)
        return taken

    def notes(self, cells: int, program: str, host: dict[str, str]) -> list[str]:
        """What is to be noted of the new sweep, which has so many cells."""
        name, then, now = self.earlier.folder.name, self.earlier.code, code_of(program, host)
        taken = Text(
            "{count} of {cells} were taken from the sweep {name} and not run again.",
            count=len(self.cells),
            cells=counted(cells, "{n} cell", "{n} cells"),
            name=name,
        )
        before = [*map(str, self.earlier.content["notes"]), taken]
        if then == now:
            return before
        return [
            *before,
            Text(
                "The sweep {name} was made with {then}, the rest with {now}; their images may differ.",
                name=name,
                then=then,
                now=now,
            ),
        ]

    def _brought(self, folder: Path, index: int, place: int, picture: PictureRecord) -> PictureRecord:
        name = str(picture.file)
        source, target = path_in(self.earlier.folder, name), path_in(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(source, target)
        small = None
        with contextlib.suppress(OSError), open_picture(target) as image:  # without it the page shows the picture
            small = save_small(image, folder, f"{index}-{place}")
        return replace(picture, small=small)


@dataclass(frozen=True)
class Extension:
    """An earlier sweep to be extended, with its plan as it is read now."""

    earlier: EarlierSweep
    plan: SweepPlan

    def reusable(self, plan: SweepPlan, session: Session) -> Reused:
        """What of it can be used in a session's sweep.

        Raises `InvalidInput` where model or settings are not what they were, and where there is nothing to run.
        """
        setting = session.setting_of(self.plan)
        fingerprint = self.plan.fingerprint({"model": session.model, "setting": setting})
        check_same(self.earlier, fingerprint, session.model, setting, EXTENDED)
        rows, then = session.rows(plan), session.rows(self.plan)
        sound = {
            place: pictures
            for place, pictures in self.earlier.sound_cells(self.plan).items()
            if all(_is_among_cells(picture) for picture in pictures)
        }
        found = same_cells(plan, rows, self.plan, then)
        cells = {index: place for index, place in found.items() if place in sound}
        if len(cells) == plan.size:
            problem = Text("already has all of these cells")
            raise InvalidInput(
                EXTENDED, self.earlier.folder.name, Text("values or an axis that it does not have yet"), problem
            )
        pictures = {index: sound[place] for index, place in cells.items()}
        return Reused(self.earlier, cells, pictures, self._draws(plan, rows, then))

    def _draws(self, plan: SweepPlan, rows: Rows, then: Rows) -> dict[str, list[Any]]:
        drawn, found = self.earlier.draws(), {}
        names = {then[cell.y, cell.z]: row_of(self.plan.values_of(cell)) for cell in _known(self.plan, then)}
        for cell in _known(plan, rows):
            draw = drawn.get(names.get(rows[cell.y, cell.z], ""))
            if draw is not None:
                found[row_of(plan.values_of(cell))] = draw
        return found


def same_cells(plan: SweepPlan, rows: Rows, then: SweepPlan, rows_then: Rows) -> dict[int, int]:
    """The cells of a plan that another one has, too: their places there by their places here.

    Args:
        plan: the plan.
        rows: its rows.
        then: the other one.
        rows_then: that one's rows.
    """
    there: dict[tuple[Hashable, object], int] = {}
    for cell in _known(then, rows_then):
        there.setdefault((rows_then[cell.y, cell.z], cell.clip_skip), cell.index)
    found = {}
    for cell in _known(plan, rows):
        place = there.pop((rows[cell.y, cell.z], cell.clip_skip), None)  # a picture is of one cell only
        if place is not None:
            found[cell.index] = place
    return found


def _known(plan: SweepPlan, rows: Rows) -> list[Cell]:
    return [cell for cell in plan.cells() if (cell.y, cell.z) in rows]


def _is_among_cells(picture: PictureRecord) -> bool:
    """Whether a picture's name is one that a sweep gives: nothing else of the new folder may get into its place."""
    parts = PurePosixPath(str(picture.file)).parts
    return len(parts) > 1 and parts[0] == CELLS and ".." not in parts and "\\" not in str(picture.file)


def _link(source: Path, target: Path) -> None:
    """Gives a file a second name, or copies it where that cannot be. Raises `OSError`, also where the name is taken."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk, one without links, or too many of them
        with source.open("rb") as file, target.open("xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
