"""The stages one after the other, each with its gate."""

from __future__ import annotations

import json
import logging
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

from . import chart, claims, evaluate, judge, lens_study, pack, sentences, text, trained_with_report, unet, vae
from .loop import Stage
from .tokenizer import Encoder, write_tokenizer
from .world import draw, training_scenes

log = logging.getLogger("training")

STEPS = {"text": 8500, "vae": 5000, "unet-1": 21000, "unet-2": 16500}
EXCHANGED_AT_MOST = 0.03
RECONSTRUCTED_AT_LEAST = 0.98
BOUND_AT_LEAST = 0.95
SHAPE_AT_LEAST = 0.90


def prepare(folder: Path, threads: int) -> None:
    """The working folder with the tokenizer's files, and torch's threads."""
    torch.set_num_threads(threads)
    if not (folder / "tokenizer" / "vocab.json").exists():
        write_tokenizer(folder / "tokenizer")


def run(stage: str, asked: Namespace) -> str | None:
    """Runs one stage; returns why the next one must not start, or None."""
    folder = asked.folder
    steps = asked.steps or STEPS.get(stage, 0)
    if stage == "text":
        trained, encoder, _ = text.train(folder, folder / "tokenizer", steps)
        found = text.gate(*trained.networks.values(), encoder, np.random.default_rng(1))
        _keep(folder, "text-gate", found)
        bad = {what: share for what, share in found["exchanged"].items() if share >= EXCHANGED_AT_MOST}
        return f"pictures with something exchanged are preferred: {bad}" if bad else None
    if stage == "vae":
        vae.train(folder, steps)
        found = {objects: reconstructed(the_vae(folder), objects) for objects in (1, 2)}
        _keep(folder, "vae-gate", found)
        bad = found[1]["all"] < RECONSTRUCTED_AT_LEAST
        return f"only {found[1]['all']:.1%} of the reconstructions are right" if bad else None
    if stage in ("unet-1", "unet-2"):
        clip_skip = int(stage[-1])
        bank = unet.Bank(*the_text_encoder(folder), clip_skip)
        start = the_unet(folder, 1)[0] if clip_skip == 2 else None
        unet.train(folder, bank, clip_skip, steps, start_from=start)
        return None
    if stage == "pack":
        return _pack(folder, asked.model)
    if stage == "sentences":
        return _sentences(folder, asked)
    if stage == "claims":
        return _claims(folder)
    if stage == "trained-with":
        trained_with_report.run(folder, asked.model)
        return None
    if stage == "lens":
        _keep(folder, "lens", lens_study.run(folder, asked.model))
        return None
    if stage == "chart":
        chart.accuracy_chart(folder, folder / "accuracy.png")
        return None
    return _evaluate(folder, asked)


def the_text_encoder(folder: Path):
    """The text encoder as far as it is trained, and what makes tokens of captions."""
    encoder = Encoder(folder / "tokenizer")
    cut = encoder.tokenizer
    model = text.text_model(len(cut), cut.bos_token_id, cut.eos_token_id)
    model.load_state_dict(_kept(folder, "text")["networks"]["model"])
    return model.eval(), encoder


def the_vae(folder: Path):
    """The VAE as far as it is trained, averaged weights."""
    return _averaged(folder, "vae", vae.vae_model())[0]


def the_unet(folder: Path, clip_skip: int):
    """A UNet as far as it is trained, averaged weights, and its number of steps."""
    return _averaged(folder, f"unet-{clip_skip}", unet.unet_model())


def _averaged(folder: Path, name: str, model) -> tuple:
    stage = Stage(folder, name, {"model": model}, rate=0.0, seed=0, average=1.0)
    if not stage.step:
        raise SystemExit(f"{stage.file} isn't there: train the stage {name} first")
    stage.take_average()
    return model.eval(), stage.step


def _kept(folder: Path, name: str) -> dict:
    file = folder / f"{name}.pt"
    if not file.exists():
        raise SystemExit(f"{file} isn't there: train the stage {name} first")
    return torch.load(file, map_location="cpu", weights_only=True)


