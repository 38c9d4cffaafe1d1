"""WebUIs in memory for a run over many: each gives pictures of one colour, and does what a test wants of it."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, field, replace

from PIL import Image, PngImagePlugin

from clip_skip_lab.language import Text
from clip_skip_lab.many.answers import NoAnswer
from clip_skip_lab.many.exchange import Address, AxisTold, Described, Given, GivenCell, GivenPicture, Gone, Job
from clip_skip_lab.many.session import plan_told
from clip_skip_lab.sweep.draws import row_of

SIZE = (48, 40)
JOB = Job("txt2img", {"prompt": "cat", "seed": 7}, {"clip_skip": "1-12"})


def described(skips=12, cfg=(5.0, 7.0), **changes):
    """What a WebUI says of a sweep of so many clip skips, with a second axis."""
    values = tuple(cfg)
    axis = AxisTold("CFG Scale", values, tuple(f"CFG Scale: {value}" for value in values))
    plan = {"clip_skip": [*range(1, skips + 1)], "mode": "exact", "measures": False}
    told = Described(
        plan={**plan, "y": {"axis": "CFG Scale", "values": [*values]}} if values else plan,
        axes={"y": axis} if values else {},
        about={"name": "fake", "version": "1", "torch": "2", "device": "cpu"},
        program="Clip Skip Lab 0.1.0",
        model={"name": "tiny", "hash": "abc", "vae": ""},
        setting={"seed": 7, "prompt": "cat"},
        fingerprint="f",
        cell_size=SIZE,
    )
    return replace(told, **changes)


def picture(skip, row):
    """The bytes of a picture: red is the clip skip, green the row."""
    file, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("parameters", f"cat\nClip skip: {skip}")
    Image.new("RGB", SIZE, (skip * 20, row * 40, 255)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


@dataclass
class FakeWebUI:
    """See `WebUI`.

    Attributes:
        told: what it says of a job.
        fails: by index of a cell, what a task with it raises, once; an exception in a list is raised each time.
        change: what becomes of each cell before it is given.
        before: called before each task.
        ran: the cells of each task.
    """

    url: str
    told: Described = field(default_factory=described)
    fails: dict = field(default_factory=dict)
    change: object = None
    before: object = None
    is_gone: bool = False

    def __post_init__(self):
        self.address = Address(self.url)
        self.ran = []
        self.interrupted = threading.Event()

    def describe(self, job):
        if self.is_gone:
            raise NoAnswer(self.url, Text("is not there"))
        return self.told

    def cells(self, task):
        self.ran.append(task.cells)
        if self.before:
            self.before(task)
        for index in task.cells:
            error = self.fails.get(index)
            if isinstance(error, list):
                raise error[0]
            if error is not None:
                del self.fails[index]
                raise error
        if self.is_gone:
            raise Gone(f"{self.url} is not there any more.")
        plan = plan_told(task.described)
        given = []
        for index in task.cells:
            cell = plan.cells()[index]
            draw = task.draws.get(row_of(plan.values_of(cell)))
            shown = GivenPicture(
                0, picture(cell.clip_skip, cell.y), "png", f"cat\nClip skip: {cell.clip_skip}", 7, 3, "cat"
            )
            made = GivenCell(index, "done", None, 0.1, [shown], draw=draw, conditioning_change=0.5)
            given.append(self.change(made) or made if self.change else made)
        return Given(given, self.told.fingerprint, "grid", text_encoder_forwards=1)

    def interrupt(self):
        self.interrupted.set()


class Seen:
    """A `Watch` that keeps what it is told."""

    def __init__(self):
        self.events = []

    def __getattr__(self, name):
        return lambda *told: self.events.append((name, *told))

    def all(self, name):
        """What it was told of this kind."""
        return [told for kind, *told in self.events if kind == name]
