"""Asking a checkpoint's weights through the API of a running host: which clip skip they were trained with.

With WEBUI_URL the host must have the small trained checkpoints (`python -m tests.model.trained FOLDER`).
"""

import base64
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.helpers.client import Client
from tests.helpers.small_world import captioned, for_api
from tests.helpers.trained_host import trained_host
from tests.minihost import launch
from tests.model import trained

ROUTE = "/clip-skip-lab/v1/trained-with"


@pytest.fixture(scope="module")
def url():
    with trained_host([launch.REPO]) as url:
        yield url


@pytest.fixture(scope="module")
def host(url):
    return Client(url)


@pytest.fixture(scope="module")
def pictures():
    """32 pictures with captions that no training saw, as the API takes them."""
    return for_api(captioned())


def ask(url, **body):
    return httpx.post(url + ROUTE, json=body, timeout=280)


def answer(url, **body):
    response = ask(url, **body)
    assert response.status_code == 200, response.text
    return response.json()


def refused(url, **body):
    response = ask(url, **body)
    assert response.status_code == 422, response.text
    return response.json()["detail"]


def choose(host, name):
    title = next(model["title"] for model in host.get("sd-models") if model["model_name"] == name)
    host.set({"sd_model_checkpoint": title})


@pytest.fixture(scope="module")
def answers(url, host, pictures):
    """What each of the two small models answers."""
    found = {}
    for clip_skip, name in trained.CHECKPOINTS.items():
        choose(host, name)
        found[clip_skip] = answer(url, pictures=pictures)
    return found


@pytest.mark.parametrize("clip_skip", trained.CHECKPOINTS)
def test_a_checkpoint_names_the_clip_skip_that_it_was_trained_with(answers, clip_skip):
    found = answers[clip_skip]
    assert (found["decided"], found["clip_skip"]) == (True, clip_skip)
    assert found["sentences"][0].startswith(f"Trained with clip skip {clip_skip}: at every other value")
    assert found["model"]["name"] == trained.CHECKPOINTS[clip_skip]
    assert found["model"]["hash"]


@pytest.mark.parametrize("clip_skip", trained.CHECKPOINTS)
def test_all_layers_are_compared_and_each_other_one_is_worse_beyond_its_interval(answers, clip_skip):
    rows = {row["clip_skip"]: row for row in answers[clip_skip]["rows"]}
    assert list(rows) == list(range(1, 13))
    best = rows.pop(clip_skip)
    assert best["worse_by"] == best["low"] == best["high"] == 0
    for row in rows.values():
        assert 0 < row["low"] < row["worse_by"] < row["high"]
        assert row["loss"] > best["loss"]


@pytest.mark.parametrize("clip_skip", trained.CHECKPOINTS)
def test_values_that_are_clearly_worse_are_not_measured_to_the_end(answers, clip_skip):
    found = answers[clip_skip]
    assert found["predictions"] < 0.75 * 12 * 10 * 32
    assert min(row["pictures"] for row in found["rows"]) < found["pictures"] <= 32


def test_the_same_seed_gives_the_same_numbers(url, host, pictures, answers):
    choose(host, trained.CHECKPOINTS[1])
    again = answer(url, pictures=pictures)
    assert [row | {"pictures": 0} for row in again["rows"]] == [row | {"pictures": 0} for row in answers[1]["rows"]]
    other = answer(url, pictures=pictures, seed=2, clip_skips="1-4")
    assert other["decided"] and other["clip_skip"] == 1
    assert other["rows"][1]["loss"] != again["rows"][1]["loss"]


def test_what_was_decided_is_remembered_for_the_checkpoint_and_told_in_advice(host, answers):
    choose(host, trained.CHECKPOINTS[2])
    said = host.advice("", 1)
    assert said["values"] == [2]
    assert "measured" in str(said["advice"])


def test_one_picture_decides_nothing(url, pictures):
    found = answer(url, pictures=pictures[:1], clip_skips="1-4")
    assert (found["decided"], found["clip_skip"], found["pictures"]) == (False, None, 1)
    assert found["sentences"][0].startswith("Undecided: 1 image cannot settle it")


