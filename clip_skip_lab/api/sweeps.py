"""The routes of the sweeps on disk: the library, one sweep, its page and what the page shows."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from ..errors import InvalidInput, encodable, reason_of
from ..language import Text, translated
from ..library.folders import Folders
from ..library.judged import change_judged, with_fields
from ..library.listing import Library
from ..library.query import read_query
from ..library.trash import Refused, delete_sweep, restore_sweep
from ..page.assemble import content_security_policy, page_html
from ..page.files import DATA, data_script
from ..sweep.library import SCHEMA_1, SWEEP, file_of, find_sweep, read_sweep, record_text
from . import add_routes
from .errors import language_asked
from .guard import Guard

_Result = TypeVar("_Result")

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
        folder = _found(lambda: find_sweep(folders(), sweep_id))
        cells = len(_cells(folder))
        _on_disk(lambda: change_judged(folder, lambda judged: with_fields(judged, body, cells)))
        return library.entry(folder)

    def delete(sweep_id: str) -> dict[str, Any]:
        folder = _found(lambda: find_sweep(folders(), sweep_id))
        return {"id": sweep_id, "trash": str(_on_disk(lambda: delete_sweep(folder)))}

    def restore(sweep_id: str) -> dict[str, Any]:
        return library.entry(_on_disk(lambda: restore_sweep(folders(), sweep_id)))

    return {
        "GET /sweeps": listing,
        "PATCH /sweeps/{sweep_id}": change,
        "DELETE /sweeps/{sweep_id}": delete,
        "PUT /sweeps/{sweep_id}/restore": restore,
    }


def _pages(folders: Callable[[], Folders]) -> dict[str, Callable[..., Any]]:
    """One sweep, its page and its files."""

    def sweep(sweep_id: str) -> Response:
        text = _found(lambda: record_text(find_sweep(folders(), sweep_id)))
        return Response(text, media_type="application/json", headers=PAGE_HEADERS)

    def page(sweep_id: str) -> Response:
        _found(lambda: find_sweep(folders(), sweep_id))
        return RedirectResponse("page/")  # relative, so that it holds behind a proxy and with --subpath

    def page_itself(sweep_id: str) -> Response:
        # The page of this version and not the file in the folder: that is data, and data isn't run.
        _found(lambda: find_sweep(folders(), sweep_id))
        headers = {**PAGE_HEADERS, "Content-Security-Policy": content_security_policy()}
        return Response(page_html(), media_type="text/html", headers=headers)

    def page_file(sweep_id: str, name: str) -> Response:
        folder = _found(lambda: find_sweep(folders(), sweep_id))
        if name == DATA:  # made here, for the same reason
            text = data_script(_found(lambda: record_text(folder)))
            return Response(text, media_type="text/javascript", headers=PAGE_HEADERS)
        path = _found(lambda: file_of(folder, name))
        return FileResponse(path, media_type=_type_of(path), headers=FILE_HEADERS)

    return {
        "GET /sweeps/{sweep_id}": sweep,
        "GET /sweeps/{sweep_id}/page": page,
        "GET /sweeps/{sweep_id}/page/": page_itself,
        "GET /sweeps/{sweep_id}/page/{name:path}": page_file,
    }


def _cells(folder: Path) -> list[Any]:
    """The cells of a sweep. Raises `InvalidInput` where its `sweep.json` has none."""
    cells = read_sweep(folder).get("cells")
    if not isinstance(cells, list):
        raise InvalidInput(SWEEP, folder.name, SCHEMA_1, "is of another kind")
    return cells


def _found(action: Callable[[], _Result]) -> _Result:
    try:
        return action()
    except FileNotFoundError as error:
        raise HTTPException(404, error.args[0] if len(error.args) == 1 else str(error)) from error


def _on_disk(action: Callable[[], _Result]) -> _Result:
    """What a change on the disk gives; what the disk or the sweep's state refuses is a sentence."""
    try:
        return _found(action)
    except InvalidInput:
        raise
    except Refused as error:
        raise HTTPException(409, error.sentence) from error
    except ValueError as error:
        sentence = Text("judged.json cannot be read ({reason}), so nothing is changed.", reason=reason_of(error))
        raise HTTPException(409, sentence) from error
    except OSError as error:
        sentence = Text("The sweep's folder cannot be changed ({reason}).", reason=reason_of(error))
        raise HTTPException(500, sentence) from error


def _type_of(path: Path) -> str:
    ending = path.suffix.lower()
    return TYPES.get(ending) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
