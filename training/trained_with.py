"""Which clip skip was it trained with? The study of `clip_skip_lab.probe` on the small models, part by part.

Each part is kept as JSON, each table of losses and each further trained UNet as a file, so that an interrupted study
goes on where it was.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from . import captions, evaluate, further_training, networks, unet, world
from .loss_tables import Table, draws, summary
from .world import COLOUR, GROUND, have_two

log = logging.getLogger("training")

ALL, NEAR, FIRST = tuple(range(1, 13)), tuple(range(1, 7)), tuple(range(1, 5))
KS = (4, 8, 16, 32, 64)
MANY = 32
DRAWS, FEWER_DRAWS = 200, 100
PICTURES, MERGE_PICTURES, CAPTION_PICTURES, DRAWN_PICTURES = 80, 48, 40, 40
SEED = 41
FURTHER = (50, 200)
FURTHER_BANK = 1024
FURTHER_SKIP = 3
BLURS = (2, 4)
NOISE, QUALITY = 25.0, 10
ONE_CAPTION = "red circle, blue background"
BOTH = tuple(f"captions: {name}" for name in ("none (empty)", "one for all", "all another picture's"))
BIASED_AT = (1, 2)
CFG_SCALE = 5.0


@dataclass(frozen=True)
class Shown:
    """Pictures with their captions, none of which training saw, one and two objects in turn.

    Attributes:
        scenes: [n, 6].
        pictures: [n] of RGB.
        captions: [n].
    """

    scenes: np.ndarray
    pictures: list[Image.Image]
    captions: list[str]


def shown(n: int) -> Shown:
    """n pictures."""
    rng, found = np.random.default_rng(SEED), []
    for objects in (1, 2):
        scenes, texts = evaluate.questions(n // 2, objects, seed=SEED)
        found.append(list(zip(scenes, world.draw(scenes, rng), texts, strict=True)))
    mixed = [one for pair in zip(*found, strict=True) for one in pair]
    return Shown(
        np.stack([scene for scene, _, _ in mixed]),
        [Image.fromarray(picture) for _, picture, _ in mixed],
        [text for _, _, text in mixed],
    )


def next_ones(texts: Sequence[str]) -> list[str]:
    """For each picture the next one's caption that differs from its own; "" where all are the same."""
    n = len(texts)
    return [
        next((texts[(i + step) % n] for step in range(1, n) if texts[(i + step) % n] != texts[i]), "") for i in range(n)
    ]


class Study:
    """The networks, the pictures and what was found.

    Args:
        folder: where tables and results are kept.
        model: the folder of the small models.
    """

    def __init__(self, folder: Path, model: Path = networks.MODEL):
        self.folder, self.model = folder / "trained-with", model
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def parts(self):
        """The networks' parts of both models, by clip skip."""
        return {clip_skip: networks.parts_of(clip_skip, self.model) for clip_skip in (1, 2)}

    @cached_property
    def shown(self) -> Shown:
        """The pictures; parts of the study take the first ones."""
        return shown(PICTURES)

    def part(self, name: str, measure: Callable[[], object]):
        """A part's result, measured where it isn't there yet."""
        file = self.folder / f"{name}.json"
        if not file.exists():
            began = time.monotonic()
            found = {"found": measure(), "seconds": round(time.monotonic() - began, 1)}
            file.write_text(json.dumps(found, indent=1), encoding="utf-8")
            log.info("%s: %.0f s", name, found["seconds"])
        return json.loads(file.read_text(encoding="utf-8"))["found"]

    def seconds(self) -> float:
        """How long all parts took."""
        files = self.folder.glob("*.json")
        return sum(json.loads(file.read_text(encoding="utf-8"))["seconds"] for file in files)

    def predictions(self) -> int:
        """How many predictions are in the tables."""
        return sum(int(np.isfinite(np.load(file)).sum()) for file in self.folder.glob("*.npy"))

    def table(self, name: str, network, values=ALL, pictures=None, texts=None, latents=None) -> Table:
        """A table, kept under its name; without pictures, texts or latents those of the study."""
        texts = list(self.shown.captions if texts is None else texts)
        if latents is None:
            latents = [[network.latents(one)] for one in (self.shown.pictures if pictures is None else pictures)]
        n = min(len(texts), len(latents))
        others = next_ones(texts[:n])
        return Table(self.folder / f"{name}.npy", network, latents[:n], texts[:n], others, values)

    def merged_unet(self, tenths: int):
        """The UNet with so many tenths of the first model and the rest of the second."""
        first, second = self.parts[1].unet, self.parts[2].unet
        return {10: first, 0: second}.get(tenths) or networks.merged(first, second, tenths / 10)

    def merge(self, tenths: int):
        """Its network."""
        return networks.network_of(self.parts[1 if tenths else 2], self.merged_unet(tenths))

    def merge_table(self, tenths: int) -> Table:
        """Its table: of all values for the two models and the half merge, of the first six otherwise."""
        whole = tenths in (0, 5, 10)
        n = PICTURES if whole else MERGE_PICTURES
        pictures, texts = self.shown.pictures[:n], self.shown.captions[:n]
        return self.table(f"merge-{tenths:02}", self.merge(tenths), ALL if whole else NEAR, pictures, texts)


