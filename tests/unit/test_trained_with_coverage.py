"""What the intervals of a probing cover, by simulation: how often a wrong value would be called decided."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.probe.decision import DOUBT, Evidence, cut_off, interval
from clip_skip_lab.probe.search import PASSES, Search, looks
from training.trained_with_method import negative_ranks

VALUES = 12
PICTURES = 64
LOOKS = len(looks(PICTURES)) + PASSES - 1


def normal(rng, shape):
    return rng.normal(size=shape)


def skewed(rng, shape):
    """Mean 0, deviation 1, skewness 2, as the most skewed of the small models' ratios (docs/trained-with-study.md)."""
    return rng.gamma(1.0, size=shape) - 1.0


def skewed_the_other_way(rng, shape):
    return -skewed(rng, shape)


def with_outliers(rng, shape):
    """Every twentieth picture is out by five deviations or so."""
    return np.where(rng.random(shape) < 0.05, 5.0, 1.0) * rng.normal(size=shape) / np.sqrt(0.95 + 0.05 * 25)


DISTRIBUTIONS = (normal, skewed, skewed_the_other_way, with_outliers)
SYMMETRICAL = (normal, with_outliers)


def dropped(numbers, share):
    """[simulations] whether the true value is taken for worse than another at some look.

    Args:
        numbers: [simulations, values, pictures] log ratios of the true value's loss and another's, of mean 0: the
            others are exactly as good, which is the worst that can be.
        share: of an interval.
    """
    found = np.zeros(len(numbers), dtype=bool)
    for count in looks(numbers.shape[-1]):
        found |= (negative_ranks(numbers[..., :count]) < cut_off(count, share)).any(-1)
    return found


@pytest.mark.parametrize("distribution", SYMMETRICAL)
def test_a_value_as_good_as_the_true_one_is_decided_no_more_often_than_is_promised(distribution):
    # All others are clearly worse, so that whoever drops the true value decides for the wrong one.
    ratios = distribution(np.random.default_rng(7), (4000, 1, PICTURES))
    assert dropped(ratios, Evidence(VALUES, LOOKS).share).mean() <= DOUBT


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_of_twelve_values_equally_good_the_true_one_is_kept_as_often_as_is_promised(distribution):
    # What differs between two equally good values is symmetrical, however skewed the losses of each are.
    losses = distribution(np.random.default_rng(7), (1000, VALUES, PICTURES))
    assert dropped(losses[:, :1] - losses[:, 1:], Evidence(VALUES, LOOKS).share).mean() <= DOUBT


def test_without_the_correction_for_many_values_and_looks_a_wrong_one_would_be_decided_often():
    rng = np.random.default_rng(7)
    ratios = rng.normal(size=(500, VALUES - 1, PICTURES))
    assert dropped(ratios, DOUBT).mean() > 5 * DOUBT


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_search_seldom_decides_for_a_value_that_is_not_the_true_one(distribution):
    rng, wrong, n = np.random.default_rng(2), 0, 40
    worse = np.array([0.0, 0.0, 1.5, 1.5])
    for _ in range(n):
        losses = distribution(rng, (16, 4))

        def ask(picture, strata, turn, values, losses=losses):
            logs = losses[picture] + worse + 0.3 * rng.normal(size=(len(strata), 4))
            return np.exp(logs[:, values]).T

        search = Search(4, 16)
        search.run(ask, lambda: False)
        wrong += search.decided and search.best != 0
    assert wrong / n <= DOUBT


@settings(max_examples=10, deadline=None)
@given(
    st.integers(4, 64),
    st.sampled_from([0.025, 0.005, 0.001]),
    st.floats(-3, 3),
    st.floats(0.01, 10),
    st.integers(0, 2**32 - 1),
)
def test_an_interval_of_normal_numbers_misses_their_mean_as_often_as_it_says(count, share, mean, deviation, seed):
    rng, n = np.random.default_rng(seed), 200
    found = [interval(rng.normal(mean, deviation, count), share) for _ in range(n)]
    below, above = sum(one.low > mean for one in found), sum(one.high < mean for one in found)
    most = n * share + 5 * np.sqrt(n * share) + 3
    assert below <= most
    assert above <= most
