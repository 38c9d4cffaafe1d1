"""The WebUIs that a person names: addresses as they are typed, with name and password, or in a file.

A password is in `Address.auth` and nowhere else: whatever cannot be used is shown without what stands before its "@".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import InvalidInput, reason_of
from ..language import Text
from ..sweep.reading import open_plain
from .exchange import Address

AUTH_VARIABLE = "CLIP_SKIP_LAB_AUTH"
"""The environment variable with a name and password for all WebUIs."""

LARGEST_FILE = 1_000_000
"""Bytes of a file of WebUIs."""

PORTS = {"http": 80, "https": 443}
ADDRESS, AUTH, FILE = Text("Address of a WebUI"), Text("Name and password"), Text("File of WebUIs")
EXAMPLE = Text("an address such as http://gpu1:7860")
NAME_AND_PASSWORD = Text("name:password, or http://gpu1:7860=name:password for one WebUI")

Auth = tuple[str, str]


def read_address(text: str) -> Address:
    """An address as it is typed: "gpu1:7860", "HTTP://GPU1:7860/", "https://name:password@host/prefix?__theme=dark".

    Name and password are taken out of it; everything before the last "@" counts as those, so that a password may have
    any letters. What a browser adds to the address of the page ("?…", "#…") is left out. Raises `InvalidInput`.
    """
    scheme, rest = _scheme_and_rest(text.strip())
    before, at, place = rest.rpartition("@")
    # What stands in the place of a port and is none may be a password whose WebUI was forgotten.
    shown = f"{scheme}://" + re.sub(r"^([^:/[]*):(?![0-9]+(/|$)).*", r"\1:…", place, flags=re.DOTALL)
    if scheme not in PORTS:
        raise InvalidInput(ADDRESS, shown, EXAMPLE, Text("begins with neither http:// nor https://"))
    try:
        found = urlsplit(f"{scheme}://{place}")
        host, port = (found.hostname or "").rstrip("."), found.port
        is_one = port != 0 and (_is_number(host) if ":" in host else re.fullmatch(r"[\w.-]+", host))
    except ValueError:  # a port that is no number, brackets that do not close
        is_one = False
    if not is_one or re.search(r"[\s\\\x00-\x1f\x7f]", place):
        raise InvalidInput(ADDRESS, shown, EXAMPLE, Text("is not an address"))
    host = f"[{host}]" if ":" in host else host
    ending = "" if port in (None, PORTS[scheme]) else f":{port}"
    path = re.sub("/{2,}", "/", found.path).rstrip("/")
    return Address(f"{scheme}://{host}{ending}{path}", _auth(before) if at else None)


def _is_number(host: str) -> bool:
    """Whether a host is an IP address. Raises `ValueError` where it isn't."""
    return bool(str(ip_address(host)))


def _scheme_and_rest(text: str) -> tuple[str, str]:
    """The scheme in small letters, http where there is none, and what follows it."""
    scheme, divided, rest = text.partition("://")
    # Of "name:pass://word@host" the part before "://" is no scheme.
    return (scheme.lower(), rest) if divided and re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", scheme) else ("http", text)


def _auth(text: str) -> Auth:
    """Name and password as they stand in an address, where odd letters may be written as %40."""
    name, divided, password = text.partition(":")
    return _checked(unquote(name), unquote(password), bool(divided))


def _checked(name: str, password: str, divided: bool) -> Auth:
    if not (divided and name and password):
        raise InvalidInput(AUTH, "…", NAME_AND_PASSWORD, Text("is not of this form"))
    return name, password


def read_auth(text: str) -> tuple[str | None, Auth]:
    """`--auth`: the URL of the WebUI that it is for, None for all, with name and password. Raises `InvalidInput`."""
    url = None
    if re.match("https?://", text, re.IGNORECASE):
        place, divided, text = text.partition("=")
        if not divided:
            raise InvalidInput(AUTH, "…", NAME_AND_PASSWORD, Text("is not of this form"))
        url = read_address(place).url
    name, divided, password = text.partition(":")
    return url, _checked(name, password, bool(divided))


def with_auth(addresses: Iterable[Address], auths: Sequence[str]) -> list[Address]:
    """The addresses with name and password: their own, else the one for this address, else the one for all.

    Args:
        addresses: as they were read.
        auths: as `--auth` takes them; of several for the same the last counts.

    Raises `InvalidInput`.
    """
    by_url = dict(read_auth(text) for text in auths)
    return [
        address if address.auth else replace(address, auth=by_url.get(address.url, by_url.get(None)))
        for address in addresses
    ]


def check_different(addresses: Iterable[Address]) -> None:
    """Raises `InvalidInput` where two of the addresses are the same WebUI: it would get two batches at once."""
    found: dict[tuple[str, int | None, str], Address] = {}
    for address in addresses:
        first = found.setdefault(_same(address), address)
        if first is not address:
            problem = Text("is the same WebUI as {url}", url=first.url)
            raise InvalidInput(ADDRESS, address.url, Text("each WebUI once"), problem)


def _same(address: Address) -> tuple[str, int | None, str]:
    """What two addresses of the same WebUI have in common: this machine has several names."""
    found = urlsplit(address.url)
    host = found.hostname or ""
    try:
        is_here = host == "localhost" or (number := ip_address(host)).is_loopback or number.is_unspecified
    except ValueError:
        is_here = False
    return "localhost" if is_here else host, found.port or PORTS[found.scheme], found.path


def read_lines(text: str) -> list[Address]:
    """The addresses in a file: one on each line; empty lines and what follows a "#" count for nothing.

    A "#" begins a comment at the beginning of a line or after a blank, as a password may have one. Raises
    `InvalidInput`, with the number of the line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = re.sub(r"(^|\s)#.*", "", line).strip()
        if not entry:
            continue
        try:
            found.append(read_address(entry))
        except InvalidInput as error:
            field = Text("{field}, line {number}", field=FILE, number=number)
            raise InvalidInput(field, error.value, error.allowed, error.problem) from None
    return found


class WebUIs:
    """The WebUIs that were named: the given ones, and those of a file, which is looked at again while a sweep runs.

    Args:
        given: addresses as typed.
        file: with further ones, None for none.
        auths: as `--auth` takes them.
        said: is told, once, what is wrong with a file that was changed.
    """

    def __init__(
        self, given: Sequence[str], file: Path | None, auths: Sequence[str], said: Callable[[str], None]
    ) -> None:
        self._given = [read_address(text) for text in given]
        self._file = file
        self._auths = auths
        self._said = said
        self._told = ""
        self._text = "" if file is None else self._read(file)
        self._now = self._all(self._text)

    def __call__(self) -> list[Address]:
        """All of them, at this moment; where the file cannot be used, those that it had before."""
        try:
            text = "" if self._file is None else self._read(self._file)
            if text != self._text:
                self._now, self._text = self._all(text), text
            self._told = ""
        except InvalidInput as error:
            if self._told != error.detail:
                self._told = error.detail
                self._said(Text("{sentence} The WebUIs known so far are kept.", sentence=error.sentence))
        return self._now

    def _all(self, text: str) -> list[Address]:
        found = with_auth([*self._given, *read_lines(text)], self._auths)
        check_different(found)
        return found

    @staticmethod
    def _read(file: Path) -> str:
        try:
            with open_plain(file, LARGEST_FILE, follow=True) as opened:
                return opened.read().decode("utf-8-sig")
        except (OSError, ValueError) as error:
            problem = Text("cannot be read ({reason})", reason=reason_of(error))
            allowed = Text("a text file with one WebUI address per line")
            raise InvalidInput(FILE, str(file), allowed, problem) from error
