"""Cells that cannot be, on any host: each shows its reason, and the others go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.client import CLIP_SKIP

pytestmark = pytest.mark.usefixtures("unchanged")


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
    assert swept.states == ["failed", "failed", "done", "done"]
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
    assert swept.states == ["failed", "failed"]
    assert swept.cells == []
    assert len(swept.pictures) == 1
