"""Pictures that are encoded already: a PNG compressed strip by strip, and pictures that are files on disk.

A grid has millions of pixels, and a sweep's answer hundreds of pictures; to encode them once the last picture is there
would hold it up by seconds. So a grid's strips are compressed as soon as they are drawn, in any thread and order, and
only joined at the end; and what has a file is handed on as that file's bytes.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .reading import LARGEST_PICTURE, open_picture, open_plain, opened

BLOCK = 1 << 18
"""Bytes of pixels that are filtered and compressed at once, so that a strip takes little memory beside itself."""

SAMPLE = 1 << 13
"""Bytes of a block that are compressed to choose how: a thirtieth of it."""

SUB, UP, AVERAGE = 1, 2, 3
"""The filters of PNG's rows that are used. Paeth takes as long as all else together, for a size equal within 1 %."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB_OF_8_BITS = b"\x08\x02\x00\x00\x00"  # depth, colour type, compression, filters, no interlace
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_ZLIB_HEADER = b"\x78\x01"  # deflate, a window of 32 KB, fast
_FINAL_BLOCK = b"\x03\x00"  # the last one, fixed codes, empty
_ADLER_BASE = 65521

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Strip:
    """Rows of a PNG, compressed: `data` is raw deflate up to a byte's end, of `size` bytes, `adler` their Adler-32."""

    width: int
    rows: int
    data: bytes
    adler: int
    size: int


