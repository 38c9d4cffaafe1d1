"""The routes of the sweeps on disk: the library, one sweep, its page and what the page shows."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from ..errors import encodable
from ..language import translated
from ..library.folders import Folders
from ..library.judged import change_judged, with_fields
from ..library.listing import Library
from ..library.query import read_query
from ..library.trash import delete_sweep, restore_sweep
from ..page.assemble import content_security_policy, page_html
from ..page.files import DATA, data_script
from ..sweep.library import file_of, find_sweep, record_text
from . import add_routes
from .errors import language_asked
from .guard import Guard
from .on_disk import cells_in, found, on_disk

TYPES = {".webp": "image/webp", ".avif": "image/avif", ".csv": "text/csv"}
"""Types that a Python on Windows may not know, or know by what some program wrote into the registry."""

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=600",
}
PAGE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}


def add_sweep_routes(app: FastAPI, library: Library, guard: Guard) -> None:
    """Adds `GET /clip-skip-lab/v1/sweeps` and what is below it.

    Args:
        app: the WebUI's web server.
        library: of all sweeps.
        guard: who may use them.
    """
    answers = {**_library(library), **_pages(library.folders)}
    add_routes(app, guard.route_of_the_api(), answers, response_model=None)


def _library(library: Library) -> dict[str, Callable[..., Any]]:
    """The list, and what changes it."""
    folders = library.folders

    def listing(
        request: Request,
        search: str = "",
        checkpoint: str = "",
        sort: str = "newest",
        offset: str = "0",
        limit: str = "100",
    ) -> dict[str, Any]:
        answer = library.listing(read_query(search, checkpoint, sort, offset, limit))
        language = language_asked(request)
        problems = [encodable(translated(sentence, language)) for sentence in answer["problem_folders"]]
        return {**answer, "problem_folders": problems}

    def change(sweep_id: str, body: dict[str, Any]) -> dict[str, Any]:
        folder = found(lambda: find_sweep(folders(), sweep_id))
        cells = found(lambda: cells_in(folder))
        on_disk(lambda: change_judged(folder, lambda judged: with_fields(judged, body, cells)))
        return library.entry(folder)

    def delete(sweep_id: str) -> dict[str, Any]:
        folder = found(lambda: find_sweep(folders(), sweep_id))
        return {"id": sweep_id, "trash": str(on_disk(lambda: delete_sweep(folder)))}

    def restore(sweep_id: str) -> dict[str, Any]:
        return library.entry(on_disk(lambda: restore_sweep(folders(), sweep_id)))

    return {
        "GET /sweeps": listing,
        "PATCH /sweeps/{sweep_id}": change,
        "DELETE /sweeps/{sweep_id}": delete,
        "PUT /sweeps/{sweep_id}/restore": restore,
    }


def _pages(folders: Callable[[], Folders]) -> dict[str, Callable[..., Any]]:
    """One sweep, its page and its files."""

    def sweep(sweep_id: str) -> Response:
        text = found(lambda: record_text(find_sweep(folders(), sweep_id)))
        return Response(text, media_type="application/json", headers=PAGE_HEADERS)

    def page(sweep_id: str) -> Response:
        found(lambda: find_sweep(folders(), sweep_id))
        return RedirectResponse("page/")  # relative, so that it holds behind a proxy and with --subpath

    def page_itself(sweep_id: str) -> Response:
        # The page of this version and not the file in the folder: that is data, and data isn't run.
        found(lambda: find_sweep(folders(), sweep_id))
        headers = {**PAGE_HEADERS, "Content-Security-Policy": content_security_policy()}
        return Response(page_html(), media_type="text/html", headers=headers)

    def page_file(sweep_id: str, name: str) -> Response:
        folder = found(lambda: find_sweep(folders(), sweep_id))
        if name == DATA:  # made here, for the same reason
            text = data_script(found(lambda: record_text(folder)))
            return Response(text, media_type="text/javascript", headers=PAGE_HEADERS)
        path = found(lambda: file_of(folder, name))
        return FileResponse(path, media_type=_type_of(path), headers=FILE_HEADERS)

    return {
        "GET /sweeps/{sweep_id}": sweep,
        "GET /sweeps/{sweep_id}/page": page,
        "GET /sweeps/{sweep_id}/page/": page_itself,
        "GET /sweeps/{sweep_id}/page/{name:path}": page_file,
    }


def _type_of(path: Path) -> str:
    ending = path.suffix.lower()
    return TYPES.get(ending) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
