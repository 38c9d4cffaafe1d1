"""Pictures with captions of the small world, that no training of the small models saw."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.client import encoded
from training import evaluate, world

SEED = 47


def captioned(count: int = 32, seed: int = SEED) -> list[tuple[Image.Image, str]]:
    """Pictures and captions, half of them with two objects."""
    rng = np.random.default_rng(seed)
    found = []
    for objects in (1, 2):
        scenes, captions = evaluate.questions(count // 2 if objects == 2 else count - count // 2, objects, seed)
        found += [
            (Image.fromarray(picture), said) for picture, said in zip(world.draw(scenes, rng), captions, strict=True)
        ]
    return found


def for_api(pictures: list[tuple[Image.Image, str]]) -> list[dict[str, str]]:
    """The same as a request to the API has them."""
    return [{"image": encoded(picture), "caption": caption} for picture, caption in pictures]


def written(folder: Path, pictures: list[tuple[Image.Image, str]], captions: bool = True) -> Path:
    """The same as files, each caption in a `.txt` beside its picture, as trainers have them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (picture, caption) in enumerate(pictures):
        picture.save(folder / f"{number:03}.png")
        if captions:
            (folder / f"{number:03}.txt").write_text(caption, encoding="utf-8")
    return folder
