"""What other extensions drew: held from one run to the next, and rows that cannot be compared."""

from __future__ import annotations

import json

import pytest

from clip_skip_lab.sweep.draws import is_draw
from clip_skip_lab.sweep.record import DONE
from clip_skip_lab.sweep.resume import find_earlier, next_run
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, plan_of

DRAW = [["process", "wild.py:Script", 0, {"all_prompts": ["a fox"], "width": 512}]]


class Drawing(MemorySession):
    """A session with an extension that draws; `prompts` are those of the cells, by index, in turn."""

    prompts = ("fox",)
    draw = DRAW
    used = ()

    def __post_init__(self):
        super().__post_init__()
        self.held = {}

    def hold(self, cell, draw):
        self.held[cell.y] = draw

    def sample(self, cells, keep):
        def kept(picture):
            prompt = self.prompts[picture.cell.index % len(self.prompts)]
            picture.infotext = picture.infotext.replace("cat", prompt)
            keep(picture)

        sampled = super().sample(cells, kept)
        for cell in cells:
            sampled.draws[cell.index] = self.draw
            sampled.used[cell.index] = dict(self.used[cell.index]) if self.used else {}
        return sampled


def marks(outcome):
    on_disk = json.loads((outcome.folder / "sweep.json").read_text("utf8"))
    return [cell.get("incomparable") for cell in on_disk["cells"]]


def test_cells_of_one_draw_are_comparable_and_the_draw_is_written_once(tmp_path):
    outcome = run_sweep(plan_of("1-3"), Drawing(str(tmp_path)), HOST)
    assert marks(outcome) == [None] * 3
    assert outcome.record.problems == []
    assert list(outcome.record.draws.values()) == [DRAW]


def test_only_the_row_whose_prompts_differ_is_marked_and_named(tmp_path):
    session = Drawing(str(tmp_path))
    session.prompts = ("fox", "fox", "owl", "hen")
    outcome = run_sweep(plan_of("1, 2", y=("CFG Scale", "5, 7")), session, HOST)
    assert [mark is None for mark in marks(outcome)] == [True, True, False, False]
    (problem,) = outcome.record.problems
    assert problem.startswith("CFG Scale 7.0: the cells differ in their prompts, not only in clip skip")


@pytest.mark.parametrize("name", ["seeds", "extra networks", "settings"])
def test_what_differs_on_the_way_to_the_model_is_named(tmp_path, name):
    session = Drawing(str(tmp_path))
    session.used = ({name: "a", "prompts": "x"}, {name: "b", "prompts": "x"})
    outcome = run_sweep(plan_of("1, 2"), session, HOST)
    assert all(f"differ in their {name}, not" in mark for mark in marks(outcome))


def test_cells_that_are_not_done_make_no_row_incomparable(tmp_path):
    session = Drawing(str(tmp_path), fails={2: ValueError("no")})
    session.prompts = ("fox", "owl", "fox")
    assert marks(run_sweep(plan_of("1-3"), session, HOST)) == [None] * 3


def test_a_cell_with_more_pictures_than_its_neighbours_is_comparable(tmp_path):
    session = Drawing(str(tmp_path), per_cell=2, skip_at=2)
    assert marks(run_sweep(plan_of("1-3"), session, HOST)) == [None] * 3


def interrupted(tmp_path, **changes):
    outcome = run_sweep(plan_of("1-4"), Drawing(str(tmp_path), interrupt_at=3, **changes), HOST)
    return find_earlier(tmp_path, outcome.folder.name)


def test_resuming_hands_the_draw_back(tmp_path):
    earlier = interrupted(tmp_path)
    session = Drawing(str(tmp_path))
    outcome = run_sweep(plan_of("1-4"), session, HOST, earlier=earlier, draws=earlier.draws())
    assert session.held == {0: DRAW}
    assert outcome.record.count(DONE) == 4
    assert list(outcome.record.draws.values()) == [DRAW]
    assert marks(outcome) == [None] * 4


def test_resuming_with_another_draw_is_noticed(tmp_path):
    earlier = interrupted(tmp_path)
    session = Drawing(str(tmp_path))
    session.draw = [["process", "wild.py:Script", 0, {"prompts": ["an owl"]}]]
    outcome = run_sweep(plan_of("1-4"), session, HOST, earlier=earlier, draws=earlier.draws())
    assert all(marks(outcome))


def test_full_quality_takes_the_prompts_of_the_draft_but_not_its_sizes(tmp_path):
    earlier = interrupted(tmp_path)
    earlier.content["plan"]["draft"] = True
    session = Drawing(str(tmp_path))
    run_sweep(plan_of("1-4"), session, HOST, earlier=next_run(earlier, True, None).earlier, draws=earlier.draws())
    assert session.held == {0: [["process", "wild.py:Script", 0, {"all_prompts": ["a fox"]}]]}


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content.pop("draws"),
        lambda content: content.update(draws=[]),
        lambda content: next(iter(content["draws"].values()))[0][3].update(all_prompts=["a dog"]),
        lambda content: [cell.update(drawn=5) for cell in content["cells"]],
    ],
)
def test_a_draw_that_was_edited_is_not_used_and_its_cells_are_run_again(tmp_path, edit):
    earlier = interrupted(tmp_path)
    edit(earlier.content)
    assert earlier.draws() == {}
    assert earlier.sound_cells(plan_of("1-4")) == {}


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [[]],
        [["process", "x", 0]],
        [["process", "x", True, {}]],
        [["process", "x", 0, {"outpath_grids": "/tmp"}]],
        [["process", "x", 0, {"all_prompts": "a fox"}]],
        [["process", "x", 0, {"all_prompts": [None]}]],
        [["process", "x", 0, {"width": [5]}]],
    ],
)
def test_what_is_no_draw_is_not_taken_for_one(content):
    assert not is_draw(content)
    assert is_draw(DRAW)
