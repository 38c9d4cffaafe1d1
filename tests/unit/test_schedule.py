"""A clip skip that changes while a picture is sampled: how it is written, and what it is at each step."""

import importlib.util
import os
from collections import namedtuple
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.layers.phases import is_scheduled, merged, phases_of, requests_within, settled
from clip_skip_lab.layers.selection import SD1, check_reachable, is_whole
from clip_skip_lab.sweep.layer_request import LayerRequest, read_layer_request, read_values
from clip_skip_lab.sweep.schedule import Steps, ends, in_the_middle, value_at, values_within
from clip_skip_lab.sweep.values import read_clip_skip, split_list
from tests.minihost.modules import prompt_parser

Entry = namedtuple("Entry", ["end_at_step", "cond"])

plain = st.one_of(
    st.integers(1, 12),
    st.integers(11, 119).filter(lambda tenths: tenths % 10).map(lambda tenths: tenths / 10),
    st.tuples(st.integers(1, 11), st.integers(1, 11)).map(lambda ends: f"avg {min(ends)}-{max(ends) + 1}"),
)
whens = st.one_of(
    st.integers(0, 60).map(str),
    st.integers(0, 200).map(lambda hundredths: f"{hundredths / 100}"),
    st.floats(0, 2).map(lambda share: f"{share:.6f}"),
)
schedules = st.recursive(
    plain, lambda inner: st.tuples(inner, inner, whens).map(lambda parts: "[{}:{}:{}]".format(*parts)), max_leaves=5
).filter(lambda value: isinstance(value, str) and value.startswith("["))
passes = st.builds(Steps, st.integers(1, 60), st.none() | st.integers(1, 60), st.booleans())


def real_parser():
    """That of the checkout that `WEBUI_DIR` names, or None."""
    folder = os.environ.get("WEBUI_DIR")
    if not folder:
        return None
    spec = importlib.util.spec_from_file_location("real_prompt_parser", Path(folder, "modules", "prompt_parser.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PARSERS = [parser for parser in (prompt_parser, real_parser()) if parser is not None]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[2:1:0.5]", ["[2:1:0.5]"]),
        ("1, [2:1:0.5], 2", [1, "[2:1:0.5]", 2]),
        (" [ 2 : 1 : .50 ] ", ["[2:1:0.5]"]),
        ("[2:1:1.]", ["[2:1:1.0]"]),
        ("[2:1:1]", ["[2:1:1]"]),
        ("[2.0:1.50:007]", ["[2:1.5:7]"]),
        ("[1.5:1:0.3], [AVG2 - 4:1:4]", ["[1.5:1:0.3]", "[avg 2-4:1:4]"]),
        ("［２：１：０．５］、「３：１：4」", ["[2:1:0.5]", "[3:1:4]"]),
        ("[4:[3:2:0.6]:0.3]", ["[4:[3:2:0.6]:0.3]"]),
        ("[2:1:0.5], [2:1:.5]", ["[2:1:0.5]"]),
        ("1-12 [5], [2:1:0.5]", [1, 3, 6, 9, 12, "[2:1:0.5]"]),
        (["[2:1:0.5]", 1.5], ["[2:1:0.5]", 1.5]),
    ],
)
def test_a_schedule_is_written_as_in_prompts_and_stands_among_other_values(text, values):
    assert read_clip_skip(text, 12) == values


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[2:1]", "is not a complete schedule"),
        ("[1:0.5]", "is not a complete schedule"),
        ("[:1:0.5]", "is not a complete schedule"),
        ("[2::0.5]", "is not a complete schedule"),
        ("[2:1:]", "is not a complete schedule"),
        ("[2:1:0.5", "is not a complete schedule"),
        ("[2:1:0.5]]", "is not a complete schedule"),
        ("[2:1:0.5] [3:1:0.5]", "is not a complete schedule"),
        ("[2:1:0.5:3]", "is not a complete schedule"),
        ("[2|1]", "is not a complete schedule"),
        ("[]", "is not a complete schedule"),
        ("[", "is not a complete schedule"),
        ("[2:1:half]", "ends with half, which is neither a share of the steps nor a step"),
        ("[2:1:-0.5]", "neither a share of the steps nor a step"),
        ("[2:1:1e1]", "neither a share of the steps nor a step"),
        ("[2:1:9999999]", "neither a share of the steps nor a step"),
        ("[2:1:٣]", "neither a share of the steps nor a step"),
        ("[2:1:2.01]", "ends with 2.01, which is beyond 2.0, the end of Hires. fix"),
        ("[13:1:0.5]", '"13" is out of range'),
        ("[2:0:0.5]", '"0" is out of range'),
        ("[avg 4-2:1:0.5]", "does not go from a smaller to a larger number"),
        ("[fox:1:0.5]", "is not a number"),
        ("[1-3:1:0.5]", "is more than one value"),
        ("[" * 150 + "2:1:1]", "is not a complete schedule"),
        ("[2:" * 70 + "1" + ":1]" * 70, "is too long for a schedule"),
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(text, problem):
    with pytest.raises(InvalidInput) as caught:
        read_clip_skip(text, 12)
    assert problem in str(caught.value)
    assert "schedules such as [2:1:0.5]" in str(caught.value)


