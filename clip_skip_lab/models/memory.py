"""The clip skip that the user gave to each checkpoint, in one small JSON file. Knows no host.

The file is the truth: every question reads it, every change reads it again, under a lock, and replaces it whole. So
two WebUIs on one data folder don't undo each other's changes, and a crash leaves the old file or the new one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..errors import InvalidInput
from ..language import Text
from ..page.files import write_text

log = logging.getLogger("clip_skip_lab")

FILE_NAME = "checkpoints.json"
HIGHEST_REMEMBERED = 99
"""More layers than any text encoder has; what the loaded one has is not known for checkpoints that aren't loaded."""

LOCK_SECONDS = 10.0
_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One remembered checkpoint.

    Attributes:
        name: its file's path below the folder of checkpoints.
        sha256: of the file, in hexadecimal, or None where the host has not worked it out (`--no-hashing`).
        clip_skip: the remembered value, from 1.
    """

    name: str
    sha256: str | None
    clip_skip: int

    @property
    def key(self) -> str:
        """What names this checkpoint in the API: its hash, which survives a renaming, or else its name."""
        return f"sha256:{self.sha256}" if self.sha256 else f"name:{self.name}"

    def is_for(self, name: str, sha256: str | None) -> bool:
        """Whether it is about the file of this name and hash: by the hash where both are known, else by the name."""
        return sha256 == self.sha256 if sha256 and self.sha256 else name == self.name


class Memory:
    """The remembered values in `folder`, which is made when the first one is.

    Every method raises `OSError` with the reason when the file cannot be read or written, or when another program
    holds its lock for more than ten seconds.
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / FILE_NAME
        self.set_aside: str | None = None
        """The name under which a damaged file was put since this object has been there, or None."""

    def all(self) -> list[Entry]:
        """What is remembered, by name."""
        with self._locked():
            return self._read()

    def recall(self, name: str, sha256: str | None) -> int | None:
        """The value for the checkpoint of this name and hash, or None.

        A file that was renamed is known by its hash. A file under a known name, but with another hash, is another
        checkpoint. When the name or the hash is news, the entry takes it over.
        """
        with self._locked():
            entries = self._read()
            found = _find(entries, name, sha256)
            if found is None:
                return None
            current = replace(found, name=name, sha256=sha256 or found.sha256)
            if current != found:
                self._write([current if entry is found else entry for entry in entries])
            return found.clip_skip

    def remember(self, name: str, sha256: str | None, clip_skip: Any) -> None:
        """Gives the checkpoint this value, in place of the one it had. Raises `InvalidInput`."""
        value = checked_clip_skip(clip_skip)
        with self._locked():
            entries = self._read()
            found = _find(entries, name, sha256)
            known = found.sha256 if found is not None else None
            new = Entry(name, sha256 or known, value)
            if new != found:
                self._write([entry for entry in entries if entry is not found] + [new])

    def change(self, key: str, clip_skip: Any) -> None:
        """Gives the entry with this key another value. Raises `InvalidInput`, `KeyError` when there is none."""
        value = checked_clip_skip(clip_skip)
        self._update(key, lambda entry: [replace(entry, clip_skip=value)])

    def forget(self, key: str) -> None:
        """Removes the entry with this key. Raises `KeyError` when there is none."""
        self._update(key, lambda entry: [])

    def forget_all(self) -> None:
        """Removes every entry."""
        with self._locked():
            if self._read():
                self._write([])

    def _update(self, key: str, change: Callable[[Entry], list[Entry]]) -> None:
        with self._locked():
            entries = self._read()
            if all(entry.key != key for entry in entries):
                raise KeyError(key)
            self._write([new for entry in entries for new in (change(entry) if entry.key == key else [entry])])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One reader or writer at a time: readers too, as Windows cannot replace a file that is open."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock", timeout=LOCK_SECONDS):
            yield

    def _read(self) -> list[Entry]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            return _entries(json.loads(text))
        except (ValueError, RecursionError) as error:
            self._put_aside(error)
            return []

    def _put_aside(self, error: Exception) -> None:
        date = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.name}.damaged-{date}")
        os.replace(self.path, aside)
        self.set_aside = aside.name
        log.warning(
            "Clip skip for each checkpoint: %s was damaged (%s). It is kept as %s, and the list starts empty.",
            self.path.name,
            error,
            aside.name,
        )

    def _write(self, entries: list[Entry]) -> None:
        ordered = sorted(entries, key=lambda entry: (entry.name.casefold(), entry.name, entry.sha256 or ""))
        text = json.dumps({"version": _VERSION, "checkpoints": [asdict(entry) for entry in ordered]}, indent=1)
        write_text(self.path, text + "\n")


def _find(entries: list[Entry], name: str, sha256: str | None) -> Entry | None:
    found = [entry for entry in entries if entry.is_for(name, sha256)]
    by_hash = [entry for entry in found if sha256 and entry.sha256]
    return next(iter(by_hash + found), None)


def checked_clip_skip(clip_skip: Any) -> int:
    """The value, if it can be one of a checkpoint. Raises `InvalidInput`."""
    if type(clip_skip) is not int or not 1 <= clip_skip <= HIGHEST_REMEMBERED:  # `type`, as True is an int too
        allowed = Text("a whole number from 1 to {highest}", highest=HIGHEST_REMEMBERED)
        raise InvalidInput(Text("Clip skip"), clip_skip, allowed)
    return clip_skip


def _entries(data: Any) -> list[Entry]:
    """The entries of a file's JSON. Raises `ValueError` with what is wrong."""
    if not isinstance(data, dict) or data.get("version") != _VERSION or not isinstance(data.get("checkpoints"), list):
        raise ValueError(f"not a list of checkpoints of version {_VERSION}")
    entries = []
    for record in data["checkpoints"]:
        if not isinstance(record, dict) or set(record) != {"name", "sha256", "clip_skip"}:
            raise ValueError("a checkpoint lacks its name, sha256 or clip_skip, or has more")
        if not isinstance(record["name"], str) or not isinstance(record["sha256"], str | None):
            raise ValueError("a name or a hash is not text")
        entries.append(Entry(record["name"], record["sha256"], checked_clip_skip(record["clip_skip"])))
    return entries
