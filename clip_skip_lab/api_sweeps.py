"""The routes of the sweeps on disk: a list, one sweep, its page and what the page shows."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from .api import PREFIX
from .page.assemble import content_security_policy, page_html
from .page.files import DATA, data_script
from .sweep.errors import InvalidInput
from .sweep.library import file_of, find_sweep, list_sweeps, record_text

MOST_LISTED = 1_000

TYPES = {".webp": "image/webp", ".avif": "image/avif", ".csv": "text/csv"}
"""Types that a Python on Windows may not know, or know by what some program wrote into the registry."""

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=600",
}
PAGE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}


def add_sweep_routes(app: FastAPI, grid_folders: Callable[[], Iterable[str]], users: dict[str, str]) -> None:
    """Adds `GET /clip-skip-lab/v1/sweeps` and what is below it.

    Args:
        app: the WebUI's web server.
        grid_folders: gives the folders that hold sweeps, at this moment.
        users: names and passwords that the WebUI's own API asks for (`--api-auth`); empty when it asks for none.
    """

    def listing(limit: str = "100") -> dict[str, Any]:
        if not limit.isdecimal() or not 1 <= int(limit[:6]) <= MOST_LISTED:
            raise HTTPException(422, InvalidInput("limit", limit, f"a whole number from 1 to {MOST_LISTED}").detail)
        return {"sweeps": list_sweeps(grid_folders(), int(limit))}

    def sweep(sweep_id: str) -> Response:
        text = _answered(lambda: record_text(find_sweep(grid_folders(), sweep_id)))
        return Response(text, media_type="application/json", headers=PAGE_HEADERS)

    def page(sweep_id: str) -> Response:
        _answered(lambda: find_sweep(grid_folders(), sweep_id))
        return RedirectResponse("page/")  # relative, so that it holds behind a proxy and with --subpath

    def page_itself(sweep_id: str) -> Response:
        # The page of this version and not the file in the folder: that is data, and data isn't run.
        _answered(lambda: find_sweep(grid_folders(), sweep_id))
        headers = {**PAGE_HEADERS, "Content-Security-Policy": content_security_policy()}
        return Response(page_html(), media_type="text/html", headers=headers)

    def page_file(sweep_id: str, name: str) -> Response:
        folder = _answered(lambda: find_sweep(grid_folders(), sweep_id))
        if name == DATA:  # made here, for the same reason
            text = data_script(_answered(lambda: record_text(folder)))
            return Response(text, media_type="text/javascript", headers=PAGE_HEADERS)
        path = _answered(lambda: file_of(folder, name))
        return FileResponse(path, media_type=_type_of(path), headers=FILE_HEADERS)

    router = APIRouter(prefix=PREFIX, route_class=_guarded(users))
    for path, function in {
        "/sweeps": listing,
        "/sweeps/{sweep_id}": sweep,
        "/sweeps/{sweep_id}/page": page,
        "/sweeps/{sweep_id}/page/": page_itself,
        "/sweeps/{sweep_id}/page/{name:path}": page_file,
    }.items():
        router.add_api_route(path, function, methods=["GET"], response_model=None)
    app.include_router(router)


def users_of(flag: str | None) -> dict[str, str]:
    """The names and passwords in `--api-auth`, as the WebUI reads them (modules/api/api.py, v1.10.1)."""
    pairs = (entry.partition(":") for entry in (flag or "").split(",") if ":" in entry)
    return {name: password for name, _, password in pairs}


def _guarded(users: dict[str, str]) -> type[APIRoute]:
    """A kind of route that lets in who the WebUI lets in: by the page's own sign-in (`--gradio-auth`,
    gradio/routes.py), or by the name and password of its API (`--api-auth`); everybody where it asks for neither.

    No dependency, as what that raises loses its headers in the WebUI's error handler (modules/api/api.py), and
    without `WWW-Authenticate` a browser does not ask.
    """

    class Guarded(APIRoute):
        def get_route_handler(self) -> Callable:
            answer = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                if _may_enter(request, users):
                    return await answer(request)
                # A browser asks where a person opens the page, not where a script of the WebUI asks for the list.
                by_script = request.headers.get("sec-fetch-dest") == "empty"
                headers = {"WWW-Authenticate": "Basic"} if users and not by_script else None
                text = "Incorrect username or password" if users else "Sign in to the page first."
                return JSONResponse({"detail": text}, 401, headers)

            return guarded

    return Guarded


def _may_enter(request: Request, users: dict[str, str]) -> bool:
    page_asks = getattr(request.app, "auth", None) is not None
    if not page_asks and not users:
        return True
    if page_asks:
        token = request.cookies.get("access-token") or request.cookies.get("access-token-unsecure")
        if request.app.tokens.get(token) is not None:
            return True
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return False
    wanted = users.get(name)
    return kind.lower() == "basic" and wanted is not None and secrets.compare_digest(password.encode(), wanted.encode())


def _answered(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except InvalidInput as error:
        raise HTTPException(error.status_code, error.detail) from error
    except FileNotFoundError as error:
        raise HTTPException(404, str(error)) from error


def _type_of(path: Path) -> str:
    ending = path.suffix.lower()
    return TYPES.get(ending) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
