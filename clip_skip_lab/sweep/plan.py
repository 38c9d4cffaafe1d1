"""The plan of a sweep: what is to be generated, checked before anything runs, and the same for page and API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from .axes import AXIS_NAME, Axis, AxisValues
from .folder import finite
from .layer_request import CLIP_SKIP, NOTHING_ASKED, LayerRequest
from .plan_keys import PLAN_KEYS, Reading, refuse_unknown_keys
from .values import Value


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
        clip_skip: the values, in the order given: whole numbers, fractions, averages such as "avg 2-4", schedules
            such as "[2:1:0.5]".
        clip_skip_source: the text they were read from, to put it back into the panel.
        y, z: the second and third axis, or None.
        mode: "exact": every picture is bit-identical to a single generation with the same settings. "fast": cells
            are sampled together, and a picture may differ from that by rounding.
        cells_per_batch: how many cells "fast" samples at once, or "auto" for as many as the free memory allows.
        draft: whether everything is generated at half size with half the steps, for a first look.
        only: the cells to run, by their index in the whole plan, or None for all of them.
        return_cells: whether the answer holds the pictures after the grid.
        measures: whether the pictures are measured at the end (docs/measures.md).
        layer_request: what is asked of clip skip beside its values, for all cells; it wins over the panel "Clip skip
            lab".
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

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data, in the form that `read_plan` takes."""
        written = {key.name: key.to_json(self) for key in PLAN_KEYS}
        return {name: value for name, value in written.items() if value is not None}

    def typed(self) -> dict[str, Any]:
        """The values as somebody typed them; where random ones were drawn, it is those."""
        axes = {letter: {"axis": axis.axis.label, "values": axis.source} for letter, axis in self.further_axes()}
        return {CLIP_SKIP: self.clip_skip_source, **axes}

    def infotext(self) -> dict[str, str]:
        """What a grid's infotext says of the plan, by its keys there: what brings back the panel."""
        return {name: text for key in PLAN_KEYS for name, text in key.infotext(self).items()}

    def fingerprint(self, setting: dict[str, Any]) -> str:
        """A short hash of everything that decides the pictures: this plan and the generation's own settings.

        The same for the settings as they come back from `sweep.json`, which has null for what is infinite.
        """
        deciding = [key.name for key in PLAN_KEYS if key.decides_pictures]
        plan = {name: value for name, value in self.to_json().items() if name in deciding}
        text = json.dumps(finite({"plan": plan, "setting": setting}), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]


def read_plan(request: object, axes: list[Axis], highest: int) -> SweepPlan:
    """Reads a plan from the JSON object that the API takes (docs/api.md), and the panel makes of its inputs.

    Args:
        request: some of `PLAN_KEYS` with their values; everything may be left out.
        axes: the host's axes, at this moment.
        highest: the highest clip skip of the loaded model.

    Raises `InvalidInput` for an unknown key and for every value that cannot be used.
    """
    if not isinstance(request, dict):
        raise InvalidInput(Text("Plan"), request, Text("a JSON object"), Text("is not an object"))
    refuse_unknown_keys(Text("Plan"), request, tuple(key.name for key in PLAN_KEYS))
    reading = Reading(axes, highest)
    for key in PLAN_KEYS:
        reading.fields[key.of_plan or key.name] = key.read(request.get(key.name, key.default), reading)
    return SweepPlan(**reading.fields)


def split_evenly(cells: list[Cell], size: int) -> list[list[Cell]]:
    """The cells in order, in as few parts of at most `size` as it takes, the parts as equal as can be."""
    parts = -(-len(cells) // size)
    bounds = [len(cells) * part // parts for part in range(parts + 1)]
    return [cells[first:last] for first, last in pairwise(bounds)]
