"""How far the conditioning of a sweep's cells is from that of their reference, noted while they are sampled.

Through the conditioning alone clip skip reaches the UNet. It is there anyway when the sampling begins: nothing is
encoded for this, and nothing of it is changed.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from ..sweep.plan import Cell, SweepPlan
from ..sweep.values import reference_among

MOST_BYTES = 16_000_000
"""How much may be kept in the computer's memory, however many prompts a sweep has: 67 conditionings of SD1's, 77 × 768
numbers of 32 bits each. What is beyond that is forgotten, the oldest first."""

Place = tuple[int, int]
"""Of a picture among those of its cell: the generation's batch, and the place in it."""


def joined_conditioning(parts: Sequence[Any]) -> torch.Tensor | None:
    """The conditioning of one picture's positive prompt as one tensor on the CPU, positions × width in 32 bits.

    Args:
        parts: of a prompt with AND, each a host's `ComposableScheduledPromptConditioning` (modules/prompt_parser.py);
            one for other prompts. Of a prompt that changes while it is sampled, what counts is its last step. Of a
            dictionary, as SDXL's is, what the UNet's cross-attention gets.

    Returns None for what is none that is known.
    """
    found = []
    for part in parts:
        schedules = getattr(part, "schedules", None)
        cond = getattr(schedules[-1], "cond", None) if isinstance(schedules, list) and schedules else None
        cond = cond.get("crossattn") if isinstance(cond, dict) else cond
        if not isinstance(cond, torch.Tensor) or cond.ndim != 2 or not cond.is_floating_point():
            return None
        found.append(cond.detach().to("cpu", torch.float32))
    return torch.cat(found) if found and len({cond.shape[1] for cond in found}) == 1 else None


def relative_distance(one: torch.Tensor, other: torch.Tensor) -> float | None:
    """‖C − D‖ / √(‖C‖·‖D‖) over all numbers of two conditionings: 0 is the same. It has no unit, and is the same both
    ways. None where their shapes differ, or where it is no number."""
    if one.shape != other.shape:
        return None
    norms = [float(tensor.double().norm()) for tensor in (one - other, one, other)]
    if norms[0] == 0:
        return 0.0
    scale = math.sqrt(norms[1] * norms[2])
    distance = norms[0] / scale if scale > 0 else math.inf
    return distance if math.isfinite(distance) else None


class _Noted(NamedTuple):
    """The prompt of a picture, and the name of its conditioning among those that are kept; None where it is none that
    is known."""

    text: str
    name: bytes | None


@dataclass
class _Row:
    """The cells that differ in clip skip only: the pictures of their reference, and cells that came before it."""

    reference: dict[Place, _Noted] = field(default_factory=dict)
    waiting: dict[int, dict[Place, _Noted]] = field(default_factory=dict)


class ConditioningChanges:
    """What is known of the cells of one sweep.

    Each is compared with the cell of its row that has clip skip 1, or the plan's first value where there is no 1, as
    the pictures are (clip_skip_lab/measure).

    Args:
        plan: of the sweep.

    Attributes:
        held: how many bytes the conditionings take that are kept.
    """

    def __init__(self, plan: SweepPlan) -> None:
        self.held = 0
        self._cells = plan.cells()
        self._first = reference_among(cell.clip_skip for cell in self._cells)
        self._rows: dict[tuple[int, int], _Row] = {}
        self._kept: OrderedDict[bytes, torch.Tensor] = OrderedDict()
        self._changes: dict[int, dict[Place, float | None]] = {}
        """Of each cell that was not told yet, by its index: how far each of its pictures is from the reference's."""

    def begin(self, cells: Sequence[Cell]) -> None:
        """Is told that these cells are sampled now, be it anew."""
        for cell in cells:
            row = self._row(cell)
            row.waiting.pop(cell.index, None)
            self._changes.pop(cell.index, None)
            if self._is_reference(cell):
                row.reference = {}

    def note(self, cell: Cell, place: Place, text: str, parts: Sequence[Any]) -> None:
        """Notes the conditioning of a picture; see `joined_conditioning`. Of several cells, that of the reference is to
        come first, see `in_order`."""
        row, tensor = self._row(cell), joined_conditioning(parts)
        if self._is_reference(cell):
            row.reference[place] = _Noted(text, self._keep(tensor))
            self._changes.setdefault(cell.index, {})[place] = None if tensor is None else 0.0
            for index, places in row.waiting.items():
                if place in places:
                    there = places.pop(place)
                    kept = None if there.name is None else self._kept.get(there.name)
                    self._changes.setdefault(index, {})[place] = self._compared(there.text, kept, row.reference[place])
        elif place in row.reference:
            self._changes.setdefault(cell.index, {})[place] = self._compared(text, tensor, row.reference[place])
        else:
            row.waiting.setdefault(cell.index, {})[place] = _Noted(text, self._keep(tensor))

    def references(self, cells: Sequence[Cell]) -> list[Cell]:
        """The reference cells of these cells' rows that are not among them; of rows that have one."""
        rows = {(cell.y, cell.z) for cell in cells} - {(cell.y, cell.z) for cell in cells if self._is_reference(cell)}
        return [cell for cell in self._cells if (cell.y, cell.z) in rows and self._is_reference(cell)]

    def in_order(self, cells: Sequence[Cell]) -> list[int]:
        """The places of these cells, those of references first."""
        return sorted(range(len(cells)), key=lambda number: not self._is_reference(cells[number]))

    def take(self) -> dict[int, float | None]:
        """What has become known since the last time: for each cell, by its index, the mean over its pictures. None
        where that is not known for each of them; cells that wait for their reference are left out."""
        waiting = {index for row in self._rows.values() for index, places in row.waiting.items() if places}
        told = {index: _mean(changes) for index, changes in self._changes.items() if index not in waiting}
        for index in told:
            del self._changes[index]
        return told

    def _row(self, cell: Cell) -> _Row:
        return self._rows.setdefault((cell.y, cell.z), _Row())

    def _is_reference(self, cell: Cell) -> bool:
        return cell.clip_skip == self._first

    def _compared(self, text: str, tensor: torch.Tensor | None, reference: _Noted) -> float | None:
        """None where the two differ in more than clip skip, or one of them is not kept."""
        name = reference.name
        if text != reference.text or tensor is None or name is None or name not in self._kept:
            return None
        self._kept.move_to_end(name)
        return relative_distance(tensor, self._kept[name])

    def _keep(self, tensor: torch.Tensor | None) -> bytes | None:
        """Keeps a conditioning under a name that only its equals have: rows that differ in seed share one."""
        if tensor is None:
            return None
        name = hashlib.sha256(f"{tuple(tensor.shape)}".encode() + tensor.numpy().tobytes()).digest()
        if name not in self._kept:
            self._kept[name] = tensor
            self.held += tensor.numel() * tensor.element_size()
        self._kept.move_to_end(name)
        while self.held > MOST_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self.held -= dropped.numel() * dropped.element_size()
        return name


def _mean(changes: dict[Place, float | None]) -> float | None:
    known = [change for change in changes.values() if change is not None]
    return sum(known) / len(known) if known and len(known) == len(changes) else None
