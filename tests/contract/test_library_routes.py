"""The library of sweeps on a running host: finding, naming, deleting and taking back, and who may not."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager

import pytest

ROUTE = "/clip-skip-lab/v1/sweeps"


@pytest.fixture(scope="module")
def made(client):
    """Three sweeps, the oldest first."""
    with client.no_sweeps_left():
        yield [client.sweep({"clip_skip": [1, 2]}, prompt=f"{animal}, zorkmid") for animal in ("cat", "dog", "owl")]


@contextmanager
def set_aside(path):
    """For a `with`, a file or folder is not there."""
    other = path.with_name(f"{path.name}.aside")
    path.rename(other)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        other.rename(path)


def listed(client, **query):
    answer = client.http.get(ROUTE, params={"search": "zorkmid", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer):
    return [entry["id"] for entry in answer["sweeps"]]


def test_words_find_a_sweep_wherever_they_stand_in_it(client, made):
    cat, _, owl = made
    assert listed(client)["total"] == 3
    assert ids(listed(client, search="ZORKMID cat")) == [cat.folder.name]
    assert ids(listed(client, search=f"{owl.folder.name} clip")) == [owl.folder.name]
    assert listed(client, search="cat dog zorkmid") | {"checkpoints": [], "reading": 0} == {
        "sweeps": [],
        "total": 0,
        "reading": 0,
        "checkpoints": [],
        "problem_folders": [],
    }


def test_a_checkpoint_finds_its_sweeps_by_name_and_by_hash(client, made):
    model = made[0].record["model"]
    for name in (model["name"], model["hash"]):
        assert listed(client, checkpoint=name)["total"] == 3
    assert listed(client, checkpoint="another")["total"] == 0
    (known,) = [one for one in listed(client)["checkpoints"] if one["hash"] == model["hash"]]
    assert known["name"] == model["name"] and known["sweeps"] >= 3


def test_the_order_and_a_page_of_it(client, made):
    oldest = [sweep.folder.name for sweep in made]
    # Sweeps of one second are equally old: then their ids decide.
    assert sorted(ids(listed(client, sort="oldest"))) == sorted(oldest)
    by_size = [entry["bytes"] for entry in listed(client, sort="size")["sweeps"]]
    assert by_size == sorted(by_size, reverse=True)
    first, rest = listed(client, sort="name", limit=1), listed(client, sort="name", offset=1)
    assert ids(first) + ids(rest) == oldest, "without a name, the prompt is one"
    assert first["total"] == rest["total"] == 3


@pytest.mark.parametrize(
    ("field", "value"), [("sort", "nicest"), ("sort", ""), ("offset", "-1"), ("offset", "x"), ("offset", "9" * 40)]
)
def test_what_cannot_be_used_is_a_sentence(client, field, value):
    answer = client.http.get(ROUTE, params={field: value})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f'{field}: "')


def test_a_name_a_note_and_picks_are_kept_each_by_itself(client, made):
    address = f"{ROUTE}/{made[0].folder.name}"
    name = 'Zoë’s <b>best</b> \u202eכלב 🐈 "x"'
    assert client.http.patch(address, json={"name": name}).json()["name"] == name
    assert client.http.patch(address, json={"note": "two\nlines \u0007", "picks": [1, 1]}).json()["picks"] == [1]
    (entry,) = listed(client, search="zoë’s lines")["sweeps"]
    assert (entry["name"], entry["note"], entry["picks"]) == (name, "two\nlines \u0007", [1])
    assert entry["thumbnail"] == "small/1-0.webp", "the image that was picked"
    assert (
        client.http.patch(address, json={"name": "", "note": "", "picks": []}).json()["thumbnail"] == "small/0-0.webp"
    )


def test_half_of_a_surrogate_breaks_nothing(client, made):
    address = f"{ROUTE}/{made[0].folder.name}"
    headers = {"content-type": "application/json"}
    answer = client.http.patch(address, content=b'{"name": "\\ud800 half", "note": "\\u0000"}', headers=headers)
    assert answer.json()["name"] == "\\ud800 half"
    assert listed(client, search="half zorkmid")["total"] == 1
    client.http.patch(address, json={"name": "", "note": ""})


@pytest.mark.parametrize(
    "body", [{"name": 3}, {"name": "x" * 201}, {"note": None}, {"picks": [2]}, {"picks": "1"}, {"state": "finished"}]
)
def test_what_cannot_be_said_of_a_sweep_is_refused(client, made, body):
    address = f"{ROUTE}/{made[1].folder.name}"
    answer = client.http.patch(address, json=body)
    assert answer.status_code == 422
    assert not (made[1].folder / "judged.json").exists()
    assert client.http.patch(f"{ROUTE}/2020-01-01-00000000", json={}).status_code == 404


def test_a_damaged_judged_json_is_told_and_left(client, made):
    file = made[1].folder / "judged.json"
    file.write_text("{")
    try:
        (entry,) = listed(client, search="dog zorkmid")["sweeps"]
        assert entry["name"] == "" and "judged.json cannot be read" in entry["problem_judged"]
        answer = client.http.patch(f"{ROUTE}/{made[1].folder.name}", json={"name": "Rex"})
        assert answer.status_code == 409 and "it was not changed" in answer.json()["detail"]
        assert file.read_text() == "{"
    finally:
        file.unlink()


def test_a_deleted_sweep_is_nowhere_until_it_is_taken_back(client, made):
    owl = made[2].folder
    address, files = f"{ROUTE}/{owl.name}", sorted(path.name for path in owl.rglob("*"))
    answer = client.http.delete(address)
    assert answer.json() == {"id": owl.name, "trash": str(owl.parent / "trash" / owl.name)}
    assert not owl.exists() and listed(client)["total"] == 2
    for method, below in [("GET", ""), ("GET", "/page/"), ("GET", "/page/sweep.json"), ("PATCH", ""), ("DELETE", "")]:
        assert client.http.request(method, address + below, json={}).status_code == 404, (method, below)
    assert client.http.put(f"{address}/restore").json()["id"] == owl.name
    assert sorted(path.name for path in owl.rglob("*")) == files
    assert listed(client)["total"] == 3
    again = client.http.put(f"{address}/restore")
    assert again.status_code == 404 and "is not in the trash" in again.json()["detail"]


def test_a_refusal_is_said_in_the_language_that_is_asked_for(client, tmp_path):
    address = f"{ROUTE}/2020-01-01-00000000"
    for language, sentence in (
        ("en", "is not in the trash."),
        ("ja", "ごみ箱にありません。"),
        ("xx", "is not in the trash."),
    ):
        answer = client.http.put(f"{address}/restore", params={"lang": language})
        assert answer.status_code == 404 and answer.json()["detail"].endswith(sentence)
    assert "指定できる値" in client.http.get(ROUTE, params={"sort": "nicest", "lang": "ja"}).json()["detail"]
    client.set({"clip_skip_lab_more_folders": str(tmp_path / "gone")})
    try:
        (sentence,) = client.http.get(ROUTE, params={"lang": "ja"}).json()["problem_folders"]
        assert "は見つかりません。" in sentence
    finally:
        client.set({"clip_skip_lab_more_folders": ""})


def test_a_trash_that_is_a_link_is_not_used(client, made, tmp_path):
    folder = made[0].folder
    (folder.parent / "trash").mkdir(exist_ok=True)
    with set_aside(folder.parent / "trash"):
        (folder.parent / "trash").symlink_to(tmp_path, target_is_directory=True)
        answer = client.http.delete(f"{ROUTE}/{folder.name}")
        assert answer.status_code == 500 and "it is a link" in answer.json()["detail"]
        assert folder.is_dir() and not list(tmp_path.iterdir())
        (tmp_path / "2020-01-01-00000000").mkdir()
        assert client.http.put(f"{ROUTE}/2020-01-01-00000000/restore").status_code == 404


def test_another_site_changes_nothing(client, made):
    address = f"{ROUTE}/{made[0].folder.name}"
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        for method, below in (("PATCH", ""), ("DELETE", ""), ("PUT", "/restore")):
            answer = client.http.request(method, address + below, json={"name": "evil"}, headers=headers)
            assert answer.status_code == 403 and answer.json()["detail"].endswith(".")
        assert client.http.get(address, headers=headers).status_code == 200
    assert made[0].folder.is_dir()


def test_a_damaged_index_is_made_anew(client, made, second_start):
    index = made[0].folder.parent / "index.sqlite"
    assert index.read_bytes().startswith(b"SQLite format 3")
    for content in (b"", b"no index at all", index.read_bytes()[:2000] + b"\xff" * 6000):
        index.write_bytes(content)
        assert second_start()["total"] == 3


@pytest.fixture
def second_start(client, made):
    """Lists the sweeps as another WebUI on the same folder does, which has just been started."""
    from clip_skip_lab.library.folders import Folders
    from clip_skip_lab.library.listing import Library
    from clip_skip_lab.library.query import Query

    folders = Folders([str(made[0].folder.parents[1])])
    return lambda: Library(lambda: folders).listing(Query(search="zorkmid"))


def test_a_folder_of_another_webui_is_listed_too(client, made, tmp_path):
    other = tmp_path / "outputs" / "txt2img-grids" / "clip-skip-sweeps" / "2020-01-01-00000000"
    shutil.copytree(made[0].folder, other)
    client.set({"clip_skip_lab_more_folders": f'"{tmp_path / "outputs"}"\n{tmp_path / "gone"}'})
    try:
        answer = listed(client, sort="oldest")
        (entry,) = [one for one in answer["sweeps"] if not one["here"]]
        assert entry["id"] == other.name and answer["total"] == 4
        (sentence,) = answer["problem_folders"]
        assert json.dumps(str(tmp_path / "gone")) in sentence and "cannot be found" in sentence
        assert client.http.get(f"{ROUTE}/{other.name}/page/{entry['thumbnail']}").status_code == 200
        assert client.http.delete(f"{ROUTE}/{other.name}").json()["trash"] == str(other.parent / "trash" / other.name)
    finally:
        client.set({"clip_skip_lab_more_folders": ""})
