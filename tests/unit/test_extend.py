"""Extending a sweep by more values or one more axis."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.page.files import SMALL
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.extend import EXTENDED, Extension, extended_plan, same_cells
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.record import DONE, draw_hash, seal_of
from clip_skip_lab.sweep.resume import find_earlier, offered
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.ui.arguments import ExtendRequest, extend_request, panel_values, resume_request
from tests.helpers.memory_session import CFG, CHECKPOINT, HOST, MemorySession, filled, plan_of, ran, states

AXES = [CFG, CHECKPOINT, Axis("Prompt S/R"), Axis("Steps", "int")]


def finished(tmp_path, skips="1-3", session=None, **more):
    """A sweep as it lies on disk."""
    outcome = run_sweep(plan_of(skips, axes=AXES, **more), session or MemorySession(str(tmp_path)), HOST)
    return find_earlier(tmp_path, outcome.folder.name)


def extension(earlier, given):
    """The plan that a request gives beside `extend`, and the earlier sweep with its own."""
    request = {"extend": earlier.folder.name, **given}
    return ExtendRequest(earlier.folder.name, (request,)).plan(earlier, AXES, 12), Extension(
        earlier, read_plan(earlier.content["plan"], AXES, 12)
    )


def extended(earlier, given, session, host=HOST):
    plan, of = extension(earlier, given)
    return run_sweep(plan, session, host, earlier=of)


def record(folder):
    return json.loads((folder / "sweep.json").read_text(encoding="utf-8"))


def contents(folder):
    """Every file below a folder with what it holds."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_more_values_run_only_what_is_new_and_the_earlier_sweep_stays_as_it_is(tmp_path):
    earlier = finished(tmp_path)
    before = contents(earlier.folder)
    session = MemorySession(str(tmp_path))
    outcome = extended(earlier, {"clip_skip": "1-5"}, session)
    assert ran(session) == [3, 4]
    assert states(outcome) == [DONE] * 5
    assert outcome.reused == 3
    assert outcome.folder != earlier.folder
    assert contents(earlier.folder) == before
    written = record(outcome.folder)
    assert written["extends"] == earlier.folder.name
    assert (written["state"], written["plan"]["clip_skip"]) == ("finished", [1, 2, 3, 4, 5])
    assert f"3 of 5 cells were taken from the sweep {earlier.folder.name}" in written["notes"][-1]
    assert [picture.cell for picture in outcome.pictures] == [0, 1, 2, 3, 4]
    for cell, then in zip(written["cells"], earlier.content["cells"], strict=False):
        assert [picture["sha256"] for picture in cell["pictures"]] == [item["sha256"] for item in then["pictures"]]


def test_what_is_used_again_has_files_of_its_own_folder_and_true_reduced_copies(tmp_path):
    earlier = finished(tmp_path, session=MemorySession(str(tmp_path), per_cell=2))
    outcome = extended(earlier, {"clip_skip": "5, 3, 2, 1"}, MemorySession(str(tmp_path), per_cell=2))
    cells = record(outcome.folder)["cells"]
    files = [picture["file"] for cell in cells for picture in cell["pictures"]]
    assert len(set(files)) == 8
    assert all((outcome.folder / file).is_file() for file in files)
    assert [picture["small"] for picture in cells[2]["pictures"]] == [f"small/2-{place}.webp" for place in (0, 1)]
    then = earlier.content["cells"][1]["pictures"][1]["small"]
    now = cells[2]["pictures"][1]["small"]
    assert (outcome.folder / now).read_bytes() == (earlier.folder / then).read_bytes()
    assert "small/2-1.webp" in (outcome.folder / f"{now}.js").read_text(encoding="utf-8")
    shutil.rmtree(earlier.folder)
    assert all((outcome.folder / file).stat().st_size for file in files), "nothing is lost with the earlier sweep"


def test_one_more_axis_takes_the_cells_of_the_value_that_the_earlier_sweep_ran_with(tmp_path):
    session = MemorySession(str(tmp_path))
    outcome = extended(finished(tmp_path), {"y": {"axis": "CFG Scale", "values": "5, 7, 9"}}, session)
    assert sorted(ran(session)) == [0, 1, 2, 6, 7, 8]
    assert [cell.values for cell in outcome.record.cells[3:6]] == [
        {"Clip skip": skip, "CFG Scale": 7.0} for skip in (1, 2, 3)
    ]
    assert outcome.reused == 3


