"""Running the cells of a sweep: batch after batch; what is finished goes to disk beside the next (finishing.py).

A cell that fails is marked with its reason and the others are run all the same; an interrupt ends the sweep with what
there is.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol

from ..language import Text
from .draws import mark_incomparable
from .plan import Cell, split_evenly
from .record import DONE, FAILED, NOT_RUN, CellRecord, SweepRecord, draw_hash
from .session import Picture, Sampled, Sampling, Session

log = logging.getLogger("clip_skip_lab")

Batches = deque[list[Cell]]


class Takes(Protocol):
    """What takes finished pictures, and notes what became of their cells; for a sweep it is `Finishing`."""

    def take(self, picture: Picture) -> None:
        """See `Finishing.take`."""

    def conclude(self, cells: list[Cell], note: Callable[[], None]) -> None:
        """See `Finishing.conclude`."""

    def wait(self) -> None:
        """See `Finishing.wait`."""


def run_cells(record: SweepRecord, session: Sampling, finishing: Takes, only: Collection[int] | None = None) -> None:
    """Runs the cells that aren't done, and notes what is to be said of the sweep; see `run_sweep`.

    Args:
        record: of the sweep.
        session: of the host.
        finishing: takes what is finished.
        only: the cells to run, by index; None for all.
    """
    left_out = {
        entry.cell.index
        for entry in record.cells
        if entry.state == DONE or (only is not None and entry.cell.index not in only)
    }
    waiting: Batches = deque(record.plan.batches(session.cells_at_once, without=left_out))
    over, total, why = 0, sum(map(len, waiting)), None
    while waiting and (why := session.stopped()) is None:
        cells = waiting.popleft()
        session.starting(over, total, cells)
        started = time.perf_counter()
        try:
            sampled = session.sample(cells, finishing.take)
            note = partial(_note_what_became, record, cells, sampled)
        except Exception as error:  # whatever the host, the model or another extension raises: the other cells go on
            if len(cells) > 1:
                waiting = _in_smaller_batches(session, error, cells, waiting)
                continue
            log.exception("Clip skip sweep: cell %d failed", cells[0].index)
            note = partial(_note_failure, record.cells[cells[0].index], session.explain(error))
        over += len(cells)
        seconds = (time.perf_counter() - started) / len(cells)
        finishing.conclude(cells, partial(_note_seconds, record, cells, seconds, note))
    finishing.wait()
    for cell in (cell for cells in waiting for cell in cells):
        record.cells[cell.index].reason = why
    conclude(record, session, stopped=why is not None)


def _in_smaller_batches(session: Sampling, error: Exception, cells: list[Cell], waiting: Batches) -> Batches:
    """What to try after a batch failed: all batches of half the size when memory ran out; else its cells one by one,
    so that the one at fault is found and the others are not lost to it."""
    if not session.recovers_memory(error):
        log.warning("Clip skip sweep: %d cells at once failed (%s); trying them one by one", len(cells), error)
        # The session may have seen that no cells of this sweep can share a batch.
        later = waiting if session.cells_at_once > 1 else (part for batch in waiting for part in split_evenly(batch, 1))
        return deque([*split_evenly(cells, 1), *later])
    half = len(cells) // 2
    session.notes.append(
        Text(
            "{count} cells at once ran out of memory; the sweep continued with {half} at once.",
            count=len(cells),
            half=half,
        )
    )
    log.warning("Clip skip sweep: %s", session.notes[-1])
    return deque(part for batch in (cells, *waiting) for part in split_evenly(batch, half))


def _note_seconds(record: SweepRecord, cells: list[Cell], seconds: float, note: Callable[[], None]) -> None:
    for cell in cells:
        record.cells[cell.index].seconds = seconds
    note()


def _note_failure(entry: CellRecord, reason: str) -> None:
    entry.state, entry.reason = FAILED, reason


def _note_what_became(record: SweepRecord, cells: list[Cell], sampled: Sampled) -> None:
    for cell in cells:
        _note_what_became_of(cell, sampled, record)
    for index, change in sampled.conditioning_changes.items():
        record.cells[index].conditioning_change = change


def _note_what_became_of(cell: Cell, sampled: Sampled, record: SweepRecord) -> None:
    entry, index = record.cells[cell.index], cell.index
    if index in sampled.failed:
        entry.state, entry.reason = FAILED, sampled.failed[index]
    elif index in sampled.missing:
        entry.state, entry.reason = NOT_RUN, sampled.missing[index]
    else:
        entry.state, entry.reason = DONE, None
    entry.used = sampled.used.get(index, {})
    draw = sampled.draws.get(index)
    if draw:
        entry.drawn = draw_hash(draw)
        record.draws[entry.drawn] = draw


def conclude(record: SweepRecord, session: Session, stopped: bool) -> None:
    """Notes what is to be said of a sweep whose cells are over, or won't be run any more as it was stopped."""
    mark_incomparable(record)
    record.notes = list(dict.fromkeys([*record.notes, *session.notes]))
    record.text_encoder_forwards = session.text_encoder_forwards
    record.no_effect = session.no_effect
    waiting = record.count(NOT_RUN) > 0  # an interrupt within the last cell is seen only here
    record.state = "interrupted" if stopped or (waiting and session.stopped()) else "finished"
