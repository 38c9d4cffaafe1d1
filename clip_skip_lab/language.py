"""What a person reads, in their language. English stands in the code; every other language is one file.

A file of `localizations/` has the host's form, {"English": "translation"}, and the host translates labels, placeholders
and tooltips with it by itself. What the host must not take for its own words, such as "None", stands in the same file
under `OURS`: sentences of Python, of the scripts of the WebUI's page, and of a sweep's page.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

log = logging.getLogger("clip_skip_lab")

_INSTALLED = Path(__file__).parent / "localizations"
FOLDER = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1] / "localizations"
"""In an extension beside the package, where the WebUI wants it; in an installed package within it."""
OURS = "clip_skip_lab"
ENGLISH = "en"

_WIDE = "[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff60]"
_SPACE_BESIDE_PART = re.compile(f"(?<={_WIDE}\0) (?={_WIDE})|(?<={_WIDE}) (?=\0{_WIDE})")
"""A space between two Chinese or Japanese letters or signs of which one is a part's and one the template's."""


class Text(str):
    """An English text that can be said in other languages: `Text("{done} of {count} done", done=3, count=12)`.

    It is the filled English text, a str like any other. Joining it to other texts or formatting it makes a plain str of
    it, which is English for good: texts are put together by templates, with a `Text` as a part.

    Attributes:
        template: the English text with its places, the key in the files of `localizations/`.
        parts: what stands in the places; a part that is a `Text` is translated too.
        is_capital: whether it begins with a capital in every language, see `capital`.
    """

    template: str
    parts: dict[str, object]
    is_capital: bool = False

    def __new__(cls, template: str, /, **parts: object) -> Text:
        made = super().__new__(cls, template.format(**parts))
        made.template, made.parts = template, parts
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


@lru_cache(maxsize=1)
def catalogues() -> dict[str, dict[str, str]]:
    """By language ("ja"; "zh-cn" and "zh-tw" where there are both) what each English text is called there; English has
    none. Read once; a file that cannot be read counts for nothing."""
    files = sorted(FOLDER.glob("*.json"))
    alike = Counter(_first(file.stem) for file in files)
    found = {}
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            known = {**content, **content.pop(OURS, {})}
            known.pop(OURS, None)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("Clip Skip Lab: %s is not a language file: %s", file, error)
        else:
            found[_first(file.stem) if alike[_first(file.stem)] == 1 else _whole(file.stem)] = known
    return found


def _whole(name: str) -> str:
    return name.replace("_", "-").casefold()


def _first(name: str) -> str:
    return _whole(name).partition("-")[0]


def languages() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return (ENGLISH, *catalogues())


def language_of(name: str) -> str:
    """The language that a localization of the host ("ja_JP") or a browser's setting ("ja-JP") stands for; English where
    it is none of `languages`."""
    return next((code for code in (_whole(name), _first(name)) if code in languages()), ENGLISH)


def translated(text: str, language: str) -> str:
    """A text in a language. What its file lacks stays English; so does a plain str that it doesn't know.

    A template writes the space that stands between Japanese and what is in Latin letters or digits, "{n} は"; beside a
    part that is Japanese too, it is left out. A part that one language says and another doesn't has a place there that
    prints nothing, "{part:.0}".
    """
    known = catalogues().get(language, {})
    if not isinstance(text, Text):
        return known.get(text, text)
    parts: dict[str, object] = {}
    for name, part in text.parts.items():
        said = translated(part, language) if isinstance(part, Text) else part
        parts[name] = f"\0{said}\0" if isinstance(said, str) else said
    try:
        filled = known.get(text.template, text.template).format(**parts)
    except (KeyError, IndexError, ValueError, AttributeError):  # a file with a place that the text doesn't have
        return str(text)
    filled = _SPACE_BESIDE_PART.sub("", filled).replace("\0", "")
    return _capital(filled) if text.is_capital else filled


def capital(text: Text) -> Text:
    """The text as it begins a sentence."""
    made = str.__new__(Text, _capital(text))
    made.template, made.parts, made.is_capital = text.template, text.parts, True
    return made


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def in_all_languages(text: str) -> dict[str, str]:
    """A text by language."""
    return {language: translated(text, language) for language in languages()}


def entries(texts: Iterable[str], language: str) -> dict[str, str]:
    """What the file of a language has of these English texts."""
    known = catalogues().get(language, {})
    return {text: known[text] for text in texts if text in known}


def texts_in(script: str, function: str) -> list[str]:
    """The English texts that a script in JavaScript says by `function("…"`: a string in double quotes, or several
    joined by `+`."""
    string = r'"(?:[^"\\\n]|\\.)*"'
    calls = re.findall(rf"\b{function}\(\s*({string}(?:\s*\+\s*{string})*)\s*[,)]", script)
    return ["".join(json.loads(part) for part in re.findall(string, call)) for call in calls]


def counted(number: int, one: str, many: str) -> Text:
    """`counted(12, "{n} cell", "{n} cells")`; both are templates with the place `n`."""
    return Text(one if number == 1 else many, n=f"{number:,}")


def listed(items: Iterable[object]) -> Text:
    """`2, 3 and 5`."""
    *others, last = list(items) or [""]
    return Text("{before} and {item}", before=enumerated(others), item=last) if others else enumerated([last])


def enumerated(items: Iterable[object]) -> Text:
    """`2, 3, 5`. By halves, as a list may be longer than calls can be nested."""
    there = list(items)
    if len(there) < 2:
        return Text("{item}", item=there[0] if there else "")
    middle = len(there) // 2
    return Text("{before}, {item}", before=enumerated(there[:middle]), item=enumerated(there[middle:]))
