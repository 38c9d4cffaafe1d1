"""What the measures say, in sentences. Each is computed, and says no more than the numbers do.

`findings` are for everybody: what a person sees in the pictures. `more` has the numbers behind them, with their
symbols, for whom wants to know (`details.py`).
"""

from __future__ import annotations

from typing import Any

from ..language import Text, enumerated, listed
from ..sweep.axes import AXIS_NAME
from ..sweep.values import Value
from .cells import Cell, Content, clip_skips, compared, incomparable, is_number, key_of, mean_at, measured_cells
from .details import edges
from .effects import INTERACTION, LEVEL, REST, SEED
from .identical import identical
from .left_out import counted_cells, left_out
from .metrics import AREA, DIFFERENCE
from .phrases import Sentence, by_language, joined, percent, percents
from .steps import CHANGES, MOST, NAMED, Step, Steps, arrow, graded, reference_sentence, step_sentence

WEAK = 1 / 2
"""Edges under this share of the reference's are worth a sentence."""
NEAR = 1.2
"""Edges that stay within this factor of the reference's are about as strong."""
APART = 0.02
"""The second closest value must differ by this much more of the picture, for the closest to be named."""
LEAST = 0.01
"""A change below it is no measure for others."""
HARDLY, MUCH = 0.1, 0.3
"""The share of the variance up to which axes hardly interact, and from which they do so clearly."""


def findings(content: Content) -> dict[str, list[str]]:
    """The findings of a sweep by language, at least one sentence.

    Args:
        content: a `sweep.json` with measures, neighbours, new seed and effects.
    """
    cells = measured_cells(content)
    sentences: list[Sentence | None] = [*left_out(content["cells"]), _extent(content["cells"], cells)]
    if len(clip_skips(cells)) < 2:
        sentences.append(Text("Fewer than two values of clip skip were measured, so there is nothing to compare."))
        return by_language(sentences)
    steps = graded(content["neighbours"])
    differences = [cell["measures"][DIFFERENCE] for cell in compared(cells, content["reference"][AXIS_NAME])]
    if not differences and not steps.known:
        sentences.append(
            Text("No images of different clip skips could be compared: they differ in size, or are missing.")
        )
    elif differences and not any(differences) and not any(step[AREA] for step in steps.known):
        sentences.append(identical(cells, content))
    else:
        found = [sentence for sentence in _differing(content, cells) if sentence is not None]
        sentences += found or [Text("The images differ between clip skips, but the measures do not say how.")]
    return by_language(sentences)


def _differing(content: Content, cells: list[Cell]) -> list[Text | None]:
    """What is said where pictures differ; what ranks values, only where all are there."""
    reference, all_measured = content["reference"][AXIS_NAME], len(cells) == len(content["cells"])
    others = [value for value in clip_skips(cells) if value != reference]
    steps = graded(content["neighbours"])
    sentences = [
        _same_as_reference(cells, reference, others),
        step_sentence(steps, _pictures_each(cells), all_measured)
        or reference_sentence(_from_reference(cells, reference, others), _pictures_each(cells)),
    ]
    if not steps.changed and len(steps.known) > 1 and steps.complete:
        sentences.append(_adding_up(cells, reference, others))
    if all_measured:
        sentences += [
            _new_seed(steps.known, content["new_seed"]),
            _closest(cells, reference, others),
            _edges(cells, reference, others),
            _effects(content["effects"]),
        ]
    return sentences


def _from_reference(cells: list[Cell], reference: Value, others: list[Value]) -> Steps:
    """What changes from the reference to each other value, as if it were a step; of those that are the same nothing."""
    differing = [value for value in others if mean_at(cells, DIFFERENCE, value) != 0]
    return graded([{"from": reference, "to": value, AREA: mean_at(cells, AREA, value)} for value in differing])


def _extent(planned: list[Cell], cells: list[Cell]) -> Text | None:
    if len(cells) + len(incomparable(planned)) == len(planned):
        return None
    count = counted_cells(len(cells), len(planned))
    if len(clip_skips(cells)) < 2:
        return Text("{cells} measured.", cells=count)
    return Text("{cells} measured; the findings cover nothing else.", cells=count)


def _pictures_each(cells: list[Cell]) -> int:
    """How many pictures there are of the clip skip that has most."""
    counts: dict[str, int] = {}
    for cell in cells:
        key = key_of(cell["values"][AXIS_NAME])
        counts[key] = counts.get(key, 0) + len(cell["pictures"])
    return max(counts.values())


def _same_as_reference(cells: list[Cell], reference: Value, others: list[Value]) -> Text | None:
    same = [value for value in others if mean_at(cells, DIFFERENCE, value) == 0]
    if not same:
        return None
    if len(same) == 1:
        return Text(
            "Clip skip {value} gives the same images as clip skip {reference}.", value=same[0], reference=reference
        )
    return Text(
        "Clip skip {values} give the same images as clip skip {reference}.", values=listed(same), reference=reference
    )


def adds_up_at(cells: list[Cell], reference: Value, others: list[Value]) -> int | float | None:
    """The number nearest to the reference at which the picture has clearly changed from it, or None.

    Args:
        cells: with measures.
        reference, others: values of clip skip; steps lead from a number only.
    """
    if not is_number(reference):
        return None
    for value in sorted(filter(is_number, others), key=lambda value: abs(value - reference)):
        area = mean_at(cells, AREA, value)
        if area is not None and area >= CHANGES:
            return value
    return None


