"""Measuring a sweep from its folder: what is written, what is compared with what, and what may be missing."""

from __future__ import annotations

import csv
import json
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from clip_skip_lab.measure.folder import measure_folder
from clip_skip_lab.measure.metrics import MEASURES, measures_of, reduced_changes
from clip_skip_lab.measure.pictures import measurable, read_picture
from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.resume import find_earlier
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.measured import paint, swept
from tests.helpers.memory_session import HOST, MemorySession


def picture_of(folder, cell, place=0):
    return read_picture(folder / cell["pictures"][place]["file"])


def test_what_is_measured_is_written_and_the_rest_stays(tmp_path):
    folder = swept(tmp_path)
    before = read_record(folder)
    content = measure_folder(folder)
    assert json.loads(json.dumps(content)) == read_record(folder)
    for key, value in before.items():
        if key != "cells":
            assert content[key] == value
    assert [definition["key"] for definition in content["measures"]] == [measure.key for measure in MEASURES]
    assert content["reference"] == {"Clip skip": 1}
    assert content["problems"] == []
    assert content["findings"]["en"][0].startswith("The image changes")
    for chart in content["charts"]:
        with Image.open(folder / chart["file"]) as image:
            assert image.format == "PNG"
            assert min(image.size) >= 300


def test_each_cell_is_compared_with_clip_skip_1_at_the_same_values(tmp_path):
    folder = swept(tmp_path, "3, 1, 2", y=("CFG Scale", "5, 9"))
    cells = measure_folder(folder)["cells"]
    for cell in cells:
        (reference,) = (
            one for one in cells if one["values"] == {"Clip skip": 1, "CFG Scale": cell["values"]["CFG Scale"]}
        )
        expected = measures_of(picture_of(folder, cell), picture_of(folder, reference))
        assert cell["measures"] == pytest.approx(expected, rel=1e-5)
        assert list(cell["measures"]) == [measure.key for measure in MEASURES]
    assert {cell["measures"]["composition_change"] for cell in cells if cell["values"]["Clip skip"] == 1} == {0}


def test_without_clip_skip_1_the_first_value_is_the_reference(tmp_path):
    content = measure_folder(swept(tmp_path, "4, 2, 3"))
    assert content["reference"] == {"Clip skip": 4}
    assert content["cells"][0]["measures"]["detail_change"] == 0
    assert content["cells"][1]["measures"]["detail_change"] > 0


def test_where_clip_skip_1_failed_the_first_value_that_is_done_is_the_reference(tmp_path):
    content = measure_folder(swept(tmp_path, "1-3", fails={1: ValueError("no")}))
    assert content["reference"] == {"Clip skip": 2}
    assert content["cells"][0]["measures"] == {}
    assert content["cells"][2]["measures"]["detail_change"] > 0
    assert content["findings"]["en"][0] == "2 of 3 cells were measured; the findings cover nothing else."


def test_where_the_reference_is_missing_at_one_value_only_its_own_measures_are_known(tmp_path):
    folder = swept(tmp_path, "1, 2", y=("CFG Scale", "5, 9"))
    (folder / read_record(folder)["cells"][2]["pictures"][0]["file"]).unlink()
    content = measure_folder(folder)
    assert content["cells"][2]["measures"] == {}
    alone = content["cells"][3]["measures"]
    assert alone["composition_change"] is None
    assert alone["sharpness"] > 0
    assert content["cells"][1]["measures"]["composition_change"] > 0
    (problem,) = content["problems"]
    assert problem.startswith("Measures: an image cannot be read (")


def test_a_damaged_picture_is_no_reason_not_to_measure_the_others(tmp_path):
    folder = swept(tmp_path)
    (folder / read_record(folder)["cells"][2]["pictures"][0]["file"]).write_bytes(b"no image")
    content = measure_folder(folder)
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True, True, False, True]
    assert len(content["problems"]) == 1


def test_neighbouring_values_are_compared_with_each_other(tmp_path):
    folder = swept(tmp_path, "9, 1, 2")
    content = measure_folder(folder)
    by_skip = {cell["values"]["Clip skip"]: picture_of(folder, cell).reduced for cell in content["cells"]}
    assert [(step["from"], step["to"]) for step in content["neighbours"]] == [(1, 2), (2, 9)]
    for step in content["neighbours"]:
        expected = reduced_changes(by_skip[step["from"]], by_skip[step["to"]])
        assert {key: step[key] for key in expected} == pytest.approx(expected, rel=1e-5)


def test_a_cell_of_several_pictures_has_their_mean_each_against_its_own_seed(tmp_path):
    folder = swept(tmp_path, "1, 5", per_cell=3)
    cells = measure_folder(folder)["cells"]
    changes = [
        measures_of(picture_of(folder, cells[1], place), picture_of(folder, cells[0], place))["detail_change"]
        for place in range(3)
    ]
    assert cells[1]["measures"]["detail_change"] == pytest.approx(np.mean(changes), rel=1e-5)


