"""The numbers behind the findings, in sentences: what `more` has in `sweep.json`."""

from __future__ import annotations

from ..sweep.axes import AXIS_NAME
from .cells import beside, clip_skips, mean, mean_at, measured
from .definitions import AREA, COMPOSITION, SHARPNESS
from .effects import INTERACTION, SEED
from .phrases import Said, by_language, listed, percent, spaced, times

LEAST = 0.01
"""A variance of the Laplacian below it is no measure for others."""
MOST_STEPS = 24
"""Of more steps only the range is said."""


def more(content: dict) -> dict[str, list[str]]:
    """The numbers behind the findings by language; there may be none.

    Args:
        content: a `sweep.json` with measures, neighbours and effects.
    """
    cells = measured(content)
    said: list[Said | None] = []
    if len(clip_skips(cells)) > 1:
        reference = content["reference"][AXIS_NAME]
        others = [value for value in clip_skips(cells) if value != reference]
        said = [
            _areas(content["neighbours"]),
            _compositions(content["neighbours"]),
            _from_reference(cells, reference, others),
            _edges(edges(cells, reference, others), reference),
            _tested(content["effects"]),
        ]
    return by_language(said)


def edges(cells: list[dict], reference: object, others: list) -> dict[object, float]:
    """How strong edges are at each clip skip, as a multiple of the reference's; where there is none, it is left out."""
    ratios = {value: _ratio(cells, reference, value) for value in others}
    return {value: ratio for value, ratio in ratios.items() if ratio is not None}


def _ratio(cells: list[dict], reference: object, value: object) -> float | None:
    """Over the other axes' values at which both are there."""
    at = {beside(cell): cell for cell in cells if cell["values"][AXIS_NAME] == reference}
    with_it = [cell for cell in cells if cell["values"][AXIS_NAME] == value and beside(cell) in at]
    there = mean(cell["measures"][SHARPNESS] for cell in with_it)
    base = mean(at[beside(cell)]["measures"][SHARPNESS] for cell in with_it)
    return None if there is None or base is None or base < LEAST else there / base


def _areas(neighbours: list[dict]) -> Said | None:
    steps = [step for step in neighbours if step[AREA] is not None]
    if not steps:
        return None
    shares = [f"{step['from']} → {step['to']}: {percent(step[AREA])}" for step in steps]
    if len(steps) > MOST_STEPS:
        low, high = (percent(pick(step[AREA] for step in steps)) for pick in (min, max))
        shares = [f"{low} – {high}"]
    return (
        f"Changed area (clearly another colour, ΔE above 15), step by step: {', '.join(shares)}.",
        f"各段階で変わった面積（ΔE が 15 を超える色の違い）: {listed(shares)[1]}。",
    )


def _compositions(neighbours: list[dict]) -> Said | None:
    steps = [step for step in neighbours if step[COMPOSITION] is not None]
    if not steps:
        return None
    low, high = (pick(steps, key=lambda step: step[COMPOSITION]) for pick in (min, max))
    least, most = f"{low[COMPOSITION]:.2f}", f"{high[COMPOSITION]:.2f}"
    arrow = f"{high['from']} → {high['to']}"
    english, japanese = f"{least} to {most}, the largest at {arrow}", f"{least}〜{most}（最大は {arrow}）"
    if len(steps) == 1:
        english, japanese = f"{most} at {arrow}", f"{arrow} で {most}"
    return (
        f"Composition change (1 − SSIM of the brightness, 0 is none), step by step: {english}.",
        f"各段階の構図の変化（明るさの 1 − SSIM、0 は変化なし）: {japanese}。",
    )


def _from_reference(cells: list[dict], reference: object, others: list) -> Said | None:
    areas = {value: mean_at(cells, AREA, value) for value in others}
    shares = [f"{value}: {percent(area)}" for value, area in areas.items() if area is not None]
    if not shares or len(shares) > MOST_STEPS:
        return None
    return (
        f"Changed area against clip skip {reference}: {', '.join(shares)}.",
        f"Clip skip {reference} と比べて変わった面積: {listed(shares)[1]}。",
    )


def _edges(ratios: dict[object, float], reference: object) -> Said | None:
    if not ratios:
        return None
    low, high = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    (least, at_least), (most, at_most) = _multiple(ratios[low]), _multiple(ratios[high])
    if len(ratios) == 1:
        english, japanese = f"{least} at {low}", spaced(low, "で", at_least)
    elif least == most:
        english, japanese = f"{least} at every value", f"どの値でも{at_least}"
    else:
        english = f"from {least} at {low} to {most} at {high}"
        japanese = spaced(low, "で", at_least) + "、" + spaced(high, "で", at_most)
    return (
        f"Strength of edges (variance of the Laplacian, which grows with contrast and noise too), against clip skip "
        f"{reference}: {english}.",
        f"Clip skip {reference} に対する輪郭の強さ（ラプラシアンの分散。コントラストやノイズでも増えます）: "
        f"{japanese}。",
    )


def _multiple(ratio: float) -> Said:
    text = times(ratio)
    return ("the same", "同じ") if text == "1" else (f"{text} times", f"{text} 倍")


def _tested(effects: dict) -> Said | None:
    p = {name: value for name, value in (effects["p"] or {}).items() if value is not None}
    if not p:
        return None
    named = {AXIS_NAME: ("clip skip",) * 2, SEED: ("seed", "シード"), INTERACTION: ("interaction", "交互作用")}
    said = [tuple(f"{name} {value:.3f}" for name in named.get(axis, (axis, axis))) for axis, value in p.items()]
    return (
        f"p-values by permutation: {', '.join(one[0] for one in said)}.",
        f"並べ替え検定の p 値: {'、'.join(one[1] for one in said)}。",
    )
