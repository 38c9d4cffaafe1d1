"""The folder of a sweep: `<grid folder>/clip-skip-sweeps/<date>-<short id>/` with `sweep.json` and `cells/`."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, reason_of
from ..language import Text
from ..page.files import write_data, write_text
from .reading import read_object

PARENT = "clip-skip-sweeps"
RECORD = "sweep.json"
CELLS = "cells"


def make_folder(grid_folder: str | os.PathLike[str], now: datetime) -> Path:
    """Makes the folder of a new sweep, with its `cells` folder, and proves that it can be written to.

    Raises `InvalidInput` before any sampling when it cannot.
    """
    parent = Path(grid_folder) / PARENT
    folder = parent / f"{now:%Y-%m-%d}-{secrets.token_hex(4)}"
    try:
        (folder / CELLS).mkdir(parents=True, exist_ok=False)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"0")
    except OSError as error:
        remove_empty(folder)
        raise not_writable(parent, error) from error
    return folder.resolve()


def not_writable(folder: Path, error: OSError) -> InvalidInput:
    """What to raise when a folder cannot be written to."""
    return InvalidInput(
        Text("Folder for grids"),
        str(folder),
        allowed=Text("a folder with room that the WebUI may write to"),
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

    Then the same for the page, as `sweep.js`.

    Infinities and NaN, which JSON cannot hold, become null.

    Raises `OSError` when the disk is full or the folder is gone.
    """
    text = _written({key: finite(value) for key, value in content.items()})
    write_text(folder / RECORD, text)
    write_data(folder, text)


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
    """Reads `sweep.json`. Raises `OSError` or `ValueError`."""
    return read_object(folder / RECORD)[1]
