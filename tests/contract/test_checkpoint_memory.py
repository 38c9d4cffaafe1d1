"""Clip skip comes back with its checkpoint, on a running host: what is remembered, and what is left alone."""

import threading

import pytest

from tests.helpers.client import CHECKPOINT, CLIP_SKIP, ROUTES
from tests.helpers.page_client import PageClient

REMEMBER = "clip_skip_lab_remember"


@pytest.fixture(scope="module")
def client(host_url):
    return PageClient(host_url)


@pytest.fixture
def two(client):
    """The names of two checkpoints, the first one chosen, with remembering on and nothing remembered yet."""
    titles = client.checkpoints()
    if len(titles) < 2:
        pytest.skip("this host has one checkpoint only")
    with client.kept(REMEMBER, "sd_checkpoints_limit"):
        client.set({REMEMBER: False, "sd_checkpoints_limit": 2})  # both stay in memory: changing them takes no time
        client.set({CHECKPOINT: titles[0], CLIP_SKIP: 1})
        client.forget_all()
        client.set({REMEMBER: True})
        yield [title.split(" [")[0] for title in titles[:2]]
        client.set({REMEMBER: False})
        client.set({CHECKPOINT: titles[0], CLIP_SKIP: 1})
        client.forget_all()


def test_the_hosts_api_knows_the_options_of_extensions(client):
    client.set({REMEMBER: False})
    # reForge answers only with the options that were there before extensions, and takes ours all the same.
    assert client.options().get(REMEMBER, client.config()[REMEMBER]) is False


def test_it_is_off_until_asked_for(client, two):
    client.set({REMEMBER: False})
    client.set_in_header(CLIP_SKIP, 4)
    client.set_in_header(CHECKPOINT, two[1])
    assert (client.clip_skip(), client.remembered()) == (4, {})
    assert client.memory()["enabled"] is False


@pytest.mark.parametrize("in_memory", [1, 2])
def test_a_checkpoint_brings_back_the_value_that_the_header_was_given(client, two, in_memory):
    first, second = two
    client.set({"sd_checkpoints_limit": in_memory})
    client.set_in_header(CLIP_SKIP, 2)
    client.set_in_header(CHECKPOINT, second)
    assert client.clip_skip() == 2, "nothing is remembered for the second yet"
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, first)
    assert client.clip_skip() == 2
    client.set_in_header(CHECKPOINT, second)
    assert client.clip_skip() == 5
    assert client.remembered() == {first: 2, second: 5}


def test_the_picture_is_made_with_the_value_that_came_back(client, two):
    client.set_in_header(CLIP_SKIP, 3)
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 1)
    client.set_in_header(CHECKPOINT, two[0])
    assert "Clip skip: 3" in client.generate().infotexts[0]


def test_an_override_wins_and_is_not_remembered(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    assert "Clip skip: 7" in client.generate(override_settings={CLIP_SKIP: 7}).infotexts[0]
    assert (client.clip_skip(), client.remembered()) == (2, {two[0]: 2})


def test_an_override_of_the_checkpoint_changes_no_clip_skip(client, two):
    first, second = two
    client.set_in_header(CHECKPOINT, second)
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, first)
    client.set_in_header(CLIP_SKIP, 2)
    infotext = client.generate(override_settings={CHECKPOINT: second}).infotexts[0]
    assert "Clip skip: 2" in infotext
    assert client.clip_skip() == 2
    infotext = client.generate(override_settings={CHECKPOINT: second, CLIP_SKIP: 7}).infotexts[0]
    assert "Clip skip: 7" in infotext
    assert (client.clip_skip(), client.remembered()) == (2, {first: 2, second: 5})
    assert "Clip skip: 2" in client.generate().infotexts[0], "the first checkpoint is loaded again, for this image"


def test_a_checkpoint_chosen_while_an_override_is_in_use_gets_its_own_value(client, two):
    first, second = two
    client.set_in_header(CHECKPOINT, second)
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, first)
    client.set_in_header(CLIP_SKIP, 2)
    stop = threading.Timer(1.0, client.post, ["interrupt"])
    with client.generating(override_settings={CLIP_SKIP: 7}, until_interrupted=True):
        stop.start()
        client.set_in_header(CHECKPOINT, second)  # the host waits for the picture's end
    stop.join()
    assert (client.clip_skip(), client.remembered()) == (5, {first: 2, second: 5})


