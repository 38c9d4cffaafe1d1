"""The grid of a sweep and its page, of the small model, and the chart of docs/claims.md, drawn from its tables."""

from __future__ import annotations

import json
import re
from functools import partial

from training import chart

from .files import IMAGES, opened, save
from .pages import show
from .screens import PROMPT, SETTING
from .studio import Shots, Studio

DOCS = IMAGES.parent
ASKED = (
    "best quality, masterpiece, (yellow triangle:1.1) on the left, red circle on the right, blue background, no humans"
)
LARGE = {"enable_hr": True, "hr_scale": 4, "hr_upscaler": "None", "hr_second_pass_steps": 8, "denoising_strength": 0}
"""The model draws 64 pixels: enlarged and nothing else."""
TABLE = re.compile(r"(One object|Two objects)[^\n]*, trained with clip skip (\d):\n\n((?:\|.*\n)+)")
SHARE = r"([\d.]+) \(([\d.]+)–([\d.]+)\)"
ROW = re.compile(rf"\| (\d+) \| {SHARE} \| {SHARE} \|.*\| ([\d.]+) \|")
"""Clip skip, both colors right, shape right, …, the object's color around it."""


def charts(studio: Studio) -> Shots:
    """All of them."""
    return {
        "grid.png": partial(grid, studio),
        "page-sweep-dark.png": partial(sweep_page, studio),
        "small-model.png": partial(small_model, studio),
    }


def grid(studio: Studio) -> None:
    """Clip skip 1 to 12 as the WebUI saves it, with cells of 256 pixels."""
    setting = {**SETTING, "steps": 16, "sampler_name": "DPM++ 2M", "scheduler": "Karras", **LARGE}
    swept = studio.webui.client.sweep({"clip_skip": "1-12"}, prompt=ASKED, **setting)
    image = opened((swept.folder / swept.record["grids"][0]["file"]).read_bytes())
    save(image, studio.folder / "grid.png", colours=128)


def sweep_page(studio: Studio) -> None:
    """The page of 12 × 4 cells, colored by the first measure."""
    asked = {"clip_skip": "1-12", "y": {"axis": "CFG Scale", "values": "3, 5, 7, 9"}, "mode": "fast", "measures": True}
    swept = studio.webui.client.sweep(asked, prompt=PROMPT, **{**SETTING, "steps": 16})
    with studio.page((1200, 640)) as page:
        show(page, f"{studio.webui.url}/clip-skip-lab/v1/sweeps/{swept.folder.name}/page/")
        page.locator("#heat").select_option(index=1)
        page.mouse.move(0, 0)
        page.wait_for_timeout(800)
        save(opened(page.screenshot()), studio.folder / "page-sweep-dark.png", colours=96)


def small_model(studio: Studio) -> None:
    """The chart of what the small models draw, from the numbers in docs/claims.md."""
    folder = studio.temporary / "evaluated"
    folder.mkdir()
    for objects, trained_with, rows in TABLE.findall((DOCS / "claims.md").read_text(encoding="utf-8")):
        two = "two-" if objects.startswith("Two") else ""
        found = [evaluated(row) for row in ROW.findall(rows)]
        (folder / f"accuracy-{trained_with}-{two}direct.json").write_text(json.dumps(found))
    chart.accuracy_chart(folder, studio.folder / "small-model.png")
    save(opened((studio.folder / "small-model.png").read_bytes()), studio.folder / "small-model.png")


def evaluated(row: tuple[str, ...]) -> dict:
    """A row of a table as `training evaluate` writes it; the leak stands there without its interval."""
    numbers = [float(text) for text in row]
    bound, shape = (dict(zip(("share", "low", "high"), numbers[at : at + 3], strict=True)) for at in (1, 4))
    return {"clip_skip": int(numbers[0]), "bound": bound, "shape": shape,
            "leak": {"mean": numbers[7], "low": numbers[7], "high": numbers[7]}}  # fmt: skip
