"""Running a sweep, on a session that needs no host."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.language import translated
from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.grid import Limits
from clip_skip_lab.sweep.record import DONE, FAILED, NOT_RUN
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.sweep.summary import summary
from tests.helpers.memory_session import HOST, SIZE, MemorySession, colours, filled, plan_of, ran, states


def test_a_sweep_from_beginning_to_end(tmp_path):
    session = MemorySession(str(tmp_path))
    outcome = run_sweep(plan_of("1-3"), session, HOST)
    assert outcome.record.state == "finished"
    assert states(outcome) == [DONE] * 3
    assert [kept.record.infotext for kept in outcome.pictures] == [f"cat\nClip skip: {n}" for n in (1, 2, 3)]
    assert all(kept.image is None for kept in outcome.pictures)
    ((grid, path),) = outcome.grids
    assert path == outcome.folder / "grid.png"
    assert colours(grid) >= {(20, 0, 255), (40, 0, 255), (60, 0, 255)}
    assert sorted(file.name for file in (outcome.folder / "cells").iterdir()) == [
        "00000-7.png",
        "00001-7.png",
        "00002-7.png",
    ]
    assert outcome.record.problems == []


def test_what_is_on_disk_is_the_outcome(tmp_path):
    session = MemorySession(str(tmp_path), per_cell=2, fails={2: ValueError("no")})
    outcome = run_sweep(plan_of("1-3", y=("CFG Scale", "5, 7")), session, HOST)
    on_disk = read_record(outcome.folder)
    assert on_disk["schema"] == 1
    assert on_disk["id"] == outcome.folder.name
    assert on_disk["state"] == "finished"
    assert on_disk["host"] == HOST
    assert on_disk["model"] == session.model
    assert on_disk["setting"] == {"seed": 7, "s_tmax": None}
    assert on_disk["plan"] == outcome.record.plan.to_json()
    assert on_disk["axes"] == [
        {"name": "Clip skip", "values": [1, 2, 3]},
        {"name": "CFG Scale", "values": [5.0, 7.0], "labels": ["CFG Scale: 5.0", "CFG Scale: 7.0"]},
    ]
    assert [cell["state"] for cell in on_disk["cells"]] == states(outcome)
    assert [cell["reason"] for cell in on_disk["cells"]] == [None, "ValueError: no", None] * 2
    assert [cell["values"] for cell in on_disk["cells"]] == [cell.values for cell in outcome.record.cells]
    for cell in on_disk["cells"]:
        for picture in cell["pictures"]:
            with Image.open(outcome.folder / picture["file"]) as image:
                assert image.size == (picture["width"], picture["height"]) == SIZE
                assert image.info["parameters"] == picture["infotext"]
    (grid,) = on_disk["grids"]
    with Image.open(outcome.folder / grid["file"]) as image:
        assert image.size == (grid["width"], grid["height"]) == outcome.grids[0][0].size


def test_why_clip_skip_can_change_nothing_is_kept_for_whoever_measures(tmp_path):
    session = MemorySession(str(tmp_path))
    assert "no_effect" not in read_record(run_sweep(plan_of("1, 2"), session, HOST).folder)
    session.no_effect = "No effect: this WebUI ignores clip skip on SDXL models."
    outcome = run_sweep(plan_of("1, 2"), session, HOST)
    assert read_record(outcome.folder)["no_effect"] == session.no_effect


def test_cells_are_run_dearest_axis_outermost_and_answered_in_the_order_of_the_plan(tmp_path):
    session = MemorySession(str(tmp_path))
    plan = plan_of("1-2", y=("Checkpoint", "a, b"), z=("CFG Scale", "5, 7"))
    outcome = run_sweep(plan, session, HOST)
    assert ran(session) == [0, 1, 4, 5, 2, 3, 6, 7]
    assert [kept.cell for kept in outcome.pictures] == list(range(8))


def test_a_cell_that_fails_shows_its_reason_and_the_others_go_on(tmp_path):
    session = MemorySession(str(tmp_path), fails={2: ValueError("this size cannot be")})
    outcome = run_sweep(plan_of("1-3"), session, HOST)
    assert states(outcome) == [DONE, FAILED, DONE]
    assert outcome.record.cells[1].reason == "ValueError: this size cannot be"
    assert outcome.record.state == "finished"
    grid = outcome.grids[0][0]
    assert colours(grid) >= {(20, 0, 255), (60, 0, 255)}
    assert (40, 0, 255) not in colours(grid)
    black = sum(count for count, colour in grid.getcolors(10**6) if colour == (0, 0, 0))
    assert black < grid.width * grid.height / 10  # text, not a square
    assert "Clip skip 2: ValueError: this size cannot be" in summary(outcome.record, "folder").lines()


def test_a_sweep_of_failing_cells_only_still_has_its_grid_of_reasons(tmp_path):
    session = MemorySession(str(tmp_path), fails={1: ValueError("no"), 2: ValueError("no")})
    outcome = run_sweep(plan_of("1, 2"), session, HOST)
    assert states(outcome) == [FAILED, FAILED]
    assert outcome.pictures == []
    assert outcome.grids[0][1].is_file()


def test_a_cell_that_fails_halfway_keeps_its_pictures_and_shows_its_reason_beside_them(tmp_path):
    plan = plan_of("2")
    alone = run_sweep(plan, MemorySession(str(tmp_path), per_cell=2, skip_at=2), HOST)
    whole = run_sweep(plan, MemorySession(str(tmp_path), per_cell=2), HOST)
    assert (states(alone), states(whole)) == ([NOT_RUN], [DONE])
    session = MemorySession(str(tmp_path), per_cell=2, fails={2: ValueError("no")})
    outcome = run_sweep(plan, session, HOST)
    assert states(outcome) == [FAILED]
    assert len(outcome.pictures) == 1
    grid = outcome.grids[0][0]
    assert (40, 0, 255) in colours(grid)
    assert (40, 40, 255) not in colours(grid)
    assert (153, 153, 153) in colours(grid), "the frame around the reason"


def test_interrupt_keeps_what_is_finished(tmp_path):
    session = MemorySession(str(tmp_path), interrupt_at=2)
    outcome = run_sweep(plan_of("1-4"), session, HOST)
    assert outcome.record.state == read_record(outcome.folder)["state"] == "interrupted"
    assert states(outcome) == [DONE, NOT_RUN, NOT_RUN, NOT_RUN]
    assert [cell.reason for cell in outcome.record.cells] == [None, "interrupted", "interrupted", "interrupted"]
    assert ran(session) == [0, 1]
    assert outcome.grids[0][1].is_file()


def test_interrupt_in_the_last_cell_is_an_interrupt(tmp_path):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), interrupt_at=2), HOST)
    assert states(outcome) == [DONE, NOT_RUN]
    assert outcome.record.state == "interrupted"


def test_interrupt_within_a_cell_of_several_pictures_keeps_those_that_are_whole(tmp_path):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), per_cell=3, interrupt_at=1), HOST)
    assert [len(cell.pictures) for cell in outcome.record.cells] == [2, 0]
    assert states(outcome) == [NOT_RUN, NOT_RUN]


def test_skip_leaves_one_cell_out_and_the_others_go_on(tmp_path):
    session = MemorySession(str(tmp_path), skip_at=2)
    outcome = run_sweep(plan_of("1-3"), session, HOST)
    assert states(outcome) == [DONE, NOT_RUN, DONE]
    assert outcome.record.cells[1].reason == "skipped"
    assert outcome.record.state == "finished"


def test_a_folder_that_cannot_be_written_to_is_said_before_any_sampling(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("", encoding="utf-8")
    session = MemorySession(str(taken))
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run_sweep(plan_of(), session, HOST)
    assert session.events == []


def test_a_program_that_is_ended_after_the_cells_leaves_a_record_that_says_so(tmp_path):
    session = MemorySession(str(tmp_path), infotext_error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan_of("1-2"), session, HOST)
    (folder,) = (tmp_path / "clip-skip-sweeps").iterdir()
    record = read_record(folder)
    assert record["state"] == "failed"
    assert [cell["state"] for cell in record["cells"]] == ["done", "done"]


def test_a_grid_whose_metadata_cannot_be_made_has_none(tmp_path):
    outcome = run_sweep(
        plan_of("1-2"), MemorySession(str(tmp_path), infotext_error=RuntimeError("host is broken")), HOST
    )
    assert outcome.record.state == "finished"
    assert outcome.grids[0][1].is_file()
    assert outcome.record.problems == ["The grid has no metadata, because it could not be created (host is broken)."]


def test_half_a_surrogate_in_a_prompt_stops_nothing(tmp_path):
    """JSON can hold it, and so can a request of the API."""
    session = MemorySession(str(tmp_path))
    session.setting = {**session.setting, "prompt": "cat \ud800"}
    outcome = run_sweep(plan_of("1-2"), session, HOST)
    assert read_record(outcome.folder)["setting"]["prompt"] == "cat \ud800"


def test_a_disk_that_is_full_from_the_beginning_is_said_before_any_sampling(tmp_path, monkeypatch):
    filled(monkeypatch, after=0)
    session = MemorySession(str(tmp_path))
    with pytest.raises(InvalidInput, match=r"Folder for grids: .* cannot be written to \(No space left on device\)"):
        run_sweep(plan_of("1-2"), session, HOST)
    assert session.events == []
    assert list((tmp_path / "clip-skip-sweeps").iterdir()) == [], "no empty folder stays"


def test_a_record_that_cannot_be_written_does_not_stop_the_sweep(tmp_path, monkeypatch):
    filled(monkeypatch, after=1)
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST)
    assert states(outcome) == [DONE, DONE]
    assert outcome.record.problems == ["sweep.json could not be written (No space left on device)."]


def test_the_page_is_there_from_the_start_with_its_data_and_a_reduced_copy_of_each_picture(tmp_path):
    class Watching(MemorySession):
        def sample(self, cells, keep):
            (folder,) = (path for path in (tmp_path / "clip-skip-sweeps").iterdir() if path.is_dir())
            assert (folder / "index.html").is_file()
            assert "running" in (folder / "sweep.js").read_text(encoding="utf-8")
            return super().sample(cells, keep)

    outcome = run_sweep(plan_of("1-2"), Watching(str(tmp_path), per_cell=2), HOST)
    pictures = [picture for cell in read_record(outcome.folder)["cells"] for picture in cell["pictures"]]
    assert [picture["small"] for picture in pictures] == [
        f"small/{cell}-{place}.webp" for cell in (0, 1) for place in (0, 1)
    ]
    for picture in pictures:
        with Image.open(outcome.folder / picture["small"]) as small:
            assert small.size == SIZE, "nothing is enlarged"


def test_a_page_and_reduced_pictures_that_cannot_be_written_do_not_stop_the_sweep(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clip_skip_lab.sweep.run.write_page", full)
    monkeypatch.setattr("clip_skip_lab.sweep.pictures.save_small", full)
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST)
    assert states(outcome) == [DONE, DONE]
    assert outcome.record.problems == [
        "The page could not be written (No space left on device).",
        "A reduced image for the page could not be saved (No space left on device).",
    ]
    assert read_record(outcome.folder)["cells"][0]["pictures"][0]["small"] is None


def test_the_record_says_running_while_it_runs(tmp_path):
    seen = []

    class Watching(MemorySession):
        def sample(self, cells, keep):
            (folder,) = (path for path in (tmp_path / "clip-skip-sweeps").iterdir() if path.is_dir())
            seen.append(json.loads((folder / "sweep.json").read_text(encoding="utf-8"))["state"])
            return super().sample(cells, keep)

    run_sweep(plan_of("1-2"), Watching(str(tmp_path)), HOST)
    assert seen == ["running", "running"]


def test_a_large_grid_is_split_into_files_that_the_record_names(tmp_path):
    session = MemorySession(str(tmp_path))
    session.limits = Limits(12_000)
    outcome = run_sweep(plan_of("1-12"), session, HOST)
    assert len(outcome.grids) > 1
    names = [grid.file for grid in outcome.record.grids]
    assert names == ["grid.png", *(f"grid-{number}.png" for number in range(2, len(names) + 1))]
    assert all((outcome.folder / name).is_file() for name in names)


def test_cells_of_a_batch_differ_in_clip_skip_only(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=3)
    plan = plan_of("1-4", y=("CFG Scale", "5, 7"))
    outcome = run_sweep(plan, session, HOST)
    batches = [event[2:] for event in session.events if event[0] == "starting"]
    assert batches == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert outcome.record.count(DONE) == 8


def test_a_batch_that_runs_out_of_memory_is_halved_until_it_fits_and_no_cell_is_lost(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=12, room_for=3)
    outcome = run_sweep(plan_of("1-12"), session, HOST)
    assert outcome.record.count(DONE) == 12
    assert len(outcome.pictures) == 12
    assert [kept.cell for kept in outcome.pictures] == list(range(12))
    batches = [len(event) - 2 for event in session.events if event[0] == "starting"]
    assert batches == [12, 6, 3, 3, 3, 3]
    assert [translated(note, "ja") for note in outcome.record.notes] == [
        "12 セルの同時生成でメモリが不足したため、6 セルずつに減らして続けました。",
        "6 セルの同時生成でメモリが不足したため、3 セルずつに減らして続けました。",
    ]


def test_a_single_cell_that_runs_out_of_memory_has_failed(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=4, room_for=0)
    outcome = run_sweep(plan_of("1-2"), session, HOST)
    assert outcome.record.count(FAILED) == 2


def test_a_batch_that_fails_is_run_one_by_one_so_that_only_the_cell_at_fault_is_lost(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=4, fails={3: RuntimeError("bad layer")})
    outcome = run_sweep(plan_of("1-8"), session, HOST)
    failed = [entry.values["Clip skip"] for entry in outcome.record.cells if entry.state == FAILED]
    assert failed == [3]
    assert outcome.record.count(DONE) == 7
    batches = [event[2:] for event in session.events if event[0] == "starting"]
    assert batches == [(0, 1, 2, 3), (0,), (1,), (2,), (3,), (4, 5, 6, 7)]


def test_the_progress_counts_cells_whatever_batches_they_are_in_and_not_those_that_come_again(tmp_path):
    session = MemorySession(str(tmp_path), cells_at_once=5, room_for=4)
    run_sweep(plan_of("1-10"), session, HOST)
    told = [(event[1], len(event) - 2) for event in session.events if event[0] == "starting"]
    assert told == [(0, 5), (0, 1), (1, 2), (3, 2), (5, 1), (6, 2), (8, 2)]
