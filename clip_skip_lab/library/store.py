"""What the library knows of a folder's sweeps, kept in a file between two starts: `index.sqlite`.

It is a cache: where it is damaged it is made anew, and where it cannot be used the library keeps all in memory.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import reason_of
from .entry import Row

log = logging.getLogger("clip_skip_lab")

FILE = "index.sqlite"
VERSION = 4
"""Of the table and of what stands in it; a file of another version is made anew."""

BUSY_SECONDS = 1.0
"""How long to wait for another WebUI that is writing; a write takes a hundredth of it."""

READING_SECONDS = 10.0
"""The most that reading the file may take; 10,000 sweeps take a fifth of a second."""

LARGEST_ROW = 1_000_000
"""Letters of what is kept of one sweep, at most."""

TABLE = """CREATE TABLE sweeps (id TEXT PRIMARY KEY, record_size INTEGER, record_time INTEGER,
judged_size INTEGER, judged_time INTEGER, entry TEXT, words TEXT, made REAL, title TEXT, model TEXT, hash TEXT,
bytes INTEGER, sum INTEGER)"""
COLUMNS = (str, int, int, int, int, str, str, float, str, str, str, int, int)


class Store:
    """The file of one folder; several WebUIs may use it at once. To be called by one thread at a time."""

    def __init__(self, parent: str):
        self._path = Path(parent, FILE)
        self._is_off = False

    def load(self) -> dict[str, Row]:
        """What is kept, by the sweep's id; nothing where there is no file that can be used."""
        if not os.path.lexists(self._path):
            return {}
        try:
            return self._load()
        except (sqlite3.Error, OSError, ValueError) as error:
            if "locked" in str(error):
                self._give_up(error)
            else:
                self._remove(error)
        return {}

    def change(self, rows: Iterable[Row], gone: Iterable[str] = ()) -> None:
        """Keeps these rows, and forgets the sweeps that are gone."""
        values = [_values(row) for row in rows]
        names = [(name,) for name in gone]
        if self._is_off or not (values or names):
            return
        try:
            with self._opened() as base:
                places = ", ".join("?" * len(COLUMNS))
                base.executemany(f"INSERT OR REPLACE INTO sweeps VALUES ({places})", values)
                base.executemany("DELETE FROM sweeps WHERE id = ?", names)
        except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
            self._give_up(error)

    def _load(self) -> dict[str, Row]:
        with self._opened() as base:
            end = time.monotonic() + READING_SECONDS
            base.set_progress_handler(lambda: time.monotonic() > end, 100_000)  # a view can be endless
            found = base.execute("SELECT * FROM sweeps WHERE length(entry) + length(words) < ?", (LARGEST_ROW,))
            rows = (_row(values) for values in found)
            return {row.id: row for row in rows if row is not None}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The file, open for one transaction; it is closed after it, so that a folder can be removed on Windows too."""
        if os.path.lexists(self._path) and not stat.S_ISREG(self._path.lstat().st_mode):
            raise OSError("it is not a regular file")
        base = sqlite3.connect(self._path, timeout=BUSY_SECONDS)
        try:
            base.execute("PRAGMA trusted_schema = OFF")  # it may have been sent
            base.execute("PRAGMA synchronous = OFF")  # what a power cut leaves of it is noticed
            with base:
                (version,) = base.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    base.execute("BEGIN IMMEDIATE")
                    if base.execute("PRAGMA user_version").fetchone() == (0,):
                        base.execute(TABLE)
                        base.execute(f"PRAGMA user_version = {VERSION}")
                elif version != VERSION:
                    raise ValueError(f"it is of version {version}")
                yield base
        finally:
            base.close()

    def _remove(self, why: Exception) -> None:
        """Removes a file that cannot be used; the next change makes a new one."""
        log.info("Clip skip sweep: %s is made anew (%s).", self._path, reason_of(why))
        try:
            for path in (Path(f"{self._path}-journal"), self._path):  # a journal would be played into the new file
                path.unlink(missing_ok=True)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, why: Exception) -> None:
        log.warning("Clip skip sweep: %s cannot be used (%s); it is kept in memory.", self._path, reason_of(why))
        self._is_off = True


def _values(row: Row) -> tuple[Any, ...]:
    values = (row.id, *row.stamp, *row[2:])
    return (*values, _sum(values))


def _sum(values: tuple[Any, ...]) -> int:
    """Tells what was written from what a damaged disk gives back."""
    return zlib.crc32("\0".join(map(str, values)).encode())


def _row(values: tuple[Any, ...]) -> Row | None:
    """A row from the file, or None where it holds something else than is written there."""
    if tuple(map(type, values)) != COLUMNS or _sum(values[:-1]) != values[-1]:
        return None
    return Row(values[0], values[1:5], *values[5:-1])
