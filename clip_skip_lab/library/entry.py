"""What the library lists of one sweep, read from its folder: `sweep.json`, `judged.json` and the files beside them.

Anything may lie there: what cannot be read becomes a sentence in the entry, and no error.
"""

from __future__ import annotations

import json
import os
import stat
import time
import unicodedata
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidInput, encodable, reason_of
from ..sweep.folder import RECORD
from ..sweep.library import SCHEMA_1, SWEEP, file_of, kind_of, read_sweep
from ..sweep.record import DONE, FAILED, NOT_RUN
from . import rank_correlations
from .judged import JUDGED, Judged, read_judged
from .picks import choices_of, to_json

PROMPT_LENGTH = 200
"""Letters of a prompt that a list shows."""

SEARCHED_LENGTH = 10_000
"""Letters of a prompt that are searched."""

ABSENT = (-1, -1)
"""Stands for the size and time of a file that isn't there."""

KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "created", "state", "model", "hash", "prompt", "tab", "name", "note"), (str,)),
    **dict.fromkeys(("cells", "done", "failed", "not_run", "votes", "bytes"), (int,)),
    "draft": (bool,),
    "axes": (list,),
    "picks": (list,),
    "winner": (int, type(None)),
    "thumbnail": (str, type(None)),
}
"""What an entry has that has no problem."""

Stamp = tuple[int, int, int, int]
"""Size in bytes and time of change in nanoseconds, of `sweep.json` and of `judged.json`."""


CHANGING: Stamp = (-2, -2, -2, -2)
TICK = 2_000_000_000
"""Nanoseconds; FAT writes times in steps of two seconds, other disks in some milliseconds."""


class Row(NamedTuple):
    """One sweep in the index: what is listed of it, and what it is found and sorted by.

    Attributes:
        id: of the sweep.
        stamp: of its files when they were read.
        entry: the JSON of what is listed; `Library.listing` says what it has. Where something was chosen it also has
            "choices" (`picks.to_json`), and where it was measured "rank_correlations"
            (`rank_correlations.to_json`), which are not listed.
        words: what is searched, as `folded` gives it.
        made: when, in seconds since 1970.
        title: what it is sorted by as a name.
        model, hash: of the checkpoint; "" where `sweep.json` doesn't say it.
        bytes: of all its files.
    """

    id: str
    stamp: Stamp
    entry: str
    words: str
    made: float
    title: str
    model: str
    hash: str
    bytes: int


def stamp_of(parent: str, name: str) -> Stamp:
    """The stamp of a sweep by the folder that holds it and its name; follows no link."""
    folder = f"{parent}{os.sep}{name}{os.sep}"  # joined as paths, ten thousand take twice the time
    return (*_size_and_time(folder + RECORD), *_size_and_time(folder + JUDGED))


def read_row(parent: str, name: str) -> Row:
    """Reads a sweep from disk. Raises nothing, whatever lies there."""
    folder = Path(parent, name)
    stamp = _lasting(stamp_of(parent, name))  # before reading: what changes meanwhile has another one afterwards
    size = disk_use(folder)
    try:
        content = read_sweep(folder)
        judged, problem = _judged(folder)
        entry = {**_of_record(folder, content), **_of_judged(folder, content, judged), "bytes": size}
        if problem:
            entry["problem_judged"] = problem
        if choices := to_json(choices_of(content, judged)):
            entry["choices"] = choices
        if correlated := rank_correlations.to_json(rank_correlations.correlated_in(content)):
            entry["rank_correlations"] = correlated
        searched = [str(content["setting"].get("prompt") or "")[:SEARCHED_LENGTH], judged.name, judged.note]
    except InvalidInput as error:
        entry, searched = {"id": name, "problem": error.detail}, []
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"is of another kind ({reason_of(error)})"
        entry, searched = {"id": name, "problem": InvalidInput(SWEEP, name, SCHEMA_1, problem).detail}, []
    searched += [name, entry.get("model", ""), *(axis["name"] for axis in entry.get("axes", []))]
    shown = entry.get("name") or entry.get("prompt") or name
    return Row(
        id=name,
        stamp=stamp,
        entry=json.dumps(entry, ensure_ascii=False),
        words=folded("\n".join(searched)),
        made=_made(entry.get("created", ""), name),
        title=f"{'0' if entry.get('name') else '1'}{folded(shown)}",  # those with a name before those without
        model=entry.get("model", ""),
        hash=entry.get("hash", ""),
        bytes=size,
    )


