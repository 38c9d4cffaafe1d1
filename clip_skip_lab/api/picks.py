"""What was judged: of one sweep, `/sweeps/{id}/judged` and `/sweeps/{id}/votes`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import Response

from ..errors import InvalidInput, reason_of
from ..language import Text
from ..library.judged import JUDGED, Judged, change_judged, read_judged, with_votes
from ..sweep.library import SCHEMA_1, SWEEP, find_sweep, record_text
from . import add_routes
from .guard import Guard


def add_pick_routes(app: FastAPI, grid_folders: Callable[[], Iterable[str]], guard: Guard) -> None:
    """Adds the routes.

    Args:
        app: the WebUI's web server.
        grid_folders: gives the folders that hold sweeps, at this moment.
        guard: who may use them.
    """

    def judged(sweep_id: str) -> Response:
        return _answered(lambda: find_sweep(grid_folders(), sweep_id), read_judged)

    def votes(sweep_id: str, body: dict[str, Any]) -> Response:
        def voted(folder: Path) -> Judged:
            cells = _cells(folder)
            return change_judged(folder, lambda before: with_votes(before, body, cells))

        return _answered(lambda: find_sweep(grid_folders(), sweep_id), voted)

    answers: dict[str, Callable[..., Any]] = {
        "GET /sweeps/{sweep_id}/judged": judged,
        "PUT /sweeps/{sweep_id}/votes": votes,
    }
    add_routes(app, guard.route_of_the_api(), answers, response_model=None)


def _answered(find: Callable[[], Path], action: Callable[[Path], Judged]) -> Response:
    """What is said of a sweep, as JSON; a sentence where it is gone, damaged, or cannot be written."""
    try:
        folder = find()
        said = action(folder)
    except FileNotFoundError as error:  # deleted, before or meanwhile
        gone = Text("The sweep is not there any more; it may have been deleted.")
        raise HTTPException(404, gone if error.errno else str(error)) from error
    except InvalidInput:
        raise
    except OSError as error:
        problem = Text("What was said of the sweep cannot be read or written ({reason}).", reason=reason_of(error))
        raise HTTPException(500, problem) from error
    except ValueError as error:
        problem = Text("has no {file} that can be read ({reason})", file=JUDGED, reason=reason_of(error))
        raise InvalidInput(SWEEP, folder.name, Text("a folder with a whole {file}", file=JUDGED), problem) from error
    # `json.dumps`, as names and notes may hold half of a pair of surrogates, which UTF-8 has no bytes for
    return Response(json.dumps(asdict(said)), media_type="application/json", headers={"Cache-Control": "no-cache"})


def _cells(folder: Path) -> int:
    cells = json.loads(record_text(folder)).get("cells")
    if not isinstance(cells, list):
        raise InvalidInput(SWEEP, folder.name, SCHEMA_1)
    return len(cells)
