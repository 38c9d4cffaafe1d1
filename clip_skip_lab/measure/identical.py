"""Pictures that clip skip does not change at all, and why, where that is known."""

from __future__ import annotations

from ..errors import InvalidInput
from ..language import ENGLISH, Text, languages, translated
from ..sweep.axes import AXIS_NAME
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, NAMES, read_value
from .cells import Cell, Content, beside, compared, rows
from .phrases import Sentence

NO_EFFECT = "no_effect"
"""The key of `sweep.json` where the host says why clip skip can change nothing: a sentence, or one by language."""


def identical(cells: list[Cell], content: Content) -> Sentence:
    """That the pictures are identical as far as they were compared, with the reason, if it is known.

    Args:
        cells: those that have measures, of which at least one was compared with a reference's of its row.
        content: of `sweep.json`.
    """
    reference = content["reference"][AXIS_NAME]
    others = compared(cells, reference)
    with_others = {beside(cell) for cell in others}
    alike = [cell for cell in cells if cell["values"][AXIS_NAME] == reference and beside(cell) in with_others]
    finding = _that_they_are([*others, *alike], len(cells))
    reason = _held([*others, *alike], content)
    if reason is not None:
        return Text("{finding}. {reason}", finding=finding, reason=reason)
    said = _no_effect(content)
    if said is None:
        return Text("{finding}.", finding=finding)
    reasons = {language: said.get(language) or said[ENGLISH] for language in languages()}
    return {
        language: translated(Text("{finding}. {reason}", finding=finding, reason=reason), language)
        for language, reason in reasons.items()
    }


def _that_they_are(alike: list[Cell], there: int) -> Text:
    count = sum(len(cell["pictures"]) for cell in alike)
    if len(alike) < there:
        return Text("Clip skip changes no pixel of the {count} images that could be compared", count=count)
    if len(rows(alike)) == 1 and len(alike[0]["pictures"]) == 1:
        return Text("All {count} images are identical", count=count)
    return Text("Clip skip changes no pixel of any image")


def _no_effect(content: Content) -> dict[str, str] | None:
    """What the host said of this model, by language; earlier versions said it in English."""
    said = content.get(NO_EFFECT)
    by_language = said if isinstance(said, dict) else {ENGLISH: said}
    return {language: str(text) for language, text in by_language.items() if text} if by_language.get(ENGLISH) else None


def _held(cells: list[Cell], content: Content) -> Text | None:
    """Whether values of SDXL's own decided the layers of both text encoders in every cell."""
    setting = content.get("setting") or {}
    asked = {**(setting.get("clip_skip_lab") or {}), **(content.get("plan") or {})}
    if not all(_is_given({**asked, **_by_key(cell["values"])}, key) for cell in cells for key in _KEYS):
        return None
    clip_l, big_g = (str(NAMES[key]) for key in _KEYS)
    return Text("{clip_l} and {big_g} are set, and they decide the layers of every cell.", clip_l=clip_l, big_g=big_g)


_KEYS = (CLIP_L_SKIP, BIG_G_SKIP)


def _by_key(values: dict[str, object]) -> dict[str, object]:
    return {key: values[NAMES[key]] for key in _KEYS if NAMES[key] in values}


def _is_given(asked: dict[str, object], key: str) -> bool:
    try:
        return read_value(asked.get(key), NAMES[key]) is not None
    except InvalidInput:
        return False
