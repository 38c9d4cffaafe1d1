"""The remembered clip skip of each checkpoint: what survives renames, crashes, damage and second writers."""

import json
import logging
import multiprocessing
import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.models.memory import Entry, Memory

A, B = "a" * 64, "b" * 64


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "clip_skip_lab")


def test_nothing_is_remembered_at_first(memory):
    assert memory.all() == []
    assert memory.recall("x.safetensors", A) is None
    assert not memory.path.exists()


def test_a_value_is_there_for_the_next_process(memory):
    memory.remember("x.safetensors", A, 2)
    assert Memory(memory.path.parent).recall("x.safetensors", A) == 2


def test_the_last_value_counts(memory):
    memory.remember("x.safetensors", A, 2)
    memory.remember("x.safetensors", A, 3)
    assert memory.all() == [Entry("x.safetensors", A, 3)]


def test_a_renamed_file_is_known_by_its_hash_and_listed_under_its_new_name(memory):
    memory.remember("old.safetensors", A, 2)
    assert memory.recall("folder/new.safetensors", A) == 2
    assert memory.all() == [Entry("folder/new.safetensors", A, 2)]


def test_another_file_under_a_known_name_is_another_checkpoint(memory):
    memory.remember("x.safetensors", A, 2)
    assert memory.recall("x.safetensors", B) is None
    memory.remember("x.safetensors", B, 3)
    assert memory.recall("x.safetensors", A) == 2
    assert memory.recall("x.safetensors", B) == 3


def test_without_a_hash_the_name_counts_and_a_hash_is_learnt(memory):
    memory.remember("x.safetensors", None, 2)
    assert memory.recall("y.safetensors", None) is None
    assert memory.recall("x.safetensors", A) == 2
    assert memory.all() == [Entry("x.safetensors", A, 2)]
    assert memory.recall("x.safetensors", None) == 2
    memory.remember("x.safetensors", None, 4)
    assert memory.all() == [Entry("x.safetensors", A, 4)]


def test_forgetting_one_leaves_the_others(memory):
    memory.remember("x.safetensors", A, 2)
    memory.remember("y.safetensors", None, 3)
    memory.forget(f"sha256:{A}")
    assert memory.all() == [Entry("y.safetensors", None, 3)]
    memory.forget("name:y.safetensors")
    assert memory.all() == []
    with pytest.raises(KeyError):
        memory.forget("name:y.safetensors")


def test_all_can_be_forgotten(memory):
    for number in range(3):
        memory.remember(f"{number}.safetensors", None, 2)
    memory.forget_all()
    assert memory.all() == []


def test_an_entry_can_be_changed_by_its_key(memory):
    memory.remember("x.safetensors", A, 2)
    memory.change(f"sha256:{A}", 5)
    assert memory.recall("x.safetensors", A) == 5
    with pytest.raises(KeyError):
        memory.change("name:x.safetensors", 5)


@pytest.mark.parametrize("value", [0, -1, 100, 1.5, 2.0, "2", True, None, [2]])
def test_only_whole_numbers_from_one_are_remembered(memory, value):
    memory.remember("x.safetensors", A, 2)
    with pytest.raises(InvalidInput, match="whole number from 1"):
        memory.remember("x.safetensors", A, value)
    with pytest.raises(InvalidInput):
        memory.change(f"sha256:{A}", value)
    assert memory.recall("x.safetensors", A) == 2


DAMAGE = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"version": 2, "checkpoints": []}',
    b'{"version": 1, "checkpoints": {}}',
    b'{"version": 1, "checkpoints": [{"name": "x", "sha256": null}]}',
    b'{"version": 1, "checkpoints": [{"name": "x", "sha256": 3, "clip_skip": 2}]}',
    b'{"version": 1, "checkpoints": [{"name": "x", "sha256": null, "clip_skip": "2"}]}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_set_aside_and_reported_once(memory, damage, caplog):
    memory.path.parent.mkdir()
    memory.path.write_bytes(damage)
    with caplog.at_level(logging.WARNING, "clip_skip_lab"):
        assert memory.all() == []
        assert memory.all() == []
    (aside,) = memory.path.parent.glob("checkpoints.json.damaged-*")
    assert aside.read_bytes() == damage
    assert aside.name == memory.set_aside
    assert len(caplog.records) == 1 and aside.name in caplog.text
    memory.remember("x.safetensors", A, 2)
    assert memory.recall("x.safetensors", A) == 2
    assert aside.read_bytes() == damage


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(memory, monkeypatch):
    memory.remember("x.safetensors", A, 2)
    before = memory.path.read_bytes()

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        memory.remember("x.safetensors", A, 3)
    assert memory.path.read_bytes() == before
    assert sorted(path.name for path in memory.path.parent.iterdir()) == ["checkpoints.json", "checkpoints.json.lock"]


def _remember_many(folder, first):
    memory = Memory(folder)
    for number in range(first, first + 20):
        memory.remember(f"{number}.safetensors", None, 1 + number % 12)


def test_two_processes_and_two_threads_lose_nothing(memory):
    folder = memory.path.parent
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_remember_many, args=(folder, 100 * number)) for number in range(2)]
    workers += [threading.Thread(target=_remember_many, args=(folder, 100 * number)) for number in range(2, 4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    expected = {f"{100 * worker + number}.safetensors" for worker in range(4) for number in range(20)}
    assert {entry.name for entry in memory.all()} == expected


def test_a_reader_never_sees_half_a_file(memory):
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            memory.remember("x" * 2000, None, 1 + number % 12)

    memory.remember("x" * 2000, None, 1)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(200):
            assert len(json.loads(memory.path.read_bytes())["checkpoints"]) == 1
    finally:
        stop.set()
        thread.join()


names = st.sampled_from(["a", "b", "c"])
hashes = st.sampled_from([None, A, B])
steps = st.one_of(
    st.tuples(st.just("remember"), names, hashes, st.integers(1, 12)),
    st.tuples(st.just("recall"), names, hashes),
    st.tuples(st.just("forget"), names, hashes),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=12))
def test_whatever_happens_what_was_remembered_is_recalled_and_no_hash_is_listed_twice(tmp_path, story):
    memory = Memory(tmp_path)
    memory.forget_all()
    for action, *rest in story:
        if action == "remember":
            memory.remember(*rest)
            assert memory.recall(*rest[:2]) == rest[2]
        elif action == "recall":
            before = {entry.clip_skip for entry in memory.all()}
            assert memory.recall(*rest) in before | {None}
        else:
            for entry in memory.all():
                if entry.name == rest[0]:
                    memory.forget(entry.key)
                    break
        keys = [entry.key for entry in memory.all()]
        assert len(keys) == len(set(keys))
