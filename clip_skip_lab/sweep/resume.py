"""Resuming a sweep that was broken off: finding it, and telling which of its cells are sound.

What is on disk is the truth: a cell counts as done when `sweep.json` says so and every one of its pictures is there,
byte for byte as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, reason_of
from ..language import Text
from .draws import is_draw, row_of
from .folder import PARENT, finite, read_record
from .library import SCHEMA_1, find_sweep, listed_folders
from .plan import SweepPlan
from .reading import digest_of, path_in
from .record import DONE, PictureRecord, draw_hash, seal_of
from .saving import FOLDERS, identity
from .schema import SCHEMA, check_schema
from .summary import name_of, one_line

RESUMED = Text("Sweep to continue")


@dataclass(frozen=True)
class EarlierSweep:
    """A sweep on disk, which can be resumed: its folder, and what its `sweep.json` holds."""

    folder: Path
    content: dict[str, Any]

    @property
    def done(self) -> int:
        """How many of its cells were done."""
        return sum(1 for cell in self.content["cells"] if cell["state"] == DONE)

    @property
    def is_draft(self) -> bool:
        """Whether it is at half size, with half the steps."""
        return bool(self.content["plan"].get("draft"))

    @property
    def is_whole(self) -> bool:
        """Whether all of its cells were done."""
        return self.done == len(self.content["cells"])

    @property
    def is_finished_draft(self) -> bool:
        """Whether nothing is left to run but its cells at full quality."""
        return self.is_draft and self.is_whole

    def cell_names(self) -> list[str]:
        """What to call each cell, in the order of the plan."""
        return [name_of(cell["values"]) for cell in self.content["cells"]]

    def sound_cells(self, plan: SweepPlan) -> dict[int, list[PictureRecord]]:
        """The pictures of the cells that need not be run again, by the cells' index: their entries and their files are
        what a sweep wrote, and no other cell has the same file."""
        sound = {}
        taken: set[object] = set()
        for entry, cell in zip(self.content["cells"], plan.cells(), strict=False):
            written = {**entry, "values": plan.values_of(cell)}
            if entry["state"] != DONE or entry.get("seal") != seal_of(self.content["fingerprint"], written):
                continue
            if entry.get("drawn") is not None and self._draw(entry) is None:
                continue
            pictures = [PictureRecord(**picture) for picture in entry["pictures"]]
            files = [self._sound_file(picture) for picture in pictures]
            if not files or None in files or taken & {*files} or len({*files}) < len(files):
                continue
            taken |= {*files}
            sound[cell.index] = pictures
        return sound

    def draws(self) -> dict[str, list[Any]]:
        """What other extensions drew for its rows, by `row_of`, as far as nobody edited it."""
        found: dict[str, list[Any]] = {}
        for entry in self.content["cells"]:
            draw = self._draw(entry)
            if draw is not None and entry.get("seal") == seal_of(self.content["fingerprint"], entry):
                found.setdefault(row_of(entry["values"]), draw)
        return found

    def _draw(self, entry: dict[str, Any]) -> list[Any] | None:
        """The draw that a cell's pictures were made from, or None where there is none that can be trusted."""
        draws, name = self.content.get("draws"), entry.get("drawn")
        draw = draws.get(name) if isinstance(draws, dict) and isinstance(name, str) else None
        return draw if draw is not None and draw_hash(draw) == name and is_draw(draw) else None

    def notes(self, program: str, host: dict[str, str]) -> list[str]:
        """What was noted before, with a word on the code where it is not the same: its pictures may not be either."""
        before = [*map(str, self.content.get("notes") or [])]
        then, now = self.code, code_of(program, host)
        if then == now:
            return before
        return [
            *before,
            Text(
                "It was started with {then} and continued with {now}; their images may differ.",
                then=then,
                now=now,
            ),
        ]

    @property
    def code(self) -> str:
        """What its pictures were made with."""
        return code_of(self.content.get("program"), self.content.get("host"))

    def _sound_file(self, picture: PictureRecord) -> object | None:
        """What tells the picture's file from every other, or None where it is not as it was written."""
        try:
            path = path_in(self.folder, picture.file or "")
            return identity(path) if picture.sha256 and digest_of(path) == picture.sha256 else None
        except (OSError, ValueError):
            return None


def find_earlier(grid_folder: str | Path, name: object, field: Text = RESUMED) -> EarlierSweep:
    """Finds a sweep by its name, such as "2026-11-22-0a1b2c3d".

    Its content has the shape that a sweep writes (`check_schema`), and what would be written stays in its folder.

    Raises `InvalidInput` for this field.
    """
    allowed = Text("a sweep started in this tab")
    try:
        folder = find_sweep([grid_folder], name)
    except InvalidInput as error:
        raise InvalidInput(field, name, error.allowed, error.problem) from error
    except FileNotFoundError as error:
        problem = Text("is not in {where}", where=Path(grid_folder) / PARENT)
        raise InvalidInput(field, name, allowed, problem) from error
    try:
        content = read_record(folder)
    except (OSError, ValueError) as error:
        problem = Text("has no readable sweep.json in {where} ({reason})", where=folder.parent, reason=reason_of(error))
        raise InvalidInput(field, name, allowed, problem) from error
    if content.get("schema") != SCHEMA:
        raise InvalidInput(field, name, SCHEMA_1, Text("is of another type"))
    try:
        check_schema(content)
    except ValueError as error:
        problem = Text("was edited and can no longer be used ({reason})", reason=error)
        raise InvalidInput(field, name, Text("a sweep.json that was not edited"), problem) from error
    for part in FOLDERS:
        if (folder / part).is_symlink():
            problem = Text('has a link in place of its folder "{part}"', part=part)
            raise InvalidInput(field, name, Text("the folder as the sweep wrote it"), problem)
    return EarlierSweep(folder, content)


