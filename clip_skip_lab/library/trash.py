"""Deleting a sweep, which moves it into the folder `trash` beside it, and taking it back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from ..language import Text
from ..page.files import SMALL, folder_in, replace
from ..sweep.folder import CELLS, RECORD
from ..sweep.library import check_id, parents_of, read_sweep
from ..sweep.running import is_running

TRASH = "trash"

STILL_RUNS = 120
"""Seconds after the last change in which a sweep of another WebUI that is "running" is taken to be so; one that was
killed says it for ever."""


class Refused(Exception):
    """A sweep cannot be moved as it is now.

    Attributes:
        sentence: why.
    """

    def __init__(self, sentence: Text):
        super().__init__(sentence)
        self.sentence = sentence


def delete_sweep(folder: Path) -> Path:
    """Moves a sweep to the trash of the folder that holds it, on the same disk. Returns where it lies then.

    Raises `Refused`, and `OSError` where the disk does not let it: then it is where it was.
    """
    if is_running(folder) or _seems_to_run(folder):
        raise Refused(Text('Sweep: "{name}" is still running; interrupt it first.', name=folder.name))
    target = folder_in(folder.parent, TRASH) / folder.name
    if os.path.lexists(target):
        there = Text('Sweep: "{name}" cannot be deleted: the trash already has a sweep of this name.', name=folder.name)
        raise Refused(there)
    replace(folder, target)
    return target


def restore_sweep(grid_folders: Iterable[str | os.PathLike[str]], name: str) -> Path:
    """Moves a sweep back from the trash of one of these folders. Returns its folder.

    Raises `InvalidInput` for what is no id, `FileNotFoundError` with a sentence where no trash has it, `Refused`, and
    `OSError` where the disk does not let it.
    """
    check_id(name)
    for parent in parents_of(grid_folders):
        folder = parent / TRASH / name
        if (parent / TRASH).is_symlink() or folder.is_symlink() or not folder.is_dir():
            continue
        if os.path.lexists(parent / name):
            raise Refused(Text('Sweep: "{name}" cannot be restored: a sweep of this name exists again.', name=name))
        replace(folder, parent / name)
        return parent / name
    raise FileNotFoundError(Text('Sweep: "{name}" is not in the trash.', name=name))


def _seems_to_run(folder: Path) -> bool:
    try:
        if read_sweep(folder).get("state") != "running":
            return False
    except ValueError:
        return False  # a damaged one may go
    return any(_age(folder / part) < STILL_RUNS for part in (RECORD, CELLS, SMALL))


def _age(path: Path) -> float:
    try:
        return abs(time.time() - path.lstat().st_mtime)
    except OSError:
        return float("inf")
