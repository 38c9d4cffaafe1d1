"""Every picture of a sweep gets a file of its own from the host's `save_image`, whatever it makes of the name.

In the host's own process, with pictures of one colour in place of generations.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image

from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.host_in_process import make
from tests.helpers.memory_session import HOST, MemorySession, plan_of

pytestmark = pytest.mark.usefixtures("host", "opts")


class SavingSession(MemorySession):
    """A session that saves as the host's does."""

    def __post_init__(self):
        from clip_skip_lab.webui import saving

        super().__post_init__()
        self.request = make()
        self.prompt = "cat"
        self.style = saving.style_of(self.notes)
        self.formats = [saving.format_of(key, self.notes) for key in ("samples_format", "grid_format")]
        self.grid_format = self.formats[1]
        self.pattern = saving.pattern_of_names(self.notes)

    def name_picture(self, picture, folder):
        from clip_skip_lab.webui.saving import PictureFile

        picture.prompt = self.prompt
        file = PictureFile(picture)
        file.name(folder, self.request, 1, self.formats[0], self.pattern)
        return file

    def save_grid(self, image, folder, name, infotext):
        from clip_skip_lab.webui.saving import save_grid

        return save_grid(image, folder, name, infotext, self.request, self.formats[1])


def swept(folder, prompt="cat", plan="1-3"):
    session = SavingSession(str(folder))
    session.prompt = prompt
    outcome = run_sweep(plan_of(plan), session, HOST)
    assert_all_saved(outcome)
    return outcome


def assert_all_saved(outcome):
    """Each picture, with its own pixels, and the grid, in files of their own in the sweep's folder; nothing beside."""
    record = read_record(outcome.folder)
    pictures = [picture for cell in record["cells"] for picture in cell["pictures"]]
    files = [picture["file"] for picture in pictures]
    assert len({file.casefold() for file in files}) == len(files) == len(record["cells"])
    for number, file in enumerate(files):
        assert file.startswith("cells/")
        with Image.open(outcome.folder / file) as image:
            assert abs(image.convert("RGB").getpixel((0, 0))[0] - 20 * (number + 1)) < 4
    with Image.open(outcome.folder / record["grids"][0]["file"]) as grid:
        assert grid.size == outcome.grids[0][0].size
    on_disk = {path.name for path in (outcome.folder / "cells").rglob("*") if path.suffix != ".txt"}
    assert on_disk == {Path(file).name for file in files}, "no half and no double images"
    assert record["problems"] == []


@pytest.fixture
def long_folder():
    """Makes a folder whose path has so many letters."""
    made = Path(f"/tmp/{os.getpid()}")

    def make_one(length):
        folder = made
        while len(str(folder)) + 101 < length:
            folder = folder / ("x" * 100)
        folder = folder / ("y" * (length - len(str(folder)) - 1))
        folder.mkdir(parents=True)
        assert len(str(folder)) == length
        return folder

    yield make_one
    shutil.rmtree(made)


@pytest.mark.parametrize("length", [100, 180, 190, 196, 199, 203, 207, 210, 215, 235, 300, 600])
def test_a_folder_of_any_length_holds_all_pictures(long_folder, length):
    """The case "long folder"."""
    folder = long_folder(length)
    outcome = swept(folder)
    beside = {path for path in folder.rglob("*") if path.is_file() and outcome.folder not in path.parents}
    assert beside == set(), "nothing is written outside the sweep's folder"
    again = swept(folder)
    assert again.folder != outcome.folder
    if length >= 215:
        assert "cut the names off" in outcome.record.notes[0]


@pytest.mark.parametrize(
    ("pattern", "prompt", "said"),
    [
        ("[prompt]", "猫" * 170, "has more than 255 bytes"),
        ("[prompt_spaces]", "a\0cat", "contains a character that file names cannot have"),
        ("[prompt_spaces]", "a \ud800 cat", "contains a character that file names cannot have"),
        ("pictures/[seed]", "cat", '/ and \\ become "_"'),
        ("../../[seed]", "cat", '/ and \\ become "_"'),
        ("..\\[seed]\0", "cat", '/ and \\ become "_"'),
        ("[datetime<%Y/%m>]", "cat", None),
        ("[seed]", "cat", None),
        ("[clip_skip]...", "cat", None),
        ("[none]", "cat", None),
        ("", "cat", None),
        ("[prompt_words] ", "ends with a dot.", None),
    ],
)
def test_a_name_that_cannot_be_is_replaced_and_the_note_says_why(opts, tmp_path, pattern, prompt, said):
    """The case "a name that cannot be saved"."""
    opts.data["samples_filename_pattern"] = pattern
    outcome = swept(tmp_path / "grids", prompt)
    assert [said in note for note in outcome.record.notes] == ([True] if said else [])
    assert [path.name for path in tmp_path.iterdir()] == ["grids"]


