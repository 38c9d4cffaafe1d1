"""A sweep of thousands of cells: `sweep.json` is written now and then, and yet a kill loses nothing that is there."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from clip_skip_lab.sweep import folder as folders
from clip_skip_lab.sweep import outcome as outcomes
from clip_skip_lab.sweep.folder import JOURNAL, RECORD, add_to_journal, read_record
from clip_skip_lab.sweep.record import DONE
from clip_skip_lab.sweep.resume import find_earlier
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, plan_of, ran

PLAN = plan_of("1-12", y=("CFG Scale", "1-5"))
KILLED_AT = 50


class Killed(MemorySession):
    """Copies its folder while a cell is sampled: what is in the copy is what a kill at that moment leaves."""

    copy = None

    def _sample_one(self, cell, keep, sampled):
        if cell.index == KILLED_AT and self.copy is not None:
            (running,) = (path for path in self.copy[0].iterdir() if path.is_dir())
            end = time.monotonic() + 20
            while find_earlier(self.grid_folder, running.name).done < KILLED_AT and time.monotonic() < end:
                time.sleep(0.05)  # until what is in flight has landed, or the copy would be none of one moment
            shutil.copytree(running, self.copy[1] / "clip-skip-sweeps" / running.name)
        if self.draws:
            sampled.draws[cell.index] = [["process", "other.py", 0, {"prompt": f"cat {cell.y}"}]]
        super()._sample_one(cell, keep, sampled)

    draws = False


def as_if_large(patch):
    """Each sweep counts as a large one, whose `sweep.json` takes for ever to write. Returns the names of its files."""
    patch.setattr(outcomes, "QUICKLY_WRITTEN", 1)
    patch.setattr(outcomes, "PAUSE", 1e9)
    written = []
    plainly = folders.write_text
    patch.setattr(folders, "write_text", lambda *given: (written.append(given[0].name), plainly(*given)))
    return written


@pytest.fixture
def large(monkeypatch):
    """See `as_if_large`."""
    return as_if_large(monkeypatch)


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The folder of grids with what a kill in the middle of a large sweep leaves, and the sweep's name."""
    grids = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        as_if_large(patch)
        session = Killed(str(grids / "whole"))
        session.copy, session.draws = (grids / "whole" / "clip-skip-sweeps", grids), True
        return grids, run_sweep(PLAN, session, HOST).folder.name


@pytest.fixture
def killed(left, tmp_path):
    """The same for one test."""
    shutil.copytree(left[0] / "clip-skip-sweeps", tmp_path / "clip-skip-sweeps")
    return tmp_path, left[1]


def test_a_large_sweep_is_written_anew_now_and_then_and_whole_at_the_end(large, tmp_path):
    outcome = run_sweep(PLAN, MemorySession(str(tmp_path)), HOST)
    assert large.count(RECORD) == 3, "at the beginning, before the grid is saved, and at the end"
    assert not (outcome.folder / JOURNAL).exists()
    cells = json.loads((outcome.folder / RECORD).read_text(encoding="utf-8"))["cells"]
    assert cells == outcome.to_json()["cells"]


def test_a_small_sweep_has_no_journal(tmp_path, monkeypatch):
    monkeypatch.setattr(outcomes, "add_to_journal", lambda *_: pytest.fail("a journal was written"))
    monkeypatch.setattr(outcomes, "PAUSE", 1e9)
    run_sweep(PLAN, MemorySession(str(tmp_path)), HOST)


def test_a_kill_loses_no_cell_that_was_finished(killed):
    grids, name = killed
    written = json.loads((grids / "clip-skip-sweeps" / name / RECORD).read_text(encoding="utf-8"))
    assert sum(cell["state"] == DONE for cell in written["cells"]) == 0
    earlier = find_earlier(grids, name)
    assert len(earlier.sound_cells(PLAN)) == earlier.done == KILLED_AT
    assert len(earlier.draws()) == 5
    session = Killed(str(grids))
    outcome = run_sweep(PLAN, session, HOST, earlier=earlier)
    assert len(ran(session)) == PLAN.size - KILLED_AT
    assert outcome.record.count(DONE) == PLAN.size
    assert not (outcome.folder / JOURNAL).exists()


def test_a_line_that_a_kill_broke_off_costs_its_cell_only(killed):
    grids, name = killed
    journal = grids / "clip-skip-sweeps" / name / JOURNAL
    done = find_earlier(grids, name).done
    journal.write_bytes(journal.read_bytes()[:-9])
    assert find_earlier(grids, name).done == done - 1


@pytest.mark.parametrize(
    "line",
    [
        "[" * 5000,
        "[]",
        "{}",
        '{"cell": 5, "draws": {}}',
        '{"cell": {"index": -1}, "draws": {}}',
        '{"cell": {"index": 60}, "draws": {}}',
        '{"cell": {"index": true}, "draws": {}}',
        '{"cell": {"index": 1}, "draws": []}',
        "\x00\ud800",
    ],
)
def test_what_is_no_line_of_a_journal_is_passed_over(killed, line):
    grids, name = killed
    folder = grids / "clip-skip-sweeps" / name
    known = read_record(folder)
    with (folder / JOURNAL).open("a", encoding="utf-8", errors="surrogatepass") as file:
        file.write(f"{line}\n")
    assert read_record(folder) == known


def test_a_line_that_was_edited_is_noticed(killed):
    grids, name = killed
    journal = grids / "clip-skip-sweeps" / name / JOURNAL
    edited = journal.read_text(encoding="utf-8").replace('"seed": 7', '"seed": 8')
    journal.write_text(edited, encoding="utf-8")
    assert len(find_earlier(grids, name).sound_cells(PLAN)) == 0


def test_a_link_in_place_of_the_journal_is_not_followed(killed):
    grids, name = killed
    folder = grids / "clip-skip-sweeps" / name
    outside = grids / "outside"
    (folder / JOURNAL).rename(outside)
    (folder / JOURNAL).symlink_to(outside)
    before = outside.read_bytes()
    earlier = find_earlier(grids, name)
    assert earlier.done == 0
    run_sweep(PLAN, MemorySession(str(grids)), HOST, earlier=earlier)
    assert outside.read_bytes() == before


def test_a_disk_that_is_full_is_a_problem_and_the_sweep_goes_on(large, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outcomes, "add_to_journal", full)
    outcome = run_sweep(PLAN, MemorySession(str(tmp_path)), HOST)
    assert outcome.record.count(DONE) == PLAN.size
    assert outcome.record.problems == ["sweep.json could not be written (No space left on device)."]


def test_a_line_after_one_that_was_broken_off_is_whole(tmp_path):
    folders.write_record(tmp_path, {"cells": [{"index": 0}, {"index": 1}]})
    (tmp_path / JOURNAL).write_text('{"cell": {"ind', encoding="utf-8")
    add_to_journal(tmp_path, [{"index": 1, "state": "done"}], {})
    assert read_record(tmp_path)["cells"] == [{"index": 0}, {"index": 1, "state": "done"}]
