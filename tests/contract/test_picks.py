"""What was judged and chosen, on a running host: votes, what was chosen over all sweeps, and the line of advice."""

from __future__ import annotations

import json

import pytest

from tests.helpers.client import CHECKPOINT, CLIP_SKIP, ROUTES
from tests.helpers.judged_sweeps import judged_sweeps, nothing_judged
from tests.helpers.page_client import PageClient

REMEMBER = "clip_skip_lab_remember"


@pytest.fixture(scope="module")
def client(host_url):
    client = PageClient(host_url)
    with client.kept(CLIP_SKIP, REMEMBER, CHECKPOINT):
        client.set({REMEMBER: False})
        yield client


@pytest.fixture(scope="module")
def swept(client):
    """A sweep over clip skip 1 to 3."""
    made = client.sweep({"clip_skip": [1, 2, 3]}, prompt="picks <lora:of_picks:1>")
    with nothing_judged(made.folder.parent):
        yield made


def votes(client, sweep_id, body):
    return client.http.put(f"{ROUTES}/sweeps/{sweep_id}/votes", json=body)


def picks(client, **asked):
    answer = client.http.get(f"{ROUTES}/picks", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_votes_are_kept_with_the_sweep_and_the_winner_counts_as_chosen(client, swept):
    sweep_id, model = swept.folder.name, swept.record["model"]
    cast = [{"a": 0, "b": 1, "chosen": "b"}, {"a": 1, "b": 2, "chosen": "a"}]
    assert votes(client, sweep_id, {"votes": cast[:1]}).json()["winner"] is None
    assert votes(client, sweep_id, {"votes": cast, "winner": 1}).json()["votes"] == cast
    said = client.http.get(f"{ROUTES}/sweeps/{sweep_id}/judged").json()
    assert said == {"name": "", "note": "", "picks": [], "votes": cast, "winner": 1}
    assert json.loads((swept.folder / "judged.json").read_text())["winner"] == 1
    for asked in ({"checkpoint": model["name"]}, {"checkpoint": model["hash"]}, {"lora": "of_picks"}):
        found = picks(client, **asked)
        assert found["sweeps"] == 1
        assert [(row["clip_skip"], row["chosen"], row["offered"]) for row in found["values"]] == [
            (1, 0, 1),
            (2, 1, 1),
            (3, 0, 1),
        ]
        assert found["values"][1] == {
            "clip_skip": 2,
            "offered": 1,
            "chosen": 1,
            "low": 0.025,
            "high": 1.0,
            "is_telling": False,
        }


def test_without_a_question_everything_that_can_be_asked_is_listed(client, swept):
    model = swept.record["model"]
    found = picks(client)
    assert {"name": model["name"], "hash": model["hash"], "sweeps": 1} in found["checkpoints"]
    assert {"name": "of_picks", "sweeps": 1} in found["loras"]
    assert found["chosen_checkpoint"] == {"name": model["name"], "hash": model["hash"]}
    assert (found["values"], found["sweeps"], found["reading"]) == ([], 0, 0)
    assert picks(client, checkpoint="not there")["values"] == []


def test_picks_by_the_library_count_too_and_a_deleted_sweep_no_more(client, swept):
    sweep_id, name = swept.folder.name, swept.record["model"]["name"]
    answer = client.http.patch(f"{ROUTES}/sweeps/{sweep_id}", json={"picks": [0]})
    assert answer.json()["picks"] == [0]
    assert "choices" not in answer.json()
    chosen = {row["clip_skip"]: row["chosen"] for row in picks(client, checkpoint=name)["values"]}
    assert chosen == {1: 1, 2: 1, 3: 0}
    assert client.http.delete(f"{ROUTES}/sweeps/{sweep_id}").status_code == 200
    try:
        assert picks(client, checkpoint=name)["sweeps"] == 0
        answer = votes(client, sweep_id, {"votes": []})
        assert answer.status_code == 404
        assert "it may have been deleted" in answer.json()["detail"]
    finally:
        client.http.put(f"{ROUTES}/sweeps/{sweep_id}/restore")
    assert picks(client, checkpoint=name)["sweeps"] == 1


def test_another_site_casts_no_votes(client, swept):
    headers = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = client.http.put(f"{ROUTES}/sweeps/{swept.folder.name}/votes", json={"votes": []}, headers=headers)
    assert answer.status_code == 403


def test_what_was_chosen_is_a_line_of_advice_once_it_is_telling(client, swept):
    client.set({REMEMBER: False})
    before = client.advice("", 1)
    assert (before["advice"], before["chosen"]) == ([], None)
    with judged_sweeps(swept, [1] * 6 + [0]):
        said = client.advice("", 1)
        (sentence,) = said["advice"]
        assert sentence["en"].startswith("You chose clip skip 2 in ")
        assert sentence["en"].endswith(" sweeps with this checkpoint; the header says 1.")
        assert sentence["ja"].startswith("このチェックポイントのスイープ ")
        assert said["values"] == [], "it was not trained at that"
        assert (said["chosen"]["clip_skip"], said["chosen"]["remembering"]) == (2, False)
        assert client.advice("", 2)["chosen"] is None, "the value in use"
        assert client.advice("", 3)["chosen"]["clip_skip"] == 2


def test_the_memory_takes_it_over_and_then_nothing_more_is_said(client, swept):
    client.set({REMEMBER: False, CLIP_SKIP: 1})
    with judged_sweeps(swept, [1] * 7):
        answer = client.http.put(f"{ROUTES}/clip-skip", json={"clip_skip": 2, "remember": True})
        assert answer.status_code == 200, answer.text
        assert (client.clip_skip(), client.option(REMEMBER)) == (2, True)
        (entry,) = [one for one in client.memory()["checkpoints"] if one["chosen"]]
        try:
            assert entry["clip_skip"] == 2
            assert client.advice("", 2)["chosen"] is None
            client.http.put(f"{ROUTES}/memory", json={"key": entry["key"], "clip_skip": 3})
            said = client.advice("", 2)
            assert said["advice"][0]["en"].endswith(" sweeps with this checkpoint; the remembered value is 3.")
            assert said["chosen"] | {"chosen": 0, "offered": 0} == {
                "clip_skip": 2,
                "chosen": 0,
                "offered": 0,
                "remembering": True,
                "remembered": 3,
            }
            client.set({REMEMBER: False})
            assert client.advice("", 2)["chosen"] is None, "what isn't put back doesn't matter"
        finally:
            client.http.delete(f"{ROUTES}/memory", params={"key": entry["key"]})


def test_whether_to_remember_is_true_or_false(client):
    answer = client.http.put(f"{ROUTES}/clip-skip", json={"clip_skip": 2, "remember": "yes"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        'remember: "yes" cannot be used; allowed: true or false.',
    )
