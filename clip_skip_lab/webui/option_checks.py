"""Whether an option or a field of the host takes a value: a number within bounds, a name that is there."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from modules import sd_models, shared

from ..errors import InvalidInput, named_list
from ..hosts import CHECKPOINT
from ..language import Text

ALLOWED_CHECKPOINTS = Text("the checkpoints of this WebUI")
EDITABLE = "DropdownEditable"
"""The family's list that takes any text beside its choices (modules/ui_components.py)."""


def check_option(key: str, value: object, given_in: str = "override_settings") -> None:
    """Raises `InvalidInput` for an override that is no option of the host, or not of the option's kind.

    The host checks neither: a wrong type fails somewhere later, and what is no choice counts as something else.
    """
    info = shared.opts.data_labels.get(key)
    if info is None:
        raise InvalidInput(
            given_in, key, Text("names of this WebUI's settings"), Text("is not a setting of this WebUI")
        )
    arguments = info.component_args() if callable(info.component_args) else info.component_args
    arguments = arguments or {}
    field = f"{given_in}.{key}"
    if info.restrict_api or info.do_not_save or arguments.get("visible", True) is False:
        raise InvalidInput(field, value, Text("overrides of other settings"), Text("cannot be overridden by a request"))
    if value is None and info.default is None:
        return
    choices = _choices(info.component, arguments)
    if key == CHECKPOINT:
        check_known(field, value, sd_models.checkpoint_aliases, ALLOWED_CHECKPOINTS)
    elif isinstance(info.default, list):
        _check_list(field, value, choices)
    elif choices is not None:
        check_known(field, value, choices)
    else:
        _check_plain(field, value, info.default, arguments)


def _check_list(field: str, value: object, choices: Collection | None) -> None:
    if not isinstance(value, list):
        raise InvalidInput(field, value, Text("a list of names"), Text("is not a list"))
    for part in value:
        if choices is not None:
            check_known(field, part, choices)
        elif not isinstance(part, str):
            raise InvalidInput(field, part, Text("names"), Text("is not a name"))


def _check_plain(field: str, value: object, default: object, arguments: dict[str, Any]) -> None:
    lowest, highest = arguments.get("minimum"), arguments.get("maximum")
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InvalidInput(field, value, Text("true or false"), Text("is neither"))
    elif isinstance(default, int) and (isinstance(arguments.get("step"), int) or arguments.get("precision") == 0):
        low, high = (-math.inf if lowest is None else lowest), (math.inf if highest is None else highest)
        check_whole(value, field, low, high)
    elif isinstance(default, int | float):
        check_between(field, value, lowest, highest)
    elif isinstance(value, list | dict) or (isinstance(default, str) and not isinstance(value, str)):
        raise InvalidInput(field, value, Text("text"), Text("is not text"))


def _choices(component: Any, arguments: dict[str, Any]) -> list | None:
    choices = arguments.get("choices")
    if choices is None or arguments.get("allow_custom_value") or getattr(component, "__name__", "") == EDITABLE:
        return None
    return [choice[-1] if isinstance(choice, tuple) else choice for choice in choices]


def check_known(
    field: str, value: object, known: Collection, allowed: str | None = None, may_lack: bool = False
) -> None:
    """Raises `InvalidInput` for a name that is not among the known ones."""
    if may_lack and value in (None, ""):
        return
    if isinstance(value, list | dict) or value not in known:
        raise InvalidInput(field, value, allowed or names_of(known), Text("is not available"))


def names_of(known: Collection) -> str:
    """The known names for use in `allowed`."""
    return named_list([str(name) for name in known], most=40)


def check_whole(value: Any, field: str, lowest: float, highest: float) -> None:
    """Raises `InvalidInput` for what is no whole number within these bounds."""
    bounds = _bounds(Text("whole numbers"), lowest, highest)
    if not _is_number(value) or not math.isfinite(value) or value != int(value):
        raise InvalidInput(field, value, bounds, Text("is no whole number"))
    _within(field, value, lowest, highest, bounds)


def check_between(field: str, value: Any, lowest: float | None = None, highest: float | None = None) -> None:
    """Raises `InvalidInput` for what is no finite number within these bounds."""
    low, high = (-math.inf if lowest is None else lowest), (math.inf if highest is None else highest)
    bounds = _bounds(Text("numbers"), low, high)
    if not _is_number(value) or not math.isfinite(value):
        raise InvalidInput(field, value, bounds, Text("is no number"))
    _within(field, value, low, high, bounds)


def _within(field: str, value: Any, lowest: float, highest: float, bounds: str) -> None:
    if value < lowest:
        raise InvalidInput(field, value, bounds, Text("is too small"))
    if value > highest:
        raise InvalidInput(field, value, bounds, Text("is too large"))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounds(kind: Text, lowest: float, highest: float) -> Text:
    if math.isinf(lowest) and math.isinf(highest):
        return kind
    if math.isinf(highest):
        return Text("{kind} from {lowest}", kind=kind, lowest=lowest)
    return Text("{kind} from {lowest} to {highest}", kind=kind, lowest=lowest, highest=highest)