@given(schedules)
def test_a_schedule_is_written_in_one_way_and_reads_back_as_itself(text):
    (value,) = read_clip_skip(text, 12)
    assert read_clip_skip(value, 12) == [value]
    assert read_values(f"same, {value}", "Field", 12) == ["same", value]
    assert split_list(value) == [value]


@given(schedules, passes)
@example("[2:1:0.5]", Steps(20))
@example("[2:1:1.0]", Steps(20, None, True))
@example("[2:1:0.29]", Steps(100))
@example("[2:1:1.29]", Steps(7, 100))
@pytest.mark.parametrize("parser", PARSERS)
def test_the_value_at_each_step_is_what_the_host_makes_of_the_same_text_in_a_prompt(parser, text, steps):
    (value,) = read_clip_skip(text, 12)
    (hosts,) = parser.get_learned_conditioning_prompt_schedules([value], steps.first, steps.hires, steps.old)
    ours = [[end, str(value_at(value, end, steps))] for end in sorted(ends(value, steps))]
    assert ours == [[end, said.strip()] for end, said in hosts]


@given(schedules, passes, st.booleans())
def test_phases_cover_all_steps_and_change_something_each(text, steps, negative):
    (value,) = read_clip_skip(text, 12)
    asked = LayerRequest(value=value, negative=value if negative else 5)
    found = phases_of(asked, negative, steps)
    lasts = [last for last, _ in found]
    assert lasts == sorted(set(lasts))
    assert lasts[-1] == steps.count
    assert all(not is_scheduled(request) for _, request in found)
    assert all(one != other for (_, one), (_, other) in pairwise(found))
    for step in range(1, steps.count + 1):
        request = next(request for last, request in found if step <= last)
        assert request.value == value_at(value, step, steps)


def test_at_its_ends_a_schedule_is_one_value_and_one_phase():
    for steps in (Steps(20), Steps(1), Steps(7)):
        assert phases_of(LayerRequest(value="[2:1:0.0]"), False, steps) == [(steps.count, LayerRequest(value=1))]
        assert phases_of(LayerRequest(value="[2:1:1.0]"), False, steps) == [(steps.count, LayerRequest(value=2))]


def test_hires_fix_goes_on_where_the_first_pass_ended():
    for value, first, second in (
        ("[2:1:0.5]", [(10, 2), (20, 1)], [(8, 1)]),
        ("[2:1:1.5]", [(20, 2)], [(4, 2), (8, 1)]),
        ("[2:1:24]", [(20, 2)], [(4, 2), (8, 1)]),
        ("[3:[2:1:1.25]:10]", [(10, 3), (20, 2)], [(2, 2), (8, 1)]),
    ):
        for expected, steps in ((first, Steps(20)), (second, Steps(20, 8))):
            assert [
                (last, asked.value) for last, asked in phases_of(LayerRequest(value=value), False, steps)
            ] == expected


