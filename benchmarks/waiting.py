"""WebUIs that only wait, for `python -m benchmarks.many`: speeds, prices and failures are drawn at random.

Each speaks the protocol `WebUI` of clip_skip_lab/many. A picture is the bytes of a PNG as a WebUI writes it, metadata
included, and comes out of JSON as it does over HTTP: the coordinator has all its work with it but the socket's.
"""

from __future__ import annotations

import base64
import io
import json
import math
import random
import struct
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from clip_skip_lab.language import Text
from clip_skip_lab.many.exchange import Address, AxisTold, Described, Given, GivenCell, GivenPicture, Gone, Job, Task

CLIP_SKIPS = 12
STRENGTHS = 5
CHECKPOINTS = 4
DIFFERENT = 8
"""Pictures that are made ahead; each cell's gets metadata of its own."""


@dataclass(frozen=True)
class World:
    """What is drawn, and by what; times in seconds, as a WebUI with a card would take them.

    Attributes:
        webuis: how many there are.
        rows: values of the second axis, which costs nothing to change; with 12 of clip skip and 4 checkpoints, 48
            cells each.
        side: of a picture, in pixels.
        scale: how much faster all is than told.
        cell: what a cell takes on a WebUI of speed 1; log-normal around it.
        cell_spread: the standard deviation of its logarithm.
        speed_spread: that of the logarithm of a WebUI's speed, which is log-normal around 1.
        load: what another checkpoint takes; log-normal with `cell_spread`.
        request: what a task takes beside its cells.
        mortality: the share of tasks in the middle of which the WebUI vanishes.
        away: for how long it is gone then; infinite for ever.
        killed: how many WebUIs vanish for ever once half of the cells are made.
        seed: of all that is drawn.
    """

    webuis: int
    rows: int = 209
    side: int = 64
    scale: float = 10.0
    cell: float = 5.0
    cell_spread: float = 0.1
    speed_spread: float = 0.3
    load: float = 8.0
    request: float = 0.05
    mortality: float = 0.0
    away: float = 60.0
    killed: int = 0
    seed: int = 1

    @property
    def cells(self) -> int:
        """How many cells the sweep has."""
        return CLIP_SKIPS * self.rows * CHECKPOINTS

    def price(self, index: int) -> float:
        """Seconds for a cell on a WebUI of speed 1."""
        return self.cell * math.exp(random.Random(f"{self.seed} cell {index}").gauss(0, self.cell_spread))

    def speed(self, number: int) -> float:
        """Of a WebUI."""
        return math.exp(random.Random(f"{self.seed} speed {number}").gauss(0, self.speed_spread))

    def ideal(self) -> float:
        """Seconds, scaled, that cannot be fallen short of: all work, shared so that all end at once. Without loads,
        requests and failures."""
        work = sum(map(self.price, range(self.cells)))
        return work / sum(map(self.speed, range(self.webuis))) / self.scale

    def least_loads(self) -> int:
        """How many checkpoints have to be loaded if all WebUIs work all the time: each begins with the first one, and
        a checkpoint's cells are more than the share of a WebUI, or fewer."""
        return max(CHECKPOINTS - 1, self.webuis - math.ceil(self.webuis / CHECKPOINTS))


@dataclass
class Told:
    """What the WebUIs noted, all together.

    Attributes:
        generated: how often each cell was generated whole.
        lost: of each failure, the cells that its task had, and the seconds (unscaled) that went into it.
        loads: of checkpoints.
        seconds: in which WebUIs waited for cells and loads, scaled.
        bytes: of pictures that were given, as they are in files.
        over: how many cells were given.
        first, last: when the first task began and the last one ended, by the monotonic clock.
    """

    generated: Counter[int] = field(default_factory=Counter)
    lost: list[tuple[int, float]] = field(default_factory=list)
    loads: int = 0
    seconds: float = 0.0
    bytes: int = 0
    over: int = 0
    first: float = math.inf
    last: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def noisy_png(side: int, seed: int) -> bytes:
    """A PNG as long as a photograph's: patches of colour with a fine grain."""
    drawn = np.random.default_rng(seed)
    patches = Image.fromarray(drawn.integers(0, 255, (16, 16, 3), dtype=np.uint8)).resize((side, side), Image.BICUBIC)
    grained = np.asarray(patches).astype(float) + drawn.normal(0, 4, (side, side, 3))
    file = io.BytesIO()
    Image.fromarray(grained.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def with_infotext(png: bytes, infotext: str) -> bytes:
    """The PNG with an infotext in it, without encoding it anew: a chunk after the header."""
    content = b"tEXt" + b"parameters\0" + infotext.encode("latin-1")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:33] + chunk + png[33:]


