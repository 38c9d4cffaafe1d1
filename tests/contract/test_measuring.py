"""Measuring never costs a sweep, and never looks hung: in the embedded host's own process."""

from __future__ import annotations

import itertools

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.language import Text, translated
from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.grid import Style
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.host_in_process import make
from tests.helpers.memory_session import HOST, MemorySession


@pytest.fixture
def outcome(host, tmp_path):
    plan = read_plan({"clip_skip": "1-3"}, [], 12)
    return run_sweep(plan, MemorySession(str(tmp_path)), HOST)


class Session:
    """Of a session, what measuring asks for."""

    style = Style()

    @staticmethod
    def goes_on_measuring(done, count):
        return True


def measured(outcome, language="en"):
    """Measures a sweep as it is measured when it has run."""
    from clip_skip_lab.measure.of_run import SweepMeasures

    measures = SweepMeasures(Session, language)
    outcome.measured = measures.conclude(outcome)
    outcome.write()
    return measures


def test_a_failure_is_a_sentence_in_the_record_and_under_the_gallery(outcome, monkeypatch):
    def broken(*_):
        raise RuntimeError("this numpy is too old")

    monkeypatch.setattr("clip_skip_lab.measure.folder.read_picture", broken)
    measures = measured(outcome)
    assert measures.charts == measures.findings == []
    sentence = "Measures: the images could not be measured (this numpy is too old)."
    assert outcome.record.problems == [sentence]
    record = read_record(outcome.folder)
    assert record["problems"] == [sentence]
    assert record["state"] == "finished"
    assert [cell["state"] for cell in record["cells"]] == ["done"] * 3
    assert (outcome.folder / record["grids"][0]["file"]).is_file()


def test_a_record_that_cannot_be_read_any_more_is_a_sentence_too(outcome):
    (outcome.folder / "sweep.json").write_text("{", encoding="utf-8")
    measures = measured(outcome)
    assert measures.charts == measures.findings == []
    assert outcome.record.problems[0].startswith("Measures: the images could not be measured (")
    assert read_record(outcome.folder)["state"] == "finished"


def test_findings_come_in_the_pages_language(outcome, opts, webui):
    for localization, lang in (("None", "en"), ("ja_JP", "ja"), ("tlh", "en")):
        opts.data["localization"] = localization
        assert webui.language() == lang
    measures = measured(outcome, "ja")
    assert measures.findings == read_record(outcome.folder)["findings"]["ja"]
    assert all(path.is_file() for path in measures.charts)


def test_a_sweep_that_is_measured_while_it_runs_has_what_measuring_its_folder_gives(host, tmp_path):
    from clip_skip_lab.measure.folder import measure_folder
    from clip_skip_lab.measure.of_run import SweepMeasures

    plan = read_plan({"clip_skip": "3, 1, 2, 4"}, [], 12)
    session = MemorySession(str(tmp_path), per_cell=2, cells_at_once=2)
    session.goes_on_measuring = Session.goes_on_measuring
    outcome = run_sweep(plan, session, HOST, measuring=SweepMeasures(session, "en"))
    beside = read_record(outcome.folder)
    assert all(cell["measures"] for cell in beside["cells"])
    assert beside["grids"] and beside["state"] == "finished"
    assert measure_folder(outcome.folder) == beside


@pytest.fixture
def session(host, webui):
    """A session on the embedded host itself, with its state as at the start of a job."""
    host.state.begin(job="test")
    plan = read_plan({"clip_skip": "1-3"}, [], 12)
    with webui.session(make(), plan) as session:
        yield session
    host.state.end()


def test_the_progress_bar_says_that_pictures_are_measured(host, session):
    assert session.goes_on_measuring(0, 3)
    assert host.state.textinfo == "Clip skip sweep: measuring cell 1 of 3"
    assert session.goes_on_measuring(2, 3)
    assert host.state.textinfo == "Clip skip sweep: measuring cell 3 of 3"


@pytest.mark.parametrize("press", ["interrupt", "skip"])
def test_interrupt_and_skip_end_measuring(host, session, press):
    assert session.goes_on_measuring(0, 3)
    getattr(host.state, press)()
    assert not session.goes_on_measuring(1, 3)


def test_after_an_interrupted_sweep_what_is_done_is_measured_and_skip_ends_it(host, session):
    host.state.interrupt()
    assert [session.goes_on_measuring(done, 3) for done in range(2)] == [True, True]
    host.state.skip()
    assert not session.goes_on_measuring(2, 3)


def test_a_cell_that_was_skipped_last_does_not_keep_the_others_from_being_measured(host, session):
    host.state.skip()
    assert all(itertools.starmap(session.goes_on_measuring, [(0, 3), (1, 3)]))


def test_problems_are_told_in_the_pages_language_after_measuring_too(outcome):
    outcome.add_problem(Text("The page could not be written ({reason}).", reason="disk full"))
    outcome.write()
    measured(outcome, "ja")
    assert [translated(problem, "ja") for problem in outcome.record.problems] == [
        "ページを書き込めませんでした（disk full）。"
    ]
    assert read_record(outcome.folder)["problems"] == ["The page could not be written (disk full)."]


@pytest.mark.parametrize(
    ("localization", "sentence"),
    [
        ("ja_JP", '再開するスイープ: "x" は有効な名前ではありません。指定できる値: '),
        ("None", 'Sweep to continue: "x" is not a valid name; allowed: '),
    ],
    ids=["ja", "en"],
)
def test_what_the_script_refuses_is_told_in_the_pages_language(opts, webui, localization, sentence):
    from clip_skip_lab.ui.script import make_script

    opts.data["localization"] = localization
    with pytest.raises(InvalidInput) as refused:
        make_script(webui)().run(make(), {"resume": "x"})
    assert str(refused.value).startswith(sentence)
