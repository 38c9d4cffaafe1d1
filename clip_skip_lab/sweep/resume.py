"""Going on with a sweep that was broken off: finding it, and telling which of its cells are sound.

What is on disk is the truth: a cell counts as done when `sweep.json` says so and every one of its pictures is there,
byte for byte as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .draws import is_draw, row_of
from .errors import InvalidInput
from .folder import PARENT, digest_of, finite, read_record
from .library import SWEEP_ID, sweep_folders
from .plan import SweepPlan
from .record import DONE, PictureRecord, draw_hash, seal_of
from .words import name_of

FIELD = "Sweep to go on with"


@dataclass(frozen=True)
class Begun:
    """A sweep that was begun: its folder, and what its `sweep.json` holds."""

    folder: Path
    content: dict

    @property
    def done(self) -> int:
        """How many of its cells were done."""
        return sum(1 for cell in self.content["cells"] if cell["state"] == DONE)

    @property
    def is_finished_draft(self) -> bool:
        """Whether there is nothing to go on with but full quality."""
        return bool(self.content["plan"].get("draft")) and self.done == len(self.content["cells"])

    def cell_names(self) -> list[str]:
        """What to call each cell, in the order of the plan."""
        return [name_of(cell["values"]) for cell in self.content["cells"]]

    def sound_cells(self, plan: SweepPlan) -> dict[int, list[PictureRecord]]:
        """The pictures of the cells that need not be run again, by the cells' index: their entries and their files are
        what a sweep wrote."""
        sound = {}
        for entry, cell in zip(self.content["cells"], plan.cells(), strict=False):
            written = {**entry, "values": plan.values_of(cell)}
            if entry["state"] != DONE or entry.get("seal") != seal_of(self.content["fingerprint"], written):
                continue
            if entry.get("drawn") is not None and self._draw(entry) is None:
                continue
            pictures = [PictureRecord(**picture) for picture in entry["pictures"]]
            if pictures and all(self._is_sound(picture) for picture in pictures):
                sound[cell.index] = pictures
        return sound

    def draws(self) -> dict[str, list]:
        """What other extensions drew for its rows, by `row_of`, as far as nobody edited it."""
        found = {}
        for entry in self.content["cells"]:
            draw = self._draw(entry)
            if draw is not None and entry.get("seal") == seal_of(self.content["fingerprint"], entry):
                found.setdefault(row_of(entry["values"]), draw)
        return found

    def _draw(self, entry: dict) -> list | None:
        """The draw that a cell's pictures were made from, or None where there is none that can be trusted."""
        draws, name = self.content.get("draws"), entry.get("drawn")
        draw = draws.get(name) if isinstance(draws, dict) and isinstance(name, str) else None
        return draw if draw is not None and draw_hash(draw) == name and is_draw(draw) else None

    def notes(self, program: str, host: dict[str, str]) -> list[str]:
        """What was noted before, with a word on the code where it is not the same: its pictures may not be either."""
        before = [*map(str, self.content.get("notes") or [])]
        then, now = (
            _code(*code) for code in ((self.content.get("program"), self.content.get("host")), (program, host))
        )
        if then == now:
            return before
        return [*before, f"It was begun with {then} and gone on with {now}: the two may not give equal pictures."]

    def _is_sound(self, picture: PictureRecord) -> bool:
        if not picture.file:
            return False
        path = (self.folder / picture.file).resolve()
        return path.is_relative_to(self.folder) and digest_of(path) == picture.sha256


