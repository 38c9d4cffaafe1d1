"""The small model's world: pictures, captions, vocabulary, and the judge that looks at pictures."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import captions, evaluate, judge, latent, world
from training.tokenizer import Encoder, write_tokenizer

SCENES = world.all_scenes()
SCENES_OF_TWO = world.all_scenes(2)
ONE = st.integers(0, len(SCENES) - 1)
ANY = st.sampled_from([*SCENES, *SCENES_OF_TWO[::10]])


def seen_in(scene, picture):
    """The scene and what the judge sees where its objects belong."""
    return scene, judge.look_for(scene, picture)


@pytest.fixture(scope="module")
def encode(tmp_path_factory):
    return Encoder(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


@pytest.mark.parametrize("scenes", [SCENES, SCENES_OF_TWO], ids=["one object", "two objects"])
def test_the_judge_is_right_about_at_least_99_percent_of_the_generators_own_pictures(scenes):
    rng = np.random.default_rng(3)
    scenes = scenes[rng.integers(len(scenes), size=400)]
    pictures = world.draw(scenes, rng)
    rights = [judge.right(*seen_in(scene, picture)) for scene, picture in zip(scenes, pictures, strict=True)]
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
    assert judge.leak(scene[0], [seen]) == 0 or scene[0, world.SIZE] == 1


def test_the_judge_sees_no_object_on_an_empty_ground():
    seen = judge.look(np.full((64, 64, 3), world.PALETTE[2], dtype=np.uint8))
    assert (seen.shape, seen.colour, seen.ground) == (None, None, "blue")


def test_the_judge_calls_an_oblong_none_of_the_shapes():
    picture = np.full((64, 64, 3), world.PALETTE[2], dtype=np.uint8)
    picture[24:40, 8:56] = world.PALETTE[0]
    seen = judge.look(picture)
    assert (seen.shape, seen.colour, seen.ground) == (None, "red", "blue")


def test_an_objects_colour_around_it_counts_as_leak():
    scene = np.array([0, 0, 2, 0, -1, -1])  # a red circle on blue
    picture = world.draw(scene[None], np.random.default_rng(0))[0]
    picture[:4] = world.PALETTE[0]
    assert judge.leak(*seen_in(scene, picture)) == pytest.approx(0.25, abs=0.05)


def test_a_picture_of_the_other_colours_is_not_bound():
    scene = np.array([1, 0, 2, 1, -1, -1])
    picture = world.draw(captions.exchanged(scene[None], "colour and ground"), np.random.default_rng(0))[0]
    right = judge.right(*seen_in(scene, picture))
    assert (right["shape"], right["bound"], right["all"]) == (True, False, False)


@pytest.mark.parametrize(
    ("what", "right"),
    [
        ("colours", {"ground": True, "colour": False, "shape": True, "all": False, "either_side": False}),
        ("shapes", {"ground": True, "colour": True, "shape": False, "all": False, "either_side": False}),
        ("sides", {"ground": True, "colour": False, "shape": False, "all": False, "either_side": True}),
        ("right colour and ground", {"ground": False, "colour": False, "shape": True, "either_side": False}),
    ],
)
def test_of_two_objects_each_mistake_is_told_from_the_others(what, right):
    scene = np.array([0, 0, 2, -1, 1, 4])  # a red circle on the left, a white square on the right, on blue
    picture = world.draw(captions.exchanged(scene[None], what), np.random.default_rng(0))[0]
    found = judge.right(*seen_in(scene, picture))
    assert {name: found[name] for name in right} == right


def test_one_object_in_the_middle_is_not_the_two_that_were_asked_for():
    asked, alone = np.array([0, 0, 2, -1, 0, 0]), np.array([0, 0, 2, 0, -1, -1])
    assert not judge.right(*seen_in(asked, world.draw(alone[None], np.random.default_rng(0))[0]))["shape"]


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


def test_no_object_on_a_ground_that_is_kept_for_the_evaluation_is_one_of_two_in_training_either():
    kept = {tuple(scene[:3]) for scene in world.unseen_scenes()}

    def objects(scenes):
        return [{tuple(scene[[shape, colour, world.GROUND]]) for shape, colour in world.OBJECTS} for scene in scenes]

    assert not any(kept & found for found in objects(world.training_scenes(2)))
    assert all(kept & found for found in objects(world.unseen_scenes(2)))
    assert len(world.training_scenes(2)) + len(world.unseen_scenes(2)) == len(SCENES_OF_TWO) == 1920


def test_training_draws_as_many_scenes_with_one_object_as_with_two():
    scenes = world.sample(np.random.default_rng(0), 101)
    assert abs(int(world.have_two(scenes).sum()) - 50) <= 1
    assert not world.held_out(scenes).any()


def test_the_same_seed_draws_the_same_pictures():
    scenes = np.concatenate([SCENES[:4], SCENES_OF_TWO[:4]])
    one, other = (world.draw(scenes, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, other)


@given(st.sampled_from(list(SCENES_OF_TWO[::10])), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_each_of_two_objects_keeps_to_its_side(scene, seed):
    inside, front, _ = world.compose(scene[None], np.random.default_rng(seed))
    assert inside.max() <= 1
    assert (inside[0, :, [31, 32]] < 0.5).all()
    assert not np.array_equal(front[0, 0, 31], front[0, 0, 32])


@settings(max_examples=60)
@given(ANY, st.integers(0, 2**32))
def test_a_caption_names_what_it_is_told_to_name_and_nothing_else(scene, seed):
    rng = np.random.default_rng(seed)
    said = captions.what_to_say(scene[None], rng)[0]
    text = captions.caption(scene, said, rng, unseen=bool(seed % 2))
    words = text.replace(",", " ").split()

    def told(*columns):
        return sorted(world.VALUES[c][scene[c]] for c in columns if said[c] and scene[c] != world.NONE)

    assert sorted(w for w in words if w in world.SHAPES) == told(world.SHAPE, world.RIGHT_SHAPE)
    assert sorted(w for w in words if w in world.COLOUR_NAMES) == told(*world.COLOURED)
    assert [w for w in words if w in world.SIZES] == told(world.SIZE)
    assert bool({"left", "right"} & set(words)) == world.have_two(scene[None])[0]


@pytest.mark.parametrize("objects", [1, 2])
def test_training_sees_every_length_that_the_evaluation_asks_for_and_none_of_its_sentences(objects):
    rng = np.random.default_rng(0)
    trained, _ = captions.captions(np.resize(world.training_scenes(objects), (4000, len(world.VALUES))), rng)
    _, asked = evaluate.questions(objects=objects)
    count = [len(text.replace(",", " , ").split()) for text in trained]
    longest = max(len(text.replace(",", " , ").split()) for text in asked)
    # A text encoder knows no place of a row that it never saw a word at.
    assert np.mean(np.array(count) >= longest) > 0.1
    kept = captions.UNSEEN_SENTENCES if objects == 1 else captions.UNSEEN_SENTENCES_OF_TWO
    anything = {name: ".+" for name in ("object", "left", "right")}
    sentences = [text.format(ground="[a-z]+", **anything) for text in kept]
    assert not any(re.search(sentence, text) for sentence in sentences for text in trained)


@settings(max_examples=60)
@given(ANY, st.integers(0, 2**32))
def test_each_word_of_a_caption_is_one_token(encode, scene, seed):
    rng = np.random.default_rng(seed)
    text = captions.caption(scene, np.ones(len(world.VALUES), dtype=bool), rng)
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
    scenes = np.concatenate([SCENES[:25], SCENES_OF_TWO[::70][:25]])
    parts = world.compose(scenes, np.random.default_rng(1))
    values = latent.latents(*parts)
    pictures = world.paint(*parts).astype(np.float32) / 127.5 - 1
    means = pictures.reshape(50, 8, 8, 8, 8, 3).mean((2, 4)).transpose(0, 3, 1, 2)
    assert np.abs(values[:, :3].numpy() - means).max() < 0.01
    assert 0.9 < latent.SCALE * float(values.std()) < 1.1
