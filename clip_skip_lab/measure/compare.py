"""Two sweeps beside each other, such as one of txt2img and one of img2img: how far clip skip moves the picture."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidInput
from ..language import Text, listed
from ..sweep.axes import AXIS_NAME
from ..sweep.library import kind_of
from ..sweep.values import Value
from .cells import Content, clip_skips, key_of, mean, mean_at, measured_cells
from .metrics import AREA
from .phrases import percent, times

COMPARED = Text("Sweeps to compare")
"""What errors call the two sweeps."""
LEAST = 0.01
"""The share of a picture below which a change is no measure for another."""

Line = dict[Value, float | None]
"""A mean changed area by clip skip."""


@dataclass(frozen=True)
class Comparison:
    """What two sweeps have in common and how they differ.

    Attributes:
        labels: what to call each.
        reference: the clip skip that both are compared with.
        lines: for each, by clip skip that both have, the mean changed area against the reference.
        changes: for each, the mean of its line without the reference: how much of the picture clip skip changes.
        sentence: the answer.
    """

    labels: tuple[str, str]
    reference: Value
    lines: tuple[Line, Line]
    changes: tuple[float, float]
    sentence: Text


def is_measured(content: Content) -> bool:
    """Whether a sweep has the measure that is compared; earlier versions had not."""
    return any(measure.get("key") == AREA for measure in content.get("measures") or [])


def compare(one: Content, other: Content) -> Comparison:
    """Compares two measured sweeps over the values of clip skip that both have.

    Args:
        one, other: contents of `sweep.json` with measures.

    Raises `InvalidInput` when they have no values in common, or not the same reference.
    """
    reference = _common_reference(one, other)
    first, second = _lines(one, other)
    both = [value for value in first if value != reference and None not in (first[value], second[value])]
    if not both:
        raise InvalidInput(
            COMPARED,
            _both(one, other),
            Text("two sweeps with the same values of clip skip"),
            Text("have no value in common that could be compared"),
        )
    changes = _change(first, both), _change(second, both)
    labels = _labels(one, other)
    shown = [value for value in first if value in both or value == reference]
    lines = {value: first[value] for value in shown}, {value: second[value] for value in shown}
    return Comparison(labels, reference, lines, changes, _sentence(labels, changes, reference, both))


def _common_reference(one: Content, other: Content) -> Value:
    references: list[Value] = []
    for content in (one, other):
        reference = (content.get("reference") or {}).get(AXIS_NAME)
        if reference is None:
            allowed = Text("a sweep with finished cells")
            raise InvalidInput(COMPARED, content["id"], allowed, Text("has nothing to compare"))
        references.append(reference)
    if references[0] != references[1]:
        problem = Text(
            "are measured against different clip skips, {one} and {other}", one=references[0], other=references[1]
        )
        raise InvalidInput(COMPARED, _both(one, other), Text("two sweeps that have clip skip 1"), problem)
    return references[0]


def _both(one: Content, other: Content) -> str:
    return f"{one['id']} and {other['id']}"


def _lines(one: Content, other: Content) -> tuple[Line, Line]:
    """The line of each sweep, over the values that both have, in the order of the first."""
    cells, others = measured_cells(one), measured_cells(other)
    theirs = {key_of(value) for value in clip_skips(others)}
    common = [value for value in clip_skips(cells) if key_of(value) in theirs]
    return {value: mean_at(cells, AREA, value) for value in common}, {
        value: mean_at(others, AREA, value) for value in common
    }


def _change(line: Line, values: list[Value]) -> float:
    return mean(line[value] for value in values) or 0.0


def _labels(one: Content, other: Content) -> tuple[str, str]:
    kinds = kind_of(one), kind_of(other)
    if kinds[0] != kinds[1]:
        return kinds
    return f"{kinds[0]} {one['id']}", f"{kinds[1]} {other['id']}"


def _sentence(labels: tuple[str, str], changes: tuple[float, float], reference: Value, both: list[Value]) -> Text:
    found = Text(
        "Clip skip changes {share} of the image in {label} and {other_share} in {other_label}",
        share=percent(changes[0]),
        label=labels[0],
        other_share=percent(changes[1]),
        other_label=labels[1],
    )
    (low, less), (high, more) = sorted(zip(changes, labels, strict=True))
    if low >= LEAST and high / low >= 1.1:
        found = Text(
            "{found}: {times} times as much in {more}{less:.0}",
            found=found,
            times=times(high / low),
            more=more,
            less=less,
        )
    elif high < LEAST:
        found = Text("{found}: next to nothing in both", found=found)
    elif low >= LEAST:
        found = Text("{found}: about the same", found=found)
    return Text(
        "{found}. Mean over clip skip {values}, each compared with {reference}.",
        found=found,
        values=listed(both),
        reference=reference,
    )
