"""What the study of the lens counts, on numbers whose answer is known."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from training import lens_study, networks, unet
from training.foretelling import Counted, counted, lost_at, ranks, ranks_interval, usually
from training.lens_study import LAST


def test_a_forecast_is_right_where_the_larger_number_stands_at_the_colour_that_is_lost_first():
    lost = [(2, 5), (2, 5), (7, 3), (4, 13)]
    assert counted([(0.9, 0.1), (0.1, 0.9), (0.2, 0.3), (1.0, 0.5)], lost) == Counted(3, 1, 0, 0)
    assert str(Counted(3, 1, 0, 0)) == "3 of 4, 0.75 (0.30–0.95)"


def test_colours_that_are_lost_together_and_equal_numbers_are_told_and_count_for_neither():
    lost = [(4, 4), (13, 13), (3, 4), (3, 4)]
    assert counted([(1.0, 0.0), (0.5, 0.5), (0.5, 0.5), (1.0, 0.0)], lost) == Counted(1, 0, 1, 2)
    assert str(counted([(1.0, 0.0)], [(4, 4)])) == "–"


def test_a_forecast_of_chance_is_right_half_of_the_time_and_one_turned_round_is_wrong_where_it_was_right():
    rng = np.random.default_rng(0)
    numbers, lost = rng.random((2000, 2)), rng.integers(2, 14, (2000, 2))
    found = counted(numbers, lost)
    assert found.right / (found.right + found.wrong) == pytest.approx(0.5, abs=0.04)
    assert counted(-numbers, lost) == Counted(found.wrong, found.right, 0, found.tied)


def test_a_colour_is_lost_at_the_first_value_at_which_it_is_wrong_whatever_comes_behind_it():
    right = np.array([[True, True, False, True], [True, True, True, True], [True, False, False, False]])
    assert lost_at(right, [2, 3, 4, 5]).tolist() == [4, 6, 3]


def test_how_early_a_colour_is_usually_lost_is_taken_from_the_other_prompts():
    colours, lost = [("red", "blue"), ("blue", "red"), ("red", "white")], np.array([[2, 8], [6, 4], [12, 3]])
    assert usually(colours, lost) == [[-8, -6], [-8, -7], [-3, 0]]


def test_ranks_are_spearmans_with_ties():
    one, other = [1, 2, 2, 5, 3, 9], [0.3, 0.1, 0.4, 0.4, 0.2, 0.9]
    assert ranks(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert np.isnan(ranks([1, 1, 1], [1, 2, 3]))


def test_the_interval_of_a_rank_correlation_holds_what_is_true_19_times_in_20():
    rng = np.random.default_rng(3)
    drawn = rng.normal(size=(1000, 2, 60))
    intervals = [ranks_interval(ranks(one, other), 60) for one, other in drawn]
    assert np.mean([low <= 0 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.02)


def test_what_the_study_reads_from_the_lens_is_what_the_unet_gets_at_each_clip_skip():
    parts = networks.parts_of(1)
    text, colours = "red circle on the left, blue square on the right, white background", ["red", "blue"]
    looked = lens_study.look(parts, text, colours)
    tokens = parts.encoder([text])[0]
    given = torch.cat([unet.encode(parts.text, tokens, value) for value in range(1, LAST + 1)]).double()
    place = tokens[0].tolist().index(parts.encoder.tokenizer.convert_tokens_to_ids("blue</w>"))
    for found, one, other in (
        (looked.word[1, 0, 4], given[0, place], given[4, place]),
        (looked.noun[1, 1, 2], given[1, place + 1], given[2, place + 1]),
        (looked.distance[1, 11], given[1], given[11]),
    ):
        assert found == pytest.approx(float((one - other).norm() / (one.norm() * other.norm()).sqrt()), rel=1e-4)
    without = text.replace("blue ", "")
    alone = torch.cat([unet.encode(parts.text, parts.encoder([without])[0], v) for v in range(1, LAST + 1)]).double()
    alike = [
        torch.cosine_similarity(given[3, place], states[3, at], dim=0)
        for states, at in ((given, place + 1), (alone, place))
    ]
    assert looked.mixed[1, 3] == pytest.approx(float(alike[0] - alike[1]), abs=1e-5)
