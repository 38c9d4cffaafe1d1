"""What becomes of finished pictures while the next ones are sampled: they are written, reduced, shown and measured.

Three kinds of threads, and data goes one way. The request's thread samples, and decides names with the host and other
extensions; workers write and read files, one picture each; one thread notes what is done, batch after batch, and is the
only one that changes the record while cells run. So `sweep.json` never tells of a picture that is not on disk.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol

from .folder import CELLS
from .outcome import Outcome
from .pictures import FinishedPicture, finish_picture, note_picture
from .plan import Cell
from .session import Picture, PictureFile, Session

log = logging.getLogger("clip_skip_lab")

Beside = Callable[..., "Future[Any]"]
"""Has a function called with these arguments by a worker, beside the sampling."""

MOST_WORKERS = 8
MOST_PICTURES = 16
"""In flight when the next batch begins, the last batch's pictures included, however many these are."""
MOST_FROM_ELSEWHERE = 64
"""The same where other programs sample: with thousands of cells writing `sweep.json` takes a second or more, in which
dozens of pictures come, and whoever waits for their places would wait for its next cells."""


def workers(step_back: bool = True) -> ThreadPoolExecutor:
    """The threads that work beside the sampling, which leaves the processor idle where there is a card; `step_back` is
    whether they leave a core to it where there is none to spare."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ThreadPoolExecutor(
        max(2, min(MOST_WORKERS, cores)), "clip-skip-lab", initializer=_step_back if step_back else None
    )


def _step_back() -> None:
    """Lets the thread that samples have a core when it wants one; on Linux, where threads have their own priority."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


class Watcher(Protocol):
    """Whoever wants to know of cells as they finish; is told by the thread that notes."""

    def cells_sampled(self, pictures: Sequence[Picture]) -> None:
        """Is told of the pictures of a batch that is over, before they are on disk."""

    def cells_done(self, cells: dict[int, list[FinishedPicture]]) -> None:
        """Is told of each batch once its pictures are on disk, whatever became of it: the cells by index, each with its
        pictures."""


class Measuring(Watcher, Protocol):
    """Measures the pictures of a sweep (clip_skip_lab/measure), beside the sampling as far as it can."""

    def begin(self, outcome: Outcome, beside: Beside) -> None:
        """Is told that a sweep begins."""

    def conclude(self, outcome: Outcome) -> dict[str, Any] | None:
        """Measures the rest, and draws the charts. Returns the content of `sweep.json` with the measures in it; None
        where there are none, with a problem that says why."""


class Finishing:
    """Brings pictures to disk and into the record. A context manager, which waits for what is in flight.

    Args:
        outcome: of the sweep.
        session: of the host.
        beside: the workers.
        largest: width and height in pixels that a picture has at most, in the grid.
        watchers: whom to tell of each cell.
    """

    def __init__(
        self,
        outcome: Outcome,
        session: Session,
        beside: Beside,
        largest: tuple[int, int],
        watchers: Sequence[Watcher],
    ):
        self._outcome = outcome
        self._session = session
        self._beside = beside
        self._largest = largest
        self._most = MOST_FROM_ELSEWHERE if session.sampled_elsewhere else MOST_PICTURES
        self._watchers = watchers
        self._noting = ThreadPoolExecutor(1, "clip-skip-lab-noting")
        self._handed: list[tuple[Picture, PictureFile, Future[Any]]] = []
        """The pictures of the batch that is being sampled, each with what is written or finished of it."""
        self._in_flight: deque[tuple[Future[None], int]] = deque()
        """The batches that are not noted yet, each with its number of pictures."""
        self._queue: deque[list[Future[FinishedPicture]]] = deque()
        """Their pictures, for the thread that notes."""
        self._noted: set[int] = set()
        """The cells that are noted in the record and not written yet."""

    def __enter__(self) -> Finishing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._handed:  # whatever broke off the batch, its pictures are there
                self.conclude([], lambda: None)
            if kind is None:
                self.wait()
        finally:
            self._noting.shutdown()

    def take(self, picture: Picture) -> None:
        """Takes a finished picture; in the request's thread, with the settings that it was generated with."""
        file = self._session.name_picture(picture, self._outcome.folder / CELLS)
        work = self._beside(file.write) if file.is_awaited else self._finish(picture, file, file.write)
        self._handed.append((picture, file, work))

    def conclude(self, cells: list[Cell], note: Callable[[], None]) -> None:
        """Ends a batch, in the request's thread: once its pictures are on disk, what became of its cells is noted.

        Waits as long as too many pictures are in flight.

        Args:
            cells: of the batch.
            note: notes in the record what became of them.
        """
        handed, self._handed = self._handed, []
        works = [self._told(*each) if each[1].is_awaited else each[2] for each in handed]
        self._queue.append(works)
        pictures = [picture for picture, _, _ in handed]
        self._in_flight.append((self._noting.submit(self._note, pictures, works, cells, note), len(works)))
        while sum(count for _, count in self._in_flight) > max(self._most, len(works)):
            self._in_flight.popleft()[0].result()

    def wait(self) -> None:
        """Waits until all that was taken is noted, and raises what could not be noted."""
        while self._in_flight:
            self._in_flight.popleft()[0].result()

    def _told(self, picture: Picture, file: PictureFile, written: Future[Any]) -> Future[FinishedPicture]:
        """Tells other extensions of a file as soon as it is there: they may change it, so nobody looks at it before."""
        if written.exception() is None:
            try:
                file.tell()
            except Exception:
                log.exception("Clip skip sweep: another extension failed on a saved image")
        return self._finish(picture, file, written.result)

    def _finish(self, picture: Picture, file: PictureFile, write: Callable[[], Any]) -> Future[FinishedPicture]:
        outcome = self._outcome
        work = self._beside(finish_picture, picture, file, write, outcome.folder, outcome.files, self._largest)
        if file.is_awaited or file.is_there:  # others may move it: it is looked at before another can get its name
            work.exception()
        return work

    def _note(
        self,
        pictures: list[Picture],
        works: list[Future[FinishedPicture]],
        cells: list[Cell],
        note: Callable[[], None],
    ) -> None:
        self._tell(lambda watcher: watcher.cells_sampled(pictures))
        finished = [work.result() for work in works]
        self._queue.popleft()
        for picture in finished:
            note_picture(self._outcome, picture)
        note()
        done: dict[int, list[FinishedPicture]] = {cell.index: [] for cell in cells}
        for picture in finished:
            done.setdefault(picture.saved.cell, []).append(picture)
        self._tell(lambda watcher: watcher.cells_done(done))
        self._noted |= done.keys()
        if not (self._queue and all(work.done() for work in self._queue[0])):  # else it is written with the next batch
            self._outcome.write_cells(sorted(self._noted))
            self._noted.clear()

    def _tell(self, of: Callable[[Watcher], None]) -> None:
        for watcher in self._watchers:
            try:
                of(watcher)
            except Exception:  # what it makes of the cells is made from their files at the end
                log.exception("Clip skip sweep: finished cells could not be shown or measured beside the sampling")
