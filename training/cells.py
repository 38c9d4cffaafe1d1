"""Cells of the tables in docs/trained-with-study.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

NAMES = {"10": "trained with 1", "0": "trained with 2", "5": "half and half"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def percent(share: float) -> str:
    """A share for a table."""
    return f"{100 * share:.2g} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def count(pictures: float) -> str:
    """A number of pictures for a table."""
    if not math.isfinite(pictures):
        return "none"
    return f"{math.ceil(pictures):,}" if pictures < 100 else f"{round(pictures, -1):,.0f}"


def decided(row: dict) -> str:
    """Which values are decided in how many of the draws."""
    shares = ", ".join(f"{value}: {percent(share)}" for value, share in row["decided"].items())
    return shares or "never"


def best(row: dict) -> str:
    """Which values have the least loss in how many of the draws."""
    return ", ".join(f"{value}: {percent(share)}" for value, share in row["best"].items())


def merge_name(tenths: str) -> str:
    """How a merge is called in tables."""
    return NAMES.get(tenths) or f"0.{tenths} of the first"


def merge_rows(merges: dict, ks: Sequence[int]) -> Iterable[Sequence[object]]:
    """One line for each model or merge: for each k what is decided."""
    for tenths, found in merges.items():
        shares = [decided(row) for row in found["rows"]]
        yield [merge_name(tenths), *shares, *["–"] * (len(ks) - len(shares))]


def model_rows(merges: dict) -> Iterable[Sequence[object]]:
    """The two models in full."""
    for tenths in ("10", "0"):
        for row in merges[tenths]["rows"]:
            yield [
                merge_name(tenths),
                row["k"],
                percent(row["right"]),
                percent(sum(row["decided"].values())),
                percent(row["wrong"]),
                f"{row['pictures']:.0f}",
                f"{row['predictions']:,.0f}",
                percent(row["of_full_table"]),
            ]
