"""Reading values as people write them."""

import math
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput, named_list
from clip_skip_lab.sweep.values import (
    MOST_VALUES,
    allowed_clip_skip,
    allowed_numbers,
    join_list,
    read_clip_skip,
    read_numbers,
    unique,
)

FIELD = "Clip skip values"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1-12", list(range(1, 13))),
        (" 1 - 12 ", list(range(1, 13))),
        ("1-12 (+2)", [1, 3, 5, 7, 9, 11]),
        ("1-12(2)", [1, 3, 5, 7, 9, 11]),
        ("12-1 (-3)", [12, 9, 6, 3]),
        ("12-1 (-11)", [12, 1]),
        ("12-1", list(range(12, 0, -1))),
        ("12-1 (3)", [12, 9, 6, 3]),
        ("1-12 [5]", [1, 3, 6, 9, 12]),
        ("12-1 [3]", [12, 6, 1]),
        ("1-12 [1]", [1]),
        ("1-2 [5]", [1, 2]),
        ("1, 2, 5", [1, 2, 5]),
        ("5,2,,1,", [5, 2, 1]),
        ("2, 2, 1, 2", [2, 1]),
        ("3, 1-4", [3, 1, 2, 4]),
        ("7-7", [7]),
        ("+2", [2]),
        ('"3"', [3]),
        (5, [5]),
        ([1, "2", "3-4"], [1, 2, 3, 4]),
        ((12,), [12]),
    ],
)
def test_the_hosts_range_syntax(text, values):
    assert read_clip_skip(text, 12) == values


@pytest.mark.parametrize(
    ("given", "shown", "problem"),
    [
        ("0", '"0"', "is out of range"),
        ("-1", '"-1"', "is out of range"),
        ("13", '"13"', "is out of range"),
        ("14", '"14"', "is out of range"),
        ("99", '"99"', "is out of range"),
        ("0.5", '"0.5"', "is out of range"),
        ("12.5", '"12.5"', "is out of range"),
        ("1.5.2", '"1.5.2"', "is not a number"),
        ("avg 2", '"avg 2"', "is not a number"),
        ("avg 4-2", '"avg 4-2"', "does not go from a smaller to a larger number"),
        ("avg 2-13", '"avg 2-13"', "is out of range"),
        ("1e1", '"1e1"', "is not a whole number"),
        ("1-", '"1-"', "is not a complete range"),
        ("-", '"-"', "is not a complete range"),
        ("1-12 (", '"1-12 ("', "is not a complete range"),
        ("12-1 (+2)", '"12-1 (+2)"', "is an empty range (did you mean 12-1 (-2)?)"),
        ("1-12 (-2)", '"1-12 (-2)"', "is an empty range (did you mean 1-12 (+2)?)"),
        ("1-12 (0)", '"1-12 (0)"', "has a step of 0"),
        ("1-12 [0]", '"1-12 [0]"', "has a count in brackets that is not from 1 to 1000"),
        ("1-12 [100000]", '"1-12 [100000]"', "has a count in brackets that is not from 1 to 1000"),
        ("", '""', "is empty"),
        ("  ", '""', "is empty"),
        (",,", '""', "is empty"),
        ([], '""', "is empty"),
        ("two", '"two"', "is not a number"),
        ("1, two", '"two"', "is not a number"),
        ("nan", '"nan"', "is not a number"),
        ("inf", '"inf"', "is not a number"),
        ("1-1000000", '"1-1000000"', "contains 1000000, which is out of range"),
        ("0-12", '"0-12"', "contains 0, which is out of range"),
        (0, "0", "is out of range"),
        (13, "13", "is out of range"),
        (0.5, "0.5", "is out of range"),
        (True, "True", "is not a whole number"),
        (None, "None", "is not a whole number"),
        ({"a": 1}, "{'a': 1}", "is not a whole number"),
        ([[1]], "[1]", "is not a whole number"),
    ],
)
def test_bad_clip_skip_gets_a_sentence_with_field_value_and_what_is_allowed(given, shown, problem):
    with pytest.raises(InvalidInput) as caught:
        read_clip_skip(given, 12)
    allowed = (
        "numbers from 1 to 12, fractions such as 1.5, averages such as avg 2-4, "
        "schedules such as [2:1:0.5], and ranges such as 1-12, 1-12 (+2) or 1-12 [5], separated by commas"
    )
    assert str(caught.value) == f"{FIELD}: {shown} {problem}; allowed: {allowed}."
    assert caught.value.detail == str(caught.value)
    assert caught.value.status_code == 422
    assert caught.value.field == FIELD
    assert caught.value.allowed == allowed


