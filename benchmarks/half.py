"""What a sweep is on a graphics card at half precision: how equal its pictures are, how fast it is, what it takes.

    python -m benchmarks.half [PART …]

On the embedded host with `--precision autocast` and a checkpoint of SD1.5's size (benchmarks/full_size.py), or on the
one that `WEBUI_URL` names, with the checkpoint that it has loaded; that one must run on this machine, with the
extension `benchmarks/on_card`. Without a card everything runs, and says nothing: BENCH_SMALL=1 then takes small
networks. BENCH_FLAGS names other flags of the embedded host than `--precision autocast`.

Parts, in this order; BENCH_SEEDS (4), BENCH_SIDE (512 pixels), BENCH_STEPS (20), BENCH_ROUNDS (3). BENCH_OUT names
a file for all numbers, written after each measurement:

- pictures: single generations at clip skip 1 to 12 for each seed, an exact sweep of the same, and fast ones with 2, 4,
  8, 12 cells at once and "auto": seconds from request to answer, within the networks (from the first kernel of a call
  to the end of its last), peak memory of the card, and how far the pictures are from the exact ones.
- weights: `POST /clip-skip-lab/v1/trained-with` with BENCH_PICTURES (48) pictures.
- beside: twelve single generations and sweeps of the same.
- preview: BENCH_PAIRS (4) sweeps while a page asks for the preview once a second, and as many with it switched off.
- sampler: an exact sweep beside single generations with a sampler that adds noise in every step.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import full_size
from benchmarks.common import host, spread
from tests.helpers.client import CHECKPOINT, ROUTES, SCRIPT, Client, encoded

SEEDS, SIDE, STEPS, ROUNDS, PAIRS, PICTURES = (
    int(os.environ.get(f"BENCH_{name}", default))
    for name, default in (("SEEDS", 4), ("SIDE", 512), ("STEPS", 20), ("ROUNDS", 3), ("PAIRS", 4), ("PICTURES", 48))
)
VALUES = 12
AT_ONCE = (2, 4, 8, 12, "auto")
BASE = {
    **{"prompt": "a red cat on a table, (jeans:1.3), city", "negative_prompt": "blurry, (text:1.2)", "cfg_scale": 7},
    **{"sampler_name": "DPM++ 2M", "scheduler": "Karras", "steps": STEPS, "width": SIDE, "height": SIDE},
    **{"seed": 1, "save_images": True, "send_images": False},
}
ENOUGH = 4
"""Seeds with which "auto" is not held back by the number of cells."""
FOUND: dict[str, Any] = {}
"""All numbers, by part."""


def note(name: str, value: object) -> None:
    """Prints a number, and writes all of them."""
    FOUND[name] = value
    print(f"{name}: {json.dumps(value)}", flush=True)
    if path := os.environ.get("BENCH_OUT"):
        Path(path).write_text(json.dumps(FOUND, indent=1), encoding="utf-8")


def sweep(seeds: int = 1, **plan: object) -> dict:
    """A request's part: clip skip 1 to 12, for each of these seeds."""
    if seeds > 1:
        plan["y"] = {"axis": "Seed", "values": f"1-{seeds}"}
    plan = {"measures": False, **plan}
    return {"script_name": SCRIPT.lower(), "script_args": [{"clip_skip": f"1-{VALUES}", **plan}]}


def fast(at_once: int | str, seeds: int = 1, **plan: object) -> dict:
    """The same in fast mode."""
    return sweep(seeds, mode="fast", cells_per_batch=at_once, **plan)


@dataclass
class Run:
    """A request: seconds until its answer, what the card did, and the sweep's pictures."""

    seconds: float
    card: dict
    answer: dict

    @classmethod
    def of(cls, client: Client, *bodies: dict) -> Run:
        """Sends these one after the other."""
        client.http.post("/on-card").raise_for_status()
        begun = time.perf_counter()
        for body in bodies:
            answer = client.post("txt2img", **{**BASE, **body})
        seconds = time.perf_counter() - begun
        return cls(seconds, client.http.get("/on-card").json(), answer)

    @property
    def pictures(self) -> list[np.ndarray]:
        """The cells', from disk."""
        folder = Path(json.loads(self.answer["info"])["extra_generation_params"]["clip_skip_lab"]["folder"])
        cells = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))["cells"]
        files = [folder / picture["file"] for cell in cells for picture in cell["pictures"]]
        return [np.asarray(Image.open(file).convert("RGB")).astype(int) for file in files]

    @property
    def networks(self) -> float:
        """Seconds within UNet and VAE."""
        return sum(self.card[name]["seconds"] for name in ("unet", "vae"))

    @property
    def told(self) -> dict:
        """What there is to tell of its time and memory."""
        unet = self.card["unet"]
        memory = {name: round(self.card[name] / 2**30, 2) for name in ("allocated", "reserved") if name in self.card}
        at_once = unet["rows"] / max(1, unet["calls"]) / 2
        return {"seconds": round(self.seconds, 2), "networks": round(self.networks, 2), "at once": at_once, **memory}


