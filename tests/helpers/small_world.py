"""Pictures of the small world that no training saw, with captions beside them, as trainers have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training import evaluate, world


def write_pictures(folder: Path, count: int, captions: bool = True) -> Path:
    """So many pictures in this folder, each with its `.txt`; the same ones for the same count."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes, texts = evaluate.questions(count)
    pictures = world.draw(np.stack(list(scenes)), np.random.default_rng(5))
    for number, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
        Image.fromarray(picture).save(folder / f"{number:03}.png")
        if captions:
            (folder / f"{number:03}.txt").write_text(text, encoding="utf-8")
    return folder
