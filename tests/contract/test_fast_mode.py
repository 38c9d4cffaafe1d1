"""Fast mode: cells share batches and forwards of the text encoder, and give the pictures that they give alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.client import SMALL, encoded, gradient, mask

HIRES = {"enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.6, "hr_upscaler": "Latent"}
IMG2IMG = {"denoising_strength": 0.8, "steps": 4}


@pytest.fixture(scope="module")
def client(faulty_client):
    return faulty_client


def fast(client, plan, route="txt2img", **request):
    return client.sweep({"mode": "fast", "cells_per_batch": 16, **plan}, route, **request)


def furthest(one, other):
    """The largest difference of a channel value between two lists of pictures."""
    assert len(one) == len(other)
    return max(np.abs(a.astype(int) - b.astype(int)).max() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("route", "request_"),
    [
        pytest.param("txt2img", {}, id="plain"),
        pytest.param("txt2img", {"prompt": "a cat AND a dog :0.7"}, id="AND"),
        pytest.param("txt2img", {"prompt": "a [cat:dog:0.5] on a [table|chair]"}, id="prompt editing"),
        pytest.param("txt2img", {"prompt": ", ".join(f"word{n} thing" for n in range(40))}, id="more than 75 tokens"),
        pytest.param("txt2img", {"cfg_scale": 1}, id="CFG scale 1"),
        pytest.param("txt2img", {"sampler_name": "DPM++ SDE", "scheduler": "Karras"}, id="SDE"),
        pytest.param("txt2img", {"sampler_name": "Euler a", "scheduler": "Automatic"}, id="ancestral"),
        pytest.param("txt2img", {"batch_size": 2, "n_iter": 2}, id="batches of two, twice"),
        pytest.param("txt2img", {"subseed": 5, "subseed_strength": 0.4, "batch_size": 2}, id="variation seed"),
        pytest.param("txt2img", {"seed_resize_from_h": 32, "seed_resize_from_w": 32}, id="seed resize"),
        pytest.param("txt2img", HIRES, id="hires fix"),
        pytest.param("txt2img", {**HIRES, "hr_upscaler": "None"}, id="hires fix on pixels"),
        pytest.param("txt2img", {**HIRES, "hr_prompt": "a dog", "hr_negative_prompt": "red"}, id="hires prompts"),
        pytest.param("txt2img", {**HIRES, "hr_second_pass_steps": 3, "hr_sampler_name": "Euler"}, id="hires steps"),
        pytest.param(
            "txt2img", {"refiner_checkpoint": "tiny-sd1_b", "refiner_switch_at": 0.5, "steps": 4}, id="refiner"
        ),
        pytest.param("img2img", IMG2IMG, id="img2img"),
        pytest.param("img2img", {**IMG2IMG, "batch_size": 2, "n_iter": 2}, id="img2img, batches of two, twice"),
        pytest.param("img2img", {**IMG2IMG, "masked": True}, id="inpaint"),
        pytest.param("img2img", {**IMG2IMG, "masked": True, "inpainting_fill": 2}, id="inpaint, latent noise"),
        pytest.param("img2img", {**IMG2IMG, "masked": True, "inpaint_full_res": True}, id="inpaint, only masked"),
    ],
)
def test_cells_of_a_batch_are_within_one_of_255_of_those_that_ran_alone(client, faults, route, request_):
    request_ = dict(request_)
    if route == "img2img":
        request_["init_images"] = [encoded(gradient())]
    most = 1
    if request_.pop("masked", False):
        request_["mask"] = encoded(mask())
        most = 2  # at the mask's soft edge the host lays the original over the picture, which rounds once more
    client.single(3, route, **request_)  # the first use of a refiner works out its hash, which infotexts then have
    exact = client.sweep({"clip_skip": [1, 2, 12]}, route, **request_)
    faults.set()
    together = fast(client, {"clip_skip": [1, 2, 12]}, route, **request_)
    assert together.record["notes"] == []
    assert faults.seen()["generations"] == 1, "one call of the host for all cells"
    assert furthest(together.cells, exact.cells) <= most
    assert furthest(exact.cells[:1], exact.cells[-1:]) > most, "clip skip had no effect, so this test proves nothing"
    assert together.cell_infotexts == exact.cell_infotexts
    assert [cell["pictures"][0]["seed"] for cell in together.record["cells"]] == [SMALL["seed"]] * 3


@pytest.mark.parametrize(
    ("axis", "values", "request_"),
    [
        ("Seed", "1, 2, 3", {}),
        ("Seed", "1, 2", {"batch_size": 2, "n_iter": 2}),
        ("Var. seed", "5, 6", {"subseed_strength": 0.5}),
        ("Seed", "1, 2", {"subseed": 9, "subseed_strength": 0.3}),
        ("Negative clip skip", "1, 3, same", {}),
        ("Clip skip interpolation", "before norm, spherical", {}),
    ],
)
def test_a_batch_carries_seeds_and_finer_clip_skip_for_each_picture(client, faults, axis, values, request_):
    plan = {"clip_skip": "2, 7.5", "y": {"axis": axis, "values": values}}
    exact = client.sweep(plan, **request_)
    faults.set()
    together = fast(client, plan, **request_)
    assert faults.seen()["generations"] == 1
    assert furthest(together.cells, exact.cells) <= 1
    assert len({cell.tobytes() for cell in exact.cells}) > len(exact.cells) / 2, "the axis has an effect"
    assert together.cell_infotexts == exact.cell_infotexts
    for one, other in zip(together.record["cells"], exact.record["cells"], strict=True):
        assert [picture["seed"] for picture in one["pictures"]] == [picture["seed"] for picture in other["pictures"]]


def test_img2img_cells_of_different_seeds_share_a_batch(client, faults):
    plan = {"clip_skip": [1, 12], "y": {"axis": "Seed", "values": "1, 2"}}
    request = {**IMG2IMG, "init_images": [encoded(gradient())], "batch_size": 2}
    exact = client.sweep(plan, "img2img", **request)
    faults.set()
    together = fast(client, plan, "img2img", **request)
    assert faults.seen()["generations"] == 1
    assert furthest(together.cells, exact.cells) <= 1


def test_axes_that_a_batch_cannot_carry_have_batches_of_their_own(client, faults):
    plan = {
        "clip_skip": [1, 2],
        "y": {"axis": "CFG Scale", "values": "5, 7"},
        "z": {"axis": "Seed", "values": "1, 2, 3"},
    }
    exact = client.sweep(plan)
    faults.set()
    together = fast(client, plan)
    assert faults.seen()["generations"] == 2, "one for each CFG scale"
    assert furthest(together.cells, exact.cells) <= 1
    assert together.cell_infotexts == exact.cell_infotexts


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("further", [{}, {"y": {"axis": "CFG Scale", "values": "5, 7"}}], ids=["12 × 1", "12 × 2"])
def test_a_sweep_runs_the_text_encoder_as_often_as_one_generation(client, faults, mode, further):
    prompts = {"prompt": f"one encoder pass, {mode} {len(further)}", "negative_prompt": f"not {mode} {len(further)}"}
    client.generate(prompt="something else", negative_prompt="other")  # so that the host's cond cache helps nobody
    faults.set()
    client.single(3, **prompts)
    alone = faults.seen()["encoder_layers"]
    client.generate(prompt="something else", negative_prompt="other")
    faults.set()
    swept = client.sweep({"clip_skip": "1-12", "mode": mode, **further}, **prompts)
    assert faults.seen()["encoder_layers"] == alone == 2 * 12
    assert swept.report["text_encoder_forwards"] == 2
    assert len({cell.tobytes() for cell in swept.cells}) == len(swept.cells)


def test_a_script_that_looks_at_a_finished_picture_sees_its_clip_skip(client, faults):
    """One that improves faces generates anew there, and would do all of a batch at the first one's."""
    fast(client, {"clip_skip": [2, 5, 12]})
    assert faults.seen()["generations"] == 1
    assert faults.seen()["skip_of_pictures"] == [2, 5, 12]
