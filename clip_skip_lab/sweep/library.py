"""The sweeps that lie on disk: finding them, listing them, and the files that belong to one.

Whatever name is asked for, nothing is given that lies outside the sweep's own folder: names with "..", absolute ones,
and links that lead out find nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, reason_of
from ..language import Text
from .folder import PARENT, RECORD
from .reading import path_in, read_object

SWEEP = Text("Sweep")
SWEEP_ID = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}")
LISTED_BYTES = 100_000_000
"""Of all `sweep.json` that are read for one list of the panel; those of a thousand sweeps of 12 cells have
30 million."""

FILE_NAME = re.compile(
    r"(sweep\.json|measures\.csv"
    r"|grid(-\d+)?\.(png|jpe?g|webp|avif)"
    r"|(cells|small|charts)/.+\.(png|jpe?g|webp|avif|gif|svg))",
    re.IGNORECASE,
)
"""The files of a sweep that can be asked for by name."""

SCHEMA_1 = Text("a sweep.json of schema 1")


def find_sweep(grid_folders: Iterable[str | os.PathLike[str]], name: object) -> Path:
    """The folder of a sweep by its id, such as "2026-11-22-0a1b2c3d".

    Raises `InvalidInput` for what is no id, and `FileNotFoundError` with a sentence when there is no such sweep.
    """
    sweep_id = check_id(name)
    for grid_folder in grid_folders:  # one after another: the last ones may be on a disk that sleeps
        folder = parents_of([grid_folder])[0] / sweep_id
        if folder.is_dir() and not folder.is_symlink():
            return folder
    gone = Text('Sweep: "{name}" is not among the sweeps of this WebUI; it may have been deleted.', name=name)
    raise FileNotFoundError(gone)


def check_id(name: object) -> str:
    """The id of a sweep, if it is one. Raises `InvalidInput`."""
    if not isinstance(name, str) or not SWEEP_ID.fullmatch(name):
        allowed = Text("the name of a sweep's folder, such as 2026-11-22-0a1b2c3d")
        raise InvalidInput(SWEEP, name, allowed, Text("is not a valid name"))
    return name


def record_text(folder: Path) -> str:
    """The text of a sweep's `sweep.json`, a JSON object. Raises `InvalidInput` with the reason when it has none."""
    return _record(folder)[0]


def read_sweep(folder: Path) -> dict[str, Any]:
    """The content of a sweep's `sweep.json`, whatever kind of object it is. Raises `InvalidInput` as `record_text`."""
    return _record(folder)[1]


def file_of(folder: Path, name: str) -> Path:
    """A file that belongs to a sweep, by its path in the sweep's folder with "/" between the parts.

    Raises `FileNotFoundError` for every other name, whether there is such a file or not.
    """
    if stays_inside(name):
        try:
            path = path_in(folder, name)
            if path.is_file():
                return path
        except (OSError, ValueError) as error:  # a name too long, a link that leads out
            raise FileNotFoundError(f"There is no file {name!r} in this sweep.") from error
    raise FileNotFoundError(f"There is no file {name!r} in this sweep.")


def stays_inside(name: str) -> bool:
    """Whether a name is one of `FILE_NAME` that leads nowhere else, on Windows neither."""
    has_odd_part = any(part in ("", ".", "..") for part in name.split("/"))
    return bool(FILE_NAME.fullmatch(name)) and not has_odd_part and not set(name) & set("\\:\0")


def sweep_folders(grid_folders: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The folders of all sweeps below these folders for grids, those that changed last first."""
    folders: dict[str, Path] = {}
    for parent in parents_of(grid_folders):
        for name in sweep_names(parent):
            folders.setdefault(name, parent / name)
    return sorted(sorted(folders.values(), reverse=True), key=_changed, reverse=True)


def listed_folders(grid_folders: Iterable[str | os.PathLike[str]], most: int) -> list[Path]:
    """The folders of the sweeps for a list, at most so many, those that changed last first.

    Those whose `sweep.json` would make reading them all too long are left out.
    """
    found, left = [], LISTED_BYTES
    for folder in sweep_folders(grid_folders)[:most]:
        size = _size(folder)
        if size <= left:
            left -= size
            found.append(folder)
    return found


def parents_of(grid_folders: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The folders that hold the sweeps of these folders for grids, each once, whether they are there or not."""
    return list(dict.fromkeys(Path(os.path.realpath(Path(folder) / PARENT)) for folder in grid_folders))


def sweep_names(parent: str | os.PathLike[str]) -> list[str]:
    """The ids of the sweeps in a folder that holds sweeps, in no order; links are none."""
    try:
        with os.scandir(parent) as entries:
            return [entry.name for entry in entries if SWEEP_ID.fullmatch(entry.name) and _is_folder(entry)]
    except OSError:
        return []  # no sweep has been made there yet, or the folder is gone


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _size(folder: Path) -> int:
    try:
        return (folder / RECORD).lstat().st_size
    except OSError:
        return 0


def _changed(folder: Path) -> float:
    for path in (folder / RECORD, folder):
        try:
            return path.lstat().st_mtime
        except OSError:
            continue
    return 0.0


def _record(folder: Path) -> tuple[str, dict[str, Any]]:
    try:
        return read_object(folder / RECORD)
    except (OSError, ValueError) as error:
        problem = Text("has no readable sweep.json ({reason})", reason=reason_of(error))
        raise InvalidInput(SWEEP, folder.name, Text("a folder with a complete sweep.json"), problem) from error


def kind_of(content: dict[str, Any]) -> str:
    """Whether a sweep is one of txt2img or of img2img, from the content of its `sweep.json`."""
    return "img2img" if "init_images" in (content.get("setting") or {}) else "txt2img"
