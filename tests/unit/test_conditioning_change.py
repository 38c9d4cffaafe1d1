"""What is noted of conditionings: distances by hand, cells in any order, and nothing where nothing can be known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.layers import conditioning_change
from clip_skip_lab.layers.conditioning_change import ConditioningChanges, joined_conditioning, relative_distance
from tests.helpers.memory_session import plan_of

NUMBERS = st.floats(-100, 100, width=32)


def parts(*conds):
    """A prompt with so many parts joined by AND, each of one entry, or of several where it is a list."""
    each = [cond if isinstance(cond, list) else [cond] for cond in conds]
    return [SimpleNamespace(schedules=[SimpleNamespace(cond=entry) for entry in entries]) for entries in each]


def of(*numbers):
    return torch.tensor([numbers], dtype=torch.float32)


def noted(plan, order=None, prompt="a cat", cond=lambda cell: of(float(cell.clip_skip), 1.0)):
    changes, cells = ConditioningChanges(plan), plan.cells()
    for index in order or range(len(cells)):
        changes.begin([cells[index]])
        changes.note(cells[index], (0, 0), prompt, parts(cond(cells[index])))
    return changes


def test_the_distance_is_that_of_all_numbers_over_the_mean_of_the_norms():
    assert relative_distance(of(3.0, 4.0), of(0.0, 20.0)) == pytest.approx((9 + 256) ** 0.5 / (5 * 20) ** 0.5)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8), st.floats(0.125, 8, width=32))
def test_a_distance_is_the_same_both_ways_and_at_every_scale(pairs, scale):
    one, other = (torch.tensor([numbers]) for numbers in zip(*pairs, strict=True))
    distance = relative_distance(one, other)
    assert distance == relative_distance(other, one)
    assert relative_distance(one, one) == 0
    if distance is not None:
        assert distance >= 0
        if min(one.norm(), other.norm()) > 1e-3:
            assert relative_distance(scale * one, scale * other) == pytest.approx(distance, rel=1e-4, abs=1e-6)


def test_no_distance_where_there_is_none():
    nothing, endless = of(0.0, 0.0), of(float("nan"), 1.0)
    assert relative_distance(of(1.0, 2.0), of(1.0)) is None
    assert relative_distance(of(1.0, 2.0), nothing) is None
    assert relative_distance(of(1.0, 2.0), endless) is None
    assert relative_distance(nothing, nothing) == 0


def test_parts_of_AND_are_joined_a_schedule_counts_by_its_end_and_sdxl_by_its_crossattn():
    first, last = torch.ones(2, 3), torch.full((2, 3), 2.0)
    assert torch.equal(joined_conditioning(parts([first, last], first)), torch.cat([last, first]))
    sdxl = {"crossattn": last.half(), "vector": torch.ones(9)}
    assert torch.equal(joined_conditioning(parts(sdxl)), last)


@pytest.mark.parametrize("cond", [None, "text", torch.ones(3), torch.ones(2, 3).long(), {"vector": torch.ones(3)}])
def test_what_is_no_conditioning_that_is_known_gives_none(cond):
    assert joined_conditioning(parts(cond)) is None
    assert joined_conditioning([object()]) is None
    assert joined_conditioning([]) is None
    assert joined_conditioning(parts(torch.ones(2, 3), torch.ones(2, 4))) is None


@given(st.permutations(range(8)))
def test_cells_are_compared_with_the_reference_of_their_row_whenever_it_is_sampled(order):
    plan = plan_of("2, 1, 5, 9", ("CFG Scale", "5, 7"))
    expected = {cell.index: relative_distance(of(float(cell.clip_skip), 1.0), of(1.0, 1.0)) for cell in plan.cells()}
    assert noted(plan, order).take() == pytest.approx(expected)


def test_what_waits_for_its_reference_is_told_with_it():
    plan = plan_of("2, 1, 5")
    changes, (two, one, five) = ConditioningChanges(plan), plan.cells()
    changes.note(two, (0, 0), "a cat", parts(of(2.0)))
    assert changes.take() == {}
    changes.note(one, (0, 0), "a cat", parts(of(1.0)))
    assert changes.take() == {0: pytest.approx(0.5**0.5), 1: 0}
    changes.note(five, (0, 0), "a cat", parts(of(1.0)))
    assert changes.take() == {2: 0}


def test_without_a_1_the_plans_first_value_is_the_reference():
    assert noted(plan_of("3, 2")).take()[0] == 0


def test_a_cell_whose_reference_is_not_sampled_is_not_told():
    assert noted(plan_of("1-3"), order=[1, 2]).take() == {}


def test_another_prompt_or_another_shape_is_not_compared():
    changes, (one, two, three) = ConditioningChanges(plan_of("1-3")), plan_of("1-3").cells()
    changes.note(one, (0, 0), "a cat", parts(of(1.0)))
    changes.note(two, (0, 0), "a dog", parts(of(2.0)))
    changes.note(three, (0, 0), "a cat", parts(of(2.0, 3.0)))
    assert changes.take() == {0: 0, 1: None, 2: None}


def test_a_cell_with_several_pictures_has_their_mean_and_none_where_one_is_not_known():
    changes, (one, two, three) = ConditioningChanges(plan_of("1-3")), plan_of("1-3").cells()
    for place, text in enumerate(("a cat", "a dog")):
        changes.note(one, (0, place), text, parts(of(1.0, 0.0)))
        changes.note(two, (0, place), text, parts(of(1.0, float(place))))
        changes.note(three, (0, place), text, parts(of(1.0, 0.0)) if place else [object()])
    assert changes.take() == {0: 0, 1: pytest.approx(2**-0.25 / 2), 2: None}
    changes.note(one, (0, 0), "a cat", parts(of(1.0)))


def test_a_cell_that_is_sampled_anew_is_told_as_it_is_then():
    plan = plan_of("1, 2")
    changes, (one, two) = ConditioningChanges(plan), plan.cells()
    for number in (5.0, 1.0):  # the first try failed
        changes.begin([one, two])
        changes.note(one, (0, 0), "a cat", parts(of(1.0)))
        changes.note(two, (0, 0), "a cat", parts(of(number)))
    assert changes.take() == {0: 0, 1: 0}


def test_rows_with_the_same_prompt_share_what_is_kept_and_many_prompts_stay_within_the_bound(monkeypatch):
    plan = plan_of("1, 2", ("CFG Scale", "1-40"))
    assert noted(plan).held == 8
    monkeypatch.setattr(conditioning_change, "MOST_BYTES", 40)
    changes = noted(plan, cond=lambda cell: of(float(cell.y), float(cell.clip_skip)))
    assert changes.held <= 40
    assert None not in changes.take().values()


def test_what_did_not_fit_is_not_known(monkeypatch):
    monkeypatch.setattr(conditioning_change, "MOST_BYTES", 8)
    assert noted(plan_of("2, 3, 1")).take() == {0: None, 1: None, 2: 0}
