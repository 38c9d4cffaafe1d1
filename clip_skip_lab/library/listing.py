"""The list of all sweeps: what the tab shows of the folders' indexes."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..sweep.library import parents_of
from . import picks, rank_correlations
from .entry import Row, entry_of, read_row
from .folders import Folders
from .index import Index
from .picks import Choices
from .query import Query, matching
from .rank_correlations import RankCorrelations

CHOICES, CORRELATIONS = "choices", "rank_correlations"
"""What an entry has beside what is listed, lists both."""


_Kept = TypeVar("_Kept")


class Library:
    """All sweeps in some folders; for any thread. Nothing is read before somebody asks.

    Attributes:
        folders: gives the folders, at this moment.
    """

    def __init__(self, folders: Callable[[], Folders]):
        self.folders = folders
        self._indexes: dict[Path, Index] = {}
        self._lock = threading.Lock()
        self._chosen: tuple[list[str], Choices] = [], Choices([])
        self._correlated: tuple[list[str], RankCorrelations] = [], RankCorrelations([])

    def listing(self, query: Query) -> dict[str, Any]:
        """The sweeps that are asked for.

        {"sweeps": entries, "total": how many match, "reading": how many sweeps are still to be read, "checkpoints":
        [{"name", "hash", "sweeps"}] of all sweeps, "problem_folders": sentences}. An entry is {"id", "created",
        "state", "draft", "cells", "done", "failed", "not_run", "axes": [{"name", "values"}], "model", "hash",
        "prompt", "tab", "name", "note", "picks", "votes", "winner", "thumbnail", "bytes", "here"}, with
        "problem_judged" where `judged.json` cannot be read; {"id", "problem"} where `sweep.json` cannot.
        """
        folders = self.folders()
        others, problems = folders.others()
        here = {*parents_of(folders.own)}
        rows: dict[str, Row] = {}
        homes: dict[str, Path] = {}
        reading = 0
        for parent in parents_of([*folders.own, *others]):
            found, left = self._index(parent).look()
            reading += left
            for row in found:
                if row.id not in rows:
                    rows[row.id], homes[row.id] = row, parent
        matched = matching(rows.values(), query)
        page = matched[query.offset : query.offset + query.limit]
        return {
            "sweeps": [_entry(row, homes[row.id], here) for row in page],
            "total": len(matched),
            "reading": reading,
            "checkpoints": _checkpoints(rows.values()),
            "problem_folders": problems,
        }

    def choices(self) -> tuple[Choices, int]:
        """What was chosen in all sweeps, and how many of those that were judged are still to be read; the others aren't
        read for it. As long as nothing more was chosen, it is the same object."""
        entries, reading = self._entries_with(CHOICES, judged=True)
        with self._lock:
            if entries != self._chosen[0]:
                self._chosen = entries, Choices(_all_in(entries, CHOICES, picks.from_json))
            return self._chosen[1], reading

    def rank_correlations(self) -> tuple[RankCorrelations, int]:
        """How well the conditioning foretells the pictures in all sweeps, and how many are still to be read. As long as
        nothing more was measured, it is the same object."""
        entries, reading = self._entries_with(CORRELATIONS, judged=False)
        with self._lock:
            if entries != self._correlated[0]:
                found = _all_in(entries, CORRELATIONS, rank_correlations.from_json)
                self._correlated = entries, RankCorrelations(found)
            return self._correlated[1], reading

    def _entries_with(self, key: str, judged: bool) -> tuple[list[str], int]:
        """The entries, as JSON, of sweeps that have something under this key, each once, and how many sweeps are still
        to be read; see `Index.look`."""
        mark = f'"{key}": ['  # in a text, a quote has a backslash before it
        kept: dict[str, str] = {}
        reading = 0
        for parent in parents_of(self.folders()):
            found, left = self._index(parent).look(judged=judged)
            reading += left
            for row in found:
                kept.setdefault(row.id, row.entry if mark in row.entry else "")
        return [entry for entry in kept.values() if entry], reading

    def entry(self, folder: Path) -> dict[str, Any]:
        """The entry of one sweep, read from its folder."""
        row = read_row(os.fspath(folder.parent), folder.name)
        return _entry(row, folder.parent, {*parents_of(self.folders().own)})

    def _index(self, parent: Path) -> Index:
        with self._lock:
            return self._indexes.setdefault(parent, Index(os.fspath(parent)))


def _entry(row: Row, parent: Path, here: set[Path]) -> dict[str, Any]:
    entry = entry_of(row, os.fspath(parent))
    for key in (CHOICES, CORRELATIONS):
        entry.pop(key, None)
    return entry if "problem" in entry else {**entry, "here": parent in here}


def _all_in(entries: list[str], key: str, read: Callable[[Any], list[_Kept]]) -> Iterator[_Kept]:
    """What entries, as JSON, have under a key, as `read` reads it."""
    for entry in entries:
        try:
            yield from read(json.loads(entry)[key])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # somebody else has put it into the index


def _checkpoints(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The checkpoints of these sweeps, by name."""
    counts = Counter((row.model, row.hash) for row in rows if row.model or row.hash)
    ordered = sorted(counts.items(), key=lambda item: (item[0][0].casefold(), item[0]))
    return [{"name": name, "hash": short, "sweeps": sweeps} for (name, short), sweeps in ordered]
