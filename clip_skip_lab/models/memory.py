"""The clip skip that the user gave to each checkpoint. Knows no host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from .list_file import ListFile, about_file, is_same_file, key_of

HIGHEST_REMEMBERED = 99
"""More layers than any text encoder has; what the loaded one has is not known for checkpoints that aren't loaded."""


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
        """What names this checkpoint in the API."""
        return key_of(self.name, self.sha256)

    def is_for(self, name: str, sha256: str | None) -> bool:
        """Whether it is about the file of this name and hash."""
        return is_same_file(self, name, sha256)


class Memory(ListFile[Entry]):
    """The remembered values, in `checkpoints.json`."""

    file_name = "checkpoints.json"
    list_name = "checkpoints"
    title = "Clip skip for each checkpoint"

    def read_item(self, record: Any) -> Entry:
        """See `ListFile.read_item`."""
        if not isinstance(record, dict) or set(record) != {"name", "sha256", "clip_skip"}:
            raise ValueError("a checkpoint lacks its name, sha256 or clip_skip, or has more")
        if not isinstance(record["name"], str) or not isinstance(record["sha256"], str | None):
            raise ValueError("a name or a hash is not text")
        return Entry(record["name"], record["sha256"], checked_clip_skip(record["clip_skip"]))

    def recall(self, name: str, sha256: str | None) -> int | None:
        """The value for the checkpoint of this name and hash, or None.

        A file that was renamed is known by its hash. A file under a known name, but with another hash, is another
        checkpoint. When the name or the hash is news, the entry takes it over.
        """
        with self._locked():
            entries = self._read()
            found = about_file(entries, name, sha256)
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
            found = about_file(entries, name, sha256)
            known = found.sha256 if found is not None else None
            new = Entry(name, sha256 or known, value)
            if new != found:
                self._write([entry for entry in entries if entry is not found] + [new])

    def change(self, key: str, clip_skip: Any) -> None:
        """Gives the entry with this key another value. Raises `InvalidInput`, `KeyError` when there is none."""
        value = checked_clip_skip(clip_skip)
        self._update(key, lambda entry: [replace(entry, clip_skip=value)])


def checked_clip_skip(clip_skip: Any) -> int:
    """The value, if it can be one of a checkpoint. Raises `InvalidInput`."""
    if type(clip_skip) is not int or not 1 <= clip_skip <= HIGHEST_REMEMBERED:  # `type`, as True is an int too
        allowed = Text("a whole number from 1 to {highest}", highest=HIGHEST_REMEMBERED)
        raise InvalidInput(Text("Clip skip"), clip_skip, allowed)
    return clip_skip
