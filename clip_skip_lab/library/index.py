"""The sweeps of one folder, as they are on disk at this moment, without reading again what did not change.

`sweep.json` and `judged.json` are the truth: each look compares the size and the time of both with those of the last
time. A few that are new are read at once; many are read by a thread, and a list says how many are missing yet.
"""

from __future__ import annotations

import os
import threading
import time

from ..sweep.library import sweep_names
from .entry import ABSENT, Row, Stamp, read_row, stamp_of
from .store import Store

MOST_AT_ONCE = 30
SECONDS_AT_ONCE = 0.3
"""How many sweeps are read before a list is answered, and how long that may take."""

LARGEST_AT_ONCE = 2_000_000
"""Bytes of a `sweep.json` that is read at once: some hundredths of a second."""

KEPT_TOGETHER = 100
"""After how many sweeps the thread writes to the file of the index."""


class Index:
    """The sweeps of a folder `clip-skip-sweeps`; for any thread. Nothing is read before the first `look`."""

    def __init__(self, parent: str):
        self._parent = parent
        self._store = Store(parent)
        self._lock = threading.Lock()
        self._rows: dict[str, Row] | None = None
        self._waiting: list[str] = []
        """The sweeps that the thread is still to read, the next one last."""
        self._reader: threading.Thread | None = None

    def look(self, judged: bool = False) -> tuple[list[Row], int]:
        """The sweeps there, and how many of them are still to be read: new ones are not among the rows, changed ones
        are as they were.

        With `judged`, only those that have a `judged.json` are read, and counted.
        """
        with self._lock:
            rows = self._rows = self._store.load() if self._rows is None else self._rows
            there = {name: stamp_of(self._parent, name) for name in sweep_names(self._parent)}
            gone = [name for name in rows if name not in there]
            for name in gone:
                del rows[name]
            changed = [name for name, stamp in there.items() if name not in rows or rows[name].stamp != stamp]
            later = {name for name in changed if judged and ABSENT == there[name][2:] == _stamp(rows, name)[2:]}
            changed = [name for name in changed if name not in later]
            changed.sort(key=lambda name: there[name][1])  # the newest last, which is read first
            reads = self._reader is not None and self._reader.is_alive()
            # What the thread is at anyway, it reads next, and a list need not wait for.
            self._store.change([] if reads else self._read_some(changed, there), gone)
            self._waiting = [name for name in self._waiting if name in later] + changed
            if changed and not reads:
                self._reader = threading.Thread(target=self._read_rest, name="clip-skip-lab-library", daemon=True)
                self._reader.start()
            return list(rows.values()), len(changed)

    def _read_some(self, changed: list[str], there: dict[str, Stamp]) -> list[Row]:
        """Reads the last of these as far as there is time, and takes them off the list."""
        assert self._rows is not None
        short = [name for name in reversed(changed) if there[name][0] <= LARGEST_AT_ONCE][:MOST_AT_ONCE]
        read, end = [], time.monotonic() + SECONDS_AT_ONCE
        for name in short:
            if time.monotonic() > end:
                break
            changed.remove(name)
            self._rows[name] = read_row(self._parent, name)
            read.append(self._rows[name])
        return read

    def _read_rest(self) -> None:
        read: list[Row] = []
        while True:
            with self._lock:
                if not self._waiting or len(read) >= KEPT_TOGETHER:
                    self._store.change(read)
                    read = []
                if not self._waiting:
                    self._reader = None  # within the lock: the next look starts another one
                    return
                name = self._waiting.pop()
            row = read_row(self._parent, name)
            if not os.path.lexists(os.path.join(self._parent, name)):
                continue  # moved to the trash meanwhile
            with self._lock:
                assert self._rows is not None
                self._rows[name] = row
            read.append(row)


def _stamp(rows: dict[str, Row], name: str) -> Stamp:
    return rows[name].stamp if name in rows else (*ABSENT, *ABSENT)
