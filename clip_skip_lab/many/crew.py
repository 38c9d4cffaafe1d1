"""The WebUIs of a run, and what each of them does: it generates, waits, is looked at again, or is out.

One thread places cells and hands on what comes to `Finishing`, which is the only writer. Whatever waits for a WebUI
runs on that WebUI's worker (cluster.py).
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from ..sweep.cells import conclude
from ..sweep.draws import is_draw, row_of
from ..sweep.finishing import Finishing
from ..sweep.plan import Cell
from ..sweep.record import DONE, FAILED, NOT_RUN, CellRecord, SweepRecord, draw_hash
from ..sweep.session import Picture
from .cluster import Cluster
from .compare import check_same
from .exchange import Address, Described, Failed, Given, GivenCell, Gone, Job, Task, WebUI
from .placement import MOST_AT_ONCE, Placement
from .session import ManySession, picture_of
from .watch import LOST, OUT, WAITS, WORKS, Watch

log = logging.getLogger("clip_skip_lab")

Connect = Callable[[Address], WebUI]

TICK = 0.5
"""Seconds after which the run looks around where nothing happens."""
LOOK_EVERY = 5.0
"""Seconds after which a WebUI that was lost is looked at again, and the file of WebUIs is read again."""
LOOK_FIRST = 1.0
"""Seconds after which one that has just been lost is looked at for the first time."""
HOPE = 60.0
"""For how many seconds to wait where no WebUI is left, but one may come back."""
GRACE = 30.0
"""Seconds that WebUIs have to give what they have, after the run was stopped."""
MOST_FAILURES = 3
"""How many tasks in a row a WebUI may fail at, where there are others."""
MOST_TRIES = 2
"""On how many WebUIs a cell may fail."""

HASHES = re.compile(r"\b([\w ]*hash(?:es)?): (\"[^\"]*\"|[^,\n]+)")
"""What infotexts say of the files that a picture was made with."""


@dataclass
class Member:
    """A WebUI of the run.

    Attributes:
        address: where it is.
        webui: it, None as long as nobody has spoken to it.
        described: what it says of the job, None likewise.
        state: one of those in watch.py.
        cells: those that it generates now.
        look_at: when to look at it again, where it was lost.
        failures: how many tasks in a row it failed at.
        made: how many cells it has done.
    """

    address: Address
    webui: WebUI | None = None
    described: Described | None = None
    state: str = WAITS
    cells: list[Cell] = field(default_factory=list)
    look_at: float = 0.0
    is_looked_at: bool = False
    failures: int = 0
    made: int = 0

    @property
    def url(self) -> str:
        """Its address, by which it is known."""
        return self.address.url


@dataclass
class _Done:
    """What a task gave, its pictures decoded."""

    task: Task
    given: Given
    pictures: list[Picture]


class Crew:
    """Runs the cells of a sweep on WebUIs.

    Args:
        job: of which cells are run; its seeds are fixed.
        members: the WebUIs, the first being the one that the others have to be like.
        connect: speaks to one.
        watch: is told how it goes.
        stop: ends the run when it is set.
        allow_different: whether WebUIs may differ.
        cluster: where the WebUIs' workers are.
        more: the WebUIs that take part at this moment, asked again and again; see `Order.more`.
    """

    def __init__(
        self,
        job: Job,
        members: Sequence[Member],
        connect: Connect,
        watch: Watch,
        stop: threading.Event,
        cluster: Cluster,
        *,
        allow_different: bool = False,
        more: Callable[[], Sequence[Address]] = tuple,
    ):
        self._job = job
        self._members = {member.url: member for member in members}
        self._first = members[0]
        self._connect = connect
        self._watch = watch
        self._stop = stop
        self._allow_different = allow_different
        self._cluster = cluster
        self._more = more
        self._looked_around = time.monotonic()
        self._last_seen = time.monotonic()
        """When a WebUI last worked or could."""
        self._done = self._failures = 0
        self._draws: dict[str, list[Any] | None] = {}
        """What was drawn for each row, by `row_of`; None for nothing."""
        self._hashes: dict[str, dict[str, str]] = {}
        """What files each row's pictures were made with, by `row_of`."""

    def run_cells(self, session: ManySession, record: SweepRecord, finishing: Finishing) -> None:
        """Runs the cells that aren't done, and notes what is to be said of the sweep."""
        self._session, self._record, self._finishing = session, record, finishing
        self._draws.update(session.draws)
        done = [entry.cell.index for entry in record.cells if entry.state == DONE]
        self._done = len(done)
        self._placement = Placement(record.plan, done)
        self._run()
        self._finishing.wait()
        reason = session.stopped() or Text("no WebUI was left")
        left = [*self._placement.waiting(), *(cell for member in self._busy() for cell in member.cells)]
        for cell in left:
            record.cells[cell.index].reason = reason
        conclude(record, session, stopped=bool(left) or self._stop.is_set())

    def _run(self) -> None:
        stopped_at: float | None = None
        while True:
            if self._stop.is_set():
                if stopped_at is None:
                    stopped_at = time.monotonic()
                    self._interrupt()
                if not self._busy() or time.monotonic() > stopped_at + GRACE:
                    return
            else:
                self._place()
                if not self._busy() and (not len(self._placement) or not self._has_hope()):
                    return
                self._look_around()
            finished = self._cluster.next_finished(TICK)
            if finished is not None:
                self._take(self._members[finished[0]], finished[1])

    # --- Placing ------------------------------------------------------------------------------------------------------

    def _place(self) -> None:
        workers = [member.url for member in self._members.values() if member.state in (WORKS, WAITS)]
        for member in self._members.values():
            described = member.described
            if member.state != WAITS or described is None or member.webui is None:
                continue
            # Without our extension cells share nothing, and a WebUI that is lost loses all of a task.
            most = MOST_AT_ONCE if described.program else 1
            working = sum(len(each.cells) for each in self._busy())
            cells = self._placement.take(member.url, workers, described.cells_at_once, most, working)
            if cells:
                rows = {row_of(self._record.plan.values_of(cell)) for cell in cells}
                draws = {row: draw for row in rows if (draw := self._draws.get(row)) is not None}
                task = Task(self._job, described, tuple(sorted(cell.index for cell in cells)), draws)
                member.cells = cells
                self._set(member, WORKS)
                self._cluster.submit(member.url, partial(_generate, member.webui, task, self._record, member.url))

    def _busy(self) -> list[Member]:
        return [member for member in self._members.values() if member.state == WORKS]

    def _has_hope(self) -> bool:
        states = {member.state for member in self._members.values()}
        now = time.monotonic()
        if states & {WORKS, WAITS}:
            self._last_seen = now
        return bool(states & {WORKS, WAITS}) or (LOST in states and now < self._last_seen + HOPE)

    def _set(self, member: Member, state: str) -> None:
        if member.state != state:
            member.state = state
            self._watch.webui(member.url, state)
        if state in (WORKS, WAITS):
            self._last_seen = time.monotonic()

    # --- Looking around -----------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Looks at WebUIs that were lost or are new; whether they are there is for their own workers to find out."""
        now = time.monotonic()
        if now >= self._looked_around + LOOK_EVERY:
            self._looked_around = now
            for address in self._more():
                if address.url not in self._members:
                    self._members[address.url] = Member(address, state=LOST)
                    self._cluster.join(address.url)
        for member in self._members.values():
            if member.state == LOST and not member.is_looked_at and now >= member.look_at:
                member.is_looked_at = True
                self._cluster.submit(member.url, partial(self._look, member.address))

    def _look(self, address: Address) -> tuple[WebUI, Described]:
        webui = self._connect(address)
        return webui, webui.describe(self._job)

    def _looked(self, member: Member, result: Callable[[], Any]) -> None:
        member.is_looked_at = False
        try:
            webui, described = result()
            assert self._first.described is not None, "the run began with it"
            before = {self._first.url: self._first.described} if member is not self._first else {}
            sentences = check_same({**before, member.url: described}, self._allow_different)
        except Gone:
            member.look_at = time.monotonic() + LOOK_EVERY
        except (InvalidInput, Failed) as error:
            self._put_out(member, Text("{url} is not used: {reason}", url=member.url, reason=_sentence(error)))
        else:
            if member is self._first and described.fingerprint != self._first.described.fingerprint:
                self._put_out(
                    member, Text("{url} is not used: its checkpoint or settings were changed.", url=member.url)
                )
                return
            member.webui, member.described, member.failures = webui, described, 0
            self._say(Text("{url} joins the sweep.", url=member.url), *sentences)
            self._set(member, WAITS)

    # --- Taking -------------------------------------------------------------------------------------------------------

    def _take(self, member: Member, result: Callable[[], Any]) -> None:
        """Takes what a WebUI's worker has done."""
        if member.is_looked_at:
            self._looked(member, result)
            return
        cells, member.cells = member.cells, []
        try:
            done: _Done = result()
        except Gone as error:
            self._placement.give_back(cells)
            self._lose(member, Text("{why} Its cells go to another WebUI.", why=error.args[0]))
        except (Failed, InvalidInput) as error:
            self._failed(member, cells, _sentence(error))
        except Exception as error:  # a fault of ours must not cost what the others do
            log.exception("Clip Skip Lab: a task failed")
            self._failed(member, cells, f"{type(error).__name__}: {error}")
        else:
            self._accept(member, cells, done)
        self._tell()

    def _accept(self, member: Member, cells: list[Cell], done: _Done) -> None:
        told = member.described
        assert told is not None, "it was described before it got a task"
        if done.given.fingerprint != told.fingerprint:
            self._placement.give_back(cells)
            sentence = Text(
                "{url}: its checkpoint or settings were changed; what it made after that is not used.", url=member.url
            )
            self._lose(member, sentence)
            return
        member.failures = 0
        good, back, refused, interrupted = self._sorted(done)
        by_index = {cell.index: cell for cell in cells}
        if back:
            self._placement.give_back([by_index[cell.index] for cell in back])
        if refused:
            self._refuse(member, [by_index[cell.index] for cell in refused], _OTHER_FILES)
        made_by = _made_by(member)
        if interrupted:
            self._put_out(
                member,
                Text("{url}: someone pressed Interrupt there; it gets no more cells of this sweep.", url=member.url),
            )
        else:
            self._set(member, WAITS)
            if not self._stop.is_set():
                self._place()  # it need not wait until what it gave is on disk
        kept = {cell.index for cell in good}
        for picture in done.pictures:
            if picture.cell.index in kept:
                self._finishing.take(picture)
        note = partial(_note, self._record, good, made_by)
        self._finishing.conclude([by_index[cell.index] for cell in good], note)
        self._session.take_over(done.given)
        member.made += len(good)
        self._done += sum(cell.state == DONE for cell in good)
        self._failures += sum(cell.state == FAILED for cell in good)

    def _sorted(self, done: _Done) -> tuple[list[GivenCell], list[GivenCell], list[GivenCell], bool]:
        """The cells of a task: good ones, those to be run again, those that another WebUI has to make; and whether
        somebody interrupted that WebUI."""
        good, back, refused, interrupted = [], [], [], False
        for cell in done.given.cells:
            row = row_of(self._record.cells[cell.index].values)
            if cell.state == NOT_RUN and cell.reason == "interrupted" and not self._stop.is_set():
                interrupted = True
                back.append(cell)
            elif cell.state == DONE and self._is_drawn_otherwise(cell, row, done.task):
                back.append(cell)
            elif cell.state == DONE and self._has_other_files(cell, row):
                refused.append(cell)
            else:
                good.append(cell)
        return good, back, refused, interrupted

    def _is_drawn_otherwise(self, cell: GivenCell, row: str, task: Task) -> bool:
        """Whether other extensions drew something else for this cell than for its row, which it was not told of."""
        draw = cell.draw if cell.draw is not None and is_draw(cell.draw) else None
        known = self._draws.setdefault(row, draw)
        return draw != known and known is not None and row not in task.draws

    def _has_other_files(self, cell: GivenCell, row: str) -> bool:
        """Whether its infotext tells of other files than those of its row."""
        if self._allow_different or not cell.pictures:
            return False
        found = {name.strip(): value for name, value in HASHES.findall(cell.pictures[0].infotext)}
        return self._hashes.setdefault(row, found) != found

    def _failed(self, member: Member, cells: list[Cell], reason: str) -> None:
        member.failures += 1
        if len(cells) > 1:  # one by one, so that the one at fault is found, and the others are not lost to it
            for cell in reversed(cells):
                self._placement.give_back([cell])
        else:
            self._refuse(member, cells, reason)
        if member.failures >= MOST_FAILURES and len(self._present()) > 1:
            sentence = Text("{url} failed {count} times in a row", url=member.url, count=member.failures)
            self._put_out(member, Text("{what} and gets no more cells: {reason}", what=sentence, reason=reason))
        else:
            self._set(member, WAITS)

    def _refuse(self, member: Member, cells: list[Cell], reason: str) -> None:
        """Has cells go to another WebUI, or fail where there is none."""
        self._placement.give_back(cells, refused_by=member.url)
        present = [each.url for each in self._present()]
        self._fail([cell for cell in cells if not self._placement.has_a_place(cell, present, MOST_TRIES)], reason)

    def _fail(self, cells: list[Cell], reason: str) -> None:
        """Gives cells up that no WebUI is left for."""
        self._placement.drop(cells)
        self._failures += len(cells)
        for cell in cells:
            self._finishing.conclude([cell], partial(_note_failure, self._record.cells[cell.index], reason))

    def _present(self) -> list[Member]:
        return [member for member in self._members.values() if member.state != OUT]

    def _lose(self, member: Member, sentence: Text) -> None:
        member.look_at = time.monotonic() + LOOK_FIRST
        self._set(member, LOST)
        self._say(sentence)

    def _put_out(self, member: Member, sentence: Text) -> None:
        self._set(member, OUT)
        self._say(sentence)
        present = [each.url for each in self._present()]
        if present:
            waiting = [*self._placement.waiting()]
            self._fail(
                [cell for cell in waiting if not self._placement.has_a_place(cell, present, MOST_TRIES)], sentence
            )

    def _say(self, *sentences: Text) -> None:
        self._session.note(*sentences)
        for sentence in sentences:
            self._watch.said(sentence)

    def _interrupt(self) -> None:
        for member in self._busy():
            if member.webui is not None:
                threading.Thread(target=member.webui.interrupt, daemon=True).start()

    def _tell(self) -> None:
        total = len(self._record.cells)
        waiting = len(self._placement) + sum(len(member.cells) for member in self._members.values())
        self._watch.cells_over(total - waiting, total, self._done, self._failures)


