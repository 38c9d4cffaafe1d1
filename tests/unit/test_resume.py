"""Resuming a sweep that was broken off, and a draft at full quality."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from PIL import Image

from clip_skip_lab import __version__
from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.record import DONE
from clip_skip_lab.sweep.resume import EarlierSweep, find_earlier, next_run, offered
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.sweep.summary import summary
from clip_skip_lab.ui.arguments import ResumeRequest
from tests.helpers.memory_session import CFG, HOST, MemorySession, filled, plan_of


def broken_off(tmp_path, plan):
    """A sweep that was interrupted in the middle, as it lies on disk."""
    outcome = run_sweep(plan, MemorySession(str(tmp_path), interrupt_at=3), HOST)
    assert outcome.record.count(DONE) == 2
    return find_earlier(tmp_path, outcome.folder.name)


def test_resuming_runs_only_what_is_not_done(tmp_path):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    session = MemorySession(str(tmp_path))
    outcome = run_sweep(plan, session, HOST, earlier=earlier)
    assert outcome.folder == earlier.folder
    assert [event[2:] for event in session.events if event[0] == "starting"] == [(2,), (3,)]
    assert outcome.record.count(DONE) == 4
    assert outcome.record.state == "finished"
    assert [kept.cell for kept in outcome.pictures] == [0, 1, 2, 3]
    assert json.loads((outcome.folder / "sweep.json").read_text(encoding="utf-8"))["state"] == "finished"


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:-9])])
def test_a_missing_or_damaged_picture_is_noticed_and_its_cell_run_again(tmp_path, harm):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    harm(earlier.folder / earlier.content["cells"][1]["pictures"][0]["file"])
    session = MemorySession(str(tmp_path))
    outcome = run_sweep(plan, session, HOST, earlier=earlier)
    assert [event[2:] for event in session.events if event[0] == "starting"] == [(1,), (2,), (3,)]
    assert outcome.record.count(DONE) == 4


def edit(earlier, change):
    """Changes what is in `sweep.json`, by hand so to say, and finds the sweep again."""
    content = json.loads((earlier.folder / "sweep.json").read_text(encoding="utf-8"))
    change(content)
    (earlier.folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    return find_earlier(earlier.folder.parents[1], earlier.folder.name)


def swapped(content):
    one, other = content["cells"][:2]
    one["pictures"], other["pictures"] = other["pictures"], one["pictures"]


def turned_round(content):
    content["cells"].reverse()


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        (lambda content: content["cells"][3].update(state="done"), [0, 1]),
        (lambda content: content["cells"][3].update(state="done", pictures=content["cells"][0]["pictures"]), [0, 1]),
        (lambda content: content["cells"][1]["pictures"][0].update(infotext="dog"), [0]),
        (lambda content: content["cells"][1].update(values={"Clip skip": 4}), [0, 1]),
        (lambda content: content["cells"].pop(), [0, 1]),
        (lambda content: content["cells"][0].pop("seal"), [1]),
        (swapped, []),
        (turned_round, []),
    ],
)
def test_an_entry_of_the_record_that_was_edited_is_noticed_and_its_cell_run_again(tmp_path, change, sound):
    plan = plan_of("1-4")
    earlier = edit(broken_off(tmp_path, plan), change)
    assert sorted(earlier.sound_cells(plan)) == sound
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), HOST, earlier=earlier)
    assert outcome.record.count(DONE) == 4
    colours_of_cells = [Image.open(kept.path).getpixel((0, 0))[0] for kept in outcome.pictures]
    assert colours_of_cells == [20, 40, 60, 80]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("cells"),
        lambda content: content.update(cells=[None]),
        lambda content: content.update(plan=[]),
        lambda content: content["cells"][0].update(pictures=5),
    ],
)
def test_a_record_without_its_parts_cannot_be_resumed(tmp_path, change):
    earlier = broken_off(tmp_path, plan_of("1-4"))
    with pytest.raises(InvalidInput, match="was edited and can no longer be used"):
        edit(earlier, change)
    assert offered(tmp_path)[0] == []


@pytest.mark.parametrize("key", ["fingerprint", "setting", "plan"])
def test_a_record_whose_plan_or_settings_were_edited_cannot_be_resumed(tmp_path, key):
    changes = {"fingerprint": "0" * 16, "setting": {"seed": 8, "s_tmax": None}, "plan": {"clip_skip": [1, 2]}}
    earlier = edit(broken_off(tmp_path, plan_of("1-4")), lambda content: content.update({key: changes[key]}))
    session = MemorySession(str(tmp_path))
    session.setting = {**session.setting, **{k: v for k, v in earlier.content["setting"].items() if v is not None}}
    with pytest.raises(InvalidInput, match=r"because these settings differ: its sweep\.json was edited"):
        run_sweep(read_plan(earlier.content["plan"], [CFG], 12), session, HOST, earlier=earlier)
    assert not session.events


def test_resuming_with_other_code_says_so_and_the_record_keeps_it(tmp_path):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    (earlier.folder / "cells" / "00000-7.png").unlink()
    outcome = run_sweep(plan, MemorySession(str(tmp_path), skip_at=4), {**HOST, "version": "2"}, earlier=earlier)
    (note,) = outcome.record.notes
    code = f"Clip Skip Lab {__version__}"
    assert note.endswith(f"memory, 1 and continued with {code}, memory, 2; their images may differ.")
    again = find_earlier(tmp_path, earlier.folder.name)
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), {**HOST, "version": "2"}, earlier=again)
    assert outcome.record.notes == [note]
    assert note in summary(outcome.record, "folder").lines()


def test_resuming_with_the_same_code_says_nothing(tmp_path):
    plan = plan_of("1-4")
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), HOST, earlier=broken_off(tmp_path, plan))
    assert outcome.record.notes == []


def test_a_folder_that_has_become_read_only_is_said_before_any_sampling(tmp_path, monkeypatch):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    filled(monkeypatch, after=0)
    session = MemorySession(str(tmp_path))
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run_sweep(plan, session, HOST, earlier=earlier)
    assert session.events == []
    assert len(list((earlier.folder / "cells").iterdir())) == 2, "what is done stays"


def test_a_picture_outside_the_folder_is_none_of_the_sweep(tmp_path):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    outside = tmp_path / "outside.png"
    picture = earlier.content["cells"][0]["pictures"][0]
    outside.write_bytes((earlier.folder / picture["file"]).read_bytes())
    picture["file"] = "../../outside.png"
    assert sorted(earlier.sound_cells(plan)) == [1]


def test_a_sweep_cannot_be_resumed_with_another_model_or_other_settings(tmp_path):
    plan = plan_of("1-4")
    earlier = broken_off(tmp_path, plan)
    other = MemorySession(str(tmp_path))
    other.model = {"name": "other", "hash": "", "vae": ""}
    with pytest.raises(
        InvalidInput, match=r"was not started with other, .*; allowed: the model it was started with, tiny"
    ):
        run_sweep(plan, other, HOST, earlier=earlier)
    other = MemorySession(str(tmp_path))
    other.setting = {"seed": 8, "s_tmax": float("inf")}
    with pytest.raises(InvalidInput, match=r"these settings differ: seed;"):
        run_sweep(plan, other, HOST, earlier=earlier)
    other.setting = {"seed": 7, "s_tmax": float("inf"), "modules": None}
    with pytest.raises(InvalidInput, match=r"these settings differ: modules;"):  # of which nothing was known then
        run_sweep(plan, other, HOST, earlier=earlier)
    assert not other.events


def test_sweeps_that_were_broken_off_are_offered_the_newest_first(tmp_path):
    assert offered(tmp_path)[0] == []
    earlier = broken_off(tmp_path, plan_of("1-4"))
    run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST)
    (earlier.folder.parent / "2026-01-01-00000000").mkdir()
    ((name, label),) = offered(tmp_path)[0]
    assert name == earlier.folder.name
    assert label.startswith(f"{name}: 2 of 4 cells")


@pytest.mark.parametrize("name", ["../..", "2026-01-01-zzzzzzzz", 5, "2026-01-01-00000000/../x"])
def test_only_names_of_sweeps_are_looked_up(tmp_path, name):
    with pytest.raises(InvalidInput, match="is not a valid name"):
        find_earlier(tmp_path, name)


def test_a_sweep_whose_record_is_damaged_cannot_be_resumed(tmp_path):
    earlier = broken_off(tmp_path, plan_of("1-4"))
    (earlier.folder / "sweep.json").write_text('{"schema": 1, "cells": [', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"has no readable sweep\.json"):
        find_earlier(tmp_path, earlier.folder.name)
    assert offered(tmp_path)[0] == []


def test_a_draft_is_offered_for_full_quality_and_the_chosen_cells_become_a_sweep_of_their_own(tmp_path):
    plan = replace(plan_of("1-4", y=("CFG Scale", "5, 7")), draft=True)
    draft = run_sweep(plan, MemorySession(str(tmp_path)), HOST)
    earlier = find_earlier(tmp_path, draft.folder.name)
    assert earlier.is_finished_draft
    assert offered(tmp_path)[0][0][1].startswith(f"{draft.folder.name}: draft, 8 of 8 cells")
    run = next_run(earlier, None, [1, 6])
    assert run.earlier is None
    chosen = read_plan(run.request, [CFG], 12)
    assert (chosen.draft, chosen.size) == (False, 2)
    outcome = run_sweep(chosen, MemorySession(str(tmp_path)), HOST)
    assert outcome.folder != draft.folder
    assert [entry.values for entry in outcome.record.cells] == [
        {"Clip skip": 2, "CFG Scale": 5.0},
        {"Clip skip": 3, "CFG Scale": 7.0},
    ]
    assert outcome.record.state == "finished"


def test_a_draft_that_was_broken_off_is_resumed_as_a_draft(tmp_path):
    plan = replace(plan_of("1-4"), draft=True)
    earlier = broken_off(tmp_path, plan)
    run = next_run(earlier, None, None)
    assert run.earlier is earlier
    assert run.request["draft"] is True


def test_only_drafts_run_at_full_quality(tmp_path):
    earlier = broken_off(tmp_path, plan_of("1-4"))
    with pytest.raises(InvalidInput, match="is not a draft"):
        next_run(earlier, True, None)


def test_what_may_stand_beside_a_resumed_sweep_counts_and_what_its_own_plan_says_gives_way(tmp_path):
    earlier = broken_off(tmp_path, plan_of("1-4", return_cells=True))
    for given, expected in (({}, False), ({"return_cells": True}, True)):
        assert ResumeRequest("name", None, given).next_run(earlier).request["return_cells"] is expected


def test_many_values_for_the_cells_of_a_draft_are_looked_up_at_once(tmp_path):
    cells = [{"values": {"Clip skip": 1, "Steps": number}, "state": "done", "pictures": []} for number in range(5000)]
    earlier = EarlierSweep(tmp_path, {"plan": {"draft": True}, "cells": cells})
    asked = ["Clip skip 1, Steps 4999", 3, "no such cell", ["Clip skip 1"]] + ["x"] * 1_000_000
    start = time.process_time()
    cells = ResumeRequest("name", True, {"cells": asked}).next_run(earlier).request["cells"]
    assert time.process_time() - start < 2
    assert cells[:4] == [4999, 3, "no such cell", ["Clip skip 1"]]