def reconstructed(model, objects: int = 1, n: int = 500) -> dict[str, float]:
    """How many of n pictures the judge reads rightly after the VAE's encoder and decoder."""
    rng = np.random.default_rng(2)
    scenes = training_scenes(objects)
    scenes = scenes[rng.integers(len(scenes), size=n)]
    pictures = draw(scenes, rng)
    latents = torch.cat([vae.encode(model, part) for part in vae.as_tensor(pictures).split(25)])
    made = vae.decode(model, latents)
    rights = [judge.right(scene, judge.look_for(scene, picture)) for scene, picture in zip(scenes, made, strict=True)]
    square = np.mean((made.astype(float) - pictures) ** 2)
    found = {measure: float(np.mean([r[measure] for r in rights])) for measure in rights[0]}
    return found | {"psnr": float(10 * np.log10(255**2 / square))}


def _pack(folder: Path, target: Path) -> str | None:
    text_encoder, _ = the_text_encoder(folder)
    unets = {clip_skip: the_unet(folder, clip_skip) for clip_skip in (1, 2)}
    steps = {name: _kept(folder, name)["step"] for name in ("text", "vae")}
    size = pack.pack(target, folder / "tokenizer", text_encoder, the_vae(folder), unets, steps)
    log.info("%s: %.2f MB", target, size / 1e6)
    return None


def _evaluate(folder: Path, asked: Namespace) -> str | None:
    problems = []
    captions = asked.captions or evaluate.CAPTIONS
    first, _, last = asked.clip_skips.partition("-")
    where = ("two-" if asked.objects == 2 else "") + ("host" if asked.url else "direct")
    for trained_with in [asked.trained_with] if asked.trained_with else (1, 2):
        if asked.url:
            painter = evaluate.Host(asked.url, pack.NAME.format(trained_with))
        else:
            painter = evaluate.Direct(*the_text_encoder(folder), the_unet(folder, trained_with)[0], the_vae(folder))
        rows = []
        for clip_skip in range(int(first), int(last or first) + 1):
            for cfg_scale in map(float, asked.cfg_scales.split(",")):
                began = time.perf_counter()
                pictures = evaluate.paint(painter, clip_skip, cfg_scale, captions, asked.objects)
                seconds = (time.perf_counter() - began) / len(pictures)
                kept = folder / "pictures" / f"{where}-{trained_with}-skip-{clip_skip}-cfg-{cfg_scale:g}.npy"
                kept.parent.mkdir(exist_ok=True)
                np.save(kept, pictures)
                row = evaluate.accuracy(pictures, clip_skip, cfg_scale, asked.objects)
                rows.append(row | {"seconds_a_picture": round(seconds, 4)})
                log.info("trained with clip skip %d\n%s", trained_with, evaluate.table(rows[-1:]))
                # With two objects there is no aim: it is reported how far they get.
                if clip_skip == trained_with and asked.objects == 1:
                    problems += _too_low(rows[-1], trained_with)
        _keep(folder, f"accuracy-{trained_with}-{where}", rows)
    return "; ".join(problems) or None


def _sentences(folder: Path, asked: Namespace) -> None:
    kept = folder / "sentences"
    kept.mkdir(parents=True, exist_ok=True)
    if asked.url:
        sentences.collect(kept, asked.url, asked.captions or sentences.CAPTIONS)
    for purpose in sentences.PURPOSES:
        found = sentences.agreement(kept, purpose)
        log.info("%s\n%s", purpose, sentences.table(found))
        _keep(folder, f"sentences-{purpose}", found)


def _claims(folder: Path) -> None:
    text_encoder, encoder = the_text_encoder(folder)
    found: dict = {"layers": claims.layers(text_encoder, encoder)}
    for trained_with in (1, 2):
        painter = evaluate.Direct(text_encoder, encoder, the_unet(folder, trained_with)[0], the_vae(folder))
        found[f"trained_with_{trained_with}"] = claims.measure(folder, trained_with) | {
            "image_to_image": claims.image_to_image(painter, trained_with, [1, 2, 3, 5, 8, 12]),
            "interaction": claims.interaction(painter),
        }
    _keep(folder, "claims", found)


def _too_low(row: dict, trained_with: int) -> list[str]:
    aims = {"bound": BOUND_AT_LEAST, "shape": SHAPE_AT_LEAST}
    return [
        f"trained with {trained_with}, CFG {row['cfg_scale']:g}: {measure} {row[measure]['share']:.1%}, aim {aim:.0%}"
        for measure, aim in aims.items()
        if row[measure]["share"] < aim
    ]


def _keep(folder: Path, name: str, found) -> None:
    log.info("%s: %s", name, json.dumps(found))
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
