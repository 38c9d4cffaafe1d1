"""Whether a `sweep.json` is one as a sweep writes it: every key that somebody works with, and the kind of its value.

A folder may have been sent, edited or damaged. Who has asked here can work with the content without asking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .axes import AXIS_NAME

SCHEMA = 1
HIGHEST = 1_000
"""Above every clip skip there is: a number beyond it is none."""

Kinds = Mapping[str, tuple[type, ...]]
"""For each key of an object, the types that its value may have."""

_TEXT, _LIST, _OBJECT, _WHOLE = (str,), (list,), (dict,), (int,)
_MAYBE = (type(None),)
_NUMBER = (int, float)

_CONTENT = {
    "id": _TEXT,
    "created": _TEXT,
    "state": _TEXT,
    "fingerprint": _TEXT,
    "model": _OBJECT,
    "plan": _OBJECT,
    "setting": _OBJECT,
    "axes": _LIST,
    "cells": _LIST,
    "notes": _LIST,
    "problems": _LIST,
}
_ADDED = {
    "extends": _TEXT,
    "host": _OBJECT,
    "program": _TEXT,
    "infotext": _TEXT,
    "grids": _LIST,
    "measures": _LIST,
    "reference": (*_OBJECT, *_MAYBE),
    "charts": _LIST,
    "no_effect": (*_TEXT, *_OBJECT),
    "rank_correlations": _LIST,
}
"""Keys that may be absent."""
_CELL = {"index": _WHOLE, "values": _OBJECT, "state": _TEXT, "pictures": _LIST}
_ADDED_TO_CELL = {
    "reason": (*_TEXT, *_MAYBE),
    "seconds": (*_NUMBER, *_MAYBE),
    "measures": _OBJECT,
    "seal": _TEXT,
    "drawn": _TEXT,
    "used": _OBJECT,
    "made_by": _OBJECT,
    "incomparable": _TEXT,
    "conditioning_change": (*_NUMBER, *_MAYBE),
}
_PICTURE = {
    "file": (*_TEXT, *_MAYBE),
    "seed": _WHOLE,
    "subseed": _WHOLE,
    "width": _WHOLE,
    "height": _WHOLE,
    "infotext": _TEXT,
}
_ADDED_TO_PICTURE = {"sha256": (*_TEXT, *_MAYBE), "small": (*_TEXT, *_MAYBE)}


def check_schema(content: dict[str, Any]) -> None:
    """Raises `ValueError` with the first key whose value is not of the kind that a sweep writes there."""
    if type(content.get("schema")) is not int or content["schema"] != SCHEMA:
        raise ValueError(f"it does not have schema {SCHEMA}")
    _check("", content, _CONTENT, _ADDED)
    for key in ("notes", "problems"):
        _each(key, content[key], _TEXT)
    for key in ("measures", "rank_correlations"):
        _each(key, content.get(key, []), _OBJECT)
    _check("model", content["model"], {}, dict.fromkeys(("name", "hash", "vae"), _TEXT))
    _check("plan", content["plan"], {}, {"draft": (bool,), "cells": _LIST})
    for number, axis in enumerate(content["axes"]):
        _check_axis(f"axes[{number}]", axis)
    names = [axis["name"] for axis in content["axes"]]
    for number, cell in enumerate(content["cells"]):
        _check_cell(f"cells[{number}]", cell, names)
    if len({cell["index"] for cell in content["cells"]}) < len(content["cells"]):
        raise ValueError("cells: two have the same index")
    reference = content.get("reference")
    if reference is not None:
        _check_clip_skip("reference", reference)


def _check_axis(where: str, axis: Any) -> None:
    _check(where, axis, {"name": _TEXT, "values": _LIST}, {"labels": _LIST})
    labels = axis.get("labels", axis["values"])
    if "labels" in axis:
        _each(f"{where}.labels", labels, _TEXT)
    if len(labels) != len(axis["values"]):
        raise ValueError(f"{where}: the labels do not match the values")


def _check_cell(where: str, cell: Any, names: list[str]) -> None:
    _check(where, cell, _CELL, _ADDED_TO_CELL)
    for name in names:
        if name not in cell["values"]:
            raise ValueError(f"{where}.values: {name} is missing")
    _check_clip_skip(f"{where}.values", cell["values"])
    for key, value in cell.get("measures", {}).items():
        _is(f"{where}.measures.{key}", value, (*_NUMBER, *_MAYBE))
        _check_size(f"{where}.measures.{key}", value)
    _check_size(f"{where}.conditioning_change", cell.get("conditioning_change"))
    for number, picture in enumerate(cell["pictures"]):
        _check(f"{where}.pictures[{number}]", picture, _PICTURE, _ADDED_TO_PICTURE, others=False)


def _check_size(where: str, value: int | float | None) -> None:
    if value is not None and not abs(value) < 1e12:
        raise ValueError(f"{where}: {_shown(value)} is not valid")


def _check_clip_skip(where: str, values: dict[str, Any]) -> None:
    value: Any = values.get(AXIS_NAME)
    _is(f"{where}.{AXIS_NAME}", value, (*_NUMBER, *_TEXT))
    if not isinstance(value, str) and not (0 < value <= HIGHEST):
        raise ValueError(f"{where}.{AXIS_NAME}: {_shown(value)} is not valid")


def _check(where: str, given: Any, wanted: Kinds, added: Kinds, others: bool = True) -> None:
    """Looks at an object's keys: those that must be there, those that may, and whether there may be others."""
    _is(where or "it", given, _OBJECT)
    dot = f"{where}." if where else ""
    for key, kinds in wanted.items():
        if key not in given:
            raise ValueError(f"{dot}{key} is missing")
        _is(f"{dot}{key}", given[key], kinds)
    for key, kinds in added.items():
        if key in given:
            _is(f"{dot}{key}", given[key], kinds)
    if not others and not set(given) <= {*wanted, *added}:
        raise ValueError(f"{where}: a sweep writes no key {_shown(sorted(set(given) - {*wanted, *added})[0])}")


def _each(where: str, values: list[Any], kinds: tuple[type, ...]) -> None:
    for number, value in enumerate(values):
        _is(f"{where}[{number}]", value, kinds)


def _is(where: str, value: object, kinds: tuple[type, ...]) -> None:
    if type(value) not in kinds:  # `type`, as True is an int too
        raise ValueError(f"{where}: {_shown(value)} is not {' or '.join(_NAMES[kind] for kind in kinds)}")


_NAMES = {
    str: "a text",
    list: "a list",
    dict: "an object",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
