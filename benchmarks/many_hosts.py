"""The sweep over 1, 2 and 4 embedded hosts for `python -m benchmarks.many --hosts`: over HTTP, where sampling waits.

A cell has 4 steps and a decoding, and waits for BENCH_CELL (1.5) seconds in them (benchmarks/stand_in), so that the
processor, which all hosts share here, has little to do. Each round (BENCH_ROUNDS, 1) runs all three, one after another.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.minihost import launch

STAND_IN = Path(__file__).parent / "stand_in"
HOSTS = (1, 2, 4)
CELL = float(os.environ.get("BENCH_CELL", "1.5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1"))
STEPS, SIDE, ROWS = 4, 64, 4
PRICE = 1000 * CELL / (STEPS + 1) * 512**2 / SIDE**2
"""Milliseconds that the stand-in asks for a step of 512 × 512 pixels."""
REQUEST = {
    **{"negative_prompt": "blurry", "seed": 1, "steps": STEPS, "width": SIDE, "height": SIDE},
    **{"sampler_name": "Euler", "scheduler": "Automatic"},
}
PLAN = {"clip_skip": "1-12", "y": {"axis": "CFG Scale", "values": [5, 6, 7, 8]}, "measures": False}


def timed(urls: list[str], prompt: str, watch: object) -> tuple[float, Counter[str]]:
    """Seconds for the whole sweep, and how many cells each host made."""
    from clip_skip_lab.many.exchange import Address, Job
    from clip_skip_lab.many.run import Order, run_many

    with tempfile.TemporaryDirectory() as folder:
        job = Job("txt2img", {**REQUEST, "prompt": prompt}, PLAN)
        began = time.perf_counter()
        outcome = run_many(Order([*map(Address, urls)], Path(folder), job), watch, threading.Event())
        seconds = time.perf_counter() - began
    cells = outcome.record.cells
    assert all(cell.state == "done" for cell in cells), outcome.record.notes
    return seconds, Counter(cell.made_by["webui"] for cell in cells)


def measure(watch: object) -> None:
    """Starts the hosts, and prints the table."""
    found: dict[int, list[float]] = {count: [] for count in HOSTS}
    made: dict[int, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack, ThreadPoolExecutor() as pool:
        hosts = [
            launch.Process(Path(folder) / str(number), [launch.REPO, STAND_IN], ["--nowebui"])
            for number in range(max(HOSTS))
        ]
        urls = [process.url for process in pool.map(stack.enter_context, hosts)]
        for url in urls:
            httpx.post(f"{url}/stand-in", params={"ms": 0.0}).raise_for_status()
        timed(urls, "warms up", watch)
        for url in urls:
            httpx.post(f"{url}/stand-in", params={"ms": PRICE}).raise_for_status()
        for number in range(ROUNDS):
            for count in HOSTS:
                # A prompt of its own each time, or the host's cond cache would help whoever comes second.
                seconds, made[count] = timed(urls[:count], f"a red cat on a table, {number} {count}", watch)
                found[count].append(seconds)
    print("| hosts | seconds | cells' seconds alone | times as fast as one | of the hosts | cells of each |")
    print("|---|---|---|---|---|---|")
    for count, seconds in found.items():
        faster = statistics.median(one / some for one, some in zip(found[1], seconds, strict=True))
        alone = 12 * ROWS * CELL / count
        each = ", ".join(str(cells) for cells in made[count].values())
        median = statistics.median(seconds)
        print(f"| {count} | {median:.1f} | {alone:.1f} | {faster:.2f} | {faster / count:.2f} | {each} |", flush=True)
