"""Which WebUI gets which cells."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.many.placement import MOST_AT_ONCE, Placement
from tests.helpers.memory_session import plan_of

NAMES = ("a", "b", "c", "d")


def finish(placement, speeds, at_once=1):
    """Lets WebUIs of these speeds take cells until there are none; who got which tasks, with their beginnings."""
    free, tasks = dict.fromkeys(speeds, 0.0), []
    while len(placement):
        who = min(free, key=free.get)
        cells = placement.take(who, speeds, at_once)
        if not cells:
            del free[who]
            continue
        tasks.append((who, free[who], cells))
        free[who] += len(cells) / speeds[who]
    return tasks, max(free.values())


@given(
    skips=st.integers(1, 12),
    rows=st.integers(1, 5),
    speeds=st.lists(st.floats(0.2, 5), min_size=1, max_size=4),
    at_once=st.integers(1, 16),
    mode=st.sampled_from(["exact", "fast"]),
)
def test_every_cell_goes_to_one_webui_once(skips, rows, speeds, at_once, mode):
    plan = plan_of(f"1-{skips}", y=("CFG Scale", f"1-{rows}"), mode=mode)
    tasks, _ = finish(Placement(plan), dict(zip(NAMES, speeds, strict=False)), at_once)
    cells = [cell.index for _, _, cells in tasks for cell in cells]
    assert sorted(cells) == list(range(skips * rows))
    assert all(len({cell.y for cell in cells}) == 1 for _, _, cells in tasks), "a task is of one row"


@given(speeds=st.lists(st.floats(0.5, 4), min_size=2, max_size=4))
def test_no_webui_is_idle_for_longer_than_the_slowest_takes_for_two_cells(speeds):
    speeds = dict(zip(NAMES, speeds, strict=False))
    _, end = finish(Placement(plan_of("1-12", y=("CFG Scale", "1-4"))), speeds)
    assert end <= 48 / sum(speeds.values()) + 2 / min(speeds.values()) + 1e-9


def test_equal_webuis_share_48_cells_equally():
    tasks, end = finish(Placement(plan_of("1-12", y=("CFG Scale", "1-4"))), dict.fromkeys(NAMES, 1.0))
    assert end == 12
    assert max(len(cells) for _, _, cells in tasks) == MOST_AT_ONCE


def test_dear_changes_stay_on_one_webui():
    plan = plan_of("1-12", y=("Checkpoint", "one, two, three, four"))
    tasks, _ = finish(Placement(plan), {"a": 1.0, "b": 1.0})
    loads = Counter(who for who, _, cells in tasks for _ in {cell.y for cell in cells})
    changes = 0
    for who in ("a", "b"):
        rows = [cells[0].y for name, _, cells in tasks if name == who]
        changes += sum(one != other for one, other in zip([None, *rows], rows, strict=False))
    assert changes <= 5, f"each checkpoint is loaded once, and one twice at the end, not {changes} times: {loads}"


def test_of_one_checkpoint_all_have_a_share():
    plan = plan_of("1-12", y=("Checkpoint", "one"))
    tasks, end = finish(Placement(plan), {"a": 1.0, "b": 1.0})
    assert {who for who, *_ in tasks} == {"a", "b"}
    assert end == 6


def test_a_batch_is_as_large_as_the_webui_samples_at_once_and_its_share_allows():
    plan = plan_of("1-12", mode="fast")
    assert len(Placement(plan).take("a", ["a"], 16)) == 12
    assert len(Placement(plan).take("a", ["a"], 5)) == 5
    placement = Placement(plan)
    assert [len(placement.take(who, ["a", "b"], 16, working=at)) for who, at in (("a", 0), ("b", 6))] == [6, 6]


def test_what_is_given_back_is_run_first_and_not_by_who_refused_it():
    placement = Placement(plan_of("1-8"))
    first = placement.take("a", ["a", "b"], 1)
    placement.give_back(first, refused_by="a")
    again = placement.take("a", ["a", "b"], 1)
    assert not {cell.index for cell in again} & {cell.index for cell in first}
    assert {cell.index for cell in placement.take("b", ["a", "b"], 1)} <= {cell.index for cell in first}
    assert not placement.has_a_place(first[0], ["a"], 2)
    assert placement.has_a_place(first[0], ["a", "b"], 2)
    assert not placement.has_a_place(first[0], ["a", "b"], 1)


def test_cells_that_are_done_or_dropped_wait_no_longer():
    placement = Placement(plan_of("1-4"), done=[0, 3])
    assert [cell.index for cell in placement.waiting()] == [1, 2]
    placement.drop([*placement.waiting()][:1])
    assert [cell.index for cell in placement.waiting()] == [2]
    assert len(placement) == 1
