"""The routes of Clip Skip Lab: `/clip-skip-lab/v1/…`. They answer from the host that they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, Request

from ..errors import InvalidInput
from ..hosts import Host
from ..layers.facts import LayerFacts, layer_facts
from ..layers.note import LANGUAGES, is_panel_warning, is_warning, panel_problem, panel_sentence, sentence
from ..layers.panel import check_on_model, panel_facts
from ..sweep.layer_request import EVERY_MODEL, KEYS, read_layer_request
from . import PREFIX
from .guard import Guard

HIGHEST = 1_000
"""The highest clip skip that the facts are given for: far above any encoder, to say what such a value does."""


def add_routes(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the routes to the host's web server. To be called once for each app that the host makes."""
    router = APIRouter(prefix=PREFIX, route_class=guard.route_of_the_page())

    # Plain functions: the server runs them in a thread of its own pool, away from the page's event loop.
    @router.get("/model")
    def model(request: Request, clip_skip: str | None = None, lang: str = "en") -> dict[str, Any]:
        return model_answer(host, clip_skip, lang, asked_in_address(request.query_params))

    app.include_router(router)


def asked_in_address(given: Mapping[str, str]) -> dict[str, object]:
    """What the panel "Clip skip lab" asks, by `KEYS`, from an address with `panel_clip_skip=1.5` and the like."""
    asked: dict[str, object] = {key: given[f"panel_{key}"] for key in KEYS if f"panel_{key}" in given}
    if asked.get(EVERY_MODEL) in ("true", "false"):
        asked[EVERY_MODEL] = asked[EVERY_MODEL] == "true"
    return asked


def model_answer(host: Host, clip_skip: str | None, language: str, asked: dict[str, object]) -> dict[str, Any]:
    """What a clip skip does on the loaded model: `LayerFacts.to_json` and the sentence for the note.

    Args:
        host: the host.
        clip_skip: the value in question as it came in the address, None for the user's own at this moment.
        language: one of `LANGUAGES`.
        asked: what the panel "Clip skip lab" asks beside it.

    Raises `InvalidInput`.
    """
    if language not in LANGUAGES:
        raise InvalidInput("lang", language, " or ".join(LANGUAGES))
    setting = host.clip_skip()
    facts = layer_facts(host.model(), _read(setting.value if clip_skip is None else clip_skip))
    said = _of_panel(facts, asked, language) or {"sentence": sentence(facts, language), "warning": is_warning(facts)}
    return {
        **facts.to_json(),
        "setting": asdict(setting),
        **said,
        "language": language,
    }


def _of_panel(facts: LayerFacts, asked: dict[str, object], language: str) -> dict[str, Any] | None:
    """What the note says of the panel, None where that asks nothing.

    A value that cannot be used is told and no error of the request: somebody is just typing it.
    """
    try:
        finer = read_layer_request(asked)
        if finer.is_off or facts.model is None:
            return None
        check_on_model(facts.model, finer)
    except InvalidInput as error:
        return {"sentence": panel_problem(error.detail, language), "warning": True}
    panel = panel_facts(facts, finer)
    return {"sentence": panel_sentence(panel, language), "warning": is_panel_warning(panel)}


def _read(clip_skip: object) -> int:
    """A clip skip from the address or from the host's options, where an API client can put anything."""
    value = clip_skip if type(clip_skip) is int else 0
    if isinstance(clip_skip, str) and re.fullmatch(r"[+-]?\d{1,9}", clip_skip.strip()):
        value = int(clip_skip)
    if not 1 <= value <= HIGHEST:
        raise InvalidInput("clip_skip", clip_skip, f"a whole number from 1 to {HIGHEST}")
    return value
