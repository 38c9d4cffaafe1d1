"""A grid's strips that wait in a file: the grid is the same, and a disk that is full costs memory only."""

import tempfile
from pathlib import Path

import pytest

from clip_skip_lab.sweep import shelf
from clip_skip_lab.sweep.encoded import compress_strip
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, plan_of
from tests.unit.test_encoded import picture

PLAN = plan_of("1-12", y=("CFG Scale", "1-3"))


def grid_of(folder):
    outcome = run_sweep(PLAN, MemorySession(str(folder)), HOST)
    assert outcome.record.problems == []
    return (outcome.folder / "grid.png").read_bytes(), sorted(path.name for path in outcome.folder.iterdir())


def test_a_grid_is_the_same_when_its_strips_waited_in_a_file(tmp_path, monkeypatch):
    in_memory = grid_of(tmp_path / "one")
    made = []
    plainly = tempfile.TemporaryFile
    monkeypatch.setattr(shelf, "IN_MEMORY", 10)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **given: made.append(given["dir"]) or plainly(**given))
    assert grid_of(tmp_path / "two") == in_memory
    assert Path(made[-1]).is_relative_to(tmp_path / "two")


@pytest.mark.parametrize("room", [0, 10])
def test_strips_come_back_as_they_were(tmp_path, monkeypatch, room):
    monkeypatch.setattr(shelf, "IN_MEMORY", room)
    pictures = [picture(seed=seed) for seed in range(4)]
    kept = shelf.Shelf(tmp_path)
    back = [kept.compress(image) for image in pictures]
    assert [give() for give in reversed(back)] == [compress_strip(image) for image in reversed(pictures)]


def test_where_the_disk_is_full_they_stay_in_memory(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf, "IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    give = shelf.Shelf(tmp_path).compress(picture())
    assert give() == compress_strip(picture())
