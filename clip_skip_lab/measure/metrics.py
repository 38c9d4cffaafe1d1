"""The measures: pure functions on arrays, and `MEASURES`, the table of them. Sources and reasons: docs/measures.md.

`rgb` is height × width × 3, `luma` height × width, both bytes (0–255). Two pictures must be of one size; where a
picture is too small for a measure, it is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..language import Text, in_all_languages
from .pictures import Bytes, Full, Reduced
from .similarity import structure_change

Floats = npt.NDArray[np.float64]

PART = 1 << 13
"""Of a picture's spectrum, how many numbers are worked on at once."""

CLEARLY = 15.0
"""ΔE above which a pixel has another colour at first sight; about 2 is just seen side by side."""

CUTOFF = 1 / 8
"""Cycles per pixel above which a frequency is high: structures finer than 8 pixels, the side of a latent pixel."""


def mean_absolute_difference(rgb: Bytes, other: Bytes) -> float:
    """The mean of |a − b| over pixels and channels, in levels of 0–255."""
    return float(np.abs(rgb.astype(np.int16) - other).mean(dtype=np.float64))


def colour_differences(rgb: Bytes, other: Bytes) -> Floats:
    """ΔE of each pixel by CIEDE2000 (Sharma et al. 2005), of sRGB under D65: height × width."""
    if np.array_equal(rgb, other):
        return np.zeros(rgb.shape[:2])  # where rounding would leave 3e-16
    from skimage.color import deltaE_ciede2000, rgb2lab  # most of a second to import, which the first picture waits for

    differences: Floats = deltaE_ciede2000(rgb2lab(rgb), rgb2lab(other))
    return differences


def changed_area(differences: Floats) -> float:
    """The share of the pixels that are clearly of another colour, by more than `CLEARLY`, 0–1.

    Args:
        differences: what `colour_differences` gives.
    """
    return float((differences > CLEARLY).mean())


def saturation(rgb: Bytes) -> float:
    """The mean over the pixels of the saturation of HSV, 0–1; black counts as 0."""
    from skimage.color import rgb2hsv

    return float(rgb2hsv(rgb)[..., 1].mean())


def sharpness(luma: Bytes) -> float | None:
    """The variance of the Laplacian of four neighbours (Pech-Pacheco et al. 2000), in levels² of 0–255.

    Over the pixels that have all four. None below 3 pixels.
    """
    if min(luma.shape) < 3:
        return None
    level = luma.astype(np.int16)
    laplacian = -4 * level[1:-1, 1:-1]
    for neighbours in (level[:-2, 1:-1], level[2:, 1:-1], level[1:-1, :-2], level[1:-1, 2:]):
        laplacian += neighbours
    return float(laplacian.var(dtype=np.float64))


def high_frequency_share(luma: Bytes) -> float:
    """The share of the power spectrum, without the mean, that is above `CUTOFF`, 0–1; 0 for a plain picture.

    Under a Hann window, so that the jump from one border to the opposite one does not count as detail.
    """
    window, counts, high = _spectrum_parts(*luma.shape)
    level = luma * window
    mean = float(level.sum() / window.sum())
    np.subtract(luma, mean, out=level)
    level *= window
    power = _power(level)
    power *= counts
    total = float(power.sum())
    # Below a millionth of a level² all there is is rounding.
    return float(power[high].sum()) / total if total > 1e-6 * window.size else 0.0


