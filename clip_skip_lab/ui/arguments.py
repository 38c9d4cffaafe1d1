"""The script's arguments, from the panel or from the API: what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from ..errors import InvalidInput
from ..sweep.axes import NOTHING, Axis, find_axis
from ..sweep.plan import AXIS_FIELDS, DEFAULT_CLIP_SKIP, SweepPlan, make_plan, read_plan
from ..sweep.resume import EarlierSweep, NextRun, next_run

NEW_SWEEP = "a new sweep"
"""What "Go on with" says when there is nothing to go on with."""


@dataclass
class PanelValues:
    """The script arguments in their order. `y_choices` and `z_choices` hold the values of axes that have choices."""

    clip_skip: Any = DEFAULT_CLIP_SKIP
    y_axis: Any = NOTHING
    y_values: Any = ""
    y_choices: Any = None
    z_axis: Any = NOTHING
    z_values: Any = ""
    z_choices: Any = None
    mode: Any = "exact"
    cells_per_batch: Any = "auto"
    resume: Any = NEW_SWEEP
    draft: Any = False
    chosen: Any = None
    measures: Any = True


def plan_from_arguments(arguments: tuple, axes: list[Axis], highest: int) -> SweepPlan:
    """Makes the plan from the script arguments.

    A JSON object in the first place is the whole plan, and what follows it does not matter: the host puts an API
    client's short list in the place of the panel's, so that other scripts' arguments move up behind it.

    Raises `InvalidInput`.
    """
    if not arguments:  # as they come while the host's API starts, before it knows the panel
        raise InvalidInput("script_args", [], 'one object such as {"clip_skip": "1-12"}', "is empty")
    if isinstance(arguments[0], dict):
        return read_plan(arguments[0], axes, highest)
    values = PanelValues(*arguments[: len(fields(PanelValues))])
    pairs = []
    for letter in ("y", "z"):
        label, text, chosen = (getattr(values, f"{letter}_{part}") for part in ("axis", "values", "choices"))
        axis = find_axis(label, axes, AXIS_FIELDS[letter])
        has_choices = axis is not None and axis.choices is not None
        pairs.append((label, chosen if has_choices and chosen else text))
    return make_plan(
        values.clip_skip,
        pairs[0],
        pairs[1],
        axes,
        highest,
        mode="exact" if values.mode is None else values.mode,
        cells_per_batch="auto" if values.cells_per_batch is None else values.cells_per_batch,
        return_cells=True,
        draft=values.draft is True,
        measures=values.measures is not False,
    )


def without_empty_axes(arguments: tuple, axes: list[Axis]) -> tuple[tuple, list[tuple[str, Axis]]]:
    """The panel's arguments without the axes whose values are still to be given, and these axes with their letters.

    Raises `InvalidInput` for an axis that isn't there.
    """
    values = PanelValues(*arguments[: len(fields(PanelValues))])
    empty = []
    for letter in ("y", "z"):
        label, text, chosen = (getattr(values, f"{letter}_{part}") for part in ("axis", "values", "choices"))
        axis = find_axis(label, axes, AXIS_FIELDS[letter])
        if axis is not None and not str(text or "").strip() and not (axis.choices is not None and chosen):
            setattr(values, f"{letter}_axis", NOTHING)
            empty.append((letter, axis))
    return tuple(getattr(values, field.name) for field in fields(PanelValues)), empty


def chosen_name(choice: object) -> str:
    """The name of a sweep from its line in a list, such as "2026-11-22-0a1b2c3d: 3 of 12 cells".

    The host's gradio has no values behind the texts of a list.
    """
    return str(choice or "").partition(":")[0]


@dataclass(frozen=True)
class ResumeRequest:
    """What the arguments ask to do with an earlier sweep.

    Attributes:
        name: of the sweep.
        full: whether to run it, a draft, at full quality; None to do so with a finished draft only.
        cells: which of them, by index or by what the panel calls them; None or empty for all.
        return_cells: whether the answer holds the pictures.
    """

    name: object
    full: bool | None
    cells: list | None
    return_cells: bool

    def next_run(self, earlier: EarlierSweep) -> NextRun:
        """What to run after that sweep. Raises `InvalidInput`."""
        cells = self.cells
        if isinstance(cells, list):
            places = {name: place for place, name in reversed([*enumerate(earlier.cell_names())])}
            cells = [places.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
        run = next_run(earlier, self.full, cells)
        return replace(run, request={**run.request, "return_cells": self.return_cells})


def resume_request(arguments: tuple) -> ResumeRequest | None:
    """What the arguments ask to do with an earlier sweep, or None when they ask for a new one.

    Raises `InvalidInput` when they ask for more than that.
    """
    if not arguments or not isinstance(arguments[0], dict):
        values = PanelValues(*arguments[: len(fields(PanelValues))])
        if values.resume in (None, "", NEW_SWEEP):
            return None
        chosen = values.chosen if isinstance(values.chosen, list) else []
        return ResumeRequest(chosen_name(values.resume), None, chosen, True)
    given = arguments[0]
    for key, beside in (("resume", ("return_cells",)), ("full", ("return_cells", "cells"))):
        if given.get(key) is None:
            continue
        for other in given:
            if other not in (key, *beside):
                allowed = f"{key} with {' and '.join(beside)}, nothing else"
                raise InvalidInput("Plan", other, allowed, f"cannot stand beside {key}")
        return ResumeRequest(given[key], key == "full", given.get("cells"), given.get("return_cells") is True)
    return None
