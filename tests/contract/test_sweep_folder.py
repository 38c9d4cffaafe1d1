"""Where a sweep's folder is: one that cannot be made, long paths, and what somebody put there.

These tests change settings for themselves, so config.json is written.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.helpers.client import ROUTES, Refused


def test_a_grid_folder_that_cannot_be_written_to_is_said_before_any_sampling(client, grids_in, tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    grids_in(taken)
    with pytest.raises(Refused) as caught:
        client.sweep({"clip_skip": [1]})
    assert caught.value.status == 422
    assert caught.value.detail.startswith("Folder for grids: ")
    assert "Not a directory" in caught.value.detail


@pytest.mark.parametrize("length", [203, 235])
def test_in_a_folder_of_any_length_each_cell_has_a_file(client, grids_in, length):
    """Both cells had one file on disk, and the finding said that all pictures are identical."""
    base = tempfile.mkdtemp(dir="/tmp")
    folder = Path(base, "x" * (length - len(base) - 1))
    grids_in(folder)
    try:
        swept = client.sweep({"clip_skip": "1,12", "measures": True})
        files = [cell["pictures"][0]["file"] for cell in swept.record["cells"]]
        assert len(set(files)) == len(list((swept.folder / "cells").iterdir())) == 2
        assert all((swept.folder / file).is_file() for file in files)
        assert (swept.folder / "grid.png").is_file()
        assert not any("identical" in finding for finding in swept.report["findings"])
        assert [path.name for path in folder.iterdir()] == ["clip-skip-sweeps"], "nothing is written beside it"
    finally:
        shutil.rmtree(base)


def test_a_name_too_long_for_the_disk_is_replaced_and_a_note_says_so(client):
    """A prompt of 170 Chinese letters has more bytes than a file's name may have."""
    settings = {"samples_filename_pattern": "[prompt]"}
    swept = client.sweep({"clip_skip": "1,2"}, prompt="猫" * 170, override_settings=settings)
    assert all((swept.folder / cell["pictures"][0]["file"]).is_file() for cell in swept.record["cells"])
    assert any("is longer than 255 bytes" in note for note in swept.report["notes"])
    assert swept.report["problems"] == []


def test_a_folder_that_a_drafts_record_names_is_not_written_to(client, tmp_path):
    """With a folder in its setting, its sweep at full quality was written there."""
    draft = client.sweep({"clip_skip": "1,2", "draft": True})
    record = draft.record
    record["setting"]["outpath_grids"] = str(tmp_path / "elsewhere")
    record["setting"]["override_settings"]["outdir_txt2img_grids"] = str(tmp_path / "elsewhere")
    (draft.folder / "sweep.json").write_text(json.dumps(record))
    full = client.sweep(script_args=[{"full": draft.folder.name, "return_cells": True}])
    assert full.folder.parent == draft.folder.parent
    assert not (tmp_path / "elsewhere").exists()
    assert len(full.cells) == 2


def test_a_hostile_or_damaged_folder_is_listed_with_its_problem_and_stops_nothing(client):
    """With one of these on disk, the WebUI did not start; and no route says more than that it cannot be read."""
    sweep = client.sweep({"clip_skip": "1,2"})
    parent, made = sweep.folder.parent, []

    def folder(number, put):
        path = parent / f"2026-01-0{number}-00000000"
        path.mkdir()
        made.append(path)
        put(path / "sweep.json")
        return path.name

    names = [
        folder(1, lambda path: path.write_text("[" * 1000 + "]" * 1000)),
        folder(2, os.mkfifo),
        folder(3, lambda path: path.symlink_to(path.name)),
        folder(4, lambda path: path.write_text(json.dumps({**sweep.record, "setting": [], "cells": 5}))),
    ]
    loop = parent / "2026-01-05-00000000"
    loop.symlink_to(loop.name)
    try:
        url = f"{ROUTES}/sweeps"
        while (answer := client.http.get(url, params={"limit": 1000}).json())["reading"]:
            time.sleep(0.1)
        listed = {entry["id"]: entry for entry in answer["sweeps"]}
        assert all("problem" in listed[name] for name in names)
        assert listed[sweep.folder.name]["done"] == 2
        for name in [*names, loop.name]:
            for route in ("", "/page/", "/page/sweep.js", "/page/sweep.json", "/page/cells/0000.png"):
                assert client.http.get(f"{url}/{name}{route}").status_code in (200, 404, 422)
            for key in ("resume", "full"):
                with pytest.raises(Refused) as caught:
                    client.sweep(script_args=[{key: name}])
                assert caught.value.status == 422
        assert client.arguments(), "the panel is there"
    finally:
        loop.unlink()
        for path in made:
            shutil.rmtree(path)