def test_a_value_given_by_the_api_is_not_remembered(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    client.set({CLIP_SKIP: 6})
    assert (client.clip_skip(), client.remembered()) == (6, {two[0]: 2})


def test_a_checkpoint_chosen_by_the_api_brings_its_value_back(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    client.set({CHECKPOINT: two[1]})
    client.set({CLIP_SKIP: 6})
    client.set({CHECKPOINT: two[0]})
    assert client.clip_skip() == 2


@pytest.mark.parametrize("order", [(CHECKPOINT, CLIP_SKIP), (CLIP_SKIP, CHECKPOINT)])
@pytest.mark.parametrize("value", [6, 1])
def test_a_value_that_the_api_gives_with_a_checkpoint_wins(client, two, order, value):
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 5)
    client.set({CHECKPOINT: two[0]})
    client.set({CLIP_SKIP: 1})
    given = {CHECKPOINT: two[1], CLIP_SKIP: value}
    client.set({key: given[key] for key in order})
    assert client.clip_skip() == value
    assert client.remembered()[two[1]] == 5


def test_apply_settings_with_another_change_remembers_nothing(client, two):
    client.set({CLIP_SKIP: 4})
    client.apply_settings(samples_save=client.options()["samples_save"])
    assert (client.clip_skip(), client.remembered()) == (4, {})


def test_choosing_the_same_checkpoint_again_changes_nothing(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    client.set({CLIP_SKIP: 6})
    client.set_in_header(CHECKPOINT, two[0])
    assert client.clip_skip() == 6


def test_an_unknown_checkpoint_is_refused_and_changes_nothing(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    client.set({CLIP_SKIP: 6})
    answer = client.http.post("/sdapi/v1/options", json={CHECKPOINT: "no such file"})
    assert answer.status_code >= 400
    assert (client.clip_skip(), client.remembered()) == (6, {two[0]: 2})


def test_the_list_says_which_is_chosen_and_takes_changes(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    (entry,) = client.memory()["checkpoints"]
    assert (entry["name"], entry["clip_skip"], entry["chosen"], entry["found"]) == (two[0], 2, True, True)
    answer = client.http.put(f"{ROUTES}/memory", json={"key": entry["key"], "clip_skip": 3})
    assert answer.json()["checkpoints"][0]["clip_skip"] == 3
    assert client.clip_skip() == 2, "the value in use stays until the checkpoint is chosen again"
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CHECKPOINT, two[0])
    assert client.clip_skip() == 3
    answer = client.http.delete(f"{ROUTES}/memory", params={"key": entry["key"]})
    assert answer.json()["checkpoints"] == []


@pytest.mark.parametrize(
    ("method", "arguments", "status", "sentence"),
    [
        ("PUT", {"json": {"key": "name:gone", "clip_skip": 2}}, 404, "'name:gone' is not remembered."),
        ("PUT", {"json": {"key": "name:gone", "clip_skip": 0}}, 422, "Clip skip: 0 cannot be used; allowed: a whole"),
        ("PUT", {"json": {"key": "name:gone", "clip_skip": "2"}}, 422, 'Clip skip: "2" cannot be used'),
        ("PUT", {"json": {"clip_skip": 2}}, 422, 'The request lacks "key".'),
        ("DELETE", {"params": {"key": "name:gone"}}, 404, "'name:gone' is not remembered."),
        ("DELETE", {}, 422, "Give either"),
        ("DELETE", {"params": {"key": "a", "everything": "true"}}, 422, "Give either"),
        ("DELETE", {"params": {"everything": "maybe"}}, 422, 'everything: "maybe" cannot be used; allowed: true or'),
        ("PUT", {"json": [1, 2]}, 422, "The request needs a JSON object as its body"),
        ("PUT", {"json": None}, 422, "The request needs a JSON object as its body"),
        ("PUT", {"content": b"{not json"}, 422, "The request needs a JSON object as its body"),
        ("PUT", {"content": b"[" * 100_000}, 400, "There was an error parsing the body"),
        ("PUT", {"content": b'{"key": "\\ud800", "clip_skip": 2}'}, 404, "'\\ud800' is not remembered."),
        ("PUT", {"content": b'{"key": ["a"], "clip_skip": {"a": "\\ud800"}}'}, 422, "Clip skip: {'a': '"),
    ],
)
def test_bad_requests_get_a_sentence(client, method, arguments, status, sentence):
    answer = client.http.request(method, f"{ROUTES}/memory", **arguments)
    assert (answer.status_code, answer.json()["detail"][: len(sentence)]) == (status, sentence)


def test_the_button_s_route_sets_and_remembers_as_the_header_does(client, two):
    answer = client.http.put(f"{ROUTES}/clip-skip", json={"clip_skip": 3})
    assert answer.json() == {"clip_skip": 3}
    assert (client.clip_skip(), client.remembered()) == (3, {two[0]: 3})
    refused = client.http.put(f"{ROUTES}/clip-skip", json={"clip_skip": 1.5})
    assert refused.status_code == 422
    assert client.clip_skip() == 3


def test_a_damaged_file_is_set_aside_and_the_host_goes_on(client, two):
    folder = client.data_folder()
    if not folder.is_dir():
        pytest.skip("the host's data folder is on another machine")
    client.set_in_header(CLIP_SKIP, 2)
    before = set(folder.glob("checkpoints.json.damaged-*"))
    (folder / "checkpoints.json").write_bytes(b'{"version": 1, "checkpo')
    client.set_in_header(CHECKPOINT, two[1])
    (aside,) = set(folder.glob("checkpoints.json.damaged-*")) - before
    try:
        assert aside.read_bytes() == b'{"version": 1, "checkpo'
        assert client.memory()["set_aside"] == aside.name
        client.set_in_header(CLIP_SKIP, 4)
        assert client.remembered() == {two[1]: 4}
    finally:
        aside.unlink()
