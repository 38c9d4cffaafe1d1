"""An axis of a sweep beside clip skip: what it is called, and how its values are read and shown.

An `Axis` is a record that the host adapter makes from the host's own X/Y/Z axis; applying a value to a generation
stays with the host. What is here is pure: text in, checked values out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

from .errors import InvalidInput, named_list
from .values import ALLOWED, MOST_VALUES, join_list, read_numbers, split_list, unique

NOTHING = "Nothing"
"""The choice that means: no such axis."""


@dataclass(frozen=True)
class Axis:
    """One of the host's axes.

    Attributes:
        label: its name in the host's X/Y/Z plot, such as "CFG Scale".
        kind: "int" and "float" take ranges; "text" takes a list; "order" takes a list and means every order of it.
        cost: how dear a change of value is, 0 to 1; dear axes are changed least often.
        carried: whether the pictures of one batch can differ in it, as they can in clip skip: a seed, say.
        choices: the values it can take, or None when it takes any.
        confirm: the host's own check of a whole list of values; raises when it does not like one.
        prepare: the host's own way of splitting the text, where an axis has one.
        convert: makes a value of "text" from its text, for axes with a type of their own.
        fix: makes a value definite once for the whole sweep (a random seed), or None.
        show: the label of a value in the grid.
        apply: the host's function that applies a value to a request; only the host's adapter calls it.
    """

    label: str
    kind: str = "text"
    cost: float = 0.0
    carried: bool = False
    choices: Callable[[], list[str]] | None = None
    confirm: Callable[[list], None] | None = None
    prepare: Callable[[str], list] | None = None
    convert: Callable[[str], object] = str
    fix: Callable[[object], object] | None = None
    show: Callable[[object], str] = str
    apply: Callable[..., None] | None = None


@dataclass(frozen=True)
class AxisValues:
    """An axis with the values that a sweep gives it. `source` is what was typed, to put it back into the panel."""

    axis: Axis
    values: tuple
    source: str

    @property
    def labels(self) -> tuple[str, ...]:
        """What the grid says beside each value."""
        return tuple(self.axis.show(value) for value in self.values)


def find_axis(label: object, axes: list[Axis], field: str) -> Axis | None:
    """The axis of that name (letter case does not matter), or None for nothing. Raises `InvalidInput`."""
    if label is None or label == "" or (isinstance(label, str) and label.casefold() == NOTHING.casefold()):
        return None
    if isinstance(label, str):
        for axis in axes:
            if axis.label.casefold() == label.strip().casefold():
                return axis
    names = [axis.label for axis in axes]
    raise InvalidInput(field, label, f"{NOTHING}, {named_list(names, most=60)}", "is not an axis here")


def read_axis_values(axis: Axis, source: object, field: str) -> AxisValues:
    """Reads the values of one axis from text, or from a list as API clients and multi-select inputs give it.

    Raises `InvalidInput` with the field, the value and what is allowed; also for what the host's own check refuses.
    """
    if source is None or source == "" or source == []:
        raise InvalidInput(field, "", _what_it_takes(axis), f"is empty, and {axis.label} needs values")
    if isinstance(source, dict) or (isinstance(source, bool) and axis.choices is None):
        raise InvalidInput(field, source, _what_it_takes(axis), "is not a list of values")
    typed = _text(source)
    if axis.kind in ("int", "float"):
        values = read_numbers(source, field, int if axis.kind == "int" else float)
    elif axis.kind == "order":
        values = _orders(axis, source, field)
    else:
        texts = [_choice(axis, text, field) for text in unique(_split(axis, source, field))]
        if axis.choices is not None:
            typed = join_list(texts)  # as the host spells them: the panel's list of choices takes nothing else
        values = [_convert(axis, text, field) for text in texts]
    if len(values) > MOST_VALUES:
        raise InvalidInput(field, source, f"at most {MOST_VALUES} values", "is too long")
    if axis.confirm is not None:
        try:
            axis.confirm(values)
        except Exception as error:  # the hosts and other extensions raise whatever they like here
            raise InvalidInput(field, typed, _what_it_takes(axis), f"is refused by the WebUI ({error})") from error
    if axis.fix is not None:
        values = [axis.fix(value) for value in values]
    return AxisValues(axis, tuple(values), typed)


def _split(axis: Axis, source: object, field: str) -> list:
    """The texts of a list; at least one is not empty (one of several may be: Prompt S/R can replace by nothing)."""
    if isinstance(source, str):
        try:
            parts = axis.prepare(source) if axis.prepare is not None else split_list(source)
        except Exception as error:  # the hosts and other extensions raise whatever they like here
            raise InvalidInput(field, source, _what_it_takes(axis), f"cannot be read ({error})") from error
    else:
        parts = [str(part) for part in (source if isinstance(source, list | tuple) else [source])]
    if not any(str(part).strip() for part in parts):
        raise InvalidInput(field, "", _what_it_takes(axis), f"is empty, and {axis.label} needs values")
    return parts


def _orders(axis: Axis, source: object, field: str) -> list[tuple]:
    """Every order of the parts in a text or list; or the orders themselves, as a written plan holds them."""
    if (
        isinstance(source, list | tuple)
        and source
        and all(isinstance(order, list | tuple) and order for order in source)
    ):
        return unique(tuple(str(part) for part in order) for order in source)
    parts = unique(_split(axis, source, field))
    if len(parts) > 6:
        raise InvalidInput(field, _text(source), "at most 6 parts (720 orders)", f"has {len(parts)} parts")
    return list(permutations(_convert(axis, part, field) for part in parts))


def _choice(axis: Axis, text: str, field: str) -> str:
    """The choice as the host spells it. Where the host has a check of its own, that one decides on strangers."""
    if axis.choices is None:
        return text
    choices = list(axis.choices())
    for choice in choices:
        if str(choice).casefold() == str(text).casefold():
            return choice
    if axis.confirm is None:
        raise InvalidInput(
            field, text, named_list([str(choice) for choice in choices]), f"is not a value of {axis.label}"
        )
    return text


def _convert(axis: Axis, text: str, field: str) -> object:
    try:
        return axis.convert(text)
    except Exception as error:  # a type of another extension
        raise InvalidInput(field, text, _what_it_takes(axis), f"is no value of {axis.label} ({error})") from error


def _what_it_takes(axis: Axis) -> str:
    if axis.choices is not None:
        return named_list([str(choice) for choice in axis.choices()])
    if axis.kind in ("int", "float"):
        return ALLOWED[int if axis.kind == "int" else float]
    return "texts separated by commas"


def _text(source: object) -> str:
    return source if isinstance(source, str) else join_list(source if isinstance(source, list | tuple) else [source])