def _adding_up(cells: list[Cell], reference: Value, others: list[Value]) -> Text | None:
    """Where no step changes the picture, the value at which they have changed it together."""
    value = adds_up_at(cells, reference, others)
    if value is None:
        return None
    if is_number(reference) and value > reference:
        return Text(
            "The small steps add up: by clip skip {value}, the image clearly differs from clip skip {reference}.",
            value=value,
            reference=reference,
        )
    return Text(
        "The small steps add up: clip skip {value} clearly differs from clip skip {reference}.",
        value=value,
        reference=reference,
    )


def _new_seed(steps: list[Step], new_seed: dict[str, Any] | None) -> Text | None:
    """The largest step beside what a new seed changes."""
    if not steps or new_seed is None or (new_seed[AREA] or 0) < LEAST:
        return None
    step = max(steps, key=lambda step: step[AREA])
    return Text(
        "A new seed changes {seed} of the image; the largest step of clip skip ({step}) changes {most}.",
        seed=percent(new_seed[AREA]),
        step=arrow(step),
        most=percent(step[AREA]),
    )


def closest_to(cells: list[Cell], reference: Value, others: list[Value]) -> Value | None:
    """The clip skip whose pictures are most like the reference's, where one clearly is; those that are the same apart.

    Args:
        cells: with measures.
        reference, others: values of clip skip.
    """
    differing = [value for value in others if mean_at(cells, DIFFERENCE, value) != 0]
    areas = [(area, value) for value in differing if (area := mean_at(cells, AREA, value)) is not None]
    if len(areas) < 2 or len(areas) < len(differing):
        return None
    (least, value), (second, _) = sorted(areas, key=lambda pair: pair[0])[:2]
    return value if second >= max(MOST * least, least + APART) else None


def _closest(cells: list[Cell], reference: Value, others: list[Value]) -> Text | None:
    value = closest_to(cells, reference, others)
    if value is None:
        return None
    return Text("Clip skip {value} comes closest to clip skip {reference}.", reference=reference, value=value)


def _edges(cells: list[Cell], reference: Value, others: list[Value]) -> Text | None:
    """How strong edges are; beyond a factor of two only that they are weak from some value on, and what that means."""
    ratios = edges(cells, reference, others)
    if not ratios:
        return None
    where = _weak_at(ratios, reference)
    if where is not None:
        return Text(
            "{where}, edges are less than half as strong as at clip skip {reference}: the images are blurrier, have "
            "less contrast, or show less.",
            where=where,
            reference=reference,
        )
    if min(ratios.values()) > 1 / NEAR and max(ratios.values()) < NEAR:
        return Text("Edges stay about as strong as at clip skip {reference}.", reference=reference)
    return None


def _weak_at(ratios: dict[Value, float], reference: Value) -> Text | None:
    """Where edges are weak: from a value on to the last; the values, where the reference is above some of them."""
    numbers = [value for value in ratios if is_number(value)]
    weak = [value for value in numbers if ratios[value] < WEAK]
    if not weak:
        return None
    if is_number(reference) and weak[0] < reference:
        return Text("At clip skip {values}", values=listed(weak)) if len(weak) <= NAMED else None
    if weak[-1] != numbers[-1]:
        return None
    start = weak[-1]
    for value in reversed(numbers):
        if value not in weak:
            break
        start = value
    if start == numbers[-1]:
        return Text("At clip skip {values}", values=start)
    return Text("From clip skip {value} on", value=start)


def _effects(effects: dict[str, Any]) -> Text | None:
    """How the differences are divided between the axes, and whether clip skip and the other axis interact."""
    shares, p = effects["shares"], effects["p"] or {}
    if shares is None:
        return None
    sentences = [_divided(shares)]
    axes = [name for name in shares if name not in (INTERACTION, REST, SEED)]
    if len(axes) == 2 and axes[0] == AXIS_NAME:
        if shares[INTERACTION] <= HARDLY:
            sentences.append(Text("Clip skip and {axis} hardly interact here.", axis=axes[1]))
        elif shares[INTERACTION] >= MUCH and (p.get(INTERACTION) or 0) <= LEVEL:
            sentences.append(Text("What clip skip does depends on {axis} here.", axis=axes[1]))
    return joined(sentences)


def _divided(shares: dict[str, float]) -> Text:
    percentages = percents(shares)
    first, *others = (name for name in shares if name not in (INTERACTION, REST))
    parts = [Text("{axis} accounts for {percent}%", axis=_axis(first), percent=percentages[first])]
    parts += [Text("{axis} for {percent}%", axis=_axis(name), percent=percentages[name]) for name in others]
    if len(others) == 1:
        parts.append(Text("the two in combination for {percent}%", percent=percentages[INTERACTION]))
    else:
        parts.append(Text("the axes in combination for {percent}%", percent=percentages[INTERACTION]))
    if REST in percentages:
        parts.append(Text("everything else for {percent}%", percent=percentages[REST]))
    division = Text("{before}, and {item}", before=enumerated(parts[:-1]), item=parts[-1])
    return Text("Of the differences between the images, {division}.", division=division)


def _axis(name: str) -> str:
    return {AXIS_NAME: Text("clip skip"), SEED: Text("the seed")}.get(name, name)
