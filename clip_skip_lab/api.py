"""The routes of Clip Skip Lab: `/clip-skip-lab/v1/…`. They answer from the host that they are given."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, FastAPI

from .api_guard import Guard
from .hosts import Host
from .layers.facts import layer_facts
from .layers.words import LANGUAGES, is_warning, sentence
from .sweep.errors import InvalidInput

PREFIX = "/clip-skip-lab/v1"
HIGHEST = 1_000
"""The highest clip skip that the facts are given for: far above any encoder, to say what such a value does."""


def add_routes(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the routes to the host's web server. To be called once for each app that the host makes."""
    router = APIRouter(prefix=PREFIX, route_class=guard.route_of_the_page())

    # Plain functions: the server runs them in a thread of its own pool, away from the page's event loop.
    @router.get("/model")
    def model(clip_skip: str | None = None, lang: str = "en") -> dict[str, Any]:
        return model_answer(host, clip_skip, lang)

    app.include_router(router)


def model_answer(host: Host, clip_skip: str | None, language: str) -> dict[str, Any]:
    """What a clip skip does on the loaded model: `LayerFacts.to_json` and the sentence for the note.

    Args:
        host: the host.
        clip_skip: the value in question as it came in the address, None for the host's own at this moment.
        language: one of `LANGUAGES`.

    Raises `InvalidInput`.
    """
    if language not in LANGUAGES:
        raise InvalidInput("lang", language, " or ".join(LANGUAGES))
    setting = host.clip_skip()
    facts = layer_facts(host.model(), _read(setting.value if clip_skip is None else clip_skip))
    return {
        **facts.to_json(),
        "setting": {"value": setting.value, "highest": setting.highest, "temporary": setting.temporary},
        "sentence": sentence(facts, language),
        "warning": is_warning(facts),
        "language": language,
    }


def _read(clip_skip: object) -> int:
    """A clip skip from the address or from the host's options, where an API client can put anything."""
    value = clip_skip if type(clip_skip) is int else 0
    if isinstance(clip_skip, str) and re.fullmatch(r"[+-]?\d{1,9}", clip_skip.strip()):
        value = int(clip_skip)
    if not 1 <= value <= HIGHEST:
        raise InvalidInput("clip_skip", clip_skip, f"a whole number from 1 to {HIGHEST}")
    return value
