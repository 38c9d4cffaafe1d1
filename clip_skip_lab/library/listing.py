"""The list of all sweeps: what the tab shows of the folders' indexes."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..sweep.library import parents_of
from .entry import Row, entry_of, read_row
from .folders import Folders
from .index import Index
from .picks import Choice, Choices, from_json
from .query import Query, matching

CHOICES = '"choices": ['
"""What an entry with choices has in its JSON, and no other: in a text, a quote has a backslash before it."""


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
        kept: dict[str, str] = {}
        reading = 0
        for parent in parents_of(self.folders()):
            found, left = self._index(parent).look(judged=True)
            reading += left
            for row in found:
                kept.setdefault(row.id, row.entry if CHOICES in row.entry else "")
        entries = [entry for entry in kept.values() if entry]
        with self._lock:
            if entries != self._chosen[0]:
                self._chosen = entries, Choices(choice for entry in entries for choice in _choices(entry))
            return self._chosen[1], reading

    def entry(self, folder: Path) -> dict[str, Any]:
        """The entry of one sweep, read from its folder."""
        row = read_row(os.fspath(folder.parent), folder.name)
        return _entry(row, folder.parent, {*parents_of(self.folders().own)})

    def _index(self, parent: Path) -> Index:
        with self._lock:
            return self._indexes.setdefault(parent, Index(os.fspath(parent)))


def _entry(row: Row, parent: Path, here: set[Path]) -> dict[str, Any]:
    entry = entry_of(row, os.fspath(parent))
    entry.pop("choices", None)
    return entry if "problem" in entry else {**entry, "here": parent in here}


def _choices(entry: str) -> list[Choice]:
    try:
        return from_json(json.loads(entry)["choices"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return []  # somebody else has put it into the index


def _checkpoints(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The checkpoints of these sweeps, by name."""
    counts = Counter((row.model, row.hash) for row in rows if row.model or row.hash)
    ordered = sorted(counts.items(), key=lambda item: (item[0][0].casefold(), item[0]))
    return [{"name": name, "hash": short, "sweeps": sweeps} for (name, short), sweeps in ordered]
