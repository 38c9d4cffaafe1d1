"""Running a sweep, on a session that keeps its pictures in memory and needs no host."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from clip_skip_lab.hosts import Picture, Sampled
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.errors import InvalidInput
from clip_skip_lab.sweep.folder import read_record, write_record
from clip_skip_lab.sweep.grid import Limits, Style
from clip_skip_lab.sweep.plan import make_plan, read_plan
from clip_skip_lab.sweep.record import DONE, FAILED, NOT_RUN
from clip_skip_lab.sweep.resume import find_begun, next_plan, unfinished
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.sweep.words import summary

CFG = Axis("CFG Scale", "float", show=lambda value: f"CFG Scale: {value}")
CHECKPOINT = Axis("Checkpoint", cost=1.0)
HOST = {"name": "memory", "version": "1"}
SIZE = (48, 40)


def plan_of(skips="1-3", y=(None, None), z=(None, None)):
    return make_plan(skips, y, z, [CFG, CHECKPOINT], 12)


@dataclass
class MemorySession:
    """A session whose pictures are of one colour each: red is the clip skip, green the place within the cell.

    Unlike a host it needs no time and no model. `events` is what happened, in order.
    """

    grid_folder: str
    per_cell: int = 1
    fails: dict[int, Exception] = field(default_factory=dict)
    """By clip skip: what sampling raises, after the first picture where a cell has several."""
    interrupt_at: int | None = None
    skip_at: int | None = None
    save_error: Exception | None = None
    grid_error: Exception | None = None
    infotext_error: BaseException | None = None
    elsewhere: Path | None = None
    """Where an extension's save callback puts the pictures instead."""
    batch_size: int = 1
    room_for: int = 1_000
    """How many cells fit into the memory at once."""

    def __post_init__(self):
        self.text_encoder_forwards = 0
        self.notes: list[str] = []
        self.style = Style()
        self.limits = Limits()
        self.model = {"name": "tiny", "hash": "abc", "vae": ""}
        self.setting = {"seed": 7, "s_tmax": float("inf")}
        self.events: list[tuple] = []
        self.interrupted = False

    def stopped(self):
        return "interrupted" if self.interrupted else None

    def starting(self, number, count, cells):
        self.events.append(("starting", number, *(cell.index for cell in cells)))

    def sample(self, cells, keep):
        if len(cells) > self.room_for:
            raise MemoryError("CUDA out of memory")
        if len(cells) > 1 and any(cell.clip_skip in self.fails for cell in cells):
            raise next(error for skip, error in self.fails.items())
        sampled = Sampled([])
        for cell in cells:
            self._sample_one(cell, keep, sampled)
        return sampled

    def _sample_one(self, cell, keep, sampled):
        skip = cell.clip_skip
        wanted = self.per_cell
        if skip in (self.interrupt_at, self.skip_at):
            wanted -= 1
        if skip in self.fails:
            wanted = min(1, self.per_cell - 1)
        for place in range(wanted):
            image = Image.new("RGB", SIZE, (skip * 20, place * 40, 255))
            picture = Picture(cell, place, image, f"cat\nClip skip: {skip}", 7 + place, 3, "cat")
            sampled.pictures.append(picture)
            keep(picture)
        if skip in self.fails:
            raise self.fails[skip]
        if skip == self.interrupt_at:
            self.interrupted = True
            sampled.missing[cell.index] = "interrupted"
        if skip == self.skip_at:
            sampled.missing[cell.index] = "skipped"

    def is_out_of_memory(self, error):
        return isinstance(error, MemoryError)

    def save_picture(self, picture, folder):
        if self.save_error is not None:
            raise self.save_error
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", picture.infotext)
        folder = self.elsewhere or folder
        number = max((int(path.name[:5]) + 1 for path in folder.iterdir()), default=0)
        path = folder / f"{number:05}-{picture.seed}.png"
        picture.image.save(path, pnginfo=info)
        self.events.append(("saved", path.name))
        return path

    def save_grid(self, image, folder, name, infotext):
        if self.grid_error is not None:
            raise self.grid_error
        path = folder / f"{name}.png"
        image.save(path)
        return path

    def grid_infotext(self):
        if self.infotext_error is not None:
            raise self.infotext_error
        return "cat\nScript: Clip skip sweep"

    def explain(self, error):
        return f"{type(error).__name__}: {error}"


