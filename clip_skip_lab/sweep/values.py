"""Reading values as people write them: `1-12`, `1-12 (+2)`, `1-12 [5]`, `1, 2, 5`.

The syntax is that of the host's X/Y/Z plot (scripts/xyz_grid.py in AUTOMATIC1111 v1.10.1), with its gaps closed:
a range that would be empty, a step of zero and a value that is no number are errors with a sentence, a falling
range with a negative step reaches its end, and a float range never overshoots it.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable
from io import StringIO

from .errors import InvalidInput

MOST_VALUES = 1_000
"""The most values on one axis. A slip such as `1-1000000` shall not fill the memory before anything is checked."""

_NUMBER = r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+"
_RANGE = re.compile(
    rf"(?P<first>{_NUMBER})\s*-\s*(?P<last>{_NUMBER})"
    rf"(?:\s*\(\s*(?P<step>{_NUMBER})\s*\)|\s*\[\s*(?P<count>\d+)\s*\])?"
)
_LOOKS_LIKE_RANGE = re.compile(rf"(?:{_NUMBER})?\s*-\s*(?:{_NUMBER})?.*")

AVERAGE = re.compile(r"avg\s*(?P<first>\d{1,9})\s*-\s*(?P<last>\d{1,9})", re.IGNORECASE)
"""The average of whole layers, as text."""

RANGES = "ranges such as 1-12, 1-12 (+2) or 1-12 [5], separated by commas"
ALLOWED = {int: f"whole numbers and {RANGES}", float: f"numbers and {RANGES}"}


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated list, as CSV: quotes keep a comma inside a value. Empty parts are left out.

    Raises `ValueError` for text that is no such list, such as one part of more than 131072 characters.
    """
    # newline="" because csv does not take a lone carriage return otherwise.
    rows = csv.reader(StringIO(text, newline=""), skipinitialspace=True)
    try:
        return [part.strip() for row in rows for part in row if part.strip()]
    except csv.Error as error:
        raise ValueError(f"is not a list separated by commas ({error})") from error


def join_list(values: Iterable[object]) -> str:
    """The inverse of `split_list`: one line of CSV."""
    line = StringIO(newline="")
    csv.writer(line).writerow(list(values))
    return line.getvalue().removesuffix("\r\n")


def unique(values: Iterable) -> list:
    """The values without repetitions, in the order of their first appearance."""
    return list(dict.fromkeys(values))


def read_numbers(
    source: object,
    field: str,
    number: type,
    allowed: str | None = None,
    fits: Callable[[object], bool] = lambda value: True,
) -> list:
    """Reads numbers from text in range syntax, from a number, or from a list of numbers and texts.

    Args:
        source: a string, a number, or a list of numbers and strings.
        field: the name of the input, for the error's sentence.
        number: `int` or `float`.
        allowed: what is allowed, for the error's sentence.
        fits: whether a value is within bounds; asked for the ends of a range before it is expanded.

    Returns the values in the order given, repetitions removed.

    Raises `InvalidInput` for anything that is not such a number or does not fit.
    """
    allowed = allowed or ALLOWED[number]

    def refuse(part: object, problem: str) -> InvalidInput:
        return InvalidInput(field, part, allowed, problem)

    parts = _parts(source, field, allowed)
    values: list = []
    for part in parts:
        try:
            found = _read_part(part, number, fits)
        except _Unusable as error:
            raise refuse(part, str(error)) from error
        values += found
        if len(values) > MOST_VALUES:
            raise InvalidInput(field, source, f"at most {MOST_VALUES} values", "is too long")
    if not values:
        raise refuse("", "is empty")
    return unique(values)


def _parts(source: object, field: str, allowed: str) -> list | tuple:
    if not isinstance(source, str):
        return source if isinstance(source, list | tuple) else [source]
    try:
        return split_list(source)
    except ValueError as error:
        raise InvalidInput(field, source, allowed, str(error)) from error


class _Unusable(Exception):
    """Says what is the matter with a part of the input, as the middle of a sentence."""


def _read_part(part: object, number: type, fits: Callable[[object], bool]) -> list:
    if not isinstance(part, str):
        return [_fitting(_plain_number(part, number), fits)]
    text = part.strip()
    found = _RANGE.fullmatch(text)
    if found is None:
        return [_fitting(_from_text(text, number), fits)]
    first, last = (_fitting(_from_text(found[end], number), fits, " in it") for end in ("first", "last"))
    if found["count"] is not None:
        return _spread(first, last, int(found["count"]), number)
    step = _from_text(found["step"], number) if found["step"] else number(1)
    return _stepped(first, last, step)


