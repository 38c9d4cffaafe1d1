"""How far a probing is and what it found, as the tab shows it."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.language import Text
from clip_skip_lab.probe.answer import Answer, Row
from clip_skip_lab.probe.question import Progress
from clip_skip_lab.ui.answer_html import answer_html, problem_html, progress_html

ROWS = (
    Row(1, 0.02, 12.34, 5.0, 20.0, 16),
    Row(2, 0.0178, 0.0, 0.0, 0.0, 1200),
    Row(3, 0.03, 1.0, -100.0, math.inf, 2),
)
LEFT_OUT = Text("{name} is left out: it is the same as {same}.", name="<b>.png", same="a.png")


def answer(sentences, rows=ROWS, left_out=()):
    return Answer(None, (2, 3), rows, 32, 0, 0.0, {}, sentences, left_out=left_out)


def test_the_first_sentence_stands_out_and_each_reason_to_leave_out_is_said_once_and_escaped():
    said = answer_html(answer((Text("a < b"), Text("more")), left_out=(LEFT_OUT,)), [LEFT_OUT], "en")
    assert said.startswith('<p class="clip-skip-lab-answer" role="status">a &lt; b</p><p>more</p>')
    assert said.count("&lt;b&gt;.png is left out") == 1
    assert said.count("role=") == 1


def test_each_clip_skip_has_a_row_the_best_one_is_marked_and_too_few_pictures_have_no_interval():
    rows = re.findall(r"<tr.*?</tr>", answer_html(answer((Text("x"),)), [], "en"))
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert cells == [
        ["Clip skip", "Worse by", "Interval", "Prediction error", "Images"],
        ["1", "12.3 %", "5.0 – 20.0 %", "0.0200", "16"],
        ["2", "–", "–", "0.0178", "1,200"],
        ["3", "1.0 %", "–", "0.0300", "2"],
    ]
    assert ["best" in row for row in rows] == [False, False, True, False]


def test_an_answer_of_nothing_is_a_sentence_without_a_table():
    assert answer_html(answer((), rows=()), [], "en") == (
        '<p class="clip-skip-lab-answer" role="status">Undecided: nothing was measured.</p>'
    )


@given(st.floats(-1, 2), st.none() | st.floats(0, 1e6))
def test_the_bar_is_never_outside_its_bounds(share, left):
    said = progress_html(Progress(share, 1.0, left, Text("drawing image {n} of {of}", n=1, of=2)), "en")
    (width,) = re.findall(r"width: (-?\d+)%", said)
    assert 0 <= int(width) <= 100
    assert "<p>Drawing image 1 of 2</p>" in said
    assert ("left" in said) == (left is not None)


@pytest.mark.parametrize(
    ("left", "english", "japanese"),
    [
        (0.2, "at most 1 second left", "残り最大 1 秒"),
        (59.6, "at most 60 seconds left", "残り最大 60 秒"),
        (600, "at most 10 minutes left", "残り最大 10 分"),
    ],
)
def test_the_time_that_is_left_is_told_in_both_languages(left, english, japanese):
    progress = Progress(0.5, 1.0, left, Text("x"))
    assert f"50 %, {english}" in progress_html(progress, "en")
    assert f"50 %、{japanese}" in progress_html(progress, "ja")


def test_what_is_wrong_is_told_at_once_and_escaped():
    assert problem_html("<i>") == '<p class="clip-skip-lab-problem" role="alert">&lt;i&gt;</p>'