def colours(image):
    return {colour for _, colour in image.getcolors(maxcolors=image.width * image.height)}


def states(outcome):
    return [cell.state for cell in outcome.record.cells]


def ran(session):
    return [event[2] for event in session.events if event[0] == "starting"]


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


def test_cells_are_run_dearest_axis_outermost_and_answered_in_the_order_of_the_plan(tmp_path):
    session = MemorySession(str(tmp_path))
    plan = plan_of("1-2", y=("Checkpoint", "a, b"), z=("CFG Scale", "5, 7"))
    outcome = run_sweep(plan, session, HOST)
    assert ran(session) == [0, 1, 4, 5, 2, 3, 6, 7]
    assert [kept.cell for kept in outcome.pictures] == list(range(8))


def test_each_picture_is_on_disk_before_the_next_cell_starts(tmp_path):
    session = MemorySession(str(tmp_path))
    run_sweep(plan_of("1-3"), session, HOST)
    assert [event[0] for event in session.events] == ["starting", "saved"] * 3


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
    assert "Clip skip 2: ValueError: this size cannot be" in summary(outcome.record, "folder")


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


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("cannot write this mode")])
def test_pictures_that_cannot_be_saved_stay_for_the_gallery_and_the_grid(tmp_path, error):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), save_error=error), HOST)
    assert states(outcome) == [DONE, DONE]
    assert [kept.path for kept in outcome.pictures] == [None, None]
    assert [kept.image.getpixel((0, 0)) for kept in outcome.pictures] == [(20, 0, 255), (40, 0, 255)]
    assert colours(outcome.grids[0][0]) >= {(20, 0, 255), (40, 0, 255)}
    why = error.strerror if isinstance(error, OSError) else str(error)
    assert outcome.record.problems == [f"A picture could not be saved ({why}); it is in the gallery only."]
    assert [cell["pictures"][0]["file"] for cell in read_record(outcome.folder)["cells"]] == [None, None]


def test_a_picture_that_an_extension_saves_elsewhere_is_still_a_picture_of_its_cell(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path / "grids"), elsewhere=elsewhere), HOST)
    assert states(outcome) == [DONE, DONE]
    files = [cell.pictures[0].file for cell in outcome.record.cells]
    assert files == [str(elsewhere / "00000-7.png"), str(elsewhere / "00001-7.png")]
    assert colours(outcome.grids[0][0]) >= {(20, 0, 255), (40, 0, 255)}


def test_a_grid_that_cannot_be_saved_stays_for_the_gallery(tmp_path):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), grid_error=OSError(28, "No space left")), HOST)
    ((grid, path),) = outcome.grids
    assert path is None
    assert colours(grid) >= {(20, 0, 255)}
    assert outcome.record.problems == ["The grid could not be saved (No space left); it is in the gallery only."]
    assert outcome.record.state == "finished"


def test_pictures_are_kept_in_memory_only_where_the_answer_needs_them(tmp_path):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST, keep_images=True)
    assert [kept.image.size for kept in outcome.pictures] == [SIZE, SIZE]
    assert all(kept.path.is_file() for kept in outcome.pictures)


