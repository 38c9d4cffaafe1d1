"""JSON over HTTP to one WebUI. Every failure is a sentence with its address (answers.py), never with a password."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import certifi
import httpx

from ..language import Text
from .answers import BROKE_OFF, HAS_NO_API, IS_NO_WEBUI, WITH_API, NoAnswer, why_no_answer, why_refused
from .exchange import Address, Failed, Gone

log = logging.getLogger("clip_skip_lab")

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""For what generates nothing: a WebUI that loads a checkpoint may answer nothing for a while."""
SIGN_OF_LIFE_SECONDS = 10.0
INTERRUPT_SECONDS = 5.0

MOST_BYTES = 1_000_000_000
"""Of an answer: 256 cells of 1024 px are some 500 MB as JSON. More is none of ours, and would fill the memory."""

SIGN_OF_LIFE = "/sdapi/v1/samplers"
"""What is asked while a WebUI generates; any answer will do. The progress route is not it: it decodes a live preview on
each call, with `skip_current_image` too (AUTOMATIC1111 v1.10.1, modules/api/api.py, `progressapi`)."""

UNREADABLE = Text("sent an answer that cannot be read")


class Http:
    """JSON over HTTP to the WebUI at an address. May be used from any thread.

    Raises, from each method that asks: `NoAnswer`, which is a `Gone`; `NotDone`, which is a `Failed`; `Refused`, which
    is an `InvalidInput`. `before_the_run` (answers.py) makes `InvalidInput` of all.

    Args:
        address: the WebUI's.
        patience: for how many seconds a WebUI that generates may give no sign of life.
        every: after how many seconds it is asked for one again.
    """

    def __init__(self, address: Address, patience: float = 60.0, every: float = 5.0):
        self.address = address
        self.patience = patience
        self.every = every
        self._client = httpx.Client(
            auth=address.auth,
            verify=_certificates() if address.url.startswith("https") else False,
            # Pictures are compressed already: gzip would cost the WebUI 50 ms for each MB to save a quarter of it.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            # A connection for each request: after an error Forge ends one that it had kept.
            limits=httpx.Limits(max_keepalive_connections=0),
            # Neither HTTP_PROXY nor .netrc: WebUIs are in one's own network, which a proxy does not know, and name and
            # password go nowhere but where they were given for. SSL_CERT_FILE counts all the same (`_certificates`).
            trust_env=False,
        )

    def get(self, path: str, **params: Any) -> Any:
        """The JSON that a route answers, such as `get("/sdapi/v1/options")`."""
        return self._json("GET", path, ANSWER_SECONDS, params=params)

    def get_optional(self, path: str) -> Any:
        """The same, or None where this WebUI has no such route or fails at it, as Forge does at cmd-flags."""
        try:
            return self.get(path)
        except Failed:
            return None
        except NoAnswer as error:
            if error.status in (404, 405):
                return None
            raise

    def post(self, path: str, body: Any) -> Any:
        """The JSON that a route answers, however long it takes: a generation may be many minutes without a byte.

        Meanwhile the WebUI is asked for signs of life; after `patience` seconds without one it is given up as `Gone`.
        """
        watched = _Watched(self._gives_sign_of_life, self.patience, self.every)
        try:
            with watched:
                return self._json("POST", path, None, body=body, trace=watched.note_connection)
        except Gone as error:
            if watched.given_up:
                silent = Text("has not responded for {seconds} s", seconds=f"{self.patience:g}")
                raise NoAnswer(self.address.url, silent) from error
            raise

    def interrupt(self) -> None:
        """Has the WebUI end what it generates. Raises nothing: a WebUI that is gone generates nothing for us."""
        try:
            self._json("POST", "/sdapi/v1/interrupt", INTERRUPT_SECONDS, body={})
        except (Gone, Failed, ValueError) as error:
            log.info("Clip Skip Lab: %s could not be interrupted: %s", self.address.url, error)

    def unreadable(self) -> NoAnswer:
        """What to raise where JSON isn't what it should be."""
        return NoAnswer(self.address.url, UNREADABLE)

    def _json(self, method: str, path: str, seconds: float | None, **request: Any) -> Any:
        response, content = self._ask(method, path, seconds, **request)
        if not response.is_success:
            error = why_refused(self.address.url, response, content, signed_in=self.address.auth is not None)
            if isinstance(error, NoAnswer) and error.status in (404, 405) and self._is_webui():
                error = NoAnswer(self.address.url, HAS_NO_API, WITH_API, error.status)
            raise error
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            if "json" in response.headers.get("content-type", ""):
                raise NoAnswer(self.address.url, BROKE_OFF) from error
            raise NoAnswer(self.address.url, IS_NO_WEBUI) from error

    def _ask(
        self,
        method: str,
        path: str,
        seconds: float | None,
        params: dict[str, Any] | None = None,
        body: Any = None,
        trace: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> tuple[httpx.Response, bytes]:
        """An answer's head and body. `seconds` is the longest time between two of its bytes, None for any."""
        url, began = self.address.url, False
        try:
            with self._client.stream(
                method,
                url + path,
                params=params or None,
                content=None if body is None else json.dumps(body).encode(),
                headers={} if body is None else {"Content-Type": "application/json"},
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=seconds),
                extensions={} if trace is None else {"trace": trace},
            ) as response:
                began, parts, size = True, [], 0
                for part in response.iter_bytes():
                    size += len(part)
                    if size > MOST_BYTES:
                        raise NoAnswer(url, Text("sent an answer of more than {size} MB", size=MOST_BYTES // 1_000_000))
                    parts.append(part)
                return response, b"".join(parts)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise why_no_answer(url, error, began) from error

    def _is_webui(self) -> bool:
        """Whether there is a WebUI's page: its own route, or gradio's with the inputs of txt2img."""
        signs: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
            ("/internal/ping", lambda content: content.strip() == b"{}"),
            ("/config", lambda content: content.startswith(b"{") and b"txt2img" in content),
        )
        for path, is_sign in signs:
            try:
                response, content = self._ask("GET", path, SIGN_OF_LIFE_SECONDS)
            except Gone:
                return False
            if response.is_success and is_sign(content):
                return True
        return False

    def _gives_sign_of_life(self) -> bool:
        try:
            response, _ = self._ask("GET", SIGN_OF_LIFE, SIGN_OF_LIFE_SECONDS)
        except Gone:
            return False
        return response.status_code not in (502, 503, 504)  # those are a proxy's, of a WebUI that is gone


def _certificates() -> ssl.SSLContext:
    """The certificates that count: the machine's, those in SSL_CERT_FILE and SSL_CERT_DIR, and certifi's, as not every
    Python finds the machine's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Watched:
    """Watches over a request, as a `with`: after `patience` seconds without a sign of life its connection is ended,
    which wakes the thread that waits for it."""

    def __init__(self, gives_sign: Callable[[], bool], patience: float, every: float):
        self.given_up = False
        self._gives_sign = gives_sign
        self._patience = patience
        self._every = every
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def note_connection(self, event: str, info: dict[str, Any]) -> None:
        """Told by httpcore what happens to the connection (its extension "trace")."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def __enter__(self) -> _Watched:
        threading.Thread(target=self._watch, name="signs of life", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over.set()

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._over.wait(self._every):
            if self._gives_sign():
                last = time.monotonic()
            elif time.monotonic() - last >= self._patience:
                with self._lock:
                    if not self._over.is_set():
                        self._give_up()
                return

    def _give_up(self) -> None:
        self.given_up = True
        if self._socket is not None:
            try:
                # Of the class, as a TLS socket's own would end the encryption under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError as error:
                log.info("Clip Skip Lab: a connection had ended already: %s", error)
