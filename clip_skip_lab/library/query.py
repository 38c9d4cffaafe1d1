"""What of the library is asked for: words, a checkpoint, an order, a page of the list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import InvalidInput
from .entry import Row, folded

MOST_LISTED = 1_000

ORDERS: dict[str, Callable[[Row], tuple[object, ...]]] = {
    "newest": lambda row: (-row.made,),
    "oldest": lambda row: (row.made,),
    "name": lambda row: (row.title, -row.made),
    "checkpoint": lambda row: (not row.model, folded(row.model), -row.made),
    "size": lambda row: (-row.bytes, -row.made),
}
"""By name; equal ones by their id."""


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes:
        search: words that must all occur in prompt, name, note, checkpoint, id or names of axes; "" for all sweeps.
        checkpoint: the name of a checkpoint, with or without its folder, or its hash; "" for all.
        sort: one of `ORDERS`.
        offset: how many of those that match are skipped.
        limit: how many are listed at most.
    """

    search: str = ""
    checkpoint: str = ""
    sort: str = "newest"
    offset: int = 0
    limit: int = 100


def read_query(search: str, checkpoint: str, sort: str, offset: str, limit: str) -> Query:
    """A query from texts, as an address has them. Raises `InvalidInput`."""
    if sort not in ORDERS:
        raise InvalidInput("sort", sort, " or ".join(ORDERS))
    if not re.fullmatch("[0-9]{1,9}", offset):
        raise InvalidInput("offset", offset, "a whole number from 0")
    if not re.fullmatch("[0-9]{1,6}", limit) or not 1 <= int(limit) <= MOST_LISTED:
        raise InvalidInput("limit", limit, f"a whole number from 1 to {MOST_LISTED}")
    return Query(search, checkpoint.strip(), sort, int(offset), int(limit))


def matching(rows: Iterable[Row], query: Query) -> list[Row]:
    """The rows that match, in the order that is asked for; all of them, whatever `offset` and `limit` say."""
    words, checkpoint = folded(query.search).split(), folded(query.checkpoint)
    found = [
        row
        for row in rows
        if all(word in row.words for word in words) and (not checkpoint or checkpoint in _names(row))
    ]
    found.sort(key=lambda row: row.id)
    found.sort(key=ORDERS[query.sort])
    return found


def _names(row: Row) -> list[str]:
    """What a row's checkpoint may be called."""
    name = folded(row.model)
    return [name for name in (name, re.split(r"[/\\]", name)[-1], folded(row.hash)) if name]
