"""A picture as it is measured: at full size for as long as it takes, and reduced for as long as the sweep takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from ..sweep.reading import open_picture
from .definitions import AREA, COLOUR, COMPOSITION, DETAIL, DIFFERENCE, HIGH_FREQUENCIES, SATURATION, SHARPNESS
from .metrics import (
    changed_area,
    colour_differences,
    high_frequency_share,
    mean_absolute_difference,
    saturation,
    sharpness,
    structure_change,
)

REDUCED_SIDE = 64
"""The longer side in pixels to which a picture is reduced at most; smaller ones stay as they are."""

FEATURE_SIDE = 32
"""The longer side in pixels at which the variance of pictures is divided between the axes."""


@dataclass(frozen=True)
class Reduced:
    """A picture reduced by averaging: `rgb` h × w × 3 and `luma` h × w, low-passed (Gaussian, σ 1 px), both bytes."""

    rgb: np.ndarray
    luma: np.ndarray

    def composition_change(self, other: Reduced) -> float | None:
        """1 − SSIM of the low-passed pictures, or None where their shapes differ or they are too small."""
        return structure_change(self.luma, other.luma) if self.luma.shape == other.luma.shape else None

    def changed_area(self, other: Reduced) -> float | None:
        """The share of the picture that is clearly of another colour, or None where their shapes differ."""
        if self.rgb.shape != other.rgb.shape:
            return None
        return changed_area(colour_differences(self.rgb, other.rgb))

    def features(self) -> np.ndarray:
        """The picture at `FEATURE_SIDE` as one row of floats, 0–1."""
        small = _fitted(Image.fromarray(self.rgb), FEATURE_SIDE)
        return np.asarray(small, dtype=np.float32).ravel() / 255


@dataclass(frozen=True)
class Full:
    """A picture at full size: `rgb` height × width × 3 and `luma` (ITU-R BT.601) height × width, bytes; and reduced."""

    rgb: np.ndarray
    luma: np.ndarray
    reduced: Reduced

    def own_measures(self) -> dict[str, float | None]:
        """The measures of the picture alone, by key."""
        return {
            SHARPNESS: sharpness(self.luma),
            HIGH_FREQUENCIES: high_frequency_share(self.luma),
            SATURATION: saturation(self.reduced.rgb),
        }

    def changes_from(self, reference: Full) -> dict[str, float | None]:
        """The measures against a reference, by key; of another size, they are not comparable: empty."""
        if self.luma.shape != reference.luma.shape:
            return {}
        apart = colour_differences(self.reduced.rgb, reference.reduced.rgb)
        return {
            COMPOSITION: self.reduced.composition_change(reference.reduced),
            DETAIL: structure_change(self.luma, reference.luma),
            DIFFERENCE: mean_absolute_difference(self.rgb, reference.rgb),
            COLOUR: float(apart.mean()),
            AREA: changed_area(apart),
        }


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
    return image.resize(tuple(max(1, round(one * side / longest)) for one in image.size), Image.Resampling.BOX)
