"""What is read from pictures for docs/claims.md, on pictures whose answer is known."""

import numpy as np
import pytest

from training import captions, claims, evaluate, world


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


@pytest.mark.parametrize("objects", [1, 2])
def test_colours_that_change_places_are_all_in_the_picture_but_on_the_wrong_things(objects):
    scenes, _ = evaluate.questions(20, objects)
    right = world.draw(scenes, np.random.default_rng(0))
    wrong = world.draw(
        captions.exchanged(scenes, "colours" if objects == 2 else "colour and ground"), np.random.default_rng(0)
    )
    assert claims.roles(right, objects) == {"bound": 1, "exchanged": 0, "all_colours_somewhere": 1}
    assert claims.roles(wrong, objects) == {"bound": 0, "exchanged": 1, "all_colours_somewhere": 1}


def test_a_picture_without_the_object_has_neither_its_colours_bound_nor_exchanged():
    scenes, _ = evaluate.questions(4, 2)
    empty = np.stack([np.full((64, 64, 3), world.PALETTE[scene[world.GROUND]], np.uint8) for scene in scenes])
    assert claims.roles(empty, 2) == {"bound": 0, "exchanged": 0, "all_colours_somewhere": 0}


def test_the_pictures_of_an_evaluation_are_found_by_model_objects_clip_skip_and_cfg_scale(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("direct-1-skip-10-cfg-5", "direct-1-skip-2-cfg-5", "two-direct-1-skip-2-cfg-5", "host-1-skip-2-cfg-5"):
        np.save(tmp_path / "pictures" / f"{name}.npy", np.zeros(1))
    assert list(claims.pictures_of(tmp_path, 1)) == [(2, 5.0), (10, 5.0)]
    assert list(claims.pictures_of(tmp_path, 1, objects=2)) == [(2, 5.0)]
    assert claims.pictures_of(tmp_path, 2) == {}