def test_a_folder_that_cannot_be_written_to_is_said_before_any_sampling(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    session = MemorySession(str(taken))
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run_sweep(plan_of(), session, HOST)
    assert session.events == []


@pytest.mark.parametrize("error", [RuntimeError("host is broken"), KeyboardInterrupt()])
def test_an_error_outside_the_cells_is_raised_and_the_record_says_so(tmp_path, error):
    session = MemorySession(str(tmp_path), infotext_error=error)
    with pytest.raises(type(error)):
        run_sweep(plan_of("1-2"), session, HOST)
    (folder,) = (tmp_path / "clip-skip-sweeps").iterdir()
    record = read_record(folder)
    assert record["state"] == "failed"
    assert [cell["state"] for cell in record["cells"]] == ["done", "done"]


def filled(monkeypatch, after):
    """The disk is full after that many writings of the record."""
    numbers = itertools.count()

    def write(folder, content):
        if next(numbers) >= after:
            raise OSError(28, "No space left on device")
        write_record(folder, content)

    monkeypatch.setattr("clip_skip_lab.sweep.run.write_record", write)


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
            (folder,) = (tmp_path / "clip-skip-sweeps").iterdir()
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
    monkeypatch.setattr("clip_skip_lab.sweep.run.save_small", full)
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST)
    assert states(outcome) == [DONE, DONE]
    assert outcome.record.problems == [
        "The page could not be written (No space left on device).",
        "A reduced picture for the page could not be saved (No space left on device).",
    ]
    assert read_record(outcome.folder)["cells"][0]["pictures"][0]["small"] is None


def test_the_record_says_running_while_it_runs(tmp_path):
    seen = []

    class Watching(MemorySession):
        def sample(self, cells, keep):
            (folder,) = (tmp_path / "clip-skip-sweeps").iterdir()
            seen.append(json.loads((folder / "sweep.json").read_text())["state"])
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
    session = MemorySession(str(tmp_path), batch_size=3)
    plan = plan_of("1-4", y=("CFG Scale", "5, 7"))
    outcome = run_sweep(plan, session, HOST)
    batches = [event[2:] for event in session.events if event[0] == "starting"]
    assert batches == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert outcome.record.count(DONE) == 8


def test_a_batch_that_runs_out_of_memory_is_halved_until_it_fits_and_no_cell_is_lost(tmp_path):
    session = MemorySession(str(tmp_path), batch_size=12, room_for=3)
    outcome = run_sweep(plan_of("1-12"), session, HOST)
    assert outcome.record.count(DONE) == 12
    assert len(outcome.pictures) == 12
    assert [kept.cell for kept in outcome.pictures] == list(range(12))
    assert max(len(event) - 2 for event in session.events[-8:] if event[0] == "starting") <= 3
    assert "ran out of memory" in outcome.record.notes[0]


def test_a_single_cell_that_runs_out_of_memory_has_failed(tmp_path):
    session = MemorySession(str(tmp_path), batch_size=4, room_for=0)
    outcome = run_sweep(plan_of("1-2"), session, HOST)
    assert outcome.record.count(FAILED) == 2


def test_a_batch_that_fails_is_run_one_by_one_so_that_only_the_cell_at_fault_is_lost(tmp_path):
    session = MemorySession(str(tmp_path), batch_size=4, fails={3: RuntimeError("bad layer")})
    outcome = run_sweep(plan_of("1-8"), session, HOST)
    failed = [entry.values["Clip skip"] for entry in outcome.record.cells if entry.state == FAILED]
    assert failed == [3]
    assert outcome.record.count(DONE) == 7
    batches = [event[2:] for event in session.events if event[0] == "starting"]
    assert batches == [(0, 1, 2, 3), (0,), (1,), (2,), (3,), (4, 5, 6, 7)]


def broken_off(tmp_path, plan):
    """A sweep that was interrupted in the middle, as it lies on disk."""
    outcome = run_sweep(plan, MemorySession(str(tmp_path), interrupt_at=3), HOST)
    assert outcome.record.count(DONE) == 2
    return find_begun(tmp_path, outcome.folder.name)


