"""Charts of the accuracy and the leak over clip skip, for both models, and a table of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

LINES = {1: ("#1f77b4", "o"), 2: ("#d95f02", "s")}


def accuracy_chart(folder: Path, target: Path, where: str = "direct") -> None:
    """Draws what `python -m training evaluate` found into a PNG: colours, shape and leak over clip skip.

    The first row is of pictures with one object, the second of pictures with two, where those were evaluated.
    """
    from matplotlib.figure import Figure

    evaluated = {}
    for objects, name in (("one object", "accuracy-{}-{}.json"), ("two objects", "accuracy-{}-two-{}.json")):
        files = {trained_with: folder / name.format(trained_with, where) for trained_with in LINES}
        if all(file.exists() for file in files.values()):
            evaluated[objects] = files
    figure = Figure(figsize=(10, 3.2 * len(evaluated)), dpi=110, layout="constrained")
    rows_of_axes = figure.subplots(len(evaluated), 3, squeeze=False)
    for (objects, files), axes in zip(evaluated.items(), rows_of_axes, strict=True):
        for trained_with, (colour, marker) in LINES.items():
            rows = json.loads(files[trained_with].read_text(encoding="utf-8"))
            at = [row["clip_skip"] for row in rows]
            for ax, measure, middle in zip(axes, ("bound", "shape", "leak"), ("share", "share", "mean"), strict=True):
                values = np.array([[row[measure][key] for key in (middle, "low", "high")] for row in rows]) * 100
                label = f"trained with {trained_with}"
                ax.plot(at, values[:, 0], color=colour, marker=marker, markersize=4, label=label)
                ax.fill_between(at, values[:, 1], values[:, 2], color=colour, alpha=0.18, linewidth=0)
        titles = ("all colors right, %", "shape right, %", "object's color around it, %")
        for ax, title in zip(axes, titles, strict=True):
            ax.set_title(f"{objects}: {title}", fontsize=10)
            ax.set_xlabel("clip skip")
            ax.set_xticks(range(1, 13))
            ax.set_ylim(0, 102)
            ax.grid(alpha=0.25)
            ax.spines[["top", "right"]].set_visible(False)
        axes[2].set_ylim(0, None)
        axes[0].legend(frameon=False, fontsize=9)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)


def sheet(pictures: list[np.ndarray], columns: int, scale: int = 1) -> Image.Image:
    """Pictures of one size in rows, 2 pixels apart, on white."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    made = np.full((rows * (height + 2) + 2, columns * (width + 2) + 2, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(pictures):
        y, x = 2 + (i // columns) * (height + 2), 2 + (i % columns) * (width + 2)
        made[y : y + height, x : x + width] = picture
    image = Image.fromarray(made)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
