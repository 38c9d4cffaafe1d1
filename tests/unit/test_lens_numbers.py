"""The lens's numbers against numpy, and what holds of them whatever the states."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.layers.facts import Encoder
from clip_skip_lab.lens.mixed import mixed
from clip_skip_lab.lens.numbers import abrupt, distances, joined, likeness, products, track
from clip_skip_lab.lens.tokens import read_chunk
from clip_skip_lab.lens.view import EncoderView
from clip_skip_lab.lens.vocabulary import Vocabulary

pytestmark = pytest.mark.hypothesis
SHAPES = st.tuples(st.integers(2, 6), st.integers(1, 5), st.integers(2, 9), st.integers(0, 2**16))


def states_of(shape, scale=1.0):
    layers, tokens, channels, seed = shape
    return torch.from_numpy(np.random.default_rng(seed).normal(0, scale, (layers, tokens, channels)))


@given(SHAPES)
@settings(max_examples=40, deadline=None)
def test_a_track_is_lengths_cosines_and_relative_changes(shape):
    states = states_of(shape)
    found, given_ = track(states), states.numpy()
    lengths = np.linalg.norm(given_, axis=-1)
    np.testing.assert_allclose(found.norm, lengths)
    products_ = np.einsum("atc,btc->abt", given_, given_)
    np.testing.assert_allclose(found.cosine, products_ / lengths[:, None] / lengths[None], atol=1e-12)
    steps = np.linalg.norm(given_[1:] - given_[:-1], axis=-1)
    np.testing.assert_allclose(found.change, steps / lengths[:-1], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.apart(0, -1), np.linalg.norm(given_[0] - given_[-1], axis=-1), rtol=1e-6)


@given(SHAPES, st.floats(1e-3, 1e3))
@settings(max_examples=40, deadline=None)
def test_cosines_changes_and_distances_do_not_depend_on_the_scale(shape, scale):
    states = states_of(shape)
    one, other = track(states), track(states * scale)
    np.testing.assert_allclose(one.cosine, other.cosine, atol=1e-9)
    np.testing.assert_allclose(one.change, other.change, rtol=1e-6, atol=1e-7)
    apart = [distances(products(found)) for found in (states, states * scale)]
    np.testing.assert_allclose(apart[0], apart[1], rtol=1e-6, atol=1e-7)


@given(SHAPES)
@settings(max_examples=40, deadline=None)
def test_distances_are_of_all_chunks_together(shape):
    states = states_of(shape)
    halves = [states, states.flip(0) * 2]
    together = torch.cat(halves, dim=1)
    found = distances(products(halves[0]) + products(halves[1]))
    whole = together.flatten(1).numpy()
    sizes = np.linalg.norm(whole, axis=1)
    expected = np.linalg.norm(whole[:, None] - whole[None], axis=-1) / np.sqrt(np.outer(sizes, sizes))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert torch.equal(found, found.T)
    np.testing.assert_allclose(joined([track(half) for half in halves]).norm, track(together).norm)


def test_equal_states_are_no_distance_apart_and_change_nothing():
    states = torch.ones(3, 2, 4)
    assert float(distances(products(states)).abs().max()) == 0
    assert float(track(states).change.abs().max()) == 0
    np.testing.assert_allclose(likeness(states), 1)


def test_states_of_nothing_give_numbers():
    states = torch.zeros(3, 2, 4)
    for numbers in (track(states).change, track(states).cosine, distances(products(states)), likeness(states)):
        assert torch.isfinite(numbers).all()


def test_abrupt_is_the_last_step_against_the_median_of_the_others():
    found = abrupt(torch.tensor([[0.1, 0.3], [0.4, 0.4], [0.2, 0.4], [1.0, 2.0]]))
    assert (found.last, found.others) == pytest.approx((1.5, 0.3))
    assert abrupt(torch.zeros(1, 3)) is None
    assert abrupt(torch.zeros(4, 0)) is None


WORDS = {0: "<|s|>", 1: "<|e|>", 2: "red</w>", 3: "ca", 4: "t</w>", 5: ",</w>"}
VOCABULARY = Vocabulary(WORDS.get, {chr(byte): byte for byte in range(128)})


def chunk_of(*ids, size=9):
    filled = [0, *ids, *[1] * (size - 1 - len(ids))]
    return read_chunk(filled, [1.0] * size, [], 1, VOCABULARY)


@given(st.integers(2, 4), st.integers(0, 2**16), st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_view_has_the_words_of_all_chunks_and_shares_that_add_up(layers, seed, mixing):
    view = EncoderView(Encoder("CLIP-L", layers), mixing)
    for number, chunk in enumerate((chunk_of(2, 3, 4), chunk_of(3, 4, 5, 2))):
        states = states_of((layers + 1, 9, 8, seed + number))
        view.add(chunk, states, states, states, lambda words, states=states: torch.stack([states] * len(words)))
    found = view.to_json(1, 2)
    assert [word["text"] for word in found["words"]] == ["red", "cat", "cat", ",", "red"]
    assert [found["tokens"][word["tokens"][-1]]["word"] for word in found["words"]] == list(range(5))
    assert sum(word["share"] for word in found["compared"]["words"]) == pytest.approx(1, abs=1e-3)
    assert [len(alike["tokens"]) for alike in found["similarity"]] == [5, 6]
    if mixing:
        assert {(pair["word"], pair["into"]) for pair in found["mixing"]} == {(0, 1), (2, 4)}, (
            "no commas, no two chunks"
        )


def test_words_that_do_not_touch_each_other_do_not_mix():
    chunk, states = chunk_of(2, 3, 4), states_of((3, 9, 8, 1))

    def encode(words):
        kept = [[place for place in range(9) if place not in word.places] for word in words]
        return torch.stack([states[:, [*places, *[8] * (9 - len(places))]] for places in kept])

    (pair,) = mixed(chunk, states, encode)
    assert (pair.word, pair.into) == (0, 1)
    assert float(pair.more.abs().max()) == 0
