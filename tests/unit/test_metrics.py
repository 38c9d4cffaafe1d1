"""Measures of pictures: each against its definition written out, and what holds for every picture."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageFilter
from scipy import ndimage
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from clip_skip_lab.measure.conditioning import NOTED
from clip_skip_lab.measure.metrics import (
    MEASURES,
    _spectrum_parts,
    changed_area,
    colour_differences,
    high_frequency_share,
    mean_absolute_difference,
    measures_of,
    saturation,
    sharpness,
    structure_change,
)
from clip_skip_lab.measure.pictures import REDUCED_SIDE, measurable
from tests.helpers.measured import landscape

SIDES = st.integers(1, 24)
LUMAS = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, shape))
PICTURES = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, (*shape, 3)))
PAIRS = st.tuples(SIDES, SIDES).flatmap(
    lambda shape: st.tuples(arrays(np.uint8, (*shape, 3)), arrays(np.uint8, (*shape, 3)))
)


def grey(array):
    return Image.fromarray(array.astype(np.uint8)).convert("RGB")


def measured(image, reference=None):
    return measures_of(measurable(image), measurable(reference) if reference else None)


def changes(image, reference):
    found = measured(image, reference)
    return {measure.key: found[measure.key] for measure in MEASURES if measure.from_reference}


def ssim_by_its_definition(one, other, window=7):
    """Wang et al. 2004, equation 13, with sample covariance, averaged over all places of the window."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for top in range(one.shape[0] - window + 1):
        for left in range(one.shape[1] - window + 1):
            x = one[top : top + window, left : left + window].astype(float).ravel()
            y = other[top : top + window, left : left + window].astype(float).ravel()
            covariance = np.cov(x, y)
            found.append(
                (2 * x.mean() * y.mean() + c1)
                * (2 * covariance[0, 1] + c2)
                / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2))
            )
    return float(np.mean(found))


def test_structure_change_is_one_minus_ssim_by_its_definition():
    one, other = (np.asarray(landscape(24, seed).convert("L")) for seed in (0, 1))
    assert structure_change(one, other) == pytest.approx(1 - ssim_by_its_definition(one, other), abs=1e-5)


def of_any_size(seed):
    """Two brightnesses of one size, some with more than one band of rows, some alike."""
    random = np.random.default_rng(seed)
    height, width = (int(random.integers(7, most)) for most in random.permutation([150, 1200]))
    one, other = random.integers(0, 256, (2, height, width), dtype=np.uint8)
    return one, random.choice([other, np.clip(one, 1, 254), np.sort(one)])


@pytest.mark.parametrize("seed", range(12))
def test_structure_change_is_to_the_last_digit_that_of_scikit_image(seed):
    one, other = of_any_size(seed)
    singles = one.astype(np.float32), other.astype(np.float32)
    assert structure_change(one, other) == max(0.0, 1 - structural_similarity(*singles, win_size=7, data_range=255))


@pytest.mark.parametrize("seed", range(12))
def test_sharpness_and_high_frequencies_are_to_the_last_digit_those_of_the_picture_taken_whole(seed):
    luma, _ = of_any_size(seed)
    level = luma.astype(np.float32)
    laplacian = ndimage.laplace(level)[1:-1, 1:-1]
    assert sharpness(luma) == laplacian.var(dtype=np.float64)
    window, counts, high = _spectrum_parts(*luma.shape)
    mean = float((luma * window).sum() / window.sum())
    power = np.abs(np.fft.rfft2((luma - mean) * window)) ** 2 * counts
    assert high_frequency_share(luma) == power[high].sum() / power.sum()


def test_structure_change_of_a_small_picture_takes_a_smaller_window():
    random = np.random.default_rng(0)
    one, other = random.integers(0, 256, (2, 6, 9), dtype=np.uint8)
    assert structure_change(one, other) == pytest.approx(1 - ssim_by_its_definition(one, other, 5), abs=1e-5)
    assert structure_change(one[:2], other[:2]) is None


def test_structure_change_of_black_against_white_has_a_closed_form():
    black, white = np.zeros((16, 16), np.uint8), np.full((16, 16), 255, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert structure_change(black, white) == pytest.approx(1 - c1 / (255**2 + c1), abs=1e-6)


def test_mean_absolute_difference_of_plain_pictures_is_the_difference_of_their_levels():
    one, other = np.full((5, 4, 3), 10, np.uint8), np.full((5, 4, 3), (10, 250, 13), np.uint8)
    assert mean_absolute_difference(one, other) == pytest.approx((0 + 240 + 3) / 3)


def test_sharpness_is_the_variance_of_scipys_laplacian_within_the_border():
    luma = np.asarray(landscape().convert("L"))
    inside = ndimage.laplace(luma.astype(float))[1:-1, 1:-1]
    assert sharpness(luma) == pytest.approx(inside.var(), rel=1e-6)
    assert sharpness(luma[:2]) is None


def test_sharpness_of_a_chessboard_has_a_closed_form():
    down, across = np.indices((10, 10))
    board = ((down + across) % 2 * 255).astype(np.uint8)
    assert sharpness(board) == pytest.approx((4 * 255) ** 2)


def test_high_frequency_share_is_that_of_the_whole_spectrum():
    luma = np.asarray(landscape(37).convert("L"))[:, :30].astype(float)
    window = np.outer(np.hanning(39)[1:-1], np.hanning(32)[1:-1])
    level = luma - np.average(luma, weights=window)
    power = np.abs(np.fft.fft2(level * window)) ** 2
    high = np.hypot(*np.meshgrid(np.fft.fftfreq(37), np.fft.fftfreq(30), indexing="ij")) > 1 / 8
    assert high_frequency_share(luma.astype(np.uint8)) == pytest.approx(power[high].sum() / power.sum(), rel=1e-6)


@pytest.mark.parametrize(("period", "share"), [(4, 1.0), (6, 1.0), (12, 0.0), (32, 0.0)])
def test_a_wave_is_high_where_its_period_is_under_eight_pixels(period, share):
    across = np.tile(128 + 100 * np.sin(2 * np.pi * np.arange(96) / period), (96, 1))
    for luma in (across, across.T):
        assert high_frequency_share(luma.astype(np.uint8)) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((255, 255, 255), (0, 0, 0), 100.0),  # L* from 100 to 0, without colour
        ((128, 128, 128), (128, 128, 128), 0.0),
    ],
)
def test_colour_difference_of_greys(one, other, difference):
    pictures = [np.full((4, 4, 3), colour, np.uint8) for colour in (one, other)]
    assert colour_differences(*pictures).mean() == pytest.approx(difference, abs=0.01)


