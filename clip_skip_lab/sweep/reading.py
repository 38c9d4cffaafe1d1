"""Reading files that somebody may have sent: no link is followed, no pipe waited for, all has bounds."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ..language import Text

LARGEST_RECORD = 200_000_000
"""Bytes; a `sweep.json` above it is none of ours: 10,000 cells with long prompts take 40 million."""

LARGEST_PICTURE = 1_000_000_000
"""Bytes of a picture's file."""

MOST_PIXELS = 200_000_000
"""Of a picture: at three bytes each, what a memory has room for."""

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JXL")
"""The formats of pictures that are read, as Pillow names them. Others start programs (EPS) or are no pictures."""

DEEPEST = 40
"""Lists and objects within each other; a `sweep.json` has some ten."""

LONGEST_NUMBER = 400
"""Digits of a whole number: reading takes the square of it, and older Pythons have no bound."""


def open_plain(path: Path, most: int, follow: bool = False) -> BinaryIO:
    """Opens a plain file for reading.

    Args:
        path: of the file.
        most: its bytes at the most.
        follow: whether it may be a link.

    Raises `OSError` where it is something else, and `ValueError` for what can be no path.
    """
    if not follow and path.is_symlink():
        raise OSError(errno.ELOOP, Text("it is a link"))
    # Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, Text("it is not a regular file"))
        if found.st_size > most:
            raise OSError(errno.EFBIG, Text("it is larger than {most} bytes", most=f"{most:,}"))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def path_in(folder: Path, name: str) -> Path:
    """The path of a file by its name in a folder. Raises `OSError` or `ValueError` for what leads out of it."""
    home = os.path.realpath(folder)
    path = Path(os.path.realpath(os.path.join(home, name)))
    if not path.is_relative_to(home):
        raise OSError(errno.EACCES, Text("it is outside the sweep's folder"))
    return path


def read_object(path: Path, most: int = LARGEST_RECORD) -> tuple[str, dict[str, Any]]:
    """The text of a file that holds a JSON object, and the object. Raises `OSError` or `ValueError`."""
    with open_plain(path, most) as file:
        text = file.read(most + 1).decode("utf-8")
    return text, parse_object(text)


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object that a text holds. Raises `ValueError`."""
    try:
        content = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError(Text("it is nested too deeply")) from None
    if not isinstance(content, dict):
        raise ValueError(Text("it is not a JSON object"))
    _check_depth(content)
    return content


def read_lines(path: Path, most: int = LARGEST_RECORD) -> list[dict[str, Any]]:
    """The JSON objects of a file that holds one in each line. A line that is none, as the last one of a killed program,
    is passed over. Raises `OSError`."""
    found = []
    with open_plain(path, most) as file:
        for line in file.read(most + 1).splitlines():
            with contextlib.suppress(ValueError):
                found.append(parse_object(line.decode("utf-8")))
    return found


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file's content, or None when it cannot be read."""
    found = hashlib.sha256()
    try:
        with open_plain(path, LARGEST_PICTURE) as file:
            while part := file.read(1 << 20):
                found.update(part)
    except (OSError, ValueError):
        return None
    return found.hexdigest()


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """A picture from its file, for a `with`. Raises `OSError` where it is missing, damaged, or no picture."""
    try:
        with open_plain(path, LARGEST_PICTURE) as file, opened(file) as image:
            yield image
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow raises for damaged ones
        raise OSError(errno.EINVAL, str(error) or Text("it is damaged")) from error


def opened(file: BinaryIO) -> Image.Image:
    """The picture in an open file, in one of `FORMATS`. Raises what Pillow raises, and `OSError` for a huge one."""
    Image.init()
    image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    if image.width * image.height > MOST_PIXELS:
        raise OSError(
            errno.EFBIG,
            Text("it has {width} × {height} pixels, which is too large", width=image.width, height=image.height),
        )
    return image


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(Text("it contains a number of {count} digits", count=f"{len(digits):,}"))
    return int(digits)


def _check_depth(content: dict[str, Any]) -> None:
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        values = (value for part in level for value in (part.values() if isinstance(part, dict) else part))
        level = [value for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise ValueError(Text("it is nested too deeply"))
