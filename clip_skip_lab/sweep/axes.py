"""An axis of a sweep beside clip skip: what it is called, and how its values are read and shown.

An `Axis` is a record that the host adapter makes from the host's own X/Y/Z axis; applying a value to a generation
stays with the host. What is here is pure: text in, checked values out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from ..errors import InvalidInput, named_list
from ..language import Text
from .values import (
    Number,
    allowed_numbers,
    half_width,
    join_list,
    parts_of,
    read_numbers,
    shown,
    split_list,
    unique,
)

AXIS_NAME = "Clip skip"
"""The axis of clip skip itself, in records, charts and on the page."""
NOTHING = "Nothing"
"""The choice that means: no such axis."""


@dataclass(frozen=True)
class Axis:
    """One of the host's axes.

    Attributes:
        label: its name, such as "CFG Scale".
        plot_label: its name in the host's X/Y/Z plot, where that is another one; it finds the axis too.
        kind: "int" and "float" take ranges; "text" takes a list; "order" takes a list and means every order of it.
        cost: how dear a change of value is, 0 to 1; dear axes are changed least often.
        seen: whether all that it does is seen in the request and in the options, as it is with the host's own.
        carried: whether the pictures of one batch can differ in it, as they can in clip skip: a seed, say.
        bounds: the lowest and the highest number that it can take, where that is known.
        choices: the values it can take, or None when it takes any.
        find: the choice that the host itself would take for another text, or None; only for choices.
        confirm: the host's own check of a whole list of values; raises when it does not like one.
        prepare: the host's own way of splitting the text, where an axis has one.
        convert: makes a value of "text" from its text, for axes with a type of their own.
        fix: makes a number definite once for the whole sweep (a random seed), or None.
        show: the label of a value in the grid.
        apply: the host's function that applies a value to a request; only the host's adapter calls it.
    """

    label: str
    kind: str = "text"
    cost: float = 0.0
    seen: bool = False
    carried: bool = False
    bounds: tuple[float, float] | None = None
    choices: Callable[[], list[str]] | None = None
    find: Callable[[str], str | None] | None = None
    confirm: Callable[[list[Any]], None] | None = None
    prepare: Callable[[str], list[Any]] | None = None
    convert: Callable[[str], object] = str
    fix: Callable[[object], object] | None = None
    show: Callable[[object], str] = str
    apply: Callable[..., None] | None = None
    plot_label: str | None = None

    def choice_names(self) -> list[str]:
        """The values that it can take at this moment, as texts; none where it takes any."""
        return [] if self.choices is None else [str(choice) for choice in self.choices()]


@dataclass(frozen=True)
class AxisValues:
    """An axis with the values that a sweep gives it. `source` is what was typed, to put it back into the panel; where
    random values were drawn, it is those."""

    axis: Axis
    values: tuple[Any, ...]
    source: str

    @property
    def labels(self) -> tuple[str, ...]:
        """What the grid says beside each value."""
        return tuple(shown(self.axis.show(value)) for value in self.values)


def find_axis(label: object, axes: list[Axis], field: str) -> Axis | None:
    """The axis of that name (letter case does not matter), or None for nothing. Raises `InvalidInput`."""
    if label is None or label == "" or (isinstance(label, str) and label.casefold() == NOTHING.casefold()):
        return None
    if isinstance(label, str):
        wanted = label.strip().casefold()
        for axis in axes:
            if wanted in (axis.label.casefold(), (axis.plot_label or axis.label).casefold()):
                return axis
    names = [axis.label for axis in axes]
    allowed = Text("{before}, {item}", before=NOTHING, item=named_list(names, most=60))
    raise InvalidInput(field, label, allowed, Text("is not an axis here"))


def read_axis_values(axis: Axis, source: object, field: str) -> AxisValues:
    """Reads the values of one axis from text, or from a list as API clients and multi-select inputs give it.

    Raises `InvalidInput` with the field, the value and what is allowed; also for what the host's own check refuses.
    """
    if source is None or source == "" or source == []:
        raise _empty(axis, field)
    if isinstance(source, dict) or (isinstance(source, bool) and axis.choices is None):
        raise InvalidInput(field, source, _what_it_takes(axis), Text("is not a list of values"))
    if axis.kind in ("int", "float"):
        values, typed = _numbers(axis, source, field)
    elif axis.kind == "order":
        values, typed = _orders(axis, source, field)
    else:
        texts = unique(_choices(axis, _texts(axis, source, field), field))
        # Choices as the host spells them: the panel's list of choices takes nothing else.
        typed = source if isinstance(source, str) and axis.choices is None else join_list(texts)
        values = [_convert(axis, text, field) for text in texts]
    confirm = axis.confirm
    if confirm is not None:
        _ask(lambda: confirm(values), axis, typed, field, Text("is refused by the WebUI"))
    return AxisValues(axis, tuple(values), typed)


def _empty(axis: Axis, field: str) -> InvalidInput:
    return InvalidInput(field, "", _what_it_takes(axis), Text("is empty, and {axis} needs values", axis=axis.label))


def _ask(question: Callable[[], Any], axis: Axis, given: object, field: str, problem: Text) -> Any:
    """The answer of the host or of another extension, which raise whatever they like."""
    try:
        return question()
    except InvalidInput as error:  # one of ours, which does not know at which field the axis stands
        raise InvalidInput(field, error.value, error.allowed, error.problem) from error
    except Exception as error:
        said = Text("{problem} ({error})", problem=problem, error=error)
        raise InvalidInput(field, given, _what_it_takes(axis), said) from error


def _numbers(axis: Axis, source: object, field: str) -> tuple[list[Any], str]:
    """The numbers, random ones drawn, and the text that gives the same ones again."""
    lowest, highest = axis.bounds or (-math.inf, math.inf)
    drawn = []

    def definite(value: object) -> object:
        fixed = value if axis.fix is None else axis.fix(value)
        if fixed != value:
            drawn.append(fixed)
        return fixed

    number: Number = int if axis.kind == "int" else float
    values = read_numbers(
        source, field, number, _what_it_takes(axis), lambda value: lowest <= value <= highest, definite
    )
    return values, source if isinstance(source, str) and not drawn else join_list(values)


def _texts(axis: Axis, source: object, field: str) -> list[Any]:
    """The texts of what was given; at least one is not empty.

    One of several may be empty, for Prompt S/R can replace by nothing. Between choices that would be a slip.
    """
    if isinstance(source, str) and axis.prepare is not None:
        prepare = axis.prepare
        problem = Text("cannot be read")
        parts = parts_of(source, field, lambda text: _ask(lambda: prepare(text), axis, text, field, problem))
    else:
        parts = parts_of(source, field)
        for part in parts:
            if not _is_text(axis, part):
                raise InvalidInput(field, part, _what_it_takes(axis), Text("is not text"))
        parts = [str(part) for part in parts]
        if isinstance(source, str) and (axis.choices is not None or axis.kind == "order"):
            parts = [part for part in parts if part]
    if not any(str(part).strip() for part in parts):
        raise _empty(axis, field)
    return parts


def _is_text(axis: Axis, part: object) -> bool:
    """Whether a value from a list is a text, or a number that can stand for one; `true` can among choices, where the
    host has "True"."""
    if isinstance(part, bool):
        return axis.choices is not None
    return isinstance(part, str | int) or (isinstance(part, float) and math.isfinite(part))


def _orders(axis: Axis, source: object, field: str) -> tuple[list[tuple[Any, ...]], str]:
    """Every order of the parts in a text or list; or the orders themselves, as a written plan holds them. Beside them
    the parts as a text."""
    orders = parts_of(source, field) if isinstance(source, list | tuple) else []
    if orders and all(isinstance(order, list | tuple) and order for order in orders):
        found = unique(tuple(_few(axis, order, field)) for order in orders)
        return found, join_list(found[0])
    parts = _few(axis, source, field)
    return list(permutations(parts)), source if isinstance(source, str) else join_list(parts)


def _few(axis: Axis, source: object, field: str) -> list[Any]:
    parts = unique(_texts(axis, source, field))
    if len(parts) > 6:
        problem = Text("has {count} parts", count=len(parts))
        raise InvalidInput(field, source, Text("at most 6 parts (720 orders)"), problem)
    return [_convert(axis, part, field) for part in parts]


def _choices(axis: Axis, texts: list[Any], field: str) -> list[Any]:
    """The choices as the host spells them. Where the host has a check of its own, that one decides on strangers."""
    if axis.choices is None:
        return texts
    choices = axis.choice_names()
    by_name = {choice.casefold(): choice for choice in reversed(choices)}
    found = []
    for text in texts:
        named = by_name.get(str(text).casefold()) or by_name.get(half_width(str(text)).casefold())
        if named is None and axis.confirm is None:
            raise InvalidInput(field, text, named_list(choices), Text("is not a value of {axis}", axis=axis.label))
        found.append(text if named is None else named)
    return found


def _convert(axis: Axis, text: str, field: str) -> object:
    return _ask(lambda: axis.convert(text), axis, text, field, Text("is not a value of {axis}", axis=axis.label))


def _what_it_takes(axis: Axis) -> str:
    if axis.choices is not None:
        return named_list(axis.choice_names())
    if axis.kind in ("int", "float"):
        return allowed_numbers(int if axis.kind == "int" else float, axis.bounds)
    return Text("texts separated by commas")


def paste_values(axis: Axis, text: str) -> tuple[list[str], list[str]]:
    """What the values in an infotext are now, for an axis that has choices: all choices, and those that are meant.

    A value that is gone stays among both as the text that it is, so that the error can name it.
    """
    choices = axis.choice_names()
    given = [part for part in split_list(text) if part]
    found = [part if part in choices or axis.find is None else axis.find(part) or part for part in given]
    return unique([*choices, *found]), unique(found)
