"""`make demo`: the article's experiment on the embedded host, without a browser.

One prompt, one seed, clip skip 1 to 12, without and with hires fix: first the article's own words, on a model of random
weights; then words that the two small trained models know (docs/small-model.md), one of them trained with clip skip 1,
the other with 2: for one object, and for two with sides. Prints where the grids are and a table of the cells with what
is seen in them. Ends with an error when a cell is missing or two cells are alike.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.client import CHECKPOINT, Client
from tests.minihost import launch
from tests.model import trained
from training import judge

DATA = launch.REPO / "demo-data"

ARTICLE = (
    "best quality,masterpiece,illustration,beautiful detailed glow,textile shading,absurdres,highres,"
    "dynamic lighting,intricate detailed,beautiful eyes,\n"
    "BREAK,\n"
    "[backlighting],face lighting,(pov:1.3),\n"
    "BREAK,\n"
    "(1 girl, solo:1.5),asymmetric bang,black hair,(smile),(jeans pants and shirts)"
)
# The article's way of writing: praise first, then what is to be seen, some of it weighted.
SHAPE = "best quality, masterpiece, illustration, (yellow triangle:1.1), blue background, large"
# Whose colour is whose, and on which side: what goes first when the text encoder is stopped earlier.
TWO_SHAPES = (
    "best quality, masterpiece, (yellow triangle:1.1) on the left, red circle on the right, blue background, no humans"
)

MODELS = [
    ("Random weights", "tiny-sd1", {"prompt": ARTICLE, "cfg_scale": 11, "steps": 8}),
    *(
        (f"Trained with clip skip {clip_skip}", name, {"prompt": prompt, "cfg_scale": 5, "steps": 16})
        for clip_skip, name in trained.CHECKPOINTS.items()
        for prompt in (SHAPE, TWO_SHAPES)
    ),
]
"""What to call a model, its checkpoint, and what is asked of it."""

EXPERIMENT = {
    "negative_prompt": "",
    "seed": 2881122569,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "width": 64,
    "height": 64,
    "script_args": [{"clip_skip": "1-12"}],
}
HIRES = {"enable_hr": True, "hr_scale": 2, "hr_second_pass_steps": 8, "hr_upscaler": "None", "denoising_strength": 0.5}


def run(client: Client, title: str, checkpoint: str, more: dict) -> list[str]:
    """Runs one sweep, prints what came of it, and returns what is wrong with it."""
    started = time.perf_counter()
    swept = client.sweep(**EXPERIMENT, **more, override_settings={CHECKPOINT: checkpoint})
    seconds = time.perf_counter() - started
    folder, record = swept.folder, swept.record
    print(f"\n{title}: {len(record['cells'])} cells in {seconds:.1f} s")
    print(f"  folder  {folder}")
    for grid in record["grids"]:
        print(f"  grid    {folder / grid['file']}  {grid['width']} × {grid['height']} px")
    print(f"  clip skip  state    size       seconds  {'shows':<42}  image")
    parts = 2 if more["prompt"] == TWO_SHAPES else 1
    for cell in record["cells"]:
        print(row(cell, folder, parts))
    return problems_of(record, folder)


def row(cell: dict, folder: Path, parts: int) -> str:
    """One line of the table."""
    picture = (cell["pictures"] or [{"width": 0, "height": 0, "file": None}])[0]
    size = f"{picture['width']} × {picture['height']}"
    shows, file = (
        (what_is_seen(folder / picture["file"], parts), picture["file"]) if picture["file"] else ("", cell["reason"])
    )
    start = f"  {cell['values']['Clip skip']:>9}  {cell['state']:<7}  {size:<9}  {cell['seconds']:>7.2f}"
    return f"{start}  {shows:<42}  {file}"


def what_is_seen(file: Path, parts: int) -> str:
    """What the judge sees in a picture, in words: in the whole, or in its left and its right half."""
    found = judge.look_at_parts(np.asarray(Image.open(file).convert("RGB")), parts)
    objects = [f"{seen.colour} {seen.shape or 'something'}" if seen.colour else "nothing" for seen in found]
    return f"{', '.join(objects)} on {' and '.join(dict.fromkeys(seen.ground for seen in found))}"


def problems_of(record: dict, folder: Path) -> list[str]:
    """What a person would find wrong on looking at the folder."""
    problems = [
        f"clip skip {cell['values']['Clip skip']}: {cell['reason']}" for cell in record["cells"] if cell["reason"]
    ]
    files = [picture["file"] for cell in record["cells"] for picture in cell["pictures"]]
    contents = {Image.open(folder / file).tobytes() for file in files}
    if len(contents) != len(record["cells"]):
        problems.append(f"only {len(contents)} of {len(record['cells'])} images differ")
    return problems


def main() -> int:
    """Starts the embedded host, runs all sweeps, stops it."""
    print("Starting the embedded host …")
    with launch.Process(DATA, [launch.REPO], ["--nowebui", "--trained-model"]) as host:
        client = Client(host.url)
        problems = []
        for name, checkpoint, asked in MODELS:
            print(f"\n{name}: {asked['prompt']}")
            problems += run(client, "txt2img", checkpoint, asked)
            problems += run(client, "txt2img with hires fix", checkpoint, {**asked, **HIRES})
    for problem in problems:
        print(f"Problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
