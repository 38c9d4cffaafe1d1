"""How far the cells of a sweep are from single generations, feature by feature, exact and fast.

    WEBUI_URL=http://127.0.0.1:7860 python -m tests.webui.equality [FEATURE …]

Runs against any WebUI that has the extension, two checkpoints (the name of the second one ends with `_b`), the LoRA
`tiny-lora` (`LORA=…` names another) and the embedding `tiny-embedding`; the tables in docs/exact-and-fast.md and
docs/hosts.md are from it. For each feature it sweeps a few clip skips, generates each of them alone with the same
settings, and compares the pictures as they come over the API: largest difference of a channel value (of 255) and mean
difference.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from tests.helpers.client import CLIP_SKIP, Answer, Client, Refused, encoded, gradient

URL = os.environ.get("WEBUI_URL", "http://127.0.0.1:7860")
SIDE, STEPS = int(os.environ.get("SIDE", "128")), int(os.environ.get("STEPS", "6"))
"""Smaller ones for a slow host; the tables in the docs say theirs."""

SKIPS = [1, 2, 5, 12]
BASE = {
    "prompt": "a red cat on a table, (jeans:1.3), BREAK, (pov:1.2), city",
    "negative_prompt": "blurry, (text:1.2)",
    "steps": STEPS,
    "width": SIDE,
    "height": SIDE,
    "seed": 2881122569,
    "cfg_scale": 7,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
}
SCHEDULES = [2, "[2:12:0.5]", "[1.5:avg 2-4:2]", "[2:12:1.0]"]
HIRES = {"enable_hr": True, "hr_scale": 2, "denoising_strength": 0.5, "hr_upscaler": "Latent"}
LORA = os.environ.get("LORA", "tiny-lora")
OTHER = "the second checkpoint"


def panel(**asked) -> dict:
    """A request's part with which the panel "Finer clip skip" asks this."""
    return {"alwayson_scripts": {"clip skip lab": {"args": [asked]}}}


def at(skip: int | str) -> dict:
    """A request's part that generates at this clip skip without a sweep."""
    return panel(clip_skip=skip) if isinstance(skip, str) else {"override_settings": {CLIP_SKIP: skip}}


@dataclass
class Feature:
    """One row: what is asked of the host beside `BASE`; `img2img` and `mask` choose the route and its pictures.

    With `axis` (the name, the field of a request, its values) the sweep has a second axis; `values` are those of clip
    skip, of which the panel "Finer clip skip" has to make what is no whole number.
    """

    name: str
    extra: dict = field(default_factory=dict)
    img2img: bool = False
    mask: bool = False
    axis: tuple[str, str, list] | None = None
    values: list = field(default_factory=lambda: SKIPS)

    @property
    def plan(self) -> dict:
        """The sweep."""
        plan: dict = {"clip_skip": self.values}
        if self.axis is not None:
            plan["y"] = {"axis": self.axis[0], "values": self.axis[2]}
        return plan

    @property
    def singles(self) -> list[dict]:
        """What is added for each single generation, in the order of the plan."""
        values = [{self.axis[1]: value} for value in self.axis[2]] if self.axis else [{}]
        return [{**value, **at(skip)} for value in values for skip in self.values]


