"""What is the matter with an answer of a WebUI, or why there is none, as a sentence with the WebUI's address."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..errors import InvalidInput, encodable, reason_of
from ..language import Text
from .exchange import Failed, Gone

WEBUI_FIELD = Text("WebUI")
THE_ADDRESS = Text("the address of a WebUI that was started with --api, such as http://127.0.0.1:7860")
WITH_API = Text("a WebUI that was started with --api")
PERHAPS_HTTPS = Text("{address}; with https:// if it has a certificate", address=THE_ADDRESS)
SIGN_IN = Text("--auth NAME:PASSWORD, as in that WebUI's --api-auth")
CERTIFICATES = Text(
    "a certificate that is valid for this name (SSL_CERT_FILE can name a file with your own), or the "
    "address with http:// if the WebUI accepts that"
)

IS_NO_WEBUI = Text("answers, but is not a WebUI")
HAS_NO_API = Text("is a WebUI whose API is off")
BROKE_OFF = Text("broke off in the middle of its answer")

ROUTE_IS_MISSING = "Not Found"
"""What FastAPI says where there is no route; another 404 is an input's, such as "Init image not found"."""

SENTENCE_MOST = 2_000
"""Characters of what a WebUI says, for a sentence."""


class NoAnswer(Gone):
    """A WebUI cannot be reached, or gives what is no answer. In a run its cells go to another WebUI (`Gone`); before
    it, `before_the_run` makes wrong input of it.

    Args:
        url: of the WebUI, without name and password.
        problem: what is the matter, a phrase that follows the address.
        allowed: what address there could be instead, a phrase that completes "allowed: …".
        status: of an HTTP answer, None where there was none.
    """

    def __init__(self, url: str, problem: Text, allowed: Text = THE_ADDRESS, status: int | None = None):
        super().__init__(Text("{url} {problem}.", url=url, problem=problem))
        self.url = url
        self.problem = problem
        self.allowed = allowed
        self.status = status


class NotDone(Failed):
    """A WebUI failed at a request, HTTP 500 mostly, and says why. `url` and `status` as above."""

    def __init__(self, url: str, reason: str, status: int):
        super().__init__(Text("{url} failed ({reason}).", url=url, reason=reason))
        self.url = url
        self.reason = reason
        self.status = status


class Refused(InvalidInput):
    """A WebUI refuses a request (HTTP 422) with a sentence of its own, which is what this error says."""

    def __init__(self, url: str, said: str):
        super().__init__(WEBUI_FIELD, url, Text("what it accepts"), Text("refused it ({reason})", reason=said))
        self.sentence = Text("{url}: {said}", url=url, said=said)
        self.detail = encodable(self.sentence)
        self.args = (self.detail,)


@contextmanager
def before_the_run() -> Iterator[None]:
    """Before a run the address of a WebUI that does not answer, or fails at a question, is wrong input: `InvalidInput`
    for the field "WebUI". In the run the same is `Gone` or `Failed`, as the WebUI did answer once."""
    try:
        yield
    except NoAnswer as error:
        raise InvalidInput(WEBUI_FIELD, error.url, error.allowed, error.problem) from error
    except NotDone as error:
        problem = Text("answers with an error ({reason})", reason=error.reason)
        raise InvalidInput(WEBUI_FIELD, error.url, Text("a WebUI that works"), problem) from error


