"""What the WebUI around us can do, behind one small interface. Panel, page and routes speak to a `Host`, a sweep to the
`Session` that it gives (clip_skip_lab/sweep/session.py).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ..layers.facts import Model
from ..sweep.axes import Axis
from ..sweep.plan import SweepPlan
from ..sweep.session import Session

OPTION_KEY = "CLIP_stop_at_last_layers"
"""The setting of the whole family for clip skip."""


@dataclass(frozen=True)
class Forecast:
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


class Host(Protocol):
    """A WebUI."""

    about: dict[str, str]
    """Its `name` and `version`, and what else decides rounding: the `torch` it has and the `device` it runs on."""

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

    def grid_folder(self, is_img2img: bool) -> str:
        """Where the page's own generations put their grids."""

    def forecast(self, request: Any, plan: SweepPlan) -> Forecast:
        """Applies every axis value to a copy of the request. Raises `InvalidInput` for one that cannot be applied."""

    def session(self, request: Any, plan: SweepPlan) -> AbstractContextManager[Session]:
        """Prepares the host for a sweep, and puts everything back at the end, however it ends."""
