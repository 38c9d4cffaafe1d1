"""Sweeps that were judged, on the disk of a running host: for a `with` they are all that anybody chose there."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nothing_judged(parent: Path):
    """No sweep in this folder is judged but those that become so meanwhile, which are not any more at the end."""
    there = [(path, path.with_name("judged.json.aside")) for path in parent.glob("*/judged.json")]
    for path, aside in there:
        path.rename(aside)
    try:
        yield
    finally:
        for path in parent.glob("*/judged.json"):
            path.unlink()
        for path, aside in there:
            aside.rename(path)


@contextmanager
def judged_sweeps(swept, places: list[int]):
    """Copies of a sweep with other seeds, in each of which the cell at a place is picked; gone at the end."""
    made = []
    try:
        for number, place in enumerate(places):
            folder = swept.folder.with_name(f"2020-01-01-{number:08x}")
            folder.mkdir()
            made.append(folder)
            record = swept.record
            record.update(id=folder.name, setting={**record["setting"], "seed": number})
            (folder / "sweep.json").write_text(json.dumps(record))
            judged = {"schema": 1, "name": "", "note": "", "picks": [place], "votes": [], "winner": None}
            (folder / "judged.json").write_text(json.dumps(judged))
        yield
    finally:
        for folder in made:
            shutil.rmtree(folder)
