"""Reduced pictures set against each other: neighbouring values of clip skip, seeds, and axes."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from ..sweep.axes import AXIS_NAME
from .cells import beside, clip_skips, is_number, key_of, mean
from .definitions import AREA, COMPOSITION
from .effects import INTERACTION, SEED, divide
from .pictures import Reduced

Pictures = dict[tuple[int, int], Reduced]
"""By index of the cell and place within it."""


def neighbours(cells: list[dict], pictures: Pictures) -> list[dict]:
    """How far the picture changes from each clip skip to the next higher one that was swept, on average.

    Returns a list of {"from", "to", "composition_change", "changed_area"}, None where nothing can be compared.
    """
    at = {(key_of(cell["values"][AXIS_NAME]), beside(cell)): cell for cell in cells}
    found = []
    for one, other in pairwise(value for value in clip_skips(cells) if is_number(value)):
        pairs = []
        for (value, where), cell in at.items():
            partner = at.get((key_of(other), where))
            if value == key_of(one) and partner is not None:
                pairs += _pairs(cell, partner, pictures)
        found.append({"from": one, "to": other, **_changes(pairs)})
    return found


def _pairs(cell: dict, other: dict, pictures: Pictures) -> list[tuple[Reduced, Reduced]]:
    places = range(min(len(cell["pictures"]), len(other["pictures"])))
    return [(pictures[cell["index"], place], pictures[other["index"], place]) for place in places]


def _changes(pairs: list[tuple[Reduced, Reduced]]) -> dict[str, float | None]:
    return {
        COMPOSITION: mean(one.composition_change(other) for one, other in pairs),
        AREA: mean(one.changed_area(other) for one, other in pairs),
    }


def new_seed(cells: list[dict], pictures: Pictures) -> dict | None:
    """How far pictures of different seeds at otherwise the same values are apart: each with the next one.

    Returns {"composition_change", "changed_area", "pairs"}, or None where no two seeds can be compared.
    """
    by_seed: dict[str, list[Reduced]] = {}
    for cell in cells:
        where = key_of({name: value for name, value in cell["values"].items() if name != SEED})
        places = range(len(cell["pictures"]))
        by_seed.setdefault(where, []).extend(pictures[cell["index"], place] for place in places)
    pairs = [pair for alike in by_seed.values() for pair in pairwise(alike)]
    pairs = [(one, other) for one, other in pairs if one.composition_change(other) is not None]
    return {**_changes(pairs), "pairs": len(pairs)} if pairs else None


def effects(cells: list[dict], pictures: Pictures) -> dict:
    """How the pictures' variance is divided between the axes, as `sweep.json` has it (docs/sweep-folder.md)."""
    found = {"axes": [], "pictures": 0, "shares": None, "p": None, "note": None}
    placed, names = _placed(cells, pictures)
    levels = _complete(placed)
    kept = [axis for axis, values in enumerate(levels) if len(values) > 1]
    if len(kept) < 2:
        return {**found, "note": _TOO_FEW}
    names = [names[axis] for axis in kept]
    inside = {place: one for place, one in placed.items() if all(map(lambda key, of: key in of, place, levels))}
    if len({one.rgb.shape for one in inside.values()}) > 1:
        return {**found, "note": _SIZES}
    places = [[values.index(key) for key, values in zip(place, levels, strict=True)] for place in inside]
    first = next(iter(inside.values())).features()
    table = np.empty((*(len(values) for values in levels), first.size), np.float32)
    for place, one in zip(places, inside.values(), strict=True):
        table[tuple(place)] = one.features()
    divided = divide(table.reshape(*(len(levels[axis]) for axis in kept), -1), names)
    found.update(axes=names, pictures=len(inside))
    if divided is None:
        return {**found, "note": _ALIKE}
    found["shares"] = {name: round(share, 4) for name, share in divided.shares.items()}
    tested = {name: None if p is None else round(p, 4) for name, p in divided.p.items()}
    found["p"] = tested if any(p is not None for p in tested.values()) else None
    return {**found, "note": _note(names, divided.p, len(inside), len(placed))}


def _placed(cells: list[dict], pictures: Pictures) -> tuple[dict[tuple[str, ...], Reduced], list[str]]:
    """The pictures by their values, seeds last, and what the axes are called."""
    names = [name for name in cells[0]["values"] if name != SEED] if cells else []
    placed = {}
    for cell in cells:
        for place in range(len(cell["pictures"])):
            values = [key_of(cell["values"][name]) for name in names]
            seed = key_of([cell["values"].get(SEED), place])
            placed[(*values, seed)] = pictures[cell["index"], place]
    return placed, [*names, SEED]


def _complete(placed: dict[tuple[str, ...], Reduced]) -> list[list[str]]:
    """The values of each axis that make a complete table: the emptiest value is left out until nothing is missing."""
    places = list(placed)
    while True:
        levels = [list(dict.fromkeys(keys)) for keys in zip(*places, strict=True)]
        size = prod(len(values) for values in levels)
        if not places or len(places) == size:
            return levels
        filled = {
            (axis, value): sum(place[axis] == value for place in places) * len(values) / size
            for axis, values in enumerate(levels)
            for value in values
        }
        axis, value = min(filled, key=filled.get)
        places = [place for place in places if place[axis] != value]


def _note(names: list[str], p: dict[str, float | None], used: int, there: int) -> dict[str, str]:
    said = [] if SEED in names else [_ONE_SEED]
    if any(p[name] is None for name in names):
        said.append(_UNTESTED)
    elif p[INTERACTION] is None:
        said.append(_INTERACTION_UNTESTED)
    if used < there:
        said.append(
            {
                "en": f"{used} of {there} pictures went in, the rest not being in all combinations.",
                "ja": f"全組み合わせがそろう {used} 枚（全 {there} 枚）で計算しました。",
            }
        )
    return {"en": " ".join(one["en"] for one in said), "ja": "".join(one["ja"] for one in said)}


_TOO_FEW = {
    "en": "There is nothing to divide: it takes two axes, each with two values, whose combinations are all done.",
    "ja": "分けられません。それぞれ 2 つ以上の値を持ち、全組み合わせが完了した 2 つの軸が必要です。",
}
_SIZES = {
    "en": "The pictures differ in size, so they cannot be compared pixel by pixel.",
    "ja": "画像のサイズが異なるため、画素ごとの比較ができません。",
}
_ALIKE = {"en": "All pictures are the same.", "ja": "すべての画像が同じです。"}
_ONE_SEED = {
    "en": "Of one seed: exact for these pictures, and not known to hold for others.",
    "ja": "シード 1 つの値です。この画像については正確ですが、他のシードで同じとは限りません。",
}
_UNTESTED = {"en": "There are too few cells for a test.", "ja": "検定するにはセルが少なすぎます。"}
_INTERACTION_UNTESTED = {
    "en": "The interaction cannot be tested without several seeds and two other axes.",
    "ja": "交互作用の検定には、複数のシードと他の 2 つの軸が必要です。",
}
