"""What is done beside the sampling, and what it never costs, on a session that needs no host."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter

import pytest

from clip_skip_lab.sweep import finishing, folder
from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.record import DONE
from clip_skip_lab.sweep.resume import find_earlier
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, plan_of, ran, states

PATIENCE = 20
"""Seconds to wait for what must happen."""


def folder_of(grids):
    (found,) = (path for path in (grids / "clip-skip-sweeps").iterdir() if path.is_dir())
    return found


def on_disk(sweep):
    """By state how many cells `sweep.json` has at this moment."""
    return Counter(cell["state"] for cell in read_record(sweep)["cells"])


def assert_told_truly(sweep):
    """Each picture that `sweep.json` names is there, whole."""
    for cell in read_record(sweep)["cells"]:
        for picture in cell["pictures"]:
            assert hashlib.sha256((sweep / picture["file"]).read_bytes()).hexdigest() == picture["sha256"]


def test_a_cell_is_sampled_while_the_one_before_is_written(tmp_path):
    sampling = threading.Event()

    class Slow(MemorySession):
        def sample(self, cells, keep):
            if cells[0].index == 1:
                sampling.set()
            return super().sample(cells, keep)

        def write(self, picture, path):
            assert sampling.wait(PATIENCE), "the next cell is not sampled as long as this one is written"
            return super().write(picture, path)

    outcome = run_sweep(plan_of("1-3"), Slow(str(tmp_path)), HOST)
    assert states(outcome) == [DONE] * 3
    assert_told_truly(outcome.folder)


def test_the_pictures_of_a_batch_are_written_at_the_same_time(tmp_path):
    together = threading.Barrier(2, timeout=PATIENCE)

    class Slow(MemorySession):
        def write(self, picture, path):
            together.wait()
            return super().write(picture, path)

    outcome = run_sweep(plan_of("1-4"), Slow(str(tmp_path), cells_at_once=4), HOST)
    assert states(outcome) == [DONE] * 4
    assert outcome.record.problems == []


def test_names_are_decided_in_the_requests_thread_in_the_order_of_the_pictures(tmp_path):
    threads = set()

    class Naming(MemorySession):
        def path_of(self, picture, folder):
            threads.add(threading.current_thread())
            return super().path_of(picture, folder)

    outcome = run_sweep(plan_of("1-6"), Naming(str(tmp_path), per_cell=2, cells_at_once=3), HOST)
    assert threads == {threading.current_thread()}
    files = [picture.file for entry in outcome.record.cells for picture in entry.pictures]
    assert files == [f"cells/{number:05}-{7 + number % 2}.png" for number in range(12)]


def test_the_record_tells_of_a_batch_while_the_next_is_sampled(tmp_path):
    seen = []

    class Patient(MemorySession):
        def sample(self, cells, keep):
            waited = threading.Event()
            while len(ran(self)) > 1 and on_disk(folder_of(tmp_path))[DONE] < 2 * (len(ran(self)) - 1):
                assert not waited.wait(0.01)
            seen.append(on_disk(folder_of(tmp_path))[DONE])
            assert_told_truly(folder_of(tmp_path))
            return super().sample(cells, keep)

    run_sweep(plan_of("1-6"), Patient(str(tmp_path), cells_at_once=2), HOST)
    assert seen == [0, 2, 4]


def test_a_record_never_tells_of_a_picture_that_is_not_on_disk(tmp_path, monkeypatch):
    checked = []
    write = folder.write_text

    def write_checked(path, text):
        write(path, text)
        if path.name == "sweep.json":
            assert_told_truly(path.parent)
            checked.append(path)

    monkeypatch.setattr("clip_skip_lab.sweep.folder.write_text", write_checked)
    run_sweep(plan_of("1-8"), MemorySession(str(tmp_path), per_cell=2, cells_at_once=2), HOST)
    assert len(checked) > 2


def test_few_pictures_are_in_flight_however_slow_the_disk_is(tmp_path):
    in_flight, most = threading.Semaphore(0), []

    class Slow(MemorySession):
        """The disk takes a picture only when the sampling can't go on without."""

        waiting, lock = 0, threading.Lock()

        def sample(self, cells, keep):
            with self.lock:
                self.waiting += len(cells)
            most.append(self.waiting)
            if self.waiting >= finishing.MOST_PICTURES:
                in_flight.release()
            return super().sample(cells, keep)

        def write(self, picture, path):
            in_flight.acquire(timeout=0.03)
            with self.lock:
                self.waiting -= 1
            return super().write(picture, path)

    outcome = run_sweep(plan_of("1-12", y=("CFG Scale", "1-4")), Slow(str(tmp_path)), HOST)
    assert max(most) <= finishing.MOST_PICTURES + 1
    assert outcome.record.count(DONE) == 48


