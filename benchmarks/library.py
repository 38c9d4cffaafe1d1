"""`python -m benchmarks.library [SWEEPS] [FOLDER]`: how long the library of many sweeps takes to answer.

Makes so many sweeps (10,000) of 12 cells: one is painted and measured, the others have its `sweep.json` with an id, a
time, a prompt and a checkpoint of their own, and links to its pictures, so that the disk has room for them. Each time
is that of a whole answer as JSON, in a process that has imported what it needs. "Anew" is a process of its own each
time, as after a start of the WebUI. FOLDER keeps the sweeps for the next time; the index in it is removed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.judged import change_judged, with_fields
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import Query
from clip_skip_lab.library.store import FILE
from clip_skip_lab.sweep.folder import CELLS, PARENT
from tests.helpers.painted import PROMPT, painted_sweep, plan_of

SWEEPS = 10_000
ROUNDS = 5
PAGE = 50
PLAN = plan_of("1-4", y=("CFG Scale", "5, 7, 9"))
LONG_PROMPT = ", ".join([PROMPT] * 10)
"""Makes a `sweep.json` as long as those of real hosts are, 30,000 bytes."""
WORDS = [
    "owl",
    "lake",
    "harbour",
    "winter",
    "portrait",
    "neon",
    "forest",
    "marble",
    "tram",
    "kite",
    "violin",
    "dune",
    "lantern",
    "heron",
    "glacier",
    "market",
]
QUERIES = {
    "the same page again": Query(limit=PAGE),
    "search, one word": Query("harbour", limit=PAGE),
    "search, three words": Query("harbour winter cfg", limit=PAGE),
    "one checkpoint": Query(checkpoint="model-3", limit=PAGE),
    "by name": Query(sort="name", limit=PAGE),
    "by checkpoint": Query(sort="checkpoint", limit=PAGE),
    "by size": Query(sort="size", limit=PAGE),
    "the last page": Query(offset=SWEEPS - PAGE, limit=PAGE),
}


def make(base: Path, count: int) -> None:
    """Makes the sweeps that are missing in a folder for grids."""
    parent = base / PARENT
    if parent.is_dir() and sum(1 for path in parent.iterdir() if path.is_dir()) >= count:
        return
    with tempfile.TemporaryDirectory(dir=base) as folder:
        painted = painted_sweep(Path(folder), PLAN, measured=True, side=128, prompt=LONG_PROMPT)
        content = json.loads((painted / "sweep.json").read_text(encoding="utf-8"))
        files = [path.relative_to(painted) for path in painted.rglob("*") if path.is_file()]
        chance = random.Random(15)
        for number in range(count):
            made = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=50 * number)
            folder_of_one = parent / f"{made:%Y-%m-%d}-{number:08x}"
            model = f"model-{chance.randrange(20)}"
            prompt = f"{' '.join(chance.sample(WORDS, 4))}, {content['setting']['prompt']}"
            changed = {
                "id": folder_of_one.name,
                "created": made.isoformat(),
                "model": {**content["model"], "name": model, "hash": f"{hash(model) & 0xFFFFFFFFFF:010x}"},
                "setting": {**content["setting"], "prompt": prompt},
            }
            _copy(painted, folder_of_one, files, {**content, **changed})
            if number % 10 == 0:
                given = {"name": f"Sweep {number}", "picks": [number % 12]}
                change_judged(folder_of_one, lambda judged, given=given: with_fields(judged, given, 12))


def _copy(painted: Path, folder: Path, files: list[Path], content: dict[str, Any]) -> None:
    for name in {CELLS, *(str(file.parent) for file in files)}:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for file in files:
        if file.name != "sweep.json":
            os.link(painted / file, folder / file)
    (folder / "sweep.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor, by which a busy machine can be measured too."""

    wall: float
    cpu: float


def timed(action: Callable[[], Any]) -> tuple[Took, Any]:
    """What an action took, and what it gives."""
    started, cpu = time.perf_counter(), time.process_time()
    found = action()
    return Took(time.perf_counter() - started, time.process_time() - cpu), found


def library_of(base: Path) -> Library:
    """A library that knows nothing yet."""
    return Library(lambda: Folders([str(base)]))


def answered(library: Library, query: Query) -> dict[str, Any]:
    """A listing, as the route writes it."""
    answer = library.listing(query)
    json.dumps(answer, ensure_ascii=False).encode()
    return answer


def without_index(base: Path) -> tuple[Took, int, Took, float]:
    """What the first answer took, how many sweeps it lacks, what it took until all are there, the slowest answer."""
    (base / PARENT / FILE).unlink(missing_ok=True)
    library, slowest = library_of(base), 0.0
    first, answer = timed(lambda: answered(library, Query(limit=PAGE)))
    missing = answer["reading"]

    def read_all() -> None:
        nonlocal answer, slowest
        while answer["reading"]:
            time.sleep(0.5)
            took, answer = timed(lambda: answered(library, Query(limit=PAGE)))
            slowest = max(slowest, took.wall)

    rest, _ = timed(read_all)
    return first, missing, Took(first.wall + rest.wall, first.cpu + rest.cpu), slowest


def with_index(base: Path) -> tuple[int, dict[str, Took]]:
    """How many sweeps the first answer lacks with the index that is there, and what this and other answers took."""
    library, took = library_of(base), {}
    took["first page, anew"], answer = timed(lambda: answered(library, Query(limit=PAGE)))
    for name, query in QUERIES.items():
        took[name], _ = timed(lambda query=query: answered(library, query))
    folder = base / PARENT / answer["sweeps"][0]["id"]
    change_judged(folder, lambda judged: with_fields(judged, {"note": f"{time.time_ns()}"}, 12))
    took["after one sweep changed"], after = timed(lambda: answered(library, Query(limit=PAGE)))
    assert after["sweeps"][0]["note"], "the change is in the answer"
    return answer["reading"], took


def anew(action: Callable[[Path], Any], base: Path) -> Any:
    """What a function gives in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(action, (base,))


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SWEEPS
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        base.mkdir(parents=True, exist_ok=True)
        made, _ = timed(lambda: make(base, count))
        sizes = [path.stat().st_size for path in base.glob(f"{PARENT}/*/sweep.json")]
        length = f"{statistics.median(sizes):,.0f}"
        print(f"{count:,} sweeps, sweep.json of {length} bytes each, made in {made.wall:.0f} s.\n")
        first, missing, whole, slowest = anew(without_index, base)
        size = (base / PARENT / FILE).stat().st_size
        print(f"Without an index: first answer {told(first)}, which lacks {missing:,}; whole after {told(whole)},")
        print(f"the slowest answer meanwhile {slowest:.2f} s. The index has {size:,} bytes.\n")
        rounds = [anew(with_index, base) for _ in range(ROUNDS)]
        assert all(reading == 0 for reading, _ in rounds), "the index is whole"
        print(f"| with the index | ms, median of {ROUNDS} (smallest to largest) | of the processor |\n|---|---|---|")
        for name in rounds[0][1]:
            times = [took[name] for _, took in rounds]
            print(f"| {name} | {spread(one.wall for one in times)} | {spread(one.cpu for one in times)} |")


def told(took: Took) -> str:
    """Both times in words."""
    return f"{took.wall:.2f} s ({took.cpu:.2f} s of the processor)"


def spread(seconds: Iterable[float]) -> str:
    """Milliseconds: the median, with the smallest and the largest."""
    times = [1000 * one for one in seconds]
    return f"{statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f})"


if __name__ == "__main__":
    main()
