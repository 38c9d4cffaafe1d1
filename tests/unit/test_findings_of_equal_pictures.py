"""What is said of pictures that are the same, and of cells that are no part of a comparison."""

from __future__ import annotations

import pytest

from clip_skip_lab.measure.cells import SHARED, incomparable
from clip_skip_lab.measure.findings import findings
from clip_skip_lab.sweep.draws import DIFFERENT
from tests.helpers.measured import both, content_of, said


def test_identical_pictures_are_said_to_be_identical_and_no_reason_is_made_up():
    english, japanese = both({skip: 0.0 for skip in range(1, 13)})
    assert english == "All 12 images are identical."
    assert japanese == "全 12 枚が同一です。"


def test_with_several_pictures_beside_each_other_those_of_one_clip_skip_may_differ():
    assert said({1: 0.0, 2: 0.0}, scales=(5, 7)) == "Clip skip changes no pixel of any image."
    assert said({1: 0.0, 2: 0.0}, pictures=2) == "Clip skip changes no pixel of any image."


def test_what_was_not_compared_is_not_called_identical():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7))
    for cell in content["cells"][2:]:
        cell["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert findings(content)["en"] == ["Clip skip changes no pixel of the 2 images that could be compared."]


def test_a_reference_that_was_compared_with_itself_alone_is_not_called_identical():
    """The pictures of clip skip 2 are of another size; then every row has lost all but one of its clip skips."""
    sizes = content_of({1: 0.0, 2: None})
    assert findings(sizes)["en"][0].startswith("No images of different clip skips could be compared")
    failed = content_of({1: 0.0, 2: 0.0}, scales=(5, 7))
    failed["cells"][1]["measures"] = failed["cells"][2]["measures"] = {}
    failed["cells"][3]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert findings(failed)["en"][-1].startswith("No images of different clip skips could be compared")


def test_only_rows_in_which_two_clip_skips_were_compared_are_counted_as_identical():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7, 9))
    content["cells"][5]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    found = findings(content)
    assert found["en"] == ["Clip skip changes no pixel of the 4 images that could be compared."]
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
    assert "the image changes at 2 → 3" in text
    for index in (0, 1):
        content["cells"][index]["measures"] |= {"mean_absolute_difference": None, "changed_area": None}
    assert "No images of different clip skips could be compared" not in " ".join(findings(content)["en"]), (
        "2 and 3 were"
    )


def test_the_host_says_why_clip_skip_does_nothing():
    english = "No effect: this WebUI ignores clip skip on SDXL models."
    japanese = "効果なし: この WebUI は SDXL モデルで Clip skip を無視します。"
    content = content_of({1: 0.0, 2: 0.0})
    found = findings(content | {"no_effect": {"en": english, "ja": japanese}})
    assert found["en"] == [f"All 2 images are identical. {english}"]
    assert found["ja"] == [f"全 2 枚が同一です。{japanese}"]
    assert findings(content | {"no_effect": english})["en"] == found["en"]
    assert "ignores" not in " ".join(findings(content_of({1: 0.0, 2: 0.4}) | {"no_effect": english})["en"])


HELD = (
    "All 2 images are identical. SDXL CLIP-L skip and SDXL bigG skip are set, and they decide the layers of every cell."
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
    assert findings(content)["en"] == [HELD if held else "All 2 images are identical."]


def test_an_axis_may_hold_the_layers_too_unless_one_of_its_values_does_not():
    content = content_of({1: 0.0, 2: 0.0}, scales=(5, 7)) | {"plan": {"sdxl_big_g_skip": 3}, "setting": {}}
    for cell in content["cells"]:
        cell["values"] = {"Clip skip": cell["values"]["Clip skip"], "SDXL CLIP-L skip": str(cell["index"] // 2 + 1)}
    assert "SDXL CLIP-L skip and SDXL bigG skip are set" in findings(content)["en"][0]
    for cell in content["cells"][2:]:
        cell["values"]["SDXL CLIP-L skip"] = "same"
    assert findings(content)["en"] == ["Clip skip changes no pixel of any image."]


def test_one_difference_is_enough_for_pictures_not_to_be_identical():
    english, japanese = both({1: 0.0, 2: 0.0, 3: 0.0, 4: 0.0}, difference={4: 0.001})
    assert "identical" not in english
    assert "Clip skip 2 and 3 give the same images as clip skip 1." in english
    assert "Clip skip 2、3 の画像は 1 と同一です。" in japanese
    assert "Clip skip 2 gives the same images as clip skip 1." in said({1: 0.0, 2: 0.0, 3: 0.4})


def test_cells_that_cannot_be_compared_are_one_sentence_for_each_reason():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5, 4: 0.6})
    for cell in content["cells"][1:]:
        cell["measures"], cell["incomparable"] = {}, "Dynamic Prompts drew another prompt for each image."
    found = findings(content)
    assert found["en"] == [
        "3 of 4 cells were not compared. Dynamic Prompts drew another prompt for each image.",
        "Fewer than two values of clip skip were measured, so there is nothing to compare.",
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
        f"2 of 4 cells were not compared: cells of one row differ not only in clip skip but also in {what}."
    )
    assert found["ja"][0] == (
        f"4 セル中 2 セルは比較していません（同じ行のセルは Clip skip 以外も異なるため: {japanese}）。"
    )


def test_one_cell_that_is_not_compared_has_a_sentence_of_its_own_number():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5})
    cell = content["cells"][2]
    cell["measures"], cell["pictures"] = {}, [{"file": "cells/a.png"}] * 2
    found = findings(content)
    assert found["en"][0] == "1 of 3 cells was not compared: several images share one file."
    assert found["ja"][0] == "3 セル中 1 セルは比較していません（複数の画像が同じファイルを指しているため）。"


def test_cells_that_share_a_file_cannot_be_compared():
    cells = content_of({1: 0.0, 2: 0.0, 3: 0.5})["cells"]
    assert incomparable(cells) == {}
    cells[1]["pictures"][0]["file"] = "cells/./0-0.png"
    assert incomparable(cells) == {0: SHARED, 1: SHARED}


def test_how_much_was_measured_is_said_where_it_is_not_all():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5})
    content["cells"][2]["measures"] = {}
    assert findings(content)["en"][0] == "2 of 3 cells were measured; the findings cover nothing else."
    for cell in content["cells"]:
        cell["measures"] = {}
    content["reference"] = None
    assert findings(content)["en"] == [
        "0 of 3 cells were measured.",
        "Fewer than two values of clip skip were measured, so there is nothing to compare.",
    ]
