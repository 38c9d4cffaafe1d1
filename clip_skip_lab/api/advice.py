"""`GET /clip-skip-lab/v1/advice`: what files in use say of the clip skip that they were trained at, and which value the
user chose in sweeps with the checkpoint."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from fastapi import FastAPI

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, in_all_languages
from ..layers.facts import layer_facts
from ..library.listing import Library
from ..library.picks import Choices, Preferred, preference, telling
from ..models.advice import PLACES, Chosen, Source, advise, of_choice
from ..models.measured import to_json
from . import add_routes
from .guard import Guard

log = logging.getLogger("clip_skip_lab")

LETTERS_LOOKED_AT = 100_000
"""Of a prompt, for the LoRAs that it names."""


def add_advice_routes(app: FastAPI, host: Host, library: Library, guard: Guard) -> None:
    """Adds the route."""

    def advice(prompt: str = "", clip_skip: str = "1", place: str = "header") -> dict[str, Any]:
        value = _whole("clip_skip", clip_skip)
        if place not in PLACES:
            raise InvalidInput("place", place, " or ".join(PLACES))
        found = host.sources(prompt[:LETTERS_LOOKED_AT])
        lowest = layer_facts(host.model(), value).lowest or 1
        given = advise(found, value, place, lowest)
        chosen, more = _of_choice(host, library, value, place, lowest) if found else (None, ())
        return {
            "clip_skip": value,
            "advice": [in_all_languages(sentence) for sentence in (*given.sentences, *more)],
            "values": list(given.values),
            "chosen": chosen,
            "files": [_file(source) for source in found],
        }

    add_routes(app, guard.route_of_the_page(), {"GET /advice": advice})


def _of_choice(
    host: Host, library: Library, value: int, place: str, lowest: int
) -> tuple[dict[str, Any] | None, tuple[Text, ...]]:
    """What the user chose in sweeps with the checkpoint in use, and the sentence about it; nothing where that says
    nothing, or is what is in use and remembered."""
    checkpoint = host.checkpoint()
    rows = [] if checkpoint is None else _telling(library.choices()[0], *checkpoint)
    if not rows or not isinstance(rows[0].clip_skip, int):  # the header takes whole numbers
        return None, ()
    is_on, remembered = _memory(host)
    own = [Chosen(row.clip_skip, row.chosen, row.offered) for row in rows if isinstance(row.clip_skip, int)]
    said = of_choice(own, value, place, lowest, remembered if is_on else None)
    if said is None:
        return None, ()
    return {**asdict(said[0]), "remembering": is_on, "remembered": remembered}, (said[1],)


@lru_cache(maxsize=4)
def _telling(choices: Choices, name: str, short: str) -> list[Preferred]:
    """As long as the choices are the same object, nothing more was chosen."""
    return telling(preference(choices.about(name, short)))


def _memory(host: Host) -> tuple[bool, int | None]:
    """Whether clip skip is remembered, and the value of the user's checkpoint."""
    try:
        listed = host.memory.listing()
    except OSError as error:
        log.warning("Clip skip for each checkpoint: %s", error)
        return False, None
    return listed["enabled"], next((one["clip_skip"] for one in listed["checkpoints"] if one["chosen"]), None)


def _file(source: Source) -> dict[str, Any]:
    measured = to_json(source.measured)
    return {"kind": source.kind, "name": source.name, **asdict(source.training), "measured": measured}


def _whole(field: str, text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text):
        raise InvalidInput(field, text, "a whole number of at most nine digits")
    return int(text)
