"""`make demo`: the article's experiment on the embedded host, without a browser.

One prompt, one seed, clip skip 1 to 12, without and with hires fix: the settings are the article's, the size and the
number of steps are small, because the host is a miniature with random weights. Prints where the grids are and a table
of the cells. Ends with an error when a cell is missing or two cells are alike.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import httpx
from PIL import Image

from tests.minihost import launch

DATA = launch.REPO / "demo-data"

PROMPT = (
    "best quality,masterpiece,illustration,beautiful detailed glow,textile shading,absurdres,highres,"
    "dynamic lighting,intricate detailed,beautiful eyes,\n"
    "BREAK,\n"
    "[backlighting],face lighting,(pov:1.3),\n"
    "BREAK,\n"
    "(1 girl, solo:1.5),asymmetric bang,black hair,(smile),(jeans pants and shirts)"
)

EXPERIMENT = {
    "prompt": PROMPT,
    "seed": 2881122569,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "cfg_scale": 11,
    "steps": 8,
    "width": 128,
    "height": 128,
    "script_name": "clip skip sweep",
    "script_args": [{"clip_skip": "1-12"}],
}
HIRES = {"enable_hr": True, "hr_scale": 2, "hr_second_pass_steps": 6, "hr_upscaler": "None", "denoising_strength": 0.5}


def run(client: httpx.Client, title: str, more: dict) -> list[str]:
    """Runs one sweep, prints what came of it, and returns what is wrong with it."""
    started = time.perf_counter()
    answer = client.post("/sdapi/v1/txt2img", json={**EXPERIMENT, **more})
    answer.raise_for_status()
    seconds = time.perf_counter() - started
    told = json.loads(answer.json()["info"])["extra_generation_params"]["clip_skip_lab"]
    folder = Path(told["folder"])
    record = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    print(f"\n{title}: {len(record['cells'])} cells in {seconds:.1f} s")
    print(f"  folder  {folder}")
    for grid in record["grids"]:
        print(f"  grid    {folder / grid['file']}  {grid['width']} × {grid['height']} px")
    print("  clip skip  state    size       seconds  picture")
    for cell in record["cells"]:
        print(row(cell))
    return problems_of(record, folder)


def row(cell: dict) -> str:
    """One line of the table."""
    picture = (cell["pictures"] or [{"width": 0, "height": 0, "file": cell["reason"]}])[0]
    size = f"{picture['width']} × {picture['height']}"
    return (
        f"  {cell['values']['Clip skip']:>9}  {cell['state']:<7}  {size:<9}  {cell['seconds']:>7.2f}  {picture['file']}"
    )


def problems_of(record: dict, folder: Path) -> list[str]:
    """What a person would find wrong on looking at the folder."""
    problems = [
        f"clip skip {cell['values']['Clip skip']}: {cell['reason']}" for cell in record["cells"] if cell["reason"]
    ]
    files = [picture["file"] for cell in record["cells"] for picture in cell["pictures"]]
    contents = {Image.open(folder / file).tobytes() for file in files}
    if len(contents) != len(record["cells"]):
        problems.append(f"only {len(contents)} of {len(record['cells'])} pictures differ")
    return problems


def main() -> int:
    """Starts the embedded host, runs both sweeps, stops it."""
    print("Starting the embedded host (random weights: the pictures are patches of colour, not the article's) …")
    with launch.Process(DATA, [launch.REPO], ["--nowebui"]) as host:
        client = httpx.Client(base_url=host.url, timeout=600, trust_env=False)
        problems = run(client, "txt2img", {})
        problems += run(client, "txt2img with hires fix", HIRES)
    for problem in problems:
        print(f"Problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
