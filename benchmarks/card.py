"""How long a sweep takes beside a card: with networks that only wait, and what the processor adds to them.

    python -m benchmarks.card ["12 cells, 512 px" "48 cells, 512 px" …]

On the embedded host, or on the one that `WEBUI_URL` names, which then has the extensions `benchmarks/stand_in` and
`benchmarks/stopwatch`. The first stands in for a card: a step costs BENCH_MS (25) milliseconds for a picture of
512 × 512 alone, and proportionally more with more pixels; among eight or more at once a picture costs half of that, and
between one and eight it falls linearly. Decoding a picture costs as much as one of its steps. The time is the same
however the host divides its calls: each row of a prompt or a negative prompt is half a picture.

Each round (BENCH_ROUNDS, 3) runs every way once, with a prompt of its own. BENCH_WAYS="fast|plot" takes only the ways
in whose names one of these stands. What is told: seconds from request to answer; the card's seconds, which are what it
asked for; their ratio round by round, as median with the smallest and the largest; after how long the first finished
picture was given to the page's preview (a page fetches it within a second; "none": only half-sampled ones could be
seen); and in the thread that generates, per cell: encoding prompts, sampling and decoding beyond what the card asked
for, and everything else, the answer included. Beside it the processor's time of
all threads per cell, by which a busy machine can be measured too; and the ratio without the seconds for encoding
prompts, which a card would do, too, and the processor does here.

Every way makes the same pictures, clip skip 1 to 12 for each of one or four seeds, writes each to a PNG of its own, and
the grid to another (`save_images` for the plot, which does so on the page); the answers hold no pictures, as the page
takes the files, but for the last way, whose answer has the grid and all of them. The sweep also writes its record,
reduced copies and its page. One UNet call is one step: Euler, 12 steps.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import NETWORKS, host, read_stopwatch, spread, start_stopwatch, xyz_plot
from tests.helpers.client import Client

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MS = float(os.environ.get("BENCH_MS", "25"))
WAYS = [name for name in os.environ.get("BENCH_WAYS", "").split("|") if name]
VALUES = 12
WORKLOADS = {f"{VALUES * seeds} cells, {side} px": (seeds, side) for side in (512, 1024) for seeds in (1, 4)}
BASE = {
    **{"prompt": "a red cat on a table, city", "negative_prompt": "blurry", "seed": 1, "cfg_scale": 7},
    **{"sampler_name": "Euler", "scheduler": "Automatic", "steps": 12, "save_images": True},
    "send_images": False,
}


def ways(client: Client, seeds: int) -> dict[str, dict]:
    """What to send for each way of making the same pictures."""
    axes = {"Clip skip": f"1-{VALUES}"} | ({"Seed": f"1-{seeds}"} if seeds > 1 else {})

    def sweep(**plan: object) -> dict:
        if seeds > 1:
            plan["y"] = {"axis": "Seed", "values": axes["Seed"]}
        return {"script_name": "clip skip sweep", "script_args": [{"clip_skip": axes["Clip skip"], **plan}]}

    fast = {"mode": "fast", "cells_per_batch": 8}
    found = {
        "X/Y/Z plot": xyz_plot(client, axes),
        "sweep, exact": sweep(measures=False),
        "sweep, exact, with measures": sweep(),
        "sweep, fast": sweep(**fast, measures=False),
        "sweep, fast, with measures": sweep(**fast),
        "sweep, fast, all pictures in the answer": sweep(**fast, return_cells=True) | {"send_images": True},
    }
    return {name: body for name, body in found.items() if not WAYS or any(part in name for part in WAYS)}


@dataclass
class Run:
    """One way, once, in seconds: from request to answer; what the card asked for; until the first preview (None: there
    was none); where the rest went, by name; and of the processor (None: not known)."""

    seconds: float
    card: float
    preview: float | None
    rest: dict[str, float]
    cpu: float | None

    @property
    def ratio(self) -> float:
        """Of the card's time."""
        return self.seconds / self.card

    @classmethod
    def of(cls, client: Client, body: dict, ms: float) -> Run:
        """Sends this request."""
        has_stopwatch = start_stopwatch(client)
        client.http.post("/stand-in", params={"ms": ms}).raise_for_status()
        started = time.perf_counter()
        client.post("txt2img", **body)
        seconds = time.perf_counter() - started
        card = client.http.get("/stand-in").json()
        timed = read_stopwatch(client) if has_stopwatch else {}
        asked, rest = card["unet"] + card["vae"], rest_of(seconds, card, timed) if timed else {}
        return cls(seconds, asked, card["preview"], rest, timed.get("cpu"))


def rest_of(seconds: float, card: dict, timed: dict[str, float]) -> dict[str, float]:
    """What the thread that generates did beyond waiting for the card, in seconds by name."""
    parts = {
        "encode": timed.get("encode", 0.0),
        "sample": timed.get("sample", 0.0) - card["unet"],
        "decode": timed.get("decode", 0.0) - card["vae"],
    }
    counted = sum(timed.get(name, 0.0) for name in NETWORKS)
    return {**parts, "other": seconds - counted}


def measure(client: Client, seeds: int, side: int) -> None:
    """Prints the table of one workload."""
    body = {**BASE, "width": side, "height": side}
    chosen = ways(client, seeds)
    found: dict[str, list[Run]] = {name: [] for name in chosen}
    for number in range(ROUNDS):
        for name, request in chosen.items():
            # A prompt of its own each time, or the host's cond cache would help whoever comes second.
            own = {"prompt": f"{body['prompt']}, {number} {name}"}
            found[name].append(Run.of(client, {**body, **request, **own}, MS))
    heads = ["way", "seconds", "the card's", "ratio", "first preview"]
    if (first := found[next(iter(found))][0]).rest:
        heads += ["without encoding", *(f"{part}, ms a cell" for part in (*first.rest, "processor"))]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, runs in found.items():
        print(f"| {' | '.join([name, *columns(runs, VALUES * seeds)])} |", flush=True)


def columns(runs: list[Run], cells: int) -> list[str]:
    """A row of the table: medians."""

    def a_cell(seconds: list[float]) -> str:
        return f"{1000 * statistics.median(seconds) / cells:.1f}"

    previews = [run.preview for run in runs if run.preview is not None]
    where = []
    if runs[0].rest:
        where = [spread([(run.seconds - run.rest["encode"]) / run.card for run in runs])]
        where += [a_cell([run.rest[part] for run in runs]) for part in runs[0].rest]
        where += [a_cell([run.cpu for run in runs])]
    return [
        f"{statistics.median(run.seconds for run in runs):.2f}",
        f"{statistics.median(run.card for run in runs):.2f}",
        spread([run.ratio for run in runs]),
        f"{statistics.median(previews):.2f}" if previews else "none",
        *where,
    ]


def main() -> None:
    """Measures every workload."""
    with host(Path(__file__).parent / "stand_in") as url:
        client = Client(url)
        client.http.headers["Accept-Encoding"] = "identity"
        for request in ways(client, seeds=1).values():  # warms up, for nothing
            Run.of(client, {**BASE, "width": 512, "height": 512, **request}, ms=0.001)
        for name, (seeds, side) in WORKLOADS.items():
            if name in (sys.argv[1:] or WORKLOADS):
                print(f"\n{name}, {MS:g} ms, {ROUNDS} rounds:\n")
                measure(client, seeds, side)


if __name__ == "__main__":
    main()
