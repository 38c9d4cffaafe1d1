"""The plan: reading requests, the order of cells, and the same plan back from its own data."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep import layer_request
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.folder import read_record, write_record
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.plan_keys import MOST_CELLS, PLAN_KEYS
from tests.helpers.memory_session import plan_of

CFG = Axis("CFG Scale", "float")
STEPS = Axis("Steps", "int")
SAMPLER = Axis("Sampler", choices=lambda: ["Euler", "Euler a", "DPM++ 2M"])
CHECKPOINT = Axis("Checkpoint name", cost=1.0, choices=lambda: ["a", "b", "c"])
VAE = Axis("VAE", cost=0.7, choices=lambda: ["None", "v"])
ORDER = Axis("Prompt order", "order", show=", ".join)
AXES = [CFG, STEPS, SAMPLER, CHECKPOINT, VAE, ORDER]
VALUES = {
    "CFG Scale": [5.0, 7.5, 11.0],
    "Steps": [2, 3],
    "Sampler": ["Euler a", "DPM++ 2M"],
    "Checkpoint name": ["b", "a"],
    "VAE": ["v", "None"],
    "Prompt order": ["cat", "hat"],
}


def plans():
    """Plans with any further axes."""
    axis = st.none() | st.sampled_from(AXES)

    def make(skips, y, z):
        pairs = [(axis.label, VALUES[axis.label]) if axis else None for axis in (y, None if z is y else z)]
        return plan_of(skips, *pairs, axes=AXES)

    return st.builds(make, st.lists(st.integers(1, 12), min_size=1, max_size=12), axis, axis)


def test_an_empty_request_is_the_default():
    plan = read_plan({}, AXES, 12)
    assert plan.clip_skip == tuple(range(1, 13))
    assert plan.clip_skip_source == "1-12"
    assert (plan.y, plan.z, plan.mode, plan.return_cells) == (None, None, "exact", False)


def test_a_whole_request():
    plan = read_plan(
        {
            "clip_skip": [1, 2],
            "y": {"axis": "cfg scale", "values": "5, 7"},
            "z": {"axis": "Sampler", "values": ["euler"]},
            "mode": "exact",
            "return_cells": True,
        },
        AXES,
        12,
    )
    assert plan.shape == (1, 2, 2)
    assert plan.size == 4
    assert plan.clip_skip_source == "1,2"
    assert plan.y.values == (5.0, 7.0)
    assert plan.z.values == ("Euler",)
    assert plan.return_cells is True


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ([], "Plan: [] is not an object; allowed: a JSON object."),
        (
            {"clipskip": "1"},
            f'Plan: "clipskip" is not a key; allowed: the keys {", ".join(key.name for key in PLAN_KEYS)}.',
        ),
        ({"mode": "quick"}, 'mode: "quick" is not a mode; allowed: "exact" or "fast".'),
        ({"mode": []}, 'mode: [] is not a mode; allowed: "exact" or "fast".'),
        ({"cells_per_batch": 4}, 'cells_per_batch: 4 needs another mode; allowed: mode "fast", or 1.'),
        (
            {"mode": "fast", "cells_per_batch": 0},
            'cells_per_batch: 0 cannot be used; allowed: "auto", or a whole number from 1 to 256.',
        ),
        ({"return_cells": "yes"}, 'return_cells: "yes" is neither; allowed: true or false.'),
        ({"return_cells": 1}, "return_cells: 1 is neither; allowed: true or false."),
        (
            {"y": "CFG Scale"},
            'y: "CFG Scale" is not an object; allowed: an object such as {"axis": "CFG Scale", "values": "5, 7"}.',
        ),
        (
            {"y": {"axis": "CFG Scale", "value": "5"}},
            'y: "value" is not a key; allowed: the keys axis, values.',
        ),
        (
            {"y": {"axis": "Colour", "values": "5"}},
            'Second axis: "Colour" is not an axis here; allowed: Nothing, CFG Scale, Steps, Sampler, Checkpoint name, '
            "VAE, Prompt order.",
        ),
        (
            {"y": {"axis": "CFG Scale", "values": "5"}, "z": {"axis": "cfg scale", "values": "7"}},
            'Third axis: "CFG Scale" is the second axis already; allowed: another axis.',
        ),
        (
            {"z": {"axis": "VAE"}},
            'Values of the third axis: "" is empty, and VAE needs values; allowed: None, v.',
        ),
        (
            {"clip_skip": "1-12", "y": {"axis": "Steps", "values": "1-999"}},
            f'Sweep: "11988 cells" is too large; allowed: at most {MOST_CELLS} cells.',
        ),
    ],
)
def test_bad_requests_get_a_sentence(request_, sentence):
    with pytest.raises(InvalidInput) as caught:
        read_plan(request_, AXES, 12)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"clip_skip": "0"}, 'Clip skip の値: "0" は範囲外です。指定できる値: 1〜12 の数値、1.5 のような小数、'),
        (
            {"y": {"axis": "Steps", "values": "1-999"}},
            'スイープ: "11988 セル" は大きすぎます。指定できる値: 5000 セルまで。',
        ),
        (
            {"y": {"axis": "Steps", "values": "x"}},
            '第2軸の値: "x" は数値ではありません。指定できる値: 整数、1-12、1-12 (+2)、1-12 [5] のような範囲',
        ),
        (
            {"y": {"axis": "Sampler", "values": "Newton"}},
            '第2軸の値: "Newton" は Sampler の値ではありません。指定できる値: Euler, Euler a, DPM++ 2M。',
        ),
    ],
)
def test_a_bad_request_gets_its_sentence_in_the_pages_language(request_, sentence):
    with pytest.raises(InvalidInput) as caught:
        read_plan(request_, AXES, 12)
    assert caught.value.in_language("ja").startswith(sentence)


TICKS = [*(key.name for key in PLAN_KEYS if isinstance(key.default, bool)), "every_model"]
EMPTY = [0, "", [], {}, False]


@pytest.mark.parametrize("value", EMPTY, ids=repr)
@pytest.mark.parametrize("key", sorted({key.name for key in PLAN_KEYS if key.default != ""} - {*TICKS}))
def test_an_empty_value_is_no_default(key, value):
    with pytest.raises(InvalidInput, match="; allowed: "):
        read_plan({key: value}, AXES, 12)


@pytest.mark.parametrize("value", EMPTY[:-1], ids=repr)
@pytest.mark.parametrize("key", TICKS)
def test_an_empty_tick_is_no_default(key, value):
    with pytest.raises(InvalidInput, match="true or false"):
        read_plan({key: value}, AXES, 12)


@pytest.mark.parametrize("axis", [{"axis": "", "values": "5"}, {"axis": None, "values": "5"}, {"axis": []}, {}])
def test_an_axis_with_an_empty_name_is_no_default(axis):
    with pytest.raises(InvalidInput, match="Second axis"):
        read_plan({"y": axis}, AXES, 12)


def test_two_axes_that_set_the_same_are_refused(monkeypatch):
    monkeypatch.setitem(layer_request.AXES, "Negative average", layer_request.NEGATIVE)
    axes = [Axis(label, "text") for label in ("Negative clip skip", "Negative average")]
    given = {letter: {"axis": axis.label, "values": "2"} for letter, axis in zip("yz", axes, strict=True)}
    with pytest.raises(InvalidInput, match="sets what the second axis sets; allowed: another axis"):
        read_plan(given, axes, 12)


def test_many_values_for_cells_are_counted_before_they_are_read():
    earlier = time.process_time()
    with pytest.raises(InvalidInput, match="at most the 12 cells of the plan"):
        read_plan({"cells": [0] * 1_000_000}, AXES, 12)
    assert time.process_time() - earlier < 1


@pytest.mark.parametrize(("key", "highest"), [("sdxl_clip_l_skip", 12), ("sdxl_big_g_skip", 32)])
def test_a_value_beyond_the_layers_of_its_encoder_is_refused(key, highest):
    assert read_plan({key: highest}, AXES, 23).size
    with pytest.raises(InvalidInput, match=f"out of range; allowed: one number from 1 to {highest}, such as"):
        read_plan({key: highest + 1}, AXES, 23)


def test_the_negative_axis_and_key_take_one_value_and_say_so():
    for wrong in ("1-3", "13", "fox", [1, 2]):
        with pytest.raises(InvalidInput, match=r"allowed: one number from 1 to 12, such as 2 or 1\.5, an average"):
            read_plan({"negative_clip_skip": wrong}, AXES, 12)


def test_values_without_an_axis_get_a_sentence():
    with pytest.raises(InvalidInput, match="Second axis"):
        read_plan({"y": {"values": "5, 7"}}, AXES, 12)
    assert read_plan({"y": {"axis": "Nothing", "values": ""}, "z": None}, AXES, 12).size == 12


@given(plans())
def test_cells_are_in_the_order_of_the_plan_clip_skip_fastest(plan):
    cells = plan.cells()
    assert [cell.index for cell in cells] == list(range(plan.size))
    assert len({(cell.clip_skip, cell.y, cell.z) for cell in cells}) == plan.size
    _, rows, columns = plan.shape
    for cell in cells:
        assert cell.index == (cell.z * rows + cell.y) * columns + plan.clip_skip.index(cell.clip_skip)


@given(plans())
def test_every_cell_is_run_once_and_clip_skip_changes_most_often(plan):
    order = plan.running_order()
    assert sorted(cell.index for cell in order) == list(range(plan.size))
    columns = len(plan.clip_skip)
    for start in range(0, plan.size, columns):
        row = order[start : start + columns]
        assert [cell.clip_skip for cell in row] == list(plan.clip_skip)
        assert len({(cell.y, cell.z) for cell in row}) == 1


@given(plans())
def test_the_dearest_axis_changes_least_often(plan):
    def changes(letter):
        places = [getattr(cell, letter) for cell in plan.running_order()]
        return sum(before != after for before, after in pairwise(places))

    if plan.y and plan.z and plan.y.axis.cost != plan.z.axis.cost:
        dear, cheap = ("y", "z") if plan.y.axis.cost > plan.z.axis.cost else ("z", "y")
        assert changes(dear) == len(getattr(plan, dear).values) - 1
        assert changes(dear) <= changes(cheap)


def test_axes_that_a_batch_carries_are_inner_and_share_batches():
    seed = Axis("Seed", "int", carried=True)
    plan = plan_of([1, 2], ("CFG Scale", "5, 7"), ("Seed", "8, 9"), [*AXES, seed])
    batches = [[(cell.clip_skip, cell.y, cell.z) for cell in batch] for batch in plan.batches(16)]
    assert batches == [[(skip, y, z) for z in (0, 1) for skip in (1, 2)] for y in (0, 1)]
    assert [len(batch) for batch in plan.batches(3)] == [2, 2, 2, 2]
    assert [len(batch) for batch in plan.batches(3, without=[0])] == [3, 2, 2]


def test_checkpoints_down_the_side_are_loaded_once_each():
    plan = plan_of([1, 2], ("Checkpoint name", "a, b, c"), ("CFG Scale", "5, 7"), AXES)
    assert [cell.y for cell in plan.running_order()] == [0] * 4 + [1] * 4 + [2] * 4
    assert [cell.y for cell in plan.cells()] == [0, 0, 1, 1, 2, 2] * 2


@given(plans())
def test_the_plan_comes_back_from_its_own_data(plan):
    data = json.loads(json.dumps(plan.to_json()))
    again = read_plan(data, AXES, 12)
    assert again.to_json() == plan.to_json()
    assert again.cells() == plan.cells()
    assert [again.values_of(cell) for cell in again.cells()] == [plan.values_of(cell) for cell in plan.cells()]
    assert again.fingerprint({"seed": 1}) == plan.fingerprint({"seed": 1})


@given(plans(), st.integers(0, 5), st.integers(0, 5))
def test_the_fingerprint_is_that_of_plan_and_setting(plan, seed, other):
    assert (plan.fingerprint({"seed": seed}) == plan.fingerprint({"seed": other})) == (seed == other)


@given(plans(), plans())
def test_plans_of_different_cells_differ_in_their_fingerprint(one, other):
    cells = [[plan.values_of(cell) for cell in plan.cells()] for plan in (one, other)]
    axes = [[axis.axis.label for _, axis in plan.further_axes()] for plan in (one, other)]
    alike = cells[0] == cells[1] and axes[0] == axes[1]
    assert (one.fingerprint({}) == other.fingerprint({})) == alike or one.to_json() != other.to_json()
    assert (one.fingerprint({}) == other.fingerprint({})) == (one.to_json() == other.to_json())


def test_what_does_not_decide_the_pictures_leaves_the_fingerprint_alone():
    typed = plan_of("1-3", ("Sampler", "Euler"), axes=AXES)
    listed = plan_of([1, 2, 3], ("sampler", ["euler"]), ("Nothing", ""), AXES, return_cells=True)
    setting = {"seed": 1, "steps": 4}
    assert typed.fingerprint(setting) == listed.fingerprint(dict(reversed(setting.items())))


def test_what_a_cell_is():
    plan = plan_of([3], ("CFG Scale", "5, 7"), ("Sampler", "Euler"), AXES)
    assert plan.values_of(plan.cells()[1]) == {"Clip skip": 3, "CFG Scale": 7.0, "Sampler": "Euler"}


def test_settings_read_back_from_the_record_have_the_same_fingerprint(tmp_path):
    """The host's `s_tmax` is infinite, and JSON has null for that."""
    plan = plan_of("1-3")
    setting = {"s_tmax": float("inf"), "seed": 1}
    write_record(tmp_path, {"setting": setting})
    assert plan.fingerprint({"setting": read_record(tmp_path)["setting"]}) == plan.fingerprint({"setting": setting})
