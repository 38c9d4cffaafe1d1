"""What goes between a run and a WebUI: a job, what the WebUI says of it, a task of some cells, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from ..language import Text

TABS = ("txt2img", "img2img")


@dataclass(frozen=True)
class Address:
    """Where a WebUI is.

    Attributes:
        url: without name and password, and without a slash at its end, such as "http://gpu1:7860".
        auth: name and password of its API (`--api-auth`), None where it asks for none. Never written anywhere.
    """

    url: str
    auth: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Job:
    """What is to be generated.

    Attributes:
        tab: one of `TABS`.
        request: the body of `POST /sdapi/v1/<tab>`, without the script.
        plan: the object that the script takes (docs/api.md).
        setting: of a sweep that is resumed, what decided its pictures; None for what the request says.
    """

    tab: str
    request: dict[str, Any]
    plan: dict[str, Any]
    setting: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--plan` takes it, and `request.json` in a sweep's folder holds it."""
        return {"tab": self.tab, "request": self.request, "plan": self.plan}


@dataclass(frozen=True)
class AxisTold:
    """An axis beside clip skip, as a WebUI tells of it: its name, its values, their labels in the grid, how dear a
    change is (0 to 1), and whether a batch can carry it."""

    label: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    cost: float = 0.0
    carried: bool = False


@dataclass(frozen=True)
class Described:
    """What a WebUI says of a job before it runs: all that pictures depend on, beside the job.

    Attributes:
        plan: as `SweepPlan.to_json` writes it, random values drawn.
        typed: of this the values as they were typed, for what is sent; empty for those of the plan.
        axes: by letter, "y" and "z".
        about: the WebUI's name, version, torch and device, as far as it tells them.
        instance: tells the WebUI from all others, whatever addresses it has; "" where it isn't told.
        program: our version there, "" where our extension isn't.
        computes: what else decides rounding: card, precision, attention; as far as it is known.
        model: name, hash and VAE.
        fingerprint: of plan, model and setting, which each `Given` has to have; "" where it isn't told.
        setting: what decides the pictures beside plan and model; seeds are fixed.
        files: other files that decide pictures, as far as they are known: by kind and name ("LoRA x"), their hash.
        pictures: of a cell.
        cell_size: width and height in pixels.
        cells_at_once: how many cells it samples together.
        no_effect: why clip skip changes nothing, by language; None where it may.
        notes: what the user should know.
    """

    plan: dict[str, Any]
    axes: dict[str, AxisTold]
    about: dict[str, str]
    program: str
    model: dict[str, str]
    setting: dict[str, Any]
    fingerprint: str = ""
    instance: str = ""
    typed: dict[str, Any] = field(default_factory=dict)
    computes: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    pictures: int = 1
    cell_size: tuple[int, int] = (512, 512)
    cells_at_once: int = 1
    no_effect: dict[str, str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """Some cells to be generated together.

    Attributes:
        job: whose cells these are; its seeds are fixed.
        described: what the WebUI said of the job: its plan and its setting count.
        cells: their indices in the plan.
        draws: what other extensions drew for rows (clip_skip_lab/sweep/draws.py), by `row_of`.
    """

    job: Job
    described: Described
    cells: tuple[int, ...]
    draws: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenPicture:
    """A picture as it came: the bytes of its file, `format` ("png") without a dot."""

    place: int
    data: bytes = field(repr=False)
    format: str
    infotext: str
    seed: int
    subseed: int
    prompt: str


@dataclass
class GivenCell:
    """What became of a cell: `state`, `reason` and the rest as in `CellRecord` (clip_skip_lab/sweep/record.py)."""

    index: int
    state: str
    reason: str | None
    seconds: float | None
    pictures: list[GivenPicture] = field(default_factory=list)
    draw: list[Any] | None = None
    used: dict[str, str] = field(default_factory=dict)
    conditioning_change: float | None = None


@dataclass
class Given:
    """What a task gave.

    Attributes:
        cells: of the task, in its order.
        fingerprint: of plan, model and setting as the WebUI had them; "" where it doesn't tell.
        infotext: the grid's, "" where it isn't known.
        notes, comments: what was said of how it ran.
        text_encoder_forwards: how often a text encoder ran.
    """

    cells: list[GivenCell]
    fingerprint: str = ""
    infotext: str = ""
    notes: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    text_encoder_forwards: int = 0


class Gone(RuntimeError):
    """A WebUI cannot be reached, vanished, or answers what is no answer. The one argument is a sentence. Its cells go
    to another, and it may come back."""

    @property
    def sentence(self) -> str:
        """The sentence."""
        return str(self.args[0])


class Failed(RuntimeError):
    """A WebUI could not do a task and says why, as a sentence; another one may."""

    @property
    def sentence(self) -> str:
        """The sentence."""
        return str(self.args[0])


class WebUI(Protocol):
    """A WebUI that cells are sent to. Methods may be called from any thread; `cells` by one at a time."""

    address: Address

    def describe(self, job: Job) -> Described:
        """Asks what the WebUI makes of a job; generates nothing. Raises `InvalidInput` for what cannot be done there,
        and `Gone`."""

    def cells(self, task: Task) -> Given:
        """Has the cells of a task generated. Raises `Gone`, `Failed`, and `InvalidInput`."""

    def interrupt(self) -> None:
        """Ends what it generates for us as soon as it can be. Raises nothing."""


NO_EXTENSION = Text("Clip Skip Lab is not installed there, so each image is generated separately.")