def test_going_on_runs_only_what_is_not_done(tmp_path):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    session = MemorySession(str(tmp_path))
    outcome = run_sweep(plan, session, HOST, begun=begun)
    assert outcome.folder == begun.folder
    assert [event[2:] for event in session.events if event[0] == "starting"] == [(2,), (3,)]
    assert outcome.record.count(DONE) == 4
    assert outcome.record.state == "finished"
    assert [kept.cell for kept in outcome.pictures] == [0, 1, 2, 3]
    assert json.loads((outcome.folder / "sweep.json").read_text())["state"] == "finished"


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:-9])])
def test_a_missing_or_damaged_picture_is_noticed_and_its_cell_run_again(tmp_path, harm):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    harm(begun.folder / begun.content["cells"][1]["pictures"][0]["file"])
    session = MemorySession(str(tmp_path))
    outcome = run_sweep(plan, session, HOST, begun=begun)
    assert [event[2:] for event in session.events if event[0] == "starting"] == [(1,), (2,), (3,)]
    assert outcome.record.count(DONE) == 4


def edit(begun, change):
    """Changes what is in `sweep.json`, by hand so to say, and finds the sweep again."""
    content = json.loads((begun.folder / "sweep.json").read_text())
    change(content)
    (begun.folder / "sweep.json").write_text(json.dumps(content))
    return find_begun(begun.folder.parents[1], begun.folder.name)


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
    begun = edit(broken_off(tmp_path, plan), change)
    assert sorted(begun.sound_cells(plan)) == sound
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), HOST, begun=begun)
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
def test_a_record_without_its_parts_cannot_go_on(tmp_path, change):
    begun = broken_off(tmp_path, plan_of("1-4"))
    with pytest.raises(InvalidInput, match="was changed so that it cannot be used"):
        edit(begun, change)
    assert unfinished(tmp_path) == []


@pytest.mark.parametrize("key", ["fingerprint", "setting", "plan"])
def test_a_record_whose_plan_or_settings_were_edited_cannot_go_on(tmp_path, key):
    changes = {"fingerprint": "0" * 16, "setting": {"seed": 8, "s_tmax": None}, "plan": {"clip_skip": [1, 2]}}
    begun = edit(broken_off(tmp_path, plan_of("1-4")), lambda content: content.update({key: changes[key]}))
    session = MemorySession(str(tmp_path))
    session.setting = {**session.setting, **{k: v for k, v in begun.content["setting"].items() if v is not None}}
    with pytest.raises(InvalidInput, match=r"because these differ: what its sweep\.json says was changed"):
        run_sweep(read_plan(begun.content["plan"], [CFG], 12), session, HOST, begun=begun)
    assert not session.events


def test_going_on_with_other_code_says_so_and_the_record_keeps_it(tmp_path):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    (begun.folder / "cells" / "00000-7.png").unlink()
    outcome = run_sweep(plan, MemorySession(str(tmp_path), skip_at=4), {**HOST, "version": "2"}, begun=begun)
    (note,) = outcome.record.notes
    assert note.endswith(
        "memory, 1 and gone on with Clip Skip Lab 0.1.0, memory, 2: the two may not give equal pictures."
    )
    again = find_begun(tmp_path, begun.folder.name)
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), {**HOST, "version": "2"}, begun=again)
    assert outcome.record.notes == [note]
    assert note in summary(outcome.record, "folder")


def test_going_on_with_the_same_code_says_nothing(tmp_path):
    plan = plan_of("1-4")
    outcome = run_sweep(plan, MemorySession(str(tmp_path)), HOST, begun=broken_off(tmp_path, plan))
    assert outcome.record.notes == []


def test_a_folder_that_has_become_read_only_is_said_before_any_sampling(tmp_path, monkeypatch):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    filled(monkeypatch, after=0)
    session = MemorySession(str(tmp_path))
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run_sweep(plan, session, HOST, begun=begun)
    assert session.events == []
    assert len(list((begun.folder / "cells").iterdir())) == 2, "what is done stays"


