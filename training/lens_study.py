"""Does the lens foretell which word's colour is lost first? `python -m training lens`, see docs/lens.md.

200 prompts of two coloured objects that no training saw, at each clip skip from a model's own up to 12, two seeds each,
both models. A colour is lost at the first clip skip at which the judge sees its object in another one, the mean of the
seeds; a prompt at whose own clip skip a colour isn't right is left out. Of the two colours of a prompt one is lost
first, or both at the same value, which nothing can foretell and which is told apart.

What foretells was chosen before anything was drawn: `QUANTITIES` of the lens, and beside them `OTHERS`, which take no
lens. Of each the larger number is taken for the colour that is lost first. When the first model's answer was there, it
was the side that decided which colour goes first: so `RIGHT` came to `OTHERS`, and the question within a side, when a
colour is lost.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from clip_skip_lab.layers.states import States
from clip_skip_lab.lens import numbers
from clip_skip_lab.lens.mixed import mixed
from clip_skip_lab.lens.tokens import Chunk, Word
from clip_skip_lab.measure.metrics import changed_area, colour_differences

from . import evaluate, judge, networks
from .cells import table
from .foretelling import Counted, counted, lost_at, ranks, ranks_interval, usually
from .tokenizer import WORD_END
from .world import COLOUR_NAMES, OBJECTS

log = logging.getLogger("training")

SEED = 61
PROMPTS, SEEDS, BATCH = 200, 2, 25
LAST = 12
LAYERS = list(range(LAST, 0, -1))
"""The layers of clip skip 1 to 12."""

WORD_NEXT, WORD, WORD_THEN, NOUN, MIXING = (
    "the color's word moves, one step from the own clip skip",
    "the color's word moves, mean from the own clip skip to each higher one",
    "the color's word moves, at the value where the first of the two colors is lost",
    "the noun behind it moves, mean from the own clip skip to each higher one",
    "color and noun mix less than at the own clip skip, mean over each higher one",
)
QUANTITIES = (WORD_NEXT, WORD, WORD_THEN, NOUN, MIXING)
LATER, USUALLY, RIGHT = (
    "no lens: it is named second",
    "no lens: other prompts lose this color earlier",
    "no lens: it is on the right",
)
OTHERS = (LATER, USUALLY, RIGHT)
WITHIN = (WORD_NEXT, WORD, NOUN, MIXING, USUALLY)
SIDES = ("left", "right")


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


@dataclass(frozen=True)
class Looked:
    """What the lens says of one prompt; values are all clip skips from 1 to 12.

    Attributes:
        word, noun: how far the colour's word, and the noun behind it, are at a value from where they are at another,
            relative to their lengths, as the UNet gets them: [object, value, value].
        mixed: how much more alike colour and noun are than where the colour is left out, [object, value].
        distance: of the whole conditioning, padding included, [value, value].
        abrupt: the last step's change over the median of the others', raw and as the UNet gets it.
    """

    word: np.ndarray
    noun: np.ndarray
    mixed: np.ndarray
    distance: np.ndarray
    abrupt: tuple[float, float]


def look(parts, text: str, colours: Sequence[str]) -> Looked:
    """Looks at a prompt through the lens; of each colour the word behind it is its noun."""
    (tokens,), (end,) = parts.encoder([text])
    raw, given = _states(parts.text, tokens)
    apart = _apart(numbers.track(given[:, :end]))
    places = [tokens.tolist().index(parts.encoder.tokenizer.convert_tokens_to_ids(name + WORD_END)) for name in colours]

    def without(words: Sequence[Word]) -> torch.Tensor:
        (place,) = words[0].places
        return _states(parts.text, torch.cat([tokens[:place], tokens[place + 1 :], tokens[-1:]]))[1][None]

    both = [Chunk((), (Word("colour", (place,)), Word("noun", (place + 1,)))) for place in places]
    pairs = [pair for chunk in both for pair in mixed(chunk, given, without)]
    found = [numbers.abrupt(numbers.track(states[:, 1:end]).change) for states in (raw, given)]
    return Looked(
        word=apart[places],
        noun=apart[[place + 1 for place in places]],
        mixed=np.stack([pair.more.numpy()[LAYERS] for pair in pairs]),
        distance=numbers.distances(numbers.products(given)).numpy()[np.ix_(LAYERS, LAYERS)],
        abrupt=tuple(one.last / one.others for one in found if one),
    )


def _states(model, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The states of one row of tokens, raw and as the UNet gets them, each [layers + 1, places, channels]."""
    with torch.no_grad():
        output = model(input_ids=tokens[None], output_hidden_states=True)
        states = States(output.hidden_states, model.text_model.final_layer_norm, output.last_hidden_state)
        given = [states.at(layer) for layer in range(len(states.hidden))]
    return torch.cat(list(states.hidden)), torch.cat(given)


