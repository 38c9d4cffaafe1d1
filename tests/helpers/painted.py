"""Sweeps on disk without a host: the real `run_sweep` on a session that paints its pictures.

The pictures are landscapes. Clip skip moves the hills and the light, the second axis (CFG Scale) is the contrast, so
that neighbours are alike and the ends of a row are not.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, PngImagePlugin

from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.cells import run_cells
from clip_skip_lab.sweep.folder import read_record, write_record
from clip_skip_lab.sweep.grid import Limits, Style, sheet_size
from clip_skip_lab.sweep.plan import SweepPlan, read_plan
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.sweep.session import Picture, Sampled
from tests.helpers.memory_session import MemoryFile

CFG = Axis("CFG Scale", "float", show=lambda value: f"CFG Scale: {value}")
STEPS = Axis("Steps", "int", show=lambda value: f"Steps: {value}")
SEED = Axis("Seed", "int", show=lambda value: f"Seed: {value}")
WORDS = Axis("Prompt S/R")
AXES = [CFG, STEPS, SEED, WORDS]
PROMPT = "evening light over the hills, a lake between the ridges, soft haze, oil on canvas"

MEASURES = [
    {
        "key": "mean_absolute_difference",
        "name": {"en": "Difference", "ja": "差"},
        "unit": "%",
        "description": {
            "en": "Mean absolute difference to the reference.",
            "ja": "基準との平均絶対差。",
        },
        "against_reference": True,
    },
    {
        "key": "sharpness",
        "name": {"en": "Sharpness", "ja": "鮮明さ"},
        "unit": "",
        "description": {"en": "Variance of the Laplacian.", "ja": "ラプラシアンの分散。"},
        "against_reference": False,
    },
]
FINDINGS = {
    "en": [
        "Largest change: 1 → 2.",
        "From 7 on, sharpness is under half of clip skip 1.",
        "CFG Scale changes the images less than clip skip does.",
    ],
    "ja": [
        "最も大きな変化: 1 → 2。",
        "7 以降、鮮明さは Clip skip 1 の半分以下です。",
        "CFG Scale の影響は Clip skip より小さいです。",
    ],
}
MORE = {"en": ["p-values (permutation test): clip skip 0.001."], "ja": ["p 値（並べ替え検定）: Clip skip 0.001。"]}


def plan_of(skips: str = "1-12", y: tuple = (), z: tuple = (), highest: int = 12) -> SweepPlan:
    """A plan over the axes of this file. Twenty cells at once: a record is written once for each batch."""
    further = {letter: {"axis": pair[0], "values": pair[1]} for letter, pair in (("y", y), ("z", z)) if pair}
    return read_plan({"clip_skip": skips, **further, "mode": "fast", "cells_per_batch": 20}, AXES, highest)


def landscape(skip: float, contrast: float, seed: int, side: int) -> Image.Image:
    """A picture of side × side pixels."""
    across = np.linspace(0, 1, side)[None, :]
    down = np.linspace(0, 1, side)[:, None]
    warm = 0.5 + 0.5 * np.sin(skip * 0.55 + seed)
    low = np.array([0.98, 0.62 + 0.2 * warm, 0.42 + 0.2 * warm])
    high = np.array([0.18 + 0.2 * warm, 0.25 + 0.1 * warm, 0.48])
    sky = high + (low - high) * np.clip(down[..., None] * 1.7, 0, 1)
    sun = np.exp(-(((across - 0.25 - 0.045 * skip) ** 2 + (down - 0.24 - 0.012 * skip) ** 2) / 0.006))
    picture = np.broadcast_to(sky, (side, side, 3)) + sun[..., None] * np.array([0.6, 0.5, 0.25])
    for layer in range(5):
        phase = skip * (0.35 + 0.12 * layer) + layer * 1.7 + seed
        ridge = 0.42 + 0.11 * layer + 0.05 * np.sin(across * (5 + layer * 2) + phase)
        ridge = ridge + 0.02 * np.sin(across * (17 + layer * 5) + phase * 2)
        tone = np.array([0.16, 0.22 + 0.05 * warm, 0.3]) * (1.45 - 0.27 * layer) + 0.05 * warm
        inside = np.clip((down - ridge) * side / 2, 0, 1)[..., None]
        picture = picture * (1 - inside) + tone * inside
    grain = np.random.default_rng(int(skip * 100) + seed).normal(0, 0.03, (side, side, 1))
    picture = 0.5 + (picture + grain - 0.5) * (0.55 + contrast / 14)
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(max(0.0, (skip - 3) * side / 2200)))


class PaintingSession:
    """A `Session` that paints. `fails` are the clip skips whose cells fail, `stop_after` ends it like Interrupt."""

    def __init__(
        self,
        grid_folder: Path,
        side: int = 512,
        per_cell: int = 1,
        prompt: str = PROMPT,
        fails: tuple[int, ...] = (),
        stop_after: int | None = None,
        ending: str = "jpg",
        cells_at_once: int = 1,
        name: str = "{number:05}-{seed}",
    ):
        self.grid_folder = str(grid_folder)
        self.side, self.per_cell, self.prompt, self.fails = side, per_cell, prompt, fails
        self.stop_after, self.ending, self.cells_at_once, self.name = stop_after, ending, cells_at_once, name
        self.style, self.limits = Style(), Limits(pixels=4_000_000)
        self.model = {"name": "painted-v1", "hash": "0a1b2c3d4e", "vae": ""}
        self.save_error, self.elsewhere, self.is_awaited, self.grid_format = None, None, False, "jpg"
        self.setting = {
            "prompt": prompt,
            "negative_prompt": "blurry",
            "seed": 2881122569,
            "steps": 24,
            "width": side,
            "height": side,
            "cfg_scale": 7,
            "sampler_name": "DPM++ 2M",
        }
        self.sampled_elsewhere = False
        self.notes: list[str] = []
        self.events: list[tuple] = []
        self.cell_size = sheet_size((side, side), per_cell)
        self.text_encoder_forwards = 2
        self.no_effect = None
        self.numbers = itertools.count()
        self.made = 0

    def run_cells(self, record, finishing):
        run_cells(record, self, finishing)

    def stopped(self):
        return "interrupted" if self.stop_after is not None and self.made >= self.stop_after else None

    def starting(self, over, total, cells):
        return None

    def sample(self, cells, keep):
        failing = {cell.index: "The model gave only NaN, no image." for cell in cells if cell.clip_skip in self.fails}
        for cell in cells:
            if cell.index in failing:
                continue
            for place in range(self.per_cell):
                keep(self._picture(cell, place))
            self.made += 1
        return Sampled([], failed=failing)

    def _picture(self, cell, place):
        seed = self.setting["seed"] + place
        skip = cell.clip_skip if isinstance(cell.clip_skip, int | float) else 3
        image = landscape(skip, 3 + 2 * cell.y, place + 3 * cell.z, self.side)
        infotext = (
            f"{self.prompt}\nNegative prompt: blurry\nSteps: 24, Sampler: DPM++ 2M, Schedule type: Karras, "
            f"CFG scale: {3 + 2 * cell.y}, Seed: {seed}, Size: {self.side}x{self.side}, Model hash: 0a1b2c3d4e, "
            f"Model: painted-v1, Clip skip: {cell.clip_skip}, Version: v1.10.1"
        )
        return Picture(cell, place, image, infotext, seed, 0, self.prompt)

    def path_of(self, picture, folder):
        path = folder / f"{self.name.format(number=next(self.numbers), seed=picture.seed)}.{self.ending}"
        path.touch()
        return path

    def write(self, picture, path):
        if self.ending == "png":
            info = PngImagePlugin.PngInfo()
            info.add_text("parameters", picture.infotext)
            picture.image.save(path, pnginfo=info)
        else:
            picture.image.save(path, quality=90)
        return path

    def name_picture(self, picture, folder):
        return MemoryFile(self, picture, folder)

    def show(self, preview):
        return None

    def save_grid(self, image, folder, name, infotext):
        path = folder / f"{name}.jpg"
        image.save(path, quality=85)
        return path

    def grid_infotext(self):
        return f"{self.prompt}\nScript: Clip skip sweep"

    def recovers_memory(self, error):
        return isinstance(error, MemoryError)

    def explain(self, error):
        return f"{type(error).__name__}: {error}"


def painted_sweep(grid_folder: Path, plan: SweepPlan, measured: bool = False, **session) -> Path:
    """Runs a plan with a `PaintingSession` of these arguments; `measured` adds measures and findings. Its folder."""
    outcome = run_sweep(plan, PaintingSession(grid_folder, **session), {"name": "AUTOMATIC1111", "version": "v1.10.1"})
    if measured:
        add_measures(outcome.folder)
    return outcome.folder


def add_measures(folder: Path) -> None:
    """Two measures for each cell with a picture, from the reduced pictures, against the first clip skip of the row."""
    content = read_record(folder)
    first: dict[str, np.ndarray] = {}
    for cell in content["cells"]:
        if not cell["pictures"]:
            continue
        with Image.open(folder / cell["pictures"][0]["small"]) as image:
            grey = np.asarray(image.convert("L"), dtype=float)
        others = {name: value for name, value in cell["values"].items() if name != "Clip skip"}
        reference = first.setdefault(str(others), grey)
        laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
        cell["measures"] = {
            "mean_absolute_difference": float(np.abs(grey - reference).mean() / 2.55),
            "sharpness": float(laplacian.var()),
        }
    write_record(folder, {**content, "measures": MEASURES, "findings": FINDINGS, "more": MORE})