def _fitting(value: object, fits: Callable[[object], bool], where: str = "") -> object:
    if not fits(value):
        raise _Unusable(f"has {value} in it, which is out of range" if where else "is out of range")
    return value


def _plain_number(value: object, number: type) -> object:
    # bool is an int to Python, and the hosts take `true` for 1 without a word.
    kinds = (int,) if number is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise _Unusable("is not a whole number" if number is int else "is not a number")
    try:
        converted = number(value)
    except OverflowError as error:
        raise _Unusable("is out of range") from error
    if number is float and not math.isfinite(converted):
        raise _Unusable("is not a number")
    return converted


def _from_text(text: str, number: type) -> object:
    if number is int and re.fullmatch(r"[+-]?\d{1,30}", text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _Unusable("is not a complete range" if _LOOKS_LIKE_RANGE.fullmatch(text) else "is not a number")
    if number is int:
        raise _Unusable("is not a whole number")
    return value


def _spread(first, last, count: int, number: type) -> list:
    """`count` values evenly from first to last; whole numbers are cut, as the host does."""
    if not 1 <= count <= MOST_VALUES:
        raise _Unusable(f"has a count in its brackets that is not from 1 to {MOST_VALUES}")
    if count == 1:
        return [first]
    return [number(first + (last - first) * i / (count - 1)) for i in range(count)]


def _stepped(first, last, step) -> list:
    if step == 0:
        raise _Unusable("has a step of 0")
    if (last - first) * step < 0:
        turned = f"{last}-{first}" if step > 0 else f"{first}-{last} ({-step:+})"
        raise _Unusable(f"is an empty range (perhaps {turned} was meant)")
    length = (last - first) / step
    if length >= MOST_VALUES:  # infinite too, for a tiny step
        raise _Unusable(f"is more than {MOST_VALUES} values long")
    # A hair is added so that 0.1 + 0.2 does not lose the range's own end.
    count = math.floor(length + 1e-9) + 1
    if isinstance(first, int) and isinstance(step, int):
        return [first + i * step for i in range(count)]
    return [round(first + i * step, 9) for i in range(count)]


def read_clip_skip(source: object, highest: int | None, field: str = "Clip skip values") -> list[int | float | str]:
    """The clip skip values of a sweep, from 1 (the last layer) to `highest` (the first one; None: not known).

    Whole numbers come back as `int`. A part with a decimal point may give fractions: 1.5 is halfway between the last
    layer and the one before, `1-2 (+0.5)` is 1, 1.5, 2, and `1.0-2.0 [5]` is 1, 1.25, 1.5, 1.75, 2. The average of
    whole layers is a text, `avg 2-4`.

    Nothing is clamped: the hosts take 0 and −1 for 1 without a word, and give the raw embeddings for 13 of 12.
    """
    bounds = "from 1" if highest is None else f"from 1 to {highest}"
    allowed = f"numbers {bounds}, fractions such as 1.5, averages such as avg 2-4, and {RANGES}"
    parts = _parts(source, field, allowed)
    values: list[int | float | str] = []

    def fits(value: object) -> bool:
        return _is_layer(value, highest)

    for part in parts:
        average = AVERAGE.fullmatch(part.strip()) if isinstance(part, str) else None
        if average is not None:
            values.append(_read_average(average, part, highest, field, allowed))
        else:
            number = float if isinstance(part, float) or (isinstance(part, str) and "." in part) else int
            found = read_numbers([part], field, number, allowed, fits)
            values += [int(value) if value == int(value) else value for value in found]
        if len(values) > MOST_VALUES:
            raise InvalidInput(field, source, f"at most {MOST_VALUES} values", "is too long")
    if not values:
        raise InvalidInput(field, "", allowed, "is empty")
    return unique(values)


def _is_layer(value: object, highest: int | None) -> bool:
    return value >= 1 and (highest is None or value <= highest)


def _read_average(found: re.Match, part: str, highest: int | None, field: str, allowed: str) -> str:
    first, last = int(found["first"]), int(found["last"])
    if not (_is_layer(first, highest) and _is_layer(last, highest)):
        raise InvalidInput(field, part, allowed, "is out of range")
    if first >= last:
        raise InvalidInput(field, part, allowed, "does not go from a smaller to a larger number")
    return f"avg {first}-{last}"
