"""An extended sweep has the pictures of a fresh one with the same plan, and runs only what the earlier one lacks."""

from __future__ import annotations

import pytest

from tests.helpers.client import Refused, encoded, gradient, mask, same

pytestmark = pytest.mark.usefixtures("unchanged")
CFG = {"axis": "CFG Scale", "values": "5, 7"}


def extends(client, begun, given, route="txt2img", reused=None, most=0, fresh=None, **request):
    """Extends a sweep, with other settings in the request than it was begun with: those don't count. Compares with a
    fresh sweep of the whole plan (`fresh` where the request leaves out a part of it)."""
    other = {key: request[key] for key in ("init_images", "mask") if key in request}
    extend = {"extend": begun.folder.name, "return_cells": True, **given}
    swept = client.sweep(route=route, script_args=[extend], prompt="a dog", seed=1, steps=3, **other)
    whole = client.sweep({**given, **(fresh or {})}, route, **request)
    assert swept.report["reused"] == reused
    assert set(swept.states) == {"done"}
    assert same(swept.cells, whole.cells, most)
    assert len(swept.cells) == len(whole.cells) > reused
    assert not same(swept.cells[:1], swept.cells[-1:], most), "the cells are alike, so this test proves nothing"
    return swept, whole


def loaded_and_another(client):
    """The titles of two checkpoints, the first of which is loaded; Forge's option is without the hash."""
    loaded = client.options()["sd_model_checkpoint"]
    name = loaded.partition(" [")[0]
    return [loaded, next(title for title in client.checkpoints() if title.partition(" [")[0] != name)]


def test_more_values(client):
    begun = client.sweep({"clip_skip": "2, 12"})
    swept, whole = extends(client, begun, {"clip_skip": "1, 2, 3, 12"}, reused=2)
    assert swept.cell_infotexts == whole.cell_infotexts
    assert swept.record["fingerprint"] == whole.record["fingerprint"], "it is the same sweep"
    assert swept.record["extends"] == begun.folder.name
    assert swept.report["text_encoder_forwards"] == whole.report["text_encoder_forwards"]
    for name in ("prompt", "seed", "steps"):
        assert swept.record["setting"][name] == begun.record["setting"][name]


def test_another_axis_and_then_one_more(client):
    begun = client.sweep({"clip_skip": "1, 12"}, cfg_scale=7)
    swept, _ = extends(client, begun, {"y": CFG}, reused=2, fresh={"clip_skip": "1, 12"}, cfg_scale=7)
    assert swept.record["problems"] == []
    further = {"clip_skip": "1, 5, 12", "z": {"axis": "Seed", "values": [2881122569, 4]}}
    extends(client, swept, further, reused=4, fresh={"y": CFG}, cfg_scale=7)


@pytest.mark.parametrize(
    ("axis", "values", "reused"),
    [
        ("Steps", "2, 3", 2),
        ("Sampler", "Euler, DPM++ 2M", 2),
        ("Prompt S/R", "red, blue", 2),
        ("Size", "64x64, 96x64", 2),
        ("Var. strength", "0, 0.5", 2),
        ("Negative clip skip", "same, 3", 2),
        ("VAE", "Automatic, None", 2),
        ("Checkpoint name", None, 2),
        ("Schedule type", "Automatic, Uniform", 0),
    ],
)
def test_the_value_that_a_sweep_ran_with_is_found_on_any_axis(client, axis, values, reused):
    if axis == "Checkpoint name":
        values = loaded_and_another(client)
    begun = client.sweep({"clip_skip": "1, 12"})
    request = {"subseed": 5} if axis == "Var. strength" else {}
    given = {"y": {"axis": axis, "values": values}}
    extend = {"extend": begun.folder.name, "return_cells": True, **given}
    swept = client.sweep(script_args=[extend], prompt="a dog", **request)
    assert swept.report["reused"] == reused
    whole = client.sweep({"clip_skip": "1, 12", **given}, **request)
    assert same(swept.cells, whole.cells)
    assert swept.record["problems"] == []


def test_a_sweep_over_checkpoints_gets_more_values_and_another_axis(client):
    checkpoints = loaded_and_another(client)
    begun = client.sweep({"clip_skip": "1, 12", "y": {"axis": "Checkpoint name", "values": checkpoints[1]}})
    both = {"axis": "Checkpoint name", "values": checkpoints}
    extends(client, begun, {"y": both}, reused=2, fresh={"clip_skip": "1, 12"})
    loaded = client.sweep({"clip_skip": "1, 12"}, override_settings={"sd_model_checkpoint": checkpoints[1]})
    extends(
        client,
        loaded,
        {"y": both},
        reused=2,
        fresh={"clip_skip": "1, 12"},
        override_settings={"sd_model_checkpoint": checkpoints[1]},
    )


