"""The commands on sweeps that lie on disk: measure, page, list. They need nothing but the package."""

from __future__ import annotations

import json
import shutil
import sys
import time
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..language import Text, translated
from ..library.folders import Folders
from ..library.listing import Library
from ..library.query import Query
from ..library.store import FILE
from ..page.files import PAGE, write_data, write_page
from ..sweep.folder import PARENT, dumped, finite, read_record
from ..sweep.library import record_text
from ..sweep.running import running
from ..sweep.summary import one_line
from .terminal import BAD_INPUT, DONE, complain, say

READING_SECONDS = 0.1
"""Between two looks at a library whose sweeps are still read."""


def measure(given: Namespace, language: str) -> int:
    """`clip-skip-lab measure FOLDER…`: measures anew, and says the findings."""
    from ..measure.folder import measure_folder  # a second to import

    def one(folder: Path) -> None:
        record_text(folder)  # tells in a sentence where there is no sweep
        with running(folder):  # both write its sweep.json
            content = measure_folder(folder, lang=language)
        say(Text("Folder: {folder}", folder=folder), language)
        for sentence in [*content["findings"][language], *content["problems"]]:
            say(sentence, language)

    return _each(given.folders, one, language)


def page(given: Namespace, language: str) -> int:
    """`clip-skip-lab page FOLDER…`: writes the page anew, and says its path."""

    def one(folder: Path) -> None:
        record_text(folder)
        write_page(folder)
        write_data(folder, dumped(finite(read_record(folder))))
        say(str(folder / PAGE), language)
        if given.open:
            webbrowser.open((folder / PAGE).as_uri())

    return _each(given.folders, one, language)


def _each(folders: list[Path], do: Callable[[Path], None], language: str) -> int:
    """Does something with each folder; one that is none of a sweep does not keep the others from it."""
    code = DONE
    for folder in folders:
        if folder.name == FILE:
            continue  # stands beside the sweeps, and "clip-skip-sweeps/*" names it too
        try:
            do(folder.resolve())
        except InvalidInput as error:
            complain(error, language)
            code = BAD_INPUT
    return code


def listing(given: Namespace, language: str) -> int:
    """`clip-skip-lab list [FOLDER]`: the sweeps there, the newest first."""
    folder: Path = given.folder.resolve()
    if not folder.is_dir():
        allowed = Text('a folder given to --out, or the "{folder}" in it', folder=PARENT)
        raise InvalidInput(Text("Folder"), str(given.folder), allowed, Text("cannot be found"))
    out = folder.parent if folder.name == PARENT else folder
    library = Library(lambda: Folders([str(out)]))
    while True:
        found = library.listing(Query(limit=sys.maxsize))
        if not found["reading"]:
            break
        time.sleep(READING_SECONDS)
    entries = [_as_it_is(entry, out / PARENT) for entry in found["sweeps"]]
    if given.json:
        sys.stdout.write(f"{json.dumps(entries, ensure_ascii=False, indent=1)}\n")
        return DONE
    rows = [_row(entry, language) for entry in entries]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        sys.stdout.write(f"{line[: room or None]}\n")
    return DONE


def _as_it_is(entry: dict[str, Any], parent: Path) -> dict[str, Any]:
    """The entry of a sweep; one that was killed still says of itself that it runs."""
    if entry.get("state") != "running":
        return entry
    try:
        with running(parent / entry["id"]):
            return {**entry, "state": "interrupted"}
    except InvalidInput:
        return entry


def _row(entry: dict[str, Any], language: str) -> tuple[str, str, str, str]:
    if "problem" in entry:
        return entry["id"], "", "", one_line(entry["problem"], 200)
    state = translated(entry["state"], language)
    return entry["id"], state, f"{entry['done']}/{entry['cells']}", one_line(entry["name"] or entry["prompt"], 200)
