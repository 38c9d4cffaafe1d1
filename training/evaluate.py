"""How well a model draws what it is asked for: 200 unseen captions, for each clip skip, with the judge's eyes.

A host is asked through the WebUI's API, so that the same measurement runs on the embedded host and on a real WebUI;
`DIRECT` samples without a host, for a first look during the training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tests.helpers.client import CHECKPOINT, Client

from . import judge
from .captions import caption
from .world import SIZE, unseen_scenes

CAPTIONS = 200
SEED = 31
STEPS = 12
CFG_SCALE = 5.0
MEASURES = ("bound", "shape", "all", "colour", "ground", "either_side")

Draw = Callable[[list[str], list[int], int, float], list[np.ndarray]]
"""(prompts, seeds, clip skip, CFG scale) → pictures (height, width, 3) of uint8."""


def questions(n: int = CAPTIONS, objects: int = 1, seed: int = SEED) -> tuple[np.ndarray, list[str]]:
    """Scenes that no training saw, (n, 6), and captions that name all shapes and colours, half of them the size.

    Every sentence is one that no training saw either.
    """
    rng = np.random.default_rng(seed)
    scenes = unseen_scenes(objects)
    scenes = scenes[np.concatenate([rng.permutation(len(scenes)) for _ in range(-(-n // len(scenes)))])[:n]]
    said = np.ones(scenes.shape, dtype=bool)
    said[:, SIZE] = rng.random(n) < 0.5
    return scenes, [caption(scene, told, rng, unseen=True) for scene, told in zip(scenes, said, strict=True)]


def paint(
    draw: Draw, clip_skip: int, cfg_scale: float = CFG_SCALE, n: int = CAPTIONS, objects: int = 1, batch: int = 25
) -> np.ndarray:
    """Pictures for the first n questions, (n, 64, 64, 3) of uint8; the seeds are the same for each clip skip."""
    _, texts = questions(n, objects)
    pictures: list[np.ndarray] = []
    for first in range(0, n, batch):
        part = range(first, min(n, first + batch))
        pictures += draw([texts[i] for i in part], [SEED * 1000 + i for i in part], clip_skip, cfg_scale)
    return np.stack(pictures)


def accuracy(pictures: np.ndarray, clip_skip: int, cfg_scale: float = CFG_SCALE, objects: int = 1) -> dict:
    """One row of the chart: for each measure the share with its interval of 95 %, and the mean leak with its own."""
    n = len(pictures)
    scenes, _ = questions(n, objects)
    seen = [judge.look_for(scene, picture) for scene, picture in zip(scenes, pictures, strict=True)]
    rights = [judge.right(scene, what) for scene, what in zip(scenes, seen, strict=True)]
    row: dict = {"clip_skip": clip_skip, "cfg_scale": cfg_scale, "n": n}
    for measure in MEASURES:
        hits = sum(r[measure] for r in rights)
        low, high = judge.interval(hits, n)
        row[measure] = {"share": hits / n, "low": round(low, 4), "high": round(high, 4)}
    leaks = np.array([judge.leak(scene, what) for scene, what in zip(scenes, seen, strict=True)])
    mean, reach = float(leaks.mean()), 1.96 * float(leaks.std(ddof=1)) / np.sqrt(n)
    row["leak"] = {"mean": round(mean, 4), "low": round(max(0.0, mean - reach), 4), "high": round(mean + reach, 4)}
    return row


class Direct:
    """Draws with the networks themselves, no host."""

    def __init__(self, text_encoder, encoder, unet_model, vae_model, steps: int = STEPS) -> None:
        self.parts = text_encoder, encoder, unet_model, vae_model
        self.steps = steps

    def __call__(
        self, texts: list[str], seeds: list[int], clip_skip: int, cfg_scale: float, start=None, strength: float = 1.0
    ) -> list[np.ndarray]:
        """Pictures for prompts; `start`, (n, 64, 64, 3) of uint8, are pictures to start from."""
        from . import latent, unet, vae

        text_encoder, encoder, model, vae_model = self.parts
        said = unet.encode(text_encoder, encoder(texts)[0], clip_skip)
        unsaid = unet.encode(text_encoder, encoder([""])[0], clip_skip).expand(len(texts), -1, -1)
        if start is not None:
            start = latent.SCALE * vae.encode(vae_model, vae.as_tensor(start))
        latents = unet.sample(model, said, unsaid, seeds, cfg_scale, self.steps, start, strength) / latent.SCALE
        return list(vae.decode(vae_model, latents))


class Host:
    """Draws through a WebUI's API; the checkpoint is set for each request and the user's settings stay."""

    def __init__(self, url: str, checkpoint: str, steps: int = STEPS, size: int = 64) -> None:
        self.client, self.checkpoint, self.steps, self.size = Client(url), checkpoint, steps, size

    def __call__(self, texts: list[str], seeds: list[int], clip_skip: int, cfg_scale: float) -> list[np.ndarray]:
        """Pictures for prompts, one request each: a host numbers the seeds of a batch itself."""
        return [self.one(text, seed, clip_skip, cfg_scale) for text, seed in zip(texts, seeds, strict=True)]

    def one(self, text: str, seed: int, clip_skip: int, cfg_scale: float) -> np.ndarray:
        """One picture."""
        made = self.client.single(
            clip_skip,
            prompt=text,
            negative_prompt="",
            seed=seed,
            cfg_scale=cfg_scale,
            steps=self.steps,
            width=self.size,
            height=self.size,
            sampler_name="Euler",
            scheduler="Karras",
            override_settings={CHECKPOINT: self.checkpoint},
        )
        return made.pictures[0]


def table(rows: Iterable[dict]) -> str:
    """Rows of `accuracy` as a table for a terminal."""
    lines = ["clip skip  CFG   both colours           shape                  all three              leak"]
    for row in rows:
        shares = [
            f"{row[m]['share']:.3f} ({row[m]['low']:.3f}–{row[m]['high']:.3f})" for m in ("bound", "shape", "all")
        ]
        leak = f"{row['leak']['mean']:.3f}"
        lines.append(f"{row['clip_skip']:>9}  {row['cfg_scale']:>3g}   " + "  ".join(shares) + f"  {leak}")
    return "\n".join(lines)