FEATURES = [
    Feature("plain"),
    Feature("Euler a", {"sampler_name": "Euler a", "scheduler": "Automatic"}),
    Feature("DPM++ SDE", {"sampler_name": "DPM++ SDE"}),
    Feature("UniPC", {"sampler_name": "UniPC", "scheduler": "Automatic"}),
    Feature("DDIM", {"sampler_name": "DDIM", "scheduler": "Automatic"}),
    Feature("AND", {"prompt": "a cat AND a dog :0.8"}),
    Feature("prompt editing", {"prompt": "a [cat:dog:0.5] on a [table|chair]"}),
    Feature("more than 75 tokens", {"prompt": ", ".join(f"word{n} thing" for n in range(40))}),
    Feature("empty prompts", {"prompt": "", "negative_prompt": ""}),
    Feature("embedding", {"prompt": "a tiny-embedding cat"}),
    Feature("LoRA", {"prompt": f"a cat <lora:{LORA}:0.8>"}),
    *(
        Feature(f"emphasis {name}", {"override_settings": {"emphasis": name}})
        for name in ("None", "Ignore", "Original", "No norm")
    ),
    Feature("old emphasis", {"override_settings": {"use_old_emphasis_implementation": True}}),
    Feature("old scheduling", {"prompt": "a [cat:dog:3]", "override_settings": {"use_old_scheduling": True}}),
    Feature("variation seed", {"subseed": 5, "subseed_strength": 0.4}),
    Feature("axis Seed", axis=("Seed", "seed", [1, 2])),
    Feature("axis Seed, batch size 2", {"batch_size": 2}, axis=("Seed", "seed", [1, 2])),
    Feature("axis Var. seed", {"subseed_strength": 0.4}, axis=("Var. seed", "subseed", [5, 6])),
    Feature("axis CFG Scale", axis=("CFG Scale", "cfg_scale", [4, 9])),
    Feature("seed resize", {"seed_resize_from_h": SIDE // 2, "seed_resize_from_w": SIDE // 2}),
    Feature("tiling", {"tiling": True}),
    Feature("CFG scale 1", {"cfg_scale": 1}),
    Feature("batch size 2", {"batch_size": 2}),
    Feature("batch count 2", {"n_iter": 2, "batch_size": 2}),
    Feature("Hires. fix, Latent", HIRES),
    Feature("Hires. fix, None", {**HIRES, "hr_upscaler": "None"}),
    Feature("Hires. fix, own prompts", {**HIRES, "hr_prompt": "a blue dog", "hr_negative_prompt": "red"}),
    Feature("Hires. fix, own steps", {**HIRES, "hr_second_pass_steps": 3}),
    Feature("Hires. fix, own sampler", {**HIRES, "hr_sampler_name": "Euler a"}),
    Feature("schedules", values=SCHEDULES),
    Feature("schedules, prompt editing", {"prompt": "a [cat:dog:0.5] on a [table|chair]"}, values=SCHEDULES),
    Feature("schedules, Hires. fix", HIRES, values=["[2:12:1.0]", "[2:12:1.5]", "[12:2:8]"]),
    Feature("negative prompt's own schedule", panel(negative_clip_skip="[1:9:0.5]")),
    Feature("refiner", {"refiner_checkpoint": OTHER, "refiner_switch_at": 0.5}),
    Feature("img2img", {"denoising_strength": 0.6}, img2img=True),
    Feature("img2img, batch size 2", {"denoising_strength": 0.6, "batch_size": 2}, img2img=True),
    Feature("inpaint", {"denoising_strength": 0.7, "inpainting_fill": 1}, img2img=True, mask=True),
    Feature("inpaint, latent noise", {"denoising_strength": 1, "inpainting_fill": 2}, img2img=True, mask=True),
    Feature("inpaint, only masked", {"denoising_strength": 0.7, "inpaint_full_res": True}, img2img=True, mask=True),
]


def request_body(feature: Feature) -> dict:
    """What is sent for one generation of a feature."""
    body = {**BASE, **feature.extra}
    if feature.img2img:
        body["init_images"] = [encoded(gradient(SIDE))]
    if feature.mask:
        mask = Image.new("L", (SIDE, SIDE))
        mask.paste(255, (SIDE // 4, SIDE // 5, SIDE * 3 // 4, SIDE * 3 // 4))
        body["mask"] = encoded(mask)
    return body


def generate(client: Client, feature: Feature, more: dict) -> tuple[list[np.ndarray], dict]:
    """The pictures of one call, as int arrays of height × width × 3, and what it told of itself."""
    route = "img2img" if feature.img2img else "txt2img"
    body = request_body(feature)
    if body.get("refiner_checkpoint") == OTHER:
        names = [model["model_name"] for model in client.get("sd-models")]
        body["refiner_checkpoint"] = next(name for name in names if name.endswith("_b"))
    settings = {**body.pop("override_settings", {}), **more.pop("override_settings", {})}
    made = Answer(client.post(route, **{**body, **more, "override_settings": settings}))
    return [picture.astype(int) for picture in made.pictures], made.info


def compare(client: Client, feature: Feature) -> str:
    """One row of the table."""
    if feature.img2img:
        # The host encodes the init image with whatever random state the generation before left. A cell of a sweep
        # equals a generation that follows one with the same seed, so here goes one.
        generate(client, feature, feature.singles[0])
    alone = []
    for more in feature.singles:
        pictures, _ = generate(client, feature, more)
        per_cell = request_body(feature).get("batch_size", 1) * request_body(feature).get("n_iter", 1)
        alone += pictures[-per_cell:]  # a grid may stand before them
    columns, notes, forwards = [], [], []
    for mode in ("exact", "fast"):
        plan = {**feature.plan, "mode": mode, "return_cells": True}
        swept, info = generate(client, feature, {"script_name": "clip skip sweep", "script_args": [plan]})
        said = info["extra_generation_params"]["clip_skip_lab"]
        swept, notes = swept[1:], said["notes"]
        forwards.append(said["text_encoder_forwards"])
        if len(swept) != len(alone):
            raise RuntimeError(f"{len(swept)} images instead of {len(alone)}")
        differences = [np.abs(one - other) for one, other in zip(alone, swept, strict=True)]
        largest, mean = max(d.max() for d in differences), max(d.mean() for d in differences)
        columns.append(f"{largest} | {mean:.4f}")
    spread = max(np.abs(one - alone[0]).mean() for one in alone[1:])
    ran = " / ".join(map(str, forwards))
    return f"| {feature.name} | {' | '.join(columns)} | {spread:.1f} | {ran} | {' '.join(notes)} |"


def main() -> None:
    """Prints the table; names on the command line choose features."""
    wanted = sys.argv[1:]
    print("| feature | exact: largest | mean | fast: largest | mean | clip skips differ by | forwards | notes |")
    print("|---|---|---|---|---|---|---|---|")
    client = Client(URL, timeout=600)
    for feature in FEATURES:
        if wanted and feature.name not in wanted:
            continue
        try:
            print(compare(client, feature), flush=True)
        except (Refused, RuntimeError) as error:
            print(f"| {feature.name} | not compared: {error} | | | | | | |", flush=True)


if __name__ == "__main__":
    main()
