"""What is said while a sweep runs: how far it is, how long it takes, and nothing twice."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.language import Text
from clip_skip_lab.many import progress
from clip_skip_lab.many.pace import Pace
from clip_skip_lab.many.progress import LOG_SECONDS, Progress, Terminal

URLS = ["http://gpu1:7860", "http://gpu2:7860"]


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, as its one item."""
    now = [1_000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_has_a_line_now_and_then_and_at_the_end(clock, capsys):
    log = Progress("en")
    log.began(Path("/sweeps/one"), 600, 0, URLS)
    for over in range(1, 601):
        clock[0] += 1
        log.cells_over(over, 600, over - over // 100, over // 100)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"Page: {Path('/sweeps/one/index.html')}", "600 cells on 2 WebUIs."]
    assert len(lines) <= 4 + 600 / LOG_SECONDS
    assert lines[-1] == "600 of 600 cells · 6 failed"
    middle = next(line for line in lines if line.startswith("301 "))
    assert middle == "301 of 600 cells · 3 failed · about 5 min left"
    assert "\x1b" not in "".join(lines)


def test_measuring_is_told_too(clock, capsys):
    log = Progress("ja")
    log.measuring(3, 24)
    log.measuring(4, 24)
    assert capsys.readouterr().out == "24 セル中 4 番目を測定中\n"


def test_a_sentence_from_elsewhere_is_one_line_that_a_terminal_can_show(capsys):
    Progress("en").said(Text("http://gpu1: {reason}", reason="a\nb\x1b[2Jc"))
    assert capsys.readouterr().out == "http://gpu1: a b [2Jc\n"


def test_a_terminal_has_a_line_for_the_whole_and_one_for_each_webui(clock, monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    screen = Screen()
    monkeypatch.setattr(progress.sys, "stdout", screen)
    with progress.progress_for("en") as shown:
        assert isinstance(shown, Terminal)
        shown.began(Path("/sweeps/one"), 24, 12, URLS)
        clock[0] += 10
        shown.cells_over(14, 24, 13, 1)
        shown.webui(URLS[0], "works")
        shown.webui(URLS[1], "lost")
        shown.said("http://gpu2:7860 [red]cannot be reached[/red].")
        shown._live.refresh()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "12 cells on 2 WebUIs." in plain
    assert "14 of 24 cells · 1 failed" in plain
    assert re.search(r"gpu1:7860 +generating", plain)
    assert re.search(r"gpu2:7860 +cannot be reached", plain)
    assert "[red]cannot be reached[/red]." in plain
    assert screen.getvalue().rstrip().endswith("\x1b[2K")  # what renewed itself is gone


# --- How long it takes ------------------------------------------------------------------------------------------------


def test_nothing_is_told_before_anything_came():
    pace = Pace(0, 0, 1)
    assert pace.left(100, 12) is None
    pace.note(100, 0)
    assert pace.left(100, 12) is None


def test_one_quick_webui_alone_does_not_foretell_the_others():
    pace = Pace(0, 0, 4)
    pace.note(1, 1)
    assert pace.left(1, 100) is None
    assert pace.left(2.5, 100) is not None


def test_the_time_goes_down_between_arrivals_and_never_below_nothing():
    pace = Pace(0, 0, 1)
    pace.note(10, 1)
    assert [pace.left(now, 3) for now in (10, 15, 100)] == [20, 15, 0]
    pace.note(30, 3)
    assert pace.left(30, 3) == 0


def test_cells_of_an_earlier_run_do_not_count_for_the_pace():
    pace = Pace(0, 90, 1)
    pace.note(10, 91)
    assert pace.left(10, 100) == 90


@settings(max_examples=30)
@given(
    st.lists(st.floats(1, 20), min_size=1, max_size=6),
    st.integers(1, 8),
    st.floats(0, 60),
)
def test_with_webuis_of_different_speed_it_is_about_right_once_each_gave_a_few_batches(seconds, batch, loading):
    """Each WebUI takes so many seconds for a cell; the first batch of each also loads."""
    rate = sum(1 / each for each in seconds)
    events = sorted(
        loading + number * each * batch for each in seconds for number in range(1, 1 + int(2_000 / (each * batch)))
    )
    pace, over = Pace(0, 0, len(seconds)), 0
    for now in events:
        over += batch
        pace.note(now, over)
        if now > loading + 12 * max(seconds) * batch:
            left, right = pace.left(now, over + 1_000), 1_000 / rate
            assert right / 2.5 <= left <= right * 2.5