def why_no_answer(url: str, error: Exception, began: bool = False) -> NoAnswer:
    """What an exception of the HTTP client means for the WebUI at an address; `began` where an answer had begun."""
    causes = list(_causes(error))
    if isinstance(error, httpx.TimeoutException):
        return NoAnswer(url, Text("does not answer in time"))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            problem = Text("has an invalid certificate ({reason})", reason=_of_certificate(cause))
            return NoAnswer(url, problem, CERTIFICATES)
        if isinstance(cause, ssl.SSLError) and isinstance(error, httpx.ConnectError):
            return NoAnswer(url, Text("does not support https"), Text("the same address with http://"))
        if isinstance(cause, socket.gaierror):
            return NoAnswer(url, Text("cannot be found: no machine has this name"))
        if isinstance(cause, ConnectionRefusedError):
            return NoAnswer(url, Text("cannot be reached: nothing is listening there"))
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return NoAnswer(url, Text("is not an address"))
    if isinstance(error, httpx.ConnectError):
        told = next((cause for cause in causes if isinstance(cause, OSError)), error)
        return NoAnswer(url, Text("cannot be reached ({reason})", reason=reason_of(told)))
    if began:
        return NoAnswer(url, BROKE_OFF)
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return NoAnswer(url, IS_NO_WEBUI)  # what came is no HTTP
    return NoAnswer(url, Text("ended the connection without an answer"), PERHAPS_HTTPS)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_certificate(error: ssl.SSLCertVerificationError) -> str:
    return getattr(error, "verify_message", "") or reason_of(error)


def why_refused(url: str, response: httpx.Response, content: bytes, signed_in: bool) -> Exception:
    """What an HTTP answer means that is no success. Of 404 it cannot be told here whether the WebUI lacks its API.

    Args:
        url: the WebUI's address.
        response: its head.
        content: its body.
        signed_in: whether name and password were sent.
    """
    status = response.status_code
    if 300 <= status < 400:
        return _sent_on(url, response)
    if status == 401:
        problem = Text("does not accept this name and password") if signed_in else Text("requires a name and password")
        return NoAnswer(url, problem, SIGN_IN, status)
    said = said_in(content)
    if said and status in (400, 422):
        return Refused(url, said)
    if status == 404 and (missing := said_in(content, ("detail",))) not in ("", ROUTE_IS_MISSING):
        return Refused(url, missing)
    if status >= 500 and status not in (502, 503, 504):
        return NotDone(url, said or Text("it gave no reason; see its log"), status)
    if status in (400, 404, 405, 422):
        return NoAnswer(url, IS_NO_WEBUI, status=status)
    reason = Text("HTTP {status}: {said}", status=status, said=said) if said else Text("HTTP {status}", status=status)
    return NoAnswer(url, Text("does not allow this request ({reason})", reason=reason), status=status)


def _sent_on(url: str, response: httpx.Response) -> NoAnswer:
    """A redirect: to the same place with https, or to a page for signing in and the like. Of where it leads only the
    place is told, as the rest may hold secrets."""
    status = response.status_code
    try:
        there = response.url.join(response.headers.get("location", ""))
        place = f"{there.scheme}://{there.host}{f':{there.port}' if there.port else ''}{there.path}"
        only_https = response.url.scheme == "http" and there.scheme == "https" and there.path == response.url.path
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return NoAnswer(url, IS_NO_WEBUI, status=status)
    problem = Text("redirects to {place}", place=place)
    if only_https:
        return NoAnswer(url, problem, Text("the same address with https://"), status)
    return NoAnswer(
        url, problem, Text("the address of the WebUI itself, without a sign-in page in front of it"), status
    )


def said_in(content: bytes, keys: tuple[str, ...] = ("detail", "errors", "error")) -> str:
    """The sentence in the body of an HTTP error, "" where there is none: `detail` of ours and of FastAPI, which lists
    fields (`[{"loc", "msg"}]`), `errors` and `error` of the host's handler (modules/api/api.py, `handle_exception`)."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    found = (body.get(key) for key in keys)
    texts = ("; ".join(filter(None, map(_of_field, text))) if isinstance(text, list) else text for text in found)
    said = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    return encodable(" ".join(said.split())[:SENTENCE_MOST].rstrip("."))


def _of_field(entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("msg"), str):
        return ""
    place = entry.get("loc")
    name = ".".join(str(part) for part in place if part != "body") if isinstance(place, list) else ""
    return f"{name}: {entry['msg']}" if name else entry["msg"]
