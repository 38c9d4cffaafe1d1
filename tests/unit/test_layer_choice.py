"""What a clip skip names: text and back, shares of layers, and which encoder gets which value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.layers.facts import Encoder
from clip_skip_lab.layers.selection import (
    BIG_G,
    CLIP_L,
    SD1,
    SD2,
    LayerChoice,
    check_reachable,
    choice_for,
    nearest_whole,
)
from clip_skip_lab.sweep.layer_request import (
    INTERPOLATIONS,
    KEYS,
    LayerRequest,
    asked_by_panel,
    read_layer_request,
    read_values,
)
from clip_skip_lab.sweep.schedule import values_within
from clip_skip_lab.sweep.values import read_clip_skip

numbers = st.one_of(
    st.integers(1, 40),
    st.floats(1, 40).filter(lambda x: x != int(x)).map(lambda x: round(x, 6)).filter(lambda x: x > 1),
)
averages = st.tuples(st.integers(1, 39), st.integers(1, 39)).map(lambda ends: (min(ends), max(ends) + 1))
ways = st.sampled_from(INTERPOLATIONS)
choices = st.one_of(
    st.builds(lambda first, way: LayerChoice(first, None, way), numbers, ways),
    st.builds(lambda ends, way: LayerChoice(*ends, way), averages, ways),
)


@given(choices)
def test_a_choice_written_as_text_reads_as_the_same_choice(choice):
    assert LayerChoice.of(read_clip_skip(str(choice), None)[0], choice.interpolation) == choice


@given(choices)
def test_the_shares_of_the_layers_add_up_to_one_and_none_is_beyond_the_deepest(choice):
    layers, shares = zip(*choice.weights, strict=True)
    assert sum(shares) == pytest.approx(1)
    assert all(share > 0 for share in shares)
    assert max(layers) == choice.deepest
    assert min(layers) >= 1


@given(choices)
def test_the_middle_of_a_choice_is_the_weighted_mean_of_its_layers(choice):
    middle = choice.first if choice.last is None else (choice.first + choice.last) / 2
    assert sum(layer * share for layer, share in choice.weights) == pytest.approx(middle)


def test_texts_of_choices():
    assert str(LayerChoice(2)) == "2"
    assert str(LayerChoice(1.5)) == "1.5"
    assert str(LayerChoice(2, 4)) == "avg 2-4"


@pytest.mark.parametrize("arguments", [(0.5,), (float("nan"),), (4, 2), (1.5, 3), (2, None, "cubic")])
def test_an_impossible_choice_cannot_be_made(arguments):
    with pytest.raises(ValueError):
        LayerChoice(*arguments)


@pytest.mark.parametrize(("value", "whole"), [(1, 1), (1.4, 1), (1.5, 2), (2.5, 3), ("avg 2-4", 3), ("avg 2-3", 3)])
def test_a_host_that_knows_whole_numbers_only_is_given_the_nearest(value, whole):
    assert nearest_whole(value) == whole


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1-3", [1, 2, 3]),
        ("1-2 (+0.5)", [1, 1.5, 2]),
        ("1-2 (+0.1)", [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2]),
        ("1.0-2.0 [5]", [1, 1.25, 1.5, 1.75, 2]),
        ("1-12 [5]", [1, 3, 6, 9, 12]),
        ("2-1 (-0.5)", [2, 1.5, 1]),
        ("1, 1.0, 2.5, avg 2-4", [1, 2.5, "avg 2-4"]),
        ([1, 2.0, "2.5", "avg 1-12"], [1, 2, 2.5, "avg 1-12"]),
        (1.5, [1.5]),
    ],
)
def test_clip_skip_values_may_be_fractions_and_averages_and_whole_ones_stay_whole(text, values):
    found = read_clip_skip(text, 12)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    "text",
    ["0.5", "12.5", "1-13 (+0.5)", "avg 4-2", "avg 2-2", "avg 0-2", "avg 2-13", "avg 2", "1.5.2", "", [None], [True]],
)
def test_what_is_no_layer_is_refused_with_what_is_allowed(text):
    with pytest.raises(InvalidInput, match="allowed"):
        read_clip_skip(text, 12)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        for value in read_clip_skip(text, 12):
            assert all(LayerChoice.of(part).deepest <= 12 for part in values_within(value))
    except InvalidInput as error:
        assert error.detail


def test_what_is_asked_reads_back_from_its_own_data():
    finer = LayerRequest(1.5, "spherical", "avg 2-4", True, 3, 2.5)
    assert read_layer_request(finer.to_json()) == finer
    assert read_layer_request({}) == LayerRequest()
    assert LayerRequest().to_json() == {}


def test_the_panels_arguments_ask_nothing_while_it_is_off():
    full = ("1.5", "after norm", "3", True, "2", "2.5")
    assert asked_by_panel((False, *full)) == {}
    assert asked_by_panel(()) == {}
    assert asked_by_panel((True, *full)) == dict(zip(KEYS, full, strict=True))
    assert asked_by_panel((True, "", "before norm", "", False, "", "")) == {"interpolation": "before norm"}
    assert asked_by_panel(({"clip_skip": 1.5}, "9")) == {"clip_skip": 1.5}


@pytest.mark.parametrize(
    "asked",
    [
        {"clip_skip": "1-3"},
        {"clip_skip": [1] * 0},
        {"negative_clip_skip": "fox"},
        {"interpolation": "cubic"},
        {"every_model": "yes"},
        {"skip": 1},
        {"sdxl_big_g_skip": 0},
    ],
)
def test_what_cannot_be_asked_is_refused(asked):
    with pytest.raises(InvalidInput):
        read_layer_request(asked)


def test_same_means_no_value_of_its_own():
    assert read_layer_request({"negative_clip_skip": "same", "clip_skip": None}) == LayerRequest()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("empty", [0, "", [], {}], ids=repr)
def test_an_empty_value_is_not_taken_for_none(key, empty):
    with pytest.raises(InvalidInput):
        read_layer_request({key: empty})


def test_a_zero_in_the_panels_place_is_a_value_and_an_empty_input_none():
    assert asked_by_panel((True, 0, None, "  ", False, "", 0.0)) == {"clip_skip": 0, "sdxl_big_g_skip": 0.0}


def test_the_values_of_an_axis_are_written_out_in_full_width_too():
    assert read_values("ｓａｍｅ、１～３, 1.5", "Negative clip skip", 12) == ["same", 1, 2, 3, 1.5]
    for wrong in ("13", "1-13", "avg 2-13", "fox", "", "same," * 2000, "1-1000,1001-2000"):
        with pytest.raises(InvalidInput):
            read_values(wrong, "Negative clip skip", 12)
    with pytest.raises(InvalidInput, match="at most 1000 values"):
        read_values("1-1000,1001-2000", "Negative clip skip", None)


A1111 = {
    SD1: Encoder("CLIP-L", 12),
    SD2: Encoder("OpenCLIP ViT-H", 24, usual=23),
    CLIP_L: Encoder("CLIP-L", 12, usual=11, norm=False),
    BIG_G: Encoder("OpenCLIP bigG", 32, usual=31, norm=False),
}
"""The encoders as AUTOMATIC1111 has them: SD1's alone honours clip skip."""

