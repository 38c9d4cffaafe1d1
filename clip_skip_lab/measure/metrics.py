"""Measures of one picture and of two: pure functions on arrays. Sources and reasons: docs/measures.md.

`rgb` is height × width × 3, `luma` height × width, both bytes (0–255). Two pictures must be of one size; where a
picture is too small for a measure, it is None.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2hsv, rgb2lab
from skimage.metrics import structural_similarity

WINDOW = 7
"""The side in pixels of the window within which structural similarity compares."""

CLEARLY = 15.0
"""ΔE above which a pixel has another colour at first sight; about 2 is just seen side by side."""

CUTOFF = 1 / 8
"""Cycles per pixel above which a frequency is high: structures finer than 8 pixels, the side of a latent pixel."""


def structure_change(luma: np.ndarray, other: np.ndarray) -> float | None:
    """1 − SSIM (Wang et al. 2004; scikit-image's, window `WINDOW`): 0 for equal pictures, at most 2.

    The window shrinks to the shorter side of a small picture. None below 3 pixels.
    """
    window = min(WINDOW, *luma.shape)
    window -= 1 - window % 2  # it has a middle
    if window < 3:
        return None
    if np.array_equal(luma, other):
        return 0.0  # where rounding would leave 6e-8
    one, two = luma.astype(np.float32), other.astype(np.float32)
    return max(0.0, 1.0 - float(structural_similarity(one, two, win_size=window, data_range=255)))


def mean_absolute_difference(rgb: np.ndarray, other: np.ndarray) -> float:
    """The mean of |a − b| over pixels and channels, in levels of 0–255."""
    return float(np.abs(rgb.astype(np.int16) - other).mean(dtype=np.float64))


def colour_differences(rgb: np.ndarray, other: np.ndarray) -> np.ndarray:
    """ΔE of each pixel by CIEDE2000 (Sharma et al. 2005), of sRGB under D65: height × width."""
    if np.array_equal(rgb, other):
        return np.zeros(rgb.shape[:2])  # where rounding would leave 3e-16
    return deltaE_ciede2000(rgb2lab(rgb), rgb2lab(other))


def changed_area(differences: np.ndarray) -> float:
    """The share of the pixels that are clearly of another colour, by more than `CLEARLY`, 0–1.

    Args:
        differences: what `colour_differences` gives.
    """
    return float((differences > CLEARLY).mean())


def saturation(rgb: np.ndarray) -> float:
    """The mean over the pixels of the saturation of HSV, 0–1; black counts as 0."""
    return float(rgb2hsv(rgb)[..., 1].mean())


def sharpness(luma: np.ndarray) -> float | None:
    """The variance of the Laplacian of four neighbours (Pech-Pacheco et al. 2000), in levels² of 0–255.

    Over the pixels that have all four. None below 3 pixels.
    """
    if min(luma.shape) < 3:
        return None
    level = luma.astype(np.float32)
    neighbours = level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:]
    return float((neighbours - 4 * level[1:-1, 1:-1]).var(dtype=np.float64))


def high_frequency_share(luma: np.ndarray) -> float:
    """The share of the power spectrum, without the mean, that is above `CUTOFF`, 0–1; 0 for a plain picture.

    Under a Hann window, so that the jump from one border to the opposite one does not count as detail.
    """
    window, counts, high = _spectrum_parts(*luma.shape)
    mean = float((luma * window).sum() / window.sum())
    power = np.abs(np.fft.rfft2((luma - mean) * window)) ** 2 * counts
    total = float(power.sum())
    # Below a millionth of a level² all there is is rounding.
    return float(power[high].sum()) / total if total > 1e-6 * window.size else 0.0


@lru_cache(maxsize=4)
def _spectrum_parts(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The window; how often each frequency of `rfft2` stands in the whole spectrum; which are high."""
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in (height, width)))  # without its zeros at the ends
    counts = np.full(width // 2 + 1, 2.0)
    counts[0] = 1.0
    if width % 2 == 0:
        counts[-1] = 1.0
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    return window, counts, down**2 + across**2 > CUTOFF**2