def compress_strip(strip: Image.Image) -> Strip:
    """Filters and compresses rows of a picture as PNG has them; no row needs one of another strip.

    Nearly all of it runs without the interpreter's lock, so several threads do it at once. Raises `ValueError` for
    what is no RGB picture or has no pixels.
    """
    if strip.mode != "RGB" or not (strip.width and strip.height):
        raise ValueError(f"a strip is RGB and has pixels, this is {strip.mode}, {strip.width} × {strip.height}")
    at_once = max(1, BLOCK // (3 * strip.width))
    parts, adler, above = [], 1, None
    for top in range(0, strip.height, at_once):
        block = np.asarray(strip.crop((0, top, strip.width, min(top + at_once, strip.height))))
        rows = block.reshape(len(block), -1)
        filtered = _filtered(rows, above)
        parts.append(_deflated(filtered))
        adler = zlib.adler32(filtered.data, adler)
        above = rows[-1]
    return Strip(strip.width, strip.height, b"".join(parts), adler, strip.height * (1 + 3 * strip.width))


def joined(strips: Sequence[Strip]) -> list[bytes]:
    """The zlib stream (RFC 1950) of strips, from the top, in parts. Raises `ValueError` for none, or unequal widths."""
    if len({strip.width for strip in strips}) != 1:
        raise ValueError("an image has strips of one width")
    adler = 1
    for strip in strips:
        adler = _adler_of_both(adler, strip)
    return [_ZLIB_HEADER, *(strip.data for strip in strips), _FINAL_BLOCK + struct.pack(">I", adler)]


class EncodedImage(Image.Image):  # type: ignore[misc]  # Pillow has no types at the hosts' versions
    """A picture that behaves as any other, but is saved as what it was encoded to, where that is what is asked for.

    It has pixels (Pillow's `im`) once somebody asks for them, and `readonly` makes Pillow do every change on a copy. So
    they are those that were encoded as long as they are the same object. A copy, also one by `copy.copy` or `pickle`,
    and whatever else is made from it, is a picture like any other.
    """

    _encoded_core: Any = None

    def __init__(self, mode: str, size: tuple[int, int], info: dict[Any, Any]) -> None:
        super().__init__()
        self._mode = mode
        self._size = size
        self.info = dict(info)
        self.readonly = 1

    @property
    def mode(self) -> str:
        """As Pillow names it."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        """Set by newer versions of Pillow."""
        self._mode = mode

    def load(self) -> Any:
        """Gives access to the pixels, as Pillow does; a first pixel that is set makes them a copy."""
        pixels = super().load()
        return _Pixels(self, pixels) if self.readonly and self._core() is not None else pixels

    def frombytes(self, *args: Any, **kwargs: Any) -> None:
        """Sets the pixels. Pillow would do it in place, also where they are shared."""
        self._ensure_mutable()
        super().frombytes(*args, **kwargs)

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """Saves as Pillow does, by writing what is encoded already where that is asked for. Raises as Pillow does."""
        # Another extension may have put itself into Pillow's place, to encrypt what is saved.
        is_ours = fp is not sys.stdout and Image.Image.save.__module__ == Image.__name__
        parts = self._encoded(_format_of(fp, format), params) if is_ours else None
        if parts is None:
            self._plain().save(fp, format, **params)
        elif isinstance(fp, str | bytes | os.PathLike):
            _write(fp, parts)
        else:
            for part in parts:
                fp.write(part)
            if hasattr(fp, "flush"):
                fp.flush()

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same pixels and info, encoded or not."""
        return bool(self._plain() == (other._plain() if isinstance(other, EncodedImage) else other))

    __hash__ = None  # type: ignore[assignment]  # as pictures of Pillow have none

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _itself, (self.copy(),)

    def _encoded(self, format: str | None, params: dict[str, Any]) -> Iterable[bytes] | None:
        """What is to be written, or None where it must be encoded anew."""
        raise NotImplementedError

    def _plain(self) -> Image.Image:
        """The picture as one of Pillow's, with the same pixels: to save that makes no copy of them."""
        self.load()
        plain: Image.Image = self._new(self.im)
        return plain

    def _take(self, core: Any) -> None:
        self.im = self._encoded_core = core
        self.readonly = 1

    def _core(self) -> Any:
        """Pillow's `im`, which newer versions don't give while it is None or closed."""
        return vars(self).get("_im", vars(self).get("im"))

    def _is_unchanged(self) -> bool:
        return self._core() is self._encoded_core


class StripsImage(EncodedImage):
    """A picture of which there are only compressed strips: as PNG it is written from them, and else read from them."""

    def __init__(self, strips: Sequence[Strip], info: dict[Any, Any]) -> None:
        """Makes an RGB picture.

        Args:
            strips: of all its rows, from the top.
            info: as Pillow's pictures have it.

        Raises `ValueError` where there are none, or not all are of one width.
        """
        stream = joined(strips)
        size = (strips[0].width, sum(strip.rows for strip in strips))
        super().__init__("RGB", size, info)
        header = _chunk(b"IHDR", struct.pack(">II", *size) + _RGB_OF_8_BITS)
        self._head = (_SIGNATURE, *header)
        self._tail = (*(piece for part in stream for piece in _chunk(b"IDAT", part)), *_chunk(b"IEND", b""))

    def load(self) -> Any:
        """Decodes the picture, once."""
        if self._core() is None:
            with opened(io.BytesIO(b"".join((*self._head, *self._tail)))) as image:
                image.load()
                self._take(image.im)
        return super().load()

    def _encoded(self, format: str | None, params: dict[str, Any]) -> Iterable[bytes] | None:
        chunks = getattr(params.get("pnginfo"), "chunks", ())
        fits = format == "PNG" and params.keys() <= {"pnginfo", "quality"}
        # What Pillow writes from the info into a PNG is no part of what is encoded.
        if not fits or not self._is_unchanged() or _colours_in(self.info):
            return None
        if any(name not in _TEXTS or any(after_the_pixels) for name, _, *after_the_pixels in chunks):
            return None
        return (*self._head, *(part for name, data, *_ in chunks for part in _chunk(name, data)), *self._tail)


def compressed(image: Image.Image) -> Image.Image:
    """The picture compressed for PNG, in a quarter of the time that Pillow takes; as it is where it isn't RGB, which it
    must be for that. Saved in another format it is as any other."""
    return StripsImage([compress_strip(image)], image.info) if image.mode == "RGB" else image


class FileImage(EncodedImage):
    """A picture that is a file: it is read when somebody asks for pixels or the mode, and then keeps its pixels.

    Saved in the file's own format it is the file's bytes: they keep the metadata and the quality that the file has,
    whatever `pnginfo`, `exif`, `quality` and `lossless` say. Where the picture or its `info` was changed, other
    parameters are given, or another format, it is encoded anew; for that, pixels are read and not kept. Once the file
    is gone, all but `size` and `info` raises `OSError`.
    """

    def __init__(self, path: Path, size: tuple[int, int], infotext: str | None) -> None:
        """Describes the picture without reading it.

        Args:
            path: of the file; a link isn't followed.
            size: width and height in pixels.
            infotext: what becomes `info["parameters"]`, None for none.
        """
        super().__init__("", size, {} if infotext is None else {"parameters": infotext})
        self._path = path
        self._first_info = dict(self.info)

    @property
    def mode(self) -> str:
        """As Pillow names it; read from the file where it isn't known yet."""
        if not self._mode and self._core() is None:
            with open_picture(self._path) as image:
                self._mode = image.mode
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        """Set by newer versions of Pillow."""
        self._mode = mode

    def load(self) -> Any:
        """Reads the picture from its file, once. Raises `OSError` where it is gone or damaged."""
        if self._core() is None:
            with open_picture(self._path) as image:
                image.load()
                self._mode, self._size, self.palette = image.mode, image.size, image.palette
                self.info = {**_colours_in(image.info), **self.info}
                self._first_info = {**_colours_in(image.info), **self._first_info}
                self._take(image.im)
        return super().load()

    def _encoded(self, format: str | None, params: dict[str, Any]) -> Iterable[bytes] | None:
        if not params.keys() <= {"pnginfo", "quality", "exif", "lossless"}:
            return None
        if not self._is_unchanged() or self.info != self._first_info:
            return None
        with open_plain(self._path, LARGEST_PICTURE) as file:
            if _format_in(file) != format:
                return None
            file.seek(0)
            return (file.read(),)  # all of it, for it may be this very file that is to be written

    def _plain(self) -> Image.Image:
        if self._core() is not None:
            return super()._plain()
        unread = FileImage(self._path, self._size, None)
        unread.load()
        unread.info.update(self.info)
        return unread._plain()


class _Pixels:
    """Access to the pixels of a picture that become a copy as soon as one is set."""

    def __init__(self, image: EncodedImage, pixels: Any) -> None:
        self._image = image
        self._pixels = pixels

    def __getitem__(self, place: Any) -> Any:
        return self._pixels[place]

    def __setitem__(self, place: Any, colour: Any) -> None:
        if self._image.readonly:
            self._image._ensure_mutable()
            self._pixels = self._image.load()
        self._pixels[place] = colour


def _filtered(rows: Bytes, above: Bytes | None) -> Bytes:
    """Rows of RGB as PNG filters them, height × (1 + 3 × width); each by the filter with the least sum of differences.

    Args:
        rows: height × (3 × width).
        above: the row above the first, None where that is another strip's.
    """
    left = np.zeros_like(rows)
    left[:, 3:] = rows[:, :-3]
    up = np.empty_like(rows)
    up[1:] = rows[:-1]
    up[0] = 0 if above is None else above
    average = (left & up) + ((left ^ up) >> 1)  # of two bytes within a byte
    found = {SUB: rows - left, UP: rows - up, AVERAGE: rows - average}
    best = np.argmin([_differences(each) for each in found.values()], axis=0)
    if above is None:
        best[0] = 0
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    for place, (name, each) in enumerate(found.items()):
        chosen = best == place
        filtered[chosen, 0] = name
        filtered[chosen, 1:] = each[chosen]
    return filtered


def _differences(rows: Bytes) -> npt.NDArray[np.uint32]:
    """Of each row the sum of its bytes' distances from zero, read as signed ones (PNG's usual rule of thumb)."""
    distances = np.abs(rows.view(np.int8)).view(np.uint8)  # that of -128 doesn't fit, and is 128 as unsigned
    sums: npt.NDArray[np.uint32] = distances.sum(axis=1, dtype=np.uint32)
    return sums


def _deflated(filtered: Bytes) -> bytes:
    """Filtered rows, compressed up to a byte's end.

    What has grain has no repetitions to look for: with runs alone it gets smaller than with zlib's usual search, and
    in a tenth of the time. What is drawn (letters, plain areas, even gradients) has, and searching is quick there.
    """
    return _compressed(filtered, zlib.Z_DEFAULT_STRATEGY if _is_drawn(filtered) else zlib.Z_RLE)


def _is_drawn(filtered: Bytes) -> bool:
    """Whether most of it is zeros, or searching a few of the rows makes them smaller by a fifth."""
    if 2 * np.count_nonzero(filtered) < filtered.size:
        return True
    middle = len(filtered) // 2
    rows = filtered[middle : middle + max(1, SAMPLE // filtered.shape[1])]
    return len(_compressed(rows, zlib.Z_DEFAULT_STRATEGY)) < 0.8 * len(_compressed(rows, zlib.Z_RLE))


def _compressed(filtered: Bytes, strategy: int) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    return compressor.compress(filtered.data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _adler_of_both(adler: int, strip: Strip) -> int:
    """The Adler-32 of what has the given one, followed by a strip's bytes.

    With a = 1 + Σ bytes and b = Σ of all a on the way (RFC 1950), those of the second part start at `a` instead of 1:
    each of its a, and so b for each of its bytes, is greater by a - 1.
    """
    a, b = adler & 0xFFFF, adler >> 16
    b = (b + (strip.adler >> 16) + strip.size * (a - 1)) % _ADLER_BASE
    a = (a + (strip.adler & 0xFFFF) - 1) % _ADLER_BASE
    return b << 16 | a


def _chunk(name: bytes, data: bytes) -> tuple[bytes, bytes, bytes]:
    """A chunk of a PNG in three parts."""
    return struct.pack(">I", len(data)) + name, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def _colours_in(info: dict[Any, Any]) -> dict[Any, Any]:
    """What of a picture's info says how its pixels look."""
    return {key: info[key] for key in ("transparency", "icc_profile") if info.get(key) is not None}


def _itself(image: Image.Image) -> Image.Image:
    return image


def _format_of(fp: Any, format: str | None) -> str | None:
    """The format in which Pillow would write, None where it would find none."""
    if format:
        return format.upper()
    name = fp if isinstance(fp, str | bytes | os.PathLike) else getattr(fp, "name", "")
    if not isinstance(name, str | bytes | os.PathLike):
        return None
    found: str | None = Image.registered_extensions().get(os.path.splitext(os.fsdecode(name))[1].lower())
    return found


def _format_in(file: Any) -> str | None:
    """The format of an open file. Raises `OSError` for what is no picture."""
    try:
        found: str | None = opened(file).format
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise OSError(str(error) or "it is damaged") from error
    return found


def _write(fp: Any, parts: Iterable[bytes]) -> None:
    """Writes a file; where that fails, a new one is removed, as Pillow does. Raises `OSError`."""
    is_new = not os.path.exists(fp)
    try:
        with builtins.open(fp, "w+b") as file:  # so does Pillow, and waits for nobody to read from a pipe
            file.writelines(parts)
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                os.remove(fp)
        raise
