"""Measuring cells while a sweep still samples: each as soon as its pictures are on disk, in a pool of threads.

What it has by the end is taken by `measure_folder` where it is what that would measure itself: the same files, of the
same cell and the same reference cell, unchanged. Everything else is measured then, and so is what went wrong here.
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from ..language import ENGLISH
from ..sweep.axes import AXIS_NAME
from ..sweep.finishing import Beside
from ..sweep.plan import SweepPlan
from ..sweep.reading import path_in
from ..sweep.record import CellRecord
from .cells import Cell, Files, beside, files_of, is_done, reference_of
from .contrasts import Changes, neighbour_cells, seed_groups
from .metrics import measures_of, reduced_changes
from .pictures import Full, Reduced, measurable, read_picture
from .taking import Taken, take

log = logging.getLogger("clip_skip_lab")

Stamp = tuple[int, int, int]
"""By which a file that was changed is noticed: inode, size, time of the last change."""

KEPT = 24_000_000
"""Bytes of the reference pictures that stay in memory: 22 of 512 × 512, 5 of 1024 × 1024, one at the least."""


@dataclass
class _Row:
    """The cells that differ in clip skip only: their reference, and those that wait for it, by index."""

    reference: Files | None = None
    waiting: dict[int, Files] = field(default_factory=dict)


@dataclass(frozen=True)
class _Job:
    reference: Files
    future: Future[Any]


class Ahead:
    """Measures the cells of a running sweep in a pool.

    A cell is measured against the reference of its row by the plan, clip skip 1 or else the plan's first value, and
    waits until that is done.

    Args:
        folder: of the sweep.
        plan: of the sweep.
        submit: hands a function with its arguments to the pool. Only names of files wait in its queue.
    """

    def __init__(self, folder: Path, plan: SweepPlan, submit: Beside) -> None:
        self._pool = submit
        self._folder = folder
        planned: list[Cell] = [{"index": cell.index, "values": plan.values_of(cell)} for cell in plan.cells()]
        self._first = reference_of(planned)
        self._rows: dict[str, _Row] = {beside(cell): _Row() for cell in planned}
        self._jobs: dict[Files, _Job] = {}
        self._references = _References(folder)
        self._contrasts = _Contrasts(planned)
        self._lock = Lock()

    def cell_done(self, entry: CellRecord) -> None:
        """Is told that a cell is over. One that is done, with all its pictures in files, is measured in the pool."""
        files = _files_of(entry)
        if files is None:
            return
        with self._lock:
            row = self._row_of(entry)
            row.waiting[entry.cell.index] = files
            self._note_reference(row, entry, files)
            self._submit_waiting(row)

    def done_before(self, entries: Iterable[CellRecord]) -> None:
        """Is told of the cells of an earlier run: they are references for the others, and measured at the end."""
        with self._lock:
            for entry in entries:
                files = _files_of(entry)
                if files is not None:
                    self._note_reference(self._row_of(entry), entry, files)

    def ask(self, index: int, files: Files, reference: Files) -> None:
        """Has a cell measured in the pool, if it isn't, or was against another reference. Args: see `taken`."""
        with self._lock:
            job = self._jobs.get(files)
            if job is None or job.reference != reference:
                self._submit(index, files, reference)

    def taken(self, files: Files, reference: Files) -> Taken | None:
        """What was taken of a cell, or None where it has to be measured now.

        Waits for a measurement that has begun; one that has not is given up, so that this may be called from within
        the pool, too.

        Args:
            files: of the cell's pictures.
            reference: the files of the reference cell's pictures, those that it is to be compared with.
        """
        job = self._jobs.get(files)
        if job is None or job.reference != reference or job.future.cancel():
            return None
        try:
            taken, stamps = job.future.result()
        except Exception:  # whatever it is, measuring it again tells
            return None
        return taken if all(_stamp(self._folder, file) == stamp for file, stamp in stamps.items()) else None

    def changes(self, picture: Reduced, other: Reduced) -> Changes:
        """`reduced_changes`, from memory where the two were compared already."""
        return self._contrasts.changes(picture, other)

    def give_up(self) -> None:
        """Takes back what has not begun."""
        for job in list(self._jobs.values()):
            job.future.cancel()

    def _row_of(self, entry: CellRecord) -> _Row:
        return self._rows.setdefault(beside({"values": entry.values}), _Row())

    def _note_reference(self, row: _Row, entry: CellRecord, files: Files) -> None:
        if entry.values[AXIS_NAME] == self._first:
            row.reference = files

    def _submit_waiting(self, row: _Row) -> None:
        if row.reference is not None:
            for index, files in row.waiting.items():
                self._submit(index, files, row.reference)
            row.waiting.clear()

    def _submit(self, index: int, files: Files, reference: Files) -> None:
        try:
            self._jobs[files] = _Job(reference, self._pool(self._measure, index, files, reference))
        except RuntimeError:  # the pool is closed; what is not measured here is measured at the end
            log.debug("Clip skip sweep: a cell is not measured ahead", exc_info=True)

    def _measure(self, index: int, files: Files, reference: Files) -> tuple[Taken, dict[str, Stamp]]:
        """What is taken of a cell, and the stamps that the files had before they were read."""
        stamps: dict[str, Stamp] = {}

        def read(file: str) -> Full:
            stamps[file] = _stamp_of(self._folder, file)
            return read_picture(path_in(self._folder, file))

        def read_reference(file: str) -> Full:
            stamps[file], picture = self._references.read(file)
            return picture

        taken = take(files, reference, read, read_reference)
        self._contrasts.add(index, taken.reduced)
        return taken, stamps


