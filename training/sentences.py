"""How often a sweep's sentences agree with what is in its pictures: `python -m training sentences --url URL`.

A running WebUI that has both checkpoints, on this machine, sweeps clip skip 1 to 12 over captions that no training
saw. Each sweep is measured as every sweep is, and what its sentences claim is held against the judge's eyes. The
sweeps are kept, so that they can be measured again: those of one purpose for finding bounds, those of the other, with
other captions and seeds, for what is reported.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from clip_skip_lab.measure.cells import measured_cells, reference_of
from clip_skip_lab.measure.findings import adds_up_at, closest_to
from clip_skip_lab.measure.folder import measure_folder
from clip_skip_lab.measure.steps import graded
from clip_skip_lab.sweep.axes import AXIS_NAME

from . import evaluate, judge, pack

log = logging.getLogger("training")

CAPTIONS = 20
CLIP_SKIPS = "1-12"
PURPOSES = {"bounds": evaluate.SEED, "reported": evaluate.SEED + 1}
"""What sweeps are for, and the seed of their captions and pictures."""
KEPT = re.compile(r"([a-z]+)-trained-with-\d-objects-(\d)-\d+")

View = tuple[tuple[str | None, str | None, str], ...]
"""What the judge sees: shape, colour and ground, of the whole picture or of its two halves."""
Claim = tuple[str, bool]
"""A kind of sentence, and whether the judge agrees."""

CHANGES, HARDLY, LITTLE = (
    "changes at a step",
    "hardly changes at a step",
    "changes a little, and the judge sees a change",
)
MOST, LIKE, ADDS_UP = "changes most at a step", "most like the reference", "small steps add up"
MISSED = "of the changes that the judge sees, called hardly any"
KINDS = (CHANGES, HARDLY, LITTLE, MISSED, MOST, LIKE, ADDS_UP)


def sweep(url: str, checkpoint: str, prompt: str, seed: int) -> Path:
    """Runs one sweep on a WebUI of this machine and returns its folder. Raises `OSError`."""
    asked = {
        "prompt": prompt,
        "seed": seed,
        "cfg_scale": evaluate.CFG_SCALE,
        "steps": evaluate.STEPS,
        "width": 64,
        "height": 64,
        "sampler_name": "Euler",
        "scheduler": "Karras",
        "override_settings": {"sd_model_checkpoint": checkpoint},
        "script_name": "clip skip sweep",
        "script_args": [{"clip_skip": CLIP_SKIPS, "mode": "fast"}],
    }
    body = json.dumps(asked).encode()
    request = urllib.request.Request(f"{url.rstrip('/')}/sdapi/v1/txt2img", body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=600) as answer:
        info = json.loads(json.load(answer)["info"])
    return Path(info["extra_generation_params"]["clip_skip_lab"]["folder"])


def collect(folder: Path, url: str, captions: int = CAPTIONS) -> None:
    """Sweeps every caption with one and with two objects on both models, and keeps the folders; once each."""
    for (purpose, seed), objects, trained_with in itertools.product(PURPOSES.items(), (1, 2), (1, 2)):
        _, texts = evaluate.questions(captions, objects, seed)
        for number, text in enumerate(texts):
            kept = folder / f"{purpose}-trained-with-{trained_with}-objects-{objects}-{number:02}"
            if not kept.exists():
                shutil.copytree(sweep(url, pack.NAME.format(trained_with), text, seed * 1000 + number), kept)
                log.info("%s: %s", kept.name, text)


def views(content: dict, folder: Path, objects: int) -> dict[object, View]:
    """What the judge sees in each picture of a sweep of one row, by clip skip."""
    found = {}
    for cell in measured_cells(content):
        with Image.open(folder / cell["pictures"][0]["file"]) as image:
            seen = judge.look_at_parts(np.asarray(image.convert("RGB")), objects)
        found[cell["values"][AXIS_NAME]] = tuple((one.shape, one.colour, one.ground) for one in seen)
    return found


def unlike(one: View, other: View) -> int:
    """In how many things two pictures differ."""
    return sum(a != b for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True))


def claims(content: dict, seen: dict[object, View]) -> Iterator[Claim]:
    """What the sentences of a measured sweep claim, each with whether the judge agrees."""
    steps = graded(content["neighbours"])
    seen_at = {step["from"]: unlike(seen[step["from"]], seen[step["to"]]) for step in steps.known}
    yield from ((CHANGES, seen_at[step["from"]] > 0) for step in steps.changed)
    yield from ((HARDLY, seen_at[step["from"]] == 0) for step in steps.hardly)
    yield from ((LITTLE, seen_at[step["from"]] > 0) for step in steps.little)
    hardly = {step["from"] for step in steps.hardly}
    yield from ((MISSED, start in hardly) for start, count in seen_at.items() if count)
    if steps.most is not None:
        yield MOST, seen_at[steps.most["from"]] == max(seen_at.values())
    cells = measured_cells(content)
    reference = reference_of(cells)
    from_reference = {value: unlike(seen[reference], view) for value, view in seen.items() if value != reference}
    closest = closest_to(cells, reference, list(from_reference))
    if closest is not None:
        yield LIKE, from_reference[closest] == min(from_reference.values())
    added = None if steps.changed else adds_up_at(cells, reference, list(from_reference))
    if added is not None:
        yield ADDS_UP, from_reference[added] > 0


def agreement(folder: Path, purpose: str) -> dict[str, dict]:
    """Measures the kept sweeps of a purpose, and counts: by kind of sentence how many, how many agree.

    `wholly` counts the sweeps of whose steps all that are said to change or hardly to change do so.
    """
    said: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    wholly = []
    for kept in sorted(folder.iterdir()):
        match = KEPT.fullmatch(kept.name)
        if match and match[1] == purpose:
            content = measure_folder(kept)
            found = list(claims(content, views(content, kept, int(match[2]))))
            wholly.append(all(agrees for kind, agrees in found if kind in (CHANGES, HARDLY)))
            for kind, agrees in found:
                said[kind].append(agrees)
    return {kind: _counted(agreed) for kind, agreed in {**said, "wholly": wholly}.items()}


def _counted(agreed: list[bool]) -> dict:
    low, high = judge.interval(sum(agreed), len(agreed))
    return {"n": len(agreed), "agree": sum(agreed), "low": round(low, 3), "high": round(high, 3)}


def table(found: dict[str, dict]) -> str:
    """What `agreement` found as a table for a terminal."""
    width = max(map(len, found))
    rows = [
        f"{kind:<{width}}  {row['agree']:>4} of {row['n']:>4}  {row['agree'] / row['n']:.3f} "
        f"({row['low']:.3f}–{row['high']:.3f})"
        for kind, row in found.items()
        if row["n"]
    ]
    return "\n".join(rows)
