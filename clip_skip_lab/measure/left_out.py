"""Why cells are not compared, in words: what the reasons in `sweep.json` are in English and Japanese."""

from __future__ import annotations

import re
from collections import Counter

from ..sweep.draws import DIFFERENT
from .cells import SHARED, incomparable
from .phrases import Said

_DIFFERENT = re.compile(re.escape(DIFFERENT).replace(re.escape("{what}"), "(.+)"))
_JAPANESE = {"prompts": "プロンプト", "seeds": "シード", "extra networks": "追加ネットワーク", "settings": "設定"}
"""What cells differ in, by its name in `DIFFERENT`; what is not among these has its own name."""


def left_out(planned: list[dict]) -> list[Said]:
    """How many cells are not compared, for each reason.

    Args:
        planned: all cells of a `sweep.json`.
    """
    said = []
    for reason, count in Counter(incomparable(planned).values()).items():
        english, japanese = _why(reason)
        verb = "is" if count == 1 else "are"
        said.append(
            (
                f"{count} of {len(planned)} cells {verb} not compared{english}",
                f"{len(planned)} セル中 {count} セルは比較していません（{japanese}）。",
            )
        )
    return said


def _why(reason: str) -> Said:
    """The end of the English sentence, and the Japanese reason; a sentence that is not known stays as it is."""
    if reason == SHARED:
        return ": several pictures have the same file.", "複数の画像が同じファイルを指しているため"
    differing = _DIFFERENT.fullmatch(reason)
    if differing is None:
        return f". {reason}", "プロンプトなど Clip skip 以外の条件も異なるため"
    names = [name.removeprefix("their ") for name in differing[1].split(" and ")]
    japanese = "、".join(_JAPANESE.get(name, name) for name in names)
    return (
        f": cells of the same row differ in {differing[1]}, not only in clip skip.",
        f"同じ行のセルは Clip skip 以外も異なるため: {japanese}",
    )
