"""Interrupt, Skip, failing cells and progress: what is finished is kept, and the host is as it was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.helpers.client import CLIP_SKIP, LONG, pixels, same, sampling_cell

pytestmark = pytest.mark.usefixtures("unchanged")


def test_interrupt_keeps_what_is_finished_and_leaves_the_host_as_it_was(client):
    before = client.options()[CLIP_SKIP]
    running = client.in_background(lambda: client.sweep({"clip_skip": "5-12"}, **LONG))
    client.wait_for(sampling_cell(2))
    client.post("interrupt")
    swept = running.result()
    assert swept.states[:2] == ["done", "done"]
    assert set(swept.states[2:]) == {"not run"}
    assert {cell["reason"] for cell in swept.record["cells"][2:]} == {"interrupted"}
    assert swept.record["state"] == swept.report["state"] == "interrupted"
    assert len(swept.cells) == 2, "no half-sampled image among the cells"
    assert (swept.folder / swept.record["grids"][0]["file"]).is_file()
    assert client.options()[CLIP_SKIP] == before
    alone = client.single(6, **LONG)
    assert np.array_equal(swept.cells[1], alone.pictures[0])


def test_an_interrupted_sweep_can_be_gone_on_with(client):
    whole = client.sweep({"clip_skip": "5-8"}, **LONG)
    running = client.in_background(lambda: client.sweep({"clip_skip": "5-8"}, **LONG))
    client.wait_for(sampling_cell(2))
    client.post("interrupt")
    broken_off = running.result()
    made = client.sweep(script_args=[{"resume": broken_off.folder.name, "return_cells": True}])
    assert made.folder == broken_off.folder
    assert made.states == ["done"] * 4
    assert made.record["fingerprint"] == whole.record["fingerprint"]
    assert len(made.cells) == 4
    assert same(made.cells, whole.cells)


def test_skip_leaves_out_the_cell_that_is_running_and_goes_on(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-4"}, **LONG))
    client.wait_for(sampling_cell(1))
    client.post("skip")
    swept = running.result()
    assert swept.states == ["done", "not run", "done", "done"]
    assert swept.record["cells"][1]["reason"] == "skipped"
    assert swept.record["state"] == "finished"
    assert len(swept.cells) == 3


def test_progress_counts_the_whole_sweep(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-4"}, n_iter=2, **{**LONG, "steps": 20}))
    seen = []
    while not running.done:
        progress = client.get("progress?skip_current_image=true")
        if progress["state"]["job_count"] > 0 and progress["state"]["job_no"] < progress["state"]["job_count"]:
            seen.append(progress)
    running.result()
    counted = [progress for progress in seen if progress["state"]["job_count"] != 1]
    assert {progress["state"]["job_count"] for progress in counted} == {8}
    numbers = [progress["state"]["job_no"] for progress in counted]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) >= 4
    part = [progress["progress"] for progress in counted]
    assert all(later >= earlier - 0.13 for earlier, later in pairwise(part))
    assert max(part) > 0.6
    assert any("Clip skip" in (progress["textinfo"] or "") for progress in counted)


def test_progress_of_hires_fix_counts_both_passes(client):
    request = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.5}
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-3"}, **{**LONG, "steps": 15}, **request))
    counts = set()
    while not running.done:
        counts.add(client.get("progress?skip_current_image=true")["state"]["job_count"])
    running.result()
    assert counts - {0, 1, -1} == {6}


def test_an_interrupt_is_over_with_its_sweep(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-3"}, **LONG))
    client.wait_for(sampling_cell(0))
    client.post("interrupt")
    first = running.result()
    again = client.sweep({"clip_skip": "1-2"})
    assert "done" not in first.states
    assert again.states == ["done", "done"], "the next sweep knows nothing of the interrupt"


def test_the_preview_is_the_grid_in_which_finished_cells_stand(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "5-8"}, **LONG))
    client.wait_for(sampling_cell(2))
    preview = pixels(client.get("progress")["current_image"])
    swept = running.result()
    assert preview.shape == swept.pictures[0].shape
    assert holds(preview, swept.cells[0])
    assert not holds(preview, swept.cells[3])
    assert holds(swept.pictures[0], swept.cells[3])


def holds(picture, part):
    """Whether somewhere in a picture there is another, pixel by pixel."""
    height, width = part.shape[:2]
    places = np.argwhere((picture == part[0, 0]).all(axis=-1))
    return any(np.array_equal(picture[top : top + height, left : left + width], part) for top, left in places)
