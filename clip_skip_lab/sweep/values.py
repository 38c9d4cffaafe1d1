"""Reading values as people write them: `1-12`, `1-12 (+2)`, `1-12 [5]`, `1, 2, 5`, and `１～１２` in full width.

The syntax is that of the host's X/Y/Z plot (scripts/xyz_grid.py in AUTOMATIC1111 v1.10.1), with its gaps closed:
a range that would be empty, a step of zero and a value that is no number are errors with a sentence, a falling
range goes downwards and reaches its end, and a float range never overshoots it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from ..errors import COMMAS, InvalidInput, quoted
from ..language import Text

MOST_VALUES = 1_000
"""The most values on one axis. A slip such as `1-1000000` shall not fill the memory before anything is checked."""
Value = int | float | str
"""A clip skip: 2, 1.5, "avg 2-4", or the schedule "[2:1:0.5]"."""
Number = type[int] | type[float]

CLIP_SKIP_FIELD = Text("Clip skip values")
OUT_OF_RANGE = Text("is out of range")
NO_NUMBER, NOT_WHOLE = Text("is not a number"), Text("is not a whole number")

LONGEST_PART = 200
"""The longest part, in characters, that can be numbers. Python's own limit for a whole number is 4,300 digits."""

_NUMBER = r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+"
_RANGE = re.compile(
    rf"(?P<first>{_NUMBER})\s*-\s*(?P<last>{_NUMBER})"
    rf"(?:\s*\(\s*(?P<step>{_NUMBER})\s*\)|\s*\[\s*(?P<count>\d+)\s*\])?"
)
_ONE_NUMBER = re.compile(rf"(?:{_NUMBER})(?:[eE][+-]?\d+)?")
_LOOKS_LIKE_RANGE = re.compile(rf"(?:{_NUMBER})?\s*-\s*(?:{_NUMBER})?.*")

AVERAGE = re.compile(r"avg\s*(?P<first>\d{1,9})\s*-\s*(?P<last>\d{1,9})", re.IGNORECASE)
"""The average of whole layers, as text."""

EXAMPLE_SCHEDULE = "[2:1:0.5]"
END_OF_HIRES = 2.0
"""The largest share of the steps: those of the first pass go from 0 to 1, those of hires fix from 1 to 2."""
_STEP, _SHARE = re.compile(r"[0-9]{1,6}"), re.compile(r"[0-9]{1,6}\.[0-9]*|\.[0-9]+")

_HALF_WIDTH = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys("‐‑‒–—―−﹣ーｰ~～〜〰", "-")
    | dict.fromkeys("、､،﹐", ",")
    | dict.fromkeys("。｡", ".")
    | dict.fromkeys("「｢【〔", "[")
    | dict.fromkeys("」｣】〕", "]")
    | {"　": " "}
)
"""What input methods type for the characters of numbers and ranges, localised minus signs among them. The keys [ ] . ,
and - give 「 」 。 、 and ー on a Japanese keyboard; a range is often written with a wave."""


def reference_among(values: Iterable[Value]) -> Value | None:
    """The clip skip that others are compared with: 1 where there is one, else the first; None of none."""
    there = list(values)
    return 1 if 1 in there else there[0] if there else None


def half_width(text: str) -> str:
    """The text with the characters of numbers and ranges as a keyboard without an input method types them."""
    return text.translate(_HALF_WIDTH)