@dataclass(frozen=True)
class NextRun:
    """What to run after an earlier sweep: the request for its plan, and the sweep where it is resumed, None where a new
    one starts."""

    request: dict[str, Any]
    earlier: EarlierSweep | None


def next_run(earlier: EarlierSweep, full: bool | None, cells: list[Any] | None) -> NextRun:
    """What to run after a sweep: what it lacks, or the cells of a draft at full quality.

    Args:
        earlier: the sweep.
        full: whether to run it, a draft, at full quality as a new sweep; None to do so with a finished draft only.
        cells: the cells to run at full quality, by their index; None or empty for all.

    Raises `InvalidInput` when it is no draft.
    """
    request = dict(earlier.content["plan"])
    if full is None:
        full = earlier.is_finished_draft
    if not full:
        return NextRun(request, earlier)
    if not request.get("draft"):
        raise InvalidInput(RESUMED, earlier.folder.name, Text("the name of a draft"), Text("is not a draft"))
    request["draft"] = False
    if cells:
        request["cells"] = _of_whole_plan(request.get("cells"), cells)
    return NextRun(request, None)


def _of_whole_plan(chosen: object, cells: list[Any]) -> list[Any]:
    """The places in the whole plan of cells that were counted within a sweep of some of them (`chosen`)."""
    if not isinstance(chosen, list):
        return cells
    known = all(type(number) is int and 0 <= number < len(chosen) for number in cells)
    if not known:
        allowed = Text("whole numbers from 0 to {last}", last=len(chosen) - 1)
        raise InvalidInput("cells", cells, allowed, Text("are not cells of the draft"))
    return [chosen[number] for number in cells]


def check_same(
    earlier: EarlierSweep,
    fingerprint: str,
    model: dict[str, str],
    setting: dict[str, object],
    field: Text = RESUMED,
) -> None:
    """Makes sure that the pictures still to come would belong to those that are there.

    Args:
        earlier: the sweep that has these.
        fingerprint: of its plan with this model and this setting.
        model, setting: the session's, as they are now.
        field: for the error.

    Raises `InvalidInput` with what differs: the model, or settings that cannot be restored.
    """
    if earlier.content["fingerprint"] == fingerprint:
        return
    name, then = earlier.folder.name, earlier.content["model"]
    if then != model:
        allowed = Text("the model it was started with, {model}", model=_model_name(then))
        raise InvalidInput(
            field,
            name,
            allowed,
            Text("was not started with {model}, the model that is loaded now", model=_model_name(model)),
        )
    before, now = earlier.content["setting"], {key: finite(value) for key, value in setting.items()}
    differing = [key for key in {*before, *now} if key not in before or key not in now or before[key] != now[key]]
    names = ", ".join(sorted(differing)) or Text("its sweep.json was edited")
    problem = Text("cannot be used, because these settings differ: {names}", names=names)
    raise InvalidInput(field, name, Text("the settings it was started with"), problem)


Offered = list[tuple[str, Text]]
"""Sweeps for a list: name, and what to call it."""


def offered(grid_folder: str | Path, most: int = 30) -> tuple[Offered, Offered]:
    """Of the `most` newest sweeps, newest first, those to continue (they lack cells, or are drafts), and those to
    extend (they are whole)."""
    unfinished: Offered = []
    finished: Offered = []
    for folder in listed_folders([grid_folder], most):
        try:
            earlier = find_earlier(grid_folder, folder.name)
        except InvalidInput:
            continue  # no sweep of ours, or one that was changed: it can be neither
        kind = finished if earlier.is_whole and not earlier.is_draft else unfinished
        kind.append((folder.name, label_of(earlier)))
    return unfinished, finished


def label_of(earlier: EarlierSweep) -> Text:
    """What to call a sweep in a list."""
    parts = {
        "name": earlier.folder.name,
        "done": earlier.done,
        "count": len(earlier.content["cells"]),
        "prompt": one_line(earlier.content["setting"].get("prompt") or "", 40),
    }
    if earlier.is_draft:
        return Text("{name}: draft, {done} of {count} cells, {prompt}", **parts)
    return Text("{name}: {done} of {count} cells, {prompt}", **parts)


def code_of(program: object, host: object) -> str:
    """What pictures are made with, in words: this program, the WebUI, its torch and its device."""
    parts = [program, *(host.values() if isinstance(host, dict) else ())]
    return ", ".join(str(part) for part in parts if part)


def _model_name(model: dict[str, str]) -> str:
    name = str(model.get("name"))
    return Text("{name} with VAE {vae}", name=name, vae=model["vae"]) if model.get("vae") else name