@pytest.mark.parametrize("how", ["a batch", "an axis"])
def test_seeds_are_the_yardstick_whether_they_come_from_a_batch_or_an_axis(tmp_path, how):
    if how == "a batch":
        content = measure_folder(swept(tmp_path, "1-4", per_cell=3))
    else:
        content = measure_folder(swept(tmp_path, "1-4", y=("Seed", "0, 1, 2")))
    pictures = [measurable(paint(1, 0, seed)).reduced for seed in range(3)]
    expected = np.mean([reduced_changes(*pair)["composition_change"] for pair in pairwise(pictures)])
    assert content["new_seed"]["pairs"] == 8
    assert content["new_seed"]["composition_change"] == pytest.approx(expected, abs=0.2)
    assert content["effects"]["axes"] == ["Clip skip", "Seed"]
    assert content["effects"]["shares"]["Seed"] > content["effects"]["shares"]["Clip skip"]
    assert any("A new seed changes" in sentence for sentence in content["findings"]["en"])


def test_one_seed_is_no_yardstick(tmp_path):
    assert measure_folder(swept(tmp_path))["new_seed"] is None


def test_the_variance_is_divided_between_clip_skip_and_the_other_axis(tmp_path):
    effects = measure_folder(swept(tmp_path, "1-6", y=("CFG Scale", "0, 4, 8, 12")))["effects"]
    assert effects["axes"] == ["Clip skip", "CFG Scale"]
    assert effects["pictures"] == 24
    assert list(effects["shares"]) == ["Clip skip", "CFG Scale", "interaction"]
    assert sum(effects["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert effects["shares"]["interaction"] < 0.05, "brightness does the same to every image"
    assert effects["p"]["Clip skip"] == 0.001
    assert effects["note"]["en"].startswith("From one seed: ")
    assert effects["note"]["ja"]


def test_what_is_not_done_is_left_out_of_the_table_until_it_is_complete(tmp_path):
    folder = swept(tmp_path, "1-4", y=("CFG Scale", "0, 4, 8"))
    content = read_record(folder)
    for cell in content["cells"][-2:]:
        cell.update(state="not run", pictures=[])
    (folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    effects = measure_folder(folder)["effects"]
    assert effects["pictures"] == 8, "two of the three rows are whole; so are two of the four columns, with six"
    assert "8 of 10 images were used" in effects["note"]["en"]


def test_one_axis_alone_leaves_nothing_to_divide(tmp_path):
    effects = measure_folder(swept(tmp_path))["effects"]
    assert effects["shares"] is effects["p"] is None
    assert effects["note"]["en"].startswith("The differences cannot be divided")


def test_an_axis_that_changes_the_size_leaves_clip_skip_comparable_and_the_sizes_not(tmp_path):
    folder = swept(
        tmp_path,
        "1, 2",
        y=("CFG Scale", "1, 2"),
        painted=lambda skip, scale, seed: paint(skip, 0, seed, int(32 * scale)),
    )
    content = measure_folder(folder)
    assert all(cell["measures"]["detail_change"] is not None for cell in content["cells"])
    assert content["effects"]["shares"] is None
    assert content["effects"]["note"]["en"].startswith("The images differ in size")


def test_pictures_of_the_same_kind_are_identical_to_the_last_pixel(tmp_path):
    content = measure_folder(swept(tmp_path, painted=lambda skip, scale, seed: paint(1, 0, seed)))
    assert content["findings"]["en"] == ["All 4 images are identical."]


def test_an_interrupted_sweep_is_measured_over_what_is_done(tmp_path):
    content = measure_folder(swept(tmp_path, "1-6", interrupt_at=4))
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True] * 3 + [False] * 3
    assert content["findings"]["en"][0] == "3 of 6 cells were measured; the findings cover nothing else."
    assert content["charts"]


def test_a_flip_of_colour_is_a_change_though_the_brightness_stays(tmp_path):
    """Blue, then a red that is as bright, then blue again: as a person sees it."""
    colours = {1: (45, 75, 215), 2: (190, 50, 50), 3: (45, 75, 215), 4: (45, 75, 215)}

    def flat(skip, scale, seed):
        image = Image.new("RGB", (64, 64), colours[skip])
        image.paste((240, 240, 240), (20, 20, 44, 44))
        image.putpixel((0, 0), (skip, 0, 0))  # no two are the same
        return image

    content = measure_folder(swept(tmp_path, painted=flat))
    assert max(step["composition_change"] for step in content["neighbours"]) < 0.05
    assert content["findings"]["en"][0] == "The image changes at 1 → 2 and 2 → 3. It hardly changes at 3 → 4."


def test_cells_that_share_a_file_are_compared_with_none(tmp_path):
    folder = swept(tmp_path)
    content = read_record(folder)
    content["cells"][2]["pictures"][0]["file"] = content["cells"][1]["pictures"][0]["file"]
    (folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    content = measure_folder(folder)
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True, False, False, True]
    assert content["findings"]["en"][0] == "2 of 4 cells were not compared: several images share one file."
    assert [(step["from"], step["to"]) for step in content["neighbours"]] == [(1, 4)]


def test_cells_of_which_what_made_them_says_that_they_cannot_be_compared_are_left_out(tmp_path):
    folder = swept(tmp_path)
    content = read_record(folder)
    for cell in content["cells"]:
        cell["incomparable"] = "A script drew another prompt for each image."
    (folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    content = measure_folder(folder)
    assert content["reference"] is None
    assert all(cell["measures"] == {} for cell in content["cells"])
    assert content["charts"] == content["neighbours"] == []
    assert content["findings"]["en"] == [
        "4 of 4 cells were not compared. A script drew another prompt for each image.",
        "Fewer than two values of clip skip were measured, so there is nothing to compare.",
    ]


def test_nothing_done_is_nothing_measured(tmp_path):
    content = measure_folder(swept(tmp_path, "1-3", interrupt_at=1))
    assert content["reference"] is None
    assert content["charts"] == []
    assert content["findings"]["en"] == [
        "0 of 3 cells were measured.",
        "Fewer than two values of clip skip were measured, so there is nothing to compare.",
    ]
    assert content["problems"] == []


def test_measuring_says_how_far_it_is_and_can_be_broken_off(tmp_path):
    folder, reported = swept(tmp_path), []

    def report_progress(done, count):
        reported.append((done, count))
        return done < 2

    content = measure_folder(folder, report_progress)
    assert reported == [(0, 4), (1, 4), (2, 4)]
    assert [bool(cell["measures"]) for cell in content["cells"]] == [True, True, False, False]
    assert content["problems"] == ["Measures: stopped after 2 of 4 cells."]
    assert content["findings"]["en"][0] == "2 of 4 cells were measured; the findings cover nothing else."


def test_measuring_again_gives_the_same_and_heals_what_was_broken_off(tmp_path):
    folder = swept(tmp_path, "1-4", y=("CFG Scale", "5, 9"))
    first = measure_folder(folder)
    assert measure_folder(folder) == first
    measure_folder(folder, lambda done, count: done < 3)
    again = measure_folder(folder)
    assert again["cells"] == first["cells"]
    assert again["problems"] == []


def test_a_sweep_that_is_gone_on_with_is_measured_as_a_whole(tmp_path):
    folder = swept(tmp_path, "1-4", interrupt_at=3, painted=lambda skip, scale, seed: Image.new("RGB", (48, 40), skip))
    measure_folder(folder)
    earlier = find_earlier(tmp_path, folder.name)
    run_sweep(read_plan({"clip_skip": "1-4"}, [], 12), MemorySession(str(tmp_path)), HOST, earlier=earlier)
    assert read_record(folder)["cells"][0]["measures"] == {}, "until it is measured again"
    content = measure_folder(folder)
    assert all(cell["measures"] for cell in content["cells"])


def test_the_table_can_be_read_by_others(tmp_path):
    folder = swept(tmp_path, "1, 2", y=("CFG Scale", "5, 9"), fails={})
    content = measure_folder(folder)
    with (folder / "measures.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["index", "Clip skip", "CFG Scale", "state", *(measure.key for measure in MEASURES)]
    for row, cell in zip(rows, content["cells"], strict=True):
        assert (row["index"], row["state"]) == (str(cell["index"]), "done")
        assert float(row["CFG Scale"]) == cell["values"]["CFG Scale"]
        assert {key: float(row[key]) for key in cell["measures"]} == cell["measures"]


def test_charts_that_cannot_be_drawn_cost_no_measure(tmp_path):
    folder = swept(tmp_path)
    (folder / "charts").write_text("in the way", encoding="utf-8")
    content = measure_folder(folder)
    assert content["charts"] == []
    assert content["cells"][1]["measures"]["detail_change"] > 0
    assert content["problems"][0].startswith("Measures: the table and the charts could not be made (")


def test_japanese_charts_have_japanese_titles_and_findings_come_in_both_languages(tmp_path):
    content = measure_folder(swept(tmp_path), lang="ja")
    assert content["charts"][0]["title"]["ja"] == "Clip skip 1 からの変化"
    assert len(content["findings"]["ja"]) == len(content["findings"]["en"])


def test_no_more_than_a_few_pictures_are_in_memory(tmp_path):
    """Of 24 pictures of 512 × 512, each 1.05 MB as it is measured and 16 KB reduced."""
    small = swept(tmp_path / "few", "1-4", painted=large)
    many = swept(tmp_path / "many", "1-12", y=("CFG Scale", "5, 9"), painted=large)
    assert peak(many) < peak(small) + 4_000_000


def large(skip, scale, seed):
    return paint(skip, scale, seed).resize((512, 512))


def peak(folder):
    """Bytes at the most while a folder is measured, charts apart."""
    from clip_skip_lab.measure.folder import _measure_cells

    content = read_record(folder)
    tracemalloc.start()
    _measure_cells(content, content["cells"], folder, 1, lambda done, count: True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_switching_measuring_off_is_part_of_the_plan_and_not_of_the_fingerprint():
    plan = read_plan({"clip_skip": "1-3"}, [], 12)
    without = replace(plan, measures=False)
    assert "measures" not in plan.to_json()
    assert without.to_json()["measures"] is False
    assert plan.fingerprint({}) == without.fingerprint({})
