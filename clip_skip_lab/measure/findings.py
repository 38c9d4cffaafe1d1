"""What the measures say, in sentences. Each is computed, and says no more than the numbers do.

Every finding is a pair: the sentence in English and in Japanese.
"""

from __future__ import annotations

from .cells import CLIP_SKIP, beside, clip_skips, groups, is_number, mean, mean_at, measured
from .definitions import COMPOSITION, DIFFERENCE, SHARPNESS
from .effects import INTERACTION, LEVEL, SEED

Said = tuple[str, str]

SETTLED = 1 / 3
"""The composition has settled where every further step changes less than this share of the largest."""
BLURRED = 1 / 2
"""Sharpness below this share of the reference's is worth a sentence."""
ALIKE = 0.9
"""Steps of at least this share of the largest are no smaller to speak of."""
SAME = 1.2
"""Sharpness that stays within this factor of the reference's counts as the same."""
LEAST = 0.01
"""A change or a sharpness below it is no measure for others."""
HARDLY, MUCH = 0.1, 0.3
"""The share of the variance up to which axes hardly interact, and from which they do so clearly."""


def findings(content: dict) -> dict[str, list[str]]:
    """The findings of a sweep by language, at least one sentence.

    Args:
        content: a `sweep.json` with measures, neighbours, new seed and effects.
    """
    cells = measured(content)
    said = [_extent(cells, content["cells"])]
    values = clip_skips(cells)
    if len(values) < 2:
        said.append(_NOTHING_TO_COMPARE)
    elif all(cell["measures"].get(DIFFERENCE) is None for cell in cells):
        said.append(_NOT_COMPARABLE)
    elif all(cell["measures"].get(DIFFERENCE) in (0, None) for cell in cells):
        said.append(_identical(cells))
    else:
        reference = content["reference"][CLIP_SKIP]
        others = [value for value in values if value != reference]
        said.append(_same_as_reference(cells, reference, others))
        said += _steps(content["neighbours"], content["new_seed"])
        said += [_closest(cells, reference, others), _sharpness(cells, reference, others)]
        said.append(_effects(content["effects"]))
        if not any(said):
            said.append(_DIFFERENT)
    there = [one for one in said if one is not None]
    return {"en": [one[0] for one in there], "ja": [one[1] for one in there]}


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


def _extent(cells: list[dict], planned: list[dict]) -> Said | None:
    if len(cells) == len(planned):
        return None
    return (
        f"{len(cells)} of {len(planned)} cells are measured.",
        f"{len(planned)} セル中 {len(cells)} セルの測定です。",
    )


def _identical(cells: list[dict]) -> Said:
    count = sum(len(cell["pictures"]) for cell in cells)
    if len(groups(cells)) == 1 and len(cells[0]["pictures"]) == 1:
        return (
            f"All {count} pictures are identical: this model ignores clip skip in this WebUI, "
            "or its prompt does not reach the picture.",
            f"全 {count} 枚が同一です。この WebUI はこのモデルで Clip skip を無視しているか、"
            "プロンプトが画像に届いていません。",
        )
    return (
        "Clip skip changes no pixel of any picture: this model ignores it in this WebUI, "
        "or its prompt does not reach the picture.",
        "Clip skip を変えてもどの画像も 1 画素も変わりません。この WebUI はこのモデルで Clip skip を無視しているか、"
        "プロンプトが画像に届いていません。",
    )


def _same_as_reference(cells: list[dict], reference: object, others: list) -> Said | None:
    same = [value for value in others if mean_at(cells, DIFFERENCE, value) == 0]
    if not same:
        return None
    named = ", ".join(map(str, same))
    return (
        f"Clip skip {named}: the same pictures as {reference}.",
        f"Clip skip {named} の画像は {reference} と同一です。",
    )


def _steps(neighbours: list[dict], new_seed: dict | None) -> list[Said]:
    steps = [step for step in neighbours if step["composition_change"]]
    if not steps:
        return []
    largest = max(steps, key=lambda step: step["composition_change"])
    one, other, most = largest["from"], largest["to"], largest["composition_change"]
    said = [_largest([step for step in steps if step["composition_change"] >= ALIKE * most], steps)]
    settled = _settled(neighbours, most)
    if settled is not None:
        said.append(
            (
                f"From {settled} on the composition settles: each step changes under a third of that.",
                f"{settled} 以降は構図が落ち着きます。各段階の変化は最大時の 3 分の 1 未満です。",
            )
        )
    if new_seed is not None and new_seed["composition_change"] >= LEAST:
        part = most / new_seed["composition_change"]
        said.append(
            (
                f"A step from {one} to {other} changes as much as {part:.1f} of a new seed.",
                f"{one} から {other} への変化は、シードを変えたときの {part:.1f} 倍です。",
            )
        )
    return said


def _largest(largest: list[dict], steps: list[dict]) -> Said:
    """What the largest steps are; where they are many, none stands out."""
    if len(largest) > 3:
        changes = [step["composition_change"] for step in steps]
        least, most = f"{min(changes):.2f}", f"{max(changes):.2f}"
        return (
            f"No step of clip skip stands out: each changes the composition by {least} to {most} (0 is none).",
            f"突出した段階はありません。各段階の構図の変化は {least}〜{most} です（0 は変化なし）。",
        )
    named = ", ".join(f"{step['from']} → {step['to']} ({step['composition_change']:.2f})" for step in largest)
    many = "s" if len(largest) > 1 else ""
    return (
        f"Largest change{many} of the composition (0 is none): {named}.",
        f"構図が最も変わるのは {named}（0 は変化なし）。",
    )


