"""Beside an extension that draws prompts, encodes and generates by itself, and whose inputs come after ours."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.client import SCRIPT, SMALL, Refused, encoded, gradient
from tests.contract.meddling_extension import asking

PROMPT = "a red __animal__ on a table"


def test_switched_off_it_changes_nothing(meddled_client, meddling):
    one = meddled_client.single(2, prompt=PROMPT)
    (cell,) = meddled_client.sweep({"clip_skip": "2"}, prompt=PROMPT).cells
    assert np.array_equal(cell, one.pictures[0])
    assert all(not any(arguments) for arguments in meddling.seen()["arguments"])


def test_switched_on_it_draws_encodes_and_details(meddled_client, meddling):
    on = asking(draw=True, encode=True, detail=True, note="hello")
    answer = meddled_client.generate(prompt=PROMPT, alwayson_scripts=on)
    seen = meddling.seen()
    assert "__animal__" not in seen["prompts"][0][0]
    assert len(seen["encoded"]) == len(seen["detailed"]) == 1
    assert "Meddling note: hello" in answer.infotexts[0]


# The arguments: however many are given, those of scripts behind ours stay where they are

OFF = [False, False, False, False, False, ""]
PLAN = {"clip_skip": "2", "return_cells": True}


@pytest.mark.parametrize(
    "arguments",
    [
        [PLAN],
        [PLAN, None, None],
        [PLAN, *[None] * 12],
        [PLAN, *["from an older version"] * 20],
        ["2"],
        ["2", "CFG Scale", "5"],
        ["2", "Nothing", "", None, "Nothing", "", None, "exact", "auto", "a new sweep", False, None, True],
    ],
    ids=["object", "object and two", "padded object", "longer than the panel", "one value", "three values", "all"],
)
@pytest.mark.parametrize("route", ["txt2img", "img2img"])
def test_the_others_inputs_arrive_whatever_the_number_of_arguments(meddled_client, meddling, route, arguments):
    more = {"init_images": [encoded(gradient())]} if route == "img2img" else {}
    swept = meddled_client.sweep(route=route, script_args=arguments, alwayson_scripts=asking(note="here"), **more)
    assert swept.report["done"] == 1
    assert meddling.seen()["arguments"] == [[True, *OFF[1:5], "here"]]
    assert "Meddling note: here" in swept.infotexts[0]
    meddling.forget()
    meddled_client.sweep(route=route, script_args=arguments, **more)
    assert meddling.seen()["arguments"] == [OFF]


@pytest.mark.parametrize("name", [SCRIPT, SCRIPT.lower(), SCRIPT.upper()])
def test_the_scripts_name_may_be_written_in_any_letter_case(meddled_client, meddling, name):
    meddled_client.post("txt2img", **SMALL, script_name=name, script_args=[PLAN])
    assert meddling.seen()["arguments"] == [OFF]


def test_a_sweep_beside_the_other_extension_is_the_single_generation_beside_it(meddled_client, meddling):
    on = asking(encode=True, note="here")
    one = meddled_client.single(2, alwayson_scripts=on)
    meddling.forget()
    swept = meddled_client.sweep(PLAN, alwayson_scripts=on)
    assert np.array_equal(swept.cells[0], one.pictures[0])
    assert len(meddling.seen()["encoded"]) == 1
    assert "Meddling note: here" in swept.cell_infotexts[0]


@pytest.mark.parametrize("arguments", [[], None])
def test_a_call_without_arguments_is_refused(meddled_client, meddling, arguments):
    with pytest.raises(Refused) as caught:
        meddled_client.post("txt2img", **SMALL, script_name=SCRIPT, script_args=arguments)
    assert caught.value.status == 422
    assert caught.value.detail.startswith("script_args: ")
    assert meddling.seen()["arguments"] == []


def test_more_values_than_the_panel_has_are_refused(meddled_client, meddling):
    with pytest.raises(Refused) as caught:
        meddled_client.sweep(script_args=["2", *[""] * 20])
    assert (caught.value.status, caught.value.detail[:24]) == (422, 'script_args: "21 values"')


@pytest.mark.parametrize("given", [{"Meddling": 5}, {"Meddling": {"args": 5}}, {"Meddling": None}])
def test_what_is_no_list_of_an_always_on_scripts_arguments_is_refused(meddled_client, meddling, given):
    with pytest.raises(Refused) as caught:
        meddled_client.sweep(PLAN, alwayson_scripts=given)
    assert (caught.value.status, caught.value.detail[:17]) == (422, "alwayson_scripts.")
