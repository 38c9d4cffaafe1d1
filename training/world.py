"""The pictures: one object on a ground, or one on each side, drawn by a program. A scene is a row of six indices."""

from __future__ import annotations

import functools

import numpy as np

PIXELS = 64
SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 160, 70),
    "blue": (45, 75, 215),
    "yellow": (245, 210, 50),
    "white": (240, 240, 240),
    "black": (25, 25, 25),
}
COLOUR_NAMES = tuple(COLOURS)
PALETTE = np.array(list(COLOURS.values()), dtype=np.float32)
SIZES = ("small", "large")
HALF_WIDTH = (20.0, 26.0)
"""Half the width of a small and a large object that is alone, in pixels: 5 and 6.5 cells of the latent picture."""
MARGIN = (6.0, 3.0)
"""How far the centre of a small and a large object may lie from the picture's, in pixels."""
HALF_WIDTH_OF_TWO = 13.0
"""The same of each of two objects; an object keeps to its side of the picture."""
MARGIN_OF_TWO = (1.5, 6.0)
"""How far the centre of each of two objects may lie from its side's, in pixels, across and up or down."""
ARM = 0.36
"""Half the width of a cross's arm as a share of half its width."""

# Columns of an array of scenes, (n, 6). Shape and colour are the left object's where there are two.
SHAPE, COLOUR, GROUND, SIZE, RIGHT_SHAPE, RIGHT_COLOUR = range(6)
VALUES = (SHAPES, COLOUR_NAMES, COLOUR_NAMES, SIZES, SHAPES, COLOUR_NAMES)
OBJECTS = ((SHAPE, COLOUR), (RIGHT_SHAPE, RIGHT_COLOUR))
COLOURED = (COLOUR, GROUND, RIGHT_COLOUR)
NONE = -1
"""In the columns of the right object where there is one object, and as the size where there are two."""

HELD_OUT_SEED = 5
HELD_OUT = 20


def all_scenes(objects: int = 1) -> np.ndarray:
    """Every scene with one object, (240, 6), or with two, (1920, 6): all colours of a scene differ."""
    absent = (SIZE,) if objects == 2 else OBJECTS[1]
    choices = [[NONE] if column in absent else range(len(values)) for column, values in enumerate(VALUES)]
    grid = np.stack(np.meshgrid(*choices, indexing="ij"), -1).reshape(-1, len(VALUES))
    colours = grid[:, COLOURED]
    return grid[(colours[:, [0, 0, 1]] != colours[:, [1, 2, 2]]).all(1)]


def have_two(scenes: np.ndarray) -> np.ndarray:
    """Which scenes have two objects, (n,) of bool."""
    return scenes[:, RIGHT_SHAPE] != NONE


def held_out(scenes: np.ndarray) -> np.ndarray:
    """Which scenes no training ever sees, (n,) of bool: those with an object on a ground that is held out.

    These are 20 of the 120 (shape, colour, ground), no two with the same pair of colours: each pair is seen in
    training with the other three shapes, so what is asked of the model is to put together what it knows.
    """
    rng = np.random.default_rng(HELD_OUT_SEED)
    count = len(COLOURS)
    pairs = [(c, g) for c in range(count) for g in range(count) if c != g]
    chosen = rng.permutation(len(pairs))[:HELD_OUT]
    triples = np.array([(i % len(SHAPES), *pairs[k]) for i, k in enumerate(chosen)])
    kept = np.zeros(len(scenes), dtype=bool)
    for shape, colour in OBJECTS:
        kept |= (scenes[:, None, [shape, colour, GROUND]] == triples).all(-1).any(-1)
    return kept


@functools.cache
def training_scenes(objects: int = 1) -> np.ndarray:
    """The scenes that training draws from, (200, 6) with one object, (1334, 6) with two."""
    scenes = all_scenes(objects)
    return scenes[~held_out(scenes)]


