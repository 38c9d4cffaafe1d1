"""The pictures: one object on a ground, drawn by a program. A scene is a row of four indices."""

from __future__ import annotations

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
"""Half the width of a small and a large object, in pixels: 5 and 6.5 cells of the latent picture."""
MARGIN = (6.0, 3.0)
"""How far the centre of a small and a large object may lie from the picture's, in pixels."""
ARM = 0.36
"""Half the width of a cross's arm as a share of half its width."""

# Columns of an array of scenes, (n, 4).
SHAPE, COLOUR, GROUND, SIZE = range(4)
COLUMNS = ("shape", "colour", "ground", "size")
VALUES = (SHAPES, COLOUR_NAMES, COLOUR_NAMES, SIZES)

HELD_OUT_SEED = 5
HELD_OUT = 20


def all_scenes() -> np.ndarray:
    """Every scene there is, (240, 4): object and ground differ in colour."""
    grid = np.stack(np.meshgrid(*(np.arange(len(v)) for v in VALUES), indexing="ij"), -1).reshape(-1, 4)
    return grid[grid[:, COLOUR] != grid[:, GROUND]]


def held_out(scenes: np.ndarray) -> np.ndarray:
    """Which scenes no training ever sees, (n,) of bool.

    These are 20 of the 120 (shape, colour, ground), no two with the same pair of colours: each pair is seen in
    training with the other three shapes, so what is asked of the model is to put together what it knows.
    """
    rng = np.random.default_rng(HELD_OUT_SEED)
    count = len(COLOURS)
    pairs = [(c, g) for c in range(count) for g in range(count) if c != g]
    chosen = rng.permutation(len(pairs))[:HELD_OUT]
    triples = {(i % len(SHAPES), *pairs[k]) for i, k in enumerate(chosen)}
    return np.array([tuple(int(v) for v in scene[:3]) in triples for scene in scenes], dtype=bool)


def training_scenes() -> np.ndarray:
    """The scenes that training draws from, (200, 4)."""
    scenes = all_scenes()
    return scenes[~held_out(scenes)]


def unseen_scenes() -> np.ndarray:
    """The scenes kept for the evaluation, (40, 4)."""
    scenes = all_scenes()
    return scenes[held_out(scenes)]


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

    Returns how much the object covers of each pixel, (n, 64, 64) from 0 to 1, the object's colour and the ground's,
    each (n, 1, 1, 3) from 0 to 255.
    """
    n = len(scenes)
    sizes = scenes[:, SIZE]
    half_width = np.array(HALF_WIDTH)[sizes] + rng.uniform(-0.8, 0.8, n)
    x0, y0 = (PIXELS / 2 + np.array(MARGIN)[sizes] * rng.uniform(-1, 1, n) for _ in range(2))
    inside = np.empty((n, PIXELS, PIXELS), dtype=np.float32)
    for shape in range(len(SHAPES)):
        of_it = scenes[:, SHAPE] == shape
        inside[of_it] = coverage(shape, half_width[of_it], x0[of_it], y0[of_it])
    tint = rng.uniform(-8, 8, (2, n, 3)).astype(np.float32)
    front = np.clip(PALETTE[scenes[:, COLOUR]] + tint[0], 0, 255)
    back = np.clip(PALETTE[scenes[:, GROUND]] + tint[1], 0, 255)
    return inside, front[:, None, None, :], back[:, None, None, :]


def paint(inside: np.ndarray, front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Pictures of what `compose` returns, (n, 64, 64, 3) of uint8."""
    inside = inside[..., None]
    return np.rint(inside * front + (1 - inside) * back).astype(np.uint8)


def draw(scenes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pictures of scenes, (n, 64, 64, 3) of uint8."""
    return paint(*compose(scenes, rng))


def sample(rng: np.random.Generator, n: int, scenes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """n random scenes, training's unless given, and their pictures."""
    scenes = training_scenes() if scenes is None else scenes
    chosen = scenes[rng.integers(len(scenes), size=n)]
    return chosen, draw(chosen, rng)
