"""The script's arguments, from the panel or from the API: what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..errors import InvalidInput
from ..language import Text, listed
from ..sweep.axes import NOTHING, Axis, find_axis
from ..sweep.extend import EXTENDED, extended_plan
from ..sweep.plan import SweepPlan, read_plan
from ..sweep.plan_keys import (
    AXIS_FIELDS,
    NEW_SWEEP,
    NOT_EXTENDED,
    PANEL_INPUTS,
    PLAN_KEYS,
    RUN_ON,
    THIS_WEBUI,
    keys_beside,
    read_cells_per_batch,
)
from ..sweep.resume import EarlierSweep, NextRun, next_run


def panel_values(arguments: tuple) -> dict[str, Any]:
    """The script's arguments by the names of the panel's inputs; those that are left out are as the page opens."""
    given = zip((item.name for item in PANEL_INPUTS), arguments, strict=False)
    return {**{item.name: item.default for item in PANEL_INPUTS}, **dict(given)}


def plan_from_arguments(arguments: tuple, axes: list[Axis], highest: int) -> SweepPlan:
    """Makes the plan from the script arguments.

    A JSON object in the first place is the whole plan, and what follows it does not matter: the host puts an API
    client's short list in the place of the panel's, so that other scripts' arguments move up behind it.

    Raises `InvalidInput`.
    """
    if not arguments:  # as they come while the host's API starts, before it knows the panel
        example = '{"clip_skip": "1-12"}'
        raise InvalidInput("script_args", [], Text("one object such as {example}", example=example), Text("is empty"))
    if isinstance(arguments[0], dict):
        return read_plan(arguments[0], axes, highest)
    return read_plan(panel_request(panel_values(arguments), axes), axes, highest)


def panel_request(values: dict[str, Any], axes: list[Axis]) -> dict[str, Any]:
    """What the panel's inputs ask for, in the form that `read_plan` takes. Raises `InvalidInput`."""
    request: dict[str, Any] = {"return_cells": True}
    for key in PLAN_KEYS:
        if key.name in AXIS_FIELDS:
            request[key.name] = _axis_request(key.name, values, axes)
        elif key.panel:
            value = values[key.panel[0].name]
            is_cleared = value is None and bool(key.panel[0].choices)
            is_no_tick = isinstance(key.default, bool) and not isinstance(value, bool)
            request[key.name] = key.default if is_cleared or is_no_tick else value
    if request["mode"] == "exact":
        read_cells_per_batch(request.pop("cells_per_batch"))  # counts for "fast" only
    return request


def _axis_request(letter: str, values: dict[str, Any], axes: list[Axis]) -> dict[str, Any] | None:
    label, text, chosen = (values[f"{letter}_{part}"] for part in ("axis", "values", "choices"))
    axis = find_axis(label, axes, AXIS_FIELDS[letter])
    if axis is None:
        return None
    return {"axis": label, "values": chosen if axis.choices is not None and chosen else text}