def test_each_value_has_phases_of_its_own_and_the_negative_one_none_for_the_prompt():
    asked = LayerRequest(value="[2:1:5]", negative="[3:4:10]", big_g="[6:7:5]")
    assert [(last, plain.negative) for last, plain in phases_of(asked, True, Steps(20))] == [(10, 3), (20, 4)]
    found = phases_of(asked, False, Steps(20))
    assert [(last, plain.value, plain.big_g) for last, plain in found] == [(5, 2, 6), (20, 1, 7)]
    alone = LayerRequest(value="[2:1:5]", big_g="[6:7:9]")
    assert [last for last, _ in phases_of(alone, True, Steps(20))] == [5, 9, 20]


def test_what_has_no_step_gets_the_value_of_the_middle():
    assert [in_the_middle(f"[2:1:{when}]", 20) for when in ("0.0", "0.3", "0.5", "1.0", "4", "30")] == [
        1,
        1,
        2,
        2,
        1,
        2,
    ]
    assert in_the_middle(1.5, 20) == 1.5
    assert settled(LayerRequest(value="[2:1:0.3]", negative="avg 2-4"), 20) == LayerRequest(value=1, negative="avg 2-4")


def test_every_value_of_a_schedule_is_looked_at():
    assert values_within("[4:[3:4:0.6]:0.3]") == [4, 3, 4]
    assert values_within("[2:2:0.5]") == [2]
    asked = LayerRequest(value="[4:[3:1.5:0.6]:0.3]", negative="[2:1:3]", clip_l=9)
    assert requests_within(asked) == [
        LayerRequest(value=4, negative=2, clip_l=9),
        LayerRequest(value=3, negative=1, clip_l=9),
        LayerRequest(value=1.5, negative=1, clip_l=9),
    ]
    assert requests_within(LayerRequest(every_model=True)) == [LayerRequest(every_model=True)]


def test_a_schedule_is_asked_like_any_value_and_is_no_whole_number():
    asked = read_layer_request(
        {"clip_skip": "[2:1:.5]", "negative_clip_skip": "[3:avg 2-4:4]", "sdxl_big_g_skip": "[32:1:4]"}
    )
    assert (
        read_layer_request(asked.to_json())
        == asked
        == LayerRequest("[2:1:0.5]", negative="[3:avg 2-4:4]", big_g="[32:1:4]")
    )
    assert not is_whole("[2:1:0.5]")
    for value in ("[2:1:0.5], 3", "[33:1:4]"):
        with pytest.raises(InvalidInput):
            read_layer_request({"sdxl_big_g_skip": value})
    check_reachable(LayerRequest("[2:1:0.5]"), {SD1: True})
    for kinds in ({}, {"OpenCLIP of SD2": False}):
        with pytest.raises(InvalidInput, match="cannot be applied"):
            check_reachable(LayerRequest("[2:1:0.5]"), kinds)


def at(schedule, step):
    """As the host looks it up: the first entry whose end is not before the step."""
    return next(entry.cond for entry in schedule if step <= entry.end_at_step)


@given(st.integers(1, 40), st.data())
def test_joined_schedules_give_at_each_step_what_that_phase_gives_there(count, data):
    def drawn():
        return [*sorted(data.draw(st.sets(st.integers(1, count), max_size=4)) - {count}), count]

    phases = [(last, [Entry(end, (last, end)) for end in drawn()]) for last in drawn()]
    joined = merged(phases)
    assert [entry.end_at_step for entry in joined] == sorted({entry.end_at_step for entry in joined})
    for step in range(count + 1):  # the host counts from 0
        schedule = next(schedule for last, schedule in phases if step <= last)
        assert at(joined, step) == at(schedule, step)
