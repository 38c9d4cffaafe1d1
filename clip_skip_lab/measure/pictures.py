"""A picture as it is measured: at full size for as long as it takes, and reduced for as long as the sweep takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ..sweep.reading import open_picture

REDUCED_SIDE = 64
"""The longer side in pixels to which a picture is reduced at most; smaller ones stay as they are."""

FEATURE_SIDE = 32
"""The longer side in pixels at which the variance of pictures is divided between the axes."""


Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Reduced:
    """A picture reduced by averaging: `rgb` h × w × 3 and `luma` h × w, low-passed (Gaussian, σ 1 px)."""

    rgb: Bytes
    luma: Bytes

    def features(self) -> npt.NDArray[np.float32]:
        """The picture at `FEATURE_SIDE` as one row of floats, 0–1."""
        small = _fitted(Image.fromarray(self.rgb), FEATURE_SIDE)
        return np.asarray(small, dtype=np.float32).ravel() / 255


@dataclass(frozen=True, eq=False)
class Full:
    """A picture at full size: `rgb` height × width × 3 and `luma` (ITU-R BT.601) height × width; and reduced."""

    rgb: Bytes
    luma: Bytes
    reduced: Reduced

    @property
    def kept_size(self) -> int:
        """Bytes, about, while it stays in memory to be compared with others."""
        return self.rgb.nbytes + self.luma.nbytes


def measurable(image: Image.Image) -> Full:
    """A picture of any mode and size, ready to be measured; transparency is left out."""
    image = image.convert("RGB")
    small = _fitted(image, REDUCED_SIDE)
    low_passed = small.convert("L").filter(ImageFilter.GaussianBlur(1))
    reduced = Reduced(np.asarray(small), np.asarray(low_passed))
    return Full(np.asarray(image), np.asarray(image.convert("L")), reduced)


def read_picture(path: Path) -> Full:
    """Reads a picture from its file. Raises `OSError` where it is missing or damaged."""
    with open_picture(path) as image:
        return measurable(image)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    """The picture reduced by area averaging so that its longer side is at most `side` pixels."""
    longest = max(image.size)
    if longest <= side:
        return image
    width, height = (max(1, round(length * side / longest)) for length in image.size)
    return image.resize((width, height), Image.Resampling.BOX)
