"""Forge's header: its own control for clip skip, and what is remembered for a checkpoint that nothing loads yet.

Runs on the embedded host with Forge's face. In a browser, on a real one: tests/browser/test_header.py, test_advice.py.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from tests.helpers.client import CHECKPOINT, CLIP_SKIP, sampling_cell
from tests.helpers.page_client import PageClient
from tests.minihost import launch

REMEMBER = "clip_skip_lab_remember"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with launch.Process(tmp_path_factory.mktemp("forge"), [launch.REPO], ["--face", "forge"]) as process:
        client = PageClient(process.url)
        yield SimpleNamespace(client=client, process=process)


@pytest.fixture
def client(host):
    """Nothing remembered yet, the first checkpoint chosen."""
    client = host.client
    said = len(host.process.log())
    client.set({REMEMBER: False, CHECKPOINT: client.checkpoints()[0], CLIP_SKIP: 1})
    client.forget_all()
    client.set({REMEMBER: True})
    yield client
    lines = host.process.log()[said:].splitlines()
    assert [line for line in lines if line.startswith(("***", "Traceback"))] == []


@pytest.fixture
def two(client):
    return [title.split(" [")[0] for title in client.checkpoints()[:2]]


def test_the_header_has_the_hosts_own_control_and_nothing_is_added(client):
    assert client.header() == [CLIP_SKIP]
    parts = [part["props"] for part in client.http.get("/config").json()["components"]]
    shown = [part["elem_id"] for part in parts if part.get("label") == "Clip skip"]
    assert [name for name in shown if not name.startswith("script_")] == [f"setting_{CLIP_SKIP}"]
    assert "clip_skip_lab_header" not in client.options(), "there is nothing to choose"


def test_a_checkpoint_brings_back_the_value_that_the_control_was_given(client, two):
    first, second = two
    client.set_in_header(CLIP_SKIP, 2)
    client.set_in_header(CHECKPOINT, second)
    assert client.clip_skip() == 2, "nothing is remembered for the second yet"
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, first)
    assert (client.clip_skip(), client.config()[CLIP_SKIP]) == (2, 2)
    client.set_in_header(CHECKPOINT, second)
    assert client.clip_skip() == 5
    assert client.remembered() == {first: 2, second: 5}
    assert "Clip skip: 5" in client.generate().infotexts[0]


def test_what_a_preset_sets_is_not_remembered(client, two):
    client.set_in_header(CLIP_SKIP, 4)
    client.change_in_header(CLIP_SKIP, 1)
    assert (client.clip_skip(), client.remembered()) == (1, {two[0]: 4})


def test_a_checkpoint_chosen_by_the_api_brings_its_value_back(client, two):
    client.set_in_header(CLIP_SKIP, 2)
    client.set({CHECKPOINT: two[1]})
    client.set({CLIP_SKIP: 6})
    client.set({CHECKPOINT: two[0]})
    assert (client.clip_skip(), client.remembered()) == (2, {two[0]: 2}), "what a client sets is not remembered"
    client.set({CHECKPOINT: two[1], CLIP_SKIP: 7})
    client.set({CHECKPOINT: two[0], CLIP_SKIP: 3})
    assert client.clip_skip() == 3, "what is given with the checkpoint wins"


def test_an_override_of_the_checkpoint_changes_no_clip_skip_and_remembers_nothing(client, two):
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, two[0])
    client.set_in_header(CLIP_SKIP, 2)
    infotext = client.generate(override_settings={CHECKPOINT: two[1]}).infotexts[0]
    assert "Clip skip: 2" in infotext
    assert (client.clip_skip(), client.remembered()) == (2, {two[0]: 2, two[1]: 5})


def test_a_checkpoint_chosen_while_an_override_is_in_use_gets_its_own_value(client, two):
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, two[0])
    client.set_in_header(CLIP_SKIP, 2)
    stop = threading.Timer(1.0, client.post, ["interrupt"])
    with client.generating(override_settings={CLIP_SKIP: 7}, until_interrupted=True):
        stop.start()
        client.set_in_header(CHECKPOINT, two[1])
    stop.join()
    assert (client.clip_skip(), client.remembered()) == (5, {two[0]: 2, two[1]: 5})


def test_a_page_that_is_opened_gets_the_users_value_from_all_that_set_it(client):
    client.set_in_header(CLIP_SKIP, 4)
    shown = client.shown_in_header_on_load(CLIP_SKIP)
    assert len(shown) >= 2, "the preset's values, and the option's"
    assert set(shown) == {4}


def test_in_the_middle_of_a_sweep_pages_show_and_set_the_users_value(client, two):
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 5)
    client.set_in_header(CHECKPOINT, two[0])
    client.set_in_header(CLIP_SKIP, 3)
    running = client.in_background(lambda: client.sweep({"clip_skip": "6-9"}, steps=150))
    try:
        client.wait_for(sampling_cell(0))
        assert set(client.shown_in_header_on_load(CLIP_SKIP)) == {3}
        client.set_in_header(CHECKPOINT, two[1])
        assert client.clip_skip() == 5, "at once: a sweep's values are its own"
        assert not running.done
    finally:
        client.post("interrupt")
        swept = running.result()
    assert all(f"Clip skip: {6 + number}" in text for number, text in enumerate(swept.cell_infotexts))
    assert (client.clip_skip(), client.config()[CLIP_SKIP]) == (5, 5)