def entry_of(row: Row, parent: str) -> dict[str, Any]:
    """What is listed of a sweep. A row that somebody else has put into the index is read anew from the folder."""
    entry = _entry_in(row)
    return _entry_in(read_row(parent, row.id)) or {} if entry is None else entry


def _entry_in(row: Row) -> dict[str, Any] | None:
    """The entry, or None where it has not the shape that `read_row` gives it."""
    try:
        entry: Any = json.loads(row.entry)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.get("id") != row.id:
        return None
    if isinstance(entry.get("problem"), str):
        return entry
    is_whole = all(type(entry.get(key)) in kinds for key, kinds in KINDS.items())
    return entry if is_whole and all(isinstance(axis, dict) for axis in entry["axes"]) else None


def folded(text: str) -> str:
    """A text as it is searched: letter case doesn't count, nor whether letters are half or full width."""
    return encodable(unicodedata.normalize("NFKC", text).casefold())


def disk_use(folder: Path) -> int:
    """The bytes of all files in a folder and below; no link is followed, and what cannot be read counts nothing."""
    total, left = 0, [str(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode):
                        left.append(entry.path)
                    elif stat.S_ISREG(found.st_mode):
                        total += found.st_size
        except OSError:
            continue  # a file that has just gone, or a folder that may not be read
    return total


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return ABSENT
    return found.st_size, found.st_mtime_ns


def _lasting(stamp: Stamp) -> Stamp:
    """The stamp, or one that no file has where a file has only just changed: within one tick of the disk's clock it
    can change again and keep its size."""
    now = time.time_ns()
    return CHANGING if any(abs(now - changed) < TICK for changed in (stamp[1], stamp[3])) else stamp


def _of_record(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    states = [cell["state"] for cell in content["cells"]]
    return {
        "id": folder.name,
        "created": encodable(str(content["created"])),
        "state": encodable(str(content["state"])),
        "draft": bool(content["plan"].get("draft")),
        "cells": len(states),
        "done": states.count(DONE),
        "failed": states.count(FAILED),
        "not_run": states.count(NOT_RUN),
        "axes": [{"name": encodable(str(axis["name"])), "values": len(axis["values"])} for axis in content["axes"]],
        "model": encodable(str(content["model"].get("name") or "")),
        "hash": encodable(str(content["model"].get("hash") or "")),
        "prompt": encodable(str(content["setting"].get("prompt") or ""))[:PROMPT_LENGTH],
        "tab": kind_of(content),
    }


def _judged(folder: Path) -> tuple[Judged, str]:
    """What was said of the sweep, and a sentence where that cannot be read."""
    try:
        return read_judged(folder), ""
    except (OSError, ValueError) as error:
        return Judged(), encodable(f"{JUDGED} cannot be read ({reason_of(error)}); name, note and picks are missing.")


def _of_judged(folder: Path, content: dict[str, Any], judged: Judged) -> dict[str, Any]:
    """Places beyond the cells count for nothing: the file may have been written for another `sweep.json`."""
    count = len(content["cells"])
    picks = [place for place in judged.picks if place < count]
    winner = judged.winner if judged.winner is not None and judged.winner < count else None
    return {
        "name": encodable(judged.name),
        "note": encodable(judged.note),
        "picks": picks,
        "votes": sum(1 for vote in judged.votes if max(vote.a, vote.b) < count),
        "winner": winner,
        "thumbnail": _thumbnail(folder, content["cells"], [*([] if winner is None else [winner]), *picks]),
    }


def _thumbnail(folder: Path, cells: list[Any], chosen: list[int]) -> str | None:
    """The small picture of the cell that stands for the sweep: the first that was chosen, else the first that is
    done."""
    for cell in [*(cells[place] for place in chosen), *(cell for cell in cells if cell["state"] == DONE)]:
        for picture in cell.get("pictures") or []:
            name = picture.get("small")
            if isinstance(name, str) and _is_there(folder, name):
                return name
    return None


def _is_there(folder: Path, name: str) -> bool:
    if name != encodable(name):
        return False  # a name that no address can have
    try:
        file_of(folder, name)
    except FileNotFoundError:
        return False
    return True


def _made(created: str, name: str) -> float:
    """When a sweep was made; where `sweep.json` doesn't say it, the day in the folder's name."""
    for text in (created, f"{name[:10]}T00:00:00+00:00"):
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            continue  # no time, or one that the machine's clock doesn't have
    return datetime.fromtimestamp(0, timezone.utc).timestamp()