def test_another_extension_is_told_of_a_file_in_the_requests_thread_before_anybody_looks_at_it(tmp_path):
    class Told(MemorySession):
        def name_picture(self, picture, folder):
            file = super().name_picture(picture, folder)
            tell = file.tell

            def change():
                tell()
                file.path.write_bytes(file.path.read_bytes() + b"changed")

            file.tell = change
            return file

    session = Told(str(tmp_path), is_awaited=True)
    outcome = run_sweep(plan_of("1-3"), session, HOST)
    told = [event for event in session.events if event[0] == "told"]
    assert {event[2] for event in told} == {threading.current_thread()}
    assert len(told) == 3
    assert_told_truly(outcome.folder)
    assert all(
        (outcome.folder / cell.pictures[0].file).read_bytes().endswith(b"changed") for cell in outcome.record.cells
    )


def test_an_extension_that_fails_when_it_is_told_costs_nothing(tmp_path):
    class Failing(MemorySession):
        def name_picture(self, picture, folder):
            file = super().name_picture(picture, folder)
            file.tell = lambda: 1 / 0
            return file

    outcome = run_sweep(plan_of("1-2"), Failing(str(tmp_path), is_awaited=True), HOST)
    assert states(outcome) == [DONE, DONE]
    assert outcome.record.problems == []


@pytest.mark.parametrize("at_once", [1, 4])
def test_an_interrupt_loses_nothing_that_is_in_flight(tmp_path, at_once):
    interrupted = threading.Event()

    class Slow(MemorySession):
        def sample(self, cells, keep):
            sampled = super().sample(cells, keep)
            if cells[-1].index >= 7:
                self.interrupted = True
                interrupted.set()
            return sampled

        def write(self, picture, path):
            interrupted.wait(PATIENCE if at_once == 4 else 0.05)
            return super().write(picture, path)

    outcome = run_sweep(plan_of("1-12"), Slow(str(tmp_path), cells_at_once=at_once), HOST)
    assert outcome.record.state == "interrupted"
    assert outcome.record.count(DONE) == 8
    assert on_disk(outcome.folder)[DONE] == 8
    assert_told_truly(outcome.folder)


def test_a_program_that_is_ended_while_it_samples_keeps_what_is_in_flight(tmp_path):
    class Ended(MemorySession):
        def sample(self, cells, keep):
            sampled = super().sample(cells, keep)
            if cells[0].index == 2:
                raise KeyboardInterrupt
            return sampled

    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan_of("1-4"), Ended(str(tmp_path)), HOST)
    record = read_record(folder_of(tmp_path))
    assert record["state"] == "failed"
    assert [cell["state"] for cell in record["cells"]] == ["done", "done", "not run", "not run"]
    assert_told_truly(folder_of(tmp_path))


def test_a_disk_that_fills_up_with_pictures_in_flight_costs_files_and_no_pictures(tmp_path):
    room = threading.Semaphore(2)

    class Full(MemorySession):
        def write(self, picture, path):
            if not room.acquire(blocking=False):
                path.unlink()
                raise OSError(28, "No space left on device")
            return super().write(picture, path)

    full = OSError(28, "No space left on device")
    outcome = run_sweep(plan_of("1-8"), Full(str(tmp_path), cells_at_once=4, plain_error=full), HOST)
    assert states(outcome) == [DONE] * 8
    saved = [kept for kept in outcome.pictures if kept.path is not None]
    assert len(saved) == 2
    assert all(kept.image is not None for kept in outcome.pictures if kept.path is None)
    assert outcome.record.problems == [
        "An image could not be saved (No space left on device); it is in the gallery only."
    ]
    assert_told_truly_where_saved(outcome)


def assert_told_truly_where_saved(outcome):
    cells = read_record(outcome.folder)["cells"]
    files = [picture["file"] for cell in cells for picture in cell["pictures"] if picture["file"]]
    assert sorted(files) == sorted(f"cells/{path.name}" for path in (outcome.folder / "cells").iterdir())


def test_an_empty_file_of_a_killed_run_is_gone_when_the_sweep_is_resumed(tmp_path):
    outcome = run_sweep(plan_of("1-3"), MemorySession(str(tmp_path), interrupt_at=2), HOST)
    kept = outcome.folder / "cells" / "00017-7.png"
    kept.touch()
    earlier = find_earlier(str(tmp_path), outcome.folder.name)
    again = run_sweep(outcome.record.plan, MemorySession(str(tmp_path)), HOST, earlier)
    assert states(again) == [DONE] * 3
    assert not kept.exists()


def test_the_preview_is_the_grid_as_far_as_it_is_there(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=2)
    run_sweep(plan_of("1-4"), session, HOST)
    first, last = session.previews[0], session.previews[-1]
    assert first.size == last.size
    reds = [{colour for _, colour in image.getcolors(10**6)} for image in (first, last)]
    assert {(20, 0, 255), (40, 0, 255)} <= reds[0]
    assert not {(60, 0, 255), (80, 0, 255)} & reds[0]
    assert {(20, 0, 255), (40, 0, 255), (60, 0, 255), (80, 0, 255)} <= reds[1]
