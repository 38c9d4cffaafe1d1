"""One sweep over two WebUIs on one graphics card at half precision: are its pictures the same, and is it quicker?

    python -m benchmarks.many_card

Two embedded hosts with `--precision autocast` and a checkpoint of SD1.5's size (benchmarks/full_size.py), each in a
process of its own. A sweep of clip skip 1 to 12 × two CFG scales goes over both of them, over one of them, and is run
by one of them itself. BENCH_SIDE, BENCH_STEPS, BENCH_ROUNDS, BENCH_SMALL and BENCH_OUT as for benchmarks/half.py.

Noted are what the hosts say of what they compute with; how far the pictures and infotexts are from each other, exact
and fast; seconds from order to finished folder (of the host's own: to its answer), each way once in a round, another
first each time; the most memory that each host took; and how the lens (`POST /clip-skip-lab/v1/lens`) and what a
generation gives the UNet agree.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import full_size
from benchmarks.common import spread
from benchmarks.half import BASE, ROUNDS, VALUES, apart, note
from clip_skip_lab.many.connect import connect
from clip_skip_lab.many.exchange import Address, Job
from clip_skip_lab.many.run import Order, run_many
from tests.helpers.client import CHECKPOINT, SCRIPT, Client
from tests.minihost import launch

CFG_SCALES = "5,7"
HOSTS = 2
MODES = ("exact", "fast")
FLAGS = ["--nowebui", "--disable-console-progressbars", "--precision", "autocast"]


def plan(mode: str) -> dict:
    """The sweep."""
    axis = {"axis": "CFG Scale", "values": CFG_SCALES}
    return {"clip_skip": f"1-{VALUES}", "y": axis, "measures": False, "mode": mode}


@dataclass
class Swept:
    """A sweep: its folder, and the seconds that it took."""

    folder: Path
    seconds: float

    @property
    def cells(self) -> list[dict]:
        """As its record has them."""
        return json.loads((self.folder / "sweep.json").read_text(encoding="utf-8"))["cells"]

    @property
    def pictures(self) -> list[np.ndarray]:
        """In the plan's order, from disk."""
        files = [self.folder / picture["file"] for cell in self.cells for picture in cell["pictures"]]
        return [np.asarray(Image.open(file).convert("RGB")).astype(int) for file in files]

    @property
    def infotexts(self) -> list[str]:
        """Those within the files."""
        files = [self.folder / picture["file"] for cell in self.cells for picture in cell["pictures"]]
        return [Image.open(file).info["parameters"] for file in files]

    @property
    def made_by(self) -> dict[str, int]:
        """How many cells each WebUI made."""
        makers = [cell.get("made_by", {}).get("webui", "") for cell in self.cells]
        return {maker: makers.count(maker) for maker in sorted(set(makers))}


