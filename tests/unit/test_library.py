"""The sweeps on disk: found, listed, and nothing given that is not part of one."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import Query
from clip_skip_lab.sweep.library import file_of, find_sweep, record_text, stays_inside
from tests.helpers.sweeps_on_disk import ID, write_sweep


def listed(*grid_folders, **query):
    """The sweeps of these folders, as a library lists them that was just made."""
    folders = Folders([str(folder) for folder in grid_folders])
    return Library(lambda: folders).listing(Query(**query))["sweeps"]


def test_a_sweep_is_listed_with_its_counts_and_axes(tmp_path):
    folder = write_sweep(tmp_path)
    assert listed(tmp_path) == [
        {
            "id": ID,
            "created": "2026-11-22T10:00:00+01:00",
            "state": "interrupted",
            "draft": False,
            "cells": 2,
            "done": 1,
            "failed": 0,
            "not_run": 1,
            "axes": [{"name": "Clip skip", "values": 2}],
            "model": "tiny",
            "hash": "",
            "prompt": "a <b>cat</b>",
            "tab": "txt2img",
            "name": "",
            "note": "",
            "picks": [],
            "votes": 0,
            "winner": None,
            "thumbnail": None,
            "bytes": (folder / "sweep.json").stat().st_size + len(b"picture"),
            "here": True,
        }
    ]


def test_sweeps_of_both_tabs_come_newest_first_and_each_once(tmp_path):
    for number, base in enumerate([tmp_path / "txt2img", tmp_path / "img2img", tmp_path / "txt2img"]):
        write_sweep(base, f"2026-11-2{number}-00000000", created=f"2026-11-2{number}T10:00:00+01:00")
    found = listed(tmp_path / "txt2img", tmp_path / "img2img", tmp_path / "txt2img")
    assert [entry["id"][:10] for entry in found] == ["2026-11-22", "2026-11-21", "2026-11-20"]


def test_no_more_are_listed_than_asked_for_the_newest(tmp_path):
    for number in range(3):
        write_sweep(tmp_path, f"2026-11-2{number}-00000000", created=f"2026-11-2{number}T10:00:00+01:00")
    assert [entry["id"][:10] for entry in listed(tmp_path, limit=2)] == ["2026-11-22", "2026-11-21"]


def test_where_nothing_was_made_nothing_is_listed(tmp_path):
    assert listed(tmp_path / "gone", tmp_path) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no readable sweep.json"),
        ("{", "has no readable sweep.json"),
        ("[1]", "it is not a JSON object"),
        ("[" * 100_000, "has no readable sweep.json"),
        ("\x00", "has no readable sweep.json"),
        ("{}", "is of another kind"),
        ('{"cells": 1}', "is of another kind"),
        ('{"cells": [1]}', "is of another kind"),
        (None, "No such file"),
    ],
)
def test_a_damaged_sweep_is_listed_with_its_reason_and_the_others_too(tmp_path, text, reason):
    write_sweep(tmp_path, "2026-11-20-00000000")
    damaged = write_sweep(tmp_path, ID)
    (damaged / "sweep.json").unlink()
    if text is not None:
        (damaged / "sweep.json").write_text(text, encoding="utf-8")
    problems = {entry["id"]: entry.get("problem") for entry in listed(tmp_path)}
    assert reason in problems[ID]
    assert problems["2026-11-20-00000000"] is None


def test_a_record_that_is_not_utf8_is_a_sentence(tmp_path):
    folder = write_sweep(tmp_path)
    (folder / "sweep.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InvalidInput, match=r"has no readable sweep.json"):
        record_text(folder)


@pytest.mark.parametrize(
    "name", ["..", ".", "", "2026-11-22-0a1b2c3d/..", "/etc", "2026-11-22-0a1b2c3d\0", None, 7, "x" * 5000]
)
def test_what_is_no_name_of_a_sweep_is_refused(tmp_path, name):
    write_sweep(tmp_path)
    with pytest.raises(InvalidInput, match=r"is not a valid name"):
        find_sweep([tmp_path], name)


def test_a_sweep_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="may have been deleted"):
        find_sweep([tmp_path], "2026-01-01-00000000")


def test_a_link_among_the_sweeps_is_no_sweep(tmp_path):
    elsewhere = write_sweep(tmp_path / "elsewhere")
    (tmp_path / "clip-skip-sweeps").mkdir()
    (tmp_path / "clip-skip-sweeps" / ID).symlink_to(elsewhere, target_is_directory=True)
    assert listed(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        find_sweep([tmp_path], ID)


def test_a_grid_folder_that_is_itself_a_link_is_the_users_own_choice(tmp_path):
    folder = write_sweep(tmp_path / "disk")
    (tmp_path / "grids").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert find_sweep([tmp_path / "grids"], ID) == folder.resolve()


def test_the_files_of_a_sweep_are_given(tmp_path):
    folder = write_sweep(tmp_path)
    names = ["sweep.json", "cells/0001.png", "grid.png", "grid-2.jpg", "small/0-0.webp", "charts/a.png", "measures.csv"]
    names.append("cells/2026/猫 #1 100%.png")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        assert file_of(folder, name) == folder.resolve() / name


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "sweep.js",
        "small/0-0.webp.js",
        "cells",
        "cells/",
        "cells/none.png",
        "other.png",
        "cells/../sweep.json",
        "cells/../../secret.png",
        "../secret.png",
        "cells//0001.png",
        "./sweep.json",
        "/etc/passwd",
        "cells/\0.png",
        "cells\\0001.png",
        "cells/..\\..\\secret.png",
        "C:/secret.png",
        "cells/" + "x" * 300 + ".png",
        "",
    ],
)
def test_no_other_file_is_given(tmp_path, name):
    folder = write_sweep(tmp_path)
    for path in (tmp_path / "secret.png", folder.parent / "secret.png", folder / "index.html", folder / "other.png"):
        path.write_bytes(b"secret")
    with pytest.raises(FileNotFoundError):
        file_of(folder, name)


def test_no_link_leads_out_of_a_sweep(tmp_path):
    folder = write_sweep(tmp_path)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "secret.png").write_bytes(b"secret")
    (folder / "cells" / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "cells" / "loop.png").symlink_to(folder / "cells" / "loop.png")
    (folder / "charts").symlink_to(tmp_path / "more", target_is_directory=True)
    for name in ("cells/link.png", "cells/loop.png", "charts/secret.png"):
        with pytest.raises(FileNotFoundError):
            file_of(folder, name)
    (folder / "sweep.json").unlink()
    (folder / "sweep.json").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InvalidInput):
        record_text(folder)


PARTS = st.sampled_from(
    ["..", ".", "cells", "small", "secret.png", "0001.png", "sweep.json", "%2e%2e", "~", "\\", "\0", "//", "", "…"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARTS | st.text(max_size=8), max_size=6).map("/".join))
def test_whatever_is_asked_for_only_files_within_the_sweep_are_given(tmp_path, name):
    if not (tmp_path / "clip-skip-sweeps").exists():
        write_sweep(tmp_path)
        (tmp_path / "secret.png").write_bytes(b"secret")
    folder = tmp_path / "clip-skip-sweeps" / ID
    try:
        path = file_of(folder, name)
    except FileNotFoundError:
        return
    assert path.is_relative_to(folder.resolve())
    assert path.read_bytes() != b"secret"


@given(st.lists(st.sampled_from(["cells", "small", "..", ".", "", "C:", "C:x", "NUL", "a b", "/", "\\", "\0", "猫"])))
def test_no_name_of_a_file_leads_out_of_the_folder_on_windows(parts):
    folder = PureWindowsPath("D:/sweeps/2026-11-27-0a1b2c3d")
    for name in ("/".join(parts), f"cells/{'/'.join(parts)}.png", f"cells/{''.join(parts)}.webp"):
        if stays_inside(name):
            path = folder / name
            assert path.is_relative_to(folder) and ".." not in path.parts
            assert path.relative_to(folder).as_posix() == name
