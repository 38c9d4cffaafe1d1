"""Bad input gets a sentence as HTTP 422, before any sampling, and leaves nothing behind."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.contract.client import SMALL, Refused

pytestmark = pytest.mark.usefixtures("unchanged")


def refusal(client, plan=None, **changes):
    """The sentence; along with it, that nothing was sampled and no folder made."""
    before = client.sweep_folders()
    with pytest.raises(Refused) as caught:
        client.sweep(plan, **changes)
    assert caught.value.status == 422, caught.value.detail
    assert client.sweep_folders() == before
    progress = client.get("progress")
    assert progress["state"]["sampling_step"] == 0
    return caught.value.detail


@pytest.mark.parametrize(
    ("given", "shown", "problem"),
    [
        ("0", '"0"', "is out of range"),
        (0, "0", "is out of range"),
        ("-1", '"-1"', "is out of range"),
        (-1, "-1", "is out of range"),
        ("13", '"13"', "is out of range"),
        ("14", '"14"', "is out of range"),
        ("99", '"99"', "is out of range"),
        ("1-", '"1-"', "is not a complete range"),
        ("12-1 (+2)", '"12-1 (+2)"', "is an empty range (perhaps 12-1 (-2) was meant)"),
        ("", '""', "is empty"),
        ([], '""', "is empty"),
        ("letters", '"letters"', "is not a number"),
        ("1-1000000", '"1-1000000"', "has 1000000 in it, which is out of range"),
        ([1, 14], "14", "is out of range"),
        (True, "True", "is not a"),
        (None, "None", "is not a"),
    ],
)
def test_clip_skip_values(client, given, shown, problem):
    detail = refusal(client, {"clip_skip": given})
    assert detail.startswith(f"Clip skip values: {shown} {problem}")
    assert "; allowed: " in detail
    assert "1 to 12" in detail


@pytest.mark.parametrize(
    ("plan", "start"),
    [
        ({"y": {"axis": "Sharpness", "values": "1"}}, 'Second axis: "Sharpness" is not an axis here; allowed: '),
        ({"z": {"axis": "Clip skip", "values": "1"}}, 'Third axis: "Clip skip" is not an axis here; allowed: '),
        ({"y": {"axis": "Sampler", "values": ["Newton"]}}, 'Values of the second axis: "Newton" '),
        ({"y": {"axis": "Sampler", "values": " , "}}, 'Values of the second axis: "" is empty'),
        ({"y": {"axis": "Prompt S/R", "values": ","}}, 'Values of the second axis: "" is empty'),
        ({"y": {"axis": "Prompt S/R", "values": "unicorn, cat"}}, 'Values of the second axis: "'),
        ({"y": {"axis": "CFG Scale", "values": "many"}}, 'Values of the second axis: "many" is not a number'),
        ({"y": {"axis": "Steps", "values": "0"}}, 'Values of the second axis: "0" '),
        ({"y": {"axis": "Steps", "values": "1-1000000"}}, 'Values of the second axis: "1-1000000" has 1000000 in it'),
        ({"z": {"axis": "Denoising", "values": "2"}}, 'Values of the third axis: "2" '),
        ({"y": {"axis": "Size", "values": "64"}}, 'Values of the second axis: "64" '),
        ({"y": {"axis": "Schedule type", "values": "Sideways"}}, 'Values of the second axis: "Sideways" '),
        ({"y": {"axis": "VAE", "values": "no-such-vae"}}, 'Values of the second axis: "no-such-vae" '),
        ({"y": {"axis": "Checkpoint name", "values": "no-such-model"}}, 'Values of the second axis: "no-such-model" '),
        ({"y": {"values": "5"}}, "Second axis: "),
        ({"y": "CFG Scale"}, 'y: "CFG Scale" is not an object'),
        ({"clipskip": "1-12"}, 'Plan: "clipskip" is not a key; allowed: the keys clip_skip, y, z, mode, '),
        ({"mode": "careless"}, 'mode: "careless" is not a mode'),
        ({"return_cells": "yes"}, 'return_cells: "yes" '),
        ({"y": {"axis": "Steps", "values": "1-999"}}, 'Sweep: "11988 cells" is too large'),
    ],
)
def test_everything_else(client, plan, start):
    detail = refusal(client, plan)
    assert detail.startswith(start), detail
    assert "; allowed: " in detail


OUT_OF_RANGE = {
    "[Clip Skip Lab] Negative clip skip": ["13", "avg 2-13", [2, 12.5]],
    "SDXL CLIP-L skip": ["13"],
    "SDXL bigG skip": ["33"],
    "Clip skip interpolation": ["cubic"],
}


@pytest.mark.parametrize(("axis", "values"), [(axis, one) for axis, wrong in OUT_OF_RANGE.items() for one in wrong])
def test_negative_axis_out_of_range_and_our_other_axes(client, axis, values):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": axis, "values": values}})
    assert re.match(r"Values of the second axis: \S+.* (is out of range|is not a value of .*); allowed: ", detail), (
        detail
    )


@pytest.mark.parametrize("first", [["", "blue"], [" ", "blue"], " , blue"], ids=repr)
def test_sr_whose_first_value_is_empty(client, first):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Prompt S/R", "values": first}})
    assert "cannot be the first value, which is the text to be replaced; allowed: " in detail


@pytest.mark.parametrize("wrong", [None, True, {}, []], ids=repr)
def test_list_values_of_a_text_axis(client, wrong):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Prompt S/R", "values": ["red", wrong]}})
    assert detail.startswith(f"Values of the second axis: {wrong!r} is not a text; allowed: ")


def test_the_length_of_a_number(client):
    for axis, values in (("Steps", "9" * 5000), ("CFG Scale", "1e999"), ("Size", "9" * 5000 + "x64"), ("Seed", "inf")):
        detail = refusal(client, {"clip_skip": "1", "y": {"axis": axis, "values": values}})
        assert detail.startswith("Values of the second axis: ") and len(detail) < 500
    for plan in ({"clip_skip": "1-12 [" + "9" * 5000 + "]"}, {"negative_clip_skip": "9" * 5000}):
        assert "is too long for a number; allowed: " in refusal(client, plan)


@pytest.mark.parametrize(
    "values", [["x" + str(number) for number in range(1_000_000)], "x," * 1_000_000], ids=("list", "text")
)
def test_many_values_of_an_axis(client, values):
    begun = time.perf_counter()
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Sampler", "values": values}})
    assert time.perf_counter() - begun < 5  # most of it for sending and parsing 10 MB
    assert "is too long; allowed: at most 1000 values" in detail


def test_a_style_that_is_not_there_is_named_among_quoted_names(client):
    if "soft, light" not in {style["name"] for style in client.get("prompt-styles")}:
        pytest.skip("this host has no style with a comma in its name")
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Styles", "values": "soft, ink"}})
    assert '"soft" is not a style; allowed: "soft, light", ink' in detail


@pytest.mark.parametrize(
    ("axis", "values", "allowed"),
    [
        ("Denoising", "2", "numbers from 0 to 1 and ranges such as 0-1, 0-1 (+0.25) or 0-1 [5]"),
        ("Steps", "0", "whole numbers from 1 to 10000 and ranges such as 1-12"),
    ],
)
def test_the_examples_of_a_sentence_are_valid_for_its_axis(client, axis, values, allowed):
    assert f"is out of range; allowed: {allowed}" in refusal(client, {"y": {"axis": axis, "values": values}})


@pytest.mark.parametrize("route", ["txt2img", "img2img"])
def test_positional_arguments_are_checked_alike(client, route):
    more = {"init_images": [_picture()]} if route == "img2img" else {}
    assert refusal(client, route=route, script_args=["14"], **more).startswith('Clip skip values: "14" is out of range')


def _picture():
    from tests.contract.client import encoded, gradient

    return encoded(gradient())


def test_a_checkpoint_that_is_gone(client):
    whole = Path(client.get("sd-models")[0]["filename"])
    path = whole.parent / "clipskiplabgone.safetensors"
    path.write_bytes(whole.read_bytes()[:2_000_000])
    try:
        client.post("refresh-checkpoints")
        path.unlink()
        detail = refusal(client, {"y": {"axis": "Checkpoint name", "values": ["clipskiplabgone.safetensors"]}})
    finally:
        path.unlink(missing_ok=True)
        client.post("refresh-checkpoints")
    assert "clipskiplabgone" in detail


def test_the_hosts_work_goes_on_after_a_refusal(client):
    refusal(client, {"clip_skip": "14"})
    assert client.generate(**SMALL).pictures[0].shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("request_fields", "start"),
    [
        ({"steps": 0}, "Sampling steps: 0 is too small; allowed: "),
        ({"n_iter": 0}, "Batch count: 0 is too small"),
        ({"batch_size": 0}, "Batch size: 0 is too small"),
        ({"width": 0}, "Width: 0 is too small"),
        ({"height": -64}, "Height: -64 is too small"),
        ({"override_settings": {"no_such_option": 1}}, 'override_settings: "no_such_option" is none of them'),
        ({"refiner_checkpoint": "no-such-model", "refiner_switch_at": 0.5}, 'Refiner checkpoint: "no-such-model" '),
    ],
)
def test_a_request_on_which_every_cell_would_fail(client, request_fields, start):
    assert refusal(client, **request_fields).startswith(start)
