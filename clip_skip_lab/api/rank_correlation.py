"""`GET /rank-correlation`: how well the conditioning foretells the pictures, over all sweeps of a checkpoint."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from ..hosts import Host
from ..library.listing import Library
from . import add_routes
from .guard import Guard


def add_rank_correlation_route(app: FastAPI, host: Host, library: Library, guard: Guard) -> None:
    """Adds the route.

    Args:
        app: the WebUI's web server.
        host: the WebUI.
        library: of all sweeps.
        guard: who may use it.
    """

    def rank_correlation(checkpoint: str | None = None) -> dict[str, Any]:
        known, reading = library.rank_correlations()
        name, short = host.checkpoint() or ("", "")
        foretold = known.about(name, short) if checkpoint is None else known.asked(checkpoint)
        numbers = {key: round(part, 4) if isinstance(part, float) else part for key, part in asdict(foretold).items()}
        return {"checkpoint": name if checkpoint is None else checkpoint, **numbers, "reading": reading}

    add_routes(app, guard.route_of_the_api(), {"GET /rank-correlation": rank_correlation})
