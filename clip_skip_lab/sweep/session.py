"""What a sweep asks of the host: one session per sweep, which samples cells and saves pictures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image

from .grid import Limits, Style
from .plan import Cell, SweepPlan

if TYPE_CHECKING:
    from .finishing import Finishing
    from .record import SweepRecord


@dataclass
class Picture:
    """One finished picture, still in memory, with the host's own metadata.

    Attributes:
        cell: whose it is.
        place: its place among the pictures of its cell.
        made_by: what its session needs to know of how it was made, to save it.
    """

    cell: Cell
    place: int
    image: Image.Image
    infotext: str
    seed: int
    subseed: int
    prompt: str
    made_by: Any = None


@dataclass
class Sampled:
    """What some cells gave: the finished pictures and, by index of the cell, why it has fewer than it should.

    `missing` are those that were broken off by the user, `failed` those that the model could not do. For each cell,
    `draws` is what other extensions drew (clip_skip_lab/sweep/draws.py), and `used` are hashes of what it was made
    from, by name. `conditioning_changes` is how far the conditioning of cells is from that of their reference
    (clip_skip_lab/layers/conditioning_change.py), None where it is not known; also of cells that were sampled before.
    """

    pictures: list[Picture]
    missing: dict[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    draws: dict[int, list[Any]] = field(default_factory=dict)
    used: dict[int, dict[str, str]] = field(default_factory=dict)
    conditioning_changes: dict[int, float | None] = field(default_factory=dict)


class PictureFile(Protocol):
    """The file of a picture that has its name already. `tell` is for the request's thread, the others for any."""

    @property
    def is_there(self) -> bool:
        """Whether the file was written when the picture got its name, and others may have done something to it."""

    @property
    def is_awaited(self) -> bool:
        """Whether another extension is to be told as soon as the file is there, before anybody else looks at it."""

    def write(self) -> Path:
        """Writes the file by the host's rules. Overwrites nothing. Raises whatever the host raises, also when it would
        write outside the folder; then nothing of it is left."""

    def write_plainly(self, path: Path) -> None:
        """Writes the picture as PNG under exactly that path, by nobody's rules. Raises `OSError`."""

    def tell(self) -> None:
        """Tells other extensions that the file is there."""


class Preview(Protocol):
    """What the WebUI's preview shows of a sweep: its grid, as far as it is there."""

    def picture(self, begun: dict[int, Image.Image]) -> Image.Image:
        """The grid with pictures of these cells, by index, that are being sampled."""


class Session(Protocol):
    """One sweep on a host: seed fixed, model known, settings borrowed. A context manager's target.

    Attributes:
        grid_folder: the host's folder for grids.
        style, limits: of the grid, by the host's settings.
        grid_format: the ending of a grid's file, without a dot.
        cell_size: width and height in pixels that the cells will most likely have.
        model: name, hash and VAE, for the record.
        setting: what decides the pictures beside plan and model.
        work: what it amounts to, by kind (`Forecast.work`).
        no_effect: why clip skip changes nothing in this sweep, a sentence by language; None where it may.
        notes: what the user should know of how the sweep ran, in sentences.
        sampled_elsewhere: whether other programs sample: then nobody looks at a preview, and nothing here that samples
            needs a core.
    """

    sampled_elsewhere: bool
    grid_folder: str
    style: Style
    limits: Limits
    cell_size: tuple[int, int]
    grid_format: str
    model: dict[str, str]
    setting: dict[str, object]
    work: dict[str, float]
    no_effect: dict[str, str] | None
    notes: list[str]

    @property
    def text_encoder_forwards(self) -> int:
        """How often a text encoder really ran so far."""

    @property
    def comments(self) -> Iterable[str]:
        """What the host and other extensions said of the generations, each once."""

    def setting_of(self, plan: SweepPlan) -> dict[str, object]:
        """What `setting` would be with another plan."""

    def rows(self, plan: SweepPlan) -> dict[tuple[int, int], Hashable]:
        """What decides the pictures of each row of a plan beside clip skip, by its places `y` and `z`: in this session,
        rows with equal values have equal pictures. A row of which it is not known is left out.

        Raises `InvalidInput` for a value that cannot be applied.
        """

    def stopped(self) -> str | None:
        """Why the sweep should end now (the user's Interrupt), or None."""

    def run_cells(self, record: SweepRecord, finishing: Finishing) -> None:
        """Runs the cells of a sweep that aren't done, and notes what is to be said of it; see `run_cells`."""

    def hold(self, cell: Cell, draw: list[Any]) -> None:
        """Makes the cells of this cell's row use what other extensions drew for it in an earlier sweep."""

    def name_picture(self, picture: Picture, folder: Path) -> PictureFile:
        """Gives a cell's picture its name by the host's rules; what the host raises, writing the file will raise."""

    def show(self, preview: Preview) -> None:
        """Shows the grid as far as it is there; to be called again whenever there is more of it, from any thread."""

    def save_grid(self, image: Image.Image, folder: Path, name: str, infotext: str) -> Path:
        """Saves a page of the grid in the host's format for grids. Raises `OSError`."""

    def save_plainly(self, image: Image.Image, path: Path, infotext: str) -> None:
        """Saves a page of the grid as PNG under exactly that path, by nobody's rules. Raises `OSError`."""

    def grid_infotext(self) -> str:
        """The metadata that brings back the whole panel."""

    def goes_on_measuring(self, done: int, count: int) -> bool:
        """Tells the host's progress bar how many cells are measured. Returns whether to go on measuring."""


class Sampling(Session, Protocol):
    """A session that samples cells itself.

    Attributes:
        cells_at_once: how many cells to sample together; it may fall to 1 while the sweep runs.
    """

    cells_at_once: int

    def starting(self, over: int, total: int, cells: list[Cell]) -> None:
        """Tells the host's progress bar that a batch starts, where `over` of the `total` cells of this run are over."""

    def sample(self, cells: list[Cell], save: Callable[[Picture], None]) -> Sampled:
        """Generates the pictures of cells that differ only in what a batch can carry for each picture; at the end,
        each goes to `save`, which does not wait for the disk.

        Raises whatever the host raises; of a single cell, the pictures before the error have gone to `save`.
        """

    def note_references(self, cells: list[Cell]) -> None:
        """Looks at the conditioning of the cells with which these are compared, and samples none of them."""

    def recovers_memory(self, error: Exception) -> bool:
        """Frees what a batch held that failed for want of memory; returns whether it was that, so that fewer cells at
        once may help."""

    def explain(self, error: Exception) -> str:
        """An exception of `sample` as a sentence for the grid and the summary."""
