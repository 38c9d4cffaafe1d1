"""Who is told how a run over many WebUIs goes: a terminal, or the WebUI that started it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

WORKS, WAITS, LOST, OUT = "works", "waits", "lost", "out"
"""What a WebUI does: it generates, has nothing to do, cannot be reached for now, gets nothing more."""


class Watch(Protocol):
    """Is called from the run's threads, one call at a time."""

    def began(self, folder: Path, total: int, done: int, webuis: Sequence[str]) -> None:
        """The run begins: the sweep's folder, how many cells it has, how many are done already, who takes part."""

    def cells_over(self, over: int, total: int, done: int, failed: int) -> None:
        """So many cells are over, done or failed."""

    def webui(self, url: str, state: str) -> None:
        """What a WebUI does now."""

    def said(self, sentence: str) -> None:
        """Something that the user should know at once."""

    def measuring(self, done: int, count: int) -> None:
        """So many cells are measured."""
