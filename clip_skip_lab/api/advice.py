"""`GET /clip-skip-lab/v1/advice`: what files in use say of the clip skip that they were trained at."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from ..errors import InvalidInput
from ..hosts import Host
from ..language import in_all_languages
from ..layers.facts import layer_facts
from ..models.advice import PLACES, Source, advise
from ..models.measured import to_json
from . import add_routes
from .guard import Guard

LETTERS_LOOKED_AT = 100_000
"""Of a prompt, for the LoRAs that it names."""


def add_advice_routes(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the route."""

    def advice(prompt: str = "", clip_skip: str = "1", place: str = "header") -> dict[str, Any]:
        value = _whole("clip_skip", clip_skip)
        if place not in PLACES:
            raise InvalidInput("place", place, " or ".join(PLACES))
        found = host.sources(prompt[:LETTERS_LOOKED_AT])
        given = advise(found, value, place, layer_facts(host.model(), value).lowest or 1)
        return {
            "clip_skip": value,
            "advice": [in_all_languages(sentence) for sentence in given.sentences],
            "values": list(given.values),
            "files": [_file(source) for source in found],
        }

    add_routes(app, guard.route_of_the_page(), {"GET /advice": advice})


def _file(source: Source) -> dict[str, Any]:
    measured = to_json(source.measured)
    return {"kind": source.kind, "name": source.name, **asdict(source.training), "measured": measured}


def _whole(field: str, text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text):
        raise InvalidInput(field, text, "a whole number of at most nine digits")
    return int(text)
