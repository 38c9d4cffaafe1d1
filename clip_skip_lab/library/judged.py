"""What a person said of a sweep: a name, a note, picks and votes. It lies beside `sweep.json`, which only a run writes.

The file is the truth, and each change reads it again under a lock and replaces it whole, so that two pages on one sweep
don't undo each other's changes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..errors import InvalidInput
from ..language import Text
from ..page.files import write_text
from ..sweep.folder import dumped
from ..sweep.reading import read_object

JUDGED = "judged.json"
LOCK = ".judged.lock"
LOCK_SECONDS = 10.0
SCHEMA = 1
LARGEST = 10_000_000
"""Bytes of the file: those of 100,000 votes and more."""

LONGEST_NAME = 200
LONGEST_NOTE = 10_000
MOST_VOTES = 100_000

FIRST, SECOND, SAME = "a", "b", "same"
"""What a vote can choose."""


@dataclass(frozen=True)
class Vote:
    """Two cells seen without their labels, and which was better.

    Attributes:
        a, b: the places of the cells in the sweep, from 0; which was shown left says nothing.
        chosen: `FIRST`, `SECOND` or `SAME`.
    """

    a: int
    b: int
    chosen: str


@dataclass(frozen=True)
class Judged:
    """What a person said of a sweep.

    Attributes:
        name, note: in their own words; "" for none.
        picks: the places of the cells that they chose, ascending.
        votes: in the order in which they were given.
        winner: the place of the cell that was left at the end of a blind comparison, None where none was finished.
    """

    name: str = ""
    note: str = ""
    picks: tuple[int, ...] = ()
    votes: tuple[Vote, ...] = ()
    winner: int | None = None


def read_judged(folder: Path) -> Judged:
    """What was said of the sweep in this folder; nothing where there is no such file.

    Raises `OSError`, and `ValueError` where the file is none of ours.
    """
    try:
        content = read_object(folder / JUDGED, LARGEST)[1]
    except FileNotFoundError:
        return Judged()
    return _read(content)


def change_judged(folder: Path, change: Callable[[Judged], Judged]) -> Judged:
    """Changes what is said of a sweep, under its lock. Returns what is said then.

    Raises `OSError` (the folder gone, no room, no right to write, the lock held for more than ten seconds), and what
    `change` raises. A file that cannot be read is left as it is, and its `ValueError` raised.
    """
    if not folder.is_dir():  # the lock would make it anew
        raise FileNotFoundError(errno.ENOENT, "the folder of the sweep is gone", str(folder))
    with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
        judged = change(read_judged(folder))
        write_text(folder / JUDGED, f"{dumped({'schema': SCHEMA, **asdict(judged)})}\n")
    return judged


def with_fields(judged: Judged, given: dict[str, Any], cells: int) -> Judged:
    """What is said, with a name, a note or picks in the place of those before.

    Args:
        judged: what was said.
        given: "name", "note" and "picks", any of them, as a client sent them.
        cells: how many cells the sweep has.

    Raises `InvalidInput`.
    """
    for key in given:
        if key not in ("name", "note", "picks"):
            raise InvalidInput(Text("Sweep"), key, Text("name, note or picks"), Text("cannot be changed"))
    if "name" in given:
        judged = replace(judged, name=" ".join(_words("name", given["name"], LONGEST_NAME).split()))
    if "note" in given:
        judged = replace(judged, note=_words("note", given["note"], LONGEST_NOTE))
    if "picks" in given:
        judged = replace(judged, picks=_places("picks", given["picks"], cells))
    return judged


def with_votes(judged: Judged, given: dict[str, Any], cells: int) -> Judged:
    """What is said, with the votes of a blind comparison, under way or done, in the place of those before.

    Args:
        judged: what was said.
        given: "votes", a list of {"a", "b", "chosen"}, and "winner", a place among them or None; as a client sent them.
        cells: how many cells the sweep has.

    Raises `InvalidInput`.
    """
    for key in given:
        if key not in ("votes", "winner"):
            raise InvalidInput(Text("Sweep"), key, Text("votes and winner"), Text("cannot be changed"))
    votes, winner = given.get("votes"), given.get("winner")
    if not isinstance(votes, list) or len(votes) > MOST_VOTES:
        raise InvalidInput("votes", votes, Text("a list of at most {most} votes", most=MOST_VOTES))
    cast = tuple(_cast(vote, cells) for vote in votes)
    seen = {place for vote in cast for place in (vote.a, vote.b)}
    if winner is not None and (not is_place(winner, cells) or winner not in seen):
        raise InvalidInput("winner", winner, Text("the place of a cell that was compared, or null"))
    return replace(judged, votes=cast, winner=winner)


def _cast(vote: object, cells: int) -> Vote:
    allowed = Text('two places from 0 to {last} in "a" and "b", and "a", "b" or "same" in "chosen"', last=cells - 1)
    if not isinstance(vote, dict) or set(vote) != {"a", "b", "chosen"}:
        raise InvalidInput("votes", vote, allowed)
    a, b, chosen = vote["a"], vote["b"], vote["chosen"]
    if not is_place(a, cells) or not is_place(b, cells) or chosen not in (FIRST, SECOND, SAME):
        raise InvalidInput("votes", vote, allowed)
    if a == b:
        raise InvalidInput("votes", vote, allowed, Text("compares a cell with itself"))
    return Vote(a, b, chosen)


def _words(field: str, value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise InvalidInput(field, value, Text("a text of at most {most} characters", most=most))
    return value


def _places(field: str, value: object, cells: int) -> tuple[int, ...]:
    allowed = Text("a list of places of cells, whole numbers from 0 to {last}", last=cells - 1)
    if not isinstance(value, list):
        raise InvalidInput(field, value, allowed)
    for place in value:
        if not is_place(place, cells):
            raise InvalidInput(field, place, allowed)
    return tuple(sorted(set(value)))


def is_place(value: object, cells: int) -> bool:
    """Whether this is the place of a cell in a sweep of so many."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < cells


def _read(content: dict[str, Any]) -> Judged:
    """From the file's JSON. Raises `ValueError`; places beyond the sweep's cells are for who knows the sweep."""
    if content.get("schema") != SCHEMA:
        raise ValueError(f"{JUDGED} is of another kind")
    name, note, picks, votes, winner = (content.get(key) for key in ("name", "note", "picks", "votes", "winner"))
    if not isinstance(name, str) or not isinstance(note, str) or len(name) > LONGEST_NAME or len(note) > LONGEST_NOTE:
        raise ValueError(f"{JUDGED}: a name or a note is no such text")
    if not isinstance(picks, list) or not all(_is_number(place) for place in picks):
        raise ValueError(f"{JUDGED}: picks are no list of places")
    if not isinstance(votes, list) or len(votes) > MOST_VOTES:
        raise ValueError(f"{JUDGED}: votes are no list")
    if winner is not None and not _is_number(winner):
        raise ValueError(f"{JUDGED}: the winner is no place")
    return Judged(name, note, tuple(sorted(set(picks))), tuple(_vote(vote) for vote in votes), winner)


def _vote(vote: Any) -> Vote:
    if not isinstance(vote, dict) or not _is_number(vote.get("a")) or not _is_number(vote.get("b")):
        raise ValueError(f"{JUDGED}: a vote lacks its cells")
    if vote.get("chosen") not in (FIRST, SECOND, SAME):
        raise ValueError(f"{JUDGED}: a vote chose neither of them nor both")
    return Vote(vote["a"], vote["b"], vote["chosen"])


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000
