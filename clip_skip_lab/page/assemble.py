"""One HTML file from the page's parts, and what a browser may do with it when a WebUI serves it."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

PARTS = Path(__file__).parent / "parts"

SCRIPTS = (
    "texts",
    "dom",
    "sweep",
    "store",
    "view",
    "layout",
    "pictures",
    "heat",
    "grid",
    "tools",
    "zoom",
    "controls",
    "filters",
    "cell",
    "compare",
    "webp",
    "sheet",
    "exports",
    "about",
    "keys",
    "main",
)
"""The scripts in the order in which they need each other; all share one scope."""

STYLES = ("page", "grid", "dialogs")


@lru_cache(maxsize=1)
def page_html() -> str:
    """The whole page, without any sweep in it. The same for every sweep of this version."""
    html = _read("page.html")
    return html.replace("/* styles */", _styles()).replace("/* scripts */", _scripts())


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
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _hashed(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _read(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")
