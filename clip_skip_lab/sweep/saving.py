"""A file of its own for every picture of a sweep, whatever the host and other extensions make of its name.

The WebUI's own name for it comes from webui/saving.py, the short one in its place from sweep/pictures.py.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, PngImagePlugin

from ..errors import encodable, reason_of
from ..language import Text
from ..page.files import SMALL, TEMPORARY, write_bytes
from .folder import CELLS, remove_empty
from .library import SWEEP_ID
from .reading import FORMATS, opened

log = logging.getLogger("clip_skip_lab")

CHARTS = "charts"
FOLDERS = (CELLS, SMALL, CHARTS)
"""The folders within a sweep's folder."""

STALE = 600
"""Seconds after which a file that isn't whole is a left-over: writing one takes less than a minute."""

MOST_SWEPT = 100
"""Of how many sweeps left-overs are looked for, those that changed last."""

_NOT_WHOLE = re.compile(
    rf"{re.escape(TEMPORARY[0])}\w+{re.escape(TEMPORARY[1])}"  # ours
    r"|\.(sweep|index)-\w{8}\.(json|js|html)"  # those of before 1.0.0
    r"|(\d{5}.*|grid(-\d+)?)\.tmp"  # the host's, which writes a picture under such a name first
)


class NoFileOfItsOwn(OSError):
    """A picture has no file of its own where it should be. The message is a phrase."""


def identity(path: Path) -> object:
    """What tells a file from all others, also where its folder knows no capitals. Raises `OSError`."""
    found = path.lstat()
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.normcase(os.path.realpath(path))


class OwnFiles:
    """The files of all pictures so far, each of one picture only; for any thread."""

    def __init__(self) -> None:
        self._taken: set[object] = set()
        self._lock = threading.Lock()

    def claim(self, who: object) -> bool:
        """Takes a file (`identity`) for one picture; returns whether it was still free."""
        with self._lock:
            free = who not in self._taken
            self._taken.add(who)
        return free


def checked(path: Path, folder: Path, files: OwnFiles) -> Path:
    """Makes sure that what was saved is a file of its own.

    Args:
        path: where a picture is said to have been saved.
        folder: where it should be, or below.
        files: all pictures' files so far; this one is added.

    Returns its true path. Raises `NoFileOfItsOwn`.
    """
    try:
        found = Path(os.path.realpath(path))
        if not stat.S_ISREG(path.lstat().st_mode) or found.stat().st_size == 0:
            raise NoFileOfItsOwn(Text("the WebUI left no file under the name it gave"))
        who = identity(found)
    except (OSError, ValueError) as error:
        if isinstance(error, NoFileOfItsOwn):
            raise
        raise NoFileOfItsOwn(Text("the WebUI left no file under the name it gave")) from error
    if not found.is_relative_to(os.path.realpath(folder)):
        raise NoFileOfItsOwn(Text("the WebUI or an extension saved it outside the sweep's folder"))
    if not files.claim(who):
        raise NoFileOfItsOwn(Text("another image already has the file name that the WebUI gave it"))
    return found


def save_in_own_file(
    folder: Path,
    name: str,
    files: OwnFiles,
    by_the_webui: Callable[[], Path],
    plainly: Callable[[Path], None],
) -> tuple[Path, str | None]:
    """Gives a picture or a grid a file of its own: by the WebUI's rules, else under a short name.

    Args:
        folder: where it should be, or below.
        name: the short one, without its ending.
        files: all pictures' files so far; this one is added.
        by_the_webui: saves by the WebUI's rules.
        plainly: saves under the path that it is given.

    Returns the file's path, and why it has the short name (None where it hasn't). Raises what `plainly` raises, and
    `NoFileOfItsOwn`.
    """
    try:
        return checked(by_the_webui(), folder, files), None
    except Exception as error:  # a full disk, a name that no file can have, what Pillow and other extensions raise
        why = reason_of(error)
        log.warning("Clip skip sweep: %s could not be saved under the WebUI's name: %s", name, why)
    path = free_path(folder, name)
    plainly(path)
    return checked(path, folder, files), why


def free_path(folder: Path, name: str) -> Path:
    """A short name that no file has yet: `name.png`, `name-2.png`, …"""
    path, number = folder / f"{name}.png", 2
    while os.path.lexists(path):
        path, number = folder / f"{name}-{number}.png", number + 1
    return path


def save_as_png(image: Image.Image, path: Path, infotext: str | None) -> None:
    """Saves a picture as PNG in one step, its metadata where the WebUI has them (None: without). Raises `OSError`."""
    about = PngImagePlugin.PngInfo()
    if infotext is not None:
        about.add_text("parameters", encodable(infotext))
    data = io.BytesIO()
    image = image if image.mode in ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA") else image.convert("RGB")
    image.save(data, "PNG", pnginfo=about)
    write_bytes(path, data.getvalue())


def can_be_written(extension: str) -> bool:
    """Whether this Python can write pictures of that extension, such as "webp", and read them again: it is tried."""
    name = Image.registered_extensions().get(f".{extension}")
    if name not in FORMATS:
        return False
    data = io.BytesIO()
    try:
        Image.new("RGB", (8, 8)).save(data, name)
        opened(data).load()
    except Exception:  # a format whose library is missing raises whatever it likes
        return False
    return True


def clean_up(folder: Path) -> None:
    """Removes what killed runs and full disks left of files, in all sweeps beside this one.

    A sweep that is running elsewhere loses nothing: what is not whole is a left-over after ten minutes only. In this
    folder, which is this run's own, it is one at once.
    """
    _clean(folder, older_than=0)
    others = [path for path in _entries(folder.parent) if path != folder and SWEEP_ID.fullmatch(path.name)]
    for other in sorted(others, key=_changed, reverse=True)[:MOST_SWEPT]:
        _clean(other, older_than=STALE)


def _clean(folder: Path, older_than: float) -> None:
    if not older_than or time.time() - _changed(folder) >= older_than:
        for within in (folder, *(folder / name for name in FOLDERS)):
            for path in _entries(within):
                _remove(path, older_than, whatever_it_holds=bool(_NOT_WHOLE.fullmatch(path.name)))
        if older_than and {path.name for path in _entries(folder)} <= {CELLS}:
            remove_empty(folder)


def _remove(path: Path, older_than: float, whatever_it_holds: bool) -> None:
    """Removes a file, if it is old enough; also an empty one, which kept a picture's name until that was written."""
    with contextlib.suppress(OSError):  # somebody else's sweep may have removed it, and a folder may be read-only
        found = path.lstat()
        left_over = stat.S_ISREG(found.st_mode) and (whatever_it_holds or found.st_size == 0)
        if left_over and (not older_than or time.time() - found.st_mtime >= older_than):
            path.unlink()


def _entries(folder: Path) -> list[Path]:
    try:
        return [] if folder.is_symlink() else list(folder.iterdir())
    except OSError:
        return []


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
