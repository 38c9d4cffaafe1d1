"""What a sweep measures on a running host: its numbers, charts and findings, and when it is told not to."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clip_skip_lab.measure.metrics import MEASURES, measures_of
from clip_skip_lab.measure.pictures import read_picture
from tests.helpers.client import encoded, gradient

pytestmark = pytest.mark.usefixtures("unchanged")
KEYS = [*(measure.key for measure in MEASURES), "conditioning_change"]
LONG = {"steps": 60, "sampler_name": "Euler", "scheduler": "Automatic"}


@pytest.fixture(scope="module")
def swept(client):
    """Clip skip 1 to 3 at two CFG scales."""
    return client.sweep({"measures": True, "clip_skip": "1-3", "y": {"axis": "CFG Scale", "values": "5, 7"}})


def test_each_cell_has_the_measures_of_its_picture_on_disk(swept):
    for cell in swept.record["cells"]:
        picture = read_picture(swept.folder / cell["pictures"][0]["file"])
        reference = read_picture(swept.folder / swept.record["cells"][cell["index"] // 3 * 3]["pictures"][0]["file"])
        noted = {"conditioning_change": cell["conditioning_change"]}
        assert list(cell["measures"]) == KEYS
        assert cell["measures"] == pytest.approx({**measures_of(picture, reference), **noted}, rel=1e-5)
    assert swept.record["reference"] == {"Clip skip": 1}


def test_the_record_has_what_is_documented_of_measures(swept):
    record = swept.record
    assert [measure["key"] for measure in record["measures"]] == KEYS
    assert [(step["from"], step["to"]) for step in record["neighbours"]] == [(1, 2), (2, 3)]
    assert record["effects"]["axes"] == ["Clip skip", "CFG Scale"]
    assert record["effects"]["pictures"] == 6
    assert sum(record["effects"]["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert record["rank_correlations"] == [], "two values beside the reference are too few"
    assert record["findings"]["en"]
    assert len(record["findings"]["ja"]) == len(record["findings"]["en"])
    assert record["more"]["en"]
    assert [chart["file"] for chart in record["charts"]] == [
        "charts/change.png",
        "charts/conditioning.png",
        "charts/sharpness.png",
        "charts/heatmap.png",
    ]
    assert record["problems"] == []


def test_charts_and_table_are_files_of_the_folder(swept):
    for chart in swept.record["charts"]:
        with Image.open(swept.folder / chart["file"]) as image:
            assert image.format == "PNG"
    with (swept.folder / "measures.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["sharpness"]) for row in rows] == [
        cell["measures"]["sharpness"] for cell in swept.record["cells"]
    ]


def test_the_answer_has_the_findings_and_the_charts_files_and_its_pictures_stay_grid_and_cells(swept):
    assert swept.report["findings"] == swept.record["findings"]["en"]
    assert [Path(file).relative_to(swept.folder).as_posix() for file in swept.report["charts"]] == [
        chart["file"] for chart in swept.record["charts"]
    ]
    assert len(swept.pictures) == 1 + 6
    assert swept.first == 1


def test_several_seeds_are_the_yardstick(client):
    record = client.sweep({"measures": True, "clip_skip": [1, 2, 3]}, batch_size=2, n_iter=2).record
    assert record["new_seed"]["pairs"] == 9
    assert record["new_seed"]["composition_change"] > 0
    assert record["new_seed"]["changed_area"] > 0
    assert record["effects"]["axes"] == ["Clip skip", "Seed"]
    assert record["effects"]["pictures"] == 12


def test_pictures_that_clip_skip_does_not_change_are_found_identical(client):
    """Inpainting where nothing is to be painted: the prompt, and so clip skip, does not reach the picture."""
    nothing = encoded(Image.new("L", (64, 64), 0))
    request = {"init_images": [encoded(gradient())], "mask": nothing, "inpaint_full_res": False, "inpainting_fill": 1}
    swept = client.sweep({"measures": True, "clip_skip": "1-4"}, "img2img", **request)
    assert all(np.array_equal(cell, swept.cells[0]) for cell in swept.cells), "or this test proves nothing"
    (sentence,) = swept.record["findings"]["en"]
    assert sentence == "All 4 images are identical.", "why, is not known"
    assert swept.report["findings"] == [sentence]
    differing = client.sweep({"measures": True, "clip_skip": "1-4"})
    assert not any("identical" in sentence for sentence in differing.record["findings"]["en"])


def test_an_interrupted_sweep_is_measured_over_what_is_done(client):
    running = client.in_background(lambda: client.sweep({"measures": True, "clip_skip": "5-12"}, **LONG))
    client.wait_for(lambda progress: progress["state"]["job_no"] == 2 and progress["state"]["sampling_step"] >= 2)
    client.post("interrupt")
    record = running.result().record
    assert [bool(cell["measures"]) for cell in record["cells"]] == [True, True] + [False] * 6
    assert record["reference"] == {"Clip skip": 5}
    assert record["findings"]["en"][0] == "2 of 8 cells were measured; the findings cover nothing else."
    assert record["charts"]


def test_measuring_can_be_switched_off(client):
    swept = client.sweep({"clip_skip": [1, 2], "measures": False})
    assert swept.record["plan"]["measures"] is False
    assert all(cell["measures"] == {} for cell in swept.record["cells"])
    assert not {"measures", "findings", "charts", "effects"} & set(swept.record)
    assert swept.report["findings"] == swept.report["charts"] == []
    assert not (swept.folder / "charts").exists()
    assert not (swept.folder / "measures.csv").exists()
    measured = client.sweep({"measures": True, "clip_skip": [1, 2]})
    assert measured.record["fingerprint"] == swept.record["fingerprint"], "the images are the same"


def test_the_panels_tick_is_on_and_switches_measuring_off(client):
    tick = "Measure the images (charts and findings)"
    assert client.arguments()[tick]["value"] is True
    swept = client.sweep(script_args=client.panel({"Clip skip values": "1, 2", tick: False}))
    assert "findings" not in swept.record
    assert "clip_skip_lab_measures: False" in swept.record["infotext"]


def test_an_axis_that_changes_the_size_is_measured_too(client):
    sizes = {"axis": "Size", "values": "64x64, 128x64"}
    record = client.sweep({"measures": True, "clip_skip": [1, 2], "y": sizes}).record
    assert all(cell["measures"]["detail_change"] is not None for cell in record["cells"])
    assert record["effects"]["shares"] is None
    assert "differ in size" in record["effects"]["note"]["en"]
