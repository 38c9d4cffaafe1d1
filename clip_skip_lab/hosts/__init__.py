"""What the WebUI around us can do, behind one small interface; decided once, by `detect`.

A sweep speaks to a `Session` only. The adapters are the only files, with those of `ui`, that import `modules`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from ..layers.facts import Model
from ..sweep.axes import Axis
from ..sweep.grid import Limits, Style
from ..sweep.plan import Cell, SweepPlan


@dataclass(frozen=True)
class Shape:
    """What a sweep amounts to, found by applying every axis value to a copy of the request.

    Attributes:
        pictures: per cell (batch size × batch count).
        sizes: (width, height) in pixels of the pictures, one for each combination of the further axes.
        steps: sampling steps of the whole sweep, second passes of hires fix included.
    """

    pictures: int
    sizes: tuple[tuple[int, int], ...]
    steps: int


@dataclass(frozen=True)
class ClipSkipSetting:
    """The host's own setting.

    Attributes:
        value: what the user set, as the host has it; the API can put there what is no whole number.
        highest: the end of the host's slider.
        temporary: whether a job of the host's is running, which may have put its own value there for as long as it
            takes. A sweep does not: its values are its own thread's.
        sweeping: whether a sweep is running.
    """

    value: object
    highest: int
    temporary: bool
    sweeping: bool = False


@dataclass
class Picture:
    """One finished picture, still in memory, with the host's own metadata.

    `place` is its place among the pictures of its cell.
    """

    cell: Cell
    place: int
    image: Image.Image
    infotext: str
    seed: int
    subseed: int
    prompt: str


@dataclass
class Sampled:
    """What some cells gave: the finished pictures and, by index of the cell, why it has fewer than it should.

    `missing` are those that were broken off by the user, `failed` those that the model could not do. For each cell,
    `draws` is what other extensions drew (clip_skip_lab/sweep/draws.py), and `used` are hashes of what it was made
    from, by name.
    """

    pictures: list[Picture]
    missing: dict[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    draws: dict[int, list] = field(default_factory=dict)
    used: dict[int, dict[str, str]] = field(default_factory=dict)


class Session(Protocol):
    """One sweep on a host: seed fixed, model known, settings borrowed. A context manager's target.

    Attributes:
        grid_folder: the host's folder for grids.
        style, limits: of the grid, by the host's settings.
        model: name, hash and VAE, for the record.
        setting: what decides the pictures beside plan and model.
        batch_size: how many cells to sample at once, to start with.
        no_effect: why clip skip changes nothing in this sweep, a sentence by language; None where it may.
        notes: what the user should know of how the sweep ran, in sentences.
        text_encoder_forwards: how often a text encoder really ran so far.
    """

    grid_folder: str
    style: Style
    limits: Limits
    model: dict[str, str]
    setting: dict[str, object]
    batch_size: int
    no_effect: dict[str, str] | None
    notes: list[str]
    text_encoder_forwards: int

    def stopped(self) -> str | None:
        """Why the sweep should end now (the user's Interrupt), or None."""

    def starting(self, number: int, count: int, cells: list[Cell]) -> None:
        """Tells the host's progress bar that batch `number` (from 0) of `count` starts."""

    def sample(self, cells: list[Cell], keep: Callable[[Picture], None]) -> Sampled:
        """Generates the pictures of cells that differ in clip skip only; each goes to `keep` at once.

        Raises whatever the host raises; of a single cell, the pictures before the error have gone to `keep`.
        """

    def hold(self, cell: Cell, draw: list) -> None:
        """Makes the cells of this cell's row use what other extensions drew for it in an earlier sweep."""

    def save_picture(self, picture: Picture, folder: Path) -> Path:
        """Saves a cell's picture by the host's naming rules; to be called from within `keep`. Overwrites nothing.

        Raises whatever the host raises, also when it would write outside the folder.
        """

    def save_grid(self, image: Image.Image, folder: Path, name: str, infotext: str) -> Path:
        """Saves a page of the grid in the host's format for grids. Raises `OSError`."""

    def save_plainly(self, image: Image.Image, path: Path, infotext: str) -> None:
        """Saves a picture or a page of the grid as PNG under exactly that path, by nobody's rules. Raises `OSError`."""

    def grid_infotext(self) -> str:
        """The metadata that brings back the whole panel."""

    def measuring(self, done: int, count: int) -> bool:
        """Tells the host's progress bar how many cells are measured. Returns whether to go on measuring."""

    def is_out_of_memory(self, error: Exception) -> bool:
        """Whether fewer cells at once may help; frees what the failed batch held."""

    def explain(self, error: Exception) -> str:
        """An exception of `sample` as a sentence for the grid and the summary."""


class Host(Protocol):
    """A WebUI."""

    about: dict[str, str]
    """Its `name` and `version`, and what else decides rounding: the `torch` it has and the `device` it runs on."""

    def register(self) -> None:
        """Registers what the host shall know beside the scripts; for the script file to call, once per load."""

    def axes(self, request: Any) -> list[Axis]:
        """The axes that the host's X/Y/Z plot has at this moment, CFG Scale first, those of other extensions too."""

    def highest_clip_skip(self) -> int:
        """The highest clip skip that makes sense for the loaded model."""

    def model(self) -> Model | None:
        """The loaded model, None as long as there is none. Loads nothing, and may be called from any thread."""

    def clip_skip(self) -> ClipSkipSetting:
        """The host's setting at this moment. May be called from any thread."""

    def preview(self, is_img2img: bool, fields: dict[str, Any]) -> Any:
        """A request as the page would make it from these fields, for `measure`; generates nothing."""

    def restore(self, request: Any, setting: dict[str, Any]) -> None:
        """Gives a request the settings of an earlier one, as its session told them."""

    def load(self, request: Any) -> None:
        """Loads the model that a request asks for, before anything is asked about it.

        Raises `InvalidInput` for a request that cannot be generated, and what the host raises.
        """

    def grid_folder(self, is_img2img: bool) -> str:
        """Where the page's own generations put their grids."""

    def measure(self, request: Any, plan: SweepPlan) -> Shape:
        """Applies every axis value to a copy of the request. Raises `InvalidInput` for one that cannot be applied."""

    def session(self, request: Any, plan: SweepPlan) -> AbstractContextManager[Session]:
        """Prepares the host for a sweep, and puts everything back at the end, however it ends."""


def detect() -> Host:
    """The adapter for the WebUI that this process is. Raises `RuntimeError` with a sentence when there is none."""
    if importlib.util.find_spec("modules") is None or importlib.util.find_spec("modules.processing") is None:
        raise RuntimeError("Clip Skip Lab runs inside AUTOMATIC1111's WebUI; there is no WebUI around it.")
    from modules import shared

    if "CLIP_stop_at_last_layers" not in shared.opts.data_labels:
        raise RuntimeError("Clip Skip Lab needs a WebUI with the setting CLIP_stop_at_last_layers; this one has none.")
    from .a1111 import A1111

    return A1111()