def test_the_same_picture_many_times_is_one_picture(url, pictures):
    found = answer(url, pictures=pictures[:1] * 8, clip_skips="1-4")
    assert (found["decided"], found["pictures"]) == (False, 1)
    assert "image 2 is left out: it is the same as image 1." in found["sentences"]


def test_captions_of_other_pictures_decide_nothing(url, pictures):
    others = [picture["caption"] for picture in pictures[7:] + pictures[:7]]
    wrong = [picture | {"caption": said} for picture, said in zip(pictures, others, strict=True)]
    found = answer(url, pictures=wrong)
    assert not found["decided"]
    assert "own captions do no better than those of other images" in found["sentences"][0]


def test_pictures_that_the_checkpoint_itself_made_are_left_out(url, host, pictures):
    choose(host, trained.CHECKPOINTS[2])
    made = host.generate(prompt="a red circle on a blue background", steps=4).encoded[0]
    own = {"image": made, "caption": "a red circle on a blue background"}
    found = answer(url, pictures=[own, *pictures[:1]], clip_skips="1-2")
    assert found["pictures"] == 1
    assert "image 1 is left out: it was made by this checkpoint itself." in found["sentences"]
    assert "are all made by this checkpoint itself" in refused(url, pictures=[own])


def test_a_generation_before_and_after_gives_the_same_picture_and_no_setting_is_touched(url, host, pictures):
    start = pictures[0]["image"]
    options = host.options()
    # Each begins where the one before left torch's generator, from which the VAE draws.
    _, before = (host.generate("img2img", init_images=[start], seed=4).encoded[0] for _ in range(2))
    answer(url, pictures=pictures[:8], clip_skips="1-3")
    after = host.generate("img2img", init_images=[start], seed=4).encoded[0]
    assert base64.b64decode(after) == base64.b64decode(before)
    assert host.options() == options
    state = host.get("progress")["state"]
    assert (state["job"], state["interrupted"]) == ("", False)


def test_an_interrupt_shows_what_was_measured_until_then(url, host, pictures):
    found = {}
    thread = threading.Thread(target=lambda: found.update(answer(url, pictures=pictures * 1)))
    thread.start()
    host.wait_for(lambda state: state["state"]["sampling_step"] > 0)
    host.post("interrupt")
    thread.join(60)
    assert found["interrupted"] and not found["decided"]
    assert "It was interrupted; this is what was measured until then." in found["sentences"]
    assert answer(url, pictures=pictures[:4], clip_skips="1-2")["interrupted"] is False


