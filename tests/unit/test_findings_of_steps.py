"""At which steps of clip skip the picture changes, in words: English and Japanese."""

from __future__ import annotations

import pytest

from clip_skip_lab.measure.findings import findings
from tests.helpers.measured import along, both, content_of, said


def test_the_steps_at_which_the_picture_changes_are_named_and_how_the_others_are():
    english, japanese = both(**along(0.01, 0.9, 0.85, 0.0, 0.02, 0.9, 0.01))
    assert "The image changes at 2 → 3, 3 → 4 and 6 → 7. It hardly changes at the other steps." in english
    assert "画像が変わるのは 2 → 3、3 → 4、6 → 7 です。ほかの段階ではほとんど変わりません。" in japanese


def test_a_sweep_that_flips_a_colour_six_times_says_where_though_its_brightness_stays():
    """Composition change is about brightness alone: as good as none here."""
    content = content_of(**along(*[0.95, 0.01] * 5, 0.95))
    for step in content["neighbours"]:
        step["composition_change"] = 0.01
    assert findings(content)["en"][0] == (
        "The image changes at 1 → 2, 3 → 4, 5 → 6, 7 → 8, 9 → 10 and 11 → 12. It hardly changes at the other steps."
    )


@pytest.mark.parametrize(
    ("areas", "sentence", "japanese"),
    [
        ((0.5, 0.5, 0.5), "The image changes at every step.", "どの段階でも画像が変わります。"),
        (
            (0.5, 0.4, 0.01, 0.02),
            "The image changes at 1 → 2 and 2 → 3, most at 1 → 2. It hardly changes at any step from 3 to 5.",
            "画像が変わるのは 1 → 2、2 → 3 です（最大は 1 → 2）。3 から 5 までの各段階ではほとんど変わりません。",
        ),
        (
            (0.01, 0.5, 0.5, 0.5, 0.01),
            "The image changes at each step from 2 to 5. It hardly changes at the other steps.",
            "画像が変わるのは 2 から 5 までの各段階です。ほかの段階ではほとんど変わりません。",
        ),
        (
            (0.5, 0.05, 0.06),
            "The image changes at 1 → 2. It changes a little at the other steps.",
            "画像が変わるのは 1 → 2 です。ほかの段階では少し変わります。",
        ),
        (
            (0.5, 0.05, 0.01, 0.02),
            "The image changes at 1 → 2. It changes a little at 2 → 3, and hardly changes at any step from 3 to 5.",
            "画像が変わるのは 1 → 2 です。2 → 3 では少し変わり、3 から 5 までの各段階ではほとんど変わりません。",
        ),
        (
            (0.5, 0.05, 0.01),
            "The image changes at 1 → 2. It changes a little at 2 → 3, and hardly changes at 3 → 4.",
            "画像が変わるのは 1 → 2 です。2 → 3 では少し変わり、3 → 4 ではほとんど変わりません。",
        ),
        (
            (0.05, 0.01, 0.02, 0.06),
            "The image changes only a little, at 1 → 2 and 4 → 5. It hardly changes at the other steps.",
            "画像が少し変わるのは 1 → 2、4 → 5 です。ほかの段階ではほとんど変わりません。",
        ),
        (
            (0.05, 0.05),
            "The image changes only a little, at every step.",
            "どの段階でも画像が少し変わります。",
        ),
        (
            (0.01, 0.02),
            "The image hardly changes from one clip skip to the next.",
            "隣り合う Clip skip の間で、画像はほとんど変わりません。",
        ),
        (
            (0.3, 0.5, 0.3),
            "The image changes at every step, most at 2 → 3.",
            "どの段階でも画像が変わります（最大は 2 → 3）。",
        ),
        ((0.5, None, 0.5), "The image changes at 1 → 2 and 3 → 4.", "画像が変わるのは 1 → 2、3 → 4 です。"),
        ((0.5,), "The image changes from clip skip 1 to 2.", "Clip skip 1 と 2 で画像が変わります。"),
        ((0.05,), "The image changes a little from clip skip 1 to 2.", "Clip skip 1 と 2 で画像が少し変わります。"),
        ((0.01,), "The image hardly changes from clip skip 1 to 2.", "Clip skip 1 と 2 で画像はほとんど変わりません。"),
        (
            (0.5, None, 0.01, 0.01),
            "The image changes at 1 → 2. It hardly changes at 3 → 4 and 4 → 5.",
            "画像が変わるのは 1 → 2 です。3 → 4、4 → 5 ではほとんど変わりません。",
        ),
    ],
)
def test_every_mixture_of_steps_has_its_sentence(areas, sentence, japanese):
    found = both(**along(*areas))
    assert sentence in found[0]
    assert japanese in found[1]


