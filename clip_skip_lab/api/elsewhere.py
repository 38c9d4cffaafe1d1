"""The routes of a sweep that runs on several WebUIs, started on the page (clip_skip_lab/ui/elsewhere.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from . import add_routes
from .errors import language_asked
from .guard import Guard


def add_elsewhere_routes(
    app: FastAPI, told: Callable[[str], dict[str, Any]], stop: Callable[[], None], guard: Guard
) -> None:
    """Adds `GET /clip-skip-lab/v1/elsewhere` and `POST /clip-skip-lab/v1/elsewhere/stop`, which answer alike.

    Args:
        app: the WebUI's web server.
        told: how far it is, in a language (docs/api.md).
        stop: lets it end with what is finished.
        guard: who may use them.
    """

    def elsewhere(request: Request) -> dict[str, Any]:
        return told(language_asked(request))

    def stopped(request: Request) -> dict[str, Any]:
        stop()
        return told(language_asked(request))

    answers: dict[str, Callable[..., Any]] = {"GET /elsewhere": elsewhere, "POST /elsewhere/stop": stopped}
    add_routes(app, guard.route_of_the_page(), answers)
