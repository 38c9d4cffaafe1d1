"""A disk that is full, or fills up, or may not be written to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.helpers.client import Refused, same
from tests.helpers.extensions.faults import SKIPS


@pytest.fixture
def mounted(tmp_path):
    """Mounts file systems in memory: `mounted("size=1m")` gives the folder."""
    folders = []

    def mount(options):
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True
        )
        if done.returncode:
            assert not (os.environ.get("CI") and os.geteuid() == 0), f"root cannot mount here: {done.stderr}"
            pytest.skip(f"mounting a file system is not permitted here: {done.stderr.strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder, leave):
    """Fills a file system but for so many bytes."""
    free = shutil.disk_usage(folder).free
    filler = folder / "filler"
    filler.write_bytes(b"0" * (free - leave))
    return filler


@pytest.mark.parametrize("way", [{}, {"mode": "fast", "cells_per_batch": 4}], ids=["one by one", "four in flight"])
def test_a_disk_that_fills_up_in_the_middle_costs_files_and_no_pictures(client, faults, mounted, grids_in, way):
    plan = {"clip_skip": "1-8", **way}
    exact = client.sweep(plan, width=128, height=128)
    disk = mounted("size=1m")
    grids_in(disk)
    one = (exact.folder / exact.record["cells"][0]["pictures"][0]["file"]).stat().st_size
    filler = fill(disk, leave=3 * one + 30_000)
    swept = client.sweep(plan, width=128, height=128)
    assert swept.report["done"] == 8
    assert same(swept.cells, exact.cells), "all images are in the answer"
    assert any("No space left on device" in problem for problem in swept.report["problems"])
    on_disk = json.loads((swept.folder / "sweep.json").read_text())
    assert on_disk["schema"] == 1, "the last record that fitted is whole"
    saved = list((swept.folder / "cells").glob("*.png"))
    assert 0 < len(saved) < 8
    filler.unlink()
    faults.set()
    again = client.sweep(script_args=[{"resume": swept.folder.name, "return_cells": True}])
    assert again.states == ["done"] * 8
    assert again.report["problems"] == []
    assert faults.seen()["generations"] < 8, "what was saved isn't run again"
    assert same(again.cells, exact.cells)


def test_a_full_disk_is_said_before_any_sampling(client, faults, mounted, grids_in):
    disk = mounted("size=1m")
    grids_in(disk)
    fill(disk, leave=0)
    with pytest.raises(Refused, match="No space left on device") as caught:
        client.sweep({"clip_skip": SKIPS})
    assert caught.value.status == 422
    assert faults.seen()["generations"] == 0
    assert not list(disk.glob("clip-skip-sweeps/*")), "no empty folder stays"


def test_a_folder_without_write_permission_is_said_before_any_sampling(client, faults, mounted, grids_in, tmp_path):
    if os.geteuid() == 0:  # whom permission bits do not stop
        folder, why = mounted("ro"), "Read-only file system"
    else:
        folder, why = tmp_path / "locked", "Permission denied"
        folder.mkdir(mode=0o555)
    grids_in(folder)
    with pytest.raises(Refused) as caught:
        client.sweep({"clip_skip": SKIPS})
    assert caught.value.status == 422
    assert caught.value.detail.startswith(f'Folder for grids: "{folder}')
    assert why in caught.value.detail
    assert faults.seen()["generations"] == 0
