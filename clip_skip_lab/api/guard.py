"""Who may use the routes of Clip Skip Lab: who may use the WebUI, and no page of another site in their browser."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from .errors import Answer, SentenceRoute

STRANGE = (
    "A page of another site ({origin}) may not change anything here. If it is the WebUI's own page behind a proxy, the "
    "proxy must pass on Host or X-Forwarded-Host; a site that you trust goes into --cors-allow-origins."
)


@dataclass(frozen=True)
class Sites:
    """Pages of which sites may change something here, beside the WebUI's own: a browser lets every page send requests
    with the cookies of its user.

    Attributes:
        origins: such as "https://example.org", or "*" for all (`--cors-allow-origins`).
        pattern: a regular expression that matches whole origins; "" for none (`--cors-allow-origins-regex`).
    """

    origins: tuple[str, ...] = ()
    pattern: str = ""

    def is_strange(self, headers: Mapping[str, str]) -> bool:
        """Whether a request comes from a page of another site, by what browsers say, which no page can change. A client
        that is no browser says nothing."""
        origin, fetched = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and self._is_allowed(origin):
            return False
        if fetched in ("same-origin", "none"):
            return False
        if fetched == "cross-site" or origin is None:
            return fetched is not None
        # A proxy may have another name inside than outside, and says so by a header that no page of another site
        # can send unasked.
        hosts = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
        return _place(origin) not in {_place(f"//{host.strip()}") for host in hosts if host.strip()}

    def _is_allowed(self, origin: str) -> bool:
        matches = bool(self.pattern) and re.fullmatch(self.pattern, origin) is not None
        return matches or "*" in self.origins or origin in self.origins


def _place(address: str) -> str:
    """Host and port of an address, without a port that goes without saying; of one that has no host, itself."""
    scheme, _, rest = address.rpartition("//")
    ports = {"http:": (":80",), "https:": (":443",)}.get(scheme, (":80", ":443"))
    place = rest.lower()
    return next((place.removesuffix(port) for port in ports if place.endswith(port)), place)


@dataclass(frozen=True)
class Guard:
    """What the WebUI asks for.

    Attributes:
        users: names and passwords of its API (`--api-auth`); empty when it asks for none.
        has_page: whether there is a page beside the API; without one (`--nowebui`) nobody signs in to it.
        sites: whose pages may change something, beside the WebUI's own.
    """

    users: dict[str, str] = field(default_factory=dict, repr=False)
    has_page: bool = True
    sites: Sites = field(default_factory=Sites)

    def route_of_the_page(self) -> type[APIRoute]:
        """A kind of route that the page itself calls: who may use the page may use it, and who may use the API.

        Where the page asks for no sign-in (`--gradio-auth`), that is everybody, whatever the API asks for: the same
        can be done on the page.
        """
        return self._guarded(lambda request: self._by_page(request) or self._by_api(request))

    def route_of_the_api(self) -> type[APIRoute]:
        """A kind of route that hands out what the API does: for its users, and who signed in to the page.

        Where the API asks for a name and password and the page for none, the API's are needed: a browser asks.
        """

        def may_enter(request: Request) -> bool:
            return (self._by_page(request) and not (_open(request) and self.users)) or self._by_api(request)

        return self._guarded(may_enter)

    def _guarded(self, may_enter: Callable[[Request], bool]) -> type[APIRoute]:
        """A kind of route, and no dependency: what that raises loses its headers in the WebUI's error handler
        (modules/api/api.py), and without `WWW-Authenticate` a browser does not ask.
        """
        guard = self

        class Guarded(SentenceRoute):
            def get_route_handler(self) -> Answer:
                answer = super().get_route_handler()

                async def guarded(request: Request) -> Response:
                    if request.method not in ("GET", "HEAD") and guard.sites.is_strange(request.headers):
                        origin = request.headers.get("origin", "unnamed")[:200]
                        return JSONResponse({"detail": STRANGE.format(origin=origin)}, 403)
                    return await answer(request) if may_enter(request) else guard._refusal(request)

                return guarded

        return Guarded

    def _refusal(self, request: Request) -> Response:
        # A browser asks where a person opens the page, not where a script of the WebUI asks for the list.
        by_script = request.headers.get("sec-fetch-dest") == "empty"
        headers = {"WWW-Authenticate": "Basic"} if self.users and not by_script else None
        text = "Incorrect username or password" if self.users else "Sign in to the page first."
        return JSONResponse({"detail": text}, 401, headers)

    def _by_page(self, request: Request) -> bool:
        """The page's own rule (gradio/routes.py, 3.41.2 and 4.40): none, or a cookie of somebody who signed in."""
        if not self.has_page:
            return not self.users
        if _open(request):
            return True
        server = getattr(request.app, "cookie_id", "")  # gradio 4 tells the servers on one machine apart
        names = [f"{name}-{server}" if server else name for name in ("access-token", "access-token-unsecure")]
        token = next(filter(None, map(request.cookies.get, names)), None)
        return request.app.tokens.get(token) is not None

    def _by_api(self, request: Request) -> bool:
        """The API's rule (modules/api/api.py, v1.10.1): HTTP Basic."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
        wanted = self.users.get(name)
        same = wanted is not None and secrets.compare_digest(password.encode(), wanted.encode())
        return kind.lower() == "basic" and same


def users_of(flag: str | None) -> dict[str, str]:
    """The names and passwords in `--api-auth`, as the WebUI reads them (modules/api/api.py, v1.10.1)."""
    pairs = (entry.partition(":") for entry in (flag or "").split(",") if ":" in entry)
    return {name: password for name, _, password in pairs}


def _open(request: Request) -> bool:
    return getattr(request.app, "auth", None) is None
