"""What a person reads, in their language. English stands in the code; every other language is one file.

A file of `localizations/` has the host's form, {"English": "translation"}, and the host translates labels, placeholders
and tooltips with it by itself. What the host must not take for its own words, such as "None", stands in the same file
under `OURS`: sentences of Python, of the scripts of the WebUI's page, and of a sweep's page.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "localizations"
OURS = "clip_skip_lab"
ENGLISH = "en"


class Text(str):
    """An English text that can be said in other languages: `Text("{done} of {count} done", done=3, count=12)`.

    It is the filled English text, a str like any other. Joining it to other texts or formatting it makes a plain str of
    it, which is English for good: texts are put together by templates, with a `Text` as a part.

    Attributes:
        template: the English text with its places, the key in the files of `localizations/`.
        parts: what stands in the places; a part that is a `Text` is translated too.
    """

    template: str
    parts: dict[str, object]

    def __new__(cls, template: str, /, **parts: object) -> Text:
        made = super().__new__(cls, template.format(**parts))
        made.template, made.parts = template, parts
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


@lru_cache(maxsize=1)
def catalogues() -> dict[str, dict[str, str]]:
    """By language ("ja") what each English text is called there; English itself has none. Read once."""
    found = {}
    for file in sorted(FOLDER.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        ours = content.pop(OURS, {})
        found[file.stem.partition("_")[0]] = {**content, **ours}
    return found


def languages() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return (ENGLISH, *catalogues())


def language_of(name: str) -> str:
    """The language that a localization of the host ("ja_JP") or a browser's setting ("ja-JP") stands for; English where
    it is none of `languages`."""
    code = name.replace("-", "_").partition("_")[0].casefold()
    return code if code in languages() else ENGLISH


def translated(text: str, language: str) -> str:
    """A text in a language. What its file lacks stays English; so does a plain str that it doesn't know."""
    known = catalogues().get(language, {})
    if not isinstance(text, Text):
        return known.get(text, text)
    parts = {name: translated(part, language) if isinstance(part, Text) else part for name, part in text.parts.items()}
    return known.get(text.template, text.template).format(**parts)


def in_all_languages(text: str) -> dict[str, str]:
    """A text by language."""
    return {language: translated(text, language) for language in languages()}


def counted(number: int, one: str, many: str) -> Text:
    """`counted(12, "{n} cell", "{n} cells")`; both are templates with the place `n`."""
    return Text(one if number == 1 else many, n=f"{number:,}")


def listed(items: list[str]) -> Text:
    """`2, 3 and 5`."""
    if not items:
        return Text("")
    found = _text(items[0])
    for item in items[1:-1]:
        found = Text("{before}, {item}", before=found, item=item)
    return Text("{before} and {item}", before=found, item=items[-1]) if len(items) > 1 else found


def _text(item: str) -> Text:
    return item if isinstance(item, Text) else Text("{item}", item=item)
