"""The model and the options, changed under a sweep by an extension: the cells stay of one kind."""

from __future__ import annotations

import pytest

from tests.helpers.client import CLIP_SKIP, same
from tests.helpers.extensions.faults import SKIPS, TOGETHER


@pytest.fixture
def other_model(client):
    """The checkpoint that isn't the user's; whatever a test does, the user's is chosen after it."""
    chosen = client.options()["sd_model_checkpoint"]
    yield next(model["title"] for model in client.get("sd-models") if model["title"] != chosen)
    client.set({"sd_model_checkpoint": chosen})


def test_a_cell_that_would_be_another_models_is_marked_and_the_rest_goes_on(client, faults, whole, other_model):
    faults.set("another model", at=[1], name=other_model)
    swept = client.sweep({"clip_skip": SKIPS})
    assert swept.states == ["done", "failed", "done", "done"]
    assert swept.reasons[1].startswith("The model was changed to ")
    assert same(swept.cells, whole[:1] + whole[2:])


@pytest.mark.parametrize("plan", [{}, TOGETHER], ids=["exact", "fast"])
def test_settings_that_are_changed_meanwhile_count_when_the_sweep_is_over(client, faults, whole, other_model, plan):
    before = client.options()
    for key, value, when in ((CLIP_SKIP, 7, "before"), ("emphasis", "None", "after"), ("eta_ancestral", 0.5, "after")):
        faults.set("setting moved", at=[0], key=key, value=value, when=when)
        try:
            swept = client.sweep({"clip_skip": SKIPS, **plan})
            assert same(swept.cells, whole, most=1 if plan else 0)
            assert client.options()[key] == value, "what the user did isn't undone"
        finally:
            client.set({key: before[key]})


def test_a_setting_that_is_changed_within_a_cell_is_told(client, faults, whole):
    """The host looks at some of them in the middle of a generation."""
    before = client.options()["emphasis"]
    faults.set("setting moved", at=[1], key="emphasis", value="Ignore", when="before")
    try:
        swept = client.sweep({"clip_skip": SKIPS})
        assert same(swept.cells[2:] + swept.cells[:1], whole[2:] + whole[:1])
        assert not same(swept.cells[1:2], whole[1:2])
        (note,) = swept.record["notes"]
        assert note == "Emphasis mode was changed while cell 2 ran; they may differ because of it."
    finally:
        client.set({"emphasis": before})


def test_a_checkpoint_that_is_chosen_meanwhile_is_for_what_comes_after(client, faults, whole, other_model):
    faults.set("setting moved", at=[1], key="sd_model_checkpoint", value=other_model)
    swept = client.sweep({"clip_skip": SKIPS})
    assert swept.states == ["done"] * 4
    assert same(swept.cells, whole)
    assert client.options()["sd_model_checkpoint"] == other_model


def test_a_sweep_with_a_checkpoint_of_its_own_names_that_one(client, faults, other_model):
    before = client.options()["sd_model_checkpoint"]
    asked = other_model.partition(" ")[0]  # the file's name: the host knows it by that too
    swept = client.sweep({"clip_skip": [1, 2]}, override_settings={"sd_model_checkpoint": asked})
    assert client.options()["sd_model_checkpoint"] == before
    name = swept.record["model"]["name"]
    assert other_model.startswith(name)
    assert f"Model: {name}," in swept.infotexts[0]
    assert all(f"Model: {name}," in text for text in swept.cell_infotexts)
    plain = client.sweep({"clip_skip": [1]})
    assert plain.record["model"]["name"] != name
