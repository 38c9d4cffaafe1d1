"""What is said about a scene: tags in any order, or a sentence; some of it may be left out."""

from __future__ import annotations

import numpy as np

from .world import COLOUR, GROUND, NONE, OBJECTS, RIGHT_COLOUR, RIGHT_SHAPE, SHAPE, VALUES, have_two

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
SENTENCES_OF_TWO = (
    "a {left} on the left and a {right} on the right on a {ground} background",
    "a {right} on the right and a {left} on the left on a {ground} background",
    "a picture of a {left} left of a {right} on {ground}",
    "a picture of a {right} right of a {left} on {ground}",
    "on a {ground} background a {left} on the left and a {right} on the right",
    "on a {ground} background a {right} right of a {left}",
    "there is a {left} on the left and a {right} on the right, the background is {ground}",
    "there is a {right} on the right of a {left}, the background is {ground}",
    "the background is {ground} and there is a {left} on the left of a {right}",
    "the background is {ground}, on the right is a {right} and on the left a {left}",
    "a {ground} background, on the left is a {left} and on the right is a {right}",
    "in front of a {ground} background a {left} is left of a {right}",
    "on the right is a {right}, on the left a {left}, behind it is a {ground} background",
    "on the left a {left}, on the right a {right}, it is in front of a {ground} background",
)
"""The left object comes first or second, so that order alone doesn't tell the side."""
UNSEEN_SENTENCES_OF_TWO = (
    "a picture with a {ground} background, a {left} left of a {right}",
    "the background is {ground}, there is a {right} on the right and a {left} on the left",
)
EXTRAS = ("masterpiece", "best quality", "illustration", "simple background", "no humans")
"""Tags that say nothing about the picture, as prompts have them."""
STAYS_UNSAID = (0.1, 0.1, 0.1, 0.4, 0.1, 0.1)
"""How often a caption leaves out shape, colour, ground, size, the right object's shape and colour."""


def words() -> list[str]:
    """Every word that a caption may hold."""
    sentences = (*SENTENCES, *UNSEEN_SENTENCES, *SENTENCES_OF_TWO, *UNSEEN_SENTENCES_OF_TWO)
    fixed = " ".join((*sentences, *EXTRAS)).format(object="shape", left="shape", right="shape", ground="")
    said = set(fixed.replace(",", " ").split()) | {","}
    return sorted(said | {word for values in VALUES for word in values})


def what_to_say(scenes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which attributes captions name, (n, 6) of bool; at least something of each of two objects, or of one.

    What isn't there counts as named: a caption of one object says that there is no other.
    """
    said = rng.random(scenes.shape) >= np.array(STAYS_UNSAID)
    sides = have_two(scenes)
    said[~said[:, [SHAPE, COLOUR, GROUND]].any(axis=1), GROUND] = True
    for shape, colour in OBJECTS:
        said[sides & ~said[:, [shape, colour]].any(axis=1), colour] = True
    return said | (scenes == NONE)


def caption(scene: np.ndarray, said: np.ndarray, rng: np.random.Generator, unseen: bool = False) -> str:
    """One caption of a scene that names the attributes in `said`; `unseen` takes the evaluation's sentences."""
    shape, colour, ground, size, right_shape, right_colour = (
        values[index] if told and index != NONE else "" for values, index, told in zip(VALUES, scene, said, strict=True)
    )
    thing = f"{colour} {shape or 'shape'}".strip()
    right = f"{right_colour} {right_shape or 'shape'}".strip()
    sides = bool(have_two(scene[None])[0])
    if said[GROUND] and rng.random() < 0.5:
        known, kept = (SENTENCES_OF_TWO, UNSEEN_SENTENCES_OF_TWO) if sides else (SENTENCES, UNSEEN_SENTENCES)
        sentences = kept if unseen else known
        # A size without colour and shape is said all the same: "a large shape".
        sentence = sentences[rng.integers(len(sentences))].format(
            object=f"{size} {thing}".strip(), left=thing, right=right, ground=ground
        )
        return sentence if unseen else _among_extras(sentence, rng)
    if sides:
        tags = [f"{thing} on the left", f"{right} on the right"]
    else:
        tags = [thing] if said[SHAPE] or said[COLOUR] else []
    if said[GROUND]:
        tags.append(f"{ground} background")
    if size:
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
    """One caption for each scene, and what it names, (n, 6) of bool."""
    said = what_to_say(scenes, rng)
    return [caption(scene, told, rng) for scene, told in zip(scenes, said, strict=True)], said


EXCHANGES = {
    "colour and ground": ((COLOUR, GROUND),),
    "right colour and ground": ((RIGHT_COLOUR, GROUND),),
    "colours": ((COLOUR, RIGHT_COLOUR),),
    "shapes": ((SHAPE, RIGHT_SHAPE),),
    "sides": ((COLOUR, RIGHT_COLOUR), (SHAPE, RIGHT_SHAPE)),
}
"""What can be exchanged in a scene so that the same words in other places would describe it: the hardest mistakes.

Only the first exists with one object."""


def exchanged(scenes: np.ndarray, what: str) -> np.ndarray:
    """The same scenes with something of `EXCHANGES` exchanged."""
    other = scenes.copy()
    for one, another in EXCHANGES[what]:
        other[:, [one, another]] = other[:, [another, one]]
    return other
