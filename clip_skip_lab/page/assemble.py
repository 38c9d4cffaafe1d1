"""One HTML file from the page's parts, and what a browser may do with it when a WebUI serves it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import lru_cache
from pathlib import Path

from ..language import ENGLISH, Text, entries, in_all_languages, languages, texts_in

PARTS = Path(__file__).parent / "parts"

SCRIPTS = (
    "store",
    "texts",
    "dom",
    "sweep",
    "view",
    "layout",
    "pictures",
    "heat",
    "grid",
    "tools",
    "zoom",
    "controls",
    "filters",
    "picks",
    "blind",
    "back",
    "cell",
    "compare",
    "webp",
    "sheet",
    "exports",
    "foretold",
    "about",
    "keys",
    "main",
)
"""The scripts in the order in which they need each other; all share one scope."""

STYLES = ("page", "grid", "dialogs")


@lru_cache(maxsize=1)
def page_html() -> str:
    """The whole page, without any sweep in it. The same for every sweep of this version."""
    needed = " / ".join(in_all_languages(Text("This page needs JavaScript.")).values())
    parts = {"<!-- needed -->": html.escape(needed), "/* styles */": _styles(), "/* scripts */": _scripts()}
    page = _read("page.html")
    for place, part in parts.items():
        page = page.replace(place, part)
    return page


@lru_cache(maxsize=1)
def content_security_policy() -> str:
    """The header `Content-Security-Policy` for the page from a WebUI: its own parts, its own folder, nothing else."""
    rules = {
        "default-src": "'none'",
        "img-src": "'self' data: blob:",
        "style-src": _hashed(_styles()),
        "script-src": f"'self' {_hashed(_scripts())}",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _styles() -> str:
    return "\n".join(_read(f"{name}.css") for name in STYLES)


def _scripts() -> str:
    parts = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    texts = texts_in(parts, "t")
    translations = {language: entries(texts, language) for language in languages() if language != ENGLISH}
    return f'(() => {{\n"use strict";\nconst TRANSLATIONS = {as_literal(translations)};\n{parts}\n}})();\n'


def as_literal(value: object) -> str:
    """What JSON can hold as JavaScript that also an HTML parser and an old script engine read as such."""
    literal = json.dumps(value, ensure_ascii=False)
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        literal = literal.replace(character, f"\\u{ord(character):04x}")
    return literal


def _hashed(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _read(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")
