"""Findings in words: from made-up measures, what is said and what is not, in English and Japanese."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.measure.cells import SHARED, incomparable, reference_of
from clip_skip_lab.measure.charts import draw_charts
from clip_skip_lab.measure.details import more
from clip_skip_lab.measure.findings import findings
from clip_skip_lab.measure.metrics import MEASURES
from clip_skip_lab.measure.phrases import percents, times
from clip_skip_lab.sweep.draws import DIFFERENT

KEYS = [measure.key for measure in MEASURES]


def content_of(
    composition,
    sharpness=None,
    scales=(None,),
    steps=None,
    difference=None,
    new_seed=None,
    effects=None,
    pictures=1,
    areas=None,
):
    """A measured `sweep.json`; `composition` is by clip skip, the same at each CFG scale.

    The changed area is the composition change unless `areas` has it, and so is that of the steps.
    """
    cells = []
    for scale in scales:
        for skip, change in composition.items():
            measures = {key: 0.5 for key in KEYS} | {
                "composition_change": change,
                "changed_area": (areas or {}).get(skip, change),
                "mean_absolute_difference": (difference or {}).get(skip, 10 if change else change),
                "sharpness": (sharpness or {}).get(skip, 100),
            }
            values = {"Clip skip": skip} | ({} if scale is None else {"CFG Scale": scale})
            cells.append(
                {
                    "index": len(cells),
                    "values": values,
                    "state": "done",
                    "measures": measures,
                    "pictures": [{"file": f"cells/{len(cells)}-{place}.png"} for place in range(pictures)],
                }
            )
    steps = steps or {}
    return {
        "axes": [{"name": "Clip skip", "values": list(composition)}]
        + (
            []
            if scales == (None,)
            else [{"name": "CFG Scale", "values": list(scales), "labels": list(map(str, scales))}]
        ),
        "cells": cells,
        "reference": {"Clip skip": reference_of(cells)},
        "neighbours": [
            {"from": one, "to": other, "composition_change": change, "changed_area": change}
            for (one, other), change in steps.items()
        ],
        "new_seed": None
        if new_seed is None
        else {"composition_change": new_seed, "changed_area": new_seed, "pairs": 3},
        "effects": effects or {"axes": [], "shares": None, "p": None},
    }


def both(*args, **kwargs):
    found = findings(content_of(*args, **kwargs))
    assert len(found["en"]) == len(found["ja"]) > 0
    return " ".join(found["en"]), "".join(found["ja"])


def said(*args, **kwargs):
    return both(*args, **kwargs)[0]


def along(*areas):
    """The steps from 1 on, by what changes at each; and values that all differ from the first."""
    pairs = list(pairwise(range(1, len(areas) + 2)))
    changes = {skip: 0.5 if skip > 1 else 0.0 for skip in range(1, len(areas) + 2)}
    return {"composition": changes, "steps": dict(zip(pairs, areas, strict=True))}


def effects_of(clip_skip, other, interaction, p=None):
    shares = {"Clip skip": clip_skip, "CFG Scale": other, "interaction": interaction}
    return {"axes": ["Clip skip", "CFG Scale"], "shares": shares, "p": p}


# At which steps the picture changes


def test_the_steps_at_which_the_picture_changes_are_named_and_how_the_others_are():
    english, japanese = both(**along(0.01, 0.9, 0.85, 0.0, 0.02, 0.9, 0.01))
    assert "The picture changes at 2 → 3, 3 → 4 and 6 → 7; hardly between the others." in english
    assert "画像が変わるのは 2 → 3、3 → 4、6 → 7 です。ほかの段階ではほとんど変わりません。" in japanese


def test_a_sweep_that_flips_a_colour_six_times_says_where_though_its_brightness_stays():
    """Composition change is about brightness alone: as good as none here."""
    content = content_of(**along(*[0.95, 0.01] * 5, 0.95))
    for step in content["neighbours"]:
        step["composition_change"] = 0.01
    assert findings(content)["en"][0] == (
        "The picture changes at 1 → 2, 3 → 4, 5 → 6, 7 → 8, 9 → 10 and 11 → 12; hardly between the others."
    )


@pytest.mark.parametrize(
    ("areas", "sentence", "japanese"),
    [
        ((0.5, 0.5, 0.5), "The picture changes at every step.", "どの段階でも画像が変わります。"),
        (
            (0.5, 0.4, 0.01, 0.02),
            "The picture changes at 1 → 2 and 2 → 3, most at 1 → 2; hardly at each step from 3 to 5.",
            "画像が変わるのは 1 → 2、2 → 3 です（最大は 1 → 2）。3 から 5 までの各段階ではほとんど変わりません。",
        ),
        (
            (0.01, 0.5, 0.5, 0.5, 0.01),
            "The picture changes at each step from 2 to 5; hardly between the others.",
            "画像が変わるのは 2 から 5 までの各段階です。ほかの段階ではほとんど変わりません。",
        ),
        (
            (0.5, 0.05, 0.06),
            "The picture changes at 1 → 2; a little between the others.",
            "画像が変わるのは 1 → 2 です。ほかの段階では少し変わります。",
        ),
        (
            (0.5, 0.05, 0.01, 0.02),
            "The picture changes at 1 → 2; a little at 2 → 3; hardly at each step from 3 to 5.",
            "画像が変わるのは 1 → 2 です。2 → 3 では少し変わり、3 から 5 までの各段階ではほとんど変わりません。",
        ),
        (
            (0.5, 0.05, 0.01),
            "The picture changes at 1 → 2; a little at 2 → 3; hardly at 3 → 4.",
            "画像が変わるのは 1 → 2 です。2 → 3 では少し変わり、3 → 4 ではほとんど変わりません。",
        ),
        (
            (0.05, 0.01, 0.02, 0.06),
            "The picture changes only a little, at 1 → 2 and 4 → 5; hardly between the others.",
            "画像が少し変わるのは 1 → 2、4 → 5 です。ほかの段階ではほとんど変わりません。",
        ),
        (
            (0.05, 0.05),
            "The picture changes only a little, at every step.",
            "どの段階でも画像が少し変わります。",
        ),
        (
            (0.01, 0.02),
            "The picture hardly changes from one clip skip to the next.",
            "隣り合う Clip skip の間で、画像はほとんど変わりません。",
        ),
        (
            (0.3, 0.5, 0.3),
            "The picture changes at every step, most at 2 → 3.",
            "どの段階でも画像が変わります（最大は 2 → 3）。",
        ),
        ((0.5, None, 0.5), "The picture changes at 1 → 2 and 3 → 4.", "画像が変わるのは 1 → 2、3 → 4 です。"),
        ((0.5,), "The picture changes from 1 to 2.", "1 と 2 で画像が変わります。"),
        ((0.05,), "The picture changes a little from 1 to 2.", "1 と 2 で画像が少し変わります。"),
        ((0.01,), "The picture hardly changes from 1 to 2.", "1 と 2 で画像はほとんど変わりません。"),
        (
            (0.5, None, 0.01, 0.01),
            "The picture changes at 1 → 2; hardly at 3 → 4 and 4 → 5.",
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
    assert "The picture changes at 15 of 30 steps; hardly between the others." in text


def test_several_pictures_at_a_clip_skip_are_spoken_of_on_average():
    english, japanese = both(**along(0.5, 0.01, 0.01), scales=(5, 7), pictures=2)
    assert english.startswith(
        "On average over 4 pictures, the picture changes at 1 → 2; hardly at each step from 2 to 4."
    )
    assert japanese.startswith("4 枚の平均では、画像が変わるのは 1 → 2 です。")


def test_the_largest_change_is_named_only_where_it_stands_out():
    assert "most at 2 → 3" in said(**along(0.3, 0.9, 0.4))
    assert "most" not in said(**along(0.8, 0.9, 0.4))


def test_small_steps_that_add_up_are_said_to():
    areas = {2: 0.03, 3: 0.08, 4: 0.12, 5: 0.2}
    english, japanese = both(**along(0.04, 0.04, 0.04, 0.04), areas=areas)
    assert "The small steps add up: by clip skip 4 the picture clearly differs from 1." in english
    assert "小さな変化が重なり、4 は 1 と明らかに違います。" in japanese
    assert "add up" not in said(**along(0.04, 0.04, 0.04, 0.04), areas=dict.fromkeys(areas, 0.05))
    assert "add up" not in said(**along(0.5, 0.04, 0.04, 0.04), areas=areas)
    assert "add up" not in said(**along(0.04, None, 0.04, 0.04), areas=areas), "what the second step changes is unknown"


def test_small_steps_of_a_falling_sweep_add_up_at_the_value_nearest_to_the_reference():
    falling = {12: 0.0, 11: 0.05, 10: 0.2, 9: 0.3}
    steps = {(9, 10): 0.05, (10, 11): 0.05, (11, 12): 0.05}
    assert "The small steps add up: clip skip 10 clearly differs from 12." in said(falling, steps=steps)


def test_small_steps_do_not_add_up_to_a_difference_from_an_average_of_layers():
    assert "add up" not in said({"avg 2-4": 0.0, 5: 0.5, 6: 0.5, 7: 0.5}, steps={(5, 6): 0.04, (6, 7): 0.04})


def test_the_seed_is_the_yardstick_where_there_is_one():
    english, japanese = both(**along(0.2, 0.1), new_seed=0.5)
    assert "A new seed changes 50 % of the picture; the largest step of clip skip (1 → 2) changes 20 %." in english
    assert "シードを変えると画像の 50 %、変化が最大の段階（1 → 2）では 20 % が変わります。" in japanese
    assert "seed" not in said(**along(0.2, 0.1))


def test_without_a_step_the_values_are_held_against_the_reference():
    english, japanese = both({1: 0.0, "avg 2-4": 0.5})
    assert "The picture changes clearly from 1 to avg 2-4." in english
    assert "1 と比べて、avg 2-4 では画像がはっきり変わります。" in japanese
    assert "The picture changes a little from 1 to avg 2-4." in said({1: 0.0, "avg 2-4": 0.05})
    assert "The picture hardly changes from 1 to avg 2-4." in said({1: 0.0, "avg 2-4": 0.01})
    assert "to avg" not in said({1: 0.0, 2: 0.4, "avg 2-4": 0.5}, steps={(1, 2): 0.4})
    english, japanese = both({1: 0.0, "avg 2-4": 0.5, "avg 2-5": 0.4, "avg 2-3": 0.01, "avg 2": 0.0}, pictures=2)
    assert (
        "On average over 2 pictures, the picture changes clearly from 1 to avg 2-4 and avg 2-5; hardly to avg 2-3."
        in english
    )
    assert "avg 2-4、avg 2-5 では画像がはっきり変わり、avg 2-3 ではほとんど変わりません。" in japanese
    many = {1: 0.0} | {f"avg 2-{last}": 0.5 for last in range(3, 11)}
    assert "The picture changes clearly from 1 to 8 other values." in said(many)


# Pictures that are the same


def test_identical_pictures_are_said_to_be_identical_and_no_reason_is_made_up():
    english, japanese = both({skip: 0.0 for skip in range(1, 13)})
    assert english == "All 12 pictures are identical."
    assert japanese == "全 12 枚が同一です。"


def test_with_several_pictures_beside_each_other_those_of_one_clip_skip_may_differ():
    assert said({1: 0.0, 2: 0.0}, scales=(5, 7)) == "Clip skip changes no pixel of any picture."
    assert said({1: 0.0, 2: 0.0}, pictures=2) == "Clip skip changes no pixel of any picture."


def test_what_was_not_compared_is_not_called_identical():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7))
    for cell in content["cells"][2:]:
        cell["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert findings(content)["en"] == ["Clip skip changes no pixel of the 2 pictures that could be compared."]


def test_a_reference_that_was_compared_with_itself_alone_is_not_called_identical():
    """The pictures of clip skip 2 are of another size; then every row has lost all but one of its clip skips."""
    sizes = content_of({1: 0.0, 2: None})
    assert findings(sizes)["en"][0].startswith("No picture could be compared")
    failed = content_of({1: 0.0, 2: 0.0}, scales=(5, 7))
    failed["cells"][1]["measures"] = failed["cells"][2]["measures"] = {}
    failed["cells"][3]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert findings(failed)["en"][-1].startswith("No picture could be compared")


def test_only_rows_in_which_two_clip_skips_were_compared_are_counted_as_identical():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7, 9))
    content["cells"][5]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    found = findings(content)
    assert found["en"] == ["Clip skip changes no pixel of the 4 pictures that could be compared."]
    assert found["ja"] == ["比較できた 4 枚では、Clip skip を変えても 1 画素も変わりません。"]


def test_a_step_that_changes_where_the_reference_is_missing_is_not_hidden():
    """Row 5 has 1 and 2, which are the same; row 7 has 2 and 3 only, which are not."""
    content = content_of({1: 0.0, 2: 0.0, 3: 0.5}, scales=(5, 7), steps={(1, 2): 0.0, (2, 3): 0.4})
    for index in (2, 3):
        content["cells"][index]["measures"] = {}
    for index in (4, 5):
        content["cells"][index]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    text = " ".join(findings(content)["en"])
    assert "no pixel" not in text
    assert "the picture changes at 2 → 3" in text
    for index in (0, 1):
        content["cells"][index]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert "No picture could be compared" not in " ".join(findings(content)["en"]), "2 and 3 were"


def test_the_host_says_why_clip_skip_does_nothing():
    english = "No effect: this WebUI ignores clip skip on SDXL models."
    japanese = "効果なし: この WebUI は SDXL モデルで Clip skip を無視します。"
    content = content_of({1: 0.0, 2: 0.0})
    found = findings(content | {"no_effect": {"en": english, "ja": japanese}})
    assert found["en"] == [f"All 2 pictures are identical. {english}"]
    assert found["ja"] == [f"全 2 枚が同一です。{japanese}"]
    assert findings(content | {"no_effect": english})["en"] == found["en"]
    assert "ignores" not in " ".join(findings(content_of({1: 0.0, 2: 0.4}) | {"no_effect": english})["en"])


HELD = (
    "All 2 pictures are identical. SDXL CLIP-L skip and SDXL bigG skip are set, and they decide the layers of every "
    "cell."
)


@pytest.mark.parametrize(
    ("plan", "panel", "held"),
    [
        ({"sdxl_clip_l_skip": 2, "sdxl_big_g_skip": 3}, {}, True),
        ({"sdxl_clip_l_skip": 2}, {"sdxl_big_g_skip": "1.5"}, True),
        ({"sdxl_clip_l_skip": 2}, {}, False),
        ({"sdxl_clip_l_skip": 2}, {"sdxl_big_g_skip": "same"}, False),
    ],
)
def test_values_that_held_every_cell_at_one_layer_are_named_as_the_reason(plan, panel, held):
    content = content_of({1: 0.0, 2: 0.0}) | {"plan": plan, "setting": {"clip_skip_lab": panel}}
    content["no_effect"] = {"en": "another reason"} if held else None
    assert findings(content)["en"] == [HELD if held else "All 2 pictures are identical."]


def test_an_axis_may_hold_the_layers_too_unless_one_of_its_values_does_not():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7)) | {"plan": {"sdxl_big_g_skip": 3}, "setting": {}}
    for cell in content["cells"]:
        cell["values"] = {"Clip skip": cell["values"]["Clip skip"], "SDXL CLIP-L skip": str(cell["index"] // 2 + 1)}
    assert "SDXL CLIP-L skip and SDXL bigG skip are set" in findings(content)["en"][0]
    for cell in content["cells"][2:]:
        cell["values"]["SDXL CLIP-L skip"] = "same"
    assert findings(content)["en"] == ["Clip skip changes no pixel of any picture."]


def test_one_difference_is_enough_for_pictures_not_to_be_identical():
    english, japanese = both({1: 0.0, 2: 0.0, 3: 0.0, 4: 0.0}, difference={4: 0.001})
    assert "identical" not in english
    assert "Clip skip 2 and 3 give the same pictures as 1." in english
    assert "Clip skip 2、3 の画像は 1 と同一です。" in japanese
    assert "Clip skip 2 gives the same pictures as 1." in said({1: 0.0, 2: 0.0, 3: 0.4})


# Cells that are no part of a comparison


def test_cells_that_cannot_be_compared_are_one_sentence_for_each_reason():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5, 4: 0.6})
    for cell in content["cells"][1:]:
        cell["measures"], cell["incomparable"] = {}, "Dynamic Prompts drew another prompt for each picture."
    found = findings(content)
    assert found["en"] == [
        "3 of 4 cells are not compared. Dynamic Prompts drew another prompt for each picture.",
        "There are no two values of clip skip to compare.",
    ]
    assert found["ja"][0] == ("4 セル中 3 セルは比較していません（プロンプトなど Clip skip 以外の条件も異なるため）。")


@pytest.mark.parametrize(
    ("what", "japanese"),
    [
        ("their prompts", "プロンプト"),
        ("their prompts and their seeds", "プロンプト、シード"),
        ("their extra networks and their settings", "追加ネットワーク、設定"),
        ("their weather", "weather"),
    ],
)
def test_what_the_cells_of_a_row_differ_in_is_said_in_both_languages(what, japanese):
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5, 4: 0.6})
    for cell in content["cells"][2:]:
        cell["measures"], cell["incomparable"] = {}, DIFFERENT.format(what=what)
    found = findings(content)
    assert found["en"][0] == (
        f"2 of 4 cells are not compared: cells of the same row differ in {what}, not only in clip skip."
    )
    assert found["ja"][0] == (
        f"4 セル中 2 セルは比較していません（同じ行のセルは Clip skip 以外も異なるため: {japanese}）。"
    )


def test_one_cell_that_is_not_compared_has_a_sentence_of_its_own_number():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5})
    cell = content["cells"][2]
    cell["measures"], cell["pictures"] = {}, [{"file": "cells/a.png"}] * 2
    found = findings(content)
    assert found["en"][0] == "1 of 3 cells is not compared: several pictures have the same file."
    assert found["ja"][0] == "3 セル中 1 セルは比較していません（複数の画像が同じファイルを指しているため）。"


def test_cells_that_share_a_file_cannot_be_compared():
    cells = content_of({1: 0.0, 2: 0.0, 3: 0.5})["cells"]
    assert incomparable(cells) == {}
    cells[1]["pictures"][0]["file"] = "cells/./0-0.png"
    assert incomparable(cells) == {0: SHARED, 1: SHARED}


def test_how_much_was_measured_is_said_where_it_is_not_all():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5})
    content["cells"][2]["measures"] = {}
    assert findings(content)["en"][0] == "2 of 3 cells are measured; what follows is about these."
    for cell in content["cells"]:
        cell["measures"] = {}
    content["reference"] = None
    assert findings(content)["en"] == ["0 of 3 cells are measured.", "There are no two values of clip skip to compare."]


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
    for ranking in ("most at 2 → 3", "Most like", "the largest step", "From 3 on", "60 %"):
        assert ranking in whole
        assert ranking not in fragment
    assert "The picture changes at every step." in fragment


# What else is said


def test_edges_are_spoken_of_as_what_they_are_and_beyond_a_factor_of_two_only_where_they_are_weak():
    changes = {skip: 0.1 * (skip - 1) for skip in (1, 2, 6, 12)}
    english, japanese = both(changes, sharpness={1: 100, 2: 80, 6: 49, 12: 20})
    assert (
        "From 6 on, edges are less than half as strong as at clip skip 1: the pictures are blurrier, have less "
        "contrast, or show less." in english
    )
    assert "6 以降、輪郭の強さは Clip skip 1 の半分未満です" in japanese
    assert "At 12, edges are less than half" in said(changes, sharpness={1: 100, 2: 80, 6: 60, 12: 20})
    assert "Edges stay about as strong as at clip skip 1." in said(changes, sharpness={1: 100, 2: 90, 6: 110, 12: 100})
    for others in ({2: 40, 6: 49, 12: 60}, {2: 90, 6: 2100, 12: 60}):
        text = said(changes, sharpness={1: 100, **others})
        assert "dges" not in text
        assert "harp" not in text


def test_weak_edges_are_from_a_value_on_only_where_the_reference_is_not_among_those_values():
    falling = {12: 0.0, 8: 0.4, 9: 0.4, 10: 0.4, 11: 0.4}
    english, japanese = both(falling, sharpness={10: 40, 11: 40})
    assert "At 10 and 11, edges are less than half as strong as at clip skip 12" in english
    assert "10、11 では、輪郭の強さは Clip skip 12 の半分未満です" in japanese
    assert "At 8, edges are less than half" in said(falling, sharpness={8: 40})
    assert "At 2 and 8, edges" in said({4: 0.0, 2: 0.4, 8: 0.4}, sharpness={2: 40, 8: 40})
    assert "dges" not in said(
        {20: 0.0} | dict.fromkeys(range(1, 20), 0.4), sharpness=dict.fromkeys(range(1, 20, 2), 40)
    )


def test_which_value_is_most_like_the_reference_where_one_clearly_is():
    english, japanese = both({1: 0.0, 2: 0.4, 5: 0.2, 9: 0.6})
    assert "Most like clip skip 1: clip skip 5." in english
    assert "Clip skip 1 に最も似ているのは 5 です。" in japanese
    assert "Most like" not in said({1: 0.0, 2: 0.4, 5: 0.38, 9: 0.6})
    assert "Most like" not in said({1: 0.0, 2: 0.001, 5: 0.01, 9: 0.6})


def test_the_reference_is_the_first_value_where_one_was_not_swept():
    assert "Most like clip skip 4: clip skip 6." in said({4: 0.0, 6: 0.2, 9: 0.6})


def test_whether_cfg_plays_a_part():
    changes = {1: 0.0, 2: 0.4, 3: 0.5}
    tested = {"Clip skip": 0.001, "CFG Scale": None}
    english, japanese = both(changes, scales=(5, 7), effects=effects_of(0.62, 0.33, 0.05, tested))
    assert (
        "Of the differences between the pictures, clip skip accounts for 62 %, CFG Scale for 33 %, and the two in "
        "combination for 5 %. Clip skip and CFG Scale hardly interact here." in english
    )
    assert "画像の違いの内訳: Clip skip 62 %、CFG Scale 33 %、組み合わせ 5 %。" in japanese
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
    assert sum(map(int, re.findall(r"(\d+) %", sentence))) == 100
    assert sentence.endswith("the seed for 20 %, the axes in combination for 19 %, and everything else for 19 %.")


@given(st.dictionaries(st.text(max_size=3), st.floats(1e-9, 1), min_size=1))
@settings(max_examples=60)
def test_percents_add_up_and_are_next_to_the_shares(shares):
    found = percents(shares)
    assert sum(found.values()) == 100
    total = sum(shares.values())
    assert all(abs(found[name] - 100 * share / total) < 1 + 1e-6 for name, share in shares.items())


def test_one_clip_skip_leaves_nothing_to_compare():
    assert said({3: 0.0}) == "There are no two values of clip skip to compare."


def test_pictures_of_different_size_cannot_be_compared():
    assert said({1: None, 2: None}).startswith("No picture could be compared")


def test_averages_of_layers_are_compared_but_have_no_place_in_an_order():
    text = said({1: 0.0, 2: 0.4, "avg 2-4": 0.1}, sharpness={1: 100, 2: 90, "avg 2-4": 10}, steps={(1, 2): 0.4})
    assert "Most like clip skip 1: clip skip avg 2-4." in text
    assert "dges" not in text


# The numbers behind it


def test_numbers_and_symbols_are_under_more_and_not_among_the_findings():
    effects = effects_of(0.62, 0.33, 0.05, {"Clip skip": 0.001, "CFG Scale": None, "interaction": 0.4})
    content = content_of(
        {1: 0.0, 2: 0.4, 3: 0.5}, {2: 44, 3: 2100}, (5, 7), {(1, 2): 0.4, (2, 3): 0.002}, effects=effects
    )
    assert not re.search("SSIM|ΔE|p =|p-value|Laplacian", " ".join(findings(content)["en"]))
    found = more(content)
    assert found["en"] == [
        "Changed area (clearly another colour, ΔE above 15), step by step: 1 → 2: 40 %, 2 → 3: under 1 %.",
        "Composition change (1 − SSIM of the brightness, 0 is none), step by step: 0.00 to 0.40, the largest at 1 → 2.",
        "Changed area against clip skip 1: 2: 40 %, 3: 50 %.",
        "Strength of edges (variance of the Laplacian, which grows with contrast and noise too), against clip skip 1: "
        "from 0.44 times at 2 to 21 times at 3.",
        "p-values by permutation: clip skip 0.001, interaction 0.400.",
    ]
    assert "（明るさの 1 − SSIM、0 は変化なし）: 0.00〜0.40（最大は 1 → 2）。" in found["ja"][1]
    assert len(found["ja"]) == len(found["en"])
    assert more(content_of({1: 0.0})) == {"en": [], "ja": []}


def test_one_number_is_no_range():
    content = content_of({1: 0.0, 2: 0.5}, {2: 40}, steps={(1, 2): 0.5})
    found = [" ".join(sentences) for sentences in more(content).values()]
    assert "step by step: 0.50 at 1 → 2." in found[0]
    assert "1 → 2 で 0.50。" in found[1]
    assert "against clip skip 1: 0.4 times at 2." in found[0]
    assert "2 で 0.4 倍。" in found[1]
    found = [" ".join(sentences) for sentences in more(content_of({1: 0.0, 2: 0.5, 3: 0.5})).values()]
    assert "against clip skip 1: the same at every value." in found[0]
    assert "どの値でも同じ。" in found[1]
    assert "against clip skip 1: the same at 2." in more(content_of({1: 0.0, 2: 0.5}))["en"][-1]
    assert "from 0.4 times at 2 to the same at 3." in more(content_of({1: 0.0, 2: 0.5, 3: 0.5}, {2: 40}))["en"][-1]


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


def test_charts_are_drawn_for_every_kind_of_label(tmp_path):
    """A dollar sign starts no formula, an underscore hides no line, Japanese and long labels fit somewhere."""
    labels = ("$x^{", "_hidden", "青い空 $5", "long " * 30, "<b>")
    content = content_of({1: 0.0, 2: 0.4, 3.5: 0.5, "avg 2-4": 0.2}, scales=labels, new_seed=0.6)
    made = draw_charts(content, tmp_path, "ja")
    assert [chart["file"] for chart in made] == ["charts/change.png", "charts/sharpness.png", "charts/heatmap.png"]
    assert all((tmp_path / chart["file"]).stat().st_size > 5_000 for chart in made)
    assert made[0]["title"] == {"en": "Composition change from clip skip 1", "ja": "Clip skip 1 からの構図の変化"}


def test_a_machine_without_japanese_letters_gets_english_charts(tmp_path, monkeypatch):
    content = content_of({1: 0.0, 2: 0.4})
    drawn = {}
    for name, can in (("without", False), ("with", True)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr("clip_skip_lab.measure.charts.can_write", lambda text, font, can=can: can or text.isascii())
        draw_charts(content, tmp_path / name, "ja")
        draw_charts(content, tmp_path, "en")
        drawn[name] = Path(tmp_path / name / "charts/change.png").read_bytes()
    assert drawn["without"] == Path(tmp_path / "charts/change.png").read_bytes()
    assert drawn["with"] != drawn["without"]


def test_no_chart_where_there_is_nothing_to_compare(tmp_path):
    assert draw_charts(content_of({1: 0.0}), tmp_path, "en") == []
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_cannot_be_compared_still_have_a_sharpness(tmp_path):
    made = draw_charts(content_of({1: None, 2: None}, scales=(5, 7)), tmp_path, "en")
    assert [chart["file"] for chart in made] == ["charts/sharpness.png"]


def test_many_values_of_an_axis_make_a_chart_that_can_still_be_drawn(tmp_path):
    content = content_of({skip: 0.1 * skip for skip in range(1, 13)}, scales=tuple(range(60)))
    assert len(draw_charts(content, tmp_path, "en")) == 3


def test_findings_are_plain_data():
    content = content_of({1: np.float64(0), 2: 0.4})
    assert json.loads(json.dumps([findings(content), more(content)]))