def warm_up() -> None:
    """Loads what measures and charts take, and draws a first chart, so that no cell waits for it: a second or two.

    For a thread of the pool; whoever imports this file has loaded none of it.
    """
    from .charts import Line, lines_chart, save, words_in

    black, white = (measurable(Image.new("RGB", (16, 16), colour)) for colour in ("black", "white"))
    measures_of(black, white)
    words = words_in(ENGLISH, 1)
    save(lines_chart([Line("", {1: 0.0, 2: 1.0})], words, words["change"], words["change axis"]), BytesIO())


class _References:
    """Pictures of reference cells, of which as many stay in memory as `KEPT` has room for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[str, tuple[Stamp, Full]] = OrderedDict()
        self._lock = Lock()

    def read(self, file: str) -> tuple[Stamp, Full]:
        """The file's stamp and picture. Raises `OSError` or `ValueError`."""
        with self._lock:
            if file in self._kept:
                self._kept.move_to_end(file)
                return self._kept[file]
        found = _stamp_of(self._folder, file), read_picture(path_in(self._folder, file))
        with self._lock:
            self._kept[file] = found
            size = sum(picture.kept_size for _, picture in self._kept.values())
            while size > KEPT and len(self._kept) > 1:
                _, (_, dropped) = self._kept.popitem(last=False)
                size -= dropped.kept_size
        return found


class _Contrasts:
    """What differs between the pictures that are compared at the end: neighbours in clip skip, and seeds."""

    def __init__(self, planned: list[Cell]) -> None:
        pairs = [(one["index"], other["index"]) for _, _, both in neighbour_cells(planned) for one, other in both]
        seeds = [(one["index"], other["index"]) for group in seed_groups(planned) for one, other in pairwise(group)]
        self._pairs: dict[int, list[tuple[int, int]]] = {}
        self._seeds: dict[int, list[tuple[int, int]]] = {}
        for found, by_index in ((pairs, self._pairs), (seeds, self._seeds)):
            for pair in found:
                for index in pair:
                    by_index.setdefault(index, []).append(pair)
        self._reduced: dict[int, list[Reduced]] = {}
        self._known: dict[tuple[Reduced, Reduced], Changes] = {}
        self._lock = Lock()

    def add(self, index: int, reduced: list[Reduced]) -> None:
        """Compares the pictures of a cell with those of the others that are there."""
        with self._lock:
            self._reduced[index] = reduced
            wanted = [*pairwise(reduced), *self._across(index)]
        for pair in wanted:
            self._known[pair] = reduced_changes(*pair)

    def changes(self, picture: Reduced, other: Reduced) -> Changes:
        known = self._known.get((picture, other))
        return reduced_changes(picture, other) if known is None else known

    def _across(self, index: int) -> Iterator[tuple[Reduced, Reduced]]:
        for one, other in self._pairs.get(index, []):
            if one in self._reduced and other in self._reduced:
                yield from zip(self._reduced[one], self._reduced[other], strict=False)
        for one, other in self._seeds.get(index, []):
            if one in self._reduced and other in self._reduced:
                yield self._reduced[one][-1], self._reduced[other][0]


def _files_of(entry: CellRecord) -> Files | None:
    """The files of a cell that is done, None where one is missing."""
    cell = entry.to_json()
    return files_of(cell) if is_done(cell) else None


def _stamp_of(folder: Path, file: str) -> Stamp:
    found = os.stat(os.path.join(folder, file))
    return found.st_ino, found.st_size, found.st_mtime_ns


def _stamp(folder: Path, file: str) -> Stamp | None:
    try:
        return _stamp_of(folder, file)
    except (OSError, ValueError):
        return None
