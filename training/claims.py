"""What the pictures of an evaluation say about the claims in docs/claims.md: `python -m training claims`.

Everything but img2img and the interaction with the CFG scale is read from the pictures that `python -m training
evaluate` left behind.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from clip_skip_lab.measure.effects import INTERACTION, REST, SEED, divide

from . import evaluate, judge
from .captions import UNSEEN_SENTENCES
from .tokenizer import Encoder
from .world import COLOUR_NAMES, COLOURED, draw

NAME = re.compile(r"(two-)?direct-(\d)-skip-(\d+)-cfg-([\d.]+)\.npy")
STRENGTH = 0.5
LEAST = 0.05
"""The part of a picture from which on a colour is in it: an object of two covers at least a sixteenth."""
CFG_SCALES = (3.0, 5.0, 7.0, 11.0)
CLIP_SKIP, CFG = "clip skip", "CFG scale"


def measure(folder: Path, trained_with: int) -> dict:
    """All measures of one model's pictures, by clip skip at CFG 5, and the accuracy by clip skip and CFG scale."""
    kept = pictures_of(folder, trained_with)
    at_five = {skip: pictures for (skip, cfg), pictures in kept.items() if cfg == evaluate.CFG_SCALE}
    own = at_five[trained_with]
    rows = {}
    for clip_skip, pictures in at_five.items():
        n = min(len(pictures), len(own))
        row = roles(pictures) | {
            "sharpness": sharpness(pictures[:n]) / sharpness(own[:n]),
            "change_from_own": change(pictures[:n], own[:n]),
        }
        if len(pictures) == len(own):
            paired = difference(all_right(own), all_right(pictures))
            row |= dict(zip(("own_better_by", "own_better_low", "own_better_high"), paired, strict=True))
        if clip_skip + 1 in at_five:
            both = min(len(pictures), len(at_five[clip_skip + 1]))
            row["change_to_next"] = change(pictures[:both], at_five[clip_skip + 1][:both])
        rows[clip_skip] = {name: round(value, 4) for name, value in row.items()}
    by_cfg = {f"{skip} at CFG {cfg:g}": roles(pictures)["bound"] for (skip, cfg), pictures in kept.items()}
    of_two = pictures_of(folder, trained_with, objects=2)
    return {
        "own_by_form": by_form(own),
        "by_clip_skip": rows,
        "bound_by_cfg": by_cfg,
        "two_objects": {f"{skip} at CFG {cfg:g}": roles(pictures, 2) for (skip, cfg), pictures in of_two.items()},
        "another_seed": round(change(own, _others(own)), 4),
    }


def pictures_of(folder: Path, trained_with: int, objects: int = 1) -> dict[tuple[int, float], np.ndarray]:
    """The pictures that an evaluation of one model left behind, by clip skip and CFG scale, in their order."""
    kept = {}
    for file in (folder / "pictures").glob("*.npy"):
        match = NAME.fullmatch(file.name)
        if match and bool(match[1]) == (objects == 2) and int(match[2]) == trained_with:
            kept[int(match[3]), float(match[4])] = np.load(file)
    return dict(sorted(kept.items()))


def roles(pictures: np.ndarray, objects: int = 1) -> dict[str, float]:
    """Where the colours asked for are: bound, exchanged, or all in the picture at all (the bag of concepts)."""
    scenes, _ = evaluate.questions(len(pictures), objects)
    found = {"bound": 0, "exchanged": 0, "all_colours_somewhere": 0}
    for scene, picture in zip(scenes, pictures, strict=True):
        seen = judge.look_for(scene, picture)
        asked = [COLOUR_NAMES[scene[column]] for column in COLOURED[: objects + 1]]
        shown = [seen[0].colour, *dict.fromkeys(s.ground for s in seen), *(s.colour for s in seen[1:])]
        found["bound"] += shown == asked
        found["exchanged"] += shown != asked and sorted(map(str, shown)) == sorted(asked)
        shares = [np.mean([s.shares[colour] for s in seen]) for colour in asked]
        found["all_colours_somewhere"] += min(shares) >= LEAST
    return {name: round(count / len(pictures), 4) for name, count in found.items()}


def all_right(pictures: np.ndarray) -> np.ndarray:
    """Of which pictures shape and both colours are right, (n,) of bool."""
    scenes, _ = evaluate.questions(len(pictures))
    return np.array([judge.right(s, judge.look_for(s, p))["all"] for s, p in zip(scenes, pictures, strict=True)])


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """By how much the first share is higher, with its interval of 95 %, where both answer the same questions in order.

    Questions that both get right, or both wrong, say nothing; so the interval is narrower than those of the shares
    (McNemar 1947, Psychometrika 12).
    """
    n = len(one)
    gained, lost = int((one & ~other).sum()), int((~one & other).sum())
    found = (gained - lost) / n
    reach = 1.96 * np.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    return found, found - reach, found + reach


