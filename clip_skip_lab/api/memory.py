"""`/clip-skip-lab/v1/memory` and `/clip-skip`: the values that are remembered for checkpoints, and the one in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException

from ..errors import InvalidInput
from ..hosts import CheckpointMemory
from . import add_routes
from .guard import Guard

_Result = TypeVar("_Result")


def add_memory_routes(app: FastAPI, checkpoints: CheckpointMemory, guard: Guard) -> None:
    """Adds the routes of the page of remembered checkpoints."""
    memory = checkpoints.entries

    def listing() -> dict[str, Any]:
        return _answered(checkpoints.listing)

    def change(body: dict[str, Any]) -> dict[str, Any]:
        key, value = _given(body, "key"), _given(body, "clip_skip")
        _answered(lambda: memory.change(key, value))
        return listing()

    def forget(key: str | None = None, everything: str = "false") -> dict[str, Any]:
        all_of_them = _tick("everything", everything)
        if all_of_them and key is None:
            _answered(memory.forget_all)
        elif key is not None and not all_of_them:
            _answered(lambda: memory.forget(key))
        else:
            raise HTTPException(422, 'Give either "key", the checkpoint to forget, or "everything=true".')
        return listing()

    def use(body: dict[str, Any]) -> dict[str, Any]:
        value, remember = _given(body, "clip_skip"), body.get("remember", False)
        if not isinstance(remember, bool):
            raise InvalidInput("remember", remember, "true or false")
        _answered(lambda: checkpoints.use(value, remember))
        return {"clip_skip": value}

    answers: dict[str, Callable[..., Any]] = {
        "GET /memory": listing,
        "PUT /memory": change,
        "DELETE /memory": forget,
        "PUT /clip-skip": use,
    }
    add_routes(app, guard.route_of_the_page(), answers)


def _answered(action: Callable[[], _Result]) -> _Result:
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
