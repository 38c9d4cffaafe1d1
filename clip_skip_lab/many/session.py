"""The session of a sweep over many WebUIs: for `run_sweep` a host like any other, but it samples nothing itself."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import reason_of
from ..language import Text
from ..page.files import write_bytes
from ..sweep.axes import Axis, AxisValues
from ..sweep.draws import row_of
from ..sweep.finishing import Finishing
from ..sweep.grid import Limits, Style
from ..sweep.plan import Cell, SweepPlan, read_plan
from ..sweep.reading import opened
from ..sweep.record import SweepRecord
from ..sweep.saving import save_as_png
from ..sweep.schema import HIGHEST
from ..sweep.session import Picture, PictureFile, Preview
from .exchange import AxisTold, Described, Given, GivenPicture, Gone
from .watch import Watch

RunCells = Callable[["ManySession", SweepRecord, Finishing], None]


def plan_told(described: Described) -> SweepPlan:
    """The plan as a WebUI read it; its axes can be shown, and applied by nobody here."""
    told = dict(described.plan)
    only = told.pop("cells", None)
    axes = {letter: _axis(axis, told.pop(letter)) for letter, axis in described.axes.items()}
    plan = read_plan(told, [], HIGHEST)
    source = str(described.typed.get("clip_skip", plan.clip_skip_source))
    fields = {**vars(plan), **axes, "clip_skip_source": source, "only": None if only is None else tuple(only)}
    return SweepPlan(**fields)


def _axis(told: AxisTold, written: dict[str, Any]) -> AxisValues:
    labels = dict(zip(map(repr, told.values), told.labels, strict=True))
    axis = Axis(told.label, cost=told.cost, carried=told.carried, show=lambda value: labels[repr(value)])
    return AxisValues(axis, told.values, str(written.get("values")))


class ManySession:
    """See `sweep.session.Session`.

    Args:
        described: what the first WebUI says of the job.
        out: where the sweep's folder is made.
        run_cells: runs the cells of a sweep's record.
        watch: is told how far measuring is.
        stop: ends the run when it is set.
    """

    sampled_elsewhere = True

    def __init__(self, described: Described, out: Path, run_cells: RunCells, watch: Watch, stop: threading.Event):
        self.grid_folder = str(out)
        self.style, self.limits, self.grid_format = Style(), Limits(), "png"
        self.cell_size = described.cell_size
        self.model, self.setting = described.model, dict(described.setting)
        self.work: dict[str, float] = {}
        self.no_effect = described.no_effect
        self.notes: list[str] = [*described.notes]
        self.text_encoder_forwards = 0
        self.comments: dict[str, None] = {}
        self.draws: dict[str, list[Any]] = {}
        """What other extensions drew in an earlier run, by `row_of`."""
        self._plan: SweepPlan = plan_told(described)
        self._run_cells = run_cells
        self._watch = watch
        self._stop = stop
        self._infotext = ""
        self._was_stopped = False

    def setting_of(self, plan: SweepPlan) -> dict[str, object]:
        """See `Session.setting_of`."""
        return self.setting

    def rows(self, plan: SweepPlan) -> dict[tuple[int, int], Hashable]:
        """See `Session.rows`: none is known, as only a WebUI can try its axes."""
        return {}

    def stopped(self) -> str | None:
        """See `Session.stopped`."""
        return Text("interrupted") if self._stop.is_set() else None

    def run_cells(self, record: SweepRecord, finishing: Finishing) -> None:
        """See `Session.run_cells`."""
        self._run_cells(self, record, finishing)

    def hold(self, cell: Cell, draw: list[Any]) -> None:
        """See `Session.hold`."""
        self.draws[row_of(self._plan.values_of(cell))] = draw

    def take_over(self, given: Given) -> None:
        """Takes over what a WebUI says of a task beside its cells."""
        self._infotext = self._infotext or given.infotext
        self.text_encoder_forwards += given.text_encoder_forwards
        self.comments.update(dict.fromkeys(given.comments))
        self.note(*given.notes)

    def note(self, *sentences: str) -> None:
        """Notes what the user should know, each sentence once."""
        self.notes += [sentence for sentence in sentences if sentence not in self.notes]

    def name_picture(self, picture: Picture, folder: Path) -> PictureFile:
        """See `Session.name_picture`."""
        return _File(picture, folder)

    def show(self, preview: Preview) -> None:
        """See `Session.show`: there is nobody to show it to."""

    def save_grid(self, image: Image.Image, folder: Path, name: str, infotext: str) -> Path:
        """See `Session.save_grid`."""
        path = folder / f"{name}.png"
        save_as_png(image, path, infotext or None)
        return path

    def save_plainly(self, image: Image.Image, path: Path, infotext: str) -> None:
        """See `Session.save_plainly`."""
        save_as_png(image, path, infotext or None)

    def grid_infotext(self) -> str:
        """See `Session.grid_infotext`; "" where no WebUI told one."""
        return self._infotext

    def goes_on_measuring(self, done: int, count: int) -> bool:
        """See `Session.goes_on_measuring`. A stop during the cells leaves measuring what there is; one now ends it."""
        if done == 0:
            self._was_stopped = self._stop.is_set()
        self._watch.measuring(done, count)
        return self._was_stopped or not self._stop.is_set()


def picture_of(cell: Cell, given: GivenPicture, url: str) -> Picture:
    """A picture as it came, decoded. Raises `Gone` where it is damaged: a WebUI that gives half a picture."""
    try:
        image = opened(io.BytesIO(given.data))
        image.load()
    except Exception as error:  # whatever Pillow raises for a damaged picture
        broken = Text("{url} sent a damaged image ({reason}).", url=url, reason=reason_of(error))
        raise Gone(broken) from error
    return Picture(cell, given.place, image, given.infotext, given.seed, given.subseed, given.prompt, made_by=given)


class _File:
    """The file of a picture, by its number, place and seed; see `sweep.session.PictureFile`."""

    is_there = False
    is_awaited = False

    def __init__(self, picture: Picture, folder: Path):
        self._picture = picture
        self._given: GivenPicture = picture.made_by
        name = f"{picture.cell.index:05}-{picture.place}-{picture.seed}"
        self._path = folder / f"{name}.{self._given.format}"

    def write(self) -> Path:
        """See `sweep.session.PictureFile`: the bytes as they came, with the WebUI's metadata in them."""
        if self._path.exists():
            raise FileExistsError(17, "there is a file of that name")
        write_bytes(self._path, self._given.data)
        return self._path

    def write_plainly(self, path: Path) -> None:
        """See `sweep.session.PictureFile`."""
        save_as_png(self._picture.image, path, self._picture.infotext)

    def tell(self) -> None:
        """See `sweep.session.PictureFile`: there is nobody to tell."""
