"""Advice from the headers of the LoRAs in a prompt, on a running host."""

import time
from pathlib import Path

import pytest

from tests.helpers.client import CHECKPOINT, ROUTES
from tests.helpers.lora_files import lora_files
from tests.helpers.page_client import PageClient


@pytest.fixture(scope="module")
def client(host_url):
    client = PageClient(host_url)
    with lora_files(client):
        yield client


def said(client, prompt, clip_skip, language="en", **more):
    return [sentence[language] for sentence in client.advice(prompt, clip_skip, **more)["advice"]]


def test_a_lora_trained_at_another_value_gives_a_sentence_and_that_value(client):
    assert said(client, "a <lora:cslab_two:1>", 1) == ["LoRA cslab_two was trained at clip skip 2; the header says 1."]
    assert client.advice("a <lora:cslab_two:1>", 1)["values"] == [2]
    assert said(client, "<lora:cslab_three:0.5:1>", 1) == [
        "LoRA cslab_three was trained at clip skip 3; the header says 1."
    ]


def test_the_sentence_is_there_in_japanese(client):
    assert said(client, "<lora:cslab_two:1>", 1, "ja") == [
        "LoRA「cslab_two」は Clip skip 2 で学習されていますが、ヘッダーの値は 1 です。"
    ]


@pytest.mark.parametrize(
    ("prompt", "clip_skip"),
    [
        ("a cat", 1),
        ("<lora:cslab_two:1>", 2),
        ("<lora:cslab_none:1>", 1),
        ("<lora:cslab_silent:1>", 5),
        ("<lora:cslab_sdxl:1>", 1),
        ("<lora:cslab_bad:1>", 1),
        ("<lora:not there:1>", 1),
        ("<hypernet:cslab_two:1>", 1),
        ("<lora::><lora:", 1),
        ("<lora:cslab_two:0>", 1),
        ("<lora:cslab_two:0.0><lora:cslab_three:-0:0>", 1),
        ("<lora:cslab_two:te=0:unet=0.00>", 1),
        ("<lora:cslab_two:te=0>", 1),
    ],
)
def test_there_is_no_advice_without_a_reason(client, prompt, clip_skip):
    answer = client.advice(prompt, clip_skip)
    assert (answer["advice"], answer["values"]) == ([], [])


@pytest.mark.parametrize("weights", ["0:1", "1:0", "te=0:unet=1", "unet=0", "0.0001", "0:0><lora:cslab_two:1"])
def test_a_lora_that_is_not_at_weight_0_everywhere_counts(client, weights):
    assert client.advice(f"<lora:cslab_two:{weights}>", 1)["values"] == [2]


def test_none_means_that_the_trainer_used_the_last_layer(client):
    assert said(client, "<lora:cslab_none:1>", 2) == [
        "LoRA cslab_none was trained without clip skip (that is, at 1); the header says 2."
    ]


def test_loras_that_disagree_are_all_named(client):
    prompt = "<lora:cslab_two:1><lora:cslab_none:1><lora:cslab_two:0.3>"
    assert said(client, prompt, 1) == [
        "LoRA cslab_two was trained at clip skip 2; the header says 1.",
        "LoRA cslab_none was trained at clip skip 1, the value in use.",
        "No single value suits them all.",
    ]


def test_a_value_from_the_override_settings_is_called_that(client):
    assert said(client, "<lora:cslab_two:1>", 1, place="override") == [
        "LoRA cslab_two was trained at clip skip 2; the override settings say 1."
    ]


def test_a_lora_is_found_by_its_alias(client):
    (found,) = [one for one in client.advice("<lora:cslab_silent_alias:1>", 1)["files"] if one["kind"] == "lora"]
    assert found["name"] == "cslab_silent_alias"


def test_a_bad_file_is_a_sentence_in_the_answer_and_nothing_more(client):
    (found,) = [one for one in client.advice("<lora:cslab_bad:1>", 1)["files"] if one["kind"] == "lora"]
    assert found["problem"].startswith("cslab_bad.safetensors is shorter than its header says")


def test_a_lora_that_the_host_adds_to_every_prompt_counts(client):
    with client.kept("sd_lora"):
        client.set({"sd_lora": "cslab_two"})
        assert client.advice("a", 1)["values"] == [2]


@pytest.mark.parametrize(
    "arguments", [{"clip_skip": "x"}, {"clip_skip": "1.5"}, {"clip_skip": "9" * 5000}, {"place": "nowhere"}]
)
def test_bad_requests_get_a_sentence(client, arguments):
    answer = client.http.get(f"{ROUTES}/advice", params=arguments)
    assert answer.status_code == 422
    assert "allowed:" in answer.json()["detail"]


def test_an_endless_prompt_is_answered_soon(client):
    prompt = "<lora:cslab_two:1>" * 1500  # as long as the server takes addresses
    begun = time.perf_counter()
    assert client.advice(prompt, 1)["values"] == [2]
    assert time.perf_counter() - begun < 2


def test_it_answers_while_a_picture_is_made(client):
    with client.generating():
        begun = time.perf_counter()
        assert client.advice("<lora:cslab_two:1>", 1)["values"] == [2]
        assert time.perf_counter() - begun < 2


def test_the_checkpoint_of_an_override_is_not_taken_for_the_user_s(client):
    titles = client.checkpoints()
    if len(titles) < 2:
        pytest.skip("this host has one checkpoint only")
    client.set({CHECKPOINT: titles[0]})
    client.advice("", 1)
    with client.generating(override_settings={CHECKPOINT: titles[1]}):
        (found,) = [one for one in client.advice("", 1)["files"] if one["kind"] == "checkpoint"]
        assert found["name"] == Path(titles[0].split(" [")[0]).stem
