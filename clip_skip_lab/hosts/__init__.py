"""What the WebUI around us can do, behind one small interface. Panel, page and routes speak to a `Host`, a sweep to the
`Session` that it gives (clip_skip_lab/sweep/session.py).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from ..language import Text
from ..layers.facts import Model
from ..lens.look import Look
from ..models.advice import Source
from ..models.memory import Memory
from ..models.presets import Presets
from ..models.speeds import Speeds
from ..probe.answer import Answer
from ..probe.folder import Infotext
from ..probe.question import Captioned, Question, Watch
from ..sweep.axes import Axis
from ..sweep.layer_request import LayerRequest
from ..sweep.plan import SweepPlan
from ..sweep.session import Sampling

OPTION_KEY = "CLIP_stop_at_last_layers"
"""The setting of the whole family for clip skip."""

INFOTEXT_KEY = "Clip skip"
"""What the family's infotexts call it; always a whole number there."""

OTHER_WEBUI = "clip_skip_lab_other_webui"
"""A key that a pasted infotext gets: what its clip skip, another WebUI's, is here; a `Text`."""

CHECKPOINT, VAE = "sd_model_checkpoint", "sd_vae"
"""The family's settings for what is loaded."""

REMEMBER = "clip_skip_lab_remember"
"""Our own setting: whether clip skip is remembered for each checkpoint."""

PANEL_TITLE = "Finer clip skip"
"""What the panel for layer requests is called."""

PANEL_SCRIPT = "Clip skip lab"
"""That panel's name as a script, by which clients of the API ask it; element ids have it too."""


@dataclass(frozen=True)
class Forecast:
    """What a sweep amounts to, found by applying every axis value to a copy of the request.

    Attributes:
        pictures: per cell (batch size × batch count).
        cell_sizes: (width, height) in pixels of a cell, all its pictures side by side, one for each combination of the
            further axes.
        steps: sampling steps of the whole sweep, second passes of hires fix included.
        batches: how many generations it is, where nothing keeps cells from being sampled together.
        work: by kind (model, size, how many at once) the steps of all pictures, for `Speeds`; empty where something
            else than sampling takes its time, such as loading checkpoints.
    """

    pictures: int
    cell_sizes: tuple[tuple[int, int], ...]
    steps: int
    batches: int
    work: dict[str, float]


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


@dataclass(frozen=True)
class SentRequest:
    """A request of the page as a client of the API sends it to another WebUI.

    Attributes:
        tab: "txt2img" or "img2img".
        body: plain data, without the sweep's script.
        lost: sentences on what cannot be sent.
    """

    tab: str
    body: dict[str, Any]
    lost: tuple[Text, ...]


@dataclass(frozen=True)
class HeaderControls:
    """Controls of the host's own in the page's header, where that is no list of options.

    Attributes:
        clip_skip: the component for clip skip.
        checkpoint: the component for the checkpoint.
        choose: what the host does when a checkpoint is chosen, by its name; for the one that is chosen it does nothing.
    """

    clip_skip: Any
    checkpoint: Any
    choose: Callable[[str], object]


class CheckpointMemory(Protocol):
    """The clip skip of each checkpoint, as the user gave it. Methods raise `OSError` for a file that cannot be used."""

    entries: Memory

    def listing(self) -> dict[str, Any]:
        """The page's table as plain data."""

    def use(self, clip_skip: Any, remember: bool = False) -> None:
        """Sets clip skip as the header would, by the user's hand; with `remember` it is remembered for the checkpoint,
        and from then on each checkpoint's value is. Raises `InvalidInput`."""