class Quiet:
    """A `Watch` that keeps what is said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def began(self, folder: Path, total: int, done: int, webuis: Sequence[str]) -> None:
        """See `Watch.began`."""

    def cells_over(self, over: int, total: int, done: int, failed: int) -> None:
        """See `Watch.cells_over`."""

    def webui(self, url: str, state: str) -> None:
        """See `Watch.webui`."""

    def said(self, sentence: str) -> None:
        """See `Watch.said`."""
        self.sentences.append(str(sentence))

    def measuring(self, done: int, count: int) -> None:
        """See `Watch.measuring`."""


def over(clients: Sequence[Client], request: dict, mode: str, out: Path) -> Swept:
    """The sweep over these hosts."""
    watch, begun = Quiet(), time.perf_counter()
    order = Order([Address(client.url) for client in clients], out=out, job=Job("txt2img", request, plan(mode)))
    outcome = run_many(order, watch, threading.Event())
    swept = Swept(outcome.folder, time.perf_counter() - begun)
    if watch.sentences:
        note("said", watch.sentences)
    return swept


def own(client: Client, request: dict, mode: str) -> Swept:
    """The sweep by a host itself."""
    begun = time.perf_counter()
    answer = client.post("txt2img", **request, script_name=SCRIPT.lower(), script_args=[plan(mode)])
    seconds = time.perf_counter() - begun
    told = json.loads(answer["info"])["extra_generation_params"]["clip_skip_lab"]
    return Swept(Path(told["folder"]), seconds)


def ways(clients: Sequence[Client], out: Path) -> dict[str, Callable[[dict, str], Swept]]:
    """By name, the ways to run the sweep."""
    return {
        "over two": lambda request, mode: over(clients, request, mode, out),
        "over one": lambda request, mode: over(clients[:1], request, mode, out),
        "its own": lambda request, mode: own(clients[0], request, mode),
    }


def on_card(clients: Sequence[Client]) -> list[dict]:
    """Of each host: memory in GiB, and seconds within and calls of the UNet."""
    told = [client.http.get("/on-card").json() for client in clients]
    memory = ("free", "allocated", "reserved")
    return [{**{key: round(one[key] / 2**30, 2) for key in memory if key in one}, "unet": one["unet"]} for one in told]


def rounds(clients: Sequence[Client], out: Path, mode: str, count: int) -> None:
    """Runs each way once in each round and compares: pictures in the first round, seconds in all."""
    seconds: dict[str, list[float]] = {}
    for number in range(count):
        known = ways(clients, out)
        names = list(known)[number % len(known) :] + list(known)[: number % len(known)]
        request = {**BASE, "prompt": f"{BASE['prompt']}, {number}"}
        swept = {}
        for name in names:
            for client in clients:
                client.http.post("/on-card").raise_for_status()
            swept[name] = known[name](request, mode)
            seconds.setdefault(name, []).append(swept[name].seconds)
            told = {"seconds": round(swept[name].seconds, 2), "cells": swept[name].made_by}
            note(f"{mode}, {name}, round {number}", {**told, "hosts": on_card(clients)})
        compare(swept, f"{mode}, round {number}")
    for name, others in (("over two", "over one"), ("over two", "its own"), ("over one", "its own")):
        ratios = [one / other for one, other in zip(seconds[name], seconds[others], strict=True)]
        note(f"{mode}, seconds {name} of {others}", spread(ratios))
    note(f"{mode}, seconds", {name: spread(values) for name, values in seconds.items()})


def compare(swept: dict[str, Swept], title: str) -> None:
    """How far the pictures of the ways are from each other, and how many infotexts are the same."""
    pictures = {name: one.pictures for name, one in swept.items()}
    infotexts = {name: one.infotexts for name, one in swept.items()}
    for name, other in (("over two", "over one"), ("over two", "its own")):
        same = [one == two for one, two in zip(infotexts[name], infotexts[other], strict=True)]
        note(f"{title}, {name} beside {other}", {**apart(pictures[name], pictures[other]), "infotexts": sum(same)})
        if not all(same):
            place = same.index(False)
            note(f"{title}, infotexts of {name} and {other}", [infotexts[name][place], infotexts[other][place]])
    first = pictures["its own"]
    note(f"{title}, clip skips beside the next", apart(first[: VALUES - 1], first[1:VALUES]))


def lens(client: Client) -> None:
    """Whether the lens says of the layer in use what a generation gives the UNet: the length of each token's state."""
    for clip_skip in (1, 2):
        begun = time.perf_counter()
        told = client.lens(BASE["prompt"], clip_skip=clip_skip)
        seconds = time.perf_counter() - begun
        client.single(clip_skip, **{**BASE, "steps": 2, "save_images": False, "send_images": True})
        given = client.http.get("/on-card").json()["condition"]
        (encoder,) = told["encoders"]
        said = np.array(encoder["unet"]["norm"][encoder["layer"]])
        gaps = [float(np.abs(said / np.array(row)[: len(said)] - 1).max()) for row in given["norms"]]
        note(
            f"lens, clip skip {clip_skip}",
            {
                **{"seconds": seconds, "of them in the lens": told["seconds"], "sentences": told["sentences"]},
                **{"tokens": len(said), "layer": encoder["layer"], "type": given["type"]},
                **{"largest relative difference, by row of the batch": gaps},
                **{"said": said[:4].tolist(), "given": [row[:4] for row in given["norms"]]},
            },
        )


@contextlib.contextmanager
def hosts(folder: Path) -> Iterator[list[Client]]:
    """The hosts, with the checkpoint loaded and warmed up."""
    extensions = [launch.REPO, Path(__file__).parent / "on_card"]
    processes = [
        launch.Process(folder / f"host-{number}", extensions, ["--ckpt-dir", str(folder), *FLAGS])
        for number in range(HOSTS)
    ]
    with contextlib.ExitStack() as stack:
        with ThreadPoolExecutor(HOSTS) as pool:
            list(pool.map(stack.enter_context, processes))
        clients = [Client(process.url, timeout=600) for process in processes]
        with ThreadPoolExecutor(HOSTS) as pool:
            list(pool.map(warm_up, clients))
        yield clients


def warm_up(client: Client) -> None:
    """Loads the checkpoint, and what is loaded at the first use for each number of cells at once."""
    (title,) = [name for name in client.checkpoints() if name.startswith("full-size")]
    client.set({CHECKPOINT: title})
    for mode in MODES:
        swept = own(client, {**BASE, "steps": 2}, mode)
        reasons = {cell["reason"] for cell in swept.cells if cell["state"] != "done"}
        assert not reasons, reasons


def main() -> None:
    """Measures, and goes on where a part fails."""
    begun = time.perf_counter()
    sizes = full_size.SMALL if os.environ.get("BENCH_SMALL") else full_size.Sizes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        full_size.write(folder / "full-size.safetensors", sizes)
        note("checkpoint written", time.perf_counter() - begun)
        with hosts(folder) as clients:
            note("warm-up", time.perf_counter() - begun)
            parts: dict[str, Callable[[], None]] = {
                "described": lambda: described(clients),
                "lens": lambda: lens(clients[0]),
                "exact": lambda: rounds(clients, folder / "out", "exact", ROUNDS),
                "fast": lambda: rounds(clients, folder / "out", "fast", ROUNDS),
            }
            for part, run in parts.items():
                try:
                    run()
                except Exception:  # the others are worth measuring all the same
                    note(f"{part} failed", traceback.format_exc())
                note(f"{part} took until", time.perf_counter() - begun)


def described(clients: Sequence[Client]) -> None:
    """What the hosts say of the job and of what they compute with."""
    for number, client in enumerate(clients):
        told = connect(Address(client.url)).describe(Job("txt2img", BASE, plan("fast")))
        kept = ("about", "program", "model", "computes", "fingerprint", "cells_at_once", "notes")
        note(f"described, host {number}", {key: getattr(told, key) for key in kept})
    device = clients[0].http.get("/on-card").json()
    note("device", {key: value for key, value in device.items() if key not in ("condition", "unet", "vae")})


if __name__ == "__main__":
    main()
