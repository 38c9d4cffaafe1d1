"""How well the change of the conditioning foretells that of the pictures, over all sweeps of a checkpoint.

Each row of a measured sweep has a rank correlation of the two (clip_skip_lab/measure/conditioning.py). The rows of a
sweep share a prompt and are not independent, so a sweep is one number: the mean over its rows. A sweep and those that
extend it share pictures: of a line of them, the last that has such a number counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev
from typing import Any

from ..errors import encodable
from ..sweep.schema import check_schema
from .checkpoints import Checkpoint, Checkpoints, first_of_line
from .made_with import made_with

FEWEST = 10
"""Sweeps, before a mean and an interval are said: of fewer, one that is unlike the others may well be missing."""
DOUBT = 0.05


@dataclass(frozen=True)
class Correlated:
    """The mean rank correlation of the rows of a sweep that were made with one checkpoint.

    Attributes:
        sweep: its id.
        extends: the id of the sweep that it extends, "" for none.
        made: when it was, ISO 8601.
        checkpoint, hash: what the rows were made with.
        rows: how many there are.
        mean: −1 to 1.
    """

    sweep: str
    extends: str
    made: str
    checkpoint: str
    hash: str
    rows: int
    mean: float


@dataclass(frozen=True)
class Foretold:
    """The rank correlation over the sweeps of a checkpoint: how many sweeps and rows there are, the mean of the sweeps,
    and between which numbers it is with 95 % confidence; None where there are fewer than `FEWEST` sweeps."""

    sweeps: int
    rows: int
    mean: float | None
    low: float | None
    high: float | None


def correlated_in(content: dict[str, Any]) -> list[Correlated]:
    """What a sweep has of it, for each checkpoint that it was made with; nothing where its `sweep.json` is none."""
    if not content.get("rank_correlations"):
        return []
    try:
        check_schema(content)
    except ValueError:
        return []
    cells = {cell["index"]: cell for cell in content["cells"]}
    found: dict[tuple[str, str], list[float]] = {}
    for row in content["rank_correlations"]:
        cell, value = row.get("cell"), row.get("rank_correlation")
        if type(cell) is int and cell in cells and _is_correlation(value):
            made = made_with(content, cells[cell])
            found.setdefault((encodable(made.checkpoint), encodable(made.hash)), []).append(float(value))
    sweep, extends, created = (encodable(str(content.get(key) or "")) for key in ("id", "extends", "created"))
    return [
        Correlated(sweep, extends, created, name, short, len(values), fmean(values))
        for (name, short), values in found.items()
    ]


def to_json(found: Iterable[Correlated]) -> list[dict[str, Any]]:
    """As an index keeps them."""
    return [asdict(one) for one in found]


def from_json(kept: Any) -> list[Correlated]:
    """What `to_json` was given. Raises `ValueError` for what it wasn't."""
    try:
        found = [Correlated(**entry) for entry in kept]
    except TypeError as error:
        raise ValueError("it holds no rank correlations") from error
    if not all(_is_kept(one) for one in found):
        raise ValueError("it holds no rank correlations")
    return found


def _is_kept(one: Correlated) -> bool:
    texts = (one.sweep, one.extends, one.made, one.checkpoint, one.hash)
    return all(isinstance(text, str) for text in texts) and type(one.rows) is int and _is_correlation(one.mean)


def _is_correlation(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value) and abs(value) <= 1


class RankCorrelations:
    """Those of all sweeps, to be asked about one checkpoint."""

    def __init__(self, found: Iterable[Correlated]):
        self._found = sorted(found, key=lambda one: (one.made, one.sweep))
        self._named = Checkpoints((one.checkpoint, one.hash) for one in self._found)
        self._extends = {one.sweep: one.extends for one in self._found if one.extends}

    def asked(self, checkpoint: str) -> Foretold:
        """What is known of a checkpoint, by its name or its hash.

        Raises `InvalidInput` for a name that several checkpoints have.
        """
        return self._over(self._named.asked(checkpoint))

    def about(self, name: str, short: str) -> Foretold:
        """What is known of the checkpoint of this name and hash, as infotexts have them; "" for an unknown hash."""
        return self._over(self._named.of(name, short))

    def _over(self, wanted: Checkpoint) -> Foretold:
        lines = {
            first_of_line(one.sweep, self._extends): one
            for one in self._found
            if self._named.of(one.checkpoint, one.hash) == wanted
        }
        means, rows = [one.mean for one in lines.values()], sum(one.rows for one in lines.values())
        if len(means) < FEWEST:
            return Foretold(len(means), rows, None, None, None)
        return Foretold(len(means), rows, fmean(means), *interval(means))


def interval(numbers: list[float]) -> tuple[float, float]:
    """Student's interval of the mean of independent numbers, two at least, of a distribution between −1 and 1."""
    from scipy.special import stdtrit  # slow to import, which the first page waits for

    mean, count = fmean(numbers), len(numbers)
    half = float(stdtrit(count - 1, 1 - DOUBT / 2)) * stdev(numbers) / sqrt(count)
    return max(-1.0, mean - half), min(1.0, mean + half)