class Host(Protocol):
    """A WebUI."""

    @property
    def about(self) -> dict[str, str]:
        """Its `name` and `version`, and what else decides rounding: its `torch` and its `device`."""

    def computes(self) -> dict[str, str]:
        """What else decides pictures' values, as far as it is known: `card`, `precision`, `attention`, and the `format`
        and `quality` in which the API gives pictures."""

    def files_used(self, request: Any, plan: SweepPlan) -> dict[str, str]:
        """Which files decide a request's pictures beside the loaded checkpoint: by what each is for, the beginning of
        its SHA-256, "" where it isn't known."""

    @property
    def header_list(self) -> str | None:
        """Its option that lists what the page's header shows; None where it has controls of its own instead."""

    def header_controls(self) -> HeaderControls | None:
        """These controls, once the page is being built; None where the header shows options."""

    def prepare_page(self) -> Callable[[], None]:
        """Mends what would lose the user's clip skip when a page is opened, before it is built. Returns the undo."""

    @property
    def presets(self) -> Presets:
        """What the user keeps of the sweep's panel."""

    @property
    def speeds(self) -> Speeds:
        """How long sweeps took on this machine."""

    @property
    def memory(self) -> CheckpointMemory:
        """The clip skip that the user gave to each checkpoint."""

    def language(self, is_api: bool = False) -> str:
        """The language to speak, one of `languages()`: that of the host's localization where one is chosen, else that
        of the browser which opened the page last; a client of the API is no browser."""

    def page_opened(self, browser: str) -> None:
        """Notes that the page was opened, by a browser with this language ("ja-JP")."""

    def register(self) -> None:
        """Registers what the host shall know beside the scripts; for the script file to call, once per load."""

    def axes(self, request: Any) -> list[Axis]:
        """The axes that the host's X/Y/Z plot has at this moment, CFG Scale first, those of other extensions too."""

    def highest_clip_skip(self) -> int:
        """The highest clip skip that makes sense for the loaded model."""

    def model(self) -> Model | None:
        """The loaded model, None as long as there is none. Loads nothing, and may be called from any thread."""

    def sources(self, prompt: str) -> list[Source]:
        """The files in use for a prompt, and what they say of their training: checkpoint and LoRAs."""

    def loaded_source(self) -> Source | None:
        """The file of the loaded model, and what it says of its training; None as long as there is none."""

    def font(self) -> str | None:
        """The file of the font for grids and charts, by the host's settings."""

    def describe_layers(self, asked: LayerRequest) -> list[Text]:
        """What a layer request means on the loaded model, in lines. Raises `InvalidInput` for what it cannot do."""

    def asked_by_axes(self, request: Any) -> dict[str, object]:
        """What axes asked of the layers of a request, by `KEYS`."""

    def refuse_unwatched(self, request: Any) -> None:
        """Makes a generation fail before anything is sampled where a layer request cannot be in force for it."""

    def failed(self, request: Any, error: Exception) -> Any:
        """Says why a generation came to nothing: raises what reaches whoever asked, or gives a result that says it."""

    def notes(self, request: Any) -> list[str]:
        """What somebody should know beside the pictures of a request that was generated."""

    def clip_skip(self) -> ClipSkipSetting:
        """The host's setting at this moment. May be called from any thread."""

    def preview(self, is_img2img: bool, fields: dict[str, Any]) -> Any:
        """A request as the page would make it from these fields, for `forecast`; generates nothing."""

    def restore(self, request: Any, setting: dict[str, Any]) -> None:
        """Gives a request the settings of an earlier one, as its session told them."""

    def load(self, request: Any) -> None:
        """Loads the model that a request asks for, before anything is asked about it.

        Raises `InvalidInput` for a request that cannot be generated, and what the host raises.
        """

    def as_request(self, request: Any) -> SentRequest:
        """A request of the page as the API takes it: of a WebUI that has the same files and settings, the same pictures
        come of it."""

    def api_address(self) -> str | None:
        """Where programs on this machine reach the WebUI's API, such as "http://127.0.0.1:7860"; None without one."""

    def grid_folder(self, is_img2img: bool) -> str:
        """Where the page's own generations put their grids."""

    def forecast(self, request: Any, plan: SweepPlan) -> Forecast:
        """Applies every axis value to a copy of the request. Raises `InvalidInput` for one that cannot be applied."""

    def rows(self, request: Any, plan: SweepPlan) -> dict[tuple[int, int], Hashable]:
        """What decides the pictures of each row of a plan beside clip skip (`Session.rows`)."""

    def session(self, request: Any, plan: SweepPlan) -> AbstractContextManager[Sampling]:
        """Prepares the host for a sweep, and puts everything back at the end, however it ends."""

    def trained_with(
        self, question: Question, pictures: Sequence[Captioned], watch: Watch | None = None, draw: int = 0
    ) -> Answer:
        """Asks the loaded model which clip skip it was trained with, under the host's queue lock, and remembers what
        was decided.

        Args:
            question: what is asked.
            pictures: to ask with. With `draw` their captions count, and the model draws the pictures.
            watch: is told how far it is.
            draw: how many pictures the model draws at each value; 0 for none.

        Raises `InvalidInput` before anything is loaded onto the device, for what cannot be asked of this model.
        """

    def lens(self, look: Look) -> dict[str, Any]:
        """What a prompt becomes in the loaded model's text encoders, layer by layer, under the host's queue lock: the
        answer of `POST /clip-skip-lab/v1/lens` (docs/api.md), its sentences as `Text`.

        Raises `InvalidInput` for what cannot be looked at, and `RuntimeError` with a sentence where the host ended it.
        """

    def forget_answer(self, question: Question) -> bool:
        """Forgets what the user's checkpoint answered to this question. Returns whether there was something; raises
        `OSError`."""

    def output_folders(self) -> list[str]:
        """Where the host saves the pictures that it makes, for txt2img and img2img."""

    def infotext(self, picture: Image.Image) -> Infotext | None:
        """What a picture says of how it was made; None where it says nothing that the host can read."""

    def checkpoint(self) -> tuple[str, str] | None:
        """The user's checkpoint: its name and the hash that infotexts have ("" where it isn't known)."""


def own_hash(host: Host) -> str:
    """The hash of the user's checkpoint as infotexts have it, "" where it isn't known."""
    checkpoint = host.checkpoint()
    return checkpoint[1] if checkpoint is not None else ""
