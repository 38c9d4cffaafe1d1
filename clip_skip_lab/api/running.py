"""The route that tells which sweeps are running, for the link under the gallery."""

from __future__ import annotations

from fastapi import FastAPI

from ..sweep.running import running_folders
from . import add_routes
from .guard import Guard


def add_running_route(app: FastAPI, guard: Guard) -> None:
    """Adds `GET /clip-skip-lab/v1/running`, which gives {"sweeps": [id…]}, the one that began last at the end.

    Args:
        app: the WebUI's web server.
        guard: who may use it.
    """

    def running() -> dict[str, list[str]]:
        return {"sweeps": [folder.name for folder in running_folders()]}

    add_routes(app, guard.route_of_the_page(), {"GET /running": running})