@pytest.mark.parametrize(("form", "ending"), [("PNG", "png"), (".jpg", "jpg"), ("WebP", "webp"), ("gif", "gif")])
def test_a_format_in_other_letters_is_that_format(opts, tmp_path, form, ending):
    opts.data.update(samples_format=form, grid_format=form)
    outcome = swept(tmp_path)
    assert {picture.file[-4:].strip(".") for cell in outcome.record.cells for picture in cell.pictures} == {ending}
    assert outcome.record.grids[0].file == f"grid.{ending}"
    assert outcome.record.notes == []


@pytest.mark.parametrize("form", ["xyz", "", "pdf", "eps", "mp4", "../x", None, 5])
def test_a_format_that_cannot_be_written_and_read_is_known_before_and_png_is_used(opts, tmp_path, form):
    opts.data.update(samples_format=form, grid_format=form)
    session = SavingSession(str(tmp_path))
    assert [note.partition(":")[0] for note in session.notes] == ["File format for images", "File format for grids"]
    assert all("is not supported here; png is used instead" in note for note in session.notes)
    outcome = swept(tmp_path)
    assert outcome.record.grids[0].file == "grid.png"


def test_text_files_beside_the_pictures_are_written(opts, tmp_path):
    opts.data["save_txt"] = True
    outcome = swept(tmp_path)
    assert len(list((outcome.folder / "cells").glob("*.txt"))) == 3


def test_a_text_file_that_cannot_be_written_costs_no_picture(opts, tmp_path, monkeypatch):
    from modules import images

    opts.data["save_txt"] = True
    writable = open

    def failing(file, mode="r", *args, **kwargs):
        if str(file).endswith(".txt"):
            raise OSError(28, "No space left on device")
        return writable(file, mode, *args, **kwargs)

    monkeypatch.setattr(images, "open", failing, raising=False)
    assert swept(tmp_path).record.notes == []


@pytest.fixture
def callback():
    """Registers what an extension does before or after a picture is saved, for one test."""
    from modules import script_callbacks

    before = {key: list(value) for key, value in script_callbacks.callback_map.items()}

    def register(function, after=False):
        add = script_callbacks.on_image_saved if after else script_callbacks.on_before_image_saved
        add(function)

    yield register
    for key, value in before.items():
        script_callbacks.callback_map[key][:] = value
    if hasattr(script_callbacks, "ordered_callbacks_map"):
        script_callbacks.ordered_callbacks_map.clear()


COUNTED = itertools.count()
RENAMING = {
    "to one name": lambda params: "same.png",
    "to the parent": lambda params: f"../../{next(COUNTED)}.png",
    "to an absolute path": lambda params: f"/tmp/clip-skip-lab-elsewhere-{os.getpid()}.png",
    "to a folder that is not there": lambda params: f"gone/{next(COUNTED)}.png",
    "to a format that is none": lambda params: f"{next(COUNTED):05}.xyz",
    "to no name": lambda params: "",
    "to a long name": lambda params: "x" * 400 + f"{next(COUNTED)}.png",
    "to a name of its own": lambda params: f"{next(COUNTED):05}-mine.png",
}


@pytest.mark.parametrize("kind", RENAMING)
def test_an_extension_that_renames_pictures_overwrites_none(tmp_path, callback, kind):
    def rename(params):
        if "cells" in params.filename:
            params.filename = os.path.join(os.path.dirname(params.filename), RENAMING[kind](params))

    callback(rename)
    outcome = swept(tmp_path / "grids")
    assert not list(Path("/tmp").glob(f"clip-skip-lab-elsewhere-{os.getpid()}*"))
    assert [path.name for path in tmp_path.iterdir()] == ["grids"]
    assert [path.name for path in (tmp_path / "grids" / "clip-skip-sweeps").iterdir()] == [outcome.folder.name]
    assert bool(outcome.record.notes) == (kind != "to a name of its own")
    assert all(("mine" in cell.pictures[0].file) == (kind == "to a name of its own") for cell in outcome.record.cells)


def test_what_an_extension_draws_into_a_picture_is_in_the_file_of_the_short_name_too(tmp_path, callback):
    def mark(params):
        params.image = params.image.copy()
        params.image.putpixel((9, 9), (1, 2, 3))
        params.filename = params.filename + "\0"

    callback(mark)
    outcome = run_sweep(plan_of("1-2"), SavingSession(str(tmp_path)), HOST)
    for kept in outcome.pictures:
        assert Image.open(kept.path).getpixel((9, 9)) == (1, 2, 3)


@pytest.mark.parametrize("what", ["moves", "removes"])
def test_an_extension_that_moves_or_removes_what_was_saved_costs_no_picture(tmp_path, callback, what):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def after(params):
        if what == "moves":
            shutil.move(params.filename, elsewhere / f"{next(COUNTED)}.png")
        else:
            os.unlink(params.filename)

    callback(after, after=True)
    outcome = swept(tmp_path / "grids")
    assert "the WebUI left no file under the name it gave" in outcome.record.notes[0]


