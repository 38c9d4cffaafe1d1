"""The chart of an answer of a checkpoint's weights."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.probe.answer import Answer, Row
from clip_skip_lab.probe.chart import answer_chart

GREEN, ORANGE, BLUE = (0, 158, 115), (213, 94, 0), (0, 114, 178)
WORSE = {1: 7.2, 2: 0.0, 3: 3.1, 4: 9.0}
ROWS = tuple(Row(value, 0.2, by, max(0, by - 1), by + 1 if by else 0, 32) for value, by in WORSE.items())


def answer(clip_skip, candidates, rows=ROWS):
    return Answer(clip_skip, candidates, rows, 32, 0, 0.0, {}, ())


def amount(picture, colour):
    """How many of its pixels have this colour."""
    return int((np.asarray(picture.convert("RGB")) == colour).all(axis=-1).sum())


def test_the_decided_value_is_marked_and_those_that_are_not_told_apart():
    decided, undecided = answer_chart(answer(2, (2,)), "en"), answer_chart(answer(None, (2, 3)), "en")
    assert decided.size == undecided.size == (900, 500)
    assert amount(decided, GREEN) > 100 and amount(decided, ORANGE) == 0
    assert amount(undecided, GREEN) == 0 and amount(undecided, ORANGE) > 100
    assert amount(decided, BLUE) > amount(undecided, BLUE) > 100


def test_it_speaks_the_language_of_the_page_where_a_font_has_its_letters(monkeypatch):
    pictures = []
    for can in (True, False):
        monkeypatch.setattr("clip_skip_lab.probe.chart.can_write", lambda text, font, can=can: can or text.isascii())
        pictures.append(np.asarray(answer_chart(answer(2, (2,)), "ja")))
    english = np.asarray(answer_chart(answer(2, (2,)), "en"))
    assert np.array_equal(pictures[1], english)
    assert not np.array_equal(pictures[0], english)


def test_nothing_measured_gives_no_chart():
    assert answer_chart(answer(None, (), ()), "en") is None


numbers = st.floats(0, 1e4)
ends = numbers | st.just(math.inf)
rows = st.lists(
    st.builds(Row, st.integers(1, 32), numbers, numbers, ends.map(lambda end: -end), ends, st.integers(0, 99)),
    min_size=1,
    max_size=32,
    unique_by=lambda row: row.clip_skip,
)


@settings(max_examples=15, deadline=None)
@given(rows)
def test_whatever_was_measured_can_be_drawn(rows):
    rows = tuple(sorted(rows, key=lambda row: row.clip_skip))
    best = min(rows, key=lambda row: row.worse_by).clip_skip
    assert amount(answer_chart(answer(None, (best,), rows), "en"), ORANGE) > 0
