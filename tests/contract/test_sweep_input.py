"""Bad input gets a sentence as HTTP 422, before any sampling, and leaves nothing behind."""

from __future__ import annotations

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
        ("12-1", '"12-1"', "is an empty range (perhaps 1-12 was meant)"),
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
        ({"y": {"axis": "Steps", "values": "1-1000000"}}, 'Values of the second axis: "1-1000000" is more than 1000'),
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
