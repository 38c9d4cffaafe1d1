"""The index of the library: as the disk is at each moment, whatever lies in its file, and without needless reading."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clip_skip_lab.library import index as index_module
from clip_skip_lab.library import store as store_module
from clip_skip_lab.library.entry import read_row
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.index import Index
from clip_skip_lab.library.judged import change_judged, with_fields
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import Query
from tests.helpers.sweeps_on_disk import ID, settle, write_sweep


def library_of(*bases, added=""):
    folders = Folders([str(base) for base in bases], added)
    return Library(lambda: folders)


def parent_of(base):
    return str(base / "clip-skip-sweeps")


def whole(index):
    """The rows once all are read."""
    end = time.monotonic() + 20
    while True:
        rows, reading = index.look()
        if not reading:
            return {row.id: row for row in rows}
        assert time.monotonic() < end
        time.sleep(0.01)


def name_of(number):
    return f"2026-11-22-{number:08x}"


def judge(folder, **fields):
    return change_judged(folder, lambda judged: with_fields(judged, fields, 2))


def counting(monkeypatch):
    """The ids that are read from disk from now on."""
    read = []

    def noted(parent, name):
        read.append(name)
        return read_row(parent, name)

    monkeypatch.setattr(index_module, "read_row", noted)
    return read


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["write", "name", "pick", "remove", "damage", "trash", "look", "restart", "file"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


def change(base, what, number):
    """One of the things that happen to a sweep on disk; what a damaged file refuses does not happen."""
    folder = base / "clip-skip-sweeps" / name_of(number)
    if what == "write":
        write_sweep(base, name_of(number), state=f"state {time.time_ns()}")
    elif what in ("remove", "trash"):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.is_dir() and what in ("name", "pick"):
        fields = {"name": f"name {time.time_ns()}"} if what == "name" else {"picks": [number % 2]}
        with suppress(ValueError):
            judge(folder, **fields)
    elif folder.is_dir() and what == "damage":
        (folder / ("sweep.json" if number % 2 else "judged.json")).write_text("{")


@settings(max_examples=60, deadline=None)
@example([("damage", 0), ("name", 0)])
@given(CHANGES)
def test_whatever_changes_on_disk_the_index_is_as_a_fresh_look(changes):
    with TemporaryDirectory() as folder:
        base = Path(folder)
        write_sweep(base, name_of(0))
        index = Index(parent_of(base))
        for what, number in changes:
            if what == "look":
                index.look()
            elif what == "restart":
                index = Index(parent_of(base))
            elif what == "file":
                (base / "clip-skip-sweeps" / "index.sqlite").unlink(missing_ok=True)
            else:
                change(base, what, number)
        found = {name: row._replace(stamp=()) for name, row in whole(index).items()}
        names = [path.name for path in (base / "clip-skip-sweeps").iterdir() if path.is_dir()]
        assert found == {name: read_row(parent_of(base), name)._replace(stamp=()) for name in names}


def test_what_did_not_change_is_not_read_again_also_after_a_restart(tmp_path, monkeypatch):
    for number in range(3):
        settle(write_sweep(tmp_path, name_of(number)))
    read = counting(monkeypatch)
    index = Index(parent_of(tmp_path))
    assert len(index.look()[0]) == len(index.look()[0]) == 3
    assert len(Index(parent_of(tmp_path)).look()[0]) == 3
    assert sorted(read) == [name_of(number) for number in range(3)], "each once"


def test_only_what_changed_is_read_again(tmp_path, monkeypatch):
    folders = [write_sweep(tmp_path, name_of(number)) for number in range(3)]
    for folder in folders:
        settle(folder)
    index = Index(parent_of(tmp_path))
    index.look()
    read = counting(monkeypatch)
    judge(folders[1], name="changed")
    assert json.loads({row.id: row for row in index.look()[0]}[name_of(1)].entry)["name"] == "changed"
    assert read == [name_of(1)]


def test_a_change_that_keeps_size_and_time_of_the_file_is_seen(tmp_path):
    """The clock of a disk has ticks, in which a file can change twice."""
    folder = write_sweep(tmp_path, state="interrupted")
    index = Index(parent_of(tmp_path))
    index.look()
    found = (folder / "sweep.json").stat()
    write_sweep(tmp_path, state="interruptee")
    os.utime(folder / "sweep.json", ns=(found.st_atime_ns, found.st_mtime_ns))
    (row,) = index.look()[0]
    assert json.loads(row.entry)["state"] == "interruptee"


def test_many_new_sweeps_are_read_while_the_list_is_there_and_it_says_how_many(tmp_path, monkeypatch):
    for number in range(40):
        settle(write_sweep(tmp_path, name_of(number)), number)
    gate = threading.Event()
    monkeypatch.setattr(index_module, "SECONDS_AT_ONCE", 30)

    def slow(parent, name):
        if threading.current_thread().name == "clip-skip-lab-library":
            assert gate.wait(20)
        return read_row(parent, name)

    monkeypatch.setattr(index_module, "read_row", slow)
    index = Index(parent_of(tmp_path))
    rows, reading = index.look()
    assert (len(rows), reading) == (30, 10)
    assert {row.id for row in rows} == {name_of(number) for number in range(10, 40)}, "the newest"
    shutil.rmtree(tmp_path / "clip-skip-sweeps" / name_of(3))
    gate.set()
    assert sorted(whole(index)) == [name_of(number) for number in range(40) if number != 3]
    assert sorted(whole(Index(parent_of(tmp_path)))) == sorted(whole(index)), "and they are kept"


def test_making_a_library_and_an_index_reads_nothing(tmp_path, monkeypatch):
    write_sweep(tmp_path)
    monkeypatch.setattr(os, "scandir", None)
    monkeypatch.setattr(sqlite3, "connect", None)
    library_of(tmp_path)
    Index(parent_of(tmp_path))


DAMAGED = {
    "empty": b"",
    "no database": b"x" * 5000,
    "the head of one": b"SQLite format 3\0" + b"\xff" * 3000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_made_anew(tmp_path, content, monkeypatch):
    settle(write_sweep(tmp_path))
    file = tmp_path / "clip-skip-sweeps" / "index.sqlite"
    file.write_bytes(content)
    assert len(Index(parent_of(tmp_path)).look()[0]) == 1
    read = counting(monkeypatch)
    assert len(Index(parent_of(tmp_path)).look()[0]) == 1
    assert read == [], "the new one is used"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 11_000), st.binary(min_size=1, max_size=600))
def test_bytes_that_were_overwritten_in_the_file_change_nothing_that_is_listed(place, noise):
    with TemporaryDirectory() as folder:
        base = Path(folder)
        for number in range(8):
            settle(write_sweep(base, name_of(number)))
        before = whole(Index(parent_of(base)))
        file = base / "clip-skip-sweeps" / "index.sqlite"
        content = file.read_bytes()
        file.write_bytes((content[:place] + noise + content[place + len(noise) :])[: len(content)])
        assert whole(Index(parent_of(base))) == before


def write_index(base, *statements):
    file = base / "clip-skip-sweeps" / "index.sqlite"
    file.unlink(missing_ok=True)
    with sqlite3.connect(file) as opened:
        for statement in statements:
            opened.execute(statement)
    opened.close()


ENDLESS = (
    "CREATE VIEW sweeps AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i, 0 AS entry, 0 AS words FROM n WHERE i < 0"
)


@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA user_version = 7"],
        ["CREATE TABLE sweeps (id TEXT)", f"PRAGMA user_version = {store_module.VERSION}"],
        [f"PRAGMA user_version = {store_module.VERSION}"],
        [ENDLESS, f"PRAGMA user_version = {store_module.VERSION}"],
    ],
    ids=["another version", "another table", "no table", "a view without an end"],
)
def test_a_file_of_another_kind_is_made_anew(tmp_path, monkeypatch, statements):
    monkeypatch.setattr(store_module, "READING_SECONDS", 0.3)
    settle(write_sweep(tmp_path))
    write_index(tmp_path, *statements)
    assert len(Index(parent_of(tmp_path)).look()[0]) == 1
    read = counting(monkeypatch)
    assert len(Index(parent_of(tmp_path)).look()[0]) == 1
    assert read == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("entry", "7"), ("made", "x"), ("words", "3"), ("words", b"3"), ("bytes", "x"), ("made", 0.0), ("sum", None)],
)
def test_a_row_that_was_damaged_is_read_again(tmp_path, column, value):
    folder = write_sweep(tmp_path)
    settle(folder)
    before = whole(Index(parent_of(tmp_path)))
    with sqlite3.connect(folder.parent / "index.sqlite") as opened:
        opened.execute(f"UPDATE sweeps SET {column} = ?", (value,))
    opened.close()
    assert whole(Index(parent_of(tmp_path))) == before


@pytest.mark.parametrize(
    "entry", ["7", "{", "{}", '{"id": "other"}', f'{{"id": "{ID}"}}', f'{{"id": "{ID}", "problem": 3}}']
)
def test_what_somebody_else_wrote_into_the_file_is_not_listed(tmp_path, entry):
    folder = write_sweep(tmp_path)
    settle(folder)
    expected = entry_of(tmp_path)
    (row,) = Index(parent_of(tmp_path)).look()[0]
    store_module.Store(parent_of(tmp_path)).change([row._replace(entry=entry)])
    assert entry_of(tmp_path) == expected


@pytest.mark.parametrize("place", ["folder", "link", "pipe"])
def test_something_else_in_the_place_of_the_file_is_left_and_all_is_kept_in_memory(tmp_path, place, caplog):
    folder = write_sweep(tmp_path)
    settle(folder)
    file = folder.parent / "index.sqlite"
    target = tmp_path / "target"
    {"folder": file.mkdir, "link": lambda: file.symlink_to(target), "pipe": lambda: os.mkfifo(file)}[place]()
    index = Index(parent_of(tmp_path))
    assert len(index.look()[0]) == len(index.look()[0]) == 1
    assert not target.exists()


def test_two_webuis_use_one_folder_at_once(tmp_path):
    for number in range(60):
        settle(write_sweep(tmp_path, name_of(number)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(whole(Index(parent_of(tmp_path))))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [len(rows) for rows in found] == [60] * 4
    assert len(whole(Index(parent_of(tmp_path)))) == 60


def test_a_lock_that_is_held_for_ever_stops_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.05)
    folder = write_sweep(tmp_path)
    settle(folder)
    Index(parent_of(tmp_path)).look()
    holder = sqlite3.connect(folder.parent / "index.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        index = Index(parent_of(tmp_path))
        write_sweep(tmp_path, name_of(5))
        assert len(index.look()[0]) == 2
        assert "it is kept in memory" in caplog.text
    finally:
        holder.close()
    assert len(whole(Index(parent_of(tmp_path)))) == 2


def test_two_tabs_that_say_something_of_one_sweep_at_once_lose_nothing(tmp_path):
    folder = write_sweep(tmp_path)
    fields = [{"name": "one"}, {"name": "other"}, {"note": "a note"}, {"picks": [1]}]
    threads = [threading.Thread(target=lambda given=given: judge(folder, **given)) for given in fields * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    entry = library_of(tmp_path).entry(folder)
    assert entry["name"] in ("one", "other")
    assert (entry["note"], entry["picks"]) == ("a note", [1])


def pictured(base, **changes):
    """A sweep with a small picture of each of three cells, of which the first is missing on disk."""
    cells = [{"state": "done", "pictures": [{"small": f"small/{place}-0.webp"}]} for place in range(3)]
    folder = write_sweep(base, cells=cells, **changes)
    (folder / "small").mkdir()
    for place in (1, 2):
        (folder / "small" / f"{place}-0.webp").write_bytes(b"small")
    return folder


def entry_of(base):
    (entry,) = library_of(base).listing(Query())["sweeps"]
    return entry


def test_the_thumbnail_is_of_what_was_chosen_else_of_the_first_cell_that_has_one(tmp_path):
    folder = pictured(tmp_path)
    assert entry_of(tmp_path)["thumbnail"] == "small/1-0.webp"
    change_judged(folder, lambda judged: with_fields(judged, {"picks": [0, 2]}, 3))
    assert entry_of(tmp_path)["thumbnail"] == "small/2-0.webp"


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "/etc/passwd", "cells/link.png", 7, None, "sweep.js", "small/\ud800.webp", "small/\udcff.webp"],
)
def test_a_thumbnail_leads_nowhere_else(tmp_path, name):
    os.makedirs(tmp_path / "clip-skip-sweeps" / ID / "small")
    with open(os.fsencode(tmp_path / "clip-skip-sweeps" / ID / "small") + b"/\xff.webp", "wb"):
        """A name that is no UTF-8."""
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = write_sweep(tmp_path, cells=[{"state": "done", "pictures": [{"small": name}]}])
    (folder / "cells" / "link.png").symlink_to(tmp_path / "secret.png")
    assert entry_of(tmp_path)["thumbnail"] is None


def test_what_was_said_of_cells_that_are_not_there_counts_for_nothing(tmp_path):
    folder = write_sweep(tmp_path)
    said = {"schema": 1, "name": "n", "note": "", "picks": [1, 7], "winner": 9}
    said["votes"] = [{"a": 0, "b": 1, "chosen": "a"}, {"a": 0, "b": 5, "chosen": "b"}]
    (folder / "judged.json").write_text(json.dumps(said))
    entry = entry_of(tmp_path)
    assert (entry["picks"], entry["winner"], entry["votes"], entry["name"]) == ([1], None, 1, "n")


def test_the_size_is_that_of_all_files_and_of_no_link(tmp_path):
    folder = write_sweep(tmp_path)
    (tmp_path / "large").write_bytes(b"x" * 10_000)
    (folder / "charts").symlink_to(tmp_path, target_is_directory=True)
    (folder / "cells" / "link.png").symlink_to(tmp_path / "large")
    (folder / "cells" / "below").mkdir()
    (folder / "cells" / "below" / "0002.png").write_bytes(b"12345")
    assert entry_of(tmp_path)["bytes"] == (folder / "sweep.json").stat().st_size + len(b"picture") + 5
