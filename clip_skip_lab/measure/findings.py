"""What the measures say, in sentences. Each is computed, and says no more than the numbers do.

`findings` are for everybody: what a person sees in the pictures. `more` has the numbers behind them, with their
symbols, for whom wants to know (`details.py`).
"""

from __future__ import annotations

from ..sweep.axes import AXIS_NAME
from .cells import clip_skips, compared, incomparable, is_number, key_of, mean_at, measured
from .definitions import AREA, DIFFERENCE
from .details import edges
from .effects import INTERACTION, LEVEL, REST, SEED
from .identical import identical
from .left_out import left_out
from .phrases import Said, by_language, listed, percent, percents, spaced
from .steps import CHANGES, MOST, NAMED, Steps, graded, reference_sentence, step_sentence

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


def findings(content: dict) -> dict[str, list[str]]:
    """The findings of a sweep by language, at least one sentence.

    Args:
        content: a `sweep.json` with measures, neighbours, new seed and effects.
    """
    cells, values = measured(content), clip_skips(measured(content))
    said = [*left_out(content["cells"]), _extent(content["cells"], cells, values)]
    if len(values) < 2:
        said.append(_NOTHING_TO_COMPARE)
        return by_language(said)
    steps = graded(content["neighbours"])
    differences = [cell["measures"][DIFFERENCE] for cell in compared(cells, content["reference"][AXIS_NAME])]
    if not differences and not steps.known:
        said.append(_NOT_COMPARABLE)
    elif differences and not any(differences) and not any(step[AREA] for step in steps.known):
        said.append(identical(cells, content))
    else:
        found = [one for one in _differing(content, cells, values) if one is not None]
        said += found or [_DIFFERENT]
    return by_language(said)


def _differing(content: dict, cells: list[dict], values: list) -> list[Said | None]:
    """What is said where pictures differ; what ranks values, only where all are there."""
    reference, whole = content["reference"][AXIS_NAME], len(cells) == len(content["cells"])
    others = [value for value in values if value != reference]
    steps = graded(content["neighbours"])
    said = [
        _same_as_reference(cells, reference, others),
        step_sentence(steps, _pictures_each(cells), whole)
        or reference_sentence(_from_reference(cells, reference, others), _pictures_each(cells)),
    ]
    if not steps.changed and len(steps.known) > 1 and steps.complete:
        said.append(_adding_up(cells, reference, others))
    if whole:
        said += [
            _new_seed(steps.known, content["new_seed"]),
            _closest(cells, reference, others),
            _edges(cells, reference, others),
            _effects(content["effects"]),
        ]
    return said


def _from_reference(cells: list[dict], reference: object, others: list) -> Steps:
    """What changes from the reference to each other value, as if it were a step; of those that are the same nothing."""
    differing = [value for value in others if mean_at(cells, DIFFERENCE, value) != 0]
    return graded([{"from": reference, "to": value, AREA: mean_at(cells, AREA, value)} for value in differing])


_NOTHING_TO_COMPARE: Said = (
    "There are no two values of clip skip to compare.",
    "比較できる Clip skip の値が 2 つありません。",
)
_NOT_COMPARABLE: Said = (
    "No picture could be compared with another clip skip's: they differ in size, or are missing.",
    "異なる Clip skip の画像と比較できる画像がありません（サイズが違うか、欠けています）。",
)
_DIFFERENT: Said = (
    "The pictures of different clip skips differ; more cannot be told.",
    "Clip skip によって画像は異なりますが、それ以上は分かりません。",
)


def _extent(planned: list[dict], cells: list[dict], values: list) -> Said | None:
    if len(cells) + len(incomparable(planned)) == len(planned):
        return None
    english = f"{len(cells)} of {len(planned)} cells {'is' if len(cells) == 1 else 'are'} measured"
    japanese = f"{len(planned)} セル中 {len(cells)} セルの測定です。"
    if len(values) < 2:
        return f"{english}.", japanese
    return f"{english}; what follows is about these.", f"{japanese}以下はこれらについてです。"


def _pictures_each(cells: list[dict]) -> int:
    """How many pictures there are of the clip skip that has most."""
    counts: dict[str, int] = {}
    for cell in cells:
        key = key_of(cell["values"][AXIS_NAME])
        counts[key] = counts.get(key, 0) + len(cell["pictures"])
    return max(counts.values())


def _same_as_reference(cells: list[dict], reference: object, others: list) -> Said | None:
    same = [value for value in others if mean_at(cells, DIFFERENCE, value) == 0]
    if not same:
        return None
    english, japanese = listed(same)
    verb = "gives" if len(same) == 1 else "give"
    return (
        f"Clip skip {english} {verb} the same pictures as {reference}.",
        spaced(f"Clip skip {japanese}", "の画像は", reference, "と同一です。"),
    )


def adds_up_at(cells: list[dict], reference: object, others: list) -> object | None:
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


def _adding_up(cells: list[dict], reference: object, others: list) -> Said | None:
    """Where no step changes the picture, the value at which they have changed it together."""
    value = adds_up_at(cells, reference, others)
    if value is None:
        return None
    where = f"by clip skip {value} the picture" if value > reference else f"clip skip {value}"
    return (
        f"The small steps add up: {where} clearly differs from {reference}.",
        spaced("小さな変化が重なり、", value, "は", reference, "と明らかに違います。"),
    )


