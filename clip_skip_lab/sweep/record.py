"""What is known of a sweep while it runs and after it: one record per cell. This is what `sweep.json` holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from .. import __version__
from .folder import finite
from .plan import Cell, SweepPlan

DONE, FAILED, NOT_RUN = "done", "failed", "not run"


@dataclass
class PictureRecord:
    """One picture of a cell.

    Attributes:
        file: its path in the sweep's folder, or None when it could not be saved.
        seed, subseed: of this picture.
        width, height: in pixels.
        infotext: the host's own metadata for this picture.
        sha256: of the file as it was written, or None when it could not be saved.
        small: the path of its reduced copy in the sweep's folder, or None.
    """

    file: str | None
    seed: int
    subseed: int
    width: int
    height: int
    infotext: str
    sha256: str | None = None
    small: str | None = None


@dataclass
class CellRecord:
    """What became of one cell: `state` is "done", "failed" or "not run", the latter two with a `reason`."""

    cell: Cell
    values: dict[str, object]
    state: str = NOT_RUN
    reason: str | None = "not reached yet"
    seconds: float | None = None
    pictures: list[PictureRecord] = field(default_factory=list)

    def summary(self) -> dict:
        """What an answer says of the cell."""
        return {"values": self.values, "state": self.state, "reason": self.reason, "seconds": self.seconds}

    def to_json(self) -> dict:
        """The record as plain data; the cell's place stands beside its values."""
        data = {"index": self.cell.index, "values": self.values, "state": self.state, "reason": self.reason}
        data["seconds"] = None if self.seconds is None else round(self.seconds, 3)
        data["pictures"] = [asdict(picture) for picture in self.pictures]
        data["measures"] = {}  # clip_skip_lab/measure fills them in
        return data


def seal_of(fingerprint: str, cell: dict) -> str:
    """A short hash of what `sweep.json` says of a cell's pictures, so that an entry which was edited is noticed."""
    what = finite([fingerprint, cell.get("values"), cell.get("state"), cell.get("pictures")])
    text = json.dumps(what, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]


@dataclass
class GridRecord:
    """One grid picture: its file, its size in pixels, and how much its cells were reduced (1 is not at all)."""

    file: str | None
    width: int
    height: int
    scale: float


@dataclass
class SweepRecord:
    """All that is known of a sweep. `state` is "running", "finished", "interrupted" or "failed"."""

    plan: SweepPlan
    id: str
    created: str
    fingerprint: str
    host: dict[str, str]
    model: dict[str, str]
    setting: dict[str, object]
    cells: list[CellRecord]
    state: str = "running"
    infotext: str = ""
    grids: list[GridRecord] = field(default_factory=list)
    text_encoder_forwards: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    program: str = f"Clip Skip Lab {__version__}"

    def to_json(self) -> dict:
        """The content of `sweep.json`, schema 1 (docs/sweep-folder.md)."""
        cells = [cell.to_json() for cell in self.cells]
        for cell in cells:
            cell["seal"] = seal_of(self.fingerprint, cell)
        axes = [{"name": "Clip skip", "values": list(self.plan.clip_skip)}]
        for _, axis in self.plan.further_axes():
            axes.append({"name": axis.axis.label, "values": list(axis.values), "labels": list(axis.labels)})
        return {
            "schema": 1,
            "program": self.program,
            "id": self.id,
            "created": self.created,
            "state": self.state,
            "fingerprint": self.fingerprint,
            "host": self.host,
            "model": self.model,
            "plan": self.plan.to_json(),
            "setting": self.setting,
            "infotext": self.infotext,
            "axes": axes,
            "cells": cells,
            "grids": [asdict(grid) for grid in self.grids],
            "text_encoder_forwards": self.text_encoder_forwards,
            "notes": self.notes,
            "problems": self.problems,
        }

    def count(self, state: str) -> int:
        """How many cells are in that state."""
        return sum(1 for cell in self.cells if cell.state == state)
