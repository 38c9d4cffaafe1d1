"""Where the compressed strips of a grid wait until it is saved: the first in memory, the others in a file.

Those of ten thousand cells take hundreds of megabytes.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from PIL import Image

from .encoded import Strip, compress_strip

IN_MEMORY = 32_000_000
"""Bytes that stay in memory: the grid of a usual sweep."""

Kept = Callable[[], Strip]
"""Gives a strip back. Raises `OSError`."""


class Shelf:
    """Keeps strips; for any thread. Args: folder: on the disk that is to hold the file, which has no name there."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._size = self._end = 0
        self._lock = threading.Lock()

    def compress(self, image: Image.Image) -> Kept:
        """Compresses rows of a picture (`compress_strip`), and keeps them."""
        strip = compress_strip(image)
        with self._lock:
            self._size += len(strip.data)
            if self._size > IN_MEMORY:
                try:
                    return self._put(strip)
                except OSError:  # a full disk
                    return lambda: strip
        return lambda: strip

    def _put(self, strip: Strip) -> Kept:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  it is there as long as this is
        start = self._end
        self._file.seek(start)
        self._file.write(strip.data)
        self._file.flush()
        self._end += len(strip.data)
        return partial(self._read, replace(strip, data=b""), start, len(strip.data))

    def _read(self, strip: Strip, start: int, size: int) -> Strip:
        assert self._file is not None, "it was put there"
        with self._lock:
            self._file.seek(start)
            return replace(strip, data=self._file.read(size))
