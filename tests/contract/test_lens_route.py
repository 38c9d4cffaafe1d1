"""`POST /clip-skip-lab/v1/lens` on any host: shapes, what is refused, and that generations are left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.helpers.client import ROUTES, Refused, same
from tests.helpers.lora_files import text_lora

pytestmark = pytest.mark.usefixtures("unchanged")
PROMPT = "a (red:1.3) cat on a table, blue sky BREAK [blurry] green grass"


def assert_shapes(encoder):
    layers, tokens = encoder["layers"], len(encoder["tokens"])
    assert {"start", "word", "end"} == {token["kind"] for token in encoder["tokens"]}
    for part in (encoder, encoder["unet"]):
        for name, rows in (("change", layers), ("cosine_to_last", layers + 1), ("norm", layers + 1)):
            assert np.shape(part[name]) == (rows, tokens), name
            assert np.isfinite(part[name]).all()
    assert np.shape(encoder["cosine_to_used"]) == (layers + 1, tokens)
    assert [np.shape(rows) for rows in encoder["unet"]["cosine"]] == [(n + 1, tokens) for n in range(layers + 1)]
    distance = np.array(encoder["distance"])
    assert distance.shape == (layers + 1, layers + 1)
    assert (distance == distance.T).all() and (distance.diagonal() == 0).all() and (distance >= 0).all()
    for alike in encoder["similarity"]:
        assert [[len(row) for row in rows] for rows in alike["cosine"]] == [list(range(len(alike["tokens"])))] * (
            layers + 1
        )
    place = next(word for word in encoder["words"] if word["text"] == "cat")["tokens"][0]
    assert encoder["tokens"][place]["text"] == "cat"


def test_every_encoder_has_its_tokens_and_numbers(client):
    answer = client.lens(PROMPT, negative_prompt="ugly", clip_skip=2, mixing=True)
    assert answer["model"]["name"] and answer["model"]["family"]
    assert (answer["clip_skip"], answer["other_clip_skip"]) == (2, 1)
    assert answer["encoders"]
    for encoder in answer["encoders"]:
        assert_shapes(encoder)
        red = next(token for token in encoder["tokens"] if token["text"] == "red")
        assert red["weight"] == pytest.approx(1.3)
        assert {token["chunk"] for token in encoder["tokens"]} == {0, 1}
        assert encoder["layer"] == (
            encoder["layers"] + 1 - max(2, encoder["minimal"]) if encoder["honoured"] else encoder["layer"]
        )
        assert encoder["mixing"]
    for encoder in answer["negative"]["encoders"]:
        assert [word["text"] for word in encoder["words"]] == ["ugly"]


def test_the_layers_are_those_that_a_sweep_names(client):
    note = client.model_note(clip_skip=3)
    found = client.lens(PROMPT, clip_skip=3)["encoders"]
    assert [encoder["layer"] for encoder in found] == [encoder["layer"] for encoder in note["encoders"]]


def test_the_distance_of_two_values_is_that_of_what_a_sweep_samples_at_them(client):
    skips = [1, 2, 5, 12]
    (encoder,) = client.lens(PROMPT, clip_skip=1)["encoders"]
    with client.no_sweeps_left():
        swept = client.sweep({"clip_skip": skips}, prompt=PROMPT)
        noted = [cell["conditioning_change"] for cell in swept.record["cells"]]
    assert noted == pytest.approx([encoder["distance"][12][13 - skip] for skip in skips], rel=1e-3)
    assert len(set(noted)) == len(skips)


def test_a_generation_before_and_after_gives_the_same_picture(client):
    before = client.single(2)
    client.lens(PROMPT, negative_prompt="ugly, blurry", mixing=True)
    after = client.single(2)
    assert same(before.pictures, after.pictures)
    assert before.infotexts == after.infotexts


def test_a_call_during_a_generation_waits_and_disturbs_nothing(client):
    alone = client.lens(PROMPT)
    picture = client.generate(steps=30)
    running = client.in_background(lambda: client.generate(steps=30))
    client.wait_for(lambda progress: progress["state"]["sampling_step"] >= 1)
    found = client.lens(PROMPT)
    assert running.done, "it did not wait"
    assert same(running.result().pictures, picture.pictures)
    assert {**found, "seconds": 0} == {**alone, "seconds": 0}


def test_two_calls_at_once_give_what_each_gives_alone(client):
    alone = [client.lens(prompt)["encoders"] for prompt in (PROMPT, "another")]
    together = [client.in_background(lambda prompt=prompt: client.lens(prompt)) for prompt in (PROMPT, "another")]
    assert [call.result()["encoders"] for call in together] == alone


def test_a_lora_in_the_prompt_is_in_force_and_is_gone_afterwards(client):
    without = client.lens("a cat")
    with text_lora(client) as name:
        with_it = client.lens(f"a cat <lora:{name}:0.8>")
    assert [token["text"] for token in with_it["encoders"][0]["tokens"]] == [
        token["text"] for token in without["encoders"][0]["tokens"]
    ]
    assert with_it["encoders"][0]["distance"] != without["encoders"][0]["distance"]
    assert client.lens("a cat")["encoders"] == without["encoders"]
    with pytest.raises(Refused, match=r'Prompt: "clipskiplabnowhere" is not available'):
        client.lens("a cat <lora:clipskiplabnowhere:1>")


def test_a_weight_reaches_the_unet_and_leaves_the_hidden_states(client):
    plain, weighted = client.lens("a red cat")["encoders"][0], client.lens("a (red:1.5) cat")["encoders"][0]
    assert weighted["norm"] == plain["norm"]
    ratio = np.array(weighted["unet"]["norm"]) / np.array(plain["unet"]["norm"])
    np.testing.assert_allclose(ratio[:, 2] / ratio[:, 1], 1.5, rtol=1e-3)  # "red" against "a"
    np.testing.assert_allclose(weighted["unet"]["cosine_to_last"], plain["unet"]["cosine_to_last"], atol=1e-4)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, 'Prompt: "" has no words; allowed: a prompt with at least one word.'),
        ({"prompt": "  \n"}, "has no words"),
        ({"prompt": "(:1.2)"}, "has no words"),
        ({"prompt": 5}, "Prompt: 5 cannot be used; allowed: text."),
        ({"prompt": ["a"]}, "allowed: text."),
        ({"prompt": "a" * 800_000}, "has 800,000 characters; allowed: at most 20,000 characters."),
        ({"prompt": "a", "negative_prompt": "b" * 20_001}, 'Negative prompt: "bbb'),
        ({"prompt": "a", "clip_skip": 0}, "clip_skip: 0 cannot be used; allowed: a whole number from 1."),
        ({"prompt": "a", "clip_skip": True}, "a whole number from 1"),
        ({"prompt": "a", "clip_skip": 1.5}, "a whole number from 1"),
        ({"prompt": "a", "clip_skip": 1000}, "1000 is not a layer; allowed: 1 to"),
        ({"prompt": "a", "other_clip_skip": "2"}, "other_clip_skip"),
        ({"prompt": "a", "mixing": 1}, "mixing"),
        ({"prompt": "a", "layer": 3}, 'lens: "layer" is not a key'),
    ],
)
def test_what_cannot_be_looked_at_is_told_with_the_field_and_what_is_allowed(client, body, said):
    response = client.http.post(f"{ROUTES}/lens", json=body)
    assert response.status_code == 422
    assert said in response.json()["detail"]


def test_a_sentence_is_in_the_language_that_is_asked_for(client):
    with pytest.raises(Refused, match="単語がありません"):
        client.lens("()", language="ja")


def test_half_of_a_character_is_refused(client):
    response = client.http.post(
        f"{ROUTES}/lens", content=b'{"prompt": "a \\ud800 cat"}', headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert "a broken character" in response.json()["detail"]


def test_a_comment_is_no_part_of_the_prompt_where_the_host_takes_it_out(client):
    answer = client.lens("a cat # and a dog", negative_prompt="a cat # and a dog")
    pictures = [client.generate(prompt=prompt).pictures for prompt in ("a cat", "a cat # and a dog")]
    expected = ["a", "cat"] if same(*pictures) else ["a", "cat", "#", "and", "a", "dog"]
    for part in (answer, answer["negative"]):
        assert [word["text"] for word in part["encoders"][0]["words"]] == expected


def test_unbalanced_parentheses_and_odd_letters_are_no_error(client):
    for prompt in ("((a cat", "a) cat]", "a \\(cat\\) (dog", "猫と🐈 ünï", "a\x00cat", "[[[", "a cat:", ":) BREAK"):
        try:
            found = client.lens(prompt)["encoders"][0]
        except Refused as error:
            assert "has no words" in str(error)
            continue
        assert all(math.isfinite(value) for row in found["distance"] for value in row)


def test_a_prompt_of_a_thousand_tokens(client):
    found = client.lens(", ".join(f"thing {n}" for n in range(320)))["encoders"][0]
    assert sum(token["kind"] == "word" for token in found["tokens"]) > 1000
    assert found["similarity"] is None
