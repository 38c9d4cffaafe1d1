"""`GET /words`: the language of the page that a browser opened, and what the scripts of the WebUI's page say in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from ..hosts import Host
from ..language import entries, texts_in
from . import add_routes
from .guard import Guard

SCRIPTS = Path(__file__).parents[2] / "javascript"


def add_words_route(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the route."""

    def words(browser: str = "") -> dict[str, Any]:
        host.page_opened(browser)
        language = host.language()
        return {"language": language, "words": entries(texts_of_scripts(), language)}

    add_routes(app, guard.route_of_the_page(), {"GET /words": words})


@lru_cache(maxsize=1)
def texts_of_scripts() -> list[str]:
    """The English texts that the scripts of the WebUI's page say. Read once, as the files of languages are."""
    scripts = [file.read_text(encoding="utf-8") for file in sorted(SCRIPTS.glob("*.js"))]
    return [text for script in scripts for text in texts_in(script, r"clipSkipLab\.say")]
