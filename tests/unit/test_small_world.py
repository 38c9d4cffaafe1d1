"""The small model's world: pictures, captions, vocabulary, and the judge that looks at pictures."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import captions, evaluate, judge, latent, world
from training.tokenizer import Encoder, write_tokenizer

SCENES = world.all_scenes()
ONE = st.integers(0, len(SCENES) - 1)


@pytest.fixture(scope="module")
def encode(tmp_path_factory):
    return Encoder(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def test_the_judge_is_right_about_at_least_99_percent_of_the_generators_own_pictures():
    rng = np.random.default_rng(3)
    scenes, pictures = world.sample(rng, 400, SCENES)
    rights = [judge.right(scene, judge.look(picture)) for scene, picture in zip(scenes, pictures, strict=True)]
    for measure in rights[0]:
        assert np.mean([r[measure] for r in rights]) >= 0.99, measure


@settings(max_examples=40, deadline=None)
@given(ONE, st.integers(0, 2**32))
def test_the_judge_reads_size_and_place_of_any_picture(index, seed):
    scene = SCENES[index : index + 1]
    inside, *colours = world.compose(scene, np.random.default_rng(seed))
    seen = judge.look(world.paint(inside, *colours)[0])
    columns = np.flatnonzero(inside[0].max(0) > 0.5)
    assert seen.size == world.SIZES[scene[0, world.SIZE]]
    assert seen.place[0] * world.PIXELS == pytest.approx((columns[0] + columns[-1] + 1) / 2, abs=1.1)
    assert judge.leak(scene[0], seen) == 0 or scene[0, world.SIZE] == 1


def test_the_judge_sees_no_object_on_an_empty_ground():
    seen = judge.look(np.full((64, 64, 3), world.PALETTE[2], dtype=np.uint8))
    assert (seen.shape, seen.colour, seen.ground) == (None, None, "blue")


def test_the_judge_calls_an_oblong_none_of_the_shapes():
    picture = np.full((64, 64, 3), world.PALETTE[2], dtype=np.uint8)
    picture[24:40, 8:56] = world.PALETTE[0]
    seen = judge.look(picture)
    assert (seen.shape, seen.colour, seen.ground) == (None, "red", "blue")


def test_an_objects_colour_around_it_counts_as_leak():
    scene = np.array([0, 0, 2, 0])  # a red circle on blue
    picture = world.draw(scene[None], np.random.default_rng(0))[0]
    picture[:4] = world.PALETTE[0]
    assert judge.leak(scene, judge.look(picture)) == pytest.approx(0.25, abs=0.05)


def test_a_picture_of_the_other_colours_is_not_bound():
    scene = np.array([1, 0, 2, 1])
    picture = world.draw(captions.swapped(scene[None]), np.random.default_rng(0))[0]
    right = judge.right(scene, judge.look(picture))
    assert (right["shape"], right["bound"], right["all"]) == (True, False, False)


@given(st.integers(0, 300), st.integers(1, 300))
def test_an_interval_holds_the_share_and_stays_within_0_and_1(hits, n):
    hits = min(hits, n)
    low, high = judge.interval(hits, n)
    assert 0 <= low <= hits / n <= high <= 1


def test_wilsons_interval_of_190_in_200():
    assert judge.interval(190, 200) == pytest.approx((0.9104, 0.9726), abs=1e-4)


def test_scenes_kept_for_the_evaluation_are_in_no_training_and_their_colours_are():
    training = {tuple(scene) for scene in world.training_scenes()}
    unseen = {tuple(scene) for scene in world.unseen_scenes()}
    assert (len(training), len(unseen)) == (200, 40)
    assert not training & unseen
    pairs = {scene[1:3] for scene in training}
    assert {scene[1:3] for scene in unseen} <= pairs
    assert {scene[0] for scene in unseen} == {0, 1, 2, 3}


def test_the_same_seed_draws_the_same_pictures():
    one, other = (world.sample(np.random.default_rng(4), 8) for _ in range(2))
    assert np.array_equal(one[1], other[1])


@settings(max_examples=60)
@given(ONE, st.integers(0, 2**32))
def test_a_caption_names_what_it_is_told_to_name_and_nothing_else(index, seed):
    rng = np.random.default_rng(seed)
    scene = SCENES[index]
    said = captions.what_to_say(rng, 1)[0]
    text = captions.caption(scene, said, rng, unseen=bool(seed % 2))
    words = text.replace(",", " ").split()
    for column, values in ((world.SHAPE, world.SHAPES), (world.SIZE, world.SIZES)):
        assert [w for w in words if w in values] == ([values[scene[column]]] if said[column] else [])
    colours = {world.COLOUR_NAMES[scene[c]] for c in (world.COLOUR, world.GROUND) if said[c]}
    assert {w for w in words if w in world.COLOUR_NAMES} == colours


def test_training_sees_every_length_that_the_evaluation_asks_for_and_none_of_its_sentences():
    rng = np.random.default_rng(0)
    trained, _ = captions.captions(np.tile(world.training_scenes(), (20, 1)), rng)
    _, asked = evaluate.questions()
    count = [len(text.replace(",", " , ").split()) for text in trained]
    longest = max(len(text.replace(",", " , ").split()) for text in asked)
    # A text encoder knows no place of a row that it never saw a word at.
    assert np.mean(np.array(count) >= longest) > 0.1
    sentences = [text.format(object=".+", ground="[a-z]+") for text in captions.UNSEEN_SENTENCES]
    assert not any(re.search(sentence, text) for sentence in sentences for text in trained)


@settings(max_examples=60)
@given(ONE, st.integers(0, 2**32))
def test_each_word_of_a_caption_is_one_token(encode, index, seed):
    rng = np.random.default_rng(seed)
    text = captions.caption(SCENES[index], np.ones(4, dtype=bool), rng)
    tokens, ends = encode([text])
    words = text.replace(",", " ,").split()
    assert ends[0] == 1 + len(words)
    assert encode.tokenizer.convert_ids_to_tokens(tokens[0, 1 : ends[0]].tolist()) == [w + "</w>" for w in words]


def test_rows_of_tokens_are_what_hosts_feed_clip(encode):
    tokens, ends = encode(["red circle", ""])
    bos, eos = encode.tokenizer.bos_token_id, encode.tokenizer.eos_token_id
    assert tokens.shape == (2, 77)
    assert (tokens[:, 0] == bos).all() and ends.tolist() == [3, 1]
    assert (tokens[0, 3:] == eos).all() and (tokens[1, 1:] == eos).all()
    assert tokens.max() == eos == len(encode.tokenizer) - 1


def test_the_vocabulary_has_what_a_webui_looks_for(encode):
    vocabulary = encode.tokenizer.get_vocab()
    assert {",</w>", "(</w>", ")</w>", "[</w>", "]</w>"} <= set(vocabulary)
    assert (
        encode.tokenizer.unk_token_id not in encode.tokenizer("a purple zebra", add_special_tokens=False)["input_ids"]
    )


def test_latent_pictures_are_the_mean_colours_and_what_the_object_covers():
    scenes = SCENES[:50]
    parts = world.compose(scenes, np.random.default_rng(1))
    values = latent.latents(*parts)
    pictures = world.paint(*parts).astype(np.float32) / 127.5 - 1
    means = pictures.reshape(50, 8, 8, 8, 8, 3).mean((2, 4)).transpose(0, 3, 1, 2)
    assert np.abs(values[:, :3].numpy() - means).max() < 0.01
    assert 0.9 < latent.SCALE * float(values.std()) < 1.1