def apart(some: list[np.ndarray], others: list[np.ndarray]) -> dict:
    """How far pictures are from others, in channel values of 255, and which share of the pixels differs at all."""
    gaps = [np.abs(one - other) for one, other in zip(some, others, strict=True)]
    return {
        "pictures": len(gaps),
        "equal": sum(not gap.any() for gap in gaps),
        "largest": int(max(gap.max() for gap in gaps)),
        "mean": round(float(np.mean([gap.mean() for gap in gaps])), 4),
        "worst mean": round(float(max(gap.mean() for gap in gaps)), 4),
        "pixels": round(float(np.mean([gap.any(axis=2).mean() for gap in gaps])), 4),
        "beyond 1": round(float(np.mean([(gap.max(axis=2) > 1).mean() for gap in gaps])), 5),
    }


def pictures(client: Client, at_once: Sequence[int | str] = AT_ONCE) -> None:
    """An exact sweep beside single generations, and sweeps with more and more cells at once beside the exact one."""
    for number in range(ROUNDS):
        exact = Run.of(client, sweep(SEEDS))
        note(f"exact, round {number}", exact.told)
        if number == 0:
            first = exact.pictures
            note("exact beside single generations", apart(first, singles(client, SEEDS)))
            note("clip skips beside the next", apart(first[: VALUES - 1], first[1:VALUES]))
        for count in at_once:
            seeds = SEEDS if isinstance(count, int) else max(SEEDS, ENOUGH)
            run = Run.of(client, fast(count, seeds))
            gap = apart(run.pictures[: len(first)], first) if number == 0 else {}
            per_cell = {"a cell": run.seconds / seeds / VALUES, "exact, a cell": exact.seconds / SEEDS / VALUES}
            note(f"fast {count}, round {number}", {**run.told, **gap, **per_cell})


def singles(client: Client, seeds: int, **more: object) -> list[np.ndarray]:
    """The pictures of the same generations one by one."""
    body = {**BASE, **more, "send_images": True, "save_images": False}
    asked = [(seed, skip) for seed in range(1, seeds + 1) for skip in range(1, VALUES + 1)]
    return [client.single(skip, **{**body, "seed": seed}).pictures[0].astype(int) for seed, skip in asked]


def other_sampler(client: Client) -> None:
    """An exact sweep beside single generations, with noise in every step."""
    more = {"sampler_name": "Euler a", "scheduler": "Automatic"}
    exact = Run.of(client, {**sweep(), **more}).pictures
    note("exact beside single generations, Euler a", apart(exact, singles(client, 1, **more)))


