"""Does the lens foretell which word's colour is lost first? `python -m training lens`, see docs/lens.md.

200 prompts of two coloured objects that no training saw, at each clip skip from a model's own up to 12, two seeds each,
both models. A colour is lost at the first clip skip at which the judge sees its object in another one, the mean of the
seeds; a prompt at whose own clip skip a colour isn't right is left out. Of the two colours of a prompt one is lost
first, or both at the same value, which nothing can foretell and which is told apart.

What foretells was chosen before anything was drawn: `QUANTITIES` of the lens, and beside them `OTHERS`, which take no
lens. Of each the larger number is taken for the colour that is lost first.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clip_skip_lab.measure.metrics import changed_area, colour_differences

from . import evaluate, judge, networks
from .world import COLOUR_NAMES, OBJECTS

log = logging.getLogger("training")

SEED = 61
PROMPTS, SEEDS, BATCH = 200, 2, 25
LAST = 12
NEVER = LAST + 1
"""Where a colour is lost that is right at each value."""

WORD_NEXT, WORD, WORD_THEN, NOUN, MIXING = (
    "the colour's word moves, one step from the own clip skip",
    "the colour's word moves, mean from the own clip skip to each higher one",
    "the colour's word moves, at the value where the first of the two colours is lost",
    "the noun behind it moves, mean from the own clip skip to each higher one",
    "colour and noun mix less than at the own clip skip, mean over each higher one",
)
QUANTITIES = (WORD_NEXT, WORD, WORD_THEN, NOUN, MIXING)
LATER, USUALLY = "it is named second", "which colours the other prompts lose early (no lens)"
OTHERS = (LATER, USUALLY)


@dataclass(frozen=True)
class Counted:
    """How often a forecast was right.

    Attributes:
        right, wrong: of the prompts that lose one colour first.
        undecided: of those, where the numbers of both colours are equal.
        tied: prompts that lose both at the same value, which don't count.
    """

    right: int
    wrong: int
    undecided: int
    tied: int

    def __str__(self) -> str:
        """The rate with its interval of 95 % (Wilson)."""
        n = self.right + self.wrong
        low, high = judge.interval(self.right, n)
        return f"{self.right} of {n}, {self.right / n:.2f} ({low:.2f}–{high:.2f})" if n else "–"


def counted(numbers: Sequence[Sequence[float]], lost: Sequence[Sequence[float]]) -> Counted:
    """How often the larger of two numbers stands at the colour that is lost at the smaller clip skip.

    Args:
        numbers: for each prompt those of its two colours.
        lost: for each prompt the clip skips at which they are lost.
    """
    pairs = [(np.sign(a - b), np.sign(d - c)) for (a, b), (c, d) in zip(numbers, lost, strict=True)]
    tied = sum(first == 0 for _, first in pairs)
    undecided = sum(foretold == 0 and first != 0 for foretold, first in pairs)
    right = sum(foretold == first != 0 for foretold, first in pairs)
    return Counted(right, len(pairs) - tied - undecided - right, undecided, tied)


def lost_at(right: np.ndarray, values: Sequence[int]) -> np.ndarray:
    """The first of the values at which something is wrong, `NEVER` where nothing is: (…) from (…, values) of bool."""
    return np.where(right.all(-1), NEVER, np.array(values)[right.argmin(-1)])


def usually(colours: Sequence[Sequence[str]], lost: np.ndarray) -> list[list[float]]:
    """For each prompt how early the other prompts lose its two colours on average, larger is earlier; 0 if unknown."""
    rows = [
        (i, name, at)
        for i, (names, ats) in enumerate(zip(colours, lost, strict=True))
        for name, at in zip(names, ats, strict=True)
    ]
    found = []
    for i, names in enumerate(colours):
        others = [[at for j, other, at in rows if j != i and other == name] for name in names]
        found.append([-float(np.mean(ats)) if ats else 0.0 for ats in others])
    return found


def ranks(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; NaN where one of the two is constant."""
    from scipy.stats import rankdata

    a, b = (rankdata(values) - np.mean(rankdata(values)) for values in (one, other))
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / length if length else float("nan")


@dataclass(frozen=True)
class Drawn:
    """What became of the prompts on one model.

    Attributes:
        values: the clip skips, from the own one up.
        right: whether the judge sees an object in its colour, [prompt, seed, object, value] of bool.
        change: changed area from the own clip skip's picture to each, [prompt, seed, value].
        steps: changed area from each value's picture to the next one's, [prompt, seed, value but the last].
    """

    values: list[int]
    right: np.ndarray
    change: np.ndarray
    steps: np.ndarray


def draw(own: int, folder: Path, model: Path, prompts: int = PROMPTS) -> Drawn:
    """Draws and judges, or reads what was kept."""
    file = folder / f"drawn-{own}.npz"
    values = list(range(own, LAST + 1))
    if not file.exists():
        parts = networks.parts_of(own, model)
        painter = evaluate.Direct(parts.text, parts.encoder, parts.unet, parts.vae)
        scenes, texts = evaluate.questions(prompts, 2, SEED)
        found = [_judged(painter, scenes, texts, values, seed) for seed in range(SEEDS)]
        np.savez(file, **{name: np.stack([of[name] for of in found], axis=1) for name in found[0]})
    with np.load(file) as kept:
        return Drawn(values, kept["right"], kept["change"], kept["steps"])


def _judged(painter: evaluate.Direct, scenes: np.ndarray, texts: list[str], values: list[int], seed: int) -> dict:
    found: dict[str, list] = {"right": [], "change": [], "steps": []}
    for first in range(0, len(texts), BATCH):
        part = range(first, min(len(texts), first + BATCH))
        seeds = [SEED * 10_000 + seed * 1_000 + i for i in part]
        drawn = [painter([texts[i] for i in part], seeds, value, evaluate.CFG_SCALE) for value in values]
        for i, pictures in zip(part, zip(*drawn, strict=True), strict=True):
            wanted = [COLOUR_NAMES[scenes[i][column]] for _, column in OBJECTS]
            seen = [[one.colour for one in judge.look_for(scenes[i], picture)] for picture in pictures]
            found["right"].append(
                np.array(
                    [[colour == asked for colour, asked in zip(colours, wanted, strict=True)] for colours in seen]
                ).T
            )
            found["change"].append([_changed(pictures[0], picture) for picture in pictures])
            found["steps"].append([_changed(*pair) for pair in itertools.pairwise(pictures)])
        log.info("seed %d: %d of %d prompts", seed, part[-1] + 1, len(texts))
    return {name: np.array(rows) for name, rows in found.items()}


def _changed(one: np.ndarray, other: np.ndarray) -> float:
    return changed_area(colour_differences(one, other))
