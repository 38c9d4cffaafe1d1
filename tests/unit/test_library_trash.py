"""Deleting sweeps and taking them back: nothing is lost, and nothing outside the folder of sweeps is touched."""

from __future__ import annotations

import os
import time

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.trash import STILL_RUNS, Refused, delete_sweep, restore_sweep
from clip_skip_lab.sweep.library import find_sweep
from clip_skip_lab.sweep.running import is_running
from tests.helpers.memory_session import HOST, MemorySession, plan_of
from tests.helpers.sweeps_on_disk import ID, settle, write_sweep


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_deleted_sweep_is_in_the_trash_and_comes_back_as_it_was(tmp_path):
    folder = write_sweep(tmp_path)
    before = files(folder)
    there = delete_sweep(folder)
    assert there == folder.parent / "trash" / ID and files(there) == before
    with pytest.raises(FileNotFoundError):
        find_sweep([tmp_path], ID)
    assert restore_sweep([tmp_path / "other", tmp_path], ID) == folder
    assert files(folder) == before


def test_a_sweep_that_runs_here_is_not_deleted_however_long_a_cell_takes(tmp_path):
    from clip_skip_lab.sweep.run import run_sweep

    tried = []

    class Watched(MemorySession):
        def sample(self, cells, keep):
            (folder,) = (tmp_path / "clip-skip-sweeps").glob("2*")  # not its lock
            for path in (folder / "sweep.json", folder / "cells"):
                os.utime(path, (1000, 1000))
            with pytest.raises(Refused, match="is still running"):
                delete_sweep(folder)
            tried.append(folder)
            return super().sample(cells, keep)

    folder = run_sweep(plan_of("1-2"), Watched(str(tmp_path)), HOST).folder
    assert tried and folder.is_dir() and not is_running(folder)
    delete_sweep(folder)


def test_a_sweep_that_another_webui_runs_is_not_deleted(tmp_path):
    folder = write_sweep(tmp_path, state="running")
    settle(folder)
    with pytest.raises(Refused, match="is still running"):  # its folder for pictures has only just changed
        delete_sweep(folder)
    now = time.time()
    for changed in ("sweep.json", "cells"):
        for path in (folder / "sweep.json", folder / "cells"):
            os.utime(path, (1000, 1000))
        os.utime(folder / changed, (now - STILL_RUNS / 2, now - STILL_RUNS / 2))
        with pytest.raises(Refused):
            delete_sweep(folder)
    for path in (folder / "sweep.json", folder / "cells"):
        os.utime(path, (now - STILL_RUNS - 1, now - STILL_RUNS - 1))
    assert delete_sweep(folder).is_dir(), "it says so for ever, as its WebUI was killed"


@pytest.mark.parametrize("content", ["{", "", "[]"])
def test_a_damaged_sweep_can_be_deleted(tmp_path, content):
    folder = write_sweep(tmp_path)
    (folder / "sweep.json").write_text(content, encoding="utf-8")
    assert delete_sweep(folder).is_dir()


def test_what_is_in_the_trash_already_is_left(tmp_path):
    folder = write_sweep(tmp_path)
    kept = folder.parent / "trash" / ID
    kept.mkdir(parents=True)  # an empty folder, which a rename on Linux would replace
    with pytest.raises(Refused, match="the trash already has a sweep of this name"):
        delete_sweep(folder)
    assert folder.is_dir() and kept.is_dir()


def test_what_is_there_again_is_not_replaced(tmp_path):
    delete_sweep(write_sweep(tmp_path))
    folder = tmp_path / "clip-skip-sweeps" / ID
    folder.mkdir()
    with pytest.raises(Refused, match="a sweep of this name exists again"):
        restore_sweep([tmp_path], ID)
    assert (folder.parent / "trash" / ID / "sweep.json").exists()


def test_a_link_or_a_file_in_the_place_of_the_trash_is_not_used(tmp_path):
    folder = write_sweep(tmp_path)
    (tmp_path / "elsewhere" / ID).mkdir(parents=True)
    trash = folder.parent / "trash"
    trash.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(OSError, match="it is a link"):
        delete_sweep(folder)
    folder.rename(tmp_path / "aside")
    with pytest.raises(FileNotFoundError, match="is not in the trash"):
        restore_sweep([tmp_path], ID)
    trash.unlink()
    (tmp_path / "aside").rename(folder)
    trash.write_text("", encoding="utf-8")
    with pytest.raises(OSError):
        delete_sweep(folder)
    assert folder.is_dir()


def test_a_link_in_the_trash_is_no_sweep(tmp_path):
    other = write_sweep(tmp_path / "other")
    trash = tmp_path / "clip-skip-sweeps" / "trash"
    trash.mkdir(parents=True)
    (trash / ID).symlink_to(other, target_is_directory=True)
    with pytest.raises(FileNotFoundError):
        restore_sweep([tmp_path], ID)


@pytest.mark.parametrize("name", ["..", "../..", "trash", "", "/etc", None, f"{ID}/.."])
def test_what_is_no_id_restores_nothing(tmp_path, name):
    with pytest.raises(InvalidInput):
        restore_sweep([tmp_path], name)


def test_a_disk_that_does_not_let_it_loses_nothing(tmp_path, monkeypatch):
    folder = write_sweep(tmp_path)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.mkdir", full)
    with pytest.raises(OSError, match="No space"):
        delete_sweep(folder)
    monkeypatch.undo()
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        delete_sweep(folder)
    assert (folder / "sweep.json").exists()
