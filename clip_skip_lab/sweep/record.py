"""What is known of a sweep while it runs and after it: one record per cell. This is what `sweep.json` holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import __version__
from ..language import Text
from .axes import AXIS_NAME
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
    """What became of one cell: `state` is "done", "failed" or "not run", the latter two with a `reason`.

    Attributes:
        drawn: the hash of the draw that its pictures were made from, None where no other extension changed anything.
        used: by its name in words, a hash of what its pictures were made from; empty where it is not known.
        conditioning_change: how far its positive prompt's conditioning is from that of the row's reference
            (clip_skip_lab/layers/conditioning_change.py), None where it is not known.
        made_by: which WebUI made it, with what: {"webui": its address, …}; None where the sweep's own did.
        incomparable: a sentence on why nothing may be concluded from it, None where something may.
    """

    cell: Cell
    values: dict[str, object]
    state: str = NOT_RUN
    reason: str | None = Text("not reached yet")
    seconds: float | None = None
    pictures: list[PictureRecord] = field(default_factory=list)
    drawn: str | None = None
    used: dict[str, str] = field(default_factory=dict)
    conditioning_change: float | None = None
    made_by: dict[str, str] | None = None
    incomparable: str | None = None

    def summary(self) -> dict[str, Any]:
        """What an answer says of the cell."""
        return {"values": self.values, "state": self.state, "reason": self.reason, "seconds": self.seconds}

    def to_json(self) -> dict[str, Any]:
        """The record as plain data; the cell's place stands beside its values."""
        data: dict[str, Any] = {
            "index": self.cell.index,
            "values": self.values,
            "state": self.state,
            "reason": self.reason,
        }
        data["seconds"] = None if self.seconds is None else round(self.seconds, 3)
        change = self.conditioning_change
        data["conditioning_change"] = None if change is None else float(f"{change:.6g}")
        data["pictures"] = [{**vars(picture)} for picture in self.pictures]  # `asdict` takes ten times as long
        for key in ("drawn", "used", "made_by", "incomparable"):
            if getattr(self, key):
                data[key] = getattr(self, key)
        data["measures"] = {}  # clip_skip_lab/measure fills them in
        return data


def seal_of(fingerprint: str, cell: dict[str, Any]) -> str:
    """A short hash of what `sweep.json` says of a cell's pictures, so that an entry which was edited is noticed."""
    what = [fingerprint, cell.get("values"), cell.get("state"), cell.get("pictures")]
    if cell.get("drawn") is not None:
        what.append(cell["drawn"])
    return _short_hash(what)


def draw_hash(draw: object) -> str:
    """A short hash of a draw (clip_skip_lab/sweep/draws.py), by which `sweep.json` names it."""
    return _short_hash(draw)


def _short_hash(content: object) -> str:
    text = json.dumps(finite(content), sort_keys=True, default=str, ensure_ascii=False)
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
    """All that is known of a sweep. `state` is "running", "finished", "interrupted" or "failed".

    `no_effect` is why clip skip can change nothing here, a sentence by language; None where it may, or where it
    is not known.
    """

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
    no_effect: str | dict[str, str] | None = None
    text_encoder_forwards: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    draws: dict[str, list[Any]] = field(default_factory=dict)
    """What other extensions drew, each draw by its hash (clip_skip_lab/sweep/draws.py)."""
    extends: str | None = None
    """The sweep of which it took pictures (clip_skip_lab/sweep/extend.py)."""
    program: str = f"Clip Skip Lab {__version__}"

    def to_json(self) -> dict[str, Any]:
        """The content of `sweep.json`, schema 1 (docs/sweep-folder.md)."""
        axes: list[dict[str, Any]] = [{"name": AXIS_NAME, "values": list(self.plan.clip_skip)}]
        for _, axis in self.plan.further_axes():
            axes.append({"name": axis.axis.label, "values": list(axis.values), "labels": list(axis.labels)})
        return {
            "schema": 1,
            "program": self.program,
            "id": self.id,
            **({"extends": self.extends} if self.extends else {}),
            "created": self.created,
            "state": self.state,
            "fingerprint": self.fingerprint,
            "host": self.host,
            "model": self.model,
            "plan": self.plan.to_json(),
            "setting": self.setting,
            "infotext": self.infotext,
            "axes": axes,
            "cells": [self.sealed(index) for index in range(len(self.cells))],
            **({"draws": self.draws} if self.draws else {}),
            "grids": [asdict(grid) for grid in self.grids],
            "text_encoder_forwards": self.text_encoder_forwards,
            "notes": self.notes,
            "problems": self.problems,
            **({} if self.no_effect is None else {"no_effect": self.no_effect}),
        }

    def sealed(self, index: int) -> dict[str, Any]:
        """A cell's entry with its seal."""
        cell = self.cells[index].to_json()
        return {**cell, "seal": seal_of(self.fingerprint, cell)}

    def count(self, state: str) -> int:
        """How many cells are in that state."""
        return sum(1 for cell in self.cells if cell.state == state)
