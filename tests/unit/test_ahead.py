"""Measuring cells while a sweep still samples: what is measured when, and that the end knows no difference."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.measure import ahead as ahead_module
from clip_skip_lab.measure import folder as folder_module
from clip_skip_lab.measure.ahead import Ahead
from clip_skip_lab.measure.folder import measure_folder
from tests.helpers.measured import CFG, SEED, outcome_of, paint
from tests.helpers.memory_session import plan_of


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Later:
    """A pool that does nothing until it is told to."""

    def __init__(self):
        self.jobs = []

    def submit(self, function, *args):
        self.jobs.append((Future(), function, args))
        return self.jobs[-1][0]

    def work(self):
        for future, function, args in self.jobs:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*args))
                except Exception as error:
                    future.set_exception(error)
        self.jobs = []


def swept(tmp_path, skips="1-4", y=None, painted=paint, only=None, **session):
    plan = plan_of(skips, y, axes=[CFG, SEED], **({} if only is None else {"cells": only}))
    return outcome_of(plan, tmp_path, painted, **session)


def told(outcome, submit, order=None):
    """An `Ahead` that was told of each cell, in this order."""
    entries = outcome.record.cells
    ahead = Ahead(outcome.folder, outcome.record.plan, submit)
    for index in order or range(len(entries)):
        ahead.cell_done(entries[index])
    return ahead


def nothing_is_read(monkeypatch):
    def read(path):
        raise AssertionError(f"{path.name} is read again")

    monkeypatch.setattr(folder_module, "read_picture", read)


def any_pictures(seed):
    """Small pictures of any content, of which some are the same."""
    random = np.random.default_rng(seed)
    height, width = random.integers(3, 40, 2)
    some = [random.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(3)]
    return lambda *_: Image.fromarray(random.choice(some) // random.integers(1, 3, dtype=np.uint8))


@st.composite
def sweeps(draw):
    skips = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True))
    y = draw(st.sampled_from([None, ("CFG Scale", "5, 9"), ("Seed", "1, 2, 3")]))
    count = len(skips) * (1 if y is None else len(y[1].split(",")))
    only = draw(st.none() | st.lists(st.integers(0, count - 1), min_size=1, unique=True).map(sorted))
    count = count if only is None else len(only)
    indexes = st.lists(st.integers(0, count - 1), unique=True)
    return {
        "skips": skips,
        "y": y,
        "only": only,
        "per_cell": draw(st.sampled_from([1, 1, 3])),
        "seed": draw(st.integers(0, 1000)),
        "order": draw(st.permutations(range(count))),
        **{name: draw(indexes) for name in ("failed", "incomparable", "removed", "untold", "before")},
    }


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(sweeps())
def test_what_is_measured_ahead_is_to_the_last_digit_what_is_measured_from_disk(sweep):
    with tempfile.TemporaryDirectory() as base, pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(folder_module, "_charts", lambda *_: [])
        outcome = swept(
            Path(base),
            sweep["skips"],
            sweep["y"],
            any_pictures(sweep["seed"]),
            sweep["only"],
            per_cell=sweep["per_cell"],
        )
        entries = outcome.record.cells
        for index in sweep["failed"]:
            entries[index].state, entries[index].pictures = "failed", []
        ahead = Ahead(outcome.folder, outcome.record.plan, pool.submit)
        ahead.done_before(entries[index] for index in sweep["before"])
        for index in sweep["order"]:
            if index not in sweep["untold"] and index not in sweep["before"]:
                ahead.cell_done(entries[index])
        for index in sweep["incomparable"]:
            entries[index].incomparable = "Another extension drew a prompt of its own."
        for index in set(sweep["removed"]) - set(sweep["failed"]):
            (outcome.folder / entries[index].pictures[-1].file).unlink()
        outcome.write()
        counted, as_ever = [], []
        from_ahead = measure_folder(outcome.folder, lambda *how_far: counted.append(how_far) or True, ahead=ahead)
        outcome.write()
        assert from_ahead == measure_folder(outcome.folder, lambda *how_far: as_ever.append(how_far) or True)
        assert counted == as_ever


SEEDS = {"per_cell": 2, "y": ("Seed", "0, 1, 2")}


@pytest.mark.parametrize("which", [("per_cell",), ("y",), ("per_cell", "y")], ids=["a batch", "an axis", "both"])
def test_at_the_end_nothing_is_read_or_compared_again(tmp_path, pool, monkeypatch, which):
    outcome = swept(tmp_path, "3, 1, 2", **{name: SEEDS[name] for name in which})
    expected = measure_folder(outcome.folder)
    ahead = told(outcome, pool.submit)
    pool.shutdown()
    nothing_is_read(monkeypatch)
    monkeypatch.setattr(ahead_module, "reduced_changes", lambda *_: pytest.fail("compared again"))
    assert measure_folder(outcome.folder, ahead=ahead) == expected


def test_a_cell_waits_for_the_reference_of_its_row(tmp_path):
    outcome, later = swept(tmp_path, "3, 1, 2", y=("CFG Scale", "5, 9")), Later()
    ahead = Ahead(outcome.folder, outcome.record.plan, later.submit)
    submitted = []
    for index in (0, 5, 4, 2, 1, 3):
        ahead.cell_done(outcome.record.cells[index])
        submitted.append(len(later.jobs))
    assert submitted == [0, 0, 2, 2, 5, 6]


def test_cells_of_an_earlier_run_are_references_and_are_measured_at_the_end(tmp_path):
    outcome, later = swept(tmp_path, "1-4"), Later()
    ahead = Ahead(outcome.folder, outcome.record.plan, later.submit)
    ahead.done_before(outcome.record.cells[:2])
    assert later.jobs == []
    ahead.cell_done(outcome.record.cells[2])
    assert len(later.jobs) == 1
    later.work()
    expected = measure_folder(outcome.folder)
    assert measure_folder(outcome.folder, ahead=ahead) == expected


def test_a_cell_without_all_its_pictures_in_files_is_not_measured_ahead(tmp_path):
    outcome, later = swept(tmp_path, "1-4", per_cell=2, fails={3: ValueError("no")}), Later()
    outcome.record.cells[1].pictures[1].file = None
    told(outcome, later.submit)
    assert len(later.jobs) == 2


@pytest.mark.parametrize("changed", [0, 2], ids=["the reference", "another"])
def test_a_picture_that_was_changed_since_is_measured_as_it_is_now(tmp_path, pool, changed):
    outcome = swept(tmp_path)
    ahead = told(outcome, pool.submit)
    pool.shutdown()
    paint(9, 5, 7).save(outcome.folder / outcome.record.cells[changed].pictures[0].file)
    content = measure_folder(outcome.folder, ahead=ahead)
    assert content == measure_folder(outcome.folder)


def test_where_the_reference_turns_out_to_be_another_one_cells_are_measured_against_that(tmp_path, pool):
    outcome = swept(tmp_path)
    ahead = told(outcome, pool.submit)
    outcome.record.cells[0].incomparable = "Another extension drew a prompt of its own."
    outcome.write()
    content = measure_folder(outcome.folder, ahead=ahead)
    assert content["reference"] == {"Clip skip": 2}
    assert content["cells"][1]["measures"]["detail_change"] == 0
    assert content == measure_folder(outcome.folder)


def test_what_cannot_be_measured_ahead_is_said_once_and_at_the_end(tmp_path, pool):
    outcome = swept(tmp_path)
    (outcome.folder / outcome.record.cells[2].pictures[0].file).write_bytes(b"no image")
    ahead = told(outcome, pool.submit)
    pool.shutdown()
    assert outcome.record.problems == []
    content = measure_folder(outcome.folder, ahead=ahead)
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True, True, False, True]
    (problem,) = content["problems"]
    assert problem.startswith("Measures: an image cannot be read (")


def test_a_pool_that_is_closed_leaves_all_to_the_end(tmp_path, pool):
    outcome = swept(tmp_path)
    pool.shutdown()
    ahead = told(outcome, pool.submit)
    assert measure_folder(outcome.folder, ahead=ahead) == measure_folder(outcome.folder)


def test_the_pools_own_thread_can_measure_the_folder(tmp_path):
    outcome = swept(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        ahead = told(outcome, pool.submit)
        content = pool.submit(lambda: measure_folder(outcome.folder, ahead=ahead)).result(timeout=60)
    assert content == measure_folder(outcome.folder)


def test_when_measuring_is_broken_off_what_has_not_begun_never_does(tmp_path):
    outcome, later = swept(tmp_path), Later()
    ahead, reported = told(outcome, later.submit), []

    def report_progress(done, count):
        reported.append((done, count))
        return done < 2

    content = measure_folder(outcome.folder, report_progress, ahead=ahead)
    assert reported == [(0, 4), (1, 4), (2, 4)]
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True, True, False, False]
    assert content["problems"] == ["Measures: stopped after 2 of 4 cells."]
    assert all(future.cancelled() for future, _, _ in later.jobs)


def test_only_so_many_reference_pictures_stay_in_memory(tmp_path, monkeypatch):
    """Of 8 rows of two pictures of 512 × 512, each 1.05 MB as it is measured."""
    scales = ", ".join(map(str, range(8)))
    outcome = swept(tmp_path, "1, 2", ("CFG Scale", scales), lambda *of: paint(*of).resize((512, 512)))
    most = {}
    for room in (1, 1, 3_000_000, 100_000_000):  # the first time more stays, which all pictures of a size share
        monkeypatch.setattr(ahead_module, "KEPT", room)
        later = Later()
        ahead = told(outcome, later.submit)
        tracemalloc.start()
        later.work()
        most[room] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert all(ahead.taken((cell.pictures[0].file,), reference_of(outcome, cell)) for cell in outcome.record.cells)
    more = {room: round((most[room] - most[1]) / (4 * 512 * 512)) for room in most}  # than one
    assert more == {1: 0, 3_000_000: 1, 100_000_000: 7}


def reference_of(outcome, cell):
    return (outcome.record.cells[cell.cell.index // 2 * 2].pictures[0].file,)


def test_nothing_slow_is_loaded_before_the_pool_does_it():
    loads = (
        "import sys; from clip_skip_lab.measure.ahead import warm_up\n"
        "slow = {'matplotlib', 'scipy', 'skimage'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)\n"
        "warm_up()\n"
        "assert slow <= set(sys.modules), slow - set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", loads], check=True, cwd=Path(__file__).parents[2], timeout=120)
