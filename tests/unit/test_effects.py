"""Dividing the variance of pictures between axes: known shares come out, chance is told from effect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.measure import effects
from clip_skip_lab.measure.effects import divide

PIXELS = 50


def centred(random, *shape):
    """Numbers whose means over each axis but the last are 0."""
    made = random.normal(size=(*shape, PIXELS))
    for axis in range(len(shape)):
        made -= made.mean(axis=axis, keepdims=True)
    return made


def scaled(part, shape, wanted):
    """The part, spread over the table, so that its sum of squares is `wanted`."""
    part = np.broadcast_to(part, (*shape, PIXELS))
    return part * np.sqrt(wanted / (part**2).sum())


def table_of(shares, shape=(6, 4), seed=0):
    random = np.random.default_rng(seed)
    rows, columns = shape
    return (
        0.5
        + scaled(centred(random, rows)[:, None], shape, shares[0])
        + scaled(centred(random, columns)[None, :], shape, shares[1])
        + scaled(centred(random, rows, columns), shape, shares[2])
    )


@given(
    st.tuples(*[st.integers(1, 100)] * 3),
    st.tuples(st.integers(2, 6), st.integers(2, 6)),
    st.integers(0, 10**6),
)
@settings(max_examples=25, deadline=None)
def test_known_shares_come_out(parts, shape, seed):
    shares = [part / sum(parts) for part in parts]
    found = divide(table_of(shares, shape, seed), ["Clip skip", "CFG Scale"]).shares
    assert list(found) == ["Clip skip", "CFG Scale", "interaction"]
    assert list(found.values()) == pytest.approx(shares, abs=1e-6)


def test_known_shares_come_out_of_three_axes_of_which_one_is_the_seed():
    random = np.random.default_rng(0)
    shape = (5, 3, 4)
    table = (
        scaled(centred(random, 5)[:, None, None], shape, 0.4)
        + scaled(centred(random, 3)[None, :, None], shape, 0.1)
        + scaled(centred(random, 4)[None, None, :], shape, 0.3)
        + scaled(centred(random, 5, 3)[:, :, None], shape, 0.15)
        + scaled(centred(random, 5, 4)[:, None, :], shape, 0.05)
    )
    found = divide(table, ["Clip skip", "CFG Scale", "Seed"]).shares
    assert found == pytest.approx(
        {"Clip skip": 0.4, "CFG Scale": 0.1, "Seed": 0.3, "interaction": 0.15, "rest": 0.05}, abs=1e-9
    )


def test_with_seeds_and_clip_skip_alone_the_interaction_is_between_the_two():
    found = divide(table_of([0.5, 0.3, 0.2]), ["Clip skip", "Seed"])
    assert found.shares == pytest.approx({"Clip skip": 0.5, "Seed": 0.3, "interaction": 0.2}, abs=1e-9)
    assert found.p["interaction"] is None


def test_shares_do_not_depend_on_brightness_or_contrast():
    table = table_of([0.5, 0.3, 0.2])
    one, other = divide(table, ["a", "b"]).shares, divide(table * 3 - 7, ["a", "b"]).shares
    assert one == pytest.approx(other)


def test_equal_pictures_have_no_variance_to_divide():
    assert divide(np.full((3, 4, 9), 0.7, np.float32), ["a", "b"]) is None


def test_an_effect_is_told_from_chance():
    random = np.random.default_rng(2)
    table = random.normal(size=(8, 6, PIXELS))
    table += 0.8 * random.normal(size=(8, 1, PIXELS))
    found = divide(table, ["Clip skip", "CFG Scale"])
    assert found.p["Clip skip"] < 0.01
    assert found.p["CFG Scale"] > 0.05
    assert found.p["interaction"] is None, "without seeds, what is not of one axis may be chance"


def test_an_interaction_that_the_seeds_have_in_common_is_told_from_chance():
    random = np.random.default_rng(3)
    noise = random.normal(size=(5, 4, 4, PIXELS))
    names = ["Clip skip", "CFG Scale", "Seed"]
    assert divide(noise, names).p["interaction"] > 0.05
    common = noise + random.normal(size=(5, 4, 1, PIXELS))
    assert divide(common, names).p["interaction"] < 0.01


def test_p_values_of_chance_are_spread_evenly(monkeypatch):
    """Of 200 tables of noise, about one in twenty is below 0.05; more than 22 in less than one of 1,000 tries."""
    monkeypatch.setattr(effects, "PERMUTATIONS", 99)
    random = np.random.default_rng(4)
    names = ["Clip skip", "CFG Scale", "Seed"]
    found = [divide(random.normal(size=(4, 3, 3, 5)), names, seed).p for seed in range(200)]
    for name in (*names, "interaction"):
        assert 1 <= sum(p[name] <= 0.05 for p in found) <= 22
        assert 0.4 < np.mean([p[name] for p in found]) < 0.6


def test_too_few_cells_are_not_tested():
    found = divide(table_of([0.9, 0.05, 0.05], (2, 2)), ["Clip skip", "CFG Scale"])
    assert found.p == {"Clip skip": None, "CFG Scale": None, "interaction": None}
    assert sum(found.shares.values()) == pytest.approx(1)


def test_the_same_table_gives_the_same_p_values():
    table = np.random.default_rng(5).normal(size=(6, 4, PIXELS))
    assert divide(table, ["a", "b"]) == divide(table.copy(), ["a", "b"])