def test_what_is_allowed_follows_the_model():
    assert read_clip_skip("1-23", 23) == list(range(1, 24))
    with pytest.raises(InvalidInput, match="from 1 to 23"):
        read_clip_skip("24", 23)


def test_a_range_far_too_long_is_refused_before_it_fills_the_memory():
    with pytest.raises(InvalidInput, match="is a range of more than 1000 values"):
        read_numbers("1-1000000", "Steps", int)
    with pytest.raises(InvalidInput, match="is a range of more than 1000 values"):
        read_numbers("1-999999999999999999999999999999", "Steps", int)
    with pytest.raises(InvalidInput, match="at most 1000 values"):
        read_numbers(", ".join(f"{n}-{n + 999}" for n in range(1, 9000, 1000)), "Steps", int)
    assert len(read_numbers(f"1-{MOST_VALUES}", "Steps", int)) == MOST_VALUES


def test_whole_numbers_too_large_for_a_float_are_refused_with_a_sentence():
    with pytest.raises(InvalidInput, match="out of range"):
        read_clip_skip([10**400], 12)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5, 7.5", [5.0, 7.5]),
        ("1-3 (+0.5)", [1.0, 1.5, 2.0, 2.5, 3.0]),
        ("0.1-0.3 (+0.1)", [0.1, 0.2, 0.3]),
        ("0-1 [5]", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("1-0 [3]", [1.0, 0.5, 0.0]),
        ("-1-1", [-1.0, 0.0, 1.0]),
        ("-3--1", [-3.0, -2.0, -1.0]),
        (".5", [0.5]),
        ("1-2.5", [1.0, 2.0]),
        ([5, "7.5"], [5.0, 7.5]),
    ],
)
def test_numbers_with_fractions(text, values):
    assert read_numbers(text, "CFG", float) == values


@pytest.mark.parametrize("bad", ["1-2 (0.0000000001)", "0-1 (." + "0" * 330 + "1)", "1-" + "9" * 308, float("nan")])
def test_bad_numbers_with_fractions(bad):
    with pytest.raises(InvalidInput):
        read_numbers(bad, "CFG", float)


@given(st.text(max_size=40))
def test_any_text_gives_numbers_or_a_sentence(text):
    try:
        values = read_clip_skip(text, 12)
    except InvalidInput as error:
        assert str(error).startswith(f"{FIELD}: ")
        assert "; allowed: numbers from 1 to 12" in str(error)
    else:
        assert values
        assert all(
            isinstance(value, int) or (isinstance(value, str) and value.startswith("avg ")) or value % 1
            for value in values
        )
        assert all(1 <= value <= 12 for value in values if not isinstance(value, str))
        assert len(set(values)) == len(values)


@given(st.text(alphabet='0123456789-+.()[], "\r\n\te', max_size=40), st.sampled_from([int, float]))
def test_anything_that_looks_like_numbers_gives_numbers_or_a_sentence(text, number):
    try:
        values = read_numbers(text, "Field", number)
    except InvalidInput:
        return
    assert 1 <= len(values) <= MOST_VALUES
    assert all(type(value) is number for value in values)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=6,
    )
)
@example(1.5)
@example(["avg 2-4", 12, 0.5])
def test_any_json_gives_numbers_or_a_sentence(source):
    try:
        values = read_clip_skip(source, 12)
    except InvalidInput as error:
        assert len(str(error)) < 500
    else:
        for value in values:
            if isinstance(value, str):
                assert re.fullmatch(r"avg \d+-\d+", value)
            else:
                assert type(value) in (int, float) and 1 <= value <= 12


