"""`make bench`: how long a sweep takes beside the host's X/Y/Z plot and single generations, in the same run, in turn.

On the embedded host, or on the one that `WEBUI_URL` names. Each round runs every way once; what is printed is the
median, and the ratio to the X/Y/Z plot round by round, as median with the smallest and the largest. "Beside the
networks" is the time in which the host neither encoded prompts nor sampled nor decoded. That, and the processor's time,
by which a busy machine can be measured too, is known where the extension `benchmarks/stopwatch` runs, as it does on the
embedded host. The plot measures nothing, so the sweeps that stand beside it don't either; the last way is what measures
and charts add. BENCH_ROUNDS says how many rounds (5); names of workloads on the command line choose among them.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from dataclasses import dataclass

from benchmarks.common import host, read_stopwatch, spread, start_stopwatch, xyz_plot
from tests.helpers.client import Client

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
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


def ways(client: Client) -> dict[str, list[dict]]:
    """What to send for each way of making the same twelve pictures."""

    def sweep(**plan: object) -> list[dict]:
        return [{"script_name": "clip skip sweep", "script_args": [{"clip_skip": f"1-{CELLS}", **plan}]}]

    return {
        "X/Y/Z plot": [xyz_plot(client, {"Clip skip": f"1-{CELLS}"})],
        "one by one": [{"override_settings": {"CLIP_stop_at_last_layers": skip}} for skip in range(1, CELLS + 1)],
        "sweep, exact": sweep(measures=False),
        "sweep, fast": sweep(mode="fast", measures=False),
        "sweep, fast, with measures": sweep(mode="fast"),
    }


@dataclass
class Run:
    """One way, once: the seconds that its calls took, of which the networks had some, and of the
    processor (None: not known); and how often the text encoder ran where the answer says so."""

    seconds: float
    networks: float | None
    cpu: float | None
    forwards: int | None

    @classmethod
    def of(cls, client: Client, bodies: list[dict]) -> Run:
        """Sends these requests one after another."""
        has_stopwatch = start_stopwatch(client)
        started = time.perf_counter()
        answers = [client.post("txt2img", **body) for body in bodies]
        seconds = time.perf_counter() - started
        told = json.loads(answers[-1]["info"])["extra_generation_params"].get("clip_skip_lab", {})
        counted = read_stopwatch(client)
        cpu = counted.pop("cpu", None)
        networks = sum(counted.values()) if has_stopwatch else None
        return cls(seconds, networks, cpu, told.get("text_encoder_forwards"))


def measure(client: Client, size: int, steps: int) -> None:
    """Prints the table of one workload."""
    body = {**BASE, "width": size, "height": size, "steps": steps}
    found: dict[str, list[Run]] = {}
    Run.of(client, [{**body, **ways(client)["X/Y/Z plot"][0]}])  # warms up
    for number in range(ROUNDS):
        for name, requests in ways(client).items():
            # A prompt of its own each time, or the host's cond cache would help whoever comes second.
            own = {"prompt": f"{body['prompt']}, {number} {name}"}
            run = Run.of(client, [{**body, **request, **own} for request in requests])
            found.setdefault(name, []).append(run)
    reference = found["X/Y/Z plot"]
    print("| way | seconds | ratio to X/Y/Z | processor's seconds | ratio | encoder forwards | beside the networks |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in found.items():
        columns = compared([run.seconds for run in runs], [run.seconds for run in reference])
        beside, cpu = "not known", "not known | "
        if all(run.networks is not None for run in runs):
            beside = share([run.seconds - run.networks for run in runs], runs)
            cpu = compared([run.cpu for run in runs], [run.cpu for run in reference])
        print(f"| {name} | {columns} | {cpu} | {runs[-1].forwards or ''} | {beside} |", flush=True)


def share(times: list[float], runs: list[Run]) -> str:
    """What part of the runs' seconds these are, and how many milliseconds: medians."""
    parts = [time / run.seconds for time, run in zip(times, runs, strict=True)]
    return f"{100 * statistics.median(parts):.1f} %, {1000 * statistics.median(times):.0f} ms"


def compared(values: list[float], reference: list[float]) -> str:
    """Two columns: the median, and the ratio round by round as median with the smallest and the largest."""
    ratios = [one / other for one, other in zip(values, reference, strict=True)]
    return f"{statistics.median(values):.2f} | {spread(ratios)}"


def main() -> None:
    """Measures every workload."""
    with host() as url:
        client = Client(url)
        for name, (size, steps) in WORKLOADS.items():
            if name not in (sys.argv[1:] or WORKLOADS):
                continue
            print(f"\n{CELLS} cells, {name}, {ROUNDS} rounds:\n")
            measure(client, size, steps)


if __name__ == "__main__":
    main()
