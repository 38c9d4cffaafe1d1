"""Lists of values written as text: quotes, commas, blanks."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.sweep.values import (
    join_list,
    shown,
    split_list,
)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_a_list_survives_being_written_and_read(parts):
    assert split_list(join_list(parts)) == parts


def test_a_quoted_comma_stays_within_its_value():
    assert split_list('a, "b, c", d') == ["a", "b, c", "d"]


@given(st.lists(st.text(alphabet='ab ,，、"\n\r\t', max_size=6), max_size=6))
def test_quoted_names_with_commas_survive_being_written_and_read(parts):
    assert split_list(join_list(parts)) == parts


@given(st.text(alphabet='ab ,"\n', max_size=20))
def test_a_list_is_read_as_csv_reads_it(text):
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        theirs = [part.strip() for row in rows for part in row]
    except csv.Error:
        return
    assert [part.strip() for part in split_list(text) if part.strip()] == [part for part in theirs if part]


def test_the_commas_of_a_japanese_keyboard_separate_values_unless_they_are_quoted():
    assert split_list("red，blue、 green") == ["red", "blue", "green"]
    assert split_list('"red、blue", green') == ["red、blue", "green"]
    assert join_list(["red、blue", "green"]) == '"red、blue",green'


def test_blanks_that_mean_something_are_kept_by_quotes():
    assert split_list('red, " blue", ') == ["red", " blue", ""]
    assert join_list(["red", " blue", ""]) == 'red," blue",""'
    assert [shown(value) for value in ("red", " blue", "", 2)] == ["red", '" blue"', "(nothing)", "2"]
