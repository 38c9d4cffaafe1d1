"""What a checkpoint's weights answered, told by advice and the header's note of a running host."""

from dataclasses import replace

import pytest

from clip_skip_lab.models.measured import Measured, Measurement
from tests.helpers.client import CHECKPOINT, CLIP_SKIP
from tests.helpers.lora_files import lora_files
from tests.helpers.page_client import PageClient


@pytest.fixture(scope="module")
def client(host_url):
    client = PageClient(host_url)
    with lora_files(client):
        yield client


@pytest.fixture
def answer(client):
    """What the loaded checkpoint answered: 2 without LoRAs, 3 with one. Gone afterwards."""
    with client.kept(CHECKPOINT, CLIP_SKIP):
        client.generate(steps=1)  # loads it
        file = Measured(client.data_folder())
        name = client.model_note()["model"]["name"]
        title = next(title for title in client.checkpoints() if title.startswith(name.split(" [")[0]))
        alone = Measurement(title.split(" [")[0], None, "", "clip_skip", 2, (2,), 3.1, 32, False, "2031-02-03T04:05:06")
        file.remember(alone)
        file.remember(replace(alone, loras="cslab_two:0.5", clip_skip=3, candidates=(3,)))
        yield alone
        file.forget_all()


def said(client, prompt, clip_skip):
    return [sentence["en"] for sentence in client.advice(prompt, clip_skip)["advice"]]


def test_a_checkpoint_without_metadata_is_spoken_of_by_what_it_answered(client, answer):
    (sentence,) = said(client, "a cat", 1)
    assert sentence.endswith(" was trained at clip skip 2 (measured); the header says 1.")
    given = client.advice("a cat", 1)
    assert given["values"] == [2]
    (file,) = given["files"]
    assert file["measured"] == {
        "clip_skip": 2,
        "candidates": [2],
        "worse_by": 3.1,
        "pictures": 32,
        "drawn": False,
        "loras": "",
        "time": "2031-02-03T04:05:06",
    }
    assert said(client, "a cat", 2) == []


def test_the_answer_with_exactly_these_loras_comes_first(client, answer):
    (sentence,) = said(client, "a <lora:cslab_two:0.50>", 2)
    assert sentence.endswith(" with these LoRAs was trained at clip skip 3 (measured); the header says 2.")
    assert said(client, "a <lora:cslab_two:1>", 2) == [], "at another weight it is another question"


def test_the_note_tells_the_layer_of_the_training_and_warns_of_another(client, answer):
    note = client.model_note(clip_skip=2)
    assert note["sentence"] == "Layer 11 of 12, penultimate, as in training; measured: 2"
    assert (note["warning"], note["encoders"][0]["trained_layer"], note["measured"]["pictures"]) == (False, 11, 32)
    note = client.model_note(clip_skip=1)
    assert note["sentence"] == "Layer 12 of 12, the last; the model was trained on layer 11; measured: 2"
    assert note["warning"]


def test_an_answer_that_decided_nothing_is_told_to_programs_only(client, answer):
    file = Measured(client.data_folder())
    file.remember(replace(answer, clip_skip=None, candidates=(1, 2), pictures=64))
    note = client.model_note(clip_skip=2)
    assert note["sentence"] == "Layer 11 of 12, penultimate"
    assert (note["measured"]["candidates"], note["encoders"][0]["trained_layer"]) == ([1, 2], None)
    assert said(client, "a cat", 1) == []


def test_a_damaged_file_costs_the_answers_and_nothing_more(client, answer):
    file = Measured(client.data_folder())
    file.path.write_bytes(b"{")
    assert said(client, "a cat", 1) == []
    assert client.model_note(clip_skip=2)["measured"] is None
    (aside,) = file.path.parent.glob("measured.json.damaged-*")
    aside.unlink()