def _apart(seen: numbers.Track) -> np.ndarray:
    """How far the states of each token are from each other, relative to their lengths: [token, value, value]."""
    length = torch.stack([torch.stack([seen.apart(one, other) for other in LAYERS]) for one in LAYERS])
    norm = seen.norm[LAYERS]
    return (length / (norm[:, None] * norm[None]).sqrt()).permute(2, 0, 1).numpy()


def foretold(looked: Looked, own: int, lost: Sequence[float]) -> dict[str, list[float]]:
    """The numbers of both colours of a prompt, the larger one at the colour that is to be lost first."""
    above = slice(own, LAST)
    first = min(LAST, int(min(lost)))
    return {
        WORD_NEXT: looked.word[:, own - 1, own].tolist(),
        WORD: looked.word[:, own - 1, above].mean(-1).tolist(),
        WORD_THEN: looked.word[:, own - 1, first - 1].tolist(),
        NOUN: looked.noun[:, own - 1, above].mean(-1).tolist(),
        MIXING: (looked.mixed[:, own - 1] - looked.mixed[:, above].mean(-1)).tolist(),
    }


def of_model(own: int, folder: Path, model: Path = networks.MODEL) -> dict:
    """All that the study says of the model that was trained with this clip skip."""
    drawn, parts = draw(own, folder, model), networks.parts_of(own, model)
    scenes, texts = evaluate.questions(PROMPTS, 2, SEED)
    colours = [[COLOUR_NAMES[scene[column]] for _, column in OBJECTS] for scene in scenes]
    looked = [look(parts, text, names) for text, names in zip(texts, colours, strict=True)]

    by_seed = lost_at(drawn.right, drawn.values)  # [prompt, seed, object]
    kept = np.flatnonzero(drawn.right[..., 0].all((1, 2)))
    lost = by_seed[kept].mean(1)
    numbers_of: dict[str, list[list[float]]] = {}
    for i, at in zip(kept, lost, strict=True):
        for name, pair in foretold(looked[i], own, at).items():
            numbers_of.setdefault(name, []).append(pair)
    second = [
        [float(texts[i].index(name) > texts[i].index(other)) for name, other in (colours[i], colours[i][::-1])]
        for i in kept
    ]
    names = [colours[i] for i in kept]
    numbers_of |= {LATER: second, USUALLY: usually(names, lost), RIGHT: [[0.0, 1.0]] * len(kept)}
    seeds = counted(-by_seed[kept, 0].astype(float), by_seed[kept, 1])
    return {
        "prompts": len(texts),
        "left_out": len(texts) - len(kept),
        "lost": {side: round(float(mean), 2) for side, mean in zip(SIDES, lost.mean(0), strict=True)},
        "rates": {name: vars(counted(pairs, lost)) for name, pairs in numbers_of.items()},
        "one_seed_by_the_other": vars(seeds),
        "when": {side: _when(numbers_of, names, lost, i) for i, side in enumerate(SIDES)},
        "pictures": {name: [round(v, 3) for v in values] for name, values in _pictures(looked, drawn, own).items()},
        "distance": np.mean([one.distance[own - 1, own:] for one in looked], axis=0).round(2).tolist(),
        "abrupt": {
            name: [round(float(f([one.abrupt[i] for one in looked])), 2) for f in (np.mean, min, max)]
            for i, name in enumerate(("raw", "unet"))
        },
    }