def _settled(neighbours: list[dict], most: float) -> object | None:
    """The first value after which at least two steps follow, and all of them small."""
    for small, step in enumerate(reversed(neighbours)):
        change = step["composition_change"]
        if change is None or change >= SETTLED * most:
            return step["to"] if small >= 2 else None
    return None


def _closest(cells: list[dict], reference: object, others: list) -> Said | None:
    changes = {value: mean_at(cells, COMPOSITION, value) for value in others if mean_at(cells, DIFFERENCE, value) != 0}
    changes = {value: change for value, change in changes.items() if change is not None}
    if len(changes) < 2:
        return None
    value = min(changes, key=changes.get)
    return (
        f"Closest to clip skip {reference}: {value} ({changes[value]:.2f}).",
        f"Clip skip {reference} に最も近いのは {value}（{changes[value]:.2f}）。",
    )


def _sharpness(cells: list[dict], reference: object, others: list) -> Said | None:
    ratios = {value: _ratio(cells, reference, value) for value in others}
    ratios = {value: ratio for value, ratio in ratios.items() if ratio is not None}
    if not ratios:
        return None
    start = _blurred_from([value for value in ratios if is_number(value)], ratios)
    if start is not None:
        return (
            f"From {start} on, sharpness is under half of clip skip {reference}.",
            f"{start} 以降、鮮明さは Clip skip {reference} の半分未満です。",
        )
    lowest, highest = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    if ratios[lowest] > 1 / SAME and ratios[highest] < SAME:
        least, most = f"{ratios[lowest]:.2f}", f"{ratios[highest]:.2f}"
        return (
            f"Sharpness stays near that of clip skip {reference}: {least} to {most} of it.",
            f"鮮明さは Clip skip {reference} に近いままです（その {least}〜{most} 倍）。",
        )
    value = lowest if ratios[lowest] * ratios[highest] < 1 else highest
    way = ("lowest", "最も低い") if value == lowest else ("highest", "最も高い")
    return (
        f"Sharpness is {way[0]} at {value}: {ratios[value]:.2f} of clip skip {reference}.",
        f"鮮明さが{way[1]}のは {value} で、Clip skip {reference} の {ratios[value]:.2f} 倍です。",
    )


def _ratio(cells: list[dict], reference: object, value: object) -> float | None:
    """Sharpness at a clip skip as a share of the reference's, over the other axes' values at which both are there."""
    at = {beside(cell): cell for cell in cells if cell["values"][CLIP_SKIP] == reference}
    with_it = [cell for cell in cells if cell["values"][CLIP_SKIP] == value and beside(cell) in at]
    there = mean(cell["measures"][SHARPNESS] for cell in with_it)
    base = mean(at[beside(cell)]["measures"][SHARPNESS] for cell in with_it)
    return None if there is None or base is None or base < LEAST else there / base


def _blurred_from(numbers: list, ratios: dict) -> object | None:
    """The first value from which on, to the last, sharpness is low."""
    start = None
    for value in reversed(numbers):
        if ratios[value] >= BLURRED:
            break
        start = value
    return start


def _effects(effects: dict) -> Said | None:
    shares, p = effects["shares"], effects["p"] or {}
    if shares is None:
        return None
    names = effects["axes"]
    english = [f"{_percent(shares[name])} belongs to {_english(name)}{_tested(p.get(name))}" for name in names]
    english.append(f"{_percent(shares[INTERACTION])} to their interaction{_tested(p.get(INTERACTION))}")
    japanese = [f"{_japanese(name)} {_percent(shares[name])}{_tested(p.get(name))}" for name in names]
    japanese.append(f"交互作用 {_percent(shares[INTERACTION])}{_tested(p.get(INTERACTION))}")
    said = (
        [f"Of the variance between the pictures, {', '.join(english)}."],
        [f"画像間の分散の内訳: {'、'.join(japanese)}。"],
    )
    axes = [name for name in names if name != SEED]
    about_clip_skip = len(axes) == 2 and axes[0] == CLIP_SKIP
    if about_clip_skip and shares[INTERACTION] <= HARDLY:
        said[0].append(f"{_english(axes[0], first=True)} and {axes[1]} hardly interact here.")
        said[1].append(f"ここでは {_japanese(axes[0])} と {axes[1]} はほとんど影響し合いません。")
    elif about_clip_skip and shares[INTERACTION] >= MUCH and (p.get(INTERACTION) or 0) <= LEVEL:
        said[0].append(f"What clip skip does depends on {axes[1]} here.")
        said[1].append(f"ここでは Clip skip の効果は {axes[1]} によって変わります。")
    return " ".join(said[0]), "".join(said[1])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _tested(p: float | None) -> str:
    return "" if p is None else f" (p = {p:.3f})"


def _english(name: str, first: bool = False) -> str:
    if name == CLIP_SKIP:
        return CLIP_SKIP if first else "clip skip"
    return "the seed" if name == SEED else name


def _japanese(name: str) -> str:
    return "シード" if name == SEED else name
