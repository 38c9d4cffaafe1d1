"""Beside an extension that draws prompts, encodes and generates by itself, and whose inputs come after ours."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.helpers.client import SCRIPT, SMALL, Refused, encoded, gradient
from tests.helpers.extensions.meddling import asking

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


# Finer values, in whatever a generation encodes or generates

PANEL = "clip skip lab"
OWN_AXIS = "[Clip Skip Lab] Clip skip with fractions"
FINE = [1.5, "avg 2-4", 2]


def in_panel(meddled_client, asked, **inputs):
    """A picture with what the panel asks, beside the other extension."""
    scripts = {**asking(**inputs), PANEL: {"args": [asked]}}
    return meddled_client.single(1, prompt="a red cat", alwayson_scripts=scripts)


def sweep(meddled_client, plan, **more):
    return meddled_client.sweep(plan, prompt="a red cat", **more)


def passes(meddling):
    """(clip skip of the detailer's pass is that of the picture) for prompt and negative prompt, of each pass."""
    return [
        (one["cond"] == one["cond_of_picture"], one["uncond"] == one["uncond_of_picture"])
        for one in meddling.seen()["detailed"]
    ]


def test_a_detailer_uses_what_the_panel_asks(meddled_client, meddling):
    for asked in ({"clip_skip": 1.5}, {"clip_skip": 5}, {"clip_skip": "avg 2-4", "negative_clip_skip": 3.5}):
        in_panel(meddled_client, asked, detail=True)
    assert passes(meddling) == [(True, True)] * 3
    conds = [one["cond"] for one in meddling.seen()["detailed"]]
    assert len(set(conds)) == 3


def test_a_whole_value_in_the_panel_is_the_hosts_own_picture_in_every_pass(meddled_client, meddling):
    panel = in_panel(meddled_client, {"clip_skip": 5}, detail=True, encode=True)
    own = meddled_client.single(5, prompt="a red cat", alwayson_scripts=asking(detail=True, encode=True))
    assert np.array_equal(panel.pictures[0], own.pictures[0])
    one, other = meddling.seen()["detailed"]
    assert "Clip skip: 5" in one["infotext"] and one["infotext"] == other["infotext"]
    assert len(set(meddling.seen()["encoded"])) == 1


def test_a_detailer_uses_the_clip_skip_of_its_cell(meddled_client, meddling):
    singles = [in_panel(meddled_client, {"clip_skip": value}, detail=True, encode=True).pictures[0] for value in FINE]
    expected = meddling.seen()
    assert len(set(expected["encoded"])) == len(FINE)
    meddling.forget()
    on = asking(detail=True, encode=True)
    panel_of_its_own = {PANEL: {"args": [{"clip_skip": 9}]}}  # a sweep's values count, not the panel's
    swept = sweep(meddled_client, {"clip_skip": FINE}, alwayson_scripts={**on, **panel_of_its_own})
    assert all(np.array_equal(cell, one) for cell, one in zip(swept.cells, singles, strict=True))
    assert passes(meddling) == [(True, True)] * len(FINE)
    assert meddling.seen()["encoded"] == expected["encoded"]


def test_a_detailer_uses_the_clip_skip_of_each_picture_of_a_batch(meddled_client, meddling):
    plan = {"clip_skip": [1, *FINE], "negative_clip_skip": 3.5, "mode": "fast", "cells_per_batch": 8}
    swept = sweep(meddled_client, plan, alwayson_scripts=asking(detail=True))
    assert passes(meddling) == [(True, True)] * 4
    assert len({one["cond"] for one in meddling.seen()["detailed"]}) == 4
    assert swept.report["problems"] == []


def test_a_detailer_uses_the_value_of_an_axis_of_the_xyz_plot(meddled_client, meddling):
    axes = meddled_client.arguments(script="x/y/z plot")["X type"]["choices"]
    nothing = axes.index("Nothing")
    asked = {"X type": axes.index(OWN_AXIS), "X values": "1.5, 5", "Y type": nothing, "Z type": nothing}
    arguments = meddled_client.panel(asked, script="x/y/z plot")
    more = {"script_name": "x/y/z plot", "script_args": arguments, "alwayson_scripts": asking(detail=True)}
    meddled_client.generate(prompt="a red cat", **more)
    assert passes(meddling) == [(True, True)] * 2
    assert len({one["cond"] for one in meddling.seen()["detailed"]}) == 2


def test_what_the_panel_asked_is_over_with_its_generation(meddled_client, meddling):
    plain = meddled_client.single(1, prompt="a red cat", alwayson_scripts=asking(detail=True, encode=True)).pictures[0]
    in_panel(meddled_client, {"clip_skip": 5.5, "negative_clip_skip": 2}, detail=True, encode=True)
    again = meddled_client.single(1, prompt="a red cat", alwayson_scripts=asking(detail=True, encode=True)).pictures[0]
    assert np.array_equal(plain, again)
    encoded = meddling.seen()["encoded"]
    assert encoded[0] == encoded[2] != encoded[1]


def test_an_encoding_without_a_sign_gets_the_prompts_value_and_a_remark_says_so(meddled_client, meddling):
    said = in_panel(meddled_client, {"clip_skip": 2, "negative_clip_skip": 5}, encode=True, note="bare")
    (note,) = said.info["extra_generation_params"]["clip_skip_lab"]["notes"]
    assert "without saying whether it is a negative prompt" in note
    in_panel(meddled_client, {"clip_skip": 2}, encode=True, note="bare")
    assert len(set(meddling.seen()["encoded"])) == 1


def test_a_detailer_has_the_schedule_of_its_picture_over_its_own_steps(meddled_client, meddling):
    in_panel(meddled_client, {"clip_skip": "[1.5:5:0.5]", "negative_clip_skip": "[2:7:1]"}, detail=True)
    sweep(meddled_client, {"clip_skip": ["[1.5:5:0.5]", 3], "mode": "fast"}, alwayson_scripts=asking(detail=True))
    assert passes(meddling) == [(True, True)] * 3
    one, same, other = (seen["cond"] for seen in meddling.seen()["detailed"])
    assert one == same != other
    assert ["-" in cond for cond in (one, same, other)] == [True, True, False], "it changes once"


def test_a_text_encoded_for_all_steps_gets_the_value_of_their_middle_and_a_remark_says_so(meddled_client, meddling):
    said = in_panel(meddled_client, {"clip_skip": "[3:[7:9:0.9]:0.2]"}, encode=True)
    (note,) = said.info["extra_generation_params"]["clip_skip_lab"]["notes"]
    assert "encoded a text for all steps at once, where a schedule has no effect" in note
    in_panel(meddled_client, {"clip_skip": 7}, encode=True)
    assert len(set(meddling.seen()["encoded"])) == 1
    same = in_panel(meddled_client, {"clip_skip": 7, "negative_clip_skip": "[3:5:0.5]"}, encode=True)
    assert "notes" not in same.info["extra_generation_params"].get("clip_skip_lab", {}), "it was the prompt's"
    swept = sweep(meddled_client, {"clip_skip": ["[3:7:0.2]"]}, alwayson_scripts=asking(encode=True))
    assert any("for all steps at once" in note for note in swept.report["notes"])
    assert len(set(meddling.seen()["encoded"])) == 1


# One prompt for all cells

SKIPS = {"clip_skip": "1,2,5,12"}


def prompts_of(sweep):
    """The first line of each cell's infotext, in the order of the cells."""
    return [cell["pictures"][0]["infotext"].splitlines()[0] for cell in sweep.record["cells"]]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_prompt_that_is_drawn_at_random_is_drawn_once_for_all_cells(meddled_client, meddling, mode):
    drawn = meddled_client.sweep({**SKIPS, "mode": mode}, prompt=PROMPT, alwayson_scripts=asking(draw=True))
    assert len(set(prompts_of(drawn))) == 1
    assert "__animal__" not in prompts_of(drawn)[0]
    record = drawn.record
    assert len({cell["drawn"] for cell in record["cells"]}) == len(record["draws"]) == 1
    assert not any("incomparable" in cell for cell in record["cells"])
    assert record["problems"] == []
    assert any("Meddling draws at random" in note for note in record["notes"])
    # The label says the truth: this prompt, by hand, is this picture.
    for cell, skip in zip(drawn.cells, (1, 2, 5, 12), strict=True):
        assert np.array_equal(cell, meddled_client.single(skip, prompt=prompts_of(drawn)[0]).pictures[0])


def test_hires_prompts_and_all_pictures_of_a_cell_are_of_the_first_draw(meddled_client, meddling):
    request = {"enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.6, "hr_upscaler": "Latent"}
    request |= {"hr_prompt": "a big __animal__", "batch_size": 2, "n_iter": 2, "prompt": PROMPT}
    drawn = meddled_client.sweep({"clip_skip": "1,5"}, **request, alwayson_scripts=asking(draw=True))
    one, other = (
        [picture["infotext"].rpartition("\n")[0] for picture in cell["pictures"]] for cell in drawn.record["cells"]
    )
    assert len(one) == 4
    assert one == other


def test_rows_of_one_prompt_share_the_draw_and_an_axis_of_prompts_stays_one(meddled_client, meddling):
    rows = {"y": {"axis": "CFG Scale", "values": "5, 7"}, "z": {"axis": "Prompt S/R", "values": "red, blue"}}
    drawn = meddled_client.sweep({"clip_skip": "1,2", **rows}, prompt=PROMPT, alwayson_scripts=asking(draw=True))
    prompts = prompts_of(drawn)
    assert len(set(prompts[:4])) == len(set(prompts[4:])) == 1
    assert [prompt.startswith("a red") for prompt in prompts] == [True] * 4 + [False] * 4
    assert not any("incomparable" in cell for cell in drawn.record["cells"])


def test_going_on_and_full_quality_use_what_was_drawn(meddled_client, meddling):
    on = asking(draw=True)
    for plan, follow in (({}, "resume"), ({"draft": True}, "full")):
        first = meddled_client.sweep({**SKIPS, **plan}, prompt=PROMPT, alwayson_scripts=on)
        if follow == "resume":
            file = first.folder / "sweep.json"
            content = json.loads(file.read_text("utf8"))
            for cell in content["cells"][1:]:
                cell.update(state="not run", pictures=[])
            file.write_text(json.dumps(content), "utf8")
        asked = [{follow: first.folder.name, "return_cells": True}]
        meddling.forget()
        second = meddled_client.sweep(script_args=asked, prompt=PROMPT, alwayson_scripts=on)
        assert set(prompts_of(second)) == set(prompts_of(first)), follow
        assert set(second.record["draws"]) == set(first.record["draws"])
        assert len(meddling.seen()["prompts"]) == (3 if follow == "resume" else 4)
        assert not any("incomparable" in cell for cell in second.record["cells"])


def test_pictures_that_a_script_adds_are_all_kept_and_no_cell_counts_as_interrupted(meddled_client, meddling):
    on = asking(more_pictures=True, draw=True)
    sweep = meddled_client.sweep({"clip_skip": "1,2"}, prompt=PROMPT, batch_size=2, alwayson_scripts=on)
    record = sweep.record
    assert [cell["state"] for cell in record["cells"]] == ["done", "done"]
    assert record["state"] == "finished"
    assert [len(cell["pictures"]) for cell in record["cells"]] == [4, 4]
    assert [picture["seed"] for cell in record["cells"] for picture in cell["pictures"]] == [
        *sweep.info["all_seeds"][:4],
        *sweep.info["all_seeds"][:4],
    ]
    assert len({picture["file"] for cell in record["cells"] for picture in cell["pictures"]}) == 8
    assert "Another extension changed the number of images: 4 per cell instead of 2." in record["notes"]
    assert len(sweep.cells) == 8


def test_what_cannot_be_held_is_marked_and_said(meddled_client, meddling):
    on = asking(draw=True, note="behind the hooks")
    sweep = meddled_client.sweep(SKIPS, prompt=PROMPT, alwayson_scripts=on)
    assert {cell.get("incomparable") for cell in sweep.record["cells"]} == {
        "The cells of this row differ in their prompts, not only in clip skip: they cannot be compared."
    }
    (problem,) = sweep.record["problems"]
    assert problem.startswith("The cells differ in their prompts, not only in clip skip")


def test_switched_off_it_does_not_forbid_batches_and_switched_on_it_is_named(meddled_client, meddling):
    off = meddled_client.sweep({**SKIPS, "mode": "fast"})
    assert off.record["notes"] == []
    assert len(meddling.seen()["arguments"]) == 1, "one generation for all cells"
    on = meddled_client.sweep({**SKIPS, "mode": "fast"}, alwayson_scripts=asking(note="hello"))
    assert on.record["notes"] == ["The cells ran one by one: the script Meddling is active."]


# The arguments: however many are given, those of scripts behind ours stay where they are

OFF = [False, False, False, False, False, ""]
PLAN = {"clip_skip": "2", "return_cells": True}


@pytest.mark.parametrize(
    "given",
    [
        lambda panel: [PLAN],
        lambda panel: [PLAN, None, None],
        lambda panel: [PLAN, *[None] * len(panel[1:])],
        lambda panel: [PLAN, *["from an older version"] * (len(panel) + 5)],
        lambda panel: ["2"],
        lambda panel: ["2", "CFG Scale", "5"],
        lambda panel: ["2", *panel[1:]],
    ],
    ids=["object", "object and two", "padded object", "longer than the panel", "one value", "three values", "all"],
)
@pytest.mark.parametrize("route", ["txt2img", "img2img"])
def test_the_others_inputs_arrive_whatever_the_number_of_arguments(meddled_client, meddling, route, given):
    arguments = given(meddled_client.panel({}))
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