def _generate(webui: WebUI, task: Task, record: SweepRecord, url: str) -> _Done:
    """Has a task done, and decodes its pictures; in a thread of the WebUI's worker."""
    given = webui.cells(task)
    pictures = [
        picture_of(record.cells[cell.index].cell, picture, url) for cell in given.cells for picture in cell.pictures
    ]
    return _Done(task, given, pictures)


def _made_by(member: Member) -> dict[str, str]:
    told = member.described
    assert told is not None, "it was described before it made anything"
    about = {"webui": member.url, **told.about, **told.computes, "program": told.program}
    return {name: str(value) for name, value in about.items() if value}


def _note(record: SweepRecord, cells: list[GivenCell], made_by: dict[str, str]) -> None:
    for given in cells:
        entry = record.cells[given.index]
        entry.state, entry.reason, entry.seconds = given.state, given.reason, given.seconds
        entry.used, entry.conditioning_change, entry.made_by = given.used, given.conditioning_change, made_by
        if given.draw and is_draw(given.draw):
            entry.drawn = draw_hash(given.draw)
            record.draws[entry.drawn] = given.draw


def _note_failure(entry: CellRecord, reason: str) -> None:
    entry.state, entry.reason = FAILED, reason


def _sentence(error: Exception) -> str:
    return error.detail if isinstance(error, InvalidInput) else str(error.args[0])


_OTHER_FILES = Text("it was made with different files than the other cells of its row")
