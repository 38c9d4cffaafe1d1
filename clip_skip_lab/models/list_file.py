"""A list in one small JSON file. Knows no host.

The file is the truth: every question reads it, every change reads it again, under a lock, and replaces it whole. So
two WebUIs on one data folder don't undo each other's changes, and a crash leaves the old file or the new one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from filelock import FileLock

from ..page.files import write_text

log = logging.getLogger("clip_skip_lab")

LOCK_SECONDS = 10.0
VERSION = 1


class Keyed(Protocol):
    """What such a list holds: a dataclass whose fields are plain data."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """What it is about; for a checkpoint its file, as a path below the folder of checkpoints."""

    @property
    def key(self) -> str:
        """What names it in the API."""


class AboutFile(Keyed, Protocol):
    """One that is about a file."""

    @property
    def sha256(self) -> str | None:
        """The file's hash, None where it isn't known."""


Item = TypeVar("Item", bound=Keyed)
FileItem = TypeVar("FileItem", bound=AboutFile)


@dataclass(frozen=True)
class Named:
    """One that is known by its name alone."""

    name: str

    @property
    def key(self) -> str:
        """What names it."""
        return self.name


class ListFile(Generic[Item]):
    """A list in `folder`, which is made when the first thing is remembered.

    Every method raises `OSError` with the reason when the file cannot be read or written, or when another program
    holds its lock for more than ten seconds.
    """

    file_name: ClassVar[str]
    list_name: ClassVar[str]
    """What the list is called in the file."""
    title: ClassVar[str]
    """What the log calls it."""

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / self.file_name
        self.set_aside: str | None = None
        """The name under which a damaged file was put since this object has been there, or None."""

    def read_item(self, record: Any) -> Item:
        """One of the list from its JSON. Raises `ValueError` with what is wrong."""
        raise NotImplementedError

    def all(self) -> list[Item]:
        """What is remembered, by name."""
        with self._locked():
            return self._read()

    def forget(self, key: str) -> None:
        """Removes what has this key. Raises `KeyError` when there is none."""
        self._update(key, lambda item: [])

    def forget_all(self) -> None:
        """Removes everything."""
        with self._locked():
            if self._read():
                self._write([])

    def _update(self, key: str, change: Callable[[Item], list[Item]]) -> None:
        with self._locked():
            items = self._read()
            if all(item.key != key for item in items):
                raise KeyError(key)
            self._write([new for item in items for new in (change(item) if item.key == key else [item])])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One reader or writer at a time: readers too, as Windows cannot replace a file that is open."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock", timeout=LOCK_SECONDS):
            yield

    def _read(self) -> list[Item]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            return self._items(json.loads(text))
        except (ValueError, RecursionError) as error:
            self._put_aside(error)
            return []

    def _items(self, data: Any) -> list[Item]:
        """The list of a file's JSON. Raises `ValueError` with what is wrong."""
        if (
            not isinstance(data, dict)
            or data.get("version") != VERSION
            or not isinstance(data.get(self.list_name), list)
        ):
            raise ValueError(f"not a list of {self.list_name} of version {VERSION}")
        return [self.read_item(record) for record in data[self.list_name]]

    def _put_aside(self, error: Exception) -> None:
        date = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.name}.damaged-{date}")
        os.replace(self.path, aside)
        self.set_aside = aside.name
        log.warning(
            "%s: %s was damaged (%s). It is kept as %s, and the list starts empty.",
            self.title,
            self.path.name,
            error,
            aside.name,
        )

    def _write(self, items: list[Item]) -> None:
        ordered = sorted(items, key=lambda item: (item.name.casefold(), item.name, item.key))
        text = json.dumps({"version": VERSION, self.list_name: [asdict(item) for item in ordered]}, indent=1)
        write_text(self.path, text + "\n")


def is_same_file(item: AboutFile, name: str, sha256: str | None) -> bool:
    """Whether it is about the file of this name and hash: by the hash where both are known, else by the name."""
    return sha256 == item.sha256 if sha256 and item.sha256 else name == item.name


def about_file(items: list[FileItem], name: str, sha256: str | None) -> FileItem | None:
    """The first of them about the file of this name and hash, one that is known by its hash before others."""
    found = [item for item in items if is_same_file(item, name, sha256)]
    by_hash = [item for item in found if sha256 and item.sha256]
    return next(iter(by_hash + found), None)


def key_of(name: str, sha256: str | None) -> str:
    """What names a checkpoint in the API: its hash, which survives a renaming, or else its name."""
    return f"sha256:{sha256}" if sha256 else f"name:{name}"