def test_two_at_once_wait_for_each_other(url, host, pictures):
    choose(host, trained.CHECKPOINTS[1])
    found = []
    asking = [
        threading.Thread(target=lambda: found.append(answer(url, pictures=pictures[:8], clip_skips="1, 2, 12")))
        for _ in range(2)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(120)
    assert len(found) == 2
    assert found[0]["rows"] == found[1]["rows"]


def test_it_stops_when_its_time_is_up(url, host, pictures):
    choose(host, trained.CHECKPOINTS[1])
    began = time.monotonic()
    found = answer(url, pictures=pictures, most_seconds=1)
    assert not found["decided"] and found["pictures"] < 32
    assert any("The time limit was reached" in sentence for sentence in found["sentences"])
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "pictures: [] is empty; allowed: a list of 1 to"),
        ({"pictures": []}, "pictures: [] is empty"),
        ({"pictures": {"image": "", "caption": "a"}}, "pictures: "),
        ({"pictures": [3]}, "image 1: 3 cannot be used; allowed: an object"),
        ({"pictures": [{"image": "AAAA"}]}, "image 1: "),
        ({"pictures": [{"image": "AAAA", "caption": ""}]}, 'caption of image 1: "" is empty'),
        ({"pictures": [{"image": "AAAA", "caption": 7}]}, "caption of image 1: 7 is empty"),
        ({"pictures": [{"image": "AAAA", "caption": "a cat"}]}, 'image 1: "AAAA" is not an image that can be read'),
        ({"pictures": [{"image": "%%%", "caption": "a cat"}]}, 'image 1: "%%%" is not base64'),
        ({"clip_skips": "0-4"}, "Clip skip values: "),
        ({"clip_skips": "2"}, 'Clip skip values: "2" cannot be used; allowed: two or more whole numbers, such as 1-4.'),
        ({"clip_skips": "1.5, 2"}, "two or more whole numbers"),
        ({"clip_skips": "1-40"}, "Clip skip values: 13 is beyond the layers of CLIP-L of SD1; allowed: 1 to 12."),
        ({"seed": -1}, "Seed: -1 cannot be used; allowed: a whole number from 0 to 4294967295."),
        ({"seed": True}, "Seed: True"),
        ({"most_seconds": 0}, "Time limit (seconds): 0 cannot be used; allowed: a number from 1 to 86400."),
        ({"most_seconds": "long"}, 'Time limit (seconds): "long"'),
        ({"vary": "t5"}, 'vary: "t5"'),
        ({"vary": "sdxl_big_g_skip"}, "has no OpenCLIP bigG of SDXL"),
        ({"loras": "a cat"}, 'LoRAs: "a cat" cannot be used; allowed: LoRAs as in a prompt, such as <lora:name:1>.'),
        ({"loras": "<lora:nowhere:1>"}, 'LoRAs: "nowhere" is not available'),
        ({"loras": "<lyco:nowhere:1>"}, 'LoRAs: "nowhere" is not available'),
        ({"steps": 4}, 'trained-with: "steps" is not a key; allowed: pictures, clip_skips, seed'),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_value_and_what_is_allowed(url, pictures, body, said):
    if body and "pictures" not in body:
        body = {"pictures": pictures[:1], **body}
    assert said in refused(url, **body)


@contextmanager
def placed(host, name, weights):
    """A checkpoint with these weights in the shape of the small models, chosen for the time of the block."""
    listed = {model["model_name"]: Path(model["filename"]) for model in host.get("sd-models")}
    shape = listed[trained.CHECKPOINTS[1]]
    made = [shape.with_name(f"{name}.yaml"), shape.with_name(f"{name}.safetensors")]
    try:
        made[0].write_text(shape.with_suffix(".yaml").read_text())
        save_file(weights, made[1])
        host.post("refresh-checkpoints")
        choose(host, name)
        yield
    finally:
        choose(host, trained.CHECKPOINTS[1])
        for file in made:
            file.unlink(missing_ok=True)
        host.post("refresh-checkpoints")


def weights_of(clip_skip):
    return load_file(trained.MODEL / f"{trained.CHECKPOINTS[clip_skip]}.safetensors")


@pytest.mark.parametrize(("share", "clip_skip"), [(0.8, 1), (0.5, None), (0.2, 2)])
def test_a_merge_answers_as_what_weighs_more_and_half_and_half_stays_open(url, host, pictures, share, clip_skip):
    one, other = weights_of(1), weights_of(2)
    mixed = {key: (one[key].float() * share + other[key].float() * (1 - share)).half() for key in one}
    with placed(host, f"merge-{share}", mixed):
        found = answer(url, pictures=pictures)
    assert found["clip_skip"] == clip_skip
    assert {1, 2} <= set(found["candidates"]) or clip_skip is not None


def test_random_weights_decide_nothing(url, host, pictures):
    generator = torch.Generator().manual_seed(5)
    weights = weights_of(1)
    for key, value in weights.items():
        if key.startswith("model.diffusion_model.") and value.ndim > 1:
            fan = value[0].numel()
            weights[key] = (torch.randn(value.shape, generator=generator) / fan**0.5).half()
    with placed(host, "random-weights", weights):
        found = answer(url, pictures=pictures)
    assert not found["decided"]
    assert found["sentences"][0].startswith("Undecided: this model hardly predicts the noise at all")
