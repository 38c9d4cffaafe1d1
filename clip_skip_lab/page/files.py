"""What the page needs in a sweep's folder: itself, the sweep as a script, and reduced pictures."""

from __future__ import annotations

import base64
import errno
import io
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, features

from .assemble import as_literal, page_html

PAGE = "index.html"
DATA = "sweep.js"
SMALL = "small"

TEMPORARY = (".clip-skip-", ".tmp")
"""How the names of files begin and end that are not whole yet."""

PATIENCE = 2.0 if os.name == "nt" else 0.0
"""Seconds for which a change is tried again: Windows replaces, moves and removes nothing that somebody reads just then,
as the page of a running sweep and scanners of viruses do for a moment."""

SMALL_SIDE = 256
"""The longer side of a reduced picture in pixels: enough for the cells of a whole sweep seen at once."""

SMALL_QUALITY = 80


def write_page(folder: Path) -> None:
    """Writes `index.html`. Raises `OSError`."""
    write_text(folder / PAGE, page_html())


def write_data(folder: Path, text: str) -> None:
    """Writes `sweep.js` from the text of `sweep.json`. Raises `OSError`."""
    write_text(folder / DATA, data_script(text))


def data_script(text: str) -> str:
    """A script that hands a text to the page: from disk a browser reads scripts and pictures, and no other files.

    The text goes as one string, for the page to parse: it can hold anything, and run nothing.
    """
    return f"clipSkipLabSweep({as_literal(text)});\n"


def save_small(image: Image.Image, folder: Path, name: str) -> str:
    """Saves a reduced copy of a picture, and the same once more as a script.

    A page that was opened from disk may show a picture file but not read its pixels; what it exports it draws from
    the script's copy.

    Args:
        image: the picture at full size, in any mode; left as it is.
        folder: the sweep's folder.
        name: of the file, without its ending.

    Returns the file's path in the sweep's folder. Raises `OSError`.
    """
    kind, ending = ("WEBP", "webp") if features.check("webp") else ("JPEG", "jpg")
    reduced = image.convert("RGB")
    reduced.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    data = io.BytesIO()
    reduced.save(data, kind, quality=SMALL_QUALITY, **({"method": 2} if kind == "WEBP" else {}))  # in half the time
    folder_in(folder, SMALL)
    file = f"{SMALL}/{name}.{ending}"
    write_bytes(folder / file, data.getvalue(), lasting=False)
    url = f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
    script = f"clipSkipLabSmall({as_literal(file)}, {as_literal(url)});\n"
    write_bytes(folder / f"{file}.js", script.encode(), lasting=False)
    return file


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Writes a file in one step, so that a reader sees the old content or the new one. Raises `OSError`.

    Half of a pair of surrogates, which UTF-8 has no bytes for and a prompt of the API may hold, is written as JSON and
    JavaScript write it: `\\ud800`.
    """
    write_bytes(path, text.encode(encoding, errors="backslashreplace"))


def write_bytes(path: Path, data: bytes, lasting: bool = True) -> None:
    """Writes a file in one step; a link in its place is replaced, not followed.

    Args:
        path: of the file.
        data: its content.
        lasting: whether to wait until it is on the disk itself, for what could not be made again after a power cut.

    Raises `OSError`.
    """
    # `tempfile` would try two thousand million names in a folder that Windows does not let it write to.
    name = path.parent / secrets.token_hex(4).join(TEMPORARY)
    try:
        with name.open("xb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        replace(name, path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def replace(source: Path, target: Path) -> None:
    """Gives a file or folder another name; a file of that name is replaced. Raises `OSError`."""
    _patiently(lambda: os.replace(source, target))


def remove(path: Path) -> None:
    """Removes a file, if it is there. Raises `OSError`."""
    _patiently(lambda: path.unlink(missing_ok=True))


def _patiently(change: Callable[[], None]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return change()
        except PermissionError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.02)


def folder_in(folder: Path, name: str) -> Path:
    """A folder within another, made where it is missing. Raises `OSError`, also where a link is in its place."""
    path = folder / name
    path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, "it is a link", str(path))
    return path