@given(st.lists(st.integers(1, 12), min_size=1))
def test_a_list_reads_the_same_as_json_and_as_text(values):
    expected = unique(values)
    assert read_clip_skip(values, 12) == expected
    assert read_clip_skip(join_list(values), 12) == expected
    assert read_clip_skip(", ".join(map(str, values)), 12) == expected


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9).filter(bool))
def test_a_stepped_range_is_pythons_own_with_its_end(first, last, step):
    if (last - first) * step < 0:
        with pytest.raises(InvalidInput, match="is an empty range"):
            read_numbers(f"{first}-{last} ({step:+})", "Field", int)
    else:
        end = last + (1 if step > 0 else -1)
        assert read_numbers(f"{first}-{last} ({step:+})", "Field", int) == list(range(first, end, step))


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9))
def test_a_range_without_a_signed_step_goes_where_its_end_is(first, last, step):
    toward = 1 if last >= first else -1
    expected = list(range(first, last + toward, step * toward))
    assert read_numbers(f"{first}-{last} ({step})", "Field", int) == expected
    assert read_numbers(f"{first}-{last}", "Field", int) == list(range(first, last + toward, toward))


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(2, 40))
def test_a_spread_range_begins_and_ends_where_it_says(first, last, count):
    values = read_numbers(f"{first}-{last} [{count}]", "Field", float)
    assert values[0] == first
    assert values[-1] == last
    assert len(values) == (1 if first == last else count)


@given(st.floats(-100, 100), st.floats(0, 100), st.floats(0.11, 10))
def test_a_range_of_fractions_never_overshoots(first, length, step):
    last = round(first + length, 3)
    first, step = round(first, 3), round(step, 3)
    values = read_numbers(f"{first:.3f}-{last:.3f} ({step:+.3f})", "Field", float) if last >= first else [first]
    assert all(value <= last + 1e-8 for value in values)
    assert values[0] == first


def test_repetitions_are_removed_in_order():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_long_values_are_cut_in_the_sentence():
    error = InvalidInput("Field", "x" * 5000, "less")
    assert len(str(error)) < 300
    assert "…" in str(error)


def test_long_lists_of_what_is_allowed_are_cut_with_a_count():
    assert named_list(["a", "b"]) == "a, b"
    assert named_list([str(n) for n in range(20)], most=3) == "0, 1, 2 and 17 more"
    assert named_list([]) == "none (there are none here)"


FULL_WIDTH = {
    "１，２": [1, 2],
    "１、２、５": [1, 2, 5],
    "１､２": [1, 2],
    "1～3": [1, 2, 3],
    "1〜3": [1, 2, 3],
    "1~3": [1, 2, 3],
    "1–3": [1, 2, 3],
    "1—3": [1, 2, 3],
    "1−3": [1, 2, 3],
    "１ー３": [1, 2, 3],
    "１－３": [1, 2, 3],
    "３～１": [3, 2, 1],
    "１－１２（＋５）": [1, 6, 11],
    "１２～１（−５）": [12, 7, 2],
    "１－１２［３］": [1, 6, 12],
    "１－１２「３」": [1, 6, 12],
    "１－１２【３】": [1, 6, 12],
    "１．５，　２。５": [1.5, 2.5],
    "ａｖｇ　２～４": ["avg 2-4"],
    "１，、２": [1, 2],
}


@pytest.mark.parametrize(("text", "values"), FULL_WIDTH.items())
def test_full_width_input_reads_as_half_width(text, values):
    assert read_clip_skip(text, 12) == values


TYPED_FOR = {
    " ": " \u3000",
    ",": ",，、､",
    ".": ".．。｡",
    "-": "-－ー−–～〜",
    "[": "[［「｢【",
    "]": "]］」｣】",
    **{letter: letter + chr(ord(letter) + 0xFEE0) for letter in "0123456789():+avg"},
}
"""What a Japanese keyboard gives for a character, by input method and its mode."""

LAYERS = st.integers(1, 12)
ENDS = st.tuples(LAYERS, LAYERS).map(sorted)
NUMBER = LAYERS.map(str) | st.integers(10, 120).map(lambda tenths: f"{tenths / 10}")
AVERAGE = ENDS.filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"avg {ends[0]}-{ends[1]}")
RANGE = st.builds(
    lambda ends, behind: f"{ends[0]}-{ends[1]}{behind}", ENDS, st.sampled_from(["", " (+2)", "(3)", " [4]", " (+0.5)"])
)
SCHEDULE = st.builds("[{}:{}:{}]".format, NUMBER | AVERAGE, NUMBER | AVERAGE, st.sampled_from(["0.5", "12", "1.25"]))


def typed(text):
    """The text as it may come out of a Japanese keyboard."""
    return st.tuples(*(st.sampled_from(TYPED_FOR[letter]) for letter in text)).map("".join)