@pytest.mark.parametrize("further", [{}, {"mask": encoded(mask())}], ids=["img2img", "inpaint"])
def test_img2img(client, further):
    request = {"init_images": [encoded(gradient())], "denoising_strength": 0.7, **further}
    begun = client.sweep({"clip_skip": "1, 12"}, "img2img", **request)
    given = {"clip_skip": "1, 4, 12", "y": {"axis": "Denoising", "values": "0.7, 0.5"}}
    extends(client, begun, given, "img2img", reused=2, **request)
    other = {**request, "init_images": [encoded(gradient().rotate(90))]}
    with pytest.raises(Refused, match=r"cannot be used, because these settings differ: init_images") as error:
        client.sweep(route="img2img", script_args=[{"extend": begun.folder.name, "clip_skip": "1-3"}], **other)
    assert error.value.status == 422


def test_fast_mode_takes_fast_and_exact_pictures_and_exact_no_fast_ones(client):
    begun = client.sweep({"clip_skip": "1, 12", "mode": "fast"})
    extends(client, begun, {"clip_skip": "1, 2, 3, 12"}, reused=2, most=1, fresh={"mode": "fast"})
    exact = client.sweep({"clip_skip": "1, 12"})
    extends(client, exact, {"clip_skip": "1, 2, 3, 12", "mode": "fast"}, reused=2, most=1)
    with pytest.raises(Refused, match='mode: "exact" cannot use images made in fast mode'):
        client.sweep(script_args=[{"extend": begun.folder.name, "clip_skip": "1-3", "mode": "exact"}])


def test_several_pictures_in_a_cell_hires_fix_and_the_panel_of_finer_values(client):
    request = {
        "n_iter": 2,
        "batch_size": 2,
        "enable_hr": True,
        "hr_scale": 1.5,
        "denoising_strength": 0.6,
        "hr_upscaler": "Latent",
        "alwayson_scripts": {"Clip skip lab": {"args": [{"negative_clip_skip": 3}]}},
    }
    begun = client.sweep({"clip_skip": "1, 1.5"}, **request)
    swept, whole = extends(client, begun, {"clip_skip": "1, 1.5, 12"}, reused=2, **request)
    assert swept.record["fingerprint"] == whole.record["fingerprint"]


def test_what_is_extended_is_measured_as_a_whole(client):
    begun = client.sweep({"clip_skip": "2, 12"})
    swept = client.sweep(script_args=[{"extend": begun.folder.name, "clip_skip": "1, 2, 12", "measures": True}])
    assert "measures" not in begun.record
    assert swept.record["reference"] == {"Clip skip": 1}
    assert all(cell["measures"] for cell in swept.record["cells"])
    whole = client.sweep({"clip_skip": "1, 2, 12", "measures": True})
    found, expected = ([cell["measures"] for cell in one.record["cells"]] for one in (swept, whole))
    noted = [measures.pop("conditioning_change") for measures in found]
    assert noted == [0, None, None], "what was sampled in the earlier sweep was compared with another reference"
    assert all(measures.pop("conditioning_change") is not None for measures in expected)
    assert found == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"extend": "x", "clip_skip": 3}, 'Sweep to extend: "x" is not a valid name'),
        ({"extend": "2026-11-22-0a1b2c3d"}, 'Sweep to extend: "2026-11-22-0a1b2c3d" is not in '),
        ({"extend": "2026-11-22-0a1b2c3d", "draft": True}, 'Plan: "draft" cannot be combined with extend'),
        ({"extend": "2026-11-22-0a1b2c3d", "resume": "2026-11-22-0a1b2c3d"}, "cannot be combined with"),
    ],
)
def test_what_cannot_be_is_a_sentence(client, arguments, sentence):
    with pytest.raises(Refused) as error:
        client.sweep(script_args=[arguments])
    assert (error.value.status, sentence in error.value.detail) == (422, True), error.value.detail


def test_another_model_values_that_are_there_and_values_that_are_none_are_refused(client):
    begun = client.sweep({"clip_skip": "1, 12"})
    other = loaded_and_another(client)[1]
    there = client.sweep_folders()
    with client.kept("sd_model_checkpoint"):
        client.set({"sd_model_checkpoint": other})
        with pytest.raises(Refused, match=r"Sweep to extend: .* was not started with .*; allowed: the model"):
            client.sweep(script_args=[{"extend": begun.folder.name, "clip_skip": "1-3"}])
    for given, sentence in (
        ({"clip_skip": "12"}, "already has all of these cells"),
        ({"clip_skip": "13"}, "Clip skip values"),
    ):
        with pytest.raises(Refused, match=sentence):
            client.sweep(script_args=[{"extend": begun.folder.name, **given}])
    assert client.sweep_folders() == there
    client.generate(steps=1)  # only now Forge loads what it was set back to, and notes its hash in the options
