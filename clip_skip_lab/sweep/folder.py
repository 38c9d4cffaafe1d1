"""The folder of a sweep: `<grid folder>/clip-skip-sweeps/<date>-<short id>/` with `sweep.json` and `cells/`."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, reason_of
from ..language import Text
from ..page.files import remove, write_bytes, write_data, write_text
from .reading import read_lines, read_object

PARENT = "clip-skip-sweeps"
RECORD = "sweep.json"
JOURNAL = "sweep.jsonl"
"""What became of cells since `sweep.json` was written, a line for each of them."""
CELLS = "cells"


def make_folder(grid_folder: str | os.PathLike[str], now: datetime) -> Path:
    """Makes the folder of a new sweep, with its `cells` folder, and proves that it can be written to.

    Raises `InvalidInput` before any sampling when it cannot.
    """
    parent = Path(grid_folder) / PARENT
    folder = parent / f"{now:%Y-%m-%d}-{secrets.token_hex(4)}"
    try:
        (folder / CELLS).mkdir(parents=True, exist_ok=False)
        trial = folder / CELLS / "0.tmp"
        write_bytes(trial, b"0", lasting=False)
        remove(trial)
    except OSError as error:
        remove_empty(folder)
        raise not_writable(parent, error) from error
    return folder.resolve()


def not_writable(folder: Path, error: OSError) -> InvalidInput:
    """What to raise when a folder cannot be written to."""
    return InvalidInput(
        Text("Folder for grids"),
        str(folder),
        allowed=Text("a folder with free space that the WebUI can write to"),
        problem=Text("cannot be written to ({reason})", reason=reason_of(error)),
    )


def remove_empty(folder: Path) -> None:
    """Removes the folder of a sweep in which nothing is, as far as that can be done."""
    for path in (folder / CELLS, folder):
        with contextlib.suppress(OSError):
            path.rmdir()


def name_in(folder: Path, path: Path | None) -> str | None:
    """A file as `sweep.json` names it: by its path in the sweep's folder; None for none."""
    return None if path is None else path.relative_to(folder.resolve()).as_posix()


def write_record(folder: Path, content: dict[str, Any]) -> None:
    """Writes `sweep.json` in one step, so that a reader and a crash see the old content or the new one, no mixture.

    Then the same for the page, as `sweep.js`. What the journal holds is in it, and the journal is removed.

    Infinities and NaN, which JSON cannot hold, become null.

    Raises `OSError` when the disk is full or the folder is gone.
    """
    text = _written({key: finite(value) for key, value in content.items()})
    write_text(folder / RECORD, text)
    remove(folder / JOURNAL)
    write_data(folder, text)


def add_to_journal(folder: Path, cells: list[dict[str, Any]], draws: dict[str, list[Any]]) -> None:
    """Notes what became of some cells beside `sweep.json`, until that is written anew.

    Args:
        folder: of the sweep.
        cells: their entries, as `sweep.json` has them.
        draws: the draws that these name, by their hashes.

    Raises `OSError`; then the journal may hold some of them, and a part of a line.
    """
    lines = [{"cell": cell, "draws": {name: draws[name] for name in [cell.get("drawn")] if name}} for cell in cells]
    text = "".join(f"{dumped(finite(line))}\n" for line in lines)
    # A line that was broken off, by a disk that was full, ends before the next one.
    with open(folder / JOURNAL, "ab") as file:
        file.write(f"\n{text}".encode(errors="backslashreplace"))
        file.flush()
        os.fsync(file.fileno())


def _written(content: dict[str, Any]) -> str:
    """JSON with a line for each key, and for each cell: `indent` would make it ten times slower and longer."""
    lines = []
    for key, value in content.items():
        text = dumped(value)
        if key == "cells":
            text = "[\n  " + ",\n  ".join(dumped(cell) for cell in value) + "\n ]"
        lines.append(f" {dumped(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def dumped(value: object) -> str:
    """One line of JSON; what JSON has no kind for, as text."""
    return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)


def finite(content: object) -> object:
    """The content with every float that is infinite or NaN replaced by None; the host's `s_tmax` is infinite."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def read_record(folder: Path) -> dict[str, Any]:
    """Reads `sweep.json`, and what the journal of a killed run adds to it. Raises `OSError` or `ValueError`."""
    content = read_object(folder / RECORD)[1]
    try:
        added = read_lines(folder / JOURNAL)
    except OSError:  # mostly there is none; cells of one that cannot be read are run again
        return content
    cells, draws = content.get("cells"), content.get("draws", {})
    if not isinstance(cells, list) or not isinstance(draws, dict):
        return content
    for line in added:
        cell, drawn = line.get("cell"), line.get("draws")
        if isinstance(cell, dict) and isinstance(drawn, dict):
            index = cell.get("index")
            if type(index) is int and 0 <= index < len(cells):
                cells[index] = cell
                draws.update(drawn)
    return {**content, "draws": draws} if draws else content
