"""Letters of every script in grids and charts: a font of this machine that has them, and Arabic that can be read.

The machine's fonts are those that matplotlib finds (by fontconfig where there is one). One font is used for a whole
text: what has Japanese or Arabic letters usually has Latin ones, too.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont as Font

NO_FONTS = ("last resort", "lastresort", "adobe blank", "emoji")
"""Parts of names of fonts that have a box for every letter, or pictures in place of letters."""

_found: list[str] = []
"""Files that had what was looked for before; they are looked at first."""
_nowhere: set[str] = set()
"""Scripts that no font of this machine has, by the first word of their letters' names."""


def font_for(text: str, preferred: str | None = None) -> str:
    """The file of a font with all the text's letters, or with as many as there are.

    Args:
        text: what is to be written.
        preferred: the file of the font that is used where it has them; None for DejaVu Sans.
    """
    usual = preferred or fallback_font()
    return _font_for(frozenset(letter for letter in text if ord(letter) > 126 and letter.isprintable()), usual)


def opened_font(text: str, size: int, preferred: str | None = None) -> Font:
    """The font of `font_for` in a size in pixels."""
    return _opened(font_for(text, preferred), size)


@lru_cache(maxsize=64)
def _opened(file: str, size: int) -> Font:
    try:
        return ImageFont.truetype(file, size)
    except OSError:
        return ImageFont.truetype(fallback_font(), size)  # a font that is damaged, or has one size only


def lines_of(text: str) -> list[str]:
    """The lines of a text, one at the least."""
    return text.splitlines() or [""]


def can_write(text: str, preferred: str | None = None) -> bool:
    """Whether the preferred font, or one of this machine, has all the text's letters."""
    wanted = {letter for letter in text if not letter.isspace()}
    return _how_many(font_for(text, preferred), frozenset(wanted)) == len(wanted)


@lru_cache(maxsize=1)
def fallback_font() -> str:
    """DejaVu Sans, which matplotlib has with it; Pillow 9's own bitmap font has one size and no umlauts."""
    from matplotlib import font_manager

    return font_manager.findfont("DejaVu Sans")


@lru_cache(maxsize=512)
def _font_for(letters: frozenset[str], usual: str) -> str:
    wanted = frozenset(letter for letter in letters if _script(letter) not in _nowhere)
    best, most = usual, _how_many(usual, wanted)
    if most == len(wanted):
        return usual
    for file in (fallback_font(), *_found, *_machines_fonts()):
        has = _how_many(file, wanted)
        if has > most:
            best, most = file, has
        if most == len(wanted):
            break
    else:
        missing = [letter for letter in wanted if not _how_many(best, frozenset({letter}))]
        _nowhere.update(_script(letter) for letter in missing)
    if best not in _found:
        _found.insert(0, best)
    return best


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").partition(" ")[0]


def _how_many(file: str, letters: frozenset[str]) -> int:
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(file)
        return sum(font.get_char_index(ord(letter)) != 0 for letter in letters)
    except (OSError, RuntimeError, ValueError):  # no font, or a damaged one
        return -1


@lru_cache(maxsize=1)
def _machines_fonts() -> tuple[str, ...]:
    """The files of this machine's fonts, upright and of usual weight first, sans serif before others."""
    from matplotlib import font_manager

    def rank(font: font_manager.FontEntry) -> tuple[Any, ...]:
        weights: dict[Any, Any] = font_manager.weight_dict
        weight = weights.get(font.weight, font.weight)
        usual = abs(weight - 400) if isinstance(weight, int | float) else 400
        return font.style != "normal", usual, "sans" not in font.name.lower(), font.name, font.fname

    fonts = [font for font in font_manager.fontManager.ttflist if not any(no in font.name.lower() for no in NO_FONTS)]
    return tuple(dict.fromkeys(font.fname for font in sorted(fonts, key=rank)))


def as_drawn(text: str) -> str:
    """The text for a library that draws letter by letter from the left: Arabic letters joined, what is written from
    the right turned round. Other texts stay as they are."""
    if not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
        return text
    runs = re.split(r"(\n)", text)
    return "".join(_turned(_joined(run)) for run in runs)


@lru_cache(maxsize=1)
def _forms() -> dict[str, dict[str, str]]:
    """For each Arabic letter, and for lam with alef, its forms "isolated", "final", "initial" and "medial"."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        kind, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(part, 16)) for part in parts)
        if kind[1:-1] in ("isolated", "final", "initial", "medial") and (len(base) == 1 or _is_lam_alef(base)):
            found.setdefault(base, {}).setdefault(kind[1:-1], chr(code))
    return found


def _is_lam_alef(text: str) -> bool:
    return len(text) == 2 and text[0] == "\u0644" and text[1] in "\u0622\u0623\u0625\u0627"


def _joined(text: str) -> str:
    forms = _forms()
    units = re.findall("\u0644[\u0622\u0623\u0625\u0627]|.", text)
    letters = [number for number, unit in enumerate(units) if unicodedata.category(unit[-1]) != "Mn"]
    joined = list(units)
    for place, number in enumerate(letters):
        own = forms.get(units[number], {})
        before = forms.get(units[letters[place - 1]], {}) if place else {}
        after = forms.get(units[letters[place + 1]], {}) if place + 1 < len(letters) else {}
        to_right, to_left = "initial" in before and "final" in own, "initial" in own and "final" in after
        kind = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get((to_right, to_left))
        joined[number] = own.get(kind or "isolated", units[number])
    return "".join(joined)


_UNITS = re.compile(r"[0-9\u0660-\u0669]+(?:[.,][0-9\u0660-\u0669]+)*|.[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]*")
"""A number, or a letter with its marks."""
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def _turned(text: str) -> str:
    """The text with its runs from right to left turned round; numbers in them are read from the left all the same."""
    right = [number for number, letter in enumerate(text) if unicodedata.bidirectional(letter) in ("R", "AL")]
    left = [number for number, letter in enumerate(text) if unicodedata.bidirectional(letter) == "L"]
    if not right:
        return text
    turned, at = [], 0
    while at < len(text):
        if at not in right:
            turned.append(text[at])
            at += 1
            continue
        stop = min((number for number in left if number > at), default=len(text))
        end = max(number for number in right if number < stop) + 1
        while end < len(text) and unicodedata.category(text[end]) == "Mn":
            end += 1
        if stop == len(text) and not any(number < at for number in left):
            end = stop  # all of it is written from the right, brackets and full stops at its end, too
        turned += [unit.translate(MIRRORED) for unit in reversed(_UNITS.findall(text[at:end]))]
        at = end
    return "".join(turned)