LOWEST_2 = Encoder("CLIP-L", 12, norm=False, trained=11, minimal=2)
"""SDXL's on Forge: clip skip decides, and 1 is 2."""


def test_where_the_host_has_a_lowest_clip_skip_what_is_below_is_the_lowest():
    assert choice_for(LayerRequest(value=1.5), CLIP_L, LOWEST_2, False, 1) == LayerChoice(2)
    assert choice_for(LayerRequest(value=2.5, negative=1), CLIP_L, LOWEST_2, True, 1) == LayerChoice(2)
    assert choice_for(LayerRequest(value="avg 1-4"), CLIP_L, LOWEST_2, False, 1) == LayerChoice(2, 4)
    assert choice_for(LayerRequest(value="avg 1-2"), CLIP_L, LOWEST_2, False, 1) == LayerChoice(2)
    assert choice_for(LayerRequest(value=2.5), CLIP_L, LOWEST_2, False, 1) == LayerChoice(2.5)


def test_what_is_asked_of_one_encoder_or_of_every_model_goes_below_the_lowest():
    assert choice_for(LayerRequest(clip_l=1), CLIP_L, LOWEST_2, False, 3) == LayerChoice(1)
    assert choice_for(LayerRequest(value=1.5, every_model=True), CLIP_L, LOWEST_2, False, 3) == LayerChoice(1.5)


