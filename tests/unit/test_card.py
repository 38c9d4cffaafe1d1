"""The price of the stand-in for a card, by which `benchmarks.card` says what the processor adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stand_in.stand_in import price

PICTURES = st.integers(1, 40)
SIDES = st.sampled_from([256, 512, 768, 1024])


@pytest.mark.parametrize(("pictures", "milliseconds"), [(1, 25), (8, 8 * 12.5), (16, 16 * 12.5)])
def test_a_picture_alone_costs_the_price_and_in_a_batch_of_eight_or_more_half_of_it(pictures, milliseconds):
    assert price.step(25, pictures, 512, 512) == pytest.approx(milliseconds / 1000)


def test_between_one_and_eight_a_picture_gets_cheaper_by_the_same_each_time():
    steps = [price.fall(count) - price.fall(count + 1) for count in range(1, 8)]
    assert steps == pytest.approx([0.5 / 7] * 7)


@given(PICTURES, SIDES, SIDES)
def test_pixels_scale_the_price(pictures, width, height):
    scaled = price.step(25, pictures, 512, 512) * (width / 512) * (height / 512)
    assert price.step(25, pictures, width, height) == pytest.approx(scaled)


@given(PICTURES, st.data())
def test_a_step_costs_the_same_however_its_rows_are_divided_into_calls(pictures, data):
    left, calls = 2 * pictures, []
    while left:
        calls.append(data.draw(st.integers(1, left)))
        left -= calls[-1]
    paid = sum(price.call(25, rows, pictures, 512, 512) for rows in calls)
    assert paid == pytest.approx(price.step(25, pictures, 512, 512))
