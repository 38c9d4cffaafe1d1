"""Interrupt, Skip, failing cells and progress: what is finished is kept, and the host is as it was."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.client import CLIP_SKIP

pytestmark = pytest.mark.usefixtures("unchanged")
LONG = {"steps": 60, "sampler_name": "Euler", "scheduler": "Automatic"}
"""Long enough to be stopped in the middle of a cell."""


def states(sweep):
    return [cell["state"] for cell in sweep.record["cells"]]


def sampling_cell(number):
    """A condition on progress: cell `number` (from 0) is being sampled."""
    return lambda progress: progress["state"]["job_no"] == number and progress["state"]["sampling_step"] >= 2


def test_interrupt_keeps_what_is_finished_and_leaves_the_host_as_it_was(client):
    before = client.options()[CLIP_SKIP]
    running = client.in_background(lambda: client.sweep({"clip_skip": "5-12"}, **LONG))
    client.wait_for(sampling_cell(2))
    client.post("interrupt")
    swept = running.result()
    assert states(swept)[:2] == ["done", "done"]
    assert set(states(swept)[2:]) == {"not run"}
    assert {cell["reason"] for cell in swept.record["cells"][2:]} == {"interrupted"}
    assert swept.record["state"] == swept.report["state"] == "interrupted"
    assert len(swept.cells) == 2, "no half-sampled picture among the cells"
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
    assert states(made) == ["done"] * 4
    assert made.record["fingerprint"] == whole.record["fingerprint"]
    assert len(made.cells) == 4
    assert all(np.array_equal(one, other) for one, other in zip(made.cells, whole.cells, strict=True))


def test_skip_leaves_out_the_cell_that_is_running_and_goes_on(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-4"}, **LONG))
    client.wait_for(sampling_cell(1))
    client.post("skip")
    swept = running.result()
    assert states(swept) == ["done", "not run", "done", "done"]
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


@pytest.fixture
def broken_checkpoint(client):
    """The name of a checkpoint whose download broke off: it is on the list and cannot be loaded."""
    whole = Path(client.get("sd-models")[0]["filename"])
    path = whole.parent / "clipskiplabbroken.safetensors"
    path.write_bytes(whole.read_bytes()[:2_000_000])
    client.post("refresh-checkpoints")
    yield path.name
    path.unlink()
    client.post("refresh-checkpoints")


def test_a_cell_that_fails_shows_its_reason_and_the_others_go_on(client, broken_checkpoint):
    good = client.options()["sd_model_checkpoint"] or client.get("sd-models")[0]["title"]
    plan = {"clip_skip": [1, 2], "y": {"axis": "Checkpoint name", "values": [broken_checkpoint, good]}}
    swept = client.sweep(plan)
    assert states(swept) == ["failed", "failed", "done", "done"]
    reasons = [cell["reason"] for cell in swept.record["cells"]]
    assert all(reasons[:2])
    assert reasons[2:] == [None, None]
    assert any(reasons[0] in comment for comment in [str(swept.info)])
    assert len(swept.cells) == 2
    assert np.array_equal(swept.cells[1], client.single(2).pictures[0])
    assert swept.record["state"] == "finished"
    black = (swept.pictures[0].reshape(-1, 3).max(axis=1) == 0).mean()
    assert black < 0.1, "a reason is text, not a black square"
    after = client.generate()
    assert np.array_equal(after.pictures[0], client.single(client.options()[CLIP_SKIP]).pictures[0])


def test_a_sweep_of_failing_cells_only_answers_with_its_grid_of_reasons(client, broken_checkpoint):
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": "Checkpoint name", "values": [broken_checkpoint]}})
    assert states(swept) == ["failed", "failed"]
    assert swept.cells == []
    assert len(swept.pictures) == 1


def test_an_interrupt_is_over_with_its_sweep(client):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-3"}, **LONG))
    client.wait_for(sampling_cell(0))
    client.post("interrupt")
    first = running.result()
    again = client.sweep({"clip_skip": "1-2"})
    assert "done" not in states(first)
    assert states(again) == ["done", "done"], "the next sweep knows nothing of the interrupt"
