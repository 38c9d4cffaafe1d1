"""Lists, shares and multiples as people write them, in English and Japanese."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

Said = tuple[str, str]
"""A sentence, or a part of one, in English and in Japanese."""


def by_language(said: Iterable[Said | None]) -> dict[str, list[str]]:
    """The sentences that there are, by language."""
    there = [one for one in said if one is not None]
    return {"en": [one[0] for one in there], "ja": [one[1] for one in there]}


def listed(items: Iterable[object]) -> Said:
    """`2, 3 and 5`; `2、3、5`."""
    texts = [str(item) for item in items]
    english = texts[-1:] if len(texts) < 2 else [", ".join(texts[:-1]), texts[-1]]
    return " and ".join(english), "、".join(texts)


def spaced(*parts: object) -> str:
    """Parts of a Japanese sentence joined, with a space where a letter or digit of ASCII meets Japanese."""
    text = "".join(f"\0{part}" for part in parts)
    text = re.sub(r"(?<=[!-~])\0(?=[^\0!-~（）、。])|(?<=[^\0!-~（）、。])\0(?=[!-~])", " ", text)
    return text.replace("\0", "")


def times(ratio: float) -> str:
    """A ratio in as many digits as can be told apart: 0.45, 1.3, 4, 21."""
    digits = 2 if ratio < 1 else 1 if ratio < 10 else 0
    text = f"{ratio:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """`24 %`; what is there is at least `under 1 %`."""
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def percents(shares: dict[str, float]) -> dict[str, int]:
    """Shares of a whole as whole percents that add up to 100: by the largest remainder (Hamilton's method)."""
    total = math.fsum(shares.values())
    exact = {name: 100 * share / total for name, share in shares.items()}
    rounded = {name: math.floor(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: rounded[name] - exact[name])
    for name in by_remainder[: 100 - sum(rounded.values())]:
        rounded[name] += 1
    return rounded
