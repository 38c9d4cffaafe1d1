"""The plan of a sweep: what is to be generated, checked before anything runs, and the same for page and API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, product

from ..errors import InvalidInput, named_list
from .axes import AXIS_NAME, Axis, AxisValues, find_axis, read_axis_values
from .folder import finite
from .layer_request import CLIP_SKIP, KEYS, NOTHING_ASKED, LayerRequest, Value, read_layer_request
from .values import join_list, read_clip_skip

DEFAULT_CLIP_SKIP = "1-12"
MODES = ("exact", "fast")
MOST_CELLS = 5_000
MOST_PER_BATCH = 256
LAYER_KEYS = tuple(key for key in KEYS if key != CLIP_SKIP)
TICKS = {"return_cells": False, "draft": False, "measures": True}
"""The keys that are true or false, with what they are unless said."""
# "resume" is a key of the request too, but not one of a plan: it stands in the place of one (ui/panel.py).
PLAN_KEYS = ("clip_skip", "y", "z", "mode", "cells_per_batch", *TICKS, "cells", *LAYER_KEYS)

CLIP_SKIP_FIELD = "Clip skip values"
AXIS_FIELDS = {"y": "Second axis", "z": "Third axis"}
VALUE_FIELDS = {"y": "Values of the second axis", "z": "Values of the third axis"}


@dataclass(frozen=True)
class Cell:
    """One place in the sweep: a clip skip with one value of each further axis.

    `index` is the place in the order of the plan (clip skip fastest, then y, then z); `y` and `z` are places in the
    axes' values, 0 where there is no such axis.
    """

    index: int
    clip_skip: Value
    y: int = 0
    z: int = 0


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep will do, all of it valid.

    Attributes:
        clip_skip: the values, in the order given: whole numbers, fractions, averages such as "avg 2-4".
        clip_skip_source: the text they were read from, to put it back into the panel.
        y, z: the second and third axis, or None.
        mode: "exact": every picture is bit-identical to a single generation with the same settings. "fast": cells
            are sampled together, and a picture may differ from that by rounding.
        cells_per_batch: how many cells "fast" samples at once, or "auto" for as many as the free memory allows.
        draft: whether everything is generated at half size with half the steps, for a first look.
        only: the cells to run, by their index in the whole plan, or None for all of them.
        return_cells: whether the answer holds the pictures after the grid.
        measures: whether the pictures are measured at the end (docs/measures.md).
        finer: what is asked of clip skip beside its values, for all cells; it wins over the panel "Clip skip lab".
    """

    clip_skip: tuple[Value, ...]
    clip_skip_source: str
    y: AxisValues | None = None
    z: AxisValues | None = None
    mode: str = "exact"
    cells_per_batch: int | str = "auto"
    return_cells: bool = False
    draft: bool = False
    only: tuple[int, ...] | None = None
    measures: bool = True
    layer_request: LayerRequest = NOTHING_ASKED

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many values there are on z, on y, and of clip skip."""
        return (len(self.z.values) if self.z else 1, len(self.y.values) if self.y else 1, len(self.clip_skip))

    @property
    def size(self) -> int:
        """How many cells there are to run."""
        blocks, rows, columns = self.shape
        return blocks * rows * columns if self.only is None else len(self.only)

    def cells(self) -> list[Cell]:
        """The cells to run in the order of the plan: clip skip fastest, then y, then z; `index` counts these."""
        blocks, rows, _ = self.shape
        places = list(product(range(blocks), range(rows), self.clip_skip))
        wanted = places if self.only is None else [places[number] for number in self.only]
        return [Cell(index, clip_skip, y, z) for index, (z, y, clip_skip) in enumerate(wanted)]

    def running_order(self) -> list[Cell]:
        """All cells, the dearest axis changing least often and clip skip most often.

        A change of checkpoint costs a load from disk, one of clip skip nothing but a pass of the text encoder. Of axes
        that are equally dear, those that a batch carries are the inner ones, so that its cells stand together.
        """
        axes = sorted(self.further_axes(), key=lambda pair: pair[0], reverse=True)
        outer_first = sorted(axes, key=lambda pair: (pair[1].axis.carried, -pair[1].axis.cost))
        letters = [letter for letter, _ in outer_first]
        return sorted(self.cells(), key=lambda cell: [getattr(cell, letter) for letter in letters])

    def batches(self, size: int, without: Collection[int] = ()) -> list[list[Cell]]:
        """All cells in running order, in batches of about `size` that differ only in what a batch can carry for each
        picture: clip skip, and the axes that say so.

        Cells whose index is in `without` are left out. Twenty cells in batches of at most 16 are two of ten, not one
        of 16 and one of 4.
        """
        found: list[list[Cell]] = []
        cells = [cell for cell in self.running_order() if cell.index not in without]
        common = [letter for letter, axis in self.further_axes() if not axis.axis.carried]
        for _, group in groupby(cells, key=lambda cell: [getattr(cell, letter) for letter in common]):
            found += split_evenly(list(group), size)
        return found

    def further_axes(self) -> Iterator[tuple[str, AxisValues]]:
        """The axes beside clip skip that this plan has, with their letters."""
        for letter in ("y", "z"):
            axis = getattr(self, letter)
            if axis is not None:
                yield letter, axis

    def values_of(self, cell: Cell) -> dict[str, object]:
        """What a cell is, by the names of the axes: {"Clip skip": 2, "CFG Scale": 7.0}."""
        values: dict[str, object] = {AXIS_NAME: cell.clip_skip}
        for letter, axis in self.further_axes():
            values[axis.axis.label] = axis.values[getattr(cell, letter)]
        return values

    def to_json(self) -> dict:
        """The plan as plain data, in the form that `read_plan` takes."""
        data: dict = {"clip_skip": list(self.clip_skip), "mode": self.mode, "return_cells": self.return_cells}
        data.update(self.layer_request.to_json())
        if self.draft:
            data["draft"] = True
        if not self.measures:
            data["measures"] = False
        if self.only is not None:
            data["cells"] = list(self.only)
        if self.mode == "fast":
            data["cells_per_batch"] = self.cells_per_batch
        for letter, axis in self.further_axes():
            values = [list(value) if isinstance(value, tuple) else value for value in axis.values]
            data[letter] = {"axis": axis.axis.label, "values": values}
        return data

    def fingerprint(self, setting: dict) -> str:
        """A short hash of everything that decides the pictures: this plan and the generation's own settings.

        The same for the settings as they come back from `sweep.json`, which has null for what is infinite.
        """
        what = self.to_json()
        for key in ("return_cells", "cells_per_batch", "measures"):
            what.pop(key, None)
        text = json.dumps(finite({"plan": what, "setting": setting}), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]


def read_plan(request: object, axes: list[Axis], highest: int) -> SweepPlan:
    """Reads a plan from the JSON object that the API takes.

    Args:
        request: {"clip_skip": "1-12" or [1, 2], "y": {"axis": name, "values": text or list}, "z": the same,
            "mode": "exact" or "fast", "cells_per_batch": "auto" or a number, "return_cells": bool, "draft": bool,
            "measures": bool, "cells": [0, 3]}; everything may be left out. Beside them "interpolation",
            "negative_clip_skip", "every_model", "sdxl_clip_l_skip" and "sdxl_big_g_skip" (docs/finer-clip-skip.md).
        axes: the host's axes, at this moment.
        highest: the highest clip skip of the loaded model.

    Raises `InvalidInput` for an unknown key and for every value that cannot be used.
    """
    if not isinstance(request, dict):
        raise InvalidInput("Plan", request, "a JSON object", "is not an object")
    _refuse_unknown_keys("Plan", request, PLAN_KEYS)
    mode = request.get("mode", "exact")
    if mode == "exact" and "cells_per_batch" in request and request["cells_per_batch"] not in (1, "auto"):
        raise InvalidInput("cells_per_batch", request["cells_per_batch"], 'mode "fast", or 1', "needs another mode")
    ticks = {key: request.get(key, default) for key, default in TICKS.items()}
    for key, value in ticks.items():
        if not isinstance(value, bool):
            raise InvalidInput(key, value, "true or false", "is neither")
    source = request.get("clip_skip", DEFAULT_CLIP_SKIP)
    return make_plan(
        clip_skip=source,
        y=_axis_request(request, "y"),
        z=_axis_request(request, "z"),
        axes=axes,
        highest=highest,
        mode=mode,
        cells_per_batch=request.get("cells_per_batch", "auto"),
        only=request.get("cells"),
        **ticks,
        layer_request=read_layer_request({key: request[key] for key in LAYER_KEYS if key in request}, highest),
    )


def make_plan(
    clip_skip: object,
    y: tuple[object, object],
    z: tuple[object, object],
    axes: list[Axis],
    highest: int,
    mode: object = "exact",
    cells_per_batch: object = "auto",
    return_cells: bool = False,
    draft: bool = False,
    measures: bool = True,
    only: object = None,
    layer_request: LayerRequest = NOTHING_ASKED,
) -> SweepPlan:
    """Makes a plan from the parts that the panel and the API have in common; `y` and `z` are (name, values) pairs.

    Raises `InvalidInput`.
    """
    if mode not in MODES:
        raise InvalidInput("mode", mode, " or ".join(f'"{name}"' for name in MODES), "is not a mode")
    cells_per_batch = _cells_per_batch(cells_per_batch)
    values = read_clip_skip(clip_skip, highest, CLIP_SKIP_FIELD)
    found: dict[str, AxisValues | None] = {}
    for letter, (label, axis_values) in (("y", y), ("z", z)):
        axis = find_axis(label, axes, AXIS_FIELDS[letter])
        found[letter] = read_axis_values(axis, axis_values, VALUE_FIELDS[letter]) if axis else None
    if found["y"] and found["z"] and found["y"].axis.label == found["z"].axis.label:
        raise InvalidInput(AXIS_FIELDS["z"], found["z"].axis.label, "another axis", "is the second axis already")
    source = clip_skip if isinstance(clip_skip, str) else join_list(values)
    plan = SweepPlan(
        clip_skip=tuple(values),
        clip_skip_source=source,
        y=found["y"],
        z=found["z"],
        mode=mode,
        cells_per_batch=cells_per_batch,
        return_cells=return_cells,
        draft=draft,
        measures=measures,
        layer_request=layer_request,
    )
    if plan.size > MOST_CELLS:
        raise InvalidInput("Sweep", f"{plan.size} cells", f"at most {MOST_CELLS} cells", "is too large")
    return plan if only is None else replace(plan, only=_chosen(only, plan.size))


def split_evenly(cells: list[Cell], size: int) -> list[list[Cell]]:
    """The cells in order, in as few parts of at most `size` as it takes, the parts as equal as can be."""
    parts = -(-len(cells) // size)
    bounds = [len(cells) * part // parts for part in range(parts + 1)]
    return [cells[first:last] for first, last in pairwise(bounds)]


def _cells_per_batch(value: object) -> int | str:
    """Text comes from the panel, where the choices are texts."""
    if value == "auto":
        return "auto"
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 5 else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_PER_BATCH:
        raise InvalidInput("cells_per_batch", value, f'"auto", or a whole number from 1 to {MOST_PER_BATCH}')
    return number


def _chosen(cells: object, size: int) -> tuple[int, ...]:
    allowed = f"a list of whole numbers from 0 to {size - 1}, the cells' places in the order of the plan"
    if not isinstance(cells, list) or not cells:
        raise InvalidInput("cells", cells, allowed, "is no such list")
    if len(cells) > size:
        raise InvalidInput("cells", cells, f"at most the {size} cells of the plan", "is too long")
    for number in cells:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < size:
            raise InvalidInput("cells", number, allowed, "is no cell of the plan")
    return tuple(sorted(set(cells)))


def _axis_request(request: dict, letter: str) -> tuple[object, object]:
    axis = request.get(letter)
    if axis is None:
        return None, None
    if not isinstance(axis, dict):
        raise InvalidInput(
            letter, axis, 'an object such as {"axis": "CFG Scale", "values": "5, 7"}', "is not an object"
        )
    _refuse_unknown_keys(letter, axis, ("axis", "values"))
    if axis.get("axis") in (None, ""):
        raise InvalidInput(AXIS_FIELDS[letter], axis, 'an object with the key "axis" beside "values"', "names no axis")
    return axis.get("axis"), axis.get("values")


def _refuse_unknown_keys(field: str, given: dict, known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise InvalidInput(field, key, f"the keys {named_list(list(known), most=len(known))}", "is not a key")
