"""Records of measured sweeps, and measured sweeps in folders, for what is said of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from clip_skip_lab.measure.cells import reference_of
from clip_skip_lab.measure.findings import findings
from clip_skip_lab.measure.metrics import MEASURES
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, plan_of

KEYS = [measure.key for measure in MEASURES]


def content_of(
    composition,
    sharpness=None,
    scales=(None,),
    steps=None,
    difference=None,
    new_seed=None,
    effects=None,
    pictures=1,
    areas=None,
):
    """A measured `sweep.json`; `composition` is by clip skip, the same at each CFG scale.

    The changed area is the composition change unless `areas` has it, and so is that of the steps.
    """
    cells = []
    for scale in scales:
        for skip, change in composition.items():
            measures = {key: 0.5 for key in KEYS} | {
                "composition_change": change,
                "changed_area": (areas or {}).get(skip, change),
                "mean_absolute_difference": (difference or {}).get(skip, 10 if change else change),
                "sharpness": (sharpness or {}).get(skip, 100),
            }
            values = {"Clip skip": skip} | ({} if scale is None else {"CFG Scale": scale})
            cells.append(
                {
                    "index": len(cells),
                    "values": values,
                    "state": "done",
                    "measures": measures,
                    "pictures": [{"file": f"cells/{len(cells)}-{place}.png"} for place in range(pictures)],
                }
            )
    steps = steps or {}
    return {
        "axes": [{"name": "Clip skip", "values": list(composition)}]
        + (
            []
            if scales == (None,)
            else [{"name": "CFG Scale", "values": list(scales), "labels": list(map(str, scales))}]
        ),
        "cells": cells,
        "reference": {"Clip skip": reference_of(cells)},
        "neighbours": [
            {"from": one, "to": other, "composition_change": change, "changed_area": change}
            for (one, other), change in steps.items()
        ],
        "new_seed": None
        if new_seed is None
        else {"composition_change": new_seed, "changed_area": new_seed, "pairs": 3},
        "effects": effects or {"axes": [], "shares": None, "p": None},
    }


def both(*args, **kwargs):
    found = findings(content_of(*args, **kwargs))
    assert len(found["en"]) == len(found["ja"]) > 0
    return " ".join(found["en"]), "".join(found["ja"])


def said(*args, **kwargs):
    return both(*args, **kwargs)[0]


def along(*areas):
    """The steps from 1 on, by what changes at each; and values that all differ from the first."""
    pairs = list(pairwise(range(1, len(areas) + 2)))
    changes = {skip: 0.5 if skip > 1 else 0.0 for skip in range(1, len(areas) + 2)}
    return {"composition": changes, "steps": dict(zip(pairs, areas, strict=True))}


def effects_of(clip_skip, other, interaction, p=None):
    shares = {"Clip skip": clip_skip, "CFG Scale": other, "interaction": interaction}
    return {"axes": ["Clip skip", "CFG Scale"], "shares": shares, "p": p}


CFG = Axis("CFG Scale", "float", show=lambda value: f"CFG Scale: {value}")


SEED = Axis("Seed", "int")


def paint(skip, scale, seed, side=72):
    """A picture that clip skip turns and blurs, that the other axis brightens, and that another seed makes another."""
    picture = landscape(96, seed).rotate(3 * (skip - 1)).filter(ImageFilter.GaussianBlur((skip - 1) / 6))
    return Image.eval(picture.crop((0, 0, side, side)), lambda level: min(255, int(level + 4 * scale)))


def swept(tmp_path, skips="1-4", y=None, painted=paint, **session):
    """A sweep on a session in memory, its plain pictures painted over. Returns its folder."""
    return outcome_of(plan_of(skips, y, axes=[CFG, SEED]), tmp_path, painted, **session).folder


def outcome_of(plan, tmp_path, painted=paint, **session):
    """The outcome of a plan on a session in memory, its plain pictures painted over."""
    outcome = run_sweep(plan, MemorySession(str(tmp_path), **session), HOST)
    for cell in outcome.record.cells:
        for place, picture in enumerate(cell.pictures):
            scale, seed = cell.values.get("CFG Scale", 0), cell.values.get("Seed", 0) + place
            painted(cell.values["Clip skip"], scale, seed).save(outcome.folder / picture.file)
    return outcome


def landscape(side=96, seed=0):
    """A picture with large shapes and some texture, as a photograph has."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(side, side, 3))
    shapes = ndimage.gaussian_filter(noise, (side / 10, side / 10, 0)) * side
    shapes += ndimage.gaussian_filter(noise, (1, 1, 0)) * 8
    return Image.fromarray(np.clip(128 + 6 * shapes, 0, 255).astype(np.uint8))
