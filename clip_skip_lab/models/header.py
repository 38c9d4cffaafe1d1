"""The header of a .safetensors file, read so that no file holds up the WebUI. Knows no host.

The `safetensors` library parses a header in one go, in which no other thread runs: five seconds for 32 MB of a million
keys. Here each key is a step of its own, there is an end to them, and of the tensors nothing is kept.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # which the stubs lack
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

from ..sweep.reading import open_plain

HEADER_BYTES = 32 * 1024 * 1024
"""The longest header that is read, in bytes. The longest ones seen, with tags and a thumbnail, are a few MiB."""

LONGEST_VALUE = 1_000
"""Letters of an entry that is kept: what says how a model was trained is short, tags and thumbnails are not."""

MOST_KEYS = 100_000
"""Of a header; the largest models have some ten thousand."""

LONGEST_TENSOR = 2_000
"""Letters of one tensor's entry: its type, its shape and where it lies."""

BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2}
BYTES |= {"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
"""Of one number, by the tensor's type. There are newer types, which are taken as they are."""

TEXT_ENCODERS = {
    "SD1": "cond_stage_model.transformer.",
    "SD2": "cond_stage_model.model.transformer.",
    "SDXL": "conditioner.embedders.1.model.",
}
"""How the names of tensors begin that only checkpoints of this family have. SDXL's refiner has none of them."""

_SPACE = re.compile(r"[ \t\n\r]*")


class BadHeader(ValueError):
    """What is wrong with a file, as the rest of a sentence that begins with the file's name."""


def read_metadata(path: Path) -> dict[str, str]:
    """What a .safetensors file says of itself: the short texts of its `__metadata__`.

    Raises `OSError`, and `BadHeader` for a file that isn't whole or isn't one.
    """
    return _read(path).metadata


def family_of(filename: str) -> str:
    """The family of a checkpoint by the names of its text encoders: "SD1", "SD2" or "SDXL"; "" where they don't tell,
    or the file cannot be read."""
    path = Path(filename)
    if path.suffix.lower() != ".safetensors":
        return ""
    try:
        found = _read(path).families
    except (OSError, BadHeader):
        return ""
    return found.pop() if len(found) == 1 else ""


def _read(path: Path) -> _Header:
    with open_plain(path, sys.maxsize, follow=True) as file:
        size = file.seek(0, 2) - 8
        file.seek(0)
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size:
            raise BadHeader("is shorter than its header says; the download may be incomplete")
        if length > HEADER_BYTES:
            raise BadHeader(f"has a header of {length:,} bytes; at most {HEADER_BYTES:,} are read")
        header = file.read(length)
    try:
        read = _Header(header.decode("utf-8"), size - length)
        read.go_through()
    except (ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
        raise BadHeader(f"has a header that is not that of a .safetensors file ({why})") from error
    return read


class _Header:
    """Goes through the text of a header, from `at` on; then `metadata` and `families` are there."""

    def __init__(self, text: str, data_bytes: int):
        self.text = text
        self.data_bytes = data_bytes
        self.at = 0
        self.keys = 0
        self.metadata: dict[str, str] = {}
        self.families: set[str] = set()

    def go_through(self) -> None:
        """Raises `ValueError` for what is no header of a whole file."""
        for name in self._members():
            if name != "__metadata__":
                self.families |= {family for family, start in TEXT_ENCODERS.items() if name.startswith(start)}
                self._tensor()
                continue
            for key in self._members():
                value = self._string()
                if len(key) + len(value) <= LONGEST_VALUE:
                    value.encode()  # half of a pair of surrogates is no text
                    self.metadata[key] = value
        self._skip()
        if self.at < len(self.text):
            raise ValueError(f"there is more after it, at {self.at}")

    def _members(self) -> Iterator[str]:
        """The keys of the object that begins here; whoever asks for the next has gone past the value."""
        self._expect("{")
        if self._took("}"):
            return
        while True:
            key = self._string()
            self.keys += 1
            if self.keys > MOST_KEYS:
                raise ValueError(f"it has more than {MOST_KEYS:,} keys")
            self._expect(":")
            yield key
            if self._took("}"):
                return
            self._expect(",")

    def _string(self) -> str:
        self._expect('"')
        value: str
        value, self.at = scanstring(self.text, self.at)
        return value

    def _tensor(self) -> None:
        self._skip()
        end = self.text.find("}", self.at, self.at + LONGEST_TENSOR) + 1
        entry = json.loads(self.text[self.at : end]) if end else None
        if not isinstance(entry, dict) or not self._is_whole(entry):
            raise ValueError(f"at {self.at} is no tensor that lies in the file")
        self.at = end

    def _is_whole(self, entry: dict[str, Any]) -> bool:
        kind, shape, place = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
        if not isinstance(kind, str) or not _are_whole(shape) or not _are_whole(place) or len(place) != 2:
            return False
        length = place[1] - place[0]
        fits = kind not in BYTES or prod(shape) * BYTES[kind] == length
        return fits and length >= 0 and place[1] <= self.data_bytes

    def _expect(self, letter: str) -> None:
        if not self._took(letter):
            raise ValueError(f"{letter} is missing at {self.at}")

    def _took(self, letter: str) -> bool:
        self._skip()
        there = self.text.startswith(letter, self.at)
        self.at += there
        return there

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None, "no space is a match too"
        self.at = space.end()


def _are_whole(numbers: object) -> TypeGuard[list[int]]:
    return isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)
