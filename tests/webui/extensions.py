"""What a sweep gives beside popular extensions, on a real WebUI that has them: the table of docs/extensions.md.

    WEBUI_URL=http://127.0.0.1:7860 python -m tests.webui.extensions [part of a name …]

For each extension that is there, switched on by arguments under which it does something to a picture: cells against
single generations with the same arguments (largest difference of 255), in exact and in fast mode, whether fast mode
sampled them together, and a fraction in the sweep against the same fraction in the panel "Finer clip skip".
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from os import environ

import numpy as np

from tests.helpers.client import Client, Refused, Sweep

SKIPS = [1, 2, 5]
FRACTION = 1.5
PANEL = "clip skip lab"
PROMPT = "a red cat on a table, city"
BASE = {"prompt": PROMPT, "negative_prompt": "blurry", "steps": 4, "sampler_name": "Euler a", "scheduler": "Automatic"}


@dataclass
class Case:
    """An extension with what switches it on.

    Attributes:
        title: of its always-on script, as the WebUI's `script-info` lists it.
        on, off: its arguments.
        request: what else a generation needs for it to do something.
        draws: whether each generation draws a prompt of its own; cells are then compared with the prompt they had.
    """

    title: str
    on: list
    off: list
    request: dict = field(default_factory=dict)
    draws: bool = False


def _block_weight(on: bool) -> list:
    ones, some = ",".join("1" * 17), ",".join("11111110000000000")
    blocks = ",".join(["BASE", *(f"{part}{n:02}" for part in ("IN", "OUT") for n in range(12)), "M00"])
    values = [f"ALL:{ones}\nINALL:{some}", on, "Disable", "values", "0,0.25,0.5,0.75,1", "Block ID", "IN05-OUT05"]
    return [*values, "none", "", "0.5,1", blocks, 1, "black", "20", False, "", False, False]


def _regions(on: bool, mode: str) -> list:
    head = [on, False, "Matrix", "Columns", "Mask", "Prompt", "1,1", "0.2", False, False, False, mode, []]
    return [*head, "0", "0", "0.4", None, "0", "0", False]


def _tuner(on: bool) -> list:
    return [on, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, False, -1, -1, 0, 0, "1,1", "Horizontal", "", 2, 1, []]


def _couple(on: bool) -> list:
    return [on, "1:1,1:2,1:2", "0:0,0:0,0:1", "0.2,0.8,0.8", 20]


def _thresholds(on: bool) -> list:
    return [on, 7, 95, "Constant", 0, "Constant", 0, 4, True, "MEAN", "AD", 1]


def _random(on: bool) -> list:
    return [on, False, 1, False, False, False, 1.1, 1.5, 100, 0.7, False, False, True, False, False, 0, "", ""]


DETAIL = {"ad_model": "tiny-yolo.pt", "ad_confidence": 0.3, "ad_mask_k": 1, "ad_denoising_strength": 0.7}
CASES = {
    "Dynamic Prompts": Case(
        "dynamic prompts v2.17.1", _random(True), _random(False), {"prompt": "a {red|blue|green|black} cat"}, True
    ),
    "ADetailer": Case("adetailer", [True, False, DETAIL], [False, False, {"ad_model": "None"}]),
    "LoRA Block Weight": Case(
        "lora block weight",
        _block_weight(True),
        _block_weight(False),
        {"prompt": f"{PROMPT} <lora:tiny-lora:0.8:lbw=INALL>"},
    ),
    "NegPiP": Case("negpip", [True], [False], {"prompt": "a red cat on a table, (city:-1.2)"}),
    "Regional Prompter, Attention": Case(
        "regional prompter", _regions(True, "Attention"), _regions(False, "Attention"), {"prompt": "a cat BREAK a dog"}
    ),
    "Regional Prompter, Latent": Case(
        "regional prompter", _regions(True, "Latent"), _regions(False, "Latent"), {"prompt": "a cat BREAK a dog"}
    ),
    "Cutoff": Case(
        "cutoff",
        [True, "red, blue", 0.8, True, False, "", "Lerp", False],
        [False, "", 0.5, True, False, "", "Lerp", False],
        {"prompt": "a red cat, a blue dog, city"},
    ),
    "CD Tuner": Case("cd tuner", _tuner(True), _tuner(False)),
    "Latent Couple": Case(
        "latent couple extension", _couple(True), _couple(False), {"prompt": "a city AND a cat AND a dog"}
    ),
    "Dynamic Thresholding": Case(
        "dynamic thresholding (cfg scale fix)", _thresholds(True), _thresholds(False), {"cfg_scale": 14}
    ),
}


class Beside:
    """Sweeps and single generations beside one extension."""

    def __init__(self, client: Client, case: Case):
        self.client = client
        self.case = case

    def sweep(self, arguments: list, **plan: object) -> Sweep:
        """A sweep with these arguments of the extension."""
        more = {**BASE, **self.case.request, "alwayson_scripts": {self.case.title: {"args": arguments}}}
        return self.client.sweep({"clip_skip": SKIPS, **plan}, **more)

    def single(self, skip: int, prompt: str, arguments: list, panel: dict | None = None) -> np.ndarray:
        """A single generation."""
        scripts = {self.case.title: {"args": arguments}}
        if panel:
            scripts[PANEL] = {"args": [panel]}
        more = {**BASE, **self.case.request, "prompt": prompt, "alwayson_scripts": scripts}
        return self.client.single(skip, **more).pictures[0]

    def prompts(self, sweep: Sweep) -> list[str]:
        """What the single generation of each cell has to be asked for."""
        drawn = [infotext.splitlines()[0] for infotext in sweep.cell_infotexts]
        return drawn if self.case.draws else [self.case.request.get("prompt", PROMPT)] * len(drawn)

    def row(self) -> dict[str, str]:
        """The extension's line of the table."""
        on, off = self.case.on, self.case.off
        exact = self.sweep(on)
        prompts = self.prompts(exact)
        singles = [self.single(skip, prompt, on) for skip, prompt in zip(SKIPS, prompts, strict=True)]
        idle = [self.single(skip, prompt, off) for skip, prompt in zip(SKIPS, prompts, strict=True)]
        fast = self.sweep(on, mode="fast", cells_per_batch=4)
        beside = self.prompts(fast)
        told = singles if beside == prompts else [self.single(s, p, on) for s, p in zip(SKIPS, beside, strict=True)]
        switched_off = self.sweep(off, mode="fast", cells_per_batch=4)
        fine = self.sweep(on, clip_skip=[FRACTION])
        in_panel = self.single(1, self.prompts(fine)[0], on, {"clip_skip": FRACTION})
        return {
            "acts": "yes" if self.case.draws or far(singles, idle) else "no",
            "prompts": str(len(set(prompts))),
            "exact": str(far(exact.cells, singles)),
            "fast": str(far(fast.cells, told)),
            "batched": together(fast),
            "batched when off": together(switched_off),
            "finer": str(far(fine.cells, [in_panel])),
            "problems": "; ".join([*exact.record["problems"], *fast.record["problems"], *fine.record["problems"]]),
        }


def far(some: list, others: list) -> int:
    """The largest difference of a channel value between pictures of two lists."""
    return max(int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(some, others, strict=True))


def together(sweep: Sweep) -> str:
    """Whether the cells shared a batch, else why not."""
    why = [note for note in sweep.record["notes"] if "one by one" in note]
    return why[0].removeprefix("The cells ran one by one: ") if why else "yes"


def main() -> int:
    """Prints one line of JSON for each extension that is there. Returns how many could not be tried."""
    client = Client(environ.get("WEBUI_URL", "http://127.0.0.1:7860"))
    there = set(client.get("scripts")["txt2img"])
    failed = 0
    for name, case in CASES.items():
        if sys.argv[1:] and not any(part.casefold() in name.casefold() for part in sys.argv[1:]):
            continue
        if case.title not in there:
            print(json.dumps({"extension": name, "missing": case.title}), flush=True)
            continue
        try:
            print(json.dumps({"extension": name, **Beside(client, case).row()}, ensure_ascii=False), flush=True)
        except (Refused, AssertionError) as error:
            failed += 1
            print(json.dumps({"extension": name, "failed": str(error)[:300]}), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
