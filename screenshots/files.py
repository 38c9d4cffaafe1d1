"""How images are written: small, and always under the name that the docs show."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MOST = 2 << 20
"""Bytes of one file: more would be a burden on every clone."""


def opened(screenshot: bytes) -> Image.Image:
    """A screenshot as an image without transparency."""
    return Image.open(io.BytesIO(screenshot)).convert("RGB")


def save(image: Image.Image, file: Path, colours: int = 256) -> None:
    """Writes a PNG with a palette, or a WebP, as the file's name says."""
    if file.suffix == ".webp":
        image.save(file, quality=82, method=6)
    else:
        image.quantize(colours, dither=Image.Dither.NONE).save(file, optimize=True)
    checked(file)


def save_film(frames: list[tuple[Image.Image, int]], file: Path) -> None:
    """Writes frames, each with its milliseconds, as an animated WebP that repeats."""
    images, times = zip(*merged(frames), strict=True)
    images[0].save(
        file, save_all=True, append_images=images[1:], duration=list(times), loop=0, quality=74, method=4,
        allow_mixed=True, kmax=60,
    )  # fmt: skip
    checked(file)


def merged(frames: list[tuple[Image.Image, int]]) -> list[tuple[Image.Image, int]]:
    """The same with equal neighbours as one frame."""
    found: list[tuple[Image.Image, int]] = []
    for image, time in frames:
        if found and found[-1][0].tobytes() == image.tobytes():
            found[-1] = (image, found[-1][1] + time)
        else:
            found.append((image, time))
    return found


def checked(file: Path) -> None:
    """Refuses a file that is too large for the docs."""
    size = file.stat().st_size
    if size > MOST:
        raise SystemExit(f"{file} has {size / (1 << 20):.1f} MB, more than the docs should hold.")
