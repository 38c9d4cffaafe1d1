"""Bad input gets a sentence as HTTP 422, before any sampling, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.helpers.client import SMALL, Refused

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
        ("12-1 (+2)", '"12-1 (+2)"', "is an empty range (did you mean 12-1 (-2)?)"),
        ("", '""', "is empty"),
        ([], '""', "is empty"),
        ("letters", '"letters"', "is not a number"),
        ("1-1000000", '"1-1000000"', "contains 1000000, which is out of range"),
        ([1, 14], "14", "is out of range"),
        (True, "True", "is not a"),
        (None, "None", "is not a"),
    ],
)
def test_clip_skip_values_that_cannot_be_used_are_refused(client, given, shown, problem):
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
        ({"y": {"axis": "Steps", "values": "1-1000000"}}, 'Values of the second axis: "1-1000000" contains 1000000'),
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
def test_axes_modes_and_keys_that_cannot_be_used_are_refused(client, plan, start):
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
def test_values_of_our_own_axes_that_cannot_be_used_are_refused(client, axis, values):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": axis, "values": values}})
    assert re.match(r"Values of the second axis: \S+.* (is out of range|is not a value of .*); allowed: ", detail), (
        detail
    )


@pytest.mark.parametrize("first", [["", "blue"], [" ", "blue"], " , blue"], ids=repr)
def test_an_empty_text_cannot_be_the_one_to_be_replaced(client, first):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Prompt S/R", "values": first}})
    assert "cannot be the first value, which is the text to be replaced; allowed: " in detail


@pytest.mark.parametrize("wrong", [None, True, {}, []], ids=repr)
def test_a_value_of_a_text_axis_that_is_no_text_is_refused(client, wrong):
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Prompt S/R", "values": ["red", wrong]}})
    assert detail.startswith(f"Values of the second axis: {wrong!r} is not text; allowed: ")


def test_a_number_too_long_is_refused_in_a_short_sentence(client):
    for axis, values in (("Steps", "9" * 5000), ("CFG Scale", "1e999"), ("Size", "9" * 5000 + "x64"), ("Seed", "inf")):
        detail = refusal(client, {"clip_skip": "1", "y": {"axis": axis, "values": values}})
        assert detail.startswith("Values of the second axis: ") and len(detail) < 500
    for plan in ({"clip_skip": "1-12 [" + "9" * 5000 + "]"}, {"negative_clip_skip": "9" * 5000}):
        assert "is too long for a number; allowed: " in refusal(client, plan)


@pytest.mark.parametrize(
    "values", [["x" + str(number) for number in range(1_000_000)], "x," * 1_000_000], ids=("list", "text")
)
def test_a_million_values_of_an_axis_are_refused_soon(client, values):
    begun = time.perf_counter()
    detail = refusal(client, {"clip_skip": "1", "y": {"axis": "Sampler", "values": values}})
    assert time.perf_counter() - begun < 30  # most of it for sending and parsing 10 MB, on a machine that may be busy
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
def test_positional_arguments_are_checked_as_those_of_a_plan(client, route):
    more = {"init_images": [_picture()]} if route == "img2img" else {}
    assert refusal(client, route=route, script_args=["14"], **more).startswith('Clip skip values: "14" is out of range')


def _picture():
    from tests.helpers.client import encoded, gradient

    return encoded(gradient())


def test_a_checkpoint_whose_file_is_gone_is_refused_by_its_name(client):
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


HIRES = {"enable_hr": True, "denoising_strength": 0.5}


@pytest.mark.parametrize(
    ("request_fields", "start"),
    [
        ({"steps": 0}, "Sampling steps: 0 is too small; allowed: "),
        ({"n_iter": 0}, "Batch count: 0 is too small"),
        ({"batch_size": 0}, "Batch size: 0 is too small"),
        ({"width": 0}, "Width: 0 is too small"),
        ({"height": -64}, "Height: -64 is too small"),
        (
            {"override_settings": {"no_such_option": 1}},
            'override_settings: "no_such_option" is not a setting of this WebUI',
        ),
        ({"refiner_checkpoint": "no-such-model", "refiner_switch_at": 0.5}, 'Refiner checkpoint: "no-such-model" '),
        ({"steps": 10**9}, "Sampling steps: 1000000000 is too large; allowed: whole numbers from 1 to 10000."),
        ({"steps": None}, "Sampling steps: None is no whole number"),
        ({"width": 10**7}, "Width: 10000000 is too large"),
        ({"n_iter": 10**6}, "Batch count: 1000000 is too large"),
        ({"batch_size": 10**6}, "Batch size: 1000000 is too large"),
        ({"seed": 2**63}, "Seed: 9223372036854775808 is too large"),
        ({"seed": 2**64}, "seed: 18446744073709551616 is too large; allowed: whole numbers of 64 bits."),
        ({"subseed": 2**63, "subseed_strength": 0.5}, "Variation seed: 9223372036854775808 is too large"),
        ({"seed_resize_from_w": None}, "seed_resize_from_w: None is not a value"),
        ({"enable_hr": True, "denoising_strength": None}, "Denoising strength: None is no number"),
        ({"cfg_scale": None}, "CFG Scale: None is no number"),
        ({"prompt": None}, "Prompt: None is not text"),
        ({"sampler_name": "Newton"}, 'sampler_name: "Newton" is not available; allowed: '),
        ({"sampler_name": "DPM++ 2M Newton"}, 'sampler_name: "DPM++ 2M Newton" is not available'),
        ({"sampler_name": None, "sampler_index": "Newton"}, 'sampler_name: "Newton" is not available'),
        ({"scheduler": "Sideways"}, 'Schedule type: "Sideways" is not available; allowed: Automatic'),
        ({"styles": ["no such style"]}, 'Styles: "no such style" is not available'),
        ({**HIRES, "hr_scale": 0}, "Upscale by: 0.0 is too small"),
        ({**HIRES, "hr_scale": 99, "width": 512}, "Size after Hires. fix: 50688 is too large"),
        ({**HIRES, "hr_upscaler": "no such one"}, 'Upscaler: "no such one" is not available; allowed: Latent'),
        ({**HIRES, "hr_sampler_name": "Newton"}, 'Hires sampler: "Newton" is not available'),
        ({**HIRES, "hr_checkpoint_name": "none such"}, 'Hires checkpoint: "none such" is not available'),
        ({"enable_hr": True, "denoising_strength": 1.5}, "Denoising strength: 1.5 is too large"),
    ],
)
def test_a_request_on_which_every_cell_would_fail_is_refused(client, request_fields, start):
    assert refusal(client, **request_fields).startswith(start)


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_img2img_takes_a_denoising_strength_from_0_to_1(client, strength):
    given = {"route": "img2img", "init_images": [_picture()], "denoising_strength": strength}
    assert refusal(client, **given).startswith(f"Denoising strength: {strength} is too ")


def test_img2img_needs_a_picture(client):
    assert refusal(client, route="img2img", init_images=[]).startswith("init_images: [] is empty")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("CLIP_stop_at_last_layers", "2", '"2" is no whole number; allowed: whole numbers from 1 to 12.'),
        ("CLIP_stop_at_last_layers", 13, "13 is too large"),
        ("img_max_size_mp", "x", '"x" is no number'),
        ("samples_filename_pattern", 5, "5 is not text; allowed: text."),
        ("samples_filename_pattern", None, "None is not text"),
        ("samples_filename_pattern", {"a": ["png"]}, "{'a': ['png']} is not text"),
        ("grid_only_if_multiple", "yes", '"yes" is neither; allowed: true or false.'),
        ("grid_only_if_multiple", 1, "1 is neither"),
        ("jpeg_quality", 101, "101 is too large; allowed: whole numbers from 1 to 100."),
        ("jpeg_quality", True, "True is no whole number"),
        ("eta_noise_seed_delta", 1.5, "1.5 is no whole number"),
        ("eta_ancestral", -0.5, "-0.5 is too small; allowed: numbers from 0.0 to 1.0."),
        ("emphasis", "Shouting", '"Shouting" is not available; allowed: '),
        ("sd_vae", "no-such-vae", '"no-such-vae" is not available'),
        (
            "sd_model_checkpoint",
            "no-such-model",
            '"no-such-model" is not available; allowed: the checkpoints of this WebUI.',
        ),
        ("sd_model_checkpoint", ["a"], "['a'] is not available"),
        ("hide_samplers", "Euler", '"Euler" is not a list'),
        ("api_useragent", "x", '"x" cannot be overridden by a request'),
    ],
)
def test_an_override_of_another_kind_than_the_option_is_refused(client, key, value, problem):
    if key not in client.options():
        pytest.skip(f"this host has no option {key}")
    assert refusal(client, override_settings={key: value}).startswith(f"override_settings.{key}: {problem}")


def test_an_override_of_clip_skip_itself_gives_way_to_the_sweeps_values(client):
    plain = client.sweep({"clip_skip": [2]})
    swept = client.sweep({"clip_skip": [2]}, override_settings={"CLIP_stop_at_last_layers": 5})
    assert (swept.cells[0] == plain.cells[0]).all()


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"cfg_scale": NaN}', "cfg_scale: nan is not a finite number; allowed: finite numbers."),
        ('{"s_tmax": Infinity}', "s_tmax: inf is not a finite number"),
        (
            '{"override_settings": {"eta_ancestral": [NaN]}}',
            "override_settings.eta_ancestral: nan is not a finite number",
        ),
        ('{"prompt": "\\ud800"}', 'prompt: "\\ud800" contains half of a surrogate pair'),
    ],
)
def test_what_cannot_be_written_into_an_answer_is_refused(client, text, detail):
    whole = {**SMALL, "script_name": "clip skip sweep", "script_args": [{"clip_skip": "1"}], **json.loads(text)}
    answer = client.http.post("/sdapi/v1/txt2img", content=json.dumps(whole))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(detail)