def _when(numbers_of: dict[str, list], names: list, lost: np.ndarray, side: int) -> dict[str, list[float]]:
    """How well a number tells, over the prompts, how early the colour of one side's object is lost: Spearman's ranks
    with their interval."""
    own = numbers_of | {USUALLY: usually([[of[side]] for of in names], lost[:, side : side + 1])}
    rows = {name: [pair[side if len(pair) > 1 else 0] for pair in own[name]] for name in WITHIN}
    found = {name: ranks(row, -lost[:, side]) for name, row in rows.items()}
    return {name: [round(v, 3) for v in (r, *ranks_interval(r, len(lost)))] for name, r in found.items()}


ALONG, COUNT, STEPS, ACROSS, POOLED = (
    "along clip skip, within a prompt",
    "the same, the number of steps in place of the distance",
    "from each value to the next, within a prompt",
    "over the prompts, at one value",
    "over prompts and values together",
)


def _pictures(looked: Sequence[Looked], drawn: Drawn, own: int) -> dict[str, list[float]]:
    """How well the distance of the conditionings tells the changed area: Spearman's ranks, as median and quartiles of
    the prompts; of the values where prompts are compared at one."""
    change, steps = drawn.change.mean(1)[:, 1:], drawn.steps.mean(1)
    far = np.stack([one.distance[own - 1, own:] for one in looked])
    near = np.stack([one.distance.diagonal(1)[own - 1 :] for one in looked])
    count = range(far.shape[1])
    rows = {
        ALONG: [ranks(*pair) for pair in zip(far, change, strict=True)],
        COUNT: [ranks(count, row) for row in change],
        STEPS: [ranks(*pair) for pair in zip(near, steps, strict=True)],
        ACROSS: [ranks(*pair) for pair in zip(far.T, change.T, strict=True)],
    }
    found = {name: np.nanpercentile(values, [50, 25, 75]).tolist() for name, values in rows.items()}
    return found | {POOLED: [ranks(far.ravel(), change.ravel())]}


def tables(found: dict[int, dict]) -> str:
    """The tables of docs/lens.md."""
    heads = [f"trained with {own}" for own in found]
    rates = [[name, *(str(Counted(**of["rates"][name])) for of in found.values())] for name in (*QUANTITIES, *OTHERS)]
    rates.append(["one seed by the other", *(str(Counted(**of["one_seed_by_the_other"])) for of in found.values())])
    some = [Counted(**of["rates"][WORD]) for of in found.values()]
    counts = [
        ["prompts", *(of["prompts"] for of in found.values())],
        ["a color is wrong at the own clip skip", *(of["left_out"] for of in found.values())],
        ["both are lost at the same value, or never", *(one.tied for one in some)],
        ["one is lost first", *(one.right + one.wrong + one.undecided for one in some)],
        *([f"the {side} one is lost at, mean", *(of["lost"][side] for of in found.values())] for side in SIDES),
    ]
    when = [[name, *(_middle(of["when"][side][name]) for of in found.values() for side in SIDES)] for name in WITHIN]
    pictures = [
        [name, *(_middle(of["pictures"][name]) for of in found.values())]
        for name in next(iter(found.values()))["pictures"]
    ]
    return "\n\n".join(
        [
            table(["", *heads], counts),
            table(["the color is lost first whose …", *heads], rates),
            table(["the color is lost the earlier the more …", *(f"{of}, {s}" for of in heads for s in SIDES)], when),
            table(["rank correlation", *heads], pictures),
            *(f"{key}: " + json.dumps({own: of[key] for own, of in found.items()}) for key in ("distance", "abrupt")),
        ]
    )


def _middle(values: Sequence[float]) -> str:
    middle, *quartiles = (f"{value:.2f}" for value in values)
    return f"{middle} ({quartiles[0]} to {quartiles[1]})" if quartiles else middle


def run(folder: Path, model: Path = networks.MODEL) -> dict[int, dict]:
    """The whole study; what was drawn is kept in the folder."""
    kept = folder / "lens"
    kept.mkdir(parents=True, exist_ok=True)
    found = {own: of_model(own, kept, model) for own in (1, 2)}
    log.info("docs/lens.md\n%s", tables(found))
    return found