def test_more_values_and_another_axis_at_once(tmp_path):
    earlier = finished(tmp_path, "2-4", y=("CFG Scale", "5, 7"))
    session = MemorySession(str(tmp_path))
    given = {"clip_skip": "1-4", "y": {"axis": "CFG Scale", "values": "7, 9"}, "z": {"axis": "Steps", "values": "3, 4"}}
    outcome = extended(earlier, given, session)
    assert (outcome.reused, len(ran(session))) == (0, 16), "the memory's steps are no value of Steps"
    given["z"] = {"axis": "Checkpoint", "values": "hidden, x"}
    assert extended(earlier, given, MemorySession(str(tmp_path))).reused == 0, "what is not known is run"
    del given["z"]
    session = MemorySession(str(tmp_path))
    assert extended(earlier, given, session).reused == 3
    assert sorted(ran(session)) == [0, 4, 5, 6, 7]


def test_what_is_left_out_is_as_it_was(tmp_path):
    earlier = finished(
        tmp_path,
        mode="fast",
        cells_per_batch=2,
        measures=False,
        negative_clip_skip=2,
        y=("CFG Scale", "5, 7"),
        cells=[1],
    )
    plan, _ = extension(earlier, {"clip_skip": "1-4"})
    assert plan.to_json() == {
        "clip_skip": [1, 2, 3, 4],
        "y": {"axis": "CFG Scale", "values": [5.0, 7.0]},
        "mode": "fast",
        "cells_per_batch": 2,
        "return_cells": False,
        "measures": False,
        "negative_clip_skip": 2,
    }
    plan, _ = extension(earlier, {"clip_skip": "1-4", "y": None, "measures": True, "return_cells": True})
    assert (plan.y.values, plan.measures, plan.return_cells) == ((5.0, 7.0), True, True)


def test_an_interrupted_sweep_can_be_extended_and_what_it_lacks_is_run(tmp_path):
    earlier = finished(tmp_path, "1-4", MemorySession(str(tmp_path), interrupt_at=3))
    session = MemorySession(str(tmp_path))
    assert extended(earlier, {"clip_skip": "1-5"}, session).reused == 2
    assert ran(session) == [2, 3, 4]
    assert ran(session) == [2, 3, 4]


def changed(earlier):
    path = earlier.folder / earlier.content["cells"][1]["pictures"][0]["file"]
    path.write_bytes(path.read_bytes()[:-9])


def missing(earlier):
    (earlier.folder / earlier.content["cells"][1]["pictures"][0]["file"]).unlink()