def test_a_picture_outside_the_folder_is_none_of_the_sweep(tmp_path):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    outside = tmp_path / "outside.png"
    picture = begun.content["cells"][0]["pictures"][0]
    outside.write_bytes((begun.folder / picture["file"]).read_bytes())
    picture["file"] = "../../outside.png"
    assert sorted(begun.sound_cells(plan)) == [1]


def test_another_model_or_other_settings_cannot_go_on(tmp_path):
    plan = plan_of("1-4")
    begun = broken_off(tmp_path, plan)
    other = MemorySession(str(tmp_path))
    other.model = {"name": "other", "hash": "", "vae": ""}
    with pytest.raises(InvalidInput, match="cannot go on with other; allowed: the model that it was begun with, tiny"):
        run_sweep(plan, other, HOST, begun=begun)
    other = MemorySession(str(tmp_path))
    other.setting = {"seed": 8, "s_tmax": float("inf")}
    with pytest.raises(InvalidInput, match=r"these differ: seed;"):
        run_sweep(plan, other, HOST, begun=begun)
    assert not other.events


def test_sweeps_that_were_broken_off_are_offered_the_newest_first(tmp_path):
    assert unfinished(tmp_path) == []
    begun = broken_off(tmp_path, plan_of("1-4"))
    run_sweep(plan_of("1-2"), MemorySession(str(tmp_path)), HOST)
    (begun.folder.parent / "2026-01-01-00000000").mkdir()
    ((name, label),) = unfinished(tmp_path)
    assert name == begun.folder.name
    assert label.startswith(f"{name}: 2 of 4 cells")


@pytest.mark.parametrize("name", ["../..", "2026-01-01-zzzzzzzz", 5, "2026-01-01-00000000/../x"])
def test_only_names_of_sweeps_are_looked_up(tmp_path, name):
    with pytest.raises(InvalidInput, match="is no such name"):
        find_begun(tmp_path, name)


def test_a_sweep_whose_record_is_damaged_cannot_go_on(tmp_path):
    begun = broken_off(tmp_path, plan_of("1-4"))
    (begun.folder / "sweep.json").write_text('{"schema": 1, "cells": [')
    with pytest.raises(InvalidInput, match=r"has no sweep\.json that can be read"):
        find_begun(tmp_path, begun.folder.name)
    assert unfinished(tmp_path) == []


def test_a_draft_is_offered_for_full_quality_and_the_chosen_cells_become_a_sweep_of_their_own(tmp_path):
    plan = replace(plan_of("1-4", y=("CFG Scale", "5, 7")), draft=True)
    draft = run_sweep(plan, MemorySession(str(tmp_path)), HOST)
    begun = find_begun(tmp_path, draft.folder.name)
    assert begun.is_finished_draft
    assert unfinished(tmp_path)[0][1].startswith(f"{draft.folder.name}: draft, 8 of 8 cells")
    request, going_on = next_plan(begun, None, [1, 6])
    assert going_on is None
    chosen = read_plan(request, [CFG], 12)
    assert (chosen.draft, chosen.size) == (False, 2)
    outcome = run_sweep(chosen, MemorySession(str(tmp_path)), HOST)
    assert outcome.folder != draft.folder
    assert [entry.values for entry in outcome.record.cells] == [
        {"Clip skip": 2, "CFG Scale": 5.0},
        {"Clip skip": 3, "CFG Scale": 7.0},
    ]
    assert outcome.record.state == "finished"


def test_a_draft_that_was_broken_off_is_gone_on_with_as_a_draft(tmp_path):
    plan = replace(plan_of("1-4"), draft=True)
    begun = broken_off(tmp_path, plan)
    request, going_on = next_plan(begun, None, None)
    assert going_on is begun
    assert request["draft"] is True


def test_only_drafts_run_at_full_quality(tmp_path):
    begun = broken_off(tmp_path, plan_of("1-4"))
    with pytest.raises(InvalidInput, match="is no draft"):
        next_plan(begun, True, None)