def test_of_many_steps_their_number_is_said():
    text = said(**along(*[0.5, 0.01] * 15))
    assert "The image changes at 15 of 30 steps. It hardly changes at the other steps." in text


def test_several_pictures_at_a_clip_skip_are_spoken_of_on_average():
    english, japanese = both(**along(0.5, 0.01, 0.01), scales=(5, 7), pictures=2)
    assert english.startswith(
        "On average over 4 images, the image changes at 1 → 2. It hardly changes at any step from 2 to 4."
    )
    assert japanese.startswith("4 枚の平均では、画像が変わるのは 1 → 2 です。")


def test_the_largest_change_is_named_only_where_it_stands_out():
    assert "most at 2 → 3" in said(**along(0.3, 0.9, 0.4))
    assert "most" not in said(**along(0.8, 0.9, 0.4))


def test_small_steps_that_add_up_are_said_to():
    areas = {2: 0.03, 3: 0.08, 4: 0.12, 5: 0.2}
    english, japanese = both(**along(0.04, 0.04, 0.04, 0.04), areas=areas)
    assert "The small steps add up: by clip skip 4, the image clearly differs from clip skip 1." in english
    assert "小さな変化が重なり、Clip skip 4 の画像は 1 と明らかに違います。" in japanese
    assert "add up" not in said(**along(0.04, 0.04, 0.04, 0.04), areas=dict.fromkeys(areas, 0.05))
    assert "add up" not in said(**along(0.5, 0.04, 0.04, 0.04), areas=areas)
    assert "add up" not in said(**along(0.04, None, 0.04, 0.04), areas=areas), "what the second step changes is unknown"


def test_small_steps_of_a_falling_sweep_add_up_at_the_value_nearest_to_the_reference():
    falling = {12: 0.0, 11: 0.05, 10: 0.2, 9: 0.3}
    steps = {(9, 10): 0.05, (10, 11): 0.05, (11, 12): 0.05}
    assert "The small steps add up: clip skip 10 clearly differs from clip skip 12." in said(falling, steps=steps)


def test_small_steps_do_not_add_up_to_a_difference_from_an_average_of_layers():
    assert "add up" not in said({"avg 2-4": 0.0, 5: 0.5, 6: 0.5, 7: 0.5}, steps={(5, 6): 0.04, (6, 7): 0.04})


def test_the_seed_is_the_yardstick_where_there_is_one():
    english, japanese = both(**along(0.2, 0.1), new_seed=0.5)
    assert "A new seed changes 50% of the image; the largest step of clip skip (1 → 2) changes 20%." in english
    assert "シードを変えると画像の 50% が変わり、Clip skip の最大の段階（1 → 2）では 20% が変わります。" in japanese
    assert "seed" not in said(**along(0.2, 0.1))


def test_without_a_step_the_values_are_held_against_the_reference():
    english, japanese = both({1: 0.0, "avg 2-4": 0.5})
    assert "The image differs clearly from clip skip 1 at avg 2-4." in english
    assert "Clip skip 1 と比べて、avg 2-4 では画像がはっきり変わります。" in japanese
    assert "The image differs a little from clip skip 1 at avg 2-4." in said({1: 0.0, "avg 2-4": 0.05})
    assert "The image hardly differs from clip skip 1 at avg 2-4." in said({1: 0.0, "avg 2-4": 0.01})
    assert "avg" not in said({1: 0.0, 2: 0.4, "avg 2-4": 0.5}, steps={(1, 2): 0.4})
    english, japanese = both({1: 0.0, "avg 2-4": 0.5, "avg 2-5": 0.4, "avg 2-3": 0.01, "avg 2": 0.0}, pictures=2)
    assert (
        "On average over 2 images, the image differs clearly from clip skip 1 at avg 2-4 and avg 2-5, "
        "and hardly at avg 2-3." in english
    )
    assert "avg 2-4、avg 2-5 では画像がはっきり変わり、avg 2-3 ではほとんど変わりません。" in japanese
    many = {1: 0.0} | {f"avg 2-{last}": 0.5 for last in range(3, 11)}
    assert "The image differs clearly from clip skip 1 at 8 other values." in said(many)
