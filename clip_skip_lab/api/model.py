"""`GET /clip-skip-lab/v1/model`: what a clip skip does on the loaded model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request

from ..errors import InvalidInput, encodable
from ..hosts import Host
from ..language import ENGLISH, Text, languages, translated
from ..layers.facts import LayerFacts, layer_facts
from ..layers.note import is_panel_warning, is_warning, panel_problem, panel_sentence, sentence, with_measured
from ..layers.panel import check_on_model, panel_facts
from ..models.measured import to_json
from ..sweep.layer_request import EVERY_MODEL, KEYS, read_layer_request
from . import add_routes
from .guard import Guard

HIGHEST_EXPLAINED = 1_000
"""The highest clip skip that the facts are given for: far above any encoder, to say what such a value does."""


def add_model_routes(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the route."""

    def model(request: Request, clip_skip: str | None = None, lang: str = ENGLISH) -> dict[str, Any]:
        return model_answer(host, clip_skip, lang, asked_in_address(request.query_params))

    add_routes(app, guard.route_of_the_page(), {"GET /model": model})


def asked_in_address(given: Mapping[str, str]) -> dict[str, object]:
    """What the panel "Finer clip skip" asks, by `KEYS`, from an address with `panel_clip_skip=1.5` and the like."""
    asked: dict[str, object] = {key: given[f"panel_{key}"] for key in KEYS if f"panel_{key}" in given}
    if asked.get(EVERY_MODEL) in ("true", "false"):
        asked[EVERY_MODEL] = asked[EVERY_MODEL] == "true"
    return asked


def model_answer(host: Host, clip_skip: str | None, language: str, asked: dict[str, object]) -> dict[str, Any]:
    """What a clip skip does on the loaded model: `LayerFacts.to_json` and the sentence for the note.

    Args:
        host: the host.
        clip_skip: the value in question as it came in the address, None for the user's own at this moment.
        language: one of `languages()`.
        asked: what the panel "Finer clip skip" asks beside it.

    Raises `InvalidInput`.
    """
    if language not in languages():
        raise InvalidInput("lang", language, " or ".join(languages()))
    setting, about = host.clip_skip(), host.about
    source = host.loaded_source()
    measured = source.clip_skip if source is not None and source.is_measured else None
    facts = layer_facts(host.model(), _read(setting.value if clip_skip is None else clip_skip), measured)
    said, warning = _of_panel(facts, asked) or (sentence(facts), is_warning(facts))
    if source is not None and facts.model is not None:
        said = with_measured(said, measured, source.training.clip_skip)
    return {
        **facts.to_json(),
        "webui": {"name": about["name"], "version": about["version"]},
        "setting": asdict(setting),
        "measured": to_json(source.measured) if source is not None else None,
        "sentence": encodable(translated(said, language)),
        "warning": warning,
        "language": language,
    }


def _of_panel(facts: LayerFacts, asked: dict[str, object]) -> tuple[Text, bool] | None:
    """What the note says of the panel and whether it warns; None where the panel asks nothing.

    A value that cannot be used is told and no error of the request: somebody is just typing it.
    """
    try:
        request = read_layer_request(asked)
        if request.is_off or facts.model is None:
            return None
        check_on_model(facts.model, request)
    except InvalidInput as error:
        return panel_problem(error.sentence), True
    panel = panel_facts(facts, request)
    return panel_sentence(panel), is_panel_warning(panel)


def _read(clip_skip: object) -> int:
    """A clip skip from the address or from the host's options, where an API client can put anything."""
    value = clip_skip if type(clip_skip) is int else 0
    if isinstance(clip_skip, str) and re.fullmatch(r"[+-]?\d{1,9}", clip_skip.strip()):
        value = int(clip_skip)
    if not 1 <= value <= HIGHEST_EXPLAINED:
        raise InvalidInput("clip_skip", clip_skip, f"a whole number from 1 to {HIGHEST_EXPLAINED}")
    return value
