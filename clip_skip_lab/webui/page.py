"""What differs between the WebUIs on the page: the header, and the ways by which options change for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..hosts import HeaderControls


@dataclass(frozen=True)
class WatchedCall:
    """A function of the host's by which somebody changes options for good.

    Attributes:
        owner: the class or module that has it, under `name`.
        by_user: whether a person calls it, on the page, and no client.
        given: what a call changes: gets its arguments, gives values by keys of options.
        renewed: an answer with the options as they are by now, where it tells them.
    """

    owner: Any
    name: str
    by_user: bool
    given: Callable[..., dict[str, Any]]
    renewed: Callable[[Any], Any] = lambda answer: answer


class Page(Protocol):
    """The page of a member of the family."""

    @property
    def header_list(self) -> str | None:
        """Its option that lists what the page's header shows; None where it has controls of its own instead."""

    @property
    def waits_for_jobs(self) -> bool:
        """Whether a checkpoint that somebody chooses is loaded at once, so that this waits for the job in progress."""

    def header_controls(self) -> HeaderControls | None:
        """The controls of its own in the header, once the page is being built; None where that shows options."""

    def changes(self) -> list[WatchedCall]:
        """How options change on the page. To be asked for before each building of it."""

    def changes_by_api(self) -> list[WatchedCall]:
        """How options change by the API; importing that fixes which options it knows."""

    def prepare(self) -> Callable[[], None]:
        """Mends what would lose the user's clip skip when a page is opened. Returns the undo."""
