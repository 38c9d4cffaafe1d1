"""What a person changes in the header while a sweep runs is for afterwards: the cells stay of one kind."""

import numpy as np
import pytest

from tests.helpers.client import CHECKPOINT, CLIP_SKIP, LONG, keys_of, sampling_cell


@pytest.fixture
def another_checkpoint(client):
    """The title of a second SD1 checkpoint; checkpoint and clip skip are put back."""
    before = client.options()
    named = {model["model_name"]: model["title"] for model in client.get("sd-models")}
    others = [title for name, title in named.items() if name.startswith("tiny-sd1") and title != before[CHECKPOINT]]
    if len(others) == 0 or (before[CHECKPOINT] or "").startswith("tiny-sd1_b"):
        pytest.skip("needs the checkpoints tiny-sd1, which is loaded, and tiny-sd1_b")
    yield next(title for title in others if title.startswith("tiny-sd1_b"))
    client.set({CHECKPOINT: before[CHECKPOINT], CLIP_SKIP: int(before[CLIP_SKIP])})


def test_another_checkpoint_in_the_header_is_for_after_the_sweep(client, another_checkpoint):
    alone = client.single(4, **LONG)
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-4"}, **LONG))
    client.wait_for(sampling_cell(1))
    changing = client.in_background(lambda: client.set({CHECKPOINT: another_checkpoint}))
    swept = running.result()
    changing.result()
    assert len({keys_of(text)["Model hash"] for text in swept.cell_infotexts}) == 1
    assert np.array_equal(swept.cells[3], alone.pictures[0])
    assert client.options()[CHECKPOINT].startswith(another_checkpoint.split(" [")[0])
    assert keys_of(client.generate().infotexts[0])["Model"] == "tiny-sd1_b"


def test_another_clip_skip_in_the_header_is_for_after_the_sweep(client, another_checkpoint):
    running = client.in_background(lambda: client.sweep({"clip_skip": "1-4"}, **LONG))
    client.wait_for(sampling_cell(1))
    client.set({CLIP_SKIP: 9})
    swept = running.result()
    assert [keys_of(text)["Clip skip"] for text in swept.cell_infotexts] == ["1", "2", "3", "4"]
    assert np.array_equal(swept.cells[3], client.single(4, **LONG).pictures[0])
    assert client.options()[CLIP_SKIP] == 9


def test_while_a_sweep_runs_everybody_else_sees_and_saves_what_the_user_set(client):
    before = int(client.options()[CLIP_SKIP])
    client.set({CLIP_SKIP: 3})
    try:
        running = client.in_background(lambda: client.sweep({"clip_skip": "5-8"}, **LONG))
        client.wait_for(sampling_cell(1))
        note = client.model_note()
        assert note["setting"] == {"value": 3, "highest": 12, "temporary": False, "sweeping": True}
        assert client.options()[CLIP_SKIP] == 3
        client.set({"samples_save": client.options()["samples_save"]})  # saves everything
        assert client.config()[CLIP_SKIP] == 3
        client.set({CLIP_SKIP: 6})  # the value of the cell that is running
        assert client.config()[CLIP_SKIP] == 6
        swept = running.result()
        assert [keys_of(text)["Clip skip"] for text in swept.cell_infotexts] == ["5", "6", "7", "8"]
        assert client.options()[CLIP_SKIP] == 6
        note = client.model_note()
        assert note["setting"] == {"value": 6, "highest": 12, "temporary": False, "sweeping": False}
    finally:
        client.set({CLIP_SKIP: before})