def find_begun(grid_folder: str | Path, name: object) -> Begun:
    """Finds a sweep by its name, such as "2026-11-22-0a1b2c3d". Raises `InvalidInput`."""
    if not isinstance(name, str) or not SWEEP_ID.fullmatch(name):
        raise InvalidInput(FIELD, name, "the name of a sweep's folder, such as 2026-11-22-0a1b2c3d", "is no such name")
    folder = (Path(grid_folder) / PARENT / name).resolve()
    try:
        content = read_record(folder)
    except (OSError, ValueError) as error:
        problem = f"has no sweep.json that can be read in {folder.parent} ({error})"
        raise InvalidInput(FIELD, name, "a sweep that was begun with this tab", problem) from error
    if not isinstance(content, dict) or content.get("schema") != 1:
        raise InvalidInput(FIELD, name, "a sweep.json of schema 1", "is of another kind")
    if not _has_its_parts(content):
        raise InvalidInput(FIELD, name, "a sweep.json as it was written", "was changed so that it cannot be used")
    return Begun(folder, content)


def _has_its_parts(content: dict) -> bool:
    kinds = {"plan": dict, "setting": dict, "model": dict, "fingerprint": str, "cells": list}
    if not all(isinstance(content.get(key), kind) for key, kind in kinds.items()):
        return False
    kinds = {"values": dict, "state": str, "pictures": list}
    return all(
        isinstance(cell, dict) and all(isinstance(cell.get(key), kind) for key, kind in kinds.items())
        for cell in content["cells"]
    )


def next_plan(begun: Begun, full: bool | None, cells: list[int] | None) -> tuple[dict, Begun | None]:
    """What to do with a sweep that was begun: its plan, and the sweep itself where that is gone on with.

    Args:
        begun: the sweep.
        full: whether to run it, a draft, at full quality as a new sweep; None to do so with a finished draft only.
        cells: the cells to run at full quality, by their index; None or empty for all.

    Raises `InvalidInput` when it is no draft.
    """
    plan = dict(begun.content["plan"])
    if full is None:
        full = begun.is_finished_draft
    if not full:
        return plan, begun
    if not plan.get("draft"):
        raise InvalidInput(FIELD, begun.folder.name, "the name of a draft", "is no draft")
    plan["draft"] = False
    if cells:
        plan["cells"] = cells
    return plan, None


def check_same(begun: Begun, fingerprint: str, model: dict[str, str], setting: dict[str, object]) -> None:
    """Makes sure that the pictures still to come would belong to those that are there.

    Raises `InvalidInput` with what differs: the model, or settings that could not be taken over.
    """
    if begun.content["fingerprint"] == fingerprint:
        return
    then = begun.content["model"]
    if then != model:
        allowed = f"the model that it was begun with, {_model_name(then)}"
        raise InvalidInput(FIELD, begun.folder.name, allowed, f"cannot go on with {_model_name(model)}")
    names = [name for name, value in begun.content["setting"].items() if finite(setting.get(name)) != value]
    raise InvalidInput(
        FIELD,
        begun.folder.name,
        "the settings that it was begun with",
        f"cannot go on, because these differ: {', '.join(sorted(names)) or 'what its sweep.json says was changed'}",
    )


def unfinished(grid_folder: str | Path, most: int = 30) -> list[tuple[str, str]]:
    """The sweeps that can be gone on with, and drafts, newest first: name, and what to call it.

    Reads the `most` newest only.
    """
    found = []
    for folder in sweep_folders([grid_folder])[:most]:
        name = folder.name
        try:
            begun = find_begun(grid_folder, name)
            content = begun.content
            done, total = begun.done, len(content["cells"])
            kind = "draft, " if content["plan"].get("draft") else ""
        except (InvalidInput, KeyError, TypeError):
            continue
        if done < total or kind:
            prompt = str(content.get("setting", {}).get("prompt") or "")
            found.append((name, f"{name}: {kind}{done} of {total} cells, {prompt[:40]}"))
    return found


def _code(program: object, host: object) -> str:
    parts = [program, *(host.values() if isinstance(host, dict) else ())]
    return ", ".join(str(part) for part in parts if part)


def _model_name(model: dict) -> str:
    vae = f" with VAE {model['vae']}" if model.get("vae") else ""
    return f"{model.get('name')}{vae}"
