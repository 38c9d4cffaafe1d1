"""One sweep over many WebUIs: how close to the ideal, what a failure costs, and what the coordinator needs.

    python -m benchmarks.many ["64 px" "512 px" "one is killed" "they come and go" "10,000 cells"]
    python -m benchmarks.many --hosts

The first runs the real thing (`run_many`: Dask's scheduler, the one writer, real files) on WebUIs that only wait
(benchmarks/waiting.py), with 2, 8 and 64 of them (BENCH_WEBUIS="8,64"), each run in a process of its own. On a WebUI
of speed 1 a cell takes 5 s and a checkpoint 8 s, and the speeds are log-normal around 1 with a standard deviation of
0.3; all times are divided by the scale that is told (BENCH_SCALE, 4). "Of the ideal" is all work over the sum of all
speeds, without loads and failures, over the time that the run took, with starting and saving the grid, which is not
scaled; or over the time from the first task to the last. Memory is the peak of the process above what it had
when all was imported; the processor's time is that of all threads.

The second runs 48 cells on 1, 2 and 4 embedded hosts, over HTTP, where each cell waits 1.5 s (benchmarks/stand_in).
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.waiting import DIFFERENT, Told, WaitingWebUI, World, noisy_png

WEBUIS = [int(count) for count in os.environ.get("BENCH_WEBUIS", "2,8,64").split(",")]
SCALE = float(os.environ.get("BENCH_SCALE", "4"))
SCENES = {
    "64 px": World(64, rows=42),
    "512 px": World(64, rows=42, side=512),
    "one is killed": World(64, rows=42, killed=1),
    "they come and go": World(64, rows=42, mortality=0.02),
    "10,000 cells": World(64, rows=209),
}
"""With 64 WebUIs; with fewer there are as many cells for each of them."""
HEADS = (
    *(
        "scene",
        "WebUIs",
        "cells",
        "scale",
        "seconds",
        "ideal",
        "of the ideal",
        "while cells ran",
        "failures",
        "cells lost with one",
    ),
    *("made twice", "seconds lost", "loads", "least", "MB above", "processor's ms a cell", "MB in", "MB sweep.json"),
)


class Silent:
    """A `Watch` that nobody looks at."""

    def began(self, folder, total, done, webuis):
        """See `Watch`."""

    def cells_over(self, over, total, done, failed):
        """See `Watch`."""

    def webui(self, url, state):
        """See `Watch`."""

    def said(self, sentence):
        """See `Watch`."""

    def measuring(self, done, count):
        """See `Watch`."""


def resident() -> float:
    """MB of this process at this moment."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def simulate(world: World) -> dict[str, object]:
    """Runs one sweep in this process, which should be a new one; returns a row of the table."""
    from clip_skip_lab.many.exchange import Job
    from clip_skip_lab.many.run import Order, run_many

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    told = Told()
    pictures = [noisy_png(world.side, seed) for seed in range(DIFFERENT)]
    webuis = [WaitingWebUI(world, number, told, pictures) for number in range(world.webuis)]
    by_url = {webui.address.url: webui for webui in webuis}
    before = resident()
    with tempfile.TemporaryDirectory() as folder:
        order = Order([webui.address for webui in webuis], Path(folder), Job("txt2img", {}, {}))
        began, worked = time.perf_counter(), time.process_time()
        outcome = run_many(order, Silent(), threading.Event(), lambda address: by_url[address.url])
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        done = sum(cell.state == "done" for cell in outcome.record.cells)
        assert done == world.cells, f"{done} of {world.cells} cells: {outcome.record.notes} {outcome.record.problems}"
        size = (outcome.folder / "sweep.json").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    ideal = world.ideal()
    return {
        "WebUIs": world.webuis,
        "cells": world.cells,
        "scale": world.scale,
        "seconds": round(seconds, 1),
        "ideal": round(ideal, 1),
        "of the ideal": round(ideal / seconds, 3),
        "while cells ran": round(ideal / (told.last - told.first), 3),
        "failures": len(told.lost),
        "cells lost with one": max((cells for cells, _ in told.lost), default=0),
        "made twice": sum(count - 1 for count in told.generated.values()),
        "seconds lost": round(sum(seconds for _, seconds in told.lost) / len(told.lost), 1) if told.lost else 0,
        "loads": told.loads,
        "least": world.least_loads(),
        "MB above": round(peak - before),
        "processor's ms a cell": round(1000 * worked / world.cells, 1),
        "MB in": round(told.bytes / 1e6),
        "MB sweep.json": round(size / 1e6, 1),
    }


def in_a_process(world: World) -> dict[str, object]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.many", "--one", json.dumps(dataclasses.asdict(world))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def simulations(names: list[str]) -> None:
    """Prints the table."""
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for name in names or SCENES:
        for count in WEBUIS:
            rows = max(1, round(SCENES[name].rows * count / SCENES[name].webuis))
            row = in_a_process(dataclasses.replace(SCENES[name], webuis=count, rows=rows, scale=SCALE))
            print(f"| {' | '.join(str({'scene': name, **row}[head]) for head in HEADS)} |", flush=True)


def main() -> None:
    """See the top."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        print(json.dumps(simulate(World(**json.loads(arguments[1])))))
    elif arguments == ["--hosts"]:
        from benchmarks.many_hosts import measure

        measure(Silent())
    else:
        simulations(arguments)


if __name__ == "__main__":
    main()
