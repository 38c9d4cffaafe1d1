"""Sentences together, shares and multiples, as people write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..language import Text, in_all_languages, languages

Sentence = Text | dict[str, str]
"""A sentence, or one of somebody else's that is given by language."""


def by_language(sentences: Iterable[Sentence | None]) -> dict[str, list[str]]:
    """The sentences that there are, by language."""
    said = [in_all_languages(each) if isinstance(each, Text) else each for each in sentences if each is not None]
    return {language: [sentence[language] for sentence in said] for language in languages()}


def joined(sentences: Sequence[Text]) -> Text:
    """Sentences one after the other."""
    text = sentences[0] if sentences else Text("")
    for sentence in sentences[1:]:
        text = Text("{before} {sentence}", before=text, sentence=sentence)
    return text


def times(ratio: float) -> str:
    """A ratio in as many digits as can be told apart: 0.45, 1.3, 4, 21."""
    digits = 2 if ratio < 1 else 1 if ratio < 10 else 0
    text = f"{ratio:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> Text:
    """`24%`; what is there is at least `under 1%`."""
    return Text("under 1%") if 0 < share < 0.005 else Text("{percent}%", percent=f"{100 * share:.0f}")


def percents(shares: dict[str, float]) -> dict[str, int]:
    """Shares of a whole as whole percents that add up to 100: by the largest remainder (Hamilton's method)."""
    total = math.fsum(shares.values())
    exact = {name: 100 * share / total for name, share in shares.items()}
    rounded = {name: math.floor(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: rounded[name] - exact[name])
    for name in by_remainder[: 100 - sum(rounded.values())]:
        rounded[name] += 1
    return rounded
