"""Which folders the library looks into, and what it says of those that it cannot use; and what is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.entry import Row, folded
from clip_skip_lab.library.folders import Folders, named_folders
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import ORDERS, Query, matching, read_query
from tests.helpers.sweeps_on_disk import ID, write_sweep


@pytest.mark.parametrize(
    "below", ["outputs/txt2img-grids/clip-skip-sweeps", "outputs/txt2img-grids", "outputs", "outputs/txt2img-grids/"]
)
def test_a_folder_may_be_named_at_each_of_three_heights(tmp_path, below):
    folder = write_sweep(tmp_path / "outputs" / "txt2img-grids")
    found, problems = Folders([], f"{tmp_path}/{below}").others()
    assert found == [str(folder.parents[1])] and problems == []


def test_an_outputs_folder_stands_for_the_grids_of_both_tabs(tmp_path):
    for tab in ("txt2img-grids", "img2img-grids", "nothing-here"):
        write_sweep(tmp_path / tab) if "grids" in tab else (tmp_path / tab).mkdir()
    assert Folders([], str(tmp_path)).others()[0] == [str(tmp_path / "img2img-grids"), str(tmp_path / "txt2img-grids")]


@pytest.mark.parametrize("between", ["\n", ";", "\r\n", " ;\n\n"])
def test_folders_stand_on_lines_or_between_semicolons_in_quotes_or_not(between):
    text = between.join(['"/one folder"', "  /two ", "", "/one folder"])
    assert named_folders(text) == ["/one folder", "/two"]


def test_each_folder_without_sweeps_is_told_and_the_others_are_used(tmp_path):
    write_sweep(tmp_path / "grids")
    (tmp_path / "empty").mkdir()
    added = f"{tmp_path / 'gone'}\n{tmp_path / 'grids'}\n{tmp_path / 'empty'}"
    answer = Library(lambda: Folders([], added)).listing(Query())
    assert [(entry["id"], entry["here"]) for entry in answer["sweeps"]] == [(ID, False)]
    gone, empty = answer["problem_folders"]
    assert "gone" in gone and "cannot be found" in gone
    assert "empty" in empty and "contains no sweeps" in empty


def test_a_sweep_that_is_here_and_in_an_added_folder_is_listed_once_as_here(tmp_path):
    write_sweep(tmp_path / "own")
    write_sweep(tmp_path / "other", state="failed")
    folders = Folders([str(tmp_path / "own")], str(tmp_path / "other"))
    (entry,) = Library(lambda: folders).listing(Query())["sweeps"]
    assert (entry["here"], entry["state"]) == (True, "interrupted")
    assert list(folders) == [str(tmp_path / "own"), str(tmp_path / "other")]


def test_added_folders_are_not_looked_for_where_a_sweep_is_found_before(tmp_path, monkeypatch):
    monkeypatch.setattr(Folders, "others", None)
    assert next(iter(Folders([str(tmp_path)], "/asleep"))) == str(tmp_path)


@given(st.text())
def test_whatever_is_typed_the_folders_are_a_list_and_sentences(text):
    found, problems = Folders([], text).others()
    for sentence in (*found, *problems):
        sentence.encode("utf-8", "surrogateescape")


def row(number, words="", made=0.0, title="1", model="", short="", size=0):
    name = f"2026-11-22-{number:08x}"
    return Row(name, (0, 0, 0, 0), "{}", folded(words), made, title, model, short, size)


def numbers(rows):
    return [int(one.id[-8:], 16) for one in rows]


@pytest.mark.parametrize(
    ("search", "found"),
    [("", [1, 2, 3]), ("CAT", [1, 2]), ("cat red", [1]), ("ｃａｔ", [1, 2]), ("straße", [3]), ("é", [2]), ("dog", [])],
)
def test_words_are_found_in_any_case_and_width(search, found):
    rows = [row(1, "a red cat"), row(2, "ＣＡＴ cafe\u0301"), row(3, "STRASSE")]
    assert numbers(matching(rows, Query(search))) == found


@pytest.mark.parametrize("asked", ["sd/anime_v3", "anime_v3", "ANIME_V3", "0a1b2c3d4e", "sd\\anime_v3"])
def test_a_checkpoint_is_known_by_its_name_with_and_without_folder_and_its_hash(asked):
    model = "sd\\anime_v3" if "\\" in asked else "sd/anime_v3"
    rows = [row(1, model=model, short="0a1b2c3d4e"), row(2, model="anime_v30"), row(3)]
    assert numbers(matching(rows, Query(checkpoint=asked))) == [1]


rows_of = st.lists(
    st.builds(row, st.integers(0, 99), st.text(max_size=3), st.floats(0, 9), st.text(max_size=2), st.text(max_size=2)),
    unique_by=lambda one: one.id,
)


@given(rows_of, st.sampled_from(sorted(ORDERS)), st.randoms())
def test_an_order_is_the_same_however_the_rows_came(rows, order, chance):
    ordered = matching(rows, Query(sort=order))
    chance.shuffle(rows)
    assert matching(rows, Query(sort=order)) == ordered
    assert sorted(numbers(ordered)) == sorted(numbers(rows))


def test_what_is_named_comes_before_what_has_only_a_prompt():
    rows = [row(1, title="1apple"), row(2, title="0zebra"), row(3, title="1")]
    assert numbers(matching(rows, Query(sort="name"))) == [2, 3, 1]


@pytest.mark.parametrize(
    ("offset", "limit"), [("-1", "1"), ("", "1"), ("1.5", "1"), ("²", "1"), ("0", "0"), ("0", "1001")]
)
def test_a_page_that_is_none_is_refused(offset, limit):
    with pytest.raises(InvalidInput, match="a whole number from"):
        read_query("", "", "newest", offset, limit)