@given(
    st.lists(NUMBER | AVERAGE | RANGE | SCHEDULE, min_size=1, max_size=4)
    .map(", ".join)
    .flatmap(lambda text: st.tuples(st.just(text), typed(text)))
)
def test_any_values_read_alike_in_full_width(texts):
    def read(text):
        try:
            return read_clip_skip(text, 12)
        except InvalidInput as error:  # a fraction as the step of whole numbers
            return error.problem

    half, wide = texts
    assert read(wide) == read(half)


def test_full_width_input_in_a_list_reads_alike():
    assert read_clip_skip(["１", "３～４", "ａｖｇ２−３"], 12) == [1, 3, 4, "avg 2-3"]


def test_full_width_input_reads_on_every_axis_of_numbers():
    assert read_numbers("−１，２．５", "CFG", float) == [-1.0, 2.5]
    assert read_numbers("−１～１", "Seed", int) == [-1, 0, 1]


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("1-12 [" + "9" * 5000 + "]", int),
        ("1-12 (" + "9" * 5000 + ")", int),
        ("1-" + "9" * 5000, int),
        ("9" * 5000, int),
        ("9" * 5000, float),
        ("0." + "9" * 5000, float),
        ("-" + "9" * 5000 + "\nx", int),
        ("1e999", float),
        ("-1e999", float),
        ("inf", float),
        ("nan", float),
        ("1_000", float),
        ([float("inf")], float),
        ([float("nan")], float),
        ([10**4000], float),
        (["9" * 5000], int),
    ],
)
def test_the_length_of_a_number_is_no_error_of_pythons_own(source, number):
    with pytest.raises(InvalidInput) as caught:
        read_numbers(source, "Steps", number)
    assert len(str(caught.value)) < 500
    with pytest.raises(InvalidInput):
        read_clip_skip(source, 12)


def test_a_number_too_long_to_be_written_can_still_be_refused():
    assert "too long to be shown" in str(InvalidInput("Steps", 10**5000, "less"))
    assert "too long to be shown" in str(InvalidInput("Steps", [10**5000], "less"))


MANY = {
    "a list": ["1"] * 1_000_000,
    "a list of numbers": [1] * 1_000_000,
    "a text": "1," * 1_000_000,
    "commas only": "," * 1_000_000,
    "lines": "1\n" * 1_000_000,
    "averages": ["avg 2-4"] * 1_000_000,
    "averages as text": "avg 2-4," * 1_000_000,
    "schedules": "[2:1:0.5]," * 1_000_000,
    "one long schedule": "[" * 2_000_000,
    "ranges": "1-12," * 1_000_000,
    "one long value": "1" * 2_000_000,
    "one long quote": '"' + '""' * 1_000_000,
}


@pytest.mark.parametrize("kind", MANY)
@pytest.mark.parametrize("read", [lambda source: read_clip_skip(source, 12), lambda s: read_numbers(s, "Steps", int)])
def test_many_values_are_counted_before_they_are_read(kind, read):
    earlier = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        read(MANY[kind])
    assert time.process_time() - earlier < 1
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("highest", [1, 2, 3, 4, 5, 9, 12, 23, None])
def test_the_examples_of_the_sentence_are_values_that_would_be_taken(highest):
    words = allowed_clip_skip(highest)
    for shown_one in examples_in(words):
        assert read_clip_skip(shown_one, highest)
    alone = allowed_clip_skip(highest, several=False)
    assert "range" not in alone
    for shown_one in examples_in(alone):
        assert len(read_clip_skip(shown_one, highest)) == 1


@pytest.mark.parametrize("number", [int, float])
@pytest.mark.parametrize("bounds", [None, (0, 1), (1, 10_000), (0, 10_000), (-1, 2**63 - 1), (1, 3), (5, 7)])
def test_the_examples_for_numbers_are_within_the_bounds(number, bounds):
    lowest, highest = bounds or (-math.inf, math.inf)
    for shown_one in examples_in(allowed_numbers(number, bounds)):
        assert read_numbers(shown_one, "Field", number, fits=lambda value: lowest <= value <= highest)


def examples_in(words):
    found = re.findall(r"avg \d+-\d+|\d+-\d+(?: \(\+[\d.]+\)| \[\d+\])?|(?<=such as )[\d.]+|(?<=or )[\d.]+", words)
    return found or [words]
