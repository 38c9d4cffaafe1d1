"""The folder of a sweep on disk."""

import json
import math
import os
import re
import stat
import time
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.page import files
from clip_skip_lab.page.files import save_small
from clip_skip_lab.sweep import folder as folder_module
from clip_skip_lab.sweep.folder import add_to_journal, make_folder, read_record, write_record
from clip_skip_lab.sweep.saving import clean_up
from tests.helpers.systems import may_write_everywhere

NOW = datetime(2025, 3, 4, 5, 6)


def test_each_sweep_gets_a_folder_of_its_own_named_by_its_date(tmp_path):
    one, other = make_folder(tmp_path, NOW), make_folder(tmp_path, NOW)
    assert one != other
    assert one.parent == tmp_path.resolve() / "clip-skip-sweeps"
    assert re.fullmatch(r"2025-03-04-[0-9a-f]{8}", one.name)
    assert [path.name for path in one.iterdir()] == ["cells"]


def test_the_grid_folder_is_made_when_it_is_not_there(tmp_path):
    assert make_folder(tmp_path / "a" / "b", NOW).is_dir()


def test_a_grid_folder_that_is_a_file_gets_a_sentence(tmp_path):
    taken = tmp_path / "grids"
    taken.write_text("a file", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        make_folder(taken, NOW)
    told = str(caught.value)
    assert told.startswith(f'Folder for grids: "{taken / "clip-skip-sweeps"}" cannot be written to (')
    assert told.endswith("; allowed: a folder with free space that the WebUI can write to.")


@pytest.mark.skipif(may_write_everywhere(), reason="its user may write everywhere; the test below stands in for it")
def test_a_read_only_grid_folder_gets_a_sentence(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InvalidInput, match=r"cannot be written to \(Permission denied\)"):
            make_folder(tmp_path, NOW)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_cannot_hold_a_file_gets_a_sentence(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "write_bytes", full)
    with pytest.raises(InvalidInput, match=r"cannot be written to \(No space left on device\)"):
        make_folder(tmp_path, NOW)


def test_a_record_comes_back_as_it_was_written(tmp_path):
    content = {"schema": 1, "prompt": 'Katze, 猫\n"x"', "values": [1, 2.5, None, True]}
    write_record(tmp_path, content)
    assert read_record(tmp_path) == content
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.json", "sweep.js"}
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "sweep.json").stat().st_mode) == 0o644


@pytest.mark.parametrize("times", [1, 5])
def test_a_file_that_windows_has_open_for_a_moment_is_written_and_removed_all_the_same(tmp_path, monkeypatch, times):
    """There a file that the page reads just then can be neither replaced nor removed."""
    left = {"replace": times, "unlink": times}

    def busy(module, name):
        plainly = getattr(module, name)

        def change(*args, **kwargs):
            left[name] -= 1
            if left[name] >= 0:
                raise PermissionError(13, "The process cannot access the file")
            return plainly(*args, **kwargs)

        monkeypatch.setattr(module, name, change)

    add_to_journal(tmp_path, [], {})
    busy(os, "replace")
    busy(Path, "unlink")
    monkeypatch.setattr(files, "PATIENCE", 10.0)
    write_record(tmp_path, {"schema": 1})
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.json", "sweep.js"}
    assert max(left.values()) < 0


def test_what_may_not_be_written_is_an_error_in_the_end(tmp_path, monkeypatch):
    def never(*args, **kwargs):
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(os, "replace", never)
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with pytest.raises(PermissionError):
        write_record(tmp_path, {"schema": 1})
    assert not list(tmp_path.iterdir())


def test_a_record_is_json_that_any_reader_takes(tmp_path):
    """The host's requests hold infinities (`s_tmax`), for which JSON has no word and browsers have no patience."""
    write_record(tmp_path, {"s_tmax": math.inf, "cells": [{"measures": {"ssim": math.nan, "low": -math.inf}}]})

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = (tmp_path / "sweep.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == {
        "s_tmax": None,
        "cells": [{"measures": {"ssim": None, "low": None}}],
    }


def test_a_write_that_breaks_off_leaves_the_old_record_and_no_rubbish(tmp_path, monkeypatch):
    write_record(tmp_path, {"state": "old"})

    def crash(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(folder_module.os, "replace", crash)
    with pytest.raises(OSError, match="Input/output error"):
        write_record(tmp_path, {"state": "new"})
    assert read_record(tmp_path) == {"state": "old"}
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.json", "sweep.js"}


def test_writing_into_a_folder_that_is_gone_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        write_record(tmp_path / "gone", {})


def test_a_broken_record_is_a_value_error(tmp_path):
    (tmp_path / "sweep.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError):
        read_record(tmp_path)


def left_over(path, minutes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))
    return path


LEFT = (
    ".clip-skip-abcd1234.tmp",
    ".sweep-abcd1234.json",
    ".index-abcd1234.html",
    "grid.tmp",
    "grid-2.tmp",
    "cells/00003-7-cat.tmp",
    "cells/.clip-skip-abcd1234.tmp",
    "small/.clip-skip-abcd1234.tmp",
    "charts/.clip-skip-abcd1234.tmp",
)
KEPT = ("cells/00003-7-cat.png", "cells/notes.tmp", "sweep.json", "notes.tmp", ".hidden", "small/0-0.webp")


def old(folder):
    """Says of a folder that it was last changed a day ago."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            os.utime(path, (1, 1))


def test_what_a_killed_run_left_is_removed_at_the_next_sweep(tmp_path):
    killed = make_folder(tmp_path, NOW)
    left = [left_over(killed / name, 11) for name in LEFT]
    kept = [left_over(killed / name, 11) for name in KEPT]
    empty = make_folder(tmp_path, NOW)
    old(killed)
    old(empty)
    clean_up(make_folder(tmp_path, NOW))
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in kept)
    assert not empty.exists(), "nor does an empty folder stay"


def test_a_sweep_that_is_running_elsewhere_loses_nothing(tmp_path):
    running = make_folder(tmp_path, NOW)
    files = [left_over(running / name, 1) for name in LEFT]
    earlier = make_folder(tmp_path, NOW)  # there is nothing in it yet
    clean_up(make_folder(tmp_path, NOW))
    old(running)
    clean_up(make_folder(tmp_path, NOW))
    assert all(path.exists() for path in files)
    assert earlier.is_dir()


def test_in_the_folder_of_the_sweep_itself_everything_half_is_a_left_over(tmp_path):
    folder = make_folder(tmp_path, NOW)
    left = [left_over(folder / name, 0) for name in LEFT]
    clean_up(folder)
    assert [path for path in left if path.exists()] == []
    assert folder.is_dir()


def test_only_folders_of_sweeps_are_cleaned_up_and_no_link_is_followed(tmp_path):
    folder = make_folder(tmp_path, NOW)
    mine = left_over(tmp_path / "mine" / "cells" / "00001.tmp", 99)
    other = left_over(folder.parent / "other" / "grid.tmp", 99)
    (folder.parent / "2026-01-01-00000000").symlink_to(tmp_path / "mine", target_is_directory=True)
    (folder / "small").symlink_to(tmp_path / "mine" / "cells", target_is_directory=True)
    clean_up(folder)
    assert mine.exists() and other.exists()


def test_a_reduced_picture_is_whole_or_not_there(tmp_path, monkeypatch):
    def crash(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "replace", crash)
    with pytest.raises(OSError, match="No space left"):
        save_small(Image.new("RGB", (8, 8)), tmp_path, "0-0")
    assert list((tmp_path / "small").iterdir()) == []