def test_an_extension_that_is_told_of_a_picture_finds_it_whole_and_may_change_it(tmp_path, callback):
    seen = []

    def after(params):
        with Image.open(params.filename) as image:
            seen.append((threading.current_thread(), image.getpixel((0, 0))))
            image.load()
        image.putpixel((9, 9), (1, 2, 3))
        image.save(params.filename)

    callback(after, after=True)
    outcome = swept(tmp_path / "grids")
    pictures = [(thread, pixel) for thread, pixel in seen if pixel[2] == 255 and pixel[:2] != (255, 255)]
    assert pictures == [(threading.current_thread(), (20 * skip, 0, 255)) for skip in (1, 2, 3)]
    for entry in outcome.record.cells:
        file = outcome.folder / entry.pictures[0].file
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.pictures[0].sha256
    assert (1, 2, 3) in {colour for _, colour in outcome.grids[0][0].getcolors(10**6)}, "the grid shows the files"


@pytest.mark.parametrize("after", [False, True])
def test_an_extension_that_fails_when_a_picture_is_saved_costs_nothing(tmp_path, callback, after):
    def fail(params):
        raise RuntimeError("an extension's callback failed")

    callback(fail, after=after)
    outcome = swept(tmp_path / "grids")
    assert outcome.record.notes == outcome.record.problems == []


@pytest.mark.parametrize("name", ["save_image", "save_image_with_geninfo"])
def test_an_extension_that_wraps_the_hosts_saving_finds_each_picture_written(tmp_path, monkeypatch, name):
    from modules import images

    original, seen = getattr(images, name), []

    @functools.wraps(original)
    def wrapper(image, *args, **kwargs):
        saved = original(image, *args, **kwargs)
        with Image.open(saved[0] if saved else args[1]) as written:
            seen.append((threading.current_thread(), written.getpixel((0, 0))))
        return saved

    monkeypatch.setattr(images, name, wrapper)
    outcome = swept(tmp_path / "grids")
    assert outcome.record.notes == []
    here = threading.current_thread()
    assert [each for each in seen if each[1][2] == 255][:3] == [(here, (20 * skip, 0, 255)) for skip in (1, 2, 3)]


def test_an_extension_that_saves_a_picture_of_its_own_meanwhile_may_do_so(tmp_path, callback):
    from modules import images

    elsewhere = tmp_path / "elsewhere"

    def save_another(params):
        if "cells" in params.filename:
            images.save_image(Image.new("RGB", (8, 8)), str(elsewhere), "", 1, "x", p=params.p, save_to_dirs=False)

    callback(save_another)
    assert swept(tmp_path / "grids").record.notes == []
    assert len(list(elsewhere.iterdir())) == 3


@pytest.mark.parametrize(
    ("asked", "colour"),
    [
        ("rgba(255, 0, 0, 0.5)", (255, 0, 0)),
        ("rgb(100%, 0%, 0%)", (255, 0, 0)),
        ("#f00", (255, 0, 0)),
        ("#ff000080", (255, 0, 0)),
        ("hsl(0, 100%, 50%)", (255, 0, 0)),
        ("red", (255, 0, 0)),
        ("nonsense", (255, 255, 255)),
        ("rgba(1, 2)", (255, 255, 255)),
        ("", (255, 255, 255)),
        (None, (255, 255, 255)),
        (5, (255, 255, 255)),
    ],
)
def test_the_grid_has_the_colour_that_is_set_or_a_note_says_that_it_is_none(opts, tmp_path, asked, colour):
    """The case "bad colour of the grid"."""
    opts.data["grid_background_color"] = asked
    session = SavingSession(str(tmp_path))
    assert len(session.notes) == (colour == (255, 255, 255))
    assert swept(tmp_path).grids[0][0].getpixel((0, 0)) == colour


def test_the_grids_font_is_the_hosts_setting(opts, tmp_path):
    from matplotlib import font_manager

    from clip_skip_lab.webui.saving import font_file

    default = font_file()
    opts.data["font"] = font_manager.findfont("DejaVu Serif")
    assert font_file() == opts.data["font"]
    for asked in (str(tmp_path / "gone.ttf"), str(tmp_path), "\0", None, 5):
        opts.data["font"] = asked
        assert font_file() == default
        swept(tmp_path)


def test_a_sweep_that_is_resumed_replaces_its_own_grid(opts, tmp_path):
    from clip_skip_lab.sweep.resume import find_earlier

    opts.data["save_images_replace_action"] = "Add number suffix"
    session = SavingSession(str(tmp_path), interrupt_at=2)
    first = run_sweep(plan_of("1-3"), session, HOST)
    earlier = find_earlier(tmp_path, first.folder.name)
    again = run_sweep(plan_of("1-3"), SavingSession(str(tmp_path)), HOST, earlier=earlier)
    assert_all_saved(again)
    assert [path.name for path in again.folder.glob("grid*")] == ["grid.png"]
    assert again.record.notes == []
