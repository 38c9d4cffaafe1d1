"""Pictures and grids that cannot be saved as they should: a file of their own all the same, or the gallery."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.grid import Style
from clip_skip_lab.sweep.record import DONE
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession, colours, plan_of, states


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("cannot write this mode")])
def test_pictures_that_cannot_be_saved_at_all_stay_for_the_gallery_and_the_grid(tmp_path, error):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), save_error=error, plain_error=error), HOST)
    assert states(outcome) == [DONE, DONE]
    assert [kept.path for kept in outcome.pictures] == [None, None]
    assert [kept.image.getpixel((0, 0)) for kept in outcome.pictures] == [(20, 0, 255), (40, 0, 255)]
    assert colours(outcome.grids[0][0]) >= {(20, 0, 255), (40, 0, 255)}
    why = error.strerror if isinstance(error, OSError) else str(error)
    assert outcome.record.problems == [f"An image could not be saved ({why}); it is in the gallery only."]
    assert [cell["pictures"][0]["file"] for cell in read_record(outcome.folder)["cells"]] == [None, None]


def assert_each_picture_has_its_own_file(outcome):
    """In the sweep's `cells`, with the picture's own pixels and metadata."""
    pictures = [picture for cell in read_record(outcome.folder)["cells"] for picture in cell["pictures"]]
    assert len({picture["file"] for picture in pictures}) == len(pictures) > 1
    for picture, kept in zip(pictures, outcome.pictures, strict=True):
        assert picture["file"].startswith("cells/")
        with Image.open(outcome.folder / picture["file"]) as image:
            assert image.getpixel((0, 0))[0] == 20 * (kept.cell + 1)
            assert image.info["parameters"] == picture["infotext"]


@pytest.mark.parametrize(
    "error", [OSError(36, "File name too long"), ValueError("embedded null byte"), KeyError(".xyz")]
)
def test_a_picture_that_cannot_be_saved_under_its_name_has_a_short_one(tmp_path, error):
    outcome = run_sweep(plan_of("1-3"), MemorySession(str(tmp_path), per_cell=2, save_error=error), HOST)
    assert [picture.file for picture in outcome.record.cells[1].pictures] == ["cells/0001-0.png", "cells/0001-1.png"]
    assert_each_picture_has_its_own_file(outcome)
    (note,) = outcome.record.notes
    why = getattr(error, "strerror", None) or error
    assert note == f"Images have short names, such as cells/0000-0.png, where the WebUI's own could not be used: {why}."
    assert outcome.record.problems == []


def test_pictures_that_all_get_the_same_name_have_a_file_each(tmp_path):
    class Copying(MemorySession):
        """An extension copies each picture to one place, and says that this is its file."""

        def write(self, picture, path):
            with self.lock:
                path.unlink()
                picture.image.save(tmp_path / "copy.png")
                last = path.with_name("last.png")
                last.unlink(missing_ok=True)
                last.hardlink_to(tmp_path / "copy.png")
                return last

    session = Copying(str(tmp_path))
    session.lock = threading.Lock()
    outcome = run_sweep(plan_of("1-3"), session, HOST)
    assert len({cell.pictures[0].file for cell in outcome.record.cells}) == 3
    assert any(
        "another image already has the file name that the WebUI gave it" in note for note in outcome.record.notes
    )


def test_a_picture_that_an_extension_saves_elsewhere_is_in_the_sweeps_folder_too(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path / "grids"), elsewhere=elsewhere), HOST)
    assert states(outcome) == [DONE, DONE]
    assert_each_picture_has_its_own_file(outcome)
    assert len(list(elsewhere.iterdir())) == 2, "what the extension did is left alone"
    assert "saved it outside the sweep's folder" in outcome.record.notes[0]


def test_a_picture_that_an_extension_removes_is_in_the_sweeps_folder_all_the_same(tmp_path):
    class Removing(MemorySession):
        def write(self, picture, path):
            super().write(picture, path).unlink()
            return path

    outcome = run_sweep(plan_of("1-2"), Removing(str(tmp_path)), HOST)
    assert_each_picture_has_its_own_file(outcome)


def test_a_grid_that_cannot_be_saved_by_the_hosts_rules_is_saved_without_them(tmp_path):
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), grid_error=KeyError(".xyz")), HOST)
    ((grid, path),) = outcome.grids
    with Image.open(path) as saved:
        assert colours(saved) == colours(grid)
        assert saved.info["parameters"] == outcome.record.infotext
    assert outcome.record.grids[0].file == "grid.png"
    (note,) = outcome.record.notes
    assert note == "The grid was saved as grid.png, because the WebUI's own name for it could not be used: '.xyz'."


def test_a_grid_that_cannot_be_saved_stays_for_the_gallery(tmp_path):
    full = OSError(28, "No space left")
    outcome = run_sweep(plan_of("1-2"), MemorySession(str(tmp_path), grid_error=full, plain_error=full), HOST)
    ((grid, path),) = outcome.grids
    assert path is None
    assert colours(grid) >= {(20, 0, 255)}
    assert outcome.record.problems == ["The grid could not be saved (No space left); it is in the gallery only."]
    assert outcome.record.state == "finished"


@pytest.mark.parametrize("style", [Style(background="rgba(255, 0, 0, 0.5)"), Style(text="nonsense")], ids=str)
def test_a_grid_that_cannot_be_drawn_in_the_hosts_colours_is_drawn_in_others(tmp_path, style):
    session = MemorySession(str(tmp_path), skip_at=1)
    session.style = style
    outcome = run_sweep(plan_of("1-2"), session, HOST)
    assert colours(outcome.grids[0][0]) >= {(40, 0, 255), (255, 255, 255)}
    assert outcome.record.state == "finished"
    assert "because the WebUI's could not be used" in outcome.record.problems[0]
