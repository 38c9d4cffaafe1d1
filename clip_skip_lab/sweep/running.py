"""Which sweeps this WebUI is running at this moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_folders: set[str] = set()


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """For the time of a `with`, the sweep in this folder is running."""
    name = os.path.realpath(folder)
    _folders.add(name)
    try:
        yield
    finally:
        _folders.discard(name)


def running_folders() -> list[Path]:
    """The folders of the sweeps that are running, by their names: their dates."""
    return sorted(map(Path, tuple(_folders)), key=lambda folder: folder.name)


def is_running(folder: Path) -> bool:
    """Whether a sweep is being run in this folder, by this WebUI."""
    return os.path.realpath(folder) in _folders