class WaitingWebUI:
    """A WebUI that only waits. See `WebUI`."""

    def __init__(self, world: World, number: int, told: Told, pictures: list[bytes]):
        self.address = Address(f"http://webui-{number}:7860")
        self._world = world
        self._speed = world.speed(number)
        self._drawn = random.Random(f"{world.seed} fate {number}")
        self._dies_for_good = number < world.killed
        self._told = told
        self._pictures = pictures
        self._checkpoint = 0
        self._gone_until = 0.0

    def describe(self, job: Job) -> Described:
        """See `WebUI.describe`."""
        self._be_there()
        world = self._world
        strengths, checkpoints = (
            tuple(float(number) for number in range(world.rows)),
            tuple(f"checkpoint-{number}" for number in range(CHECKPOINTS)),
        )
        return Described(
            plan={
                "clip_skip": f"1-{CLIP_SKIPS}",
                "y": {"axis": "CFG Scale", "values": [*strengths]},
                "z": {"axis": "Checkpoint name", "values": [*checkpoints]},
                "measures": False,
            },
            axes={
                "y": AxisTold("CFG Scale", strengths, tuple(map(str, strengths))),
                "z": AxisTold("Checkpoint name", checkpoints, checkpoints, cost=1.0),
            },
            about={"name": "simulated", "version": "1", "torch": "2", "device": "a card"},
            program="Clip Skip Lab",
            model={"name": "checkpoint-0", "hash": "0123456789", "vae": ""},
            setting={"seed": 1, "prompt": PROMPT},
            fingerprint="simulated",
            cell_size=(world.side, world.side),
        )

    def cells(self, task: Task) -> Given:
        """See `WebUI.cells`."""
        self._be_there()
        world, began = self._world, time.monotonic()
        seconds, loads = world.request, 0
        for index in task.cells:
            checkpoint = index // (CLIP_SKIPS * world.rows)
            if checkpoint != self._checkpoint:
                self._checkpoint, loads = checkpoint, loads + 1
                seconds += world.load * math.exp(self._drawn.gauss(0, world.cell_spread))
            seconds += world.price(index) / self._speed
        dies = self._drawn.random() < world.mortality
        if self._dies_for_good and self._told.over >= world.cells / 2:
            dies, self._dies_for_good = True, False
            self._gone_until = math.inf
        if dies:
            seconds *= self._drawn.random()
        _wait_until(began + seconds / world.scale)
        with self._told.lock:
            self._told.first, self._told.last = min(self._told.first, began), time.monotonic()
            self._told.loads += loads
            self._told.seconds += time.monotonic() - began
            if dies:
                self._told.lost.append((len(task.cells), seconds))
        if dies:
            self._gone_until = max(self._gone_until, time.monotonic() + world.away / world.scale)
            self._be_there()
        return self._given(task, (time.monotonic() - began) / len(task.cells))

    def interrupt(self) -> None:
        """See `WebUI.interrupt`."""

    def _be_there(self) -> None:
        if time.monotonic() < self._gone_until:
            raise Gone(Text("{url} cannot be reached.", url=self.address.url))

    def _given(self, task: Task, seconds: float) -> Given:
        """The answer, through JSON."""
        images = []
        for index in task.cells:
            png = with_infotext(self._pictures[index % len(self._pictures)], infotext_of(index))
            images.append(base64.b64encode(png).decode())
        answer = json.loads(json.dumps({"images": images}))
        given = []
        for index, data in zip(task.cells, answer["images"], strict=True):
            picture = GivenPicture(0, base64.b64decode(data, validate=True), "png", infotext_of(index), 1, 1, PROMPT)
            given.append(GivenCell(index, "done", None, seconds, [picture]))
        with self._told.lock:
            self._told.generated.update(task.cells)
            self._told.over += len(task.cells)
            self._told.bytes += sum(len(picture.data) for cell in given for picture in cell.pictures)
        return Given(given, "simulated", "the grid's", text_encoder_forwards=len(task.cells))


def _wait_until(end: float) -> None:
    time.sleep(max(0.0, end - time.monotonic()))


PROMPT = "best quality, masterpiece, illustration, a red cat on a table, (jeans:1.3), city at night, rain"


def infotext_of(index: int) -> str:
    """As long as one of the WebUI's."""
    return (
        f"{PROMPT}\nNegative prompt: blurry, low quality\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, "
        f"CFG scale: {index % 7}, Seed: 2881122569, Size: 512x512, Model hash: 0123456789, Model: checkpoint, "
        f"Clip skip: {index % CLIP_SKIPS + 1}, Version: v1.10.1"
    )
