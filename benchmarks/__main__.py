"""`make bench`: how long a sweep takes beside the host's own X/Y/Z plot, in the same run, in turn.

On the embedded host, or on the one that `WEBUI_URL` names. Each round runs every way once; what is printed is the
median, and the ratio to the X/Y/Z plot round by round, as median with the smallest and the largest.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.minihost import launch

ROUNDS = 5
CELLS = 12
WORKLOADS = {"128 px, 4 steps": (128, 4), "256 px, 10 steps": (256, 10)}
BASE = {
    "prompt": "a red cat on a table, (jeans:1.3), BREAK, (pov:1.2), city",
    "negative_prompt": "blurry",
    "seed": 2881122569,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "cfg_scale": 7,
}


@contextlib.contextmanager
def host() -> Iterator[str]:
    """The address of the host to measure."""
    if url := os.environ.get("WEBUI_URL"):
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder, launch.Process(Path(folder), [launch.REPO], ["--nowebui"]) as process:
        yield process.url


def ways(client: httpx.Client) -> dict[str, dict]:
    """What to send for each way of making the same twelve pictures."""

    def sweep(**plan: object) -> dict:
        return {"script_name": "clip skip sweep", "script_args": [{"clip_skip": f"1-{CELLS}", **plan}]}

    return {"X/Y/Z plot": xyz_plot(client), "sweep, exact": sweep(), "sweep, fast": sweep(mode="fast")}


def xyz_plot(client: httpx.Client) -> dict:
    """The host's own plot with clip skip on X; its arguments and their order are those that the host tells."""
    scripts = client.get("/sdapi/v1/script-info").json()
    (info,) = [entry for entry in scripts if entry["name"] == "x/y/z plot" and not entry["is_img2img"]]
    arguments = []
    for place, argument in enumerate(info["args"]):
        choices = argument.get("choices")
        if place == 0:
            arguments.append(choices.index("Clip skip"))
        elif place == 1:
            arguments.append(f"1-{CELLS}")
        elif choices and "Nothing" in choices:
            arguments.append(choices.index("Nothing"))
        else:
            default = {"Draw legend": True, "Use text inputs instead of dropdowns": True, "Grid margins (px)": 0}
            value = "" if place in (4, 7) else [] if choices is not None or "values" in argument["label"] else False
            arguments.append(default.get(argument["label"], value))
    return {"script_name": "x/y/z plot", "script_args": arguments}


def timed(client: httpx.Client, body: dict) -> tuple[float, dict]:
    """Seconds that one call took, and what it told of itself."""
    started = time.perf_counter()
    answer = client.post("/sdapi/v1/txt2img", json=body)
    seconds = time.perf_counter() - started
    answer.raise_for_status()
    return seconds, json.loads(answer.json()["info"])


def measure(client: httpx.Client, size: int, steps: int) -> None:
    """Prints the table of one workload."""
    body = {**BASE, "width": size, "height": size, "steps": steps}
    found: dict[str, list[float]] = {}
    told: dict[str, dict] = {}
    for number in range(ROUNDS + 1):
        for name, way in ways(client).items():
            # A prompt of its own each time, or the host's cond cache would help whoever comes second.
            seconds, told[name] = timed(client, {**body, **way, "prompt": f"{body['prompt']}, {number} {name}"})
            if number > 0:  # the first round warms up
                found.setdefault(name, []).append(seconds)
    reference = found["X/Y/Z plot"]
    print("| way | seconds | ratio to X/Y/Z (smallest to largest) | text-encoder forwards | outside the cells |")
    print("|---|---|---|---|---|")
    for name, seconds in found.items():
        ratios = [one / other for one, other in zip(seconds, reference, strict=True)]
        own = told[name]["extra_generation_params"].get("clip_skip_lab")
        forwards, outside = "", ""
        if own:
            forwards = own["text_encoder_forwards"]
            inside = sum(cell["seconds"] for cell in own["cells"])
            outside = f"{100 * (1 - inside / seconds[-1]):.1f} %"
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| {name} | {statistics.median(seconds):.2f} | {ratio} | {forwards} | {outside} |")


def main() -> None:
    """Measures every workload."""
    with host() as url, httpx.Client(base_url=url, timeout=600, trust_env=False) as client:
        for name, (size, steps) in WORKLOADS.items():
            print(f"\n{CELLS} cells, {name}, {ROUNDS} rounds:\n")
            measure(client, size, steps)


if __name__ == "__main__":
    main()