def test_where_clip_skip_decides_every_encoder_finer_values_need_no_permission():
    check_reachable(LayerRequest(value=2.5, negative=3), {CLIP_L: True, BIG_G: True})
    with pytest.raises(InvalidInput):
        check_reachable(LayerRequest(value=2.5), {CLIP_L: False, BIG_G: False})


def test_nothing_asked_leaves_every_encoder_to_the_host():
    for kind in (SD1, SD2, CLIP_L, BIG_G):
        assert choice_for(LayerRequest(), kind, A1111[kind], False, 2) is None


def test_on_sd2_and_sdxl_a_value_waits_for_every_model():
    for kind in (SD2, CLIP_L, BIG_G):
        assert choice_for(LayerRequest(value=3, negative=4), kind, A1111[kind], True, 2) is None
        assert choice_for(LayerRequest(value=3, every_model=True), kind, A1111[kind], False, 2) == LayerChoice(3)
        assert choice_for(LayerRequest(every_model=True), kind, A1111[kind], False, 2) == LayerChoice(2)
        assert choice_for(LayerRequest(every_model=True), kind, A1111[kind], False, 0) == LayerChoice(1)
    assert choice_for(LayerRequest(every_model=True), SD1, A1111[SD1], False, 2) is None


def test_sdxls_encoders_can_have_values_of_their_own_each():
    finer = LayerRequest(clip_l=3, big_g=2.5)
    assert choice_for(finer, CLIP_L, A1111[CLIP_L], False, 1) == LayerChoice(3)
    assert choice_for(finer, BIG_G, A1111[BIG_G], False, 1) == LayerChoice(2.5)
    assert choice_for(finer, SD1, A1111[SD1], False, 1) is None
    assert choice_for(LayerRequest(clip_l=3), BIG_G, A1111[BIG_G], False, 1) is None


def test_the_negative_value_is_for_the_negative_prompt_only():
    finer = LayerRequest(value=1.5, negative="avg 2-4", interpolation="spherical")
    assert choice_for(finer, SD1, A1111[SD1], False, 1) == LayerChoice(1.5, None, "spherical")
    assert choice_for(finer, SD1, A1111[SD1], True, 1) == LayerChoice(2, 4, "spherical")
    assert choice_for(LayerRequest(negative=3), SD1, A1111[SD1], False, 1) is None
    assert choice_for(LayerRequest(value=2), SD1, A1111[SD1], True, 1) == LayerChoice(2)


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ({"interpolation": "before norm"}, {"interpolation": "spherical"}),
        ({"every_model": False}, {"every_model": True}),
        ({"negative_clip_skip": "same"}, {"negative_clip_skip": 3}),
    ],
)
def test_what_is_given_wins_over_what_another_asks_also_where_it_is_what_is_usual(usual, other):
    given = read_layer_request(usual)
    assert given == LayerRequest()
    assert read_layer_request({**other, **given.to_json()}) == LayerRequest()
    assert read_layer_request(given.to_json()).given == given.given
