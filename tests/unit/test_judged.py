"""What a person said of a sweep: kept as it was said, refused with a sentence, never lost to another change."""

import errno
import json
import shutil
import threading

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.picks import add_pick_routes
from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library import judged as judged_module
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.judged import (
    JUDGED,
    LOCK,
    Judged,
    Vote,
    change_judged,
    read_judged,
    with_fields,
    with_votes,
)
from clip_skip_lab.library.listing import Library

ID = "2026-11-22-0a1b2c3d"
CELLS = 6
PLACES = st.integers(0, CELLS - 1)
VOTES = st.lists(
    st.tuples(PLACES, PLACES, st.sampled_from(["a", "b", "same"])).filter(lambda vote: vote[0] != vote[1]), max_size=8
)


def sweep_folder(tmp_path, cells=CELLS):
    folder = tmp_path / "clip-skip-sweeps" / ID
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({"cells": [{}] * cells}), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return sweep_folder(tmp_path)


@pytest.fixture
def routes(tmp_path):
    """The routes over the sweeps of a folder."""
    app = FastAPI()
    add_pick_routes(app, None, Library(lambda: Folders([str(tmp_path)])), Guard(has_page=False))
    return TestClient(app)


def put(routes, body, sweep_id=ID):
    return routes.put(f"/clip-skip-lab/v1/sweeps/{sweep_id}/votes", json=body)


@given(name=st.text(max_size=200), note=st.text(max_size=300), picks=st.lists(PLACES), votes=VOTES)
def test_what_is_said_is_read_as_it_was_said(tmp_path_factory, name, note, picks, votes):
    folder = tmp_path_factory.mktemp("sweep")
    cast = [dict(zip(("a", "b", "chosen"), vote, strict=True)) for vote in votes]
    winner = votes[0][0] if votes else None
    change_judged(folder, lambda said: with_fields(said, {"name": name, "note": note, "picks": picks}, CELLS))
    change_judged(folder, lambda said: with_votes(said, {"votes": cast, "winner": winner}, CELLS))
    expected = Judged(" ".join(name.split()), note, tuple(sorted(set(picks))), tuple(Vote(*vote) for vote in votes))
    assert read_judged(folder) == Judged(expected.name, note, expected.picks, expected.votes, winner)


@given(content=st.recursive(st.none() | st.integers() | st.text(), st.lists), key=st.sampled_from(sorted(["a", "b"])))
def test_a_vote_of_any_other_kind_is_refused(content, key):
    vote = {"a": 0, "b": 1, "chosen": "a", key: content}
    if content in (0, 1, 2, 3, 4, 5) and vote["a"] != vote["b"]:
        return
    with pytest.raises(InvalidInput):
        with_votes(Judged(), {"votes": [vote]}, CELLS)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "a list of at most"),
        ({"votes": {}}, "a list of at most"),
        ({"votes": [], "winner": 1}, "the place of a cell that was compared"),
        ({"votes": [{"a": 0, "b": 1, "chosen": "a"}], "winner": 2}, "the place of a cell that was compared"),
        ({"votes": [{"a": 0, "b": 1, "chosen": "a"}], "winner": True}, "the place of a cell that was compared"),
        ({"votes": [{"a": 0, "b": 0, "chosen": "same"}]}, "compares a cell with itself"),
        ({"votes": [{"a": 0, "b": 6, "chosen": "a"}]}, "two places from 0 to 5"),
        ({"votes": [{"a": 0, "b": -1, "chosen": "a"}]}, "two places from 0 to 5"),
        ({"votes": [{"a": 0, "b": True, "chosen": "a"}]}, "two places from 0 to 5"),
        ({"votes": [{"a": 0, "b": 1, "chosen": "left"}]}, "two places from 0 to 5"),
        ({"votes": [{"a": 0, "b": 1, "chosen": []}]}, "two places from 0 to 5"),
        ({"votes": [{"a": 0, "b": 1}]}, "two places from 0 to 5"),
        ({"votes": [None]}, "two places from 0 to 5"),
        ({"votes": [], "picks": [1]}, "cannot be changed"),
    ],
)
def test_votes_that_cannot_be_are_a_sentence_and_change_nothing(routes, folder, body, part):
    kept = change_judged(folder, lambda said: with_fields(said, {"picks": [3]}, CELLS))
    answer = put(routes, body)
    assert (answer.status_code, part in answer.json()["detail"]) == (422, True), answer.json()
    assert read_judged(folder) == kept


