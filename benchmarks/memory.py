"""How much memory a long sweep adds to the process: 504 cells of 512 × 512 on the embedded host.

    python -m benchmarks.memory

Reads the host's resident memory while it runs. "Before" is after a first small sweep, when model and libraries are in
memory; what counts is the highest reading after that, with the grid of all cells drawn in between.

The host runs as it is but for UNet and VAE, which would take hours on a CPU and keep nothing from one picture to the
next: the UNet answers with zeros, and noise stands for what the VAE decodes, the worst case for the files.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import psutil

from tests.helpers.client import Client
from tests.minihost import launch

NOISE = """
import torch
from modules import processing, script_callbacks


def decode_latent_batch(model, batch, target_device=None, check_for_nans=False):
    return [torch.rand(3, 8 * sample.shape[-2], 8 * sample.shape[-1]) * 2 - 1 for sample in batch]


def no_unet(sd_model):
    sd_model.apply_model = lambda x, t, cond: torch.zeros_like(x)


processing.decode_latent_batch = decode_latent_batch
script_callbacks.on_model_loaded(no_unet)
"""
"""An extension's script."""

SEEDS = 42
SIDE = 512
REQUEST = {
    **{"prompt": "a red cat", "negative_prompt": "", "steps": 1, "width": SIDE, "height": SIDE, "seed": 1},
    **{"sampler_name": "Euler", "scheduler": "Automatic"},
}
MEGABYTE = 1_000_000


class Readings:
    """The resident memory of a process, read every 50 ms as long as the block runs."""

    def __init__(self, pid: int):
        self.process = psutil.Process(pid)
        self.values: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        while not self._over.wait(0.05):
            self.values.append(self.process.memory_info().rss)

    def __enter__(self) -> Readings:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def extension(folder: Path) -> Path:
    """Writes the extension `NOISE`, and returns its folder."""
    found = folder / "source" / "noise"
    (found / "scripts").mkdir(parents=True)
    (found / "scripts" / "noise.py").write_text(NOISE)
    return found


def main() -> None:
    """Runs the sweep and prints the readings."""
    plan = {"clip_skip": "1-12", "y": {"axis": "Seed", "values": f"1-{SEEDS}"}}
    with (
        tempfile.TemporaryDirectory() as folder,
        launch.Process(Path(folder), [launch.REPO, extension(Path(folder))], ["--nowebui"]) as process,
    ):
        client = Client(process.url, timeout=3600)
        client.sweep(**REQUEST, script_args=[{"clip_skip": "1-12"}])
        before = psutil.Process(process.process.pid).memory_info().rss
        started = time.monotonic()
        with Readings(process.process.pid) as readings:
            client.sweep(**REQUEST, script_args=[plan])
        after = psutil.Process(process.process.pid).memory_info().rss
        print(f"{12 * SEEDS} cells of {SIDE} × {SIDE} in {time.monotonic() - started:.0f} s")
        print(f"before:  {before / MEGABYTE:.0f} MB")
        print(
            f"highest: {max(readings.values) / MEGABYTE:.0f} MB, {(max(readings.values) - before) / MEGABYTE:+.0f} MB"
        )
        print(f"after:   {after / MEGABYTE:.0f} MB, {(after - before) / MEGABYTE:+.0f} MB")
        tenths = [readings.values[len(readings.values) * part // 10] for part in range(10)]
        print("on the way:", ", ".join(f"{(value - before) / MEGABYTE:+.0f}" for value in tenths), "MB")


if __name__ == "__main__":
    main()
