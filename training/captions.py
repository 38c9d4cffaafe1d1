"""What is said about a scene: tags in any order, or a sentence; some of it may be left out."""

from __future__ import annotations

import numpy as np

from .world import COLOUR, GROUND, SHAPE, SIZE, VALUES

SENTENCES = (
    "a {object} on a {ground} background",
    "a picture of a {object} on {ground}",
    "a {ground} background with a {object}",
    "there is a {object}, the background is {ground}",
    "on a {ground} background a {object}",
    "the {object} is in front of a {ground} background",
    "the background is {ground} and there is a {object}",
    "in front of a {ground} background there is a {object}",
    "a {object}, behind it is a {ground} background",
    "a {ground} background, on it is a {object}",
    "a {ground} background, in front of it is a {object}",
    "the background is {ground}, on it is a {object}",
    "the background is {ground}, in front is a {object}",
    "a picture with a {object} and a {ground} background",
    "a picture with a {ground} background, there is a {object}",
    "behind the {object} the background is {ground}",
    "it is {ground} and in front is a {object}",
)
"""The colours come in either order, behind different words, so that order alone doesn't tell which is whose."""
UNSEEN_SENTENCES = (
    "a picture with a {ground} background and a {object}",
    "the background is {ground}, in front of it is a {object}",
)
"""Only for the evaluation. Their halves occur in training, each with other halves; the whole doesn't."""
EXTRAS = ("masterpiece", "best quality", "illustration", "simple background", "no humans")
"""Tags that say nothing about the picture, as prompts have them."""
STAYS_UNSAID = (0.1, 0.1, 0.1, 0.4)
"""How often a caption leaves out shape, colour, ground, size."""


def words() -> list[str]:
    """Every word that a caption may hold."""
    fixed = " ".join((*SENTENCES, *UNSEEN_SENTENCES, *EXTRAS)).format(object="shape", ground="")
    said = set(fixed.replace(",", " ").split()) | {","}
    return sorted(said | {word for values in VALUES for word in values})


def what_to_say(rng: np.random.Generator, n: int) -> np.ndarray:
    """Which of the four attributes captions name, (n, 4) of bool; at least one of shape, colour and ground."""
    said = rng.random((n, 4)) >= np.array(STAYS_UNSAID)
    said[~said[:, :3].any(axis=1), GROUND] = True
    return said


def caption(scene: np.ndarray, said: np.ndarray, rng: np.random.Generator, unseen: bool = False) -> str:
    """One caption of a scene that names the attributes in `said`; `unseen` takes the evaluation's sentences."""
    shape, colour, ground, size = (
        values[index] if told else "" for values, index, told in zip(VALUES, scene, said, strict=True)
    )
    thing = f"{colour} {shape or 'shape'}".strip()
    if said[GROUND] and rng.random() < 0.5:
        sentences = UNSEEN_SENTENCES if unseen else SENTENCES
        # A size without colour and shape is said all the same: "a large shape".
        sentence = sentences[rng.integers(len(sentences))].format(object=f"{size} {thing}".strip(), ground=ground)
        return sentence if unseen else _among_extras(sentence, rng)
    tags = [thing] if said[SHAPE] or said[COLOUR] else []
    if said[GROUND]:
        tags.append(f"{ground} background")
    if said[SIZE]:
        tags.append(size)
    tags += list(rng.choice(EXTRAS, rng.integers(0, 3), replace=False))
    rng.shuffle(tags)
    return ", ".join(tags)


def _among_extras(sentence: str, rng: np.random.Generator) -> str:
    """With tags before and behind it: so that a word can come at any place, and a caption be longer than a sentence."""
    extras = [str(extra) for extra in rng.choice(EXTRAS, rng.integers(0, 4), replace=False)]
    before = rng.integers(0, len(extras) + 1)
    return ", ".join([*extras[:before], sentence, *extras[before:]])


def captions(scenes: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """One caption for each scene, and what it names, (n, 4) of bool."""
    said = what_to_say(rng, len(scenes))
    return [caption(scene, told, rng) for scene, told in zip(scenes, said, strict=True)], said


def swapped(scenes: np.ndarray) -> np.ndarray:
    """The same scenes with the colours of object and ground exchanged."""
    other = scenes.copy()
    other[:, [COLOUR, GROUND]] = scenes[:, [GROUND, COLOUR]]
    return other
