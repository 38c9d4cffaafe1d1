"""The routes of the sweeps on disk: a list, one sweep, its page and what the page shows."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, Response

from ..errors import InvalidInput
from ..page.assemble import content_security_policy, page_html
from ..page.files import DATA, data_script
from ..sweep.library import file_of, find_sweep, list_sweeps, record_text
from . import add_routes
from .guard import Guard

_Result = TypeVar("_Result")

MOST_LISTED = 1_000

TYPES = {".webp": "image/webp", ".avif": "image/avif", ".csv": "text/csv"}
"""Types that a Python on Windows may not know, or know by what some program wrote into the registry."""

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=600",
}
PAGE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}


def add_sweep_routes(app: FastAPI, grid_folders: Callable[[], Iterable[str]], guard: Guard) -> None:
    """Adds `GET /clip-skip-lab/v1/sweeps` and what is below it.

    Args:
        app: the WebUI's web server.
        grid_folders: gives the folders that hold sweeps, at this moment.
        guard: who may use them.
    """

    def listing(limit: str = "100") -> dict[str, Any]:
        if not re.fullmatch(r"\d{1,6}", limit) or not 1 <= int(limit) <= MOST_LISTED:
            raise InvalidInput("limit", limit, f"a whole number from 1 to {MOST_LISTED}")
        return {"sweeps": list_sweeps(grid_folders(), int(limit))}

    def sweep(sweep_id: str) -> Response:
        text = _found(lambda: record_text(find_sweep(grid_folders(), sweep_id)))
        return Response(text, media_type="application/json", headers=PAGE_HEADERS)

    def page(sweep_id: str) -> Response:
        _found(lambda: find_sweep(grid_folders(), sweep_id))
        return RedirectResponse("page/")  # relative, so that it holds behind a proxy and with --subpath

    def page_itself(sweep_id: str) -> Response:
        # The page of this version and not the file in the folder: that is data, and data isn't run.
        _found(lambda: find_sweep(grid_folders(), sweep_id))
        headers = {**PAGE_HEADERS, "Content-Security-Policy": content_security_policy()}
        return Response(page_html(), media_type="text/html", headers=headers)

    def page_file(sweep_id: str, name: str) -> Response:
        folder = _found(lambda: find_sweep(grid_folders(), sweep_id))
        if name == DATA:  # made here, for the same reason
            text = data_script(_found(lambda: record_text(folder)))
            return Response(text, media_type="text/javascript", headers=PAGE_HEADERS)
        path = _found(lambda: file_of(folder, name))
        return FileResponse(path, media_type=_type_of(path), headers=FILE_HEADERS)

    answers: dict[str, Callable[..., Any]] = {
        "GET /sweeps": listing,
        "GET /sweeps/{sweep_id}": sweep,
        "GET /sweeps/{sweep_id}/page": page,
        "GET /sweeps/{sweep_id}/page/": page_itself,
        "GET /sweeps/{sweep_id}/page/{name:path}": page_file,
    }
    add_routes(app, guard.route_of_the_api(), answers, response_model=None)


def _found(action: Callable[[], _Result]) -> _Result:
    try:
        return action()
    except FileNotFoundError as error:
        raise HTTPException(404, str(error)) from error


def _type_of(path: Path) -> str:
    ending = path.suffix.lower()
    return TYPES.get(ending) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
