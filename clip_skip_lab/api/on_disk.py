"""How routes answer where a sweep is gone, damaged, or cannot be changed: with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fastapi import HTTPException

from ..errors import InvalidInput, reason_of
from ..language import Text
from ..library.judged import JUDGED
from ..library.trash import Refused
from ..sweep.library import SCHEMA_1, SWEEP, read_sweep

_Result = TypeVar("_Result")


def found(action: Callable[[], _Result]) -> _Result:
    """What is found on the disk; 404 where it isn't there, or was deleted meanwhile."""
    try:
        return action()
    except FileNotFoundError as error:
        gone = Text("The sweep no longer exists; it may have been deleted.")
        sentence = gone if error.errno else error.args[0]
        raise HTTPException(404, sentence) from error


def on_disk(action: Callable[[], _Result]) -> _Result:
    """What reading or changing a sweep's folder gives; 409 and 500 where the sweep's state or the disk refuses it."""
    try:
        return found(action)
    except InvalidInput:
        raise
    except Refused as error:
        raise HTTPException(409, error.sentence) from error
    except ValueError as error:
        problem = Text("{file} cannot be read ({reason}); it was not changed.", file=JUDGED, reason=reason_of(error))
        raise HTTPException(409, problem) from error
    except OSError as error:
        problem = Text("The sweep's folder cannot be read or changed ({reason}).", reason=reason_of(error))
        raise HTTPException(500, problem) from error


def cells_in(folder: Path) -> int:
    """How many cells a sweep has. Raises `InvalidInput` where its `sweep.json` doesn't say it."""
    cells = read_sweep(folder).get("cells")
    if not isinstance(cells, list):
        raise InvalidInput(SWEEP, folder.name, SCHEMA_1, Text("is of another type"))
    return len(cells)
