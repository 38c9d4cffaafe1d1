"""What is in a picture: a deterministic measure of shape, object's colour, ground's colour, size and place.

A picture with two objects is looked at in two halves, each of which is a picture with one object.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from .world import ARM, COLOUR_NAMES, GROUND, OBJECTS, PALETTE, SHAPES, SIZES, coverage, have_two

GRID = 24
"""Objects are compared with the shapes on a grid of this width, whatever their size."""
LIKENESS = 0.8
"""The overlap (intersection over union) from which on an object counts as a shape."""
TIP = 1
"""By how many pixels an object's box may be shorter than wide, or the other way round, at no cost: a tip that is
narrower than a pixel is lost."""
LEAST = 0.02
"""The smallest part of a picture that counts as an object."""
BORDER = 16
"""Pixels along an edge of 64 from whose outermost part the ground's colour is read: 64 / BORDER = 4."""
BETWEEN = 0.725
"""Width of an object, as a share of the picture's, from which on it is large."""


@dataclass(frozen=True)
class Seen:
    """What a picture shows.

    Attributes:
        shape, colour, size: of the object; None where there is no object, shape also where it is none of the four.
        ground: colour of the ground.
        place: of the object's centre, from 0 to 1 from left and top; None without an object.
        likeness: overlap with the shape it is most like, 0 to 1.
        shares: how much of the picture has each colour, by name; sums to 1.
        around: the same for what lies around the object asked for (the outermost sixteenth on each side).
    """

    shape: str | None
    colour: str | None
    ground: str
    size: str | None
    place: tuple[float, float] | None
    likeness: float
    shares: dict[str, float]
    around: dict[str, float]


def look(picture: np.ndarray) -> Seen:
    """Judges one picture, (height, width, 3) of uint8."""
    height, width = picture.shape[:2]
    nearest = _nearest(picture)
    edge = max(1, min(height, width) // BORDER)
    frame = np.ones((height, width), dtype=bool)
    frame[edge:-edge, edge:-edge] = False
    around = np.bincount(nearest[frame], minlength=len(PALETTE)) / frame.sum()
    shares = np.bincount(nearest.ravel(), minlength=len(PALETTE)) / nearest.size
    ground = int(around.argmax())

    inner = np.bincount(nearest[edge:-edge, edge:-edge].ravel(), minlength=len(PALETTE))
    inner[ground] = 0
    told = {
        "ground": COLOUR_NAMES[ground],
        "shares": _named(shares),
        "around": _named(around),
    }
    colour = int(inner.argmax())
    mask = _largest_piece(_nearer_to(picture, PALETTE[colour], PALETTE[ground]))
    if inner[colour] == 0 or mask.sum() < LEAST * mask.size:
        return Seen(None, None, size=None, place=None, likeness=0.0, **told)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    likeness = _likeness(box)
    best = int(likeness.argmax())
    return Seen(
        shape=SHAPES[best] if likeness[best] >= LIKENESS else None,
        colour=COLOUR_NAMES[colour],
        size=SIZES[int(max(box.shape) > BETWEEN * max(height, width))],
        place=((columns[0] + columns[-1] + 1) / 2 / width, (rows[0] + rows[-1] + 1) / 2 / height),
        likeness=float(likeness[best]),
        **told,
    )


def _named(values: np.ndarray) -> dict[str, float]:
    return {name: float(value) for name, value in zip(COLOUR_NAMES, values, strict=True)}


def _nearest(picture: np.ndarray) -> np.ndarray:
    difference = picture[:, :, None, :].astype(np.float32) - PALETTE
    return (difference**2).sum(-1).argmin(-1)


def _nearer_to(picture: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where a picture is more like the first colour than the second: mixtures at an edge are halved rightly."""
    pixels = picture.astype(np.float32)
    return ((pixels - one) ** 2).sum(-1) < ((pixels - other) ** 2).sum(-1)


def _largest_piece(mask: np.ndarray) -> np.ndarray:
    from skimage.measure import label

    pieces = label(mask, connectivity=1)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return pieces == sizes.argmax() if sizes.any() else mask


@functools.cache
def _templates() -> np.ndarray:
    """Each shape filling its box, (shapes, GRID, GRID) of bool."""
    half = GRID / 2
    assert ARM < 1
    return np.stack([coverage(i, [half], [half], [half], GRID)[0] > 0.5 for i in range(len(SHAPES))])


def _likeness(box: np.ndarray) -> np.ndarray:
    """Overlap with each shape, (shapes,), after both fill the same square; an oblong box is no shape of ours."""
    at = (np.arange(GRID) + 0.5) / GRID
    rows = (at * box.shape[0]).astype(int)
    columns = (at * box.shape[1]).astype(int)
    scaled = box[rows][:, columns]
    templates = _templates()
    overlap = (templates & scaled).sum((1, 2)) / (templates | scaled).sum((1, 2))
    return overlap * min(1.0, (min(box.shape) + TIP) / max(box.shape))


def look_for(scene: np.ndarray, picture: np.ndarray) -> list[Seen]:
    """What a picture shows where the objects of a scene belong: in the whole, or in its left and its right half."""
    return look_at_parts(picture, 1 + int(have_two(scene[None])[0]))


def look_at_parts(picture: np.ndarray, parts: int) -> list[Seen]:
    """What each of the parts beside each other shows into which a picture is cut."""
    return [look(part) for part in np.array_split(picture, parts, axis=1)]


def right(scene: np.ndarray, seen: list[Seen]) -> dict[str, bool]:
    """What is right about a picture of a scene, from what `look_for` saw.

    "colour" and "shape" are those of every object, "bound" is all colours, each on the right thing. "either_side" is
    "all" for a picture whose objects may also be the other way round; with one object it is the same as "all".
    """
    found = [(s.shape, s.colour) for s in seen]
    asked = [(SHAPES[scene[shape]], COLOUR_NAMES[scene[colour]]) for shape, colour in OBJECTS[: len(seen)]]
    shape = all(f[0] == a[0] for f, a in zip(found, asked, strict=True))
    colour = all(f[1] == a[1] for f, a in zip(found, asked, strict=True))
    ground = all(s.ground == COLOUR_NAMES[scene[GROUND]] for s in seen)
    return {
        "colour": colour,
        "ground": ground,
        "bound": colour and ground,
        "shape": shape,
        "all": colour and ground and shape,
        "either_side": ground and asked in (found, found[::-1]),
    }


def leak(scene: np.ndarray, seen: list[Seen]) -> float:
    """How much of what lies around an object has its colour, 0 to 1: the colour has left its object. Their mean."""
    colours = [COLOUR_NAMES[scene[colour]] for _, colour in OBJECTS[: len(seen)]]
    return float(np.mean([s.around[colour] for s, colour in zip(seen, colours, strict=True)]))


def interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share, 95 % unless told; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The share itself lies within, also where rounding would leave it out.
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))
