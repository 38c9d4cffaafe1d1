"""Which sweeps are running at this moment: this WebUI's, and that a folder is another's."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import InvalidInput
from ..language import Text

log = logging.getLogger("clip_skip_lab")

_folders: set[str] = set()


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """For the time of a `with`, the sweep in this folder is running, and no other program runs it.

    Raises `InvalidInput` where one does.
    """
    name = os.path.realpath(folder)
    file = Path(name).with_name(f".{folder.name}.lock")
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        problem = Text("is already running")
        raise InvalidInput(Text("Sweep"), folder.name, Text("a sweep that is not running"), problem) from error
    except (OSError, NotImplementedError) as error:  # a disk without locks; one that is full is told when it is written
        log.info("Clip skip sweep: %s has no lock against other programs (%s)", folder, error)
    _folders.add(name)
    try:
        yield
    finally:
        _folders.discard(name)
        held = lock.is_locked
        lock.release()
        if held:
            with contextlib.suppress(OSError):
                file.unlink()


def running_folders() -> list[Path]:
    """The folders of the sweeps that this WebUI runs, by their names: their dates."""
    return sorted(map(Path, tuple(_folders)), key=lambda folder: folder.name)


def is_running(folder: Path) -> bool:
    """Whether a sweep is being run in this folder, by this WebUI."""
    return os.path.realpath(folder) in _folders
