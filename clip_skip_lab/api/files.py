"""The routes of advice and memory. Plain functions: FastAPI runs each in a worker thread, off the generating one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException

from ..errors import InvalidInput
from ..models.advice import PLACES, advise
from . import PREFIX
from .guard import Guard

PROMPT_LENGTH = 100_000


def add_advice_routes(app: FastAPI, sources: Callable[[str], list], guard: Guard) -> None:
    """Adds `GET /clip-skip-lab/v1/advice`. `sources` gives the files in use for a prompt."""

    def advice(prompt: str = "", clip_skip: str = "1", place: str = "header") -> dict[str, Any]:
        value = _whole("clip_skip", clip_skip)
        if place not in PLACES:
            raise InvalidInput("place", place, " or ".join(PLACES))
        found = sources(prompt[:PROMPT_LENGTH])
        given = advise(found, value, place)
        return {
            "clip_skip": value,
            "advice": [asdict(sentence) for sentence in given.sentences],
            "values": list(given.values),
            "files": [
                {
                    "kind": source.kind,
                    "name": source.name,
                    "clip_skip": source.training.clip_skip,
                    "stated": source.training.stated,
                    "family": source.training.family,
                    "problem": source.training.problem,
                }
                for source in found
            ],
        }

    _add(app, guard, {("GET", "/advice"): advice})


def add_memory_routes(app: FastAPI, memory: Any, guard: Guard) -> None:
    """Adds the routes of the page of remembered checkpoints. `memory` is the host's, see `webui.checkpoint_memory`."""

    def listing() -> dict[str, Any]:
        return _answered(memory.listing)

    def change(body: dict[str, Any]) -> dict[str, Any]:
        key, value = _given(body, "key"), _given(body, "clip_skip")
        _answered(lambda: memory.memory.change(key, value))
        return _answered(memory.listing)

    def forget(key: str | None = None, everything: str = "false") -> dict[str, Any]:
        every = _tick("everything", everything)
        if (key is None) != every:
            raise HTTPException(422, 'Give either "key", the checkpoint to forget, or "everything=true".')
        _answered(memory.memory.forget_all if every else lambda: memory.memory.forget(key))
        return _answered(memory.listing)

    def use(body: dict[str, Any]) -> dict[str, Any]:
        value = _given(body, "clip_skip")
        _answered(lambda: memory.use(value))
        return {"clip_skip": value}

    routes = {
        ("GET", "/memory"): listing,
        ("PUT", "/memory"): change,
        ("DELETE", "/memory"): forget,
        ("PUT", "/clip-skip"): use,
    }
    _add(app, guard, routes)


def _add(app: FastAPI, guard: Guard, routes: dict[tuple[str, str], Callable]) -> None:
    router = APIRouter(prefix=PREFIX, route_class=guard.route_of_the_page())
    for (method, path), function in routes.items():
        router.add_api_route(path, function, methods=[method])
    app.include_router(router)


def _answered(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except KeyError as error:
        raise HTTPException(404, f"{error.args[0]!r} is not remembered.") from error
    except OSError as error:
        raise HTTPException(500, f"The remembered checkpoints cannot be read or written: {error}.") from error


def _given(body: dict[str, Any], field: str) -> Any:
    if field not in body:
        raise HTTPException(422, f'The request lacks "{field}".')
    return body[field]


def _tick(field: str, text: str) -> bool:
    if text.casefold() not in ("true", "false"):
        raise InvalidInput(field, text, "true or false")
    return text.casefold() == "true"


def _whole(field: str, text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text):
        raise InvalidInput(field, text, "a whole number of at most nine digits")
    return int(text)