def _power(level: Floats) -> Floats:
    """|`rfft2`|², in parts that stay in the processor's cache."""
    height, width = level.shape
    across = np.empty((height, width // 2 + 1), np.complex128)
    for rows in _parts(height, width):
        across[rows] = np.fft.rfft(level[rows])
    power = np.empty(across.shape, order="F")
    for columns in _parts(across.shape[1], height):
        np.abs(np.fft.fft(across[:, columns], axis=0), out=power[:, columns])
    power **= 2
    return power


def _parts(count: int, length: int) -> list[slice]:
    """So many lines of that length, in parts."""
    at_once = max(1, PART // length)
    return [slice(start, start + at_once) for start in range(0, count, at_once)]


@lru_cache(maxsize=4)
def _spectrum_parts(height: int, width: int) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """The window; how often each frequency of `rfft2` stands in the whole spectrum; which are high."""
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in (height, width)))  # without its zeros at the ends
    counts = np.full(width // 2 + 1, 2.0)
    counts[0] = 1.0
    if width % 2 == 0:
        counts[-1] = 1.0
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    return window, counts, down**2 + across**2 > CUTOFF**2


COMPOSITION, DETAIL, DIFFERENCE = "composition_change", "detail_change", "mean_absolute_difference"
SHARPNESS, HIGH_FREQUENCIES = "sharpness", "high_frequency_share"
COLOUR, SATURATION, AREA = "colour_difference", "saturation", "changed_area"


@dataclass(frozen=True)
class Measure:
    """One measure. It has one of the two functions, or neither where it is not of the pictures.

    Attributes:
        key: its name in `sweep.json` and `measures.csv`.
        name: what to call it.
        unit: of its values.
        description: what it means.
        alone: measures a picture.
        from_reference: measures how far a picture is from that of the reference cell, which has the same size.
    """

    key: str
    name: Text
    unit: str
    description: Text
    alone: Callable[[Full], float | None] | None = None
    from_reference: Callable[[Full, Full], float | None] | None = None

    def of(self, picture: Full, reference: Full | None) -> float | None:
        """Its value, None where it takes a reference and there is none, or one of another size."""
        if self.alone is not None:
            return self.alone(picture)
        if self.from_reference is None or reference is None or picture.luma.shape != reference.luma.shape:
            return None
        return self.from_reference(picture, reference)

    def to_json(self) -> dict[str, object]:
        """The definition as plain data."""
        return {
            "key": self.key,
            "name": in_all_languages(self.name),
            "unit": self.unit,
            "description": in_all_languages(self.description),
            "against_reference": self.alone is None,
        }


@lru_cache(maxsize=16)
def _apart(picture: Reduced, other: Reduced) -> Floats:
    """`colour_differences`, which two measures of the same pictures take; so many threads may be at it."""
    return colour_differences(picture.rgb, other.rgb)


MEASURES = (
    Measure(
        COMPOSITION,
        Text("Composition change"),
        "1 − SSIM",
        Text(
            "How far shapes and their places differ from the reference, details left out: 0 is the same "
            "composition, around 1 nothing in common."
        ),
        from_reference=lambda picture, reference: structure_change(picture.reduced.luma, reference.reduced.luma),
    ),
    Measure(
        DETAIL,
        Text("Detail change"),
        "1 − SSIM",
        Text("How far the image differs from the reference at full size: 0 is identical, around 1 nothing in common."),
        from_reference=lambda picture, reference: structure_change(picture.luma, reference.luma),
    ),
    Measure(
        DIFFERENCE,
        Text("Mean absolute difference"),
        "levels of 0–255",
        Text("The mean difference from the reference of the pixels' red, green and blue: 0 is identical."),
        from_reference=lambda picture, reference: mean_absolute_difference(picture.rgb, reference.rgb),
    ),
    Measure(
        SHARPNESS,
        Text("Sharpness"),
        "levels² of 0–255",
        Text(
            "The variance of the Laplacian of the brightness, the strength of edges: blur lowers it, contrast "
            "and noise raise it. Higher is not better."
        ),
        alone=lambda picture: sharpness(picture.luma),
    ),
    Measure(
        HIGH_FREQUENCIES,
        Text("Share of high frequencies"),
        "share, 0–1",
        Text("The share of the brightness's variation that is in structures finer than 8 pixels."),
        alone=lambda picture: high_frequency_share(picture.luma),
    ),
    Measure(
        COLOUR,
        Text("Color difference"),
        "ΔE (CIEDE2000)",
        Text(
            "The mean color difference from the reference as the eye sees it: 0 is the same, about 2 is just visible."
        ),
        from_reference=lambda picture, reference: float(_apart(picture.reduced, reference.reduced).mean()),
    ),
    Measure(
        AREA,
        Text("Changed area"),
        "share, 0–1",
        Text(
            "The share of the image whose color clearly differs from the reference (ΔE above 15): 0 is none, 1 is "
            "the whole image."
        ),
        from_reference=lambda picture, reference: changed_area(_apart(picture.reduced, reference.reduced)),
    ),
    Measure(
        SATURATION,
        Text("Saturation"),
        "share, 0–1",
        Text("The mean saturation (HSV): 0 is gray, 1 is pure color."),
        alone=lambda picture: saturation(picture.reduced.rgb),
    ),
)
"""In the order in which they are shown."""


def measures_of(picture: Full, reference: Full | None = None) -> dict[str, float | None]:
    """All measures of a picture by key; against a `reference` where there is one."""
    return {measure.key: measure.of(picture, reference) for measure in MEASURES}


def reduced_changes(picture: Reduced, other: Reduced) -> dict[str, float | None]:
    """What can be measured of two reduced pictures, by key: None where their shapes differ or they are too small."""
    if picture.rgb.shape != other.rgb.shape:
        return {COMPOSITION: None, AREA: None}
    return {COMPOSITION: structure_change(picture.luma, other.luma), AREA: changed_area(_apart(picture, other))}
