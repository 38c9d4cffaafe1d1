"""When values are told apart: intervals by signed ranks, values that are dropped, and how long the search goes on."""

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clip_skip_lab.probe.decision import DOUBT, Evidence, cut_off, interval
from clip_skip_lab.probe.search import ASKED_STRATA, PASSES, STRATA, Search, looks

SAMPLES = arrays(float, st.integers(1, 40), elements=st.floats(-10, 10, allow_nan=False, width=32), unique=True)


@pytest.mark.parametrize("count", [1, 5, 9, 12])
@pytest.mark.parametrize("share", [0.1, 0.025, 0.005])
def test_the_interval_is_the_widest_that_is_wrong_at_most_that_often(count, share):
    ranks = np.arange(1, count + 1)
    sums = np.sort([np.dot(signs, ranks) for signs in product((0, 1), repeat=count)])
    cut = cut_off(count, share)
    assert np.mean(sums < cut) <= share < np.mean(sums < cut + 1)


@given(SAMPLES, st.sampled_from([0.1, 0.01, 0.0005]))
def test_the_interval_is_above_zero_exactly_when_the_signed_ranks_say_so(numbers, share):
    from scipy.stats import wilcoxon

    numbers = numbers[numbers != 0]
    if len(numbers) == 0 or len(set(np.abs(numbers))) < len(numbers):
        return
    found = interval(numbers, share)
    chance = wilcoxon(numbers, alternative="greater", mode="exact").pvalue
    assert (found.low > 0) == (chance <= share)
    assert found.low <= found.middle <= found.high


@given(SAMPLES, st.floats(-5, 5), st.floats(0.1, 10))
def test_the_interval_moves_and_grows_with_the_numbers(numbers, moved, times):
    one, other = interval(numbers, 0.05), interval(numbers * times + moved, 0.05)
    assert other.middle == pytest.approx(one.middle * times + moved, abs=1e-6)
    assert other.low == pytest.approx(one.low * times + moved, abs=1e-6)


def test_many_pictures_need_no_counting():
    assert cut_off(101, 0.001) == pytest.approx(cut_off(100, 0.001) * (101 / 100) ** 2, rel=0.02)


def test_no_interval_is_safe_with_too_few_pictures():
    evidence = Evidence(12, looks=8)
    assert evidence.fewest == 11
    numbers = np.ones(evidence.fewest)
    assert interval(numbers, evidence.share).low == 1
    assert interval(numbers[:-1], evidence.share).low == -np.inf


def test_what_a_value_lacks_is_compared_in_the_passes_that_both_have():
    evidence = Evidence(3, looks=1)
    for picture in range(20):
        evidence.add(picture, np.array([0.0, 1.0, 5.0]))
        evidence.add(picture, np.array([4.0, 5.0, np.nan]))
    assert evidence.compared(1, 0).middle == 1
    assert evidence.compared(2, 0).middle == 5
    assert (evidence.measured(0), evidence.measured(2), evidence.pictures) == (20, 20, 20)
    assert evidence.alive(evidence.best([0, 1])) == [0]


def test_more_pictures_are_asked_for_the_closer_two_values_are():
    needed = []
    spread = [NormalDist().inv_cdf((place + 0.5) / 32) for place in range(32)]
    for distance in (0.4, 0.2):
        evidence = Evidence(2, looks=1)
        for picture in range(32):
            evidence.add(picture, np.array([0.0, distance + spread[picture]]))
        needed.append(evidence.needed(1, 0))
    assert needed[1] == pytest.approx(4 * needed[0], rel=0.3)
    assert np.isinf(evidence.needed(0, 1))


def searched(effects, pictures, seed=0, spread=0.3, between=0.3, worth=True, most=10**9):
    """A search among values whose losses are larger by these factors, and what was asked."""
    rng = np.random.default_rng(seed)
    strength = np.exp(rng.normal(0, between, pictures))
    search, asked = Search(len(effects), pictures), []

    def ask(picture, strata, turn, values):
        if len(asked) >= most:
            return None
        asked.append((picture, tuple(strata), turn, tuple(values)))
        logs = np.array([effects[value] * strength[picture] for value in values])[:, None]
        return np.exp(logs + rng.normal(0, spread, (len(values), len(strata))))

    search.run(ask, lambda: worth)
    return search, asked


def test_a_clear_value_is_found_with_less_than_a_third_of_the_table():
    search, asked = searched([0.1, 0.0, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3], 32)
    assert (search.best, search.decided) == (1, True)
    assert sum(len(strata) * len(values) for _, strata, _, values in asked) < 12 * 10 * 32 / 3
    assert len(asked[0][3]) == 12 > len(asked[-1][3])


def test_values_that_are_alike_stay_open_until_every_picture_was_asked_as_often_as_it_helps():
    search, asked = searched([0.0, 0.0], 16)
    assert not search.decided and search.alive == [0, 1]
    assert len(asked) == 16 * PASSES
    assert len({(picture, turn) for picture, _, turn, _ in asked}) == len(asked)


def test_it_ends_after_the_first_pass_where_more_noises_are_worth_nothing():
    _, asked = searched([0.0, 0.0], 16, worth=False)
    assert len(asked) == 16


def test_it_says_what_it_has_where_it_cannot_go_on():
    search, _ = searched([0.0, 0.25], 40, most=30, spread=1.0)
    assert (search.evidence.pictures, search.best, search.alive) == (30, 0, [0, 1])
    search, _ = searched([0.0, 1.0], 32, most=0)
    assert (search.evidence.pictures, search.decided) == (0, False)


def test_time_steps_are_all_in_turn_at_first_and_later_those_that_tell_most():
    search, asked = searched([0.0, 0.0], 24)
    first = [stratum for _, strata, turn, _ in asked[:10] for stratum in strata]
    assert {first.count(stratum) for stratum in range(STRATA)} == {ASKED_STRATA}
    assert {strata for _, strata, turn, _ in asked if turn} == {tuple(search.strata)}
    assert len(set(search.strata)) == ASKED_STRATA


def test_one_looks_more_and_more_rarely():
    assert looks(8) == [8]
    assert looks(12) == [12]
    assert looks(32) == [12, 24, 32]
    assert looks(100) == [12, 24, 48, 96, 100]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_a_wrong_value_is_rarely_decided_among_values_that_are_alike(seed):
    wrong = sum(searched([0.0] * 4, 12, seed=seed + turn, spread=1.0)[0].decided for turn in range(40))
    assert wrong <= 40 * DOUBT + 5