def unsealed(earlier):
    content = record(earlier.folder)
    content["cells"][1]["pictures"][0]["infotext"] = "dog"
    (earlier.folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("harm", [changed, missing, unsealed])
def test_a_cell_that_is_not_as_it_was_written_is_run_again(tmp_path, harm):
    earlier = finished(tmp_path)
    harm(earlier)
    session = MemorySession(str(tmp_path))
    outcome = extended(find_earlier(tmp_path, earlier.folder.name), {"clip_skip": "1-4"}, session)
    assert ran(session) == [1, 3]
    assert outcome.reused == 2


def test_a_record_that_names_other_files_puts_nothing_into_their_place(tmp_path):
    """Somebody worked the hashes out anew."""
    earlier = finished(tmp_path)
    (earlier.folder / "cells" / "x").mkdir()
    shutil.copy(earlier.folder / earlier.content["cells"][1]["pictures"][0]["file"], earlier.folder / "grid.png")
    content = record(earlier.folder)
    for number, name in enumerate(("grid.png", "cells/x/../../grid.png", "cells\\..\\grid.png")):
        content["cells"][number]["pictures"][0]["file"] = name
        (earlier.folder / "cells\\..\\grid.png").write_bytes((earlier.folder / "grid.png").read_bytes())
        content["cells"][number]["pictures"][0]["sha256"] = content["cells"][1]["pictures"][0]["sha256"]
        content["cells"][number]["seal"] = seal_of(content["fingerprint"], content["cells"][number])
    (earlier.folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    session = MemorySession(str(tmp_path))
    assert extended(find_earlier(tmp_path, earlier.folder.name), {"clip_skip": "1-4"}, session).reused == 0
    assert ran(session) == [0, 1, 2, 3]


def test_another_model_or_setting_is_refused_by_name_before_anything_is_sampled_or_made(tmp_path):
    earlier = finished(tmp_path)
    there = {*earlier.folder.parent.iterdir()}
    session = MemorySession(str(tmp_path))
    session.model = {"name": "other", "hash": "", "vae": ""}
    with pytest.raises(
        InvalidInput, match=f"^{EXTENDED}: .*was not started with other, .*; allowed: the model .*, tiny"
    ):
        extended(earlier, {"clip_skip": "1-5"}, session)
    session = MemorySession(str(tmp_path))
    session.setting = {**session.setting, "seed": 8}
    with pytest.raises(InvalidInput, match=f"^{EXTENDED}: .*because these settings differ: seed"):
        extended(earlier, {"clip_skip": "1-5"}, session)
    assert (session.events, {*earlier.folder.parent.iterdir()}) == ([], there)


def test_a_sweep_that_has_all_of_the_cells_is_refused(tmp_path):
    earlier = finished(tmp_path)
    for asked in ({}, {"clip_skip": "2-3"}, {"y": {"axis": "CFG Scale", "values": "7"}}):
        with pytest.raises(
            InvalidInput, match="already has all of these cells; allowed: values or an axis that it does not have yet"
        ):
            extended(earlier, asked, MemorySession(str(tmp_path)))


def test_exact_takes_no_pictures_of_fast_mode_but_fast_takes_exact_ones(tmp_path):
    fast, exact = finished(tmp_path, mode="fast"), finished(tmp_path)
    with pytest.raises(
        InvalidInput, match=f'"exact" cannot use images made in fast mode.*like the sweep {fast.folder.name}'
    ):
        extension(fast, {"clip_skip": "1-5", "mode": "exact"})
    assert extended(fast, {"clip_skip": "1-5"}, MemorySession(str(tmp_path))).reused == 3
    outcome = extended(exact, {"clip_skip": "1-5", "mode": "fast"}, MemorySession(str(tmp_path), cells_at_once=4))
    assert (outcome.reused, outcome.record.plan.mode) == (3, "fast")


@pytest.mark.parametrize("key", ["draft", "interpolation", "negative_clip_skip", "resume", "full", "prompt"])
def test_what_decides_all_pictures_cannot_stand_beside_it(key):
    with pytest.raises(
        InvalidInput, match=f'"{key}" cannot be combined with extend; allowed: extend with clip_skip, y, z, '
    ):
        extend_request(({"extend": "2026-11-22-0a1b2c3d", key: True},))


def test_a_sweep_of_too_many_cells_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is too large"):
        extension(finished(tmp_path), {"y": {"axis": "Steps", "values": "1-1000"}, "clip_skip": "1-6"})


def test_a_name_that_is_none_is_refused_as_one_to_extend(tmp_path):
    with pytest.raises(InvalidInput, match=r'^Sweep to extend: "2026-11-22-0a1b2c3d" is not in '):
        find_earlier(tmp_path, "2026-11-22-0a1b2c3d", EXTENDED)


def test_where_the_disk_has_no_links_the_pictures_are_copied(tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    earlier = finished(tmp_path)
    linked = extended(earlier, {"clip_skip": "1-4"}, MemorySession(str(tmp_path)))
    file = linked.record.cells[1].pictures[0].file
    assert os.path.samefile(linked.folder / file, earlier.folder / file)
    monkeypatch.setattr(os, "link", no_links)
    copied = extended(earlier, {"clip_skip": "1-4"}, MemorySession(str(tmp_path)))
    assert not os.path.samefile(copied.folder / file, earlier.folder / file)
    assert (copied.folder / file).read_bytes() == (earlier.folder / file).read_bytes()


def test_whoever_edits_a_picture_that_two_sweeps_have_is_noticed_by_both(tmp_path):
    earlier = finished(tmp_path)
    outcome = extended(earlier, {"clip_skip": "1-4"}, MemorySession(str(tmp_path)))
    with (outcome.folder / outcome.record.cells[1].pictures[0].file).open("ab") as file:
        file.write(b"edited")
    for folder, plan in ((earlier.folder, plan_of("1-3")), (outcome.folder, outcome.record.plan)):
        assert 1 not in find_earlier(tmp_path, folder.name).sound_cells(plan)


def test_a_disk_that_fills_up_is_said_before_sampling_and_nothing_is_left(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    earlier = finished(tmp_path)
    before, there = contents(earlier.folder), {*earlier.folder.parent.iterdir()}
    session = MemorySession(str(tmp_path))
    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(InvalidInput, match=r"cannot be written to .*No space left"):
        extended(earlier, {"clip_skip": "1-4"}, session)
    assert (ran(session), {*earlier.folder.parent.iterdir()}) == ([], there)
    assert contents(earlier.folder) == before


def test_a_disk_that_fills_up_while_it_runs_loses_no_picture(tmp_path, monkeypatch):
    earlier = finished(tmp_path)
    filled(monkeypatch, after=2)
    outcome = extended(earlier, {"clip_skip": "1-5"}, MemorySession(str(tmp_path)))
    assert states(outcome) == [DONE] * 5
    assert any("sweep.json could not be written" in problem for problem in outcome.record.problems)


def test_an_extended_sweep_that_was_interrupted_is_continued_as_any_other(tmp_path):
    earlier = finished(tmp_path)
    begun = extended(earlier, {"clip_skip": "1-6"}, MemorySession(str(tmp_path), interrupt_at=5))
    assert begun.record.state == "interrupted"
    assert [name for name, _ in offered(tmp_path)[0]] == [begun.folder.name]
    session = MemorySession(str(tmp_path))
    again = find_earlier(tmp_path, begun.folder.name)
    outcome = run_sweep(read_plan(again.content["plan"], AXES, 12), session, HOST, earlier=again)
    assert ran(session) == [4, 5]
    assert outcome.reused == 4
    written = record(outcome.folder)
    assert (written["state"], written["extends"]) == ("finished", earlier.folder.name)


def test_an_extended_sweep_can_be_extended(tmp_path):
    first = finished(tmp_path)
    second = extended(first, {"clip_skip": "1-4"}, MemorySession(str(tmp_path)))
    session = MemorySession(str(tmp_path))
    given = {"y": {"axis": "CFG Scale", "values": "7, 9"}}
    third = extended(find_earlier(tmp_path, second.folder.name), given, session)
    assert (third.reused, len(ran(session)), third.record.extends) == (4, 4, second.folder.name)


def test_other_code_is_told(tmp_path):
    outcome = extended(finished(tmp_path), {"clip_skip": "1-4"}, MemorySession(str(tmp_path)), {**HOST, "version": "2"})
    assert "memory, 2; their images may differ." in outcome.record.notes[-1]


class Drawing(MemorySession):
    """A session in which another extension draws prompts, and which notes what it is held to."""

    drawn: ClassVar = [["process", "dice", 0, {"prompt": "a drawn cat", "steps": 9}]]

    def __post_init__(self):
        super().__post_init__()
        self.held = {}

    def hold(self, cell, draw):
        self.held[cell.index] = draw

    def sample(self, cells, keep):
        sampled = super().sample(cells, keep)
        for cell in cells:
            sampled.draws[cell.index] = self.drawn
            sampled.used[cell.index] = {"prompts": "one", "settings": f"{cell.y}"}
        return sampled


def test_what_was_drawn_holds_for_the_new_cells_of_the_same_row_and_stands_in_the_record(tmp_path):
    earlier = finished(tmp_path, session=Drawing(str(tmp_path)))
    session = Drawing(str(tmp_path))
    outcome = extended(earlier, {"clip_skip": "1-4", "y": {"axis": "CFG Scale", "values": "5, 7"}}, session)
    assert session.held == {4: Drawing.drawn}, "the row of CFG 7 is the earlier sweep's"
    written = record(outcome.folder)
    assert written["draws"] == {draw_hash(Drawing.drawn): Drawing.drawn}
    assert [cell["drawn"] for cell in written["cells"]] == [draw_hash(Drawing.drawn)] * 8
    assert not any("incomparable" in cell for cell in written["cells"]), "7 and 7.0 are the same settings"
    assert find_earlier(tmp_path, outcome.folder.name).sound_cells(outcome.record.plan).keys() == {*range(8)}


def test_cells_of_one_row_that_were_made_from_other_prompts_are_told(tmp_path):
    class Other(Drawing):
        drawn: ClassVar = [["process", "dice", 0, {"prompt": "a dog"}]]

        def hold(self, cell, draw):
            """It cannot be held."""

    earlier = finished(tmp_path, session=Drawing(str(tmp_path)))
    outcome = extended(earlier, {"clip_skip": "1-4"}, Other(str(tmp_path)))
    assert all("their prompts" in cell.incomparable for cell in outcome.record.cells)


def test_the_panel_gives_the_whole_plan_and_one_of_the_two_lists(tmp_path):
    earlier = finished(tmp_path, y=("CFG Scale", "5, 7"), measures=False)
    values = panel_values(())
    chosen = {**values, "extend": f"{earlier.folder.name}: 6 of 6 cells, cat", "clip_skip": "1-4", "draft": True}
    asked = extend_request(tuple(chosen.values()))
    plan = asked.plan(earlier, AXES, 12)
    assert asked.name == earlier.folder.name
    assert (plan.clip_skip, plan.y, plan.draft, plan.measures) == ((1, 2, 3, 4), None, False, True)
    assert extend_request(tuple(values.values())) is None
    both = tuple({**chosen, "resume": "2026-11-22-0a1b2c3d: 3 of 12 cells"}.values())
    for read in (extend_request, resume_request):
        with pytest.raises(InvalidInput, match="cannot be combined with a sweep to continue; allowed: either a sweep"):
            read(both)


def test_the_lists_tell_sweeps_to_continue_from_those_to_extend(tmp_path):
    whole = finished(tmp_path)
    broken = finished(tmp_path, "1-4", MemorySession(str(tmp_path), interrupt_at=3))
    draft = finished(tmp_path, draft=True)
    unfinished, finished_ones = offered(tmp_path)
    assert {name for name, _ in unfinished} == {broken.folder.name, draft.folder.name}
    assert [(name, str(label)) for name, label in finished_ones] == [
        (whole.folder.name, f"{whole.folder.name}: 3 of 3 cells, ")
    ]


VALUES = st.lists(st.integers(1, 12), min_size=1, max_size=5, unique=True)
CFGS = st.lists(st.sampled_from([5.0, 7.0, 9.0]), min_size=1, max_size=3, unique=True)


@given(VALUES, st.none() | CFGS, VALUES, st.none() | CFGS)
def test_a_cell_is_the_same_exactly_where_all_that_decides_it_is(skips, cfgs, then_skips, then_cfgs):
    plan, then = (
        plan_of(list(values), y=("CFG Scale", further) if further else None)
        for values, further in ((skips, cfgs), (then_skips, then_cfgs))
    )
    session = MemorySession(".")
    found = same_cells(plan, session.rows(plan), then, session.rows(then))

    def meant(of):
        return [(cell.clip_skip, of.values_of(cell).get("CFG Scale", 7.0)) for cell in of.cells()]

    assert {index: meant(then)[place] for index, place in found.items()} == {
        index: cell for index, cell in enumerate(meant(plan)) if cell in meant(then)
    }
    assert len(set(found.values())) == len(found)


def test_a_picture_is_of_one_cell_only():
    plan, then = plan_of("1-2", y=("Checkpoint", "a, b")), plan_of("1-2", y=("Checkpoint", "a"))
    rows = {(0, 0): "same", (1, 0): "same"}
    assert same_cells(plan, rows, then, {(0, 0): "same"}) == {0: 0, 1: 1}


def test_paths_of_the_two_folders_are_told_apart(tmp_path):
    earlier = finished(tmp_path)
    outcome = extended(earlier, {"clip_skip": "1-4"}, MemorySession(str(tmp_path)))
    assert {Path(picture.path).parent for picture in outcome.pictures} == {outcome.folder / "cells"}
    assert len(list((outcome.folder / SMALL).glob("*.webp"))) == 4


def test_extended_plan_leaves_the_earlier_request_alone(tmp_path):
    earlier = finished(tmp_path)
    before = json.dumps(earlier.content)
    extended_plan(earlier, {"clip_skip": [9]})
    assert json.dumps(earlier.content) == before