def test_votes_take_the_place_of_those_before_and_leave_the_rest(routes, folder):
    change_judged(folder, lambda said: with_fields(said, {"name": "cats", "picks": [3]}, CELLS))
    assert put(routes, {"votes": [{"a": 4, "b": 5, "chosen": "same"}], "winner": None}).status_code == 200
    answer = put(routes, {"votes": [{"a": 0, "b": 1, "chosen": "b"}], "winner": 1})
    expected = {
        "name": "cats",
        "note": "",
        "picks": [3],
        "votes": [{"a": 0, "b": 1, "chosen": "b"}],
        "winner": 1,
    }
    assert answer.json() == expected
    assert routes.get(f"/clip-skip-lab/v1/sweeps/{ID}/judged").json() == expected


def test_a_sweep_of_which_nothing_was_said_has_nothing(routes, folder):
    assert routes.get(f"/clip-skip-lab/v1/sweeps/{ID}/judged").json() == {
        "name": "",
        "note": "",
        "picks": [],
        "votes": [],
        "winner": None,
    }
    assert not (folder / JUDGED).exists()


def test_a_name_with_half_a_pair_of_surrogates_is_answered(routes, folder):
    change_judged(folder, lambda said: with_fields(said, {"name": "\ud83d <b>猫</b>"}, CELLS))
    assert routes.get(f"/clip-skip-lab/v1/sweeps/{ID}/judged").json()["name"] == "\ud83d <b>猫</b>"


def test_a_sweep_that_was_deleted_is_404_with_a_sentence_and_is_not_made_anew(routes, folder):
    shutil.rmtree(folder)
    for answer in (put(routes, {"votes": []}), routes.get(f"/clip-skip-lab/v1/sweeps/{ID}/judged")):
        assert answer.status_code == 404
        assert "it may have been deleted" in answer.json()["detail"]
    assert not folder.exists()


def test_a_sweep_that_is_deleted_while_it_is_voted_on_is_404_and_is_not_made_anew(routes, folder, monkeypatch):
    cells = {"cells": [{}] * CELLS}
    monkeypatch.setattr("clip_skip_lab.api.on_disk.read_sweep", lambda found: (shutil.rmtree(found), cells)[1])
    answer = put(routes, {"votes": []})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "The sweep no longer exists; it may have been deleted."
    assert not folder.exists()


DAMAGED = [b"", b"{", b"[]", b"\xff", b'{"schema": 2}', b'{"schema": 1, "name": 3}', b"[" * 100_000]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_a_sentence_and_stays_as_it_is(routes, folder, content):
    (folder / JUDGED).write_bytes(content)
    for answer in (put(routes, {"votes": []}), routes.get(f"/clip-skip-lab/v1/sweeps/{ID}/judged")):
        assert answer.status_code == 409
        assert answer.json()["detail"].startswith("judged.json cannot be read (")
    assert (folder / JUDGED).read_bytes() == content


def test_a_full_disk_is_a_sentence_and_the_old_file_stays(routes, folder, monkeypatch):
    put(routes, {"votes": [{"a": 0, "b": 1, "chosen": "a"}], "winner": 0})
    before = (folder / JUDGED).read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(judged_module, "write_text", full)
    answer = put(routes, {"votes": []})
    assert answer.status_code == 500
    assert answer.json()["detail"] == ("The sweep's folder cannot be read or changed (No space left on device).")
    assert (folder / JUDGED).read_bytes() == before


@pytest.mark.parametrize("record", ["", "{}", '{"cells": 3}', "[]"])
def test_a_sweep_whose_record_is_none_takes_no_votes(routes, folder, record):
    (folder / "sweep.json").write_text(record, encoding="utf-8")
    answer = put(routes, {"votes": []})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Sweep: ")


def test_what_is_no_id_and_no_object_is_a_sentence(routes, folder):
    assert put(routes, {"votes": []}, "x").status_code == 422
    assert put(routes, [1]).status_code == 422


def test_two_who_change_at_once_lose_nothing_of_each_other(folder):
    def name(number):
        change_judged(folder, lambda said: with_fields(said, {"name": f"{number}"}, CELLS))

    def add(number):
        change_judged(folder, lambda said: with_fields(said, {"picks": [*said.picks, number % CELLS]}, CELLS))

    def vote(number):
        cast = {"a": 0, "b": 1, "chosen": "same"}
        change_judged(folder, lambda said: Judged(said.name, said.note, said.picks, (*said.votes, Vote(**cast))))

    threads = [threading.Thread(target=[name, add, vote][n % 3], args=(n,)) for n in range(36)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = read_judged(folder)
    assert len(said.votes) == 12
    assert said.picks == (1, 4), "places 1, 4, 7, … of six"
    assert said.name in {f"{n}" for n in range(0, 36, 3)}
    assert {file.name for file in folder.iterdir()} - {LOCK} == {"sweep.json", JUDGED}
