"""Findings in words: from made-up measures, what is said and what is not, in English and Japanese."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.measure.details import more
from clip_skip_lab.measure.findings import findings
from clip_skip_lab.measure.phrases import percents, times
from tests.helpers.measured import both, content_of, effects_of, said


def test_nothing_is_ranked_in_a_fragment():
    effects = effects_of(0.6, 0.3, 0.1)
    content = content_of(
        {1: 0.0, 2: 0.2, 3: 0.9, 4: 0.9},
        {1: 100, 2: 90, 3: 20, 4: 10},
        steps={(1, 2): 0.2, (2, 3): 0.8},
        new_seed=0.5,
        effects=effects,
    )
    whole = " ".join(findings(content)["en"])
    content["cells"][3]["measures"] = {}
    fragment = " ".join(findings(content)["en"])
    for ranking in ("most at 2 → 3", "comes closest", "the largest step", "From clip skip 3 on", "60%"):
        assert ranking in whole
        assert ranking not in fragment
    assert "The image changes at every step." in fragment


def test_edges_are_spoken_of_as_what_they_are_and_beyond_a_factor_of_two_only_where_they_are_weak():
    changes = {skip: 0.1 * (skip - 1) for skip in (1, 2, 6, 12)}
    english, japanese = both(changes, sharpness={1: 100, 2: 80, 6: 49, 12: 20})
    assert (
        "From clip skip 6 on, edges are less than half as strong as at clip skip 1: the images are blurrier, have less "
        "contrast, or show less." in english
    )
    assert "Clip skip 6 以降では、輪郭の強さは Clip skip 1 の半分未満です" in japanese
    assert "At clip skip 12, edges are less than half" in said(changes, sharpness={1: 100, 2: 80, 6: 60, 12: 20})
    assert "Edges stay about as strong as at clip skip 1." in said(changes, sharpness={1: 100, 2: 90, 6: 110, 12: 100})
    for others in ({2: 40, 6: 49, 12: 60}, {2: 90, 6: 2100, 12: 60}):
        text = said(changes, sharpness={1: 100, **others})
        assert "dges" not in text
        assert "harp" not in text


def test_weak_edges_are_from_a_value_on_only_where_the_reference_is_not_among_those_values():
    falling = {12: 0.0, 8: 0.4, 9: 0.4, 10: 0.4, 11: 0.4}
    english, japanese = both(falling, sharpness={10: 40, 11: 40})
    assert "At clip skip 10 and 11, edges are less than half as strong as at clip skip 12" in english
    assert "Clip skip 10、11 では、輪郭の強さは Clip skip 12 の半分未満です" in japanese
    assert "At clip skip 8, edges are less than half" in said(falling, sharpness={8: 40})
    assert "At clip skip 2 and 8, edges" in said({4: 0.0, 2: 0.4, 8: 0.4}, sharpness={2: 40, 8: 40})
    assert "dges" not in said(
        {20: 0.0} | dict.fromkeys(range(1, 20), 0.4), sharpness=dict.fromkeys(range(1, 20, 2), 40)
    )


def test_which_value_is_most_like_the_reference_where_one_clearly_is():
    english, japanese = both({1: 0.0, 2: 0.4, 5: 0.2, 9: 0.6})
    assert "Clip skip 5 comes closest to clip skip 1." in english
    assert "Clip skip 1 に最も近いのは 5 です。" in japanese
    assert "comes closest" not in said({1: 0.0, 2: 0.4, 5: 0.38, 9: 0.6})
    assert "comes closest" not in said({1: 0.0, 2: 0.001, 5: 0.01, 9: 0.6})


def test_the_reference_is_the_first_value_where_one_was_not_swept():
    assert "Clip skip 6 comes closest to clip skip 4." in said({4: 0.0, 6: 0.2, 9: 0.6})


def test_whether_cfg_plays_a_part():
    changes = {1: 0.0, 2: 0.4, 3: 0.5}
    tested = {"Clip skip": 0.001, "CFG Scale": None}
    english, japanese = both(changes, scales=(5, 7), effects=effects_of(0.62, 0.33, 0.05, tested))
    assert (
        "Of the differences between the images, clip skip accounts for 62%, CFG Scale for 33%, and the two in "
        "combination for 5%. Clip skip and CFG Scale hardly interact here." in english
    )
    assert "画像の違いの内訳: Clip skip 62%、CFG Scale 33%、組み合わせ 5%。" in japanese
    text = said(changes, scales=(5, 7), effects=effects_of(0.3, 0.3, 0.4))
    assert text.endswith("What clip skip does depends on CFG Scale here.")
    by_chance = effects_of(0.3, 0.3, 0.4, {"interaction": 0.4})
    assert "depends" not in said(changes, scales=(5, 7), effects=by_chance)
    between = said(changes, scales=(5, 7), effects=effects_of(0.4, 0.4, 0.2))
    assert "interact here" not in between
    assert "depends" not in between


def test_shares_add_up_to_a_hundred_with_what_is_left():
    shares = {"Clip skip": 0.205, "CFG Scale": 0.205, "Seed": 0.205, "interaction": 0.195, "rest": 0.19}
    effects = {"axes": ["Clip skip", "CFG Scale", "Seed"], "shares": shares, "p": None}
    text = said({1: 0.0, 2: 0.4, 3: 0.5}, scales=(5, 7), effects=effects)
    (sentence,) = re.findall(r"Of the differences[^.]*\.", text)
    assert sum(map(int, re.findall(r"(\d+)%", sentence))) == 100
    assert sentence.endswith("the seed for 20%, the axes in combination for 19%, and everything else for 19%.")


@given(st.dictionaries(st.text(max_size=3), st.floats(1e-9, 1), min_size=1))
@settings(max_examples=60)
def test_percents_add_up_and_are_next_to_the_shares(shares):
    found = percents(shares)
    assert sum(found.values()) == 100
    total = sum(shares.values())
    assert all(abs(found[name] - 100 * share / total) < 1 + 1e-6 for name, share in shares.items())


def test_one_clip_skip_leaves_nothing_to_compare():
    assert said({3: 0.0}) == "Fewer than two values of clip skip were measured, so there is nothing to compare."


def test_pictures_of_different_size_cannot_be_compared():
    assert said({1: None, 2: None}).startswith("No images of different clip skips could be compared")


def test_averages_of_layers_are_compared_but_have_no_place_in_an_order():
    text = said({1: 0.0, 2: 0.4, "avg 2-4": 0.1}, sharpness={1: 100, 2: 90, "avg 2-4": 10}, steps={(1, 2): 0.4})
    assert "Clip skip avg 2-4 comes closest to clip skip 1." in text
    assert "dges" not in text


def test_numbers_and_symbols_are_under_more_and_not_among_the_findings():
    effects = effects_of(0.62, 0.33, 0.05, {"Clip skip": 0.001, "CFG Scale": None, "interaction": 0.4})
    content = content_of(
        {1: 0.0, 2: 0.4, 3: 0.5}, {2: 44, 3: 2100}, (5, 7), {(1, 2): 0.4, (2, 3): 0.002}, effects=effects
    )
    assert not re.search("SSIM|ΔE|p =|p-value|Laplacian", " ".join(findings(content)["en"]))
    found = more(content)
    assert found["en"] == [
        "Changed area (pixels of a clearly different color, ΔE above 15) at each step: 40% at 1 → 2, under 1% at "
        "2 → 3.",
        "Composition change (1 − SSIM of the brightness, 0 is none) at each step: 0.00 to 0.40, largest at 1 → 2.",
        "Changed area compared with clip skip 1: 40% at 2, 50% at 3.",
        "Compared with clip skip 1, edges range from 0.44 times as strong at 2 to 21 times as strong at 3 (variance of "
        "the Laplacian, which also grows with contrast and noise).",
        "p-values (permutation test): clip skip 0.001, interaction 0.400.",
    ]
    assert "（明るさの 1 − SSIM、0 は変化なし）: 0.00〜0.40（最大は 1 → 2）。" in found["ja"][1]
    assert "2 → 3 で 1% 未満。" in found["ja"][0]
    assert len(found["ja"]) == len(found["en"])
    assert not any(more(content_of({1: 0.0})).values())


def test_one_number_is_no_range():
    content = content_of({1: 0.0, 2: 0.5}, {2: 40}, steps={(1, 2): 0.5})
    found = [" ".join(sentences) for sentences in more(content).values()]
    assert "at each step: 0.50 at 1 → 2." in found[0]
    assert "1 → 2 で 0.50。" in found[1]
    assert "Compared with clip skip 1, edges are 0.4 times as strong at 2 (" in found[0]
    assert "2 で 0.4 倍（" in found[1]
    found = [" ".join(sentences) for sentences in more(content_of({1: 0.0, 2: 0.5, 3: 0.5})).values()]
    assert "edges are equally strong at every other value (" in found[0]
    assert "ほかのどの値でも同じ（" in found[1]
    assert "edges are equally strong at 2 (" in " ".join(more(content_of({1: 0.0, 2: 0.5}))["en"])
    assert "edges range from 0.4 times as strong at 2 to equally strong at 3 (" in " ".join(
        more(content_of({1: 0.0, 2: 0.5, 3: 0.5}, {2: 40}))["en"]
    )


def test_numbers_are_written_as_people_write_them():
    assert [times(ratio) for ratio in (0.449, 0.5, 1.0, 1.26, 4.0, 9.96, 21.3)] == [
        "0.45", "0.5", "1", "1.3", "4", "10", "21",
    ]  # fmt: skip


CHANGES = st.one_of(st.none(), st.floats(0, 2))


@given(
    st.dictionaries(
        st.one_of(st.integers(1, 12), st.sampled_from([1.5, 2.25, "avg 2-4"])), st.tuples(CHANGES, CHANGES), min_size=1
    ),
    st.one_of(st.none(), st.floats(0, 2)),
    st.sampled_from([(None,), (5,), (5, 7)]),
)
@settings(max_examples=150)
def test_whatever_the_numbers_there_is_something_to_say_in_both_languages(values, new_seed, scales):
    composition = {skip: pair[0] for skip, pair in values.items()}
    sharpness = {skip: pair[1] for skip, pair in values.items()}
    numbers = sorted(skip for skip in values if not isinstance(skip, str))
    steps = dict(zip(pairwise(numbers), composition.values(), strict=False))
    content = content_of(composition, sharpness, scales, steps, new_seed=new_seed)
    found, numbers = findings(content), more(content)
    assert len(found["en"]) == len(found["ja"]) > 0
    assert len(numbers["en"]) == len(numbers["ja"])
    all_said = found["en"] + found["ja"] + numbers["en"] + numbers["ja"]
    assert not [text for text in all_said if re.search("nan|None|inf|\0|  ", text)]
    assert all(text.replace("→", "").isascii() for text in found["en"])


def test_findings_are_plain_data():
    content = content_of({1: np.float64(0), 2: 0.4})
    assert json.loads(json.dumps([findings(content), more(content)]))