def merges(study: Study) -> dict:
    """What is decided for k pictures, for the models and merges in steps of a tenth."""
    found = {}
    for tenths in range(10, -1, -1):
        table = study.merge_table(tenths)
        right = {True: 1, False: 2}[tenths > 5] if tenths != 5 else None
        n = DRAWS if table.values == list(ALL) else FEWER_DRAWS
        rows = [summary(draws(table, k, n), table.values, k, right) for k in KS if k < table.pictures]
        found[str(tenths)] = {"rows": rows, "means": curve(table.whole())}
        log.info("merge %d: %s", tenths, [row["decided"] for row in rows])
    return found


def curve(losses: np.ndarray) -> dict:
    """Of [pictures, strata, turns, values]: mean loss by value, and by how much it is worse than the best, in percent,
    with the interval of two standard errors."""
    logs = np.log(losses).mean((1, 2))
    best = int(logs.mean(0).argmin())
    ratios = logs - logs[:, [best]]
    middle, reach = ratios.mean(0), 2 * ratios.std(0, ddof=1) / np.sqrt(len(ratios))
    worse = [[float(100 * np.expm1(x)) for x in middle + sign * reach] for sign in (0, -1, 1)]
    return {"loss": losses.mean((0, 1, 2)).tolist(), "worse": worse, "best": best + 1}


def further(study: Study) -> dict:
    """The first model trained further at clip skip 3, whole and with low-rank updates."""
    first = study.parts[1]
    bank = unet.Bank(first.text, first.encoder, FURTHER_SKIP, n=FURTHER_BANK)
    found: dict = {}
    for how, lora in (("whole", False), ("low-rank", True)):
        files = {step: study.folder / f"further-{how}-{step}.pt" for step in FURTHER}
        if not all(file.exists() for file in files.values()):
            further_training.further(
                first.unet, bank, list(FURTHER), lora, lambda step, state, files=files: torch.save(state, files[step])
            )
        for step, file in files.items():
            model = unet.unet_model().eval()
            model.load_state_dict(torch.load(file, weights_only=True))
            n = CAPTION_PICTURES
            network = networks.network_of(first, model)
            table = study.table(f"further-{how}-{step}", network, FIRST, study.shown.pictures[:n])
            row = summary(draws(table, MANY, FEWER_DRAWS), table.values, MANY, None)
            found[f"{how} {step}"] = row | {"loss": table.whole().mean((0, 1, 2)).tolist()}
            log.info("%s %d: %s", how, step, row["decided"])
    return found


def wordings(scenes: np.ndarray) -> dict[str, list[str]]:
    """Captions of scenes in several forms."""
    rng = np.random.default_rng(SEED)
    tags, sentences, colours = [], [], []
    for scene in scenes:
        everything = np.ones(len(scene), dtype=bool)
        without = everything.copy()
        without[GROUND] = False
        ground = world.COLOUR_NAMES[scene[GROUND]]
        tags.append(f"{captions.caption(scene, without, rng)}, {ground} background")
        sentence = ""
        while not sentence.startswith(("a picture with", "the background is")):
            sentence = captions.caption(scene, everything, rng, unseen=True)
        sentences.append(sentence)
        only = np.zeros(len(scene), dtype=bool)
        only[[COLOUR, world.RIGHT_COLOUR] if have_two(scene[None])[0] else COLOUR] = True
        colours.append(captions.caption(scene, only, np.random.default_rng(0)).split(",")[0])
    return {"as tags": tags, "as sentences": sentences, "only a colour": colours}


def spoilt(picture: Image.Image, how: str) -> Image.Image:
    """A picture blurred, as a poor JPEG, or with noise."""
    kind, _, amount = how.partition(" ")
    if kind == "blurred":
        return picture.filter(ImageFilter.GaussianBlur(float(amount)))
    if kind == "JPEG":
        kept = io.BytesIO()
        picture.save(kept, "JPEG", quality=int(amount))
        return Image.open(kept).convert("RGB")
    drawn = np.random.default_rng(SEED).normal(0, float(amount), (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(picture) + drawn, 0, 255).astype(np.uint8))


