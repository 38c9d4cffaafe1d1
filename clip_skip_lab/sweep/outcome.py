"""What a running sweep has given so far, and `sweep.json` for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import reason_of
from ..language import Text
from .folder import add_to_journal, write_record
from .reading import open_picture
from .record import PictureRecord, SweepRecord
from .saving import OwnFiles

log = logging.getLogger("clip_skip_lab")

QUICKLY_WRITTEN = 500
"""Cells; a `sweep.json` with more is not written anew with each batch, which takes the square of their number."""

PAUSE = 20
"""How many times as long as writing it took it is left alone afterwards, while the journal takes its place."""


@dataclass
class SavedPicture:
    """A finished picture as the gallery needs it: its file, or itself when it could not be saved."""

    record: PictureRecord
    path: Path | None
    image: Image.Image | None
    cell: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.record.width, self.record.height

    def open(self) -> AbstractContextManager[Image.Image]:
        """The picture from memory or from its file, for a `with`. Raises `OSError` where it cannot be read back."""
        if self.image is not None:
            return nullcontext(self.image)
        assert self.path is not None, "what is not in memory has a file"
        return open_picture(self.path)


@dataclass
class Outcome:
    """What a sweep gave.

    Attributes:
        record: all that is known of it.
        folder: of the sweep.
        grids: the pages of the grid with their files.
        pictures: in the order of the plan, once the sweep has ended.
        files: the pictures' files.
        reused: how many of its cells were there already, and were not run.
        short_names: why pictures have names of our own, each reason as a note says it already.
        measured: the content of `sweep.json` with the measures in it, once they are there.
    """

    record: SweepRecord
    folder: Path
    grids: list[tuple[Image.Image, Path | None]] = field(default_factory=list)
    pictures: list[SavedPicture] = field(default_factory=list)
    files: OwnFiles = field(default_factory=OwnFiles)
    reused: int = 0
    short_names: set[str] = field(default_factory=set)
    measured: dict[str, Any] | None = None
    _due: float = 0.0
    """When `sweep.json` is to be written anew, by the monotonic clock."""

    def add_problem(self, sentence: str) -> None:
        """Says that something is lost, once."""
        log.error("Clip skip sweep: %s", sentence)
        if sentence not in self.record.problems:
            self.record.problems.append(sentence)

    def write_first(self) -> None:
        """Writes `sweep.json`. Raises `OSError`."""
        began = time.monotonic()
        write_record(self.folder, self.to_json())
        now = time.monotonic()
        self._due = now + PAUSE * (now - began)

    def write(self) -> None:
        """Writes `sweep.json`. That it cannot be written is a problem, and the sweep goes on."""
        try:
            self.write_first()
        except OSError as error:
            self.add_problem(Text("sweep.json could not be written ({reason}).", reason=reason_of(error)))

    def write_cells(self, cells: Iterable[int]) -> None:
        """Writes down what became of these cells, so that it outlasts the program: `sweep.json` or, in a large sweep
        where that was written a moment ago, lines of the journal."""
        if len(self.record.cells) <= QUICKLY_WRITTEN or time.monotonic() >= self._due:
            self.write()
            return
        try:
            add_to_journal(self.folder, [self.record.sealed(index) for index in cells], self.record.draws)
        except OSError as error:
            self.add_problem(Text("sweep.json could not be written ({reason}).", reason=reason_of(error)))

    def to_json(self) -> dict[str, Any]:
        """The content of `sweep.json`, with the measures that there are."""
        content = self.record.to_json()
        if self.measured is not None:
            for cell, measured in zip(content["cells"], self.measured["cells"], strict=True):
                cell["measures"] = measured["measures"]
            content = {**self.measured, **content}
        return content
