"""The folders in which the library looks for sweeps: the WebUI's own for grids, and those that a person added."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import InvalidInput
from ..language import Text
from ..sweep.folder import PARENT

OPTION = Text("More folders with sweeps")


@dataclass(frozen=True)
class Folders:
    """Folders for grids, as `find_sweep` and the like take them.

    Attributes:
        own: of this WebUI.
        added: those that a person named, as they wrote them: one on each line, or with ";" between them.
    """

    own: list[str] = field(default_factory=list)
    added: str = ""

    def __iter__(self) -> Iterator[str]:
        """All of them, the own first; the others are only looked for where somebody gets that far."""
        yield from self.own
        yield from self.others()[0]

    def others(self) -> tuple[list[str], list[Text]]:
        """The added folders for grids that hold sweeps, and a sentence for each named folder that has none."""
        found: list[str] = []
        problems: list[Text] = []
        for name in named_folders(self.added):
            grids = _grid_folders(name)
            found += grids
            if not grids:
                allowed = Text('the folder for grids or for outputs of a WebUI, or its "{folder}"', folder=PARENT)
                what = Text("contains no sweeps") if os.path.isdir(name) else Text("cannot be found")
                problems.append(InvalidInput(OPTION, name, allowed, what).sentence)
        return list(dict.fromkeys(found)), problems


def named_folders(text: str) -> list[str]:
    """The folders in a text, each once: one on each line or separated by ";", in quotes or not."""
    names = (name.strip().strip('"').strip() for name in re.split(r"[;\r\n]", text))
    return list(dict.fromkeys(os.path.abspath(os.path.expanduser(name)) for name in names if name and "\0" not in name))


def _grid_folders(folder: str) -> list[str]:
    """The folders for grids that are meant by a folder: itself, the one above it, or those in it."""
    if os.path.basename(folder) == PARENT and os.path.isdir(folder):
        return [os.path.dirname(folder)]
    if os.path.isdir(os.path.join(folder, PARENT)):
        return [folder]
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if os.path.isdir(os.path.join(entry.path, PARENT)))
    except OSError:
        return []