def _new_seed(steps: list[dict], new_seed: dict | None) -> Said | None:
    """The largest step beside what a new seed changes."""
    if not steps or new_seed is None or (new_seed[AREA] or 0) < LEAST:
        return None
    step = max(steps, key=lambda step: step[AREA])
    seed, most, arrow = percent(new_seed[AREA]), percent(step[AREA]), f"{step['from']} → {step['to']}"
    return (
        f"A new seed changes {seed} of the picture; the largest step of clip skip ({arrow}) changes {most}.",
        f"シードを変えると画像の {seed}、変化が最大の段階（{arrow}）では {most} が変わります。",
    )


def closest_to(cells: list[dict], reference: object, others: list) -> object | None:
    """The clip skip whose pictures are most like the reference's, where one clearly is; those that are the same apart.

    Args:
        cells: with measures.
        reference, others: values of clip skip.
    """
    areas = {value: mean_at(cells, AREA, value) for value in others if mean_at(cells, DIFFERENCE, value) != 0}
    if len(areas) < 2 or None in areas.values():
        return None
    (value, least), (_, second) = sorted(areas.items(), key=lambda pair: pair[1])[:2]
    return value if second >= max(MOST * least, least + APART) else None


def _closest(cells: list[dict], reference: object, others: list) -> Said | None:
    value = closest_to(cells, reference, others)
    if value is None:
        return None
    return (
        f"Most like clip skip {reference}: clip skip {value}.",
        spaced(f"Clip skip {reference}", "に最も似ているのは", value, "です。"),
    )


def _edges(cells: list[dict], reference: object, others: list) -> Said | None:
    """How strong edges are; beyond a factor of two only that they are weak from some value on, and what that means."""
    ratios = edges(cells, reference, others)
    if not ratios:
        return None
    where = _weak_at([value for value in ratios if is_number(value)], ratios, reference)
    if where is not None:
        return (
            f"{where[0]}, edges are less than half as strong as at clip skip {reference}: "
            "the pictures are blurrier, have less contrast, or show less.",
            f"{where[1]}、輪郭の強さは "
            + spaced(f"Clip skip {reference}", "の半分未満です")
            + "（ぼけたか、コントラストが下がったか、描かれたものが減りました）。",
        )
    if min(ratios.values()) > 1 / NEAR and max(ratios.values()) < NEAR:
        return (
            f"Edges stay about as strong as at clip skip {reference}.",
            spaced(f"輪郭の強さは Clip skip {reference}", "とほぼ同じままです。"),
        )
    return None


def _weak_at(numbers: list, ratios: dict, reference: object) -> Said | None:
    """Where edges are weak: from a value on to the last; the values, where the reference is above some of them."""
    weak = [value for value in numbers if ratios[value] < WEAK]
    if not weak:
        return None
    if is_number(reference) and weak[0] < reference:
        english, japanese = listed(weak)
        return (f"At {english}", spaced(japanese, "では")) if len(weak) <= NAMED else None
    if weak[-1] != numbers[-1]:
        return None
    start = weak[-1]
    for value in reversed(numbers):
        if value not in weak:
            break
        start = value
    last = start == numbers[-1]
    return f"At {start}" if last else f"From {start} on", spaced(start, "では" if last else "以降")


def _effects(effects: dict) -> Said | None:
    shares, p = effects["shares"], effects["p"] or {}
    if shares is None:
        return None
    parts = percents(shares)
    names = [name for name in shares if name not in (INTERACTION, REST)]
    english = [f"{_english(name)} for {parts[name]} %" for name in names[1:]]
    english.append(f"{'the two' if len(names) == 2 else 'the axes'} in combination for {parts[INTERACTION]} %")
    japanese = [f"{_japanese(name)} {parts[name]} %" for name in names]
    japanese.append(f"組み合わせ {parts[INTERACTION]} %")
    if REST in parts:
        english.append(f"everything else for {parts[REST]} %")
        japanese.append(f"その他 {parts[REST]} %")
    said = (
        [
            f"Of the differences between the pictures, {_english(names[0])} accounts for {parts[names[0]]} %, "
            f"{', '.join(english[:-1])}, and {english[-1]}."
        ],
        [f"画像の違いの内訳: {listed(japanese)[1]}。"],
    )
    axes = [name for name in names if name != SEED]
    about_clip_skip = len(axes) == 2 and axes[0] == AXIS_NAME
    if about_clip_skip and shares[INTERACTION] <= HARDLY:
        said[0].append(f"Clip skip and {axes[1]} hardly interact here.")
        said[1].append(f"ここでは {_japanese(axes[0])} と {axes[1]} はほとんど影響し合いません。")
    elif about_clip_skip and shares[INTERACTION] >= MUCH and (p.get(INTERACTION) or 0) <= LEVEL:
        said[0].append(f"What clip skip does depends on {axes[1]} here.")
        said[1].append(f"ここでは Clip skip の効果は {axes[1]} によって変わります。")
    return " ".join(said[0]), "".join(said[1])


def _english(name: str) -> str:
    return {AXIS_NAME: "clip skip", SEED: "the seed"}.get(name, name)


def _japanese(name: str) -> str:
    return "シード" if name == SEED else name
