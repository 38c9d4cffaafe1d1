"""Two sweeps beside each other, such as one of txt2img and one of img2img: how far clip skip moves the picture."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidInput
from ..sweep.axes import AXIS_NAME
from .cells import clip_skips, key_of, mean, mean_at, measured
from .definitions import AREA
from .phrases import listed, percent, times

FIELD = "Sweeps to compare"
LEAST = 0.01
"""The share of a picture below which a change is no measure for another."""


@dataclass(frozen=True)
class Comparison:
    """What two sweeps have in common and how they differ.

    Attributes:
        labels: what to call each.
        reference: the clip skip that both are compared with.
        lines: for each, by clip skip that both have, the mean changed area against the reference.
        changes: for each, the mean of its line without the reference: how much of the picture clip skip changes.
        sentence: the answer by language.
    """

    labels: tuple[str, str]
    reference: object
    lines: tuple[dict, dict]
    changes: tuple[float, float]
    sentence: dict[str, str]


def is_measured(content: dict) -> bool:
    """Whether a sweep has the measure that is compared; earlier versions had not."""
    return any(measure.get("key") == AREA for measure in content.get("measures") or [])


def kind_of(content: dict) -> str:
    """Whether a sweep is one of txt2img or of img2img."""
    return "img2img" if "init_images" in (content.get("setting") or {}) else "txt2img"


def compare(one: dict, other: dict) -> Comparison:
    """Compares two measured sweeps over the values of clip skip that both have.

    Args:
        one, other: contents of `sweep.json` with measures.

    Raises `InvalidInput` when they have no values in common, or not the same reference.
    """
    reference = _common_reference(one, other)
    cells = [measured(content) for content in (one, other)]
    theirs = {key_of(value) for value in clip_skips(cells[1])}
    lines = []
    for of in cells:
        lines.append({value: mean_at(of, AREA, value) for value in clip_skips(cells[0]) if key_of(value) in theirs})
    both = [value for value in lines[0] if value != reference and None not in (lines[0][value], lines[1][value])]
    if not both:
        ids = f"{one['id']} and {other['id']}"
        raise InvalidInput(FIELD, ids, "two sweeps with the same values of clip skip", "have none in common to compare")
    changes = tuple(mean(line[value] for value in both) or 0.0 for line in lines)
    labels = _labels(one, other)
    shown = tuple({value: line[value] for value in line if value in both or value == reference} for line in lines)
    return Comparison(labels, reference, shown, changes, _sentence(labels, changes, reference, both))


def _common_reference(one: dict, other: dict) -> object:
    references = [(content.get("reference") or {}).get(AXIS_NAME) for content in (one, other)]
    for content, reference in zip((one, other), references, strict=True):
        if reference is None:
            raise InvalidInput(FIELD, content["id"], "a sweep with cells that are done", "has nothing to compare")
    if references[0] != references[1]:
        problem = f"are measured against different clip skips, {references[0]} and {references[1]}"
        raise InvalidInput(FIELD, f"{one['id']} and {other['id']}", "two sweeps that have clip skip 1", problem)
    return references[0]


def _labels(one: dict, other: dict) -> tuple[str, str]:
    kinds = kind_of(one), kind_of(other)
    if kinds[0] != kinds[1]:
        return kinds
    return f"{kinds[0]} {one['id']}", f"{kinds[1]} {other['id']}"


def _sentence(labels: tuple[str, str], changes: tuple[float, float], reference: object, both: list) -> dict[str, str]:
    (low, less), (high, more) = sorted(zip(changes, labels, strict=True))
    shares = [percent(change) for change in changes]
    english = f"Clip skip changes {shares[0]} of the picture in {labels[0]} and {shares[1]} in {labels[1]}"
    japanese = f"Clip skip で変わるのは、{labels[0]} では画像の {shares[0]}、{labels[1]} では {shares[1]} です"
    if low >= LEAST and high / low >= 1.1:
        english += f": {times(high / low)} times as much in {more}"
        japanese += f"（{more} は {less} の {times(high / low)} 倍）"
    elif high < LEAST:
        english += ": hardly any in either"
        japanese += "（どちらもほぼ変化なし）"
    elif low >= LEAST:
        english += ": about the same"
        japanese += "（ほぼ同じ）"
    values = listed(both)
    english += f". Mean over clip skip {values[0]}, each against {reference}."
    japanese += f"。Clip skip {values[1]} を {reference} と比べた平均です。"
    return {"en": english, "ja": japanese}