def by_form(pictures: np.ndarray) -> dict[str, dict[str, float]]:
    """Both colours and shape right by the form of the caption: tags, or one of the evaluation's sentences."""
    scenes, texts = evaluate.questions(len(pictures))
    starts = {sentence.split(" {")[0]: sentence for sentence in UNSEEN_SENTENCES}
    found: dict[str, list[tuple[bool, bool]]] = {}
    for scene, text, picture in zip(scenes, texts, pictures, strict=True):
        right = judge.right(scene, judge.look_for(scene, picture))
        form = next((sentence for start, sentence in starts.items() if text.startswith(start)), "tags")
        found.setdefault(form, []).append((right["bound"], right["shape"]))
    return {
        form: {"n": len(rows), "bound": float(np.mean(rows, 0)[0]), "shape": float(np.mean(rows, 0)[1])}
        for form, rows in found.items()
    }


def change(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of pixels, 0 to 1."""
    return float(np.abs(one.astype(np.float32) - other).mean() / 255)


def sharpness(pictures: np.ndarray) -> float:
    """Mean variance of the Laplacian of the brightness."""
    grey = torch.from_numpy(pictures.astype(np.float32).mean(-1))[:, None] / 255
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return float(functional.conv2d(grey, kernel).var(dim=(1, 2, 3)).mean())


def _others(pictures: np.ndarray) -> np.ndarray:
    """For each picture the one of the same scene with another caption and seed: scenes repeat every 40 questions."""
    scenes, _ = evaluate.questions(len(pictures))
    found = []
    for i, scene in enumerate(scenes):
        same = np.flatnonzero((scenes == scene).all(1))
        found.append(same[(np.flatnonzero(same == i)[0] + 1) % len(same)])
    return pictures[found]


def image_to_image(painter: evaluate.Direct, trained_with: int, clip_skips: list[int], n: int = 40) -> dict:
    """How much a picture changes with clip skip when it starts from a picture, denoising strength 0.5."""
    scenes, texts = evaluate.questions(n)
    start = draw(scenes, np.random.default_rng(77))
    made = {
        clip_skip: np.stack(
            painter(texts, [evaluate.SEED * 1000 + i for i in range(n)], clip_skip, evaluate.CFG_SCALE, start, STRENGTH)
        )
        for clip_skip in clip_skips
    }
    return {clip_skip: round(change(pictures, made[trained_with]), 4) for clip_skip, pictures in made.items()}


def interaction(painter: evaluate.Direct, n: int = 10, seeds: int = 4, clip_skips: range = range(1, 13)) -> dict:
    """How the pictures' variance is divided between clip skip, CFG scale, seed and their interaction.

    For each of n captions a table of clip skips × `CFG_SCALES` × seeds is divided as a sweep's findings are; the
    shares are means over the captions with their smallest and largest, `p_below_5_percent` counts the captions whose
    interaction is beyond chance.
    """
    _, texts = evaluate.questions(n)
    found: dict[str, list[float]] = {name: [] for name in (CLIP_SKIP, CFG, SEED, INTERACTION, REST)}
    beyond = 0
    for number, text in enumerate(texts):
        table = np.stack([
            np.stack([
                np.stack(painter([text] * seeds, [1000 * number + i for i in range(seeds)], clip_skip, cfg_scale))
                for cfg_scale in CFG_SCALES
            ])
            for clip_skip in clip_skips
        ])  # fmt: skip
        effects = divide(table.reshape(*table.shape[:3], -1) / 255.0, [CLIP_SKIP, CFG, SEED])
        if effects is None:
            continue
        for name, share in effects.shares.items():
            found[name].append(share)
        beyond += (effects.p[INTERACTION] or 1.0) < 0.05
    rows = {name: [round(f(shares), 3) for f in (np.mean, min, max)] for name, shares in found.items()}
    return {"captions": n, "shares_mean_min_max": rows, "p_below_5_percent": beyond}


def layers(text_encoder, encode: Encoder) -> dict[str, list[float]]:
    """Cosine between the states of neighbouring clip skips, and their lengths before the final layer norm.

    `at_end` is the end token's, `mean` that of all 77 places. Item k − 1 is clip skip k against k + 1.
    """
    _, texts = evaluate.questions(100)
    tokens, ends = encode(texts)
    with torch.no_grad():
        states = list(reversed(text_encoder(input_ids=tokens, output_hidden_states=True).hidden_states))
        normed = [text_encoder.text_model.final_layer_norm(state) for state in states]
    rows = torch.arange(len(texts))
    found: dict[str, list[float]] = {"mean": [], "at_end": [], "length_at_end": []}
    for one, other in itertools.pairwise(normed):
        found["mean"].append(float(functional.cosine_similarity(one, other, dim=-1).mean()))
        found["at_end"].append(float(functional.cosine_similarity(one[rows, ends], other[rows, ends], dim=-1).mean()))
    found["length_at_end"] = [float(state[rows, ends].norm(dim=-1).mean()) for state in states]
    return {name: [round(value, 3) for value in values] for name, values in found.items()}
