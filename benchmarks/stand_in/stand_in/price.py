"""What the stand-in for a card asks for a step: time by pictures and pixels, however the host divides its calls."""

from __future__ import annotations

SIDE = 512
"""Of the square for which the price is told, in pixels."""
WHOLE_BATCH = 8
"""From so many pictures at once on, one costs `LEAST` of what it costs alone."""
LEAST = 0.5


def fall(pictures: int) -> float:
    """Of the price of a picture alone, what one costs among so many: 1 for one, falling linearly to `LEAST`."""
    return 1 - (1 - LEAST) * (min(pictures, WHOLE_BATCH) - 1) / (WHOLE_BATCH - 1)


def step(milliseconds: float, pictures: int, width: int, height: int) -> float:
    """Seconds for one step of all pictures of a batch; the price is that of one alone of 512 × 512 pixels."""
    return milliseconds / 1000 * pictures * fall(pictures) * (width * height) / SIDE**2


def call(milliseconds: float, rows: int, pictures: int, width: int, height: int) -> float:
    """Seconds for one call of the UNet within a step of so many pictures.

    A row is one prompt of one picture, so a picture's step is two rows, its prompt and its negative prompt. Each is
    half of the picture's price: a step costs the same in one call, in two, or in one for each row.
    """
    return step(milliseconds, pictures, width, height) * rows / (2 * pictures)
