"""Why cells are not compared, in words: from the reasons in `sweep.json`, which are English."""

from __future__ import annotations

import re
from collections import Counter
from functools import reduce

from ..language import Text
from ..sweep.draws import DIFFERENT
from .cells import SHARED, Cell, incomparable

_DIFFERENT = re.compile(re.escape(DIFFERENT).replace(re.escape("{what}"), "(.+)"))
_KNOWN = {str(name): name for name in (Text("prompts"), Text("seeds"), Text("extra networks"), Text("settings"))}
"""What cells differ in, by its name in `DIFFERENT`; what is not among these has its own name."""


def left_out(planned: list[Cell]) -> list[Text]:
    """How many cells are not compared, for each reason.

    Args:
        planned: all cells of a `sweep.json`.
    """
    reasons = Counter(incomparable(planned).values())
    return [_sentence(reason, counted_cells(count, len(planned))) for reason, count in reasons.items()]


def counted_cells(count: int, planned: int) -> Text:
    """`3 of 4 cells are`, the beginning of a sentence."""
    if count == 1:
        return Text("{count} of {planned} cells was", count=count, planned=planned)
    return Text("{count} of {planned} cells were", count=count, planned=planned)


def _sentence(reason: str, cells: Text) -> Text:
    """A reason that is not known stays as it is."""
    if reason == SHARED:
        return Text("{cells} not compared: several images share one file.", cells=cells)
    differing = _DIFFERENT.fullmatch(reason)
    if differing is None:
        return Text("{cells} not compared. {reason}", cells=cells, reason=reason)
    names = [name.removeprefix("their ") for name in differing[1].split(" and ")]
    what = [Text("their {name}", name=_KNOWN.get(name, name)) for name in names]
    return Text(
        "{cells} not compared: cells of one row differ not only in clip skip but also in {what}.",
        cells=cells,
        what=reduce(lambda before, item: Text("{before} and {item}", before=before, item=item), what),
    )
