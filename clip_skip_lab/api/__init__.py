"""The routes `/clip-skip-lab/v1/…`. They answer from what they are given and know no host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

ROOT_PATH = "/clip-skip-lab/v1"


def add_routes(app: FastAPI, kind: type[APIRoute], answers: dict[str, Callable[..., Any]], **more: Any) -> None:
    """Adds routes to the WebUI's web server. To be called once for each server that the host makes.

    Args:
        app: the server.
        kind: of route, which says who may use it, see `guard`.
        answers: by method and path below `ROOT_PATH`, "GET /model", a plain function: the server runs it in a thread
            of its own pool, away from the page's event loop and from the thread that generates.
        more: for `APIRouter.add_api_route`.
    """
    router = APIRouter(prefix=ROOT_PATH, route_class=kind)
    for method_and_path, answer in answers.items():
        method, path = method_and_path.split(" ")
        router.add_api_route(path, answer, methods=[method], **more)
    app.include_router(router)