def conditions(study: Study) -> dict[str, tuple[list[Image.Image], list[str]]]:
    """Pictures and captions in all the ways that are tried."""
    n = CAPTION_PICTURES
    pictures, own = study.shown.pictures[:n], study.shown.captions[:n]
    wrong = next_ones(own)
    texts = wordings(study.shown.scenes[:n]) | {
        "none (empty)": [""] * n,
        "one for all": [ONE_CAPTION] * n,
        "half of them another picture's": [(own, wrong)[i // 2 % 2][i] for i in range(n)],
        "all another picture's": wrong,
    }
    kinds = [f"blurred {radius}" for radius in BLURS] + [f"JPEG {QUALITY}", f"noise {NOISE:g}"]
    return {f"captions: {name}": (pictures, said) for name, said in texts.items()} | {
        f"pictures: {how}": ([spoilt(picture, how) for picture in pictures], own) for how in kinds
    }


def poorer(study: Study) -> dict:
    """Other captions, spoilt pictures and random weights."""
    # The second model, which is harder to tell, with everything; the first where it is about captions that don't fit.
    made = conditions(study)
    asked = {(k, name): made[name] for name in made for k in (1, 2) if k == 2 or name in BOTH}
    networks_of = {k: networks.network_of(study.parts[k]) for k in (1, 2)}
    torch.manual_seed(0)
    random = networks.network_of(study.parts[1], unet.unet_model().eval())
    n, found = CAPTION_PICTURES, {}
    asked[0, "random weights"] = (study.shown.pictures[:n], study.shown.captions[:n])
    for (k, name), (pictures, texts) in asked.items():
        file = f"poorer-{k}-{''.join(c if c.isalnum() else '-' for c in name)}"
        table = study.table(file, networks_of.get(k, random), FIRST, pictures, texts)
        rows = [summary(draws(table, many, FEWER_DRAWS), table.values, many, k or None) for many in (MANY // 2, MANY)]
        found[f"{k} {name}"] = rows
        log.info("%d %s: %s", k, name, [row["decided"] for row in rows])
    return found


def captionless(study: Study) -> dict:
    """Pictures with the empty caption, for the models and merges; the control has nothing to say here."""
    found, n = {}, CAPTION_PICTURES
    for tenths in (10, 5, 0):
        network, pictures = study.merge(tenths), study.shown.pictures[:n]
        table = study.table(f"captionless-{tenths:02}", network, FIRST, pictures, [""] * n)
        right = None if tenths == 5 else 1 if tenths > 5 else 2
        rows = [summary(draws(table, k, FEWER_DRAWS), table.values, k, right) for k in KS[1:4]]
        found[str(tenths)] = {"rows": rows, "means": curve(table.whole())}
        log.info("captionless %d: %s", tenths, [(row["best"], row["before_control"]) for row in rows])
    return found


def drawn_at(study: Study, tenths: int) -> list[list[Image.Image]]:
    """[pictures] of [values] pictures that a merge draws for the study's captions at each of the first values."""
    texts = study.shown.captions[:DRAWN_PICTURES]
    parts = study.parts[1 if tenths else 2]
    painter = evaluate.Direct(parts.text, parts.encoder, study.merged_unet(tenths), parts.vae)
    seeds = [SEED * 1000 + i for i in range(len(texts))]
    by_value = [painter(texts, seeds, value, CFG_SCALE) for value in FIRST]
    return [[Image.fromarray(picture) for picture in pictures] for pictures in zip(*by_value, strict=True)]


def drawn(study: Study) -> dict:
    """Pictures that the model drew: own losses compared, and those drawn at one value asked with all."""
    found: dict = {"own": {}, "biased": {}}
    texts = study.shown.captions[:DRAWN_PICTURES]
    for tenths in (10, 7, 5, 3, 0):
        network, pictures = study.merge(tenths), drawn_at(study, tenths)
        latents = [[network.latents(picture) for picture in row] for row in pictures]
        table = study.table(f"drawn-{tenths:02}", network, FIRST, texts=texts, latents=latents)
        right = None if tenths == 5 else 1 if tenths > 5 else 2
        rows = [summary(draws(table, k, FEWER_DRAWS), table.values, k, right) for k in KS[1:4]]
        found["own"][str(tenths)] = {"rows": rows, "means": curve(table.whole())}
        log.info("drawn by merge %d: %s", tenths, [row["decided"] for row in rows])
        for value in BIASED_AT if tenths in (0, 10) else ():
            same = [[row[FIRST.index(value)]] for row in latents]
            table = study.table(f"drawn-{tenths:02}-at-{value}", network, FIRST, texts=texts, latents=same)
            row = summary(draws(table, MANY, FEWER_DRAWS), table.values, MANY, 1 if tenths else 2)
            found["biased"][f"{1 if tenths else 2} {value}"] = row
    return found
