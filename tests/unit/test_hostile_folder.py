"""Folders that somebody sent, edited or damaged: nothing in them stops, hangs, or writes anywhere else.

The case "a hostile or damaged folder" of the list of faults.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import Query
from clip_skip_lab.measure.compare import compare
from clip_skip_lab.measure.folder import measure_folder
from clip_skip_lab.sweep import library
from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.library import file_of, find_sweep, record_text
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.reading import read_object
from clip_skip_lab.sweep.resume import find_earlier, next_run, offered
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import CFG, HOST, MemorySession, plan_of

pytestmark = pytest.mark.timeout(60)

DEEP = "[" * 1000 + "]" * 1000


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory):
    """A sweep that was interrupted and measured: the text of its `sweep.json`, and its folder."""
    base = tmp_path_factory.mktemp("sent")
    plan = plan_of("1-3", y=("CFG Scale", "5, 7"))
    folder = run_sweep(plan, MemorySession(str(base), interrupt_at=3), HOST).folder
    measure_folder(folder)
    return folder


@pytest.fixture
def sent(broken_off, tmp_path):
    """A copy of that sweep for one test: its folder."""
    folder = tmp_path / "clip-skip-sweeps" / broken_off.name
    shutil.copytree(broken_off, folder)
    return folder


def listed(base):
    return Library(lambda: Folders([str(base)])).listing(Query())["sweeps"]


def everything(folder):
    """What the panel, the tab, the routes and a sweep do with a folder; what they refuse is a sentence."""
    base = folder.parents[1]
    offered(base)
    listed(base)
    for action in (
        lambda: record_text(find_sweep([base], folder.name)),
        lambda: compared(base, folder.name),
        lambda: measured(base, folder.name),
        lambda: resumed(base, folder.name),
    ):
        try:
            action()
        except (InvalidInput, FileNotFoundError) as error:
            assert str(error).endswith(".")
            str(error).encode()
    answer = json.dumps(listed(base), ensure_ascii=False)
    "\n".join([answer, *(label for _, label in offered(base)[0])]).encode()


def measured(base, name):
    """As a sweep and the tab do it, which make sentences of these."""
    try:
        with patch("clip_skip_lab.measure.folder._charts", return_value=[]):  # whose every exception is a sentence
            measure_folder(find_earlier(base, name).folder)
    except (OSError, ValueError) as error:
        raise InvalidInput("Sweep", name, "others", str(error)) from error


def compared(base, name):
    """As the tab does it, which makes a sentence of everything (ui/compare.py)."""
    earlier = find_earlier(base, name)
    try:
        compare(earlier.content, earlier.content)
    except Exception as error:
        raise InvalidInput("Sweeps to compare", name, "others", str(error)) from error


def resumed(base, name):
    earlier = find_earlier(base, name)
    earlier.cell_names()
    run = next_run(earlier, None, None)
    run_sweep(read_plan(run.request, [CFG], 12), MemorySession(str(base)), HOST, earlier=run.earlier)


TEXTS = {
    "nested": DEEP,
    "nested within an object": '{"schema": 1, "cells": ' + DEEP + "}",
    "nested as deep as a parser takes": '{"schema": 1, "setting": ' + "[" * 400 + "]" * 400 + "}",
    "a number of a million digits": '{"schema": 1, "cells": ' + "9" * 1_000_000 + "}",
    "no object": "7",
    "empty": "",
    "half of a surrogate": '{"schema": 1, "created": "\\ud800", "state": "\\udfff", "cells": [], "plan": {}, '
    '"axes": [], "model": {"name": "\\ud800"}, "setting": {"prompt": "\\ud800"}}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_of_a_record_stops_anything(sent, text):
    (sent / "sweep.json").write_text(text, encoding="utf-8")
    earlier = time.perf_counter()
    everything(sent)
    assert time.perf_counter() - earlier < 10


def link_to_itself(path):
    path.symlink_to(path.name)


def link_outside(path):
    path.symlink_to("/dev/zero")


def pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize("put", [link_to_itself, link_outside, pipe, os.mkdir])
@pytest.mark.parametrize("name", ["sweep.json", "cells/{first}", "measures.csv", "grid.png", "sweep.js", "index.html"])
def test_what_is_no_file_in_place_of_one_stops_nothing(sent, name, put):
    path = sent / name.format(first=os.listdir(sent / "cells")[0])
    path.unlink()
    put(path)
    everything(sent)


@pytest.mark.parametrize("put", [link_to_itself, link_outside, pipe])
@pytest.mark.parametrize("name", ["cells", "small", "charts", "."])
def test_what_is_no_folder_in_place_of_one_stops_nothing(sent, name, put):
    folder = sent if name == "." else sent / name
    shutil.rmtree(folder)
    put(folder)
    everything(sent)


@pytest.mark.parametrize("name", ["cells", "small", "charts"])
def test_a_link_in_place_of_a_folder_lets_nothing_be_written_elsewhere(sent, tmp_path, name):
    shutil.rmtree(sent / name)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (sent / name).symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(InvalidInput, match=f'has a link in place of its folder "{name}"'):
        find_earlier(tmp_path, sent.name)
    if name == "charts":
        assert "could not be made" in measure_folder(sent)["problems"][-1]
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["measures.csv", "sweep.json", "sweep.js", "index.html", "charts/change.png"])
def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(sent, tmp_path, name):
    (tmp_path / "mine.txt").write_text("mine")
    if name == "sweep.json":
        content = read_record(sent)
    (sent / name).unlink()
    (sent / name).symlink_to(tmp_path / "mine.txt")
    if name == "sweep.json":
        with pytest.raises(OSError, match="it is a link"):
            read_record(sent)
        from clip_skip_lab.sweep.folder import write_record

        write_record(sent, content)
    else:
        resumed(tmp_path, sent.name)
        measure_folder(sent)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (sent / name).is_symlink()


def test_a_picture_outside_the_folder_is_not_read(sent, tmp_path):
    Image.new("RGB", (48, 40), (200, 1, 2)).save(tmp_path / "secret.png")
    for file in ("../../secret.png", str(tmp_path / "secret.png")):
        content = read_record(sent)
        content["cells"][0]["pictures"][0]["file"] = file
        (sent / "sweep.json").write_text(json.dumps(content))
        measured = measure_folder(sent)
        assert measured["cells"][0]["measures"] == {}
        assert "it is outside the sweep's folder" in measured["problems"][0]


def test_a_picture_of_too_many_pixels_or_of_another_kind_is_not_opened(sent, monkeypatch):
    monkeypatch.setattr("clip_skip_lab.sweep.reading.MOST_PIXELS", 48 * 40)
    files = [cell["pictures"][0]["file"] for cell in read_record(sent)["cells"] if cell["pictures"]]
    Image.new("1", (49, 40)).save(sent / files[0], "PNG")
    Image.new("RGB", (48, 40)).save(sent / files[1], "EPS")  # which Pillow gives to another program
    content = measure_folder(sent)
    assert [bool(cell["measures"]) for cell in content["cells"][:2]] == [False, False]
    assert any("pixels, which is too large" in problem for problem in content["problems"])


def test_two_cells_that_share_a_file_are_not_compared(sent):
    """The case "long folder": both cells named one file, and the finding said that all pictures were identical."""
    content = read_record(sent)
    content["cells"][1]["pictures"][0]["file"] = content["cells"][0]["pictures"][0]["file"]
    (sent / "sweep.json").write_text(json.dumps(content))
    measured = measure_folder(sent)
    assert [bool(cell["measures"]) for cell in measured["cells"]][:2] == [False, False]
    assert "were not compared: several images share one file." in measured["findings"]["en"][0]


def test_two_cells_whose_files_are_one_under_two_names_are_not_compared(sent):
    one, other = (sent / cell["pictures"][0]["file"] for cell in read_record(sent)["cells"][:2])
    other.unlink()
    other.hardlink_to(one)
    measured = measure_folder(sent)
    assert [bool(cell["measures"]) for cell in measured["cells"]][:2] == [False, False]
    assert measured["problems"] == ["Measures: 2 cells are left out because several images share one file."]


def test_a_list_reads_no_more_than_it_has_time_for(sent, monkeypatch):
    size = (sent / "sweep.json").stat().st_size
    monkeypatch.setattr(library, "LISTED_BYTES", size - 1)
    assert offered(sent.parents[1])[0] == []
    assert find_earlier(sent.parents[1], sent.name).done > 0, "it can be continued all the same"


def test_a_record_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "sweep.json").open("wb") as file:
        file.truncate(300_000_000)  # a hole, which takes no space
    with pytest.raises(OSError, match="is larger than"):
        read_object(tmp_path / "sweep.json")


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=6) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def places(content, path=()):
    """The path of every value in a record, keys and numbers."""
    yield path
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(len(content)):
            yield from places(content[key], (*path, key))


@pytest.mark.timeout(300)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_wrong_type_in_any_key_stops_anything(sent, broken_off, data):
    content = read_record(broken_off)
    everywhere = [path for path in places(content) if path]
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(everywhere))
        holder = content
        try:
            for key in way:
                holder = holder[key]
            if data.draw(st.booleans()) and isinstance(holder, dict):
                holder.pop(last)
            else:
                holder[last] = data.draw(junk)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken this place away
    (sent / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    everything(sent)


def test_a_draft_with_the_wrong_kinds_in_its_plan_is_refused(tmp_path):
    plan = replace(plan_of("1-3"), draft=True)
    folder = run_sweep(plan, MemorySession(str(tmp_path)), HOST).folder
    content = read_record(folder)
    for change in ({"cells": 5}, {"draft": "yes"}):
        (folder / "sweep.json").write_text(json.dumps({**content, "plan": {**content["plan"], **change}}))
        with pytest.raises(InvalidInput, match="was edited and can no longer be used"):
            find_earlier(tmp_path, folder.name)


def test_a_file_that_is_a_pipe_is_not_given(sent):
    (sent / "cells" / "pipe.png").symlink_to("pipe.png")
    os.mkfifo(sent / "cells" / "fifo.png")
    for name in ("cells/pipe.png", "cells/fifo.png"):
        with pytest.raises(FileNotFoundError):
            file_of(sent, name)