_PART = re.compile(
    rf'[^\S\r\n]*(?:"((?:[^"]+|"")*)(?:"|\Z)([^{COMMAS}\r\n]*)|([^{COMMAS}\r\n]*))([{COMMAS}]|\r\n|\r|\n|\Z)'
)


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated list, as CSV, with the commas of any keyboard (`COMMAS`). Quotes keep commas, and
    blanks at the ends of a value; an empty part is one too, an empty line is none."""
    return list(_parts_of(text))


def _parts_of(text: str) -> Iterator[str]:
    place, starts_line = 0, True
    while True:
        found = _PART.match(text, place)
        assert found is not None  # the last alternative takes anything
        inside, behind, plain, end = found.groups()
        value = plain.strip() if inside is None else inside.replace('""', '"') + behind.rstrip()
        is_last_of_line = end not in tuple(COMMAS)
        is_empty_line = starts_line and is_last_of_line and inside is None and not value
        if not is_empty_line:
            yield value
        if not end:
            return
        place, starts_line = found.end(), is_last_of_line


def join_list(values: Iterable[object]) -> str:
    """The inverse of `split_list`."""
    return ",".join(quoted(value) for value in values)


def unique(values: Iterable[Any]) -> list[Any]:
    """The values without repetitions, in the order of their first appearance."""
    return list(dict.fromkeys(values))


def parts_of(source: object, field: str, split: Callable[[str], Iterable[Any]] = _parts_of) -> list[Any]:
    """The parts of what was given: those of a text or a list, or the one value itself. They are counted before anybody
    reads them. Raises `InvalidInput` for more than `MOST_VALUES`."""
    if isinstance(source, str):
        parts: Sequence[Any] = list(islice(split(source), MOST_VALUES + 1))
    else:
        parts = source if isinstance(source, list | tuple) else [source]
    check_count(parts, source, field)
    return list(parts)


def check_count(values: Sequence[Any], source: object, field: str) -> None:
    """Raises `InvalidInput` where there are more than `MOST_VALUES` of them."""
    if len(values) > MOST_VALUES:
        allowed = Text("at most {most} values", most=MOST_VALUES)
        raise InvalidInput(field, source, allowed, Text("is too long"))


def shown(value: object) -> str:
    """A value as a label can say it: what is empty or has blanks at its ends could not be read."""
    text = str(value)
    if not text:
        return "(nothing)"
    return text if text == text.strip() else f'"{text}"'


def ranges(first: float, last: float, number: type) -> Text:
    """How ranges are written, with examples between these two, for the sentence of an error."""
    length = last - first
    step = 2 if length >= 4 else number(1) if number is int or length > 1 else length / 4
    count = 5 if number is float or length >= 4 else int(length) + 1
    return Text(
        "ranges such as {span}, {span} (+{step}) or {span} [{count}], separated by commas",
        span=f"{first:g}-{last:g}",
        step=f"{step:g}",
        count=count,
    )


def allowed_numbers(number: type, bounds: tuple[float, float] | None = None) -> Text:
    """What an input takes that wants numbers, for the sentence of an error; the examples are within the bounds."""
    what = Text("whole numbers") if number is int else Text("numbers")
    if bounds is None:
        return Text("{numbers} and {ranges}", numbers=what, ranges=ranges(1, 12, number))
    lowest, highest = bounds
    first = max(1, lowest) if highest > 1 else lowest
    return Text(
        "{numbers} from {lowest} to {highest} and {ranges}",
        numbers=what,
        lowest=lowest,
        highest=highest,
        ranges=ranges(first, min(first + 11, highest), number),
    )


def read_numbers(
    source: object,
    field: str,
    number: Number,
    allowed: str | None = None,
    fits: Callable[[float], bool] = lambda value: True,
    each: Callable[[object], object] = lambda value: value,
) -> list[Any]:
    """Reads numbers from text in range syntax, from a number, or from a list of numbers and texts.

    Args:
        source: a string, a number, or a list of numbers and strings.
        field: the name of the input, for the error's sentence.
        number: `int` or `float`.
        allowed: what is allowed, for the error's sentence.
        fits: whether a value is within bounds; asked for the ends of a range before it is expanded.
        each: makes a value definite, before repetitions go: three random seeds are three.

    Returns the values in the order given, repetitions removed.

    Raises `InvalidInput` for anything that is not such a number or does not fit.
    """
    allowed = allowed or allowed_numbers(number)
    values: list[float] = []
    for part in number_parts(source, field, allowed):
        try:
            values += _read_part(part, number, fits)
        except _Unusable as error:
            raise InvalidInput(field, part, allowed, error.problem) from error
        check_count(values, source, field)
    return unique(each(value) for value in values)


def number_parts(source: object, field: str, allowed: str) -> list[Any]:
    """The parts of what was given where numbers are wanted: in half width, the empty ones left out, at least one.

    Raises `InvalidInput`.
    """
    parts = parts_of(half_width(source) if isinstance(source, str) else source, field)
    found = [half_width(part).strip() if isinstance(part, str) else part for part in parts]
    if isinstance(source, str):
        found = [part for part in found if part]
    if not found:
        raise InvalidInput(field, "", allowed, Text("is empty"))
    return found


class _Unusable(Exception):
    """Says what is the matter with a part of the input, as the middle of a sentence."""

    def __init__(self, problem: Text):
        super().__init__(problem)
        self.problem = problem


def _read_part(part: object, number: Number, fits: Callable[[float], bool]) -> list[float]:
    if not isinstance(part, str):
        return [_fitting(_plain_number(part, number), fits)]
    if len(part) > LONGEST_PART:
        raise _Unusable(Text("is too long for a number"))
    found = _RANGE.fullmatch(part)
    if found is None:
        return [_fitting(_from_text(part, number), fits)]
    first, last = (_fitting(_from_text(found[end], number), fits, is_end=True) for end in ("first", "last"))
    if found["count"] is not None:
        return _spread(first, last, int(found["count"]), number)
    step = _from_text(found["step"] or "1", number)
    has_sign = found["step"] is not None and found["step"][0] in "+-"
    return _stepped(first, last, step if has_sign or first <= last else -step)


def _fitting(value: float, fits: Callable[[float], bool], is_end: bool = False) -> float:
    if fits(value):
        return value
    raise _Unusable(Text("contains {value}, which is out of range", value=value) if is_end else OUT_OF_RANGE)


def _plain_number(value: object, number: Number) -> float:
    # bool is an int to Python, and the hosts take `true` for 1 without a word.
    if not isinstance(value, int | float) or isinstance(value, bool) or (number is int and isinstance(value, float)):
        raise _Unusable(NOT_WHOLE if number is int else NO_NUMBER)
    try:
        converted = number(value)
    except OverflowError as error:
        raise _Unusable(OUT_OF_RANGE) from error
    if number is float and not math.isfinite(converted):
        raise _Unusable(NO_NUMBER)
    return converted


def _from_text(text: str, number: Number) -> float:
    if number is int and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if not _ONE_NUMBER.fullmatch(text):
        raise _Unusable(Text("is not a complete range") if _LOOKS_LIKE_RANGE.fullmatch(text) else NO_NUMBER)
    if number is int:
        raise _Unusable(NOT_WHOLE)
    if not math.isfinite(float(text)):
        raise _Unusable(OUT_OF_RANGE)
    return float(text)


def _spread(first: float, last: float, count: int, number: Number) -> list[float]:
    """`count` values evenly from first to last; whole numbers are cut, as the host does."""
    if not 1 <= count <= MOST_VALUES:
        raise _Unusable(Text("has a count in brackets that is not from 1 to {most}", most=MOST_VALUES))
    if count == 1:
        return [first]
    return [number(first + (last - first) * i / (count - 1)) for i in range(count)]


def _stepped(first: float, last: float, step: float) -> list[float]:
    if step == 0:
        raise _Unusable(Text("has a step of 0"))
    if (last - first) * step < 0:
        other = f"{first}-{last} ({-step:+})"
        raise _Unusable(Text("is an empty range (did you mean {other}?)", other=other))
    length = (last - first) / step
    if length >= MOST_VALUES:  # infinite too, for a tiny step
        raise _Unusable(Text("is a range of more than {most} values", most=MOST_VALUES))
    # A hair is added so that 0.1 + 0.2 does not lose the range's own end.
    count = math.floor(length + 1e-9) + 1
    if isinstance(first, int) and isinstance(step, int):
        return [first + i * step for i in range(count)]
    return [round(first + i * step, 9) for i in range(count)]


def allowed_clip_skip(highest: int | None, several: bool = True) -> str:
    """What an input takes that wants clip skip values, or only one; with examples that it does take."""
    top = 12 if highest is None else min(12, highest)
    bounds = Text("from 1") if highest is None else Text("from 1 to {highest}", highest=highest)
    if top < 2:
        return "1"
    examples = {"average": f"avg {min(2, top - 1)}-{min(4, top)}", "schedule": EXAMPLE_SCHEDULE}
    if several:
        return Text(
            "numbers {bounds}, fractions such as 1.5, averages such as {average}, schedules such as {schedule}, and "
            "{ranges}",
            bounds=bounds,
            ranges=ranges(1, top, int),
            **examples,
        )
    return Text(
        "one number {bounds}, such as 2 or 1.5, an average such as {average}, or a schedule such as {schedule}",
        bounds=bounds,
        **examples,
    )


def read_clip_skip(source: object, highest: int | None, field: str = CLIP_SKIP_FIELD) -> list[Value]:
    """The clip skip values of a sweep, from 1 (the last layer) to `highest` (the first one; None: not known).

    Whole numbers come back as `int`. A part with a decimal point may give fractions: 1.5 is halfway between the last
    layer and the one before, `1-2 (+0.5)` is 1, 1.5, 2, and `1.0-2.0 [5]` is 1, 1.25, 1.5, 1.75, 2. The average of
    whole layers is a text, `avg 2-4`, and so is a schedule over the steps, `[2:1:0.5]` (sweep/schedule.py).

    Nothing is clamped: the hosts take 0 and −1 for 1 without a word, and give the raw embeddings for 13 of 12.
    """
    return read_layers(source, highest, field, allowed_clip_skip(highest))


def read_layers(source: object, highest: int | None, field: str, allowed: str) -> list[Value]:
    """`read_clip_skip` with other words for what is allowed."""
    values: list[Value] = []

    def fits(value: float) -> bool:
        return _is_layer(value, highest)

    for part in number_parts(source, field, allowed):
        average = AVERAGE.fullmatch(part) if isinstance(part, str) else None
        if average is not None:
            values.append(_read_average(average, part, highest, field, allowed))
        elif is_schedule(part):
            values.append(_read_schedule(part, highest, field, allowed))
        else:
            number: Number = float if isinstance(part, float) or (isinstance(part, str) and "." in part) else int
            found = read_numbers([part], field, number, allowed, fits)
            values += [int(value) if value == int(value) else value for value in found]
        check_count(values, source, field)
    return unique(values)


def _is_layer(value: float, highest: int | None) -> bool:
    return value >= 1 and (highest is None or value <= highest)


def _read_average(found: re.Match[str], part: str, highest: int | None, field: str, allowed: str) -> str:
    first, last = int(found["first"]), int(found["last"])
    if not (_is_layer(first, highest) and _is_layer(last, highest)):
        raise InvalidInput(field, part, allowed, OUT_OF_RANGE)
    if first >= last:
        raise InvalidInput(field, part, allowed, Text("does not go from a smaller to a larger number"))
    return f"avg {first}-{last}"


def is_schedule(value: object) -> bool:
    """Whether a value that was read is a schedule, and whether a text can only be meant as one."""
    return isinstance(value, str) and value.startswith("[")


def schedule_parts(text: str) -> list[str]:
    """The parts of a schedule: the value, the next one, which both may be schedules too, and when that takes over.

    Of a text that is no schedule there may be any number, and of one with unequal brackets there are none.
    """
    parts, depth = [""], 0
    for letter in text[1:-1]:
        depth += (letter == "[") - (letter == "]")
        if depth < 0:
            return []
        if letter == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts] if text.endswith("]") and depth == 0 else []


def _read_schedule(text: str, highest: int | None, field: str, allowed: str) -> str:
    if len(text) > LONGEST_PART:
        raise InvalidInput(field, text, allowed, Text("is too long for a schedule"))
    parts = schedule_parts(text)
    if len(parts) != 3 or not all(parts):
        problem = Text("is not a complete schedule: a value, the next value, and when to switch")
        raise InvalidInput(field, text, allowed, problem)
    found: list[Value] = []
    for part in parts[:2]:
        values = read_layers(part, highest, field, allowed)
        if len(values) > 1:
            raise InvalidInput(field, part, allowed, Text("is more than one value"))
        found += values
    return f"[{found[0]}:{found[1]}:{_read_when(parts[2], text, field, allowed)}]"


def _read_when(when: str, text: str, field: str, allowed: str) -> str:
    if _STEP.fullmatch(when):
        return str(int(when))
    if not _SHARE.fullmatch(when):
        problem = Text("ends with {when}, which is neither a share of the steps nor a step", when=when)
        raise InvalidInput(field, text, allowed, problem)
    if float(when) > END_OF_HIRES:
        problem = Text("ends with {when}, which is beyond {end}, the end of Hires. fix", when=when, end=END_OF_HIRES)
        raise InvalidInput(field, text, allowed, problem)
    whole, _, rest = when.partition(".")
    return f"{int(whole or 0)}.{rest.rstrip('0') or '0'}"
