"""What was judged: of one sweep, `/sweeps/{id}/judged` and `/sweeps/{id}/votes`, and over all sweeps, `/picks`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response

from ..hosts import Host
from ..library.judged import Judged, change_judged, read_judged, with_votes
from ..library.listing import Library
from ..library.picks import Preferred, preference
from ..sweep.library import find_sweep
from . import add_routes
from .guard import Guard
from .on_disk import cells_in, on_disk


def add_pick_routes(app: FastAPI, host: Host, library: Library, guard: Guard) -> None:
    """Adds the routes.

    Args:
        app: the WebUI's web server.
        host: the WebUI.
        library: of all sweeps.
        guard: who may use them.
    """

    def judged(sweep_id: str) -> Response:
        return _as_json(on_disk(lambda: read_judged(find_sweep(library.folders(), sweep_id))))

    def votes(sweep_id: str, body: dict[str, Any]) -> Response:
        def voted() -> Judged:
            folder = find_sweep(library.folders(), sweep_id)
            cells = cells_in(folder)
            return change_judged(folder, lambda before: with_votes(before, body, cells))

        return _as_json(on_disk(voted))

    def picks(checkpoint: str | None = None, lora: str | None = None) -> dict[str, Any]:
        choices, reading = library.choices()
        asked = choices.asked(checkpoint, lora) if checkpoint is not None or lora is not None else []
        chosen = host.checkpoint()
        return {
            "checkpoint": checkpoint,
            "lora": lora,
            "sweeps": len(asked),
            "values": [_row(row) for row in preference(asked)],
            "checkpoints": choices.checkpoints,
            "loras": choices.loras,
            "chosen_checkpoint": None if chosen is None else {"name": chosen[0], "hash": chosen[1]},
            "reading": reading,
        }

    answers: dict[str, Callable[..., Any]] = {
        "GET /picks": picks,
        "GET /sweeps/{sweep_id}/judged": judged,
        "PUT /sweeps/{sweep_id}/votes": votes,
    }
    add_routes(app, guard.route_of_the_api(), answers, response_model=None)


def _row(row: Preferred) -> dict[str, Any]:
    return {**asdict(row), "low": round(row.low, 4), "high": round(row.high, 4)}


def _as_json(judged: Judged) -> Response:
    # `json.dumps`, as names and notes may hold half of a pair of surrogates, which UTF-8 has no bytes for
    return Response(json.dumps(asdict(judged)), media_type="application/json", headers={"Cache-Control": "no-cache"})
