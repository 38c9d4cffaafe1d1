"""What is read from pictures for docs/claims.md, on pictures whose answer is known."""

import numpy as np
import pytest

from training import claims


def painter_of(function):
    """Draws flat pictures whose brightness is a function of clip skip, CFG scale and seed."""

    def paint(texts, seeds, clip_skip, cfg_scale):
        return [np.full((8, 8, 3), function(clip_skip, cfg_scale, seed)) for seed in seeds]

    return paint


def shares(function):
    found = claims.interaction(painter_of(function), n=2, seeds=3, clip_skips=range(1, 6))
    return {name: mean for name, (mean, _, _) in found["shares_mean_min_max"].items()}, found["p_below_5_percent"]


def test_clip_skip_and_cfg_scale_that_add_up_do_not_interact():
    found, beyond = shares(lambda clip_skip, cfg_scale, seed: 10 * clip_skip + cfg_scale + seed % 1000)
    assert found["interaction"] == pytest.approx(0, abs=1e-6)
    assert found["clip skip"] > found["CFG scale"] > 0
    assert beyond == 0


def test_clip_skip_that_counts_more_the_higher_the_cfg_scale_interacts_with_it():
    found, beyond = shares(lambda clip_skip, cfg_scale, seed: clip_skip * cfg_scale + 0.01 * (seed % 1000))
    assert found["interaction"] > 0.05
    assert beyond == 2


def test_a_picture_that_changed_nowhere_changed_by_nothing_and_black_to_white_by_one():
    black, white = np.zeros((2, 8, 8, 3), np.uint8), np.full((2, 8, 8, 3), 255, np.uint8)
    assert claims.change(black, black) == 0
    assert claims.change(black, white) == 1


def test_a_difference_of_answers_to_the_same_questions_counts_those_that_differ():
    one, other = np.array([True] * 90 + [False] * 10), np.array([True] * 70 + [False] * 30)
    found, low, high = claims.difference(one, other)
    assert found == pytest.approx(0.2)
    assert low == pytest.approx(0.2 - 1.96 * 0.04)  # 20 of 100, all in one direction: the deviation of a share of 0.2
    assert high == pytest.approx(0.2 + 1.96 * 0.04)
    assert claims.difference(one, one) == (0, 0, 0)
