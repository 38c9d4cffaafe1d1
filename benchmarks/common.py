"""What the benchmarks share: the host that is measured, its X/Y/Z plot, its stopwatch, and how ratios are told."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.helpers.client import Client
from tests.minihost import launch

STOPWATCH = Path(__file__).parent / "stopwatch"
NETWORKS = ("encode", "sample", "decode")
"""What the stopwatch counts."""


@contextlib.contextmanager
def host(*extensions: Path, flags: Sequence[str] = ()) -> Iterator[str]:
    """The address of the host to measure: the one that `WEBUI_URL` names, or an embedded one with these extensions and
    flags."""
    if url := os.environ.get("WEBUI_URL"):
        yield url.rstrip("/")
        return
    wanted = [launch.REPO, STOPWATCH, *extensions]
    with (
        tempfile.TemporaryDirectory() as folder,
        launch.Process(Path(folder), wanted, ["--nowebui", *flags]) as process,
    ):
        yield process.url


def xyz_plot(client: Client, axes: dict[str, str]) -> dict:
    """The host's own plot with the values of X, then Y; its arguments and their order are those that the host tells."""
    scripts = client.get("script-info")
    (info,) = [entry for entry in scripts if entry["name"] == "x/y/z plot" and not entry["is_img2img"]]
    wanted = [*axes.items(), *[("Nothing", "")] * 3][:3]
    arguments = []
    for place, argument in enumerate(info["args"]):
        axis, part = divmod(place, 3)  # of each axis: what it is, its values as text, and as a list
        if axis < len(wanted):
            name, values = wanted[axis]
            arguments.append([argument["choices"].index(name) if part == 0 else None, values, []][part])
        else:
            default = {"Draw legend": True, "Use text inputs instead of dropdowns": True, "Grid margins (px)": 0}
            arguments.append(default.get(argument["label"], False))
    return {"script_name": "x/y/z plot", "script_args": arguments}


def start_stopwatch(client: Client) -> bool:
    """Sets the stopwatch to zero; whether there is one."""
    return client.http.post("/stopwatch").status_code == 200


def read_stopwatch(client: Client) -> dict[str, float]:
    """What it counted, in seconds; empty where there is none."""
    answer = client.http.get("/stopwatch")
    return answer.json() if answer.status_code == 200 else {}


def spread(values: list[float]) -> str:
    """The median, with the smallest and the largest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
