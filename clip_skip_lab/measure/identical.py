"""Pictures that clip skip does not change at all, and why, where that is known."""

from __future__ import annotations

from ..errors import InvalidInput
from ..sweep.axes import AXIS_NAME
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, NAMES, read_value
from .cells import beside, compared, groups
from .phrases import Said

NO_EFFECT = "no_effect"
"""The key of `sweep.json` where the host says why clip skip can change nothing: a sentence, or {"en": …, "ja": …}."""


def identical(cells: list[dict], content: dict) -> Said:
    """That the pictures are identical as far as they were compared, with the reason, if it is known.

    Args:
        cells: those that have measures, of which at least one was compared with a reference's of its row.
        content: of `sweep.json`.
    """
    reference = content["reference"][AXIS_NAME]
    others = compared(cells, reference)
    rows = {beside(cell) for cell in others}
    alike = [*others, *(cell for cell in cells if cell["values"][AXIS_NAME] == reference and beside(cell) in rows)]
    english, japanese = _that_they_are(alike, len(cells))
    reason = _held(alike, content) or _no_effect(content)
    return (
        (f"{english}.", f"{japanese}。") if reason is None else (f"{english}. {reason[0]}", f"{japanese}。{reason[1]}")
    )


def _that_they_are(alike: list[dict], there: int) -> Said:
    count = sum(len(cell["pictures"]) for cell in alike)
    if len(alike) < there:
        return (
            f"Clip skip changes no pixel of the {count} pictures that could be compared",
            f"比較できた {count} 枚では、Clip skip を変えても 1 画素も変わりません",
        )
    if len(groups(alike)) == 1 and len(alike[0]["pictures"]) == 1:
        return f"All {count} pictures are identical", f"全 {count} 枚が同一です"
    return "Clip skip changes no pixel of any picture", "Clip skip を変えてもどの画像も 1 画素も変わりません"


def _no_effect(content: dict) -> Said | None:
    """What the host said of this model."""
    said = content.get(NO_EFFECT)
    said = said if isinstance(said, dict) else {"en": said}
    return (str(said["en"]), str(said.get("ja") or said["en"])) if said.get("en") else None


def _held(cells: list[dict], content: dict) -> Said | None:
    """Whether values of SDXL's own decided the layers of both text encoders in every cell."""
    setting = content.get("setting") or {}
    asked = {**(setting.get("clip_skip_lab") or {}), **(content.get("plan") or {})}
    names = NAMES[CLIP_L_SKIP], NAMES[BIG_G_SKIP]
    if not all(_is_given({**asked, **_by_key(cell["values"])}, key) for cell in cells for key in _KEYS):
        return None
    return (
        f"{names[0]} and {names[1]} are set, and they decide the layers of every cell.",
        f"{names[0]} と {names[1]} が指定されていて、すべてのセルの層を決めています。",
    )


_KEYS = (CLIP_L_SKIP, BIG_G_SKIP)


def _by_key(values: dict) -> dict:
    return {key: values[NAMES[key]] for key in _KEYS if NAMES[key] in values}


def _is_given(asked: dict, key: str) -> bool:
    try:
        return read_value(asked.get(key), NAMES[key]) is not None
    except InvalidInput:
        return False
