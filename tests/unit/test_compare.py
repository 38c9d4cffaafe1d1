"""Two sweeps beside each other: one number each, one sentence, one chart."""

from __future__ import annotations

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.language import in_all_languages
from clip_skip_lab.measure.charts import comparison_chart
from clip_skip_lab.measure.compare import compare, is_measured
from clip_skip_lab.measure.folder import measure_folder
from clip_skip_lab.measure.metrics import MEASURES
from clip_skip_lab.sweep.library import kind_of
from tests.helpers.measured import content_of, paint, swept


def sweep(name, changes, img2img=False, **more):
    setting = {"prompt": "cat", **({"init_images": ["0a1b"]} if img2img else {})}
    return {**content_of(changes, **more), "id": name, "setting": setting}


TXT2IMG = sweep("one", {1: 0.0, 2: 0.4, 3: 0.6})
IMG2IMG = sweep("two", {1: 0.0, 2: 0.1, 3: 0.15}, img2img=True)


def test_the_number_is_the_mean_change_over_the_values_that_both_have():
    found = compare(TXT2IMG, IMG2IMG)
    assert found.labels == ("txt2img", "img2img")
    assert found.changes == pytest.approx((0.5, 0.125))
    assert found.lines == ({1: 0.0, 2: 0.4, 3: 0.6}, {1: 0.0, 2: 0.1, 3: 0.15})
    other = compare(TXT2IMG, sweep("two", {1: 0.0, 3: 0.15, 9: 2.0}, img2img=True))
    assert other.changes == pytest.approx((0.6, 0.15))
    assert list(other.lines[0]) == [1, 3]


def test_the_sentence_says_how_many_times_and_over_what():
    found = in_all_languages(compare(TXT2IMG, IMG2IMG).sentence)
    assert found["en"] == (
        "Clip skip changes 50% of the image in txt2img and 12% in img2img: 4 times as much in txt2img. "
        "Mean over clip skip 2 and 3, each compared with 1."
    )
    assert "txt2img は img2img の 4 倍" in found["ja"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({1: 0.0, 2: 0.41, 3: 0.6}, ": about the same."),
        ({1: 0.0, 2: 0.0, 3: 0.0}, "0% in img2img. Mean"),
    ],
)
def test_what_is_no_multiple_is_not_called_one(changes, words):
    assert words in compare(TXT2IMG, sweep("two", changes, img2img=True)).sentence


def test_two_that_hardly_move_are_not_divided_by_each_other():
    still = {1: 0.0, 2: 0.001, 3: 0.004}
    assert "next to nothing in both" in compare(sweep("one", still), sweep("two", still, img2img=True)).sentence


def test_two_sweeps_of_one_kind_are_told_apart_by_their_names():
    assert compare(TXT2IMG, sweep("two", {1: 0.0, 2: 0.3})).labels == ("txt2img one", "txt2img two")


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({1: 0.0, 7: 0.2}, "have no value in common that could be compared"),
        ({2: 0.0, 3: 0.2}, "are measured against different clip skips, 1 and 2"),
        ({1: None, 2: None}, "have no value in common that could be compared"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(other, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        compare(TXT2IMG, sweep("two", other))


def test_a_sweep_with_nothing_done_gets_a_sentence():
    empty = {**IMG2IMG, "reference": None, "cells": []}
    with pytest.raises(InvalidInput, match='"two" has nothing to compare; allowed: a sweep with finished cells'):
        compare(TXT2IMG, empty)


def test_measured_folders_can_be_compared_and_drawn(tmp_path):
    moved = {**measure_folder(swept(tmp_path / "a", "1-4")), "setting": {}}
    still = measure_folder(swept(tmp_path / "b", "1-4", painted=lambda skip, scale, seed: paint(1 + skip / 3, 0, 0)))
    still = {**still, "setting": {"init_images": ["0a"]}}
    found = compare(moved, still)
    assert found.changes[0] > 2 * found.changes[1] > 0
    assert kind_of(still) == "img2img"
    chart = comparison_chart(found, "ja")
    assert chart.format == "PNG"
    assert len(chart.convert("RGB").getcolors(1 << 20)) > 20


def test_a_sweep_that_an_earlier_version_measured_is_measured_again():
    assert not is_measured({})
    assert not is_measured({"measures": [{"key": "composition_change"}]})
    assert is_measured({"measures": [measure.to_json() for measure in MEASURES]})
