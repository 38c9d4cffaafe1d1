"""A session that keeps its pictures in memory and needs no host."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, PngImagePlugin

from clip_skip_lab.page.files import write_text
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.cells import run_cells
from clip_skip_lab.sweep.grid import Limits, Style, sheet_size
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.saving import save_as_png
from clip_skip_lab.sweep.session import Picture, Sampled

CFG = Axis("CFG Scale", "float", show=lambda value: f"CFG Scale: {value}")
CHECKPOINT = Axis("Checkpoint", cost=1.0)
HOST = {"name": "memory", "version": "1"}
SIZE = (48, 40)


def plan_of(skips="1-3", y=None, z=None, axes=(CFG, CHECKPOINT), **more):
    """A plan; `y` and `z` are an axis' name with its values, `more` are other keys of a plan."""
    further = {letter: {"axis": pair[0], "values": pair[1]} for letter, pair in (("y", y), ("z", z)) if pair}
    return read_plan({"clip_skip": skips, **further, **more}, list(axes), 12)


class MemoryFile:
    """A picture's file: named at once, written when it is asked for."""

    def __init__(self, session, picture, folder):
        self.session = session
        self.picture = picture
        self.is_awaited, self.is_there = session.is_awaited, False
        self.path = None if session.save_error else session.path_of(picture, folder)

    def write(self):
        if self.session.save_error is not None:
            raise self.session.save_error
        path = self.session.write(self.picture, self.path)
        self.session.events.append(("saved", path.name))
        return path

    def write_plainly(self, path):
        self.session.save_plainly(self.picture.image, path, self.picture.infotext)

    def tell(self):
        self.session.events.append(("told", self.path.name, threading.current_thread()))


@dataclass
class MemorySession:
    """A session whose pictures are of one colour each: red is the clip skip, green the place within the cell.

    Unlike a host it needs no time and no model. `events` is what happened, in order.
    """

    grid_folder: str
    per_cell: int = 1
    fails: dict[int, Exception] = field(default_factory=dict)
    """By clip skip: what sampling raises, after the first picture where a cell has several."""
    interrupt_at: int | None = None
    skip_at: int | None = None
    save_error: Exception | None = None
    plain_error: Exception | None = None
    """What saving under a short name raises."""
    saves_as: str | None = None
    """The one name that all pictures get by the host's rules, of a file that is replaced."""
    grid_error: Exception | None = None
    infotext_error: BaseException | None = None
    elsewhere: Path | None = None
    """Where an extension's save callback puts the pictures instead."""
    cells_at_once: int = 1
    room_for: int = 1_000
    """How many cells fit into the memory at once."""
    is_awaited: bool = False
    """Whether an extension wants to know of each file."""
    grid_format: str = "png"
    sampled_elsewhere: bool = False

    def __post_init__(self):
        self.text_encoder_forwards = 0
        self.no_effect = None
        self.comments: list[str] = []
        self.notes: list[str] = []
        self.style = Style()
        self.limits = Limits()
        self.cell_size = sheet_size(SIZE, self.per_cell)
        self.previews: list[Image.Image] = []
        self.model = {"name": "tiny", "hash": "abc", "vae": ""}
        self.setting = {"seed": 7, "s_tmax": float("inf")}
        self.events: list[tuple] = []
        self.interrupted = False

    def setting_of(self, plan):
        return self.setting

    def rows(self, plan):
        """CFG 7 and no CFG are the same; what is "hidden" is not known."""
        found = {}
        for cell in plan.cells():
            values = {axis.axis.label: axis.values[getattr(cell, letter)] for letter, axis in plan.further_axes()}
            if "hidden" not in values.values():
                found[cell.y, cell.z] = frozenset(item for item in values.items() if item != ("CFG Scale", 7))
        return found

    def run_cells(self, record, finishing):
        run_cells(record, self, finishing)

    def stopped(self):
        return "interrupted" if self.interrupted else None

    def starting(self, over, total, cells):
        self.events.append(("starting", over, *(cell.index for cell in cells)))

    def sample(self, cells, keep):
        if len(cells) > self.room_for:
            raise MemoryError("CUDA out of memory")
        if len(cells) > 1 and any(cell.clip_skip in self.fails for cell in cells):
            raise next(error for skip, error in self.fails.items())
        sampled = Sampled([])
        for cell in cells:
            self._sample_one(cell, keep, sampled)
        return sampled

    def _sample_one(self, cell, keep, sampled):
        skip = cell.clip_skip
        wanted = self.per_cell
        if skip in (self.interrupt_at, self.skip_at):
            wanted -= 1
        if skip in self.fails:
            wanted = min(1, self.per_cell - 1)
        for place in range(wanted):
            image = Image.new("RGB", SIZE, (skip * 20, place * 40, 255))
            picture = Picture(cell, place, image, f"cat\nClip skip: {skip}", 7 + place, 3, "cat")
            sampled.pictures.append(picture)
            keep(picture)
        if skip in self.fails:
            raise self.fails[skip]
        if skip == self.interrupt_at:
            self.interrupted = True
            sampled.missing[cell.index] = "interrupted"
        if skip == self.skip_at:
            sampled.missing[cell.index] = "skipped"

    def recovers_memory(self, error):
        return isinstance(error, MemoryError)

    def name_picture(self, picture, folder):
        self.events.append(("named", picture.cell.index, picture.place))
        return MemoryFile(self, picture, self.elsewhere or folder)

    def path_of(self, picture, folder):
        """The name of a picture, by number; an empty file keeps it."""
        number = max((int(path.name[:5]) + 1 for path in folder.glob("[0-9][0-9][0-9][0-9][0-9]-*")), default=0)
        path = folder / (self.saves_as or f"{number:05}-{picture.seed}.png")
        path.touch()
        return path

    def write(self, picture, path):
        """Writes a picture's file; returns where it is."""
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", picture.infotext)
        picture.image.save(path, pnginfo=info)
        return path

    def show(self, preview):
        self.previews.append(preview.picture({}))

    def save_plainly(self, image, path, infotext):
        if self.plain_error is not None:
            raise self.plain_error
        save_as_png(image, path, infotext)

    def save_grid(self, image, folder, name, infotext):
        if self.grid_error is not None:
            raise self.grid_error
        path = folder / f"{name}.png"
        image.save(path)
        return path

    def grid_infotext(self):
        if self.infotext_error is not None:
            raise self.infotext_error
        return "cat\nScript: Clip skip sweep"

    def explain(self, error):
        return f"{type(error).__name__}: {error}"


def colours(image):
    return {colour for _, colour in image.getcolors(maxcolors=image.width * image.height)}


def states(outcome):
    return [cell.state for cell in outcome.record.cells]


def ran(session):
    return [event[2] for event in session.events if event[0] == "starting"]


def filled(monkeypatch, after):
    """The disk is full after that many writings of the record."""
    numbers = itertools.count()

    def write(path, text):
        if next(numbers) >= after:
            raise OSError(28, "No space left on device")
        write_text(path, text)

    monkeypatch.setattr("clip_skip_lab.sweep.folder.write_text", write)
