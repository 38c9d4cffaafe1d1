"""The numbers behind the findings, in sentences: what `more` has in `sweep.json`."""

from __future__ import annotations

from typing import Any

from ..language import Text, enumerated
from ..sweep.axes import AXIS_NAME
from ..sweep.values import Value
from .cells import Cell, Content, beside, clip_skips, mean, mean_at, measured_cells
from .effects import INTERACTION, SEED
from .metrics import AREA, COMPOSITION, SHARPNESS
from .phrases import by_language, percent, times
from .steps import Step, arrow

LEAST = 0.01
"""A variance of the Laplacian below it is no measure for others."""
MOST_STEPS = 24
"""Of more steps only the range is said."""


def more(content: Content) -> dict[str, list[str]]:
    """The numbers behind the findings by language; there may be none.

    Args:
        content: a `sweep.json` with measures, neighbours and effects.
    """
    cells = measured_cells(content)
    if len(clip_skips(cells)) < 2:
        return by_language([])
    reference = content["reference"][AXIS_NAME]
    others = [value for value in clip_skips(cells) if value != reference]
    return by_language(
        [
            _areas(content["neighbours"]),
            _compositions(content["neighbours"]),
            _from_reference(cells, reference, others),
            _edges(edges(cells, reference, others), reference),
            _tested(content["effects"]),
        ]
    )


def edges(cells: list[Cell], reference: Value, others: list[Value]) -> dict[Value, float]:
    """How strong edges are at each clip skip, as a multiple of the reference's; where there is none, it is left out."""
    ratios = {value: _ratio(cells, reference, value) for value in others}
    return {value: ratio for value, ratio in ratios.items() if ratio is not None}


def _ratio(cells: list[Cell], reference: Value, value: Value) -> float | None:
    """Over the other axes' values at which both are there."""
    at = {beside(cell): cell for cell in cells if cell["values"][AXIS_NAME] == reference}
    with_it = [cell for cell in cells if cell["values"][AXIS_NAME] == value and beside(cell) in at]
    there = mean(cell["measures"][SHARPNESS] for cell in with_it)
    base = mean(at[beside(cell)]["measures"][SHARPNESS] for cell in with_it)
    return None if there is None or base is None or base < LEAST else there / base


def _areas(neighbours: list[Step]) -> Text | None:
    steps = [step for step in neighbours if step[AREA] is not None]
    if not steps:
        return None
    shares = [_at(percent(step[AREA]), arrow(step)) for step in steps]
    if len(steps) > MOST_STEPS:
        areas = [step[AREA] for step in steps]
        shares = [Text("{low} to {high}", low=percent(min(areas)), high=percent(max(areas)))]
    return Text(
        "Changed area (pixels of a clearly different color, ΔE above 15) at each step: {shares}.",
        shares=enumerated(shares),
    )


def _compositions(neighbours: list[Step]) -> Text | None:
    steps = [step for step in neighbours if step[COMPOSITION] is not None]
    if not steps:
        return None
    least = min(step[COMPOSITION] for step in steps)
    highest = max(steps, key=lambda step: step[COMPOSITION])
    most, step = f"{highest[COMPOSITION]:.2f}", arrow(highest)
    if len(steps) == 1:
        changes = _at(most, step)
    elif f"{least:.2f}" == most:
        changes = Text("{number} at every step", number=most)
    else:
        changes = Text("{least} to {most}, largest at {step}", least=f"{least:.2f}", most=most, step=step)
    return Text("Composition change (1 − SSIM of the brightness, 0 is none) at each step: {changes}.", changes=changes)


def _from_reference(cells: list[Cell], reference: Value, others: list[Value]) -> Text | None:
    areas = {value: mean_at(cells, AREA, value) for value in others}
    shares = [_at(percent(area), value) for value, area in areas.items() if area is not None]
    if not shares or len(shares) > MOST_STEPS:
        return None
    return Text(
        "Changed area compared with clip skip {reference}: {shares}.", reference=reference, shares=enumerated(shares)
    )


def _edges(ratios: dict[Value, float], reference: Value) -> Text | None:
    if not ratios:
        return None
    low, high = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    least, most = _multiple(ratios[low]), _multiple(ratios[high])
    if len(ratios) == 1:
        strength = Text("are {multiple} at {value}", multiple=least, value=low)
    elif least == most:
        strength = Text("are {multiple} at every other value", multiple=least)
    else:
        strength = Text("range from {least} at {low} to {most} at {high}", least=least, low=low, most=most, high=high)
    return Text(
        "Compared with clip skip {reference}, edges {strength} (variance of the Laplacian, which also grows with "
        "contrast and noise).",
        reference=reference,
        strength=strength,
    )


def _multiple(ratio: float) -> Text:
    multiple = times(ratio)
    return Text("equally strong") if multiple == "1" else Text("{multiple} times as strong", multiple=multiple)


def _at(number: str, place: Value) -> Text:
    return Text("{number} at {place}", number=number, place=place)


def _tested(effects: dict[str, Any]) -> Text | None:
    tested = [(name, p) for name, p in (effects["p"] or {}).items() if p is not None]
    if not tested:
        return None
    names = {AXIS_NAME: Text("clip skip"), SEED: Text("seed"), INTERACTION: Text("interaction")}
    values = [Text("{axis} {p}", axis=names.get(name, name), p=f"{p:.3f}") for name, p in tested]
    return Text("p-values (permutation test): {values}.", values=enumerated(values))