def test_the_changed_area_is_what_has_clearly_another_colour_be_it_as_bright_as_before():
    before = np.full((8, 8, 3), (45, 75, 215), np.uint8)
    after = before.copy()
    after[:2] = (190, 50, 50)  # about as bright
    after[2:4] += 5  # hardly seen
    assert changed_area(colour_differences(before, after)) == 0.25


def test_colour_difference_is_ciede2000_by_a_published_pair():
    """The first pair of Sharma et al. 2005 by the function that colour_differences uses."""
    assert deltaE_ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485]) == pytest.approx(2.0425, abs=1e-4)


def test_saturation_is_that_of_hsv():
    colours = np.array([[(255, 0, 0), (128, 128, 128), (0, 0, 0), (200, 100, 100)]], np.uint8)
    assert saturation(colours) == pytest.approx((1 + 0 + 0 + 0.5) / 4)


@given(PICTURES)
@settings(max_examples=60)
def test_a_picture_does_not_differ_from_itself(rgb):
    assert set(changes(Image.fromarray(rgb), Image.fromarray(rgb.copy())).values()) <= {0.0, None}


@given(PAIRS)
@settings(max_examples=60)
def test_comparisons_are_symmetric_finite_and_not_negative(pair):
    one, other = map(Image.fromarray, pair)
    there, back = changes(one, other), changes(other, one)
    for key, value in there.items():
        if value is None:
            assert back[key] is None
        else:
            assert math.isfinite(value)
            assert value >= 0
            assert value == pytest.approx(back[key], rel=1e-4, abs=1e-5)


@given(LUMAS)
@settings(max_examples=60)
def test_measures_of_one_picture_are_finite_and_within_their_bounds(luma):
    found = measured(Image.fromarray(luma))
    assert all(value is None or math.isfinite(value) for value in found.values())
    assert 0 <= found["high_frequency_share"] <= 1 + 1e-9
    assert 0 <= found["saturation"] <= 1
    assert (found["sharpness"] is None) == (min(luma.shape) < 3)


@given(st.integers(0, 255), SIDES, SIDES)
@settings(max_examples=20)
def test_a_plain_picture_has_no_detail(level, height, width):
    found = measured(Image.fromarray(np.full((height, width), level, np.uint8)))
    assert found["high_frequency_share"] == 0
    assert found["sharpness"] in (0, None)


@given(st.integers(0, 10**6), st.floats(0.8, 4))
@settings(max_examples=15)
def test_blur_lowers_sharpness_and_noise_raises_it(seed, radius):
    picture = landscape(seed=seed)
    noise = np.random.default_rng(seed).normal(0, 25, (96, 96, 3))
    blurred = picture.filter(ImageFilter.GaussianBlur(radius))
    noisy = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    for key in ("sharpness", "high_frequency_share"):
        blurry, plain, rough = (measured(image)[key] for image in (blurred, picture, noisy))
        assert blurry < plain < rough


def test_composition_forgives_noise_and_not_a_move():
    """What composition change is for: fine differences hardly count, shapes elsewhere do; detail change has both."""
    picture = landscape(256)
    noise = np.random.default_rng(1).normal(0, 20, (256, 256, 3))
    noisy = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    turned = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    rough, moved = measured(noisy, picture), measured(turned, picture)
    assert rough["composition_change"] < 0.1 < 0.4 < rough["detail_change"]
    assert moved["composition_change"] > 0.25


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_picture_can_be_measured(mode):
    image = Image.new(mode, (8, 8)) if mode == "I;16" else landscape(8).convert(mode)
    found = measured(image, image)
    assert found["mean_absolute_difference"] == 0
    assert set(found) == {measure.key for measure in MEASURES}


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (1, 1), (1, 90), (640, 30)])
def test_pictures_of_every_size_can_be_measured(size):
    image = landscape().resize(size)
    found = measured(image, image)
    assert found["mean_absolute_difference"] == 0
    assert max(measurable(image).reduced.luma.shape) == min(REDUCED_SIDE, max(size))


def test_pictures_of_different_size_are_not_compared():
    assert set(changes(landscape(64), landscape(72)).values()) == {None}


def test_without_a_reference_there_are_the_measures_of_the_picture_alone():
    found = measured(landscape(32))
    assert [found[measure.key] is not None for measure in MEASURES] == [
        measure.alone is not None for measure in MEASURES
    ]


def test_the_docs_have_every_measure_with_its_name_key_and_unit():
    docs = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    table = docs.partition("| measure | key |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in table.splitlines()[2:]]
    assert rows == [[measure.name, f"`{measure.key}`", measure.unit] for measure in (*MEASURES, NOTED)]
