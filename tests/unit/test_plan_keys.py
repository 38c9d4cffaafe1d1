"""The table of plan keys: what is made from it says the same everywhere."""

import pytest

from clip_skip_lab.sweep.plan import SweepPlan, read_plan
from clip_skip_lab.sweep.plan_keys import PANEL_INPUTS, PLAN_KEYS, REQUEST_KEYS
from clip_skip_lab.ui.arguments import panel_request, panel_values, plan_from_arguments
from tests.docs_tables import API, plan_keys
from tests.unit.test_plan import AXES

EARLIER = [
    ({}, "0f6f88cf355fdab9"),
    ({"clip_skip": "1-12 (+2)", "return_cells": True}, "f6745d2a996b080d"),
    ({"clip_skip": [1, 1.5, "avg 2-4"], "measures": False}, "3078ece4a7d83b8c"),
    ({"clip_skip": "1, 2", "y": {"axis": "CFG Scale", "values": "5, 7.5"}}, "a47c076600107548"),
    (
        {"clip_skip": "1, 2", "y": {"axis": "sampler", "values": ["euler"]}, "z": {"axis": "Steps", "values": "1-3"}},
        "df3dada6d1650004",
    ),
    ({"z": {"axis": "Prompt order", "values": "cat, hat"}, "clip_skip": 2}, "0bea55eb7a1430c7"),
    ({"mode": "fast"}, "3f5f79be14a02f67"),
    ({"mode": "fast", "cells_per_batch": 4, "clip_skip": "1-4"}, "4c5945886901a4f9"),
    ({"draft": True}, "60a2bc51f5dea4a0"),
    ({"cells": [3, 1], "draft": True, "y": {"axis": "VAE", "values": "v, None"}}, "c0453fcc26688697"),
    ({"interpolation": "before norm", "negative_clip_skip": "same"}, "6670c5f4af4062e0"),
    (
        {"every_model": True, "sdxl_clip_l_skip": 2, "sdxl_big_g_skip": "avg 1-3", "interpolation": "spherical"},
        "18c921127570ed08",
    ),
    ({"every_model": False, "negative_clip_skip": 1.5, "clip_skip": "１～３"}, "49d72f05b6f802ff"),
]
"""Requests with the fingerprints that sweeps on disk have of their plans."""
SETTING = {"seed": 7, "prompt": "a red cat", "s_tmax": float("inf"), "clip_skip_lab": {}}
REQUESTS = [request for request, _ in EARLIER]


@pytest.mark.parametrize(("request_", "fingerprint"), EARLIER)
def test_an_earlier_sweep_is_known_again_by_its_fingerprint(request_, fingerprint):
    assert read_plan(request_, AXES, 12).fingerprint(SETTING) == fingerprint


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_written_is_read_as_the_same_plan(request_):
    plan = read_plan(request_, AXES, 12)
    again = read_plan(plan.to_json(), AXES, 12)
    assert again.to_json() == plan.to_json()
    assert again.cells() == plan.cells()


def test_every_field_of_a_plan_is_read_by_a_key():
    fields = {key.of_plan or key.name for key in PLAN_KEYS}
    assert fields | {"clip_skip_source"} == set(SweepPlan.__dataclass_fields__)


def test_no_two_keys_or_inputs_have_one_name():
    for names in (
        [key.name for key in REQUEST_KEYS],
        [item.name for item in PANEL_INPUTS],
        [item.infotext for item in PANEL_INPUTS if item.infotext],
    ):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_grids_infotext_brings_back_what_the_panel_can_ask(request_):
    plan = read_plan(request_, AXES, 12)
    said = plan.infotext()
    values = {item.name: said.pop(item.infotext, item.default) for item in PANEL_INPUTS}
    assert said == {}
    ticks = {item.name for item in PANEL_INPUTS if isinstance(item.default, bool)}
    values |= {name: values[name] in (True, "True") for name in ticks}
    asked = {name: value for name, value in plan.to_json().items() if name in panel_request(values, AXES)}
    assert read_plan(panel_request(values, AXES), AXES, 12).to_json() == {**asked, "return_cells": True}


def test_an_untouched_panel_is_the_default_with_its_pictures():
    untouched = plan_from_arguments(tuple(panel_values(()).values()), AXES, 12)
    assert untouched == read_plan({"return_cells": True}, AXES, 12)


def test_the_panels_arguments_may_end_early_and_a_cleared_choice_is_the_usual_one():
    def asked(*arguments):
        return plan_from_arguments(arguments, AXES, 12).to_json()

    nothing = ["Nothing", "", None] * 2
    assert asked("1, 2") == asked("1, 2", *nothing, None, None, None, None, None, None)
    assert asked("1, 2", *nothing, "exact", "4") == asked("1, 2")
    assert asked("1, 2", *nothing, "fast", "4")["cells_per_batch"] == 4
    assert asked("1, 2", *nothing, "exact", "auto", "", True, [], False) == {
        **asked("1, 2"),
        "draft": True,
        "measures": False,
    }


def test_the_docs_have_the_table():
    assert plan_keys() in API.read_text(encoding="utf-8"), "run: python -m tests.docs_tables"