def beside(client: Client) -> None:
    """A sweep beside the single generations of the same pictures, each way once in a round, another first each time."""
    alone = [{"override_settings": {"CLIP_stop_at_last_layers": skip}} for skip in range(1, VALUES + 1)]
    ways = {
        "single generations": alone,
        "exact": [sweep()],
        "exact, with measures": [sweep(measures=True)],
        "fast, with measures": [fast("auto", measures=True)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        names = list(ways)[number:] + list(ways)[:number]
        for name in names:
            own = {"prompt": f"{BASE['prompt']}, {number} {name}"}  # or the host's cache would help the second
            run = Run.of(client, *[{**body, **own} for body in ways[name]])
            seconds[name].append(run.seconds)
            note(f"{name}, round {number}", run.told)
    base = seconds["single generations"]
    for name, of_one in seconds.items():
        note(f"{name}, of single generations", spread([one / other for one, other in zip(of_one, base, strict=True)]))


@contextmanager
def watched(client: Client) -> Iterator[list[int]]:
    """Asks for the preview once a second, as a page does; the sizes of those that came."""
    over, sizes = threading.Event(), list[int]()

    def ask() -> None:
        last = None
        while not over.wait(1.0):
            shown = client.get("progress").get("current_image")
            if shown and shown != last:
                sizes.append(len(shown))
            last = shown

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()


def preview(client: Client) -> None:
    """Sweeps with and without the preview, in turn, the first of a pair now one and now the other."""
    for name, body in {"exact": sweep(), "fast": fast(8, 2)}.items():
        seconds: dict[bool, list[float]] = {True: [], False: []}
        shown = 0
        for number in range(PAIRS):
            for switched_on in sorted(seconds, reverse=bool(number % 2)):
                client.set({"live_previews_enable": switched_on})
                with watched(client) as sizes:
                    seconds[switched_on].append(Run.of(client, body).seconds)
                shown += len(sizes) if switched_on else 0
        pairs = [on / off for on, off in zip(seconds[True], seconds[False], strict=True)]
        note(f"preview, {name}", {"on": seconds[True], "off": seconds[False], "shown": shown, "ratio": spread(pairs)})
    client.set({"live_previews_enable": True})


WORDS = ("a red cat", "a blue house", "an old street", "two dogs", "a green hill", "rain", "a boat", "a small lamp")


def picture(number: int) -> Image.Image:
    """A picture of patches, another for each number."""
    small = np.random.default_rng(number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def weights(client: Client) -> None:
    """Asks the weights."""
    captions = [", ".join(pair) for pair in itertools.permutations(WORDS, 2)]
    given = [{"image": encoded(picture(n)), "caption": captions[n % len(captions)]} for n in range(PICTURES)]
    for number in range(2):  # the first warms up
        asked = given if number else given[:8]
        client.http.post("/on-card").raise_for_status()
        answer = client.http.post(f"{ROUTES}/trained-with", json={"pictures": asked, "most_seconds": 60})
        card, said = client.http.get("/on-card").json(), answer.json()
        if answer.status_code != 200:
            note("weights", said)
            return
        rate, unet = said["predictions"] / said["seconds"], card["unet"]["seconds"]
        kept = {key: said[key] for key in ("decided", "pictures", "predictions", "seconds", "sentences")}
        losses = [round(row["loss"], 4) for row in said["rows"]]
        note(f"weights, {number}", {**kept, "a second": rate, "unet": card["unet"], "losses": losses})
        note(f"weights, {number}, share beside the UNet", 1 - unet / said["seconds"])


def warm_up(client: Client) -> None:
    """Loads what is loaded at the first use, for each number of cells at once."""
    Run.of(client, {"steps": 2})
    for at_once in (2, 4, 8, 12, 16):
        Run.of(client, {**fast(at_once, ENOUGH if at_once > VALUES else 2), "steps": 2})


PARTS: dict[str, Callable[[Client], None]] = {
    **{"pictures": pictures, "weights": weights, "beside": beside, "preview": preview, "sampler": other_sampler}
}


def measure(url: str, checkpoint: str | None) -> None:
    """All parts that were asked for."""
    client = Client(url, timeout=600)
    client.http.headers["Accept-Encoding"] = "identity"
    if checkpoint is not None:
        (title,) = [name for name in client.checkpoints() if name.startswith(checkpoint)]
        client.set({CHECKPOINT: title})
    begun = time.perf_counter()
    warm_up(client)
    note("warm-up", time.perf_counter() - begun)
    note("device", client.http.get("/on-card").json())
    for name, part in PARTS.items():
        if name in (sys.argv[1:] or PARTS):
            part(client)
            note(f"{name} took until", time.perf_counter() - begun)


def main() -> None:
    """Starts the host and measures."""
    on_card, flags = Path(__file__).parent / "on_card", os.environ.get("BENCH_FLAGS", "--precision autocast").split()
    if "WEBUI_URL" in os.environ:
        measure(os.environ["WEBUI_URL"].rstrip("/"), None)
        return
    with tempfile.TemporaryDirectory() as folder:
        sizes = full_size.SMALL if os.environ.get("BENCH_SMALL") else full_size.Sizes()
        full_size.write(Path(folder) / "full-size.safetensors", sizes)
        with host(on_card, flags=["--ckpt-dir", folder, "--disable-console-progressbars", *flags]) as url:
            measure(url, "full-size")


if __name__ == "__main__":
    main()
