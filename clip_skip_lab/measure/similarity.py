"""Structural similarity of two pictures (Wang et al. 2004), to the last digit as scikit-image gives it.

In bands of rows, which stay in the processor's cache: at full size that takes half of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .pictures import Bytes

Singles = npt.NDArray[np.float32]

WINDOW = 7
"""The side in pixels of the window within which structural similarity compares."""
BAND = 1 << 15
"""Pixels that are compared at once."""
LUMINANCE, CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""The paper's C1 and C2 for levels of 0–255."""


def structure_change(luma: Bytes, other: Bytes) -> float | None:
    """1 − SSIM with a uniform window of `WINDOW` and sample covariance: 0 for equal pictures, at most 2.

    The window shrinks to the shorter side of a small picture. None below 3 pixels.
    """
    window = min(WINDOW, *luma.shape)
    window -= 1 - window % 2  # it has a middle
    if window < 3:
        return None
    if np.array_equal(luma, other):
        return 0.0  # where rounding would leave 6e-8
    return max(0.0, 1.0 - _similarity(luma, other, window))


def _similarity(luma: Bytes, other: Bytes, window: int) -> float:
    """The mean over the pixels whose window is within the picture."""
    height, width = luma.shape
    border, rows = window // 2, max(1, BAND // width)
    similar = np.empty((height, width), np.float32)
    for top in range(border, height - border, rows):
        bottom = min(top + rows, height - border)
        band = slice(top - border, bottom + border)
        similar[top:bottom] = _of_band(luma[band], other[band], window)
    # Of the whole at once: sums of parts would have other last digits.
    return float(similar[border:-border, border:-border].mean(dtype=np.float64))


def _of_band(luma: Bytes, other: Bytes, window: int) -> Singles:
    """The similarity of each pixel, without the band's first and last rows, whose window is not within it."""
    from scipy.ndimage import uniform_filter1d  # slow to import, which the first picture waits for

    levels = np.empty((5, *luma.shape), np.float32)
    levels[0], levels[1] = luma, other
    np.multiply(levels[0], levels[0], out=levels[2])
    np.multiply(levels[1], levels[1], out=levels[3])
    np.multiply(levels[0], levels[1], out=levels[4])
    border = window // 2
    # Sums of whole numbers are exact, so that down the columns a band gives what the whole picture would.
    down = uniform_filter1d(levels, window, axis=1)[:, border:-border]
    mean, others, variance, others_variance, covariance = uniform_filter1d(down, window, axis=2)
    sample = window**2 / (window**2 - 1)
    square, others_square, product = mean * mean, others * others, mean * others
    for moment, known in ((variance, square), (others_variance, others_square), (covariance, product)):
        moment -= known
        moment *= sample
    # The order decides the last digits.
    similar: Singles = 2 * mean
    similar *= others
    similar += LUMINANCE
    similar *= 2 * covariance + CONTRAST
    square += others_square
    square += LUMINANCE
    variance += others_variance
    variance += CONTRAST
    similar /= square * variance
    return similar
