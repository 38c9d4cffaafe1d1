"""`make many`: one sweep of 12 × 2 over two embedded hosts, one of which is killed in the middle; then a run that is
killed itself, and resumed.

Each run is a process of its own, as the command is. Prints who made what and what was lost. Ends with an error where a
cell is missing, where a picture or its metadata differ from those of the same sweep on one host, or where a cell that
was finished before a kill was generated again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from tests.minihost import launch

DATA = launch.REPO / "demo-data" / "many"
FLAGS = ["--nowebui"]
CELLS = 24
JOB = {
    "tab": "txt2img",
    "request": {
        "prompt": "best quality, illustration, a red cat on a table, (jeans:1.3), city",
        "negative_prompt": "blurry",
        "seed": 2881122569,
        "steps": 12,
        "width": 64,
        "height": 64,
        "sampler_name": "DPM++ 2M",
        "scheduler": "Karras",
    },
    "plan": {"clip_skip": "1-12", "y": {"axis": "CFG Scale", "values": "5, 9"}, "measures": False},
}


class Printing:
    """A `Watch` that prints what the user should know."""

    def began(self, folder, total, done, webuis):
        """See `Watch`."""
        print(f"  {done} of {total} cells are there; {', '.join(webuis)}; {folder}", flush=True)

    def cells_over(self, over, total, done, failed):
        """See `Watch`."""

    def webui(self, url, state):
        """See `Watch`."""

    def said(self, sentence):
        """See `Watch`."""
        print(f"  {sentence}", flush=True)

    def measuring(self, done, count):
        """See `Watch`."""


def run(urls: list[str], out: Path | None, resume: Path | None) -> None:
    """Runs the sweep in this process."""
    from clip_skip_lab.many.exchange import Address, Job
    from clip_skip_lab.many.run import Order, run_many

    job = Job(**JOB) if resume is None else None
    run_many(Order([*map(Address, urls)], out, job, resume), Printing(), threading.Event())


def started(urls: list[str], out: Path | None = None, resume: Path | None = None) -> subprocess.Popen:
    """A process that runs the sweep, into `out` or where it was broken off."""
    order = json.dumps([urls, *(None if path is None else str(path) for path in (out, resume))])
    return subprocess.Popen([sys.executable, "-m", "demo.many", "--run", order], cwd=launch.REPO)


def folder_in(out: Path) -> Path | None:
    """The one sweep below `out`, None where there is none yet."""
    return next((path.parent for path in out.glob("clip-skip-sweeps/*/sweep.json")), None)


def done_cells(out: Path) -> list[dict]:
    """The cells of that sweep that are done at this moment."""
    folder = folder_in(out)
    if folder is None:
        return []
    content = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["state"] == "done"]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    """Waits until a condition holds, while the process runs."""
    while not condition():
        if process.poll() is not None:
            raise SystemExit("The run ended before anything could be killed.")
        time.sleep(0.02)


def pictures(out: Path) -> list[tuple[bytes, str]]:
    """Pixels and metadata of each cell's picture, from its file."""
    found = []
    for cell in done_cells(out):
        with Image.open(folder_in(out) / cell["pictures"][0]["file"]) as image:
            found.append((image.convert("RGB").tobytes(), image.text["parameters"]))
    return found


def makers(cells: list[dict]) -> Counter[str]:
    """How many cells each WebUI made."""
    return Counter(cell["made_by"]["webui"] for cell in cells)


def in_words(made: Counter[str]) -> str:
    """The same as a line."""
    return ", ".join(f"{url} made {count}" for url, count in made.items())


def one_is_killed(first: launch.Process, second: launch.Process) -> list[str]:
    """The first showing; returns what is wrong."""
    over_two, on_one = DATA / "over two", DATA / "on one"
    print(f"\nOne sweep of {CELLS} cells over {first.url} and {second.url}:")
    began = time.monotonic()
    process = started([first.url, second.url], over_two)
    wait_for(lambda: len(done_cells(over_two)) >= 8 and makers(done_cells(over_two))[second.url] >= 4, process)
    before = makers(done_cells(over_two))
    second.process.kill()
    print(f"  {second.url} is killed; until now {in_words(before)}", flush=True)
    process.wait()
    cells = done_cells(over_two)
    print(f"  {len(cells)} of {CELLS} cells in {time.monotonic() - began:.1f} s: {in_words(makers(cells))}")
    print(f"The same on {first.url} alone:")
    began = time.monotonic()
    started([first.url], on_one).wait()
    print(f"  {len(done_cells(on_one))} of {CELLS} cells in {time.monotonic() - began:.1f} s")
    problems = [] if len(cells) == CELLS else [f"only {len(cells)} of {CELLS} cells are done"]
    wanted, found = pictures(on_one), pictures(over_two)
    same = sum(one == other for one, other in zip(found, wanted, strict=False))
    print(f"  {same} of {CELLS} images are the same, bit for bit, and so is their metadata")
    if same < CELLS:
        problems.append(f"{CELLS - same} of {CELLS} images or their metadata differ")
    return problems


def the_run_is_killed(host: launch.Process) -> list[str]:
    """The second showing; returns what is wrong."""
    out = DATA / "resumed"
    print(f"\nA run on {host.url} is killed itself:")
    process = started([host.url], out)
    wait_for(lambda: len(done_cells(out)) >= 8, process)
    process.kill()
    process.wait()
    folder, before = folder_in(out), done_cells(out)
    files = {folder / picture["file"] for cell in before for picture in cell["pictures"]}
    written = {file: file.stat().st_mtime_ns for file in files}
    print(f"  killed with {len(before)} of {CELLS} cells done; it is resumed:", flush=True)
    began = time.monotonic()
    started([host.url], resume=folder).wait()
    cells = done_cells(out)
    print(f"  {len(cells)} of {CELLS} cells, {CELLS - len(before)} of them in {time.monotonic() - began:.1f} s")
    problems = [] if len(cells) == CELLS else [f"only {len(cells)} of {CELLS} cells are done after resuming"]
    if [cell for cell in before if cell not in cells] or any(
        file.stat().st_mtime_ns != when for file, when in written.items()
    ):
        problems.append("cells that were finished before the kill were generated again")
    else:
        print(f"  none of the {len(before)} was generated again")
    if pictures(out) != pictures(DATA / "on one"):
        problems.append("the resumed sweep has other images than the one that was not killed")
    return problems


def main() -> int:
    """Starts two hosts, shows both, stops them."""
    shutil.rmtree(DATA, ignore_errors=True)
    print("Starting two embedded hosts …", flush=True)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        hosts = [launch.Process(DATA / f"host-{number}", [launch.REPO], FLAGS) for number in (1, 2)]
        first, second = pool.map(stack.enter_context, hosts)
        problems = one_is_killed(first, second) + the_run_is_killed(first)
    for problem in problems:
        print(f"Problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        urls, *paths = json.loads(sys.argv[2])
        run(urls, *(None if path is None else Path(path) for path in paths))
    else:
        sys.exit(main())