@functools.cache
def unseen_scenes(objects: int = 1) -> np.ndarray:
    """The scenes kept for the evaluation, (40, 6) with one object, (586, 6) with two."""
    scenes = all_scenes(objects)
    return scenes[held_out(scenes)]


def sample(rng: np.random.Generator, n: int) -> np.ndarray:
    """n scenes for the training, (n, 6): half with one object, half with two, in random order."""
    pools = [training_scenes(objects) for objects in (1, 2)]
    return rng.permutation(
        np.concatenate([pool[rng.integers(len(pool), size=(n + i) // 2)] for i, pool in enumerate(pools)])
    )


def _distance(shape: int, x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Signed distance to a shape's edge in pixels, negative inside."""
    if SHAPES[shape] == "circle":
        return np.hypot(x, y) - r
    if SHAPES[shape] == "square":
        return np.maximum(abs(x), abs(y)) - r
    if SHAPES[shape] == "triangle":
        return np.maximum((2 * abs(x) - (y + r)) / np.sqrt(5), y - r)
    arm = ARM * r
    return np.minimum(np.maximum(abs(x) - r, abs(y) - arm), np.maximum(abs(y) - r, abs(x) - arm))


def coverage(shape: int, half_width, x0, y0, pixels: int = PIXELS) -> np.ndarray:
    """How much of each pixel objects of one shape cover, (n, pixels, pixels) from 0 to 1; arguments are (n,)."""
    half_width, x0, y0 = (np.asarray(v, dtype=np.float32)[:, None, None] for v in (half_width, x0, y0))
    at = np.arange(pixels, dtype=np.float32) + 0.5
    return np.clip(0.5 - _distance(shape, at[None, None, :] - x0, at[None, :, None] - y0, half_width), 0, 1)


def compose(scenes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What pictures of scenes are made of; place, exact size and tint come from `rng`.

    Returns how much objects cover of each pixel, (n, 64, 64) from 0 to 1, the objects' colour in each column of
    pixels, (n, 1, 64, 3), and the ground's, (n, 1, 1, 3), from 0 to 255.
    """
    n = len(scenes)
    sides = have_two(scenes)
    inside = np.zeros((n, PIXELS, PIXELS), dtype=np.float32)
    tint = rng.uniform(-8, 8, (len(COLOURED), n, 1, 1, 3)).astype(np.float32)
    object_colour, ground_colour, right_colour = (
        np.clip(PALETTE[scenes[:, column]][:, None, None] + tint[i], 0, 255) for i, column in enumerate(COLOURED)
    )
    for side, (shape, _) in enumerate(OBJECTS):
        # One object takes its size's numbers; two have none, and what NONE picks here isn't used.
        usual, margin = np.array(HALF_WIDTH)[scenes[:, SIZE]], np.array(MARGIN)[scenes[:, SIZE]]
        half_width = np.where(sides, HALF_WIDTH_OF_TWO, usual) + rng.uniform(-0.8, 0.8, n)
        middle = np.where(sides, (0.25, 0.75)[side], 0.5) * PIXELS
        x0 = middle + np.where(sides, MARGIN_OF_TWO[0], margin) * rng.uniform(-1, 1, n)
        y0 = PIXELS / 2 + np.where(sides, MARGIN_OF_TWO[1], margin) * rng.uniform(-1, 1, n)
        for kind in range(len(SHAPES)):
            of_it = scenes[:, shape] == kind
            inside[of_it] += coverage(kind, half_width[of_it], x0[of_it], y0[of_it])
    on_the_right = sides[:, None, None, None] & (np.arange(PIXELS) >= PIXELS / 2)[:, None]
    return inside, np.where(on_the_right, right_colour, object_colour), ground_colour


def paint(inside: np.ndarray, front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Pictures of what `compose` returns, (n, 64, 64, 3) of uint8."""
    inside = inside[..., None]
    return np.rint(inside * front + (1 - inside) * back).astype(np.uint8)


def draw(scenes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pictures of scenes, (n, 64, 64, 3) of uint8."""
    return paint(*compose(scenes, rng))