def without_empty_axes(values: dict[str, Any], axes: list[Axis]) -> tuple[dict[str, Any], list[tuple[str, Axis]]]:
    """The panel's values without the axes whose values are still to be given, and these axes with their letters.

    Raises `InvalidInput` for an axis that isn't there.
    """
    empty = []
    for letter in AXIS_FIELDS:
        label, text, chosen = (values[f"{letter}_{part}"] for part in ("axis", "values", "choices"))
        axis = find_axis(label, axes, AXIS_FIELDS[letter])
        if axis is not None and not str(text or "").strip() and not (axis.choices is not None and chosen):
            empty.append((letter, axis))
    return {**values, **{f"{letter}_axis": NOTHING for letter, _ in empty}}, empty


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
        beside: what is given beside it, by key; `cells` by index or by what the panel calls them, none of them for all.
    """

    name: object
    full: bool | None
    beside: dict[str, Any]

    def next_run(self, earlier: EarlierSweep) -> NextRun:
        """What to run after that sweep. Raises `InvalidInput`."""
        beside = {"return_cells": False, **self.beside}
        cells = beside.pop("cells", None)
        if isinstance(cells, list):
            places = {name: place for place, name in reversed([*enumerate(earlier.cell_names())])}
            cells = [places.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
        run = next_run(earlier, self.full, cells)
        return replace(run, request={**run.request, **beside})


def resume_request(arguments: tuple) -> ResumeRequest | None:
    """What the arguments ask to do with an earlier sweep, or None when they ask for a new one.

    Raises `InvalidInput` when they ask for more than that.
    """
    if not arguments or not isinstance(arguments[0], dict):
        values = panel_values(arguments)
        _check_one_of_two(values)
        if values["resume"] in (None, "", NEW_SWEEP):
            return None
        chosen = values["chosen"] if isinstance(values["chosen"], list) else []
        return ResumeRequest(chosen_name(values["resume"]), None, {"cells": chosen, "return_cells": True})
    given = arguments[0]
    for name in ("resume", "full"):
        if given.get(name) is not None:
            _check_beside(name, given)
            beside = {key: value for key, value in given.items() if key != name}
            return ResumeRequest(given[name], name == "full", beside)
    return None


def asked_place(arguments: tuple[Any, ...]) -> str:
    """Where the arguments ask a sweep to run: `THIS_WEBUI`, `THE_COMMAND_LINE`, or several WebUIs with their number."""
    if not arguments or isinstance(arguments[0], dict):
        return THIS_WEBUI
    asked = panel_values(arguments)[RUN_ON.name]
    is_here = asked in (None, "", THIS_WEBUI) or resume_request(arguments) is not None  # else the sweep decides
    return THIS_WEBUI if is_here else str(asked)


@dataclass(frozen=True)
class ExtendRequest:
    """What the arguments ask to do beside a sweep that is to be extended: its name, and themselves."""

    name: object
    arguments: tuple

    def plan(self, earlier: EarlierSweep, axes: list[Axis], highest: int) -> SweepPlan:
        """The plan that extends this sweep. Raises `InvalidInput`."""
        given = self._given(axes)
        return read_plan(extended_plan(earlier, {"return_cells": False, **given}), axes, highest)

    def _given(self, axes: list[Axis]) -> dict[str, Any]:
        if isinstance(self.arguments[0], dict):
            return {key: value for key, value in self.arguments[0].items() if key != "extend" and value is not None}
        request = panel_request(panel_values(self.arguments), axes)
        return {key: value for key, value in request.items() if key in keys_beside("extend")}


def extend_request(arguments: tuple) -> ExtendRequest | None:
    """What the arguments ask to do beside a sweep that is to be extended, or None when they name none.

    Raises `InvalidInput` when they ask for more than that.
    """
    if not arguments or not isinstance(arguments[0], dict):
        values = panel_values(arguments)
        _check_one_of_two(values)
        return ExtendRequest(chosen_name(values["extend"]), arguments) if _is_extended(values) else None
    given = arguments[0]
    if given.get("extend") is None:
        return None
    _check_beside("extend", given)
    return ExtendRequest(given["extend"], arguments)


def _is_extended(values: dict[str, Any]) -> bool:
    return values["extend"] not in (None, "", NOT_EXTENDED)


def _check_one_of_two(values: dict[str, Any]) -> None:
    if _is_extended(values) and values["resume"] not in (None, "", NEW_SWEEP):
        allowed = Text("either a sweep to continue or one to extend")
        problem = Text("cannot be combined with a sweep to continue")
        raise InvalidInput(EXTENDED, chosen_name(values["extend"]), allowed, problem)


def _check_beside(name: str, given: dict[str, Any]) -> None:
    beside = keys_beside(name)
    for other in given:
        if other not in (name, *beside):
            allowed = Text("{key} with {others} only", key=name, others=listed(beside))
            raise InvalidInput(Text("Plan"), other, allowed, Text("cannot be combined with {key}", key=name))
