"""What a sweep answers and leaves behind: metadata, folder, record, grid, and the clients that ask for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import webuiapi_of
from tests.helpers.client import CLIP_SKIP, SCRIPT, SMALL, encoded, gradient, keys_of, same

pytestmark = pytest.mark.usefixtures("unchanged")


def files_below(*folders):
    return {path for folder in folders for path in Path(folder).rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def swept(client):
    """Clip skip 1 to 3 at two CFG scales."""
    return client.sweep({"measures": True, "clip_skip": "1-3", "y": {"axis": "CFG Scale", "values": "5, 7"}})


def test_the_answer_is_the_grid_and_then_the_cells_in_the_order_of_the_plan(client, swept):
    assert len(swept.pictures) == len(swept.infotexts) == 1 + 6
    assert [keys_of(text)["Clip skip"] for text in swept.cell_infotexts] == ["1", "2", "3"] * 2
    assert [keys_of(text)["CFG scale"] for text in swept.cell_infotexts] == ["5.0"] * 3 + ["7.0"] * 3
    assert max(swept.pictures[0].shape[:2]) > 64 * 2


def test_without_return_cells_the_answer_is_the_grid_alone_and_the_cells_are_on_disk(client):
    answer = client.sweep(script_args=[{"clip_skip": [1, 2]}])
    assert len(answer.pictures) == len(answer.infotexts) == 1
    assert all((answer.folder / cell["pictures"][0]["file"]).is_file() for cell in answer.record["cells"])


def test_each_cells_infotext_is_its_own_and_complete(swept):
    for text in swept.cell_infotexts:
        keys = keys_of(text)
        assert text.startswith(f"{SMALL['prompt']}\nNegative prompt: {SMALL['negative_prompt']}\n")
        assert keys["Seed"] == str(SMALL["seed"])
        assert keys["Size"] == "64x64"
        assert "Script" not in keys
        assert not [key for key in keys if key.startswith("clip_skip_lab")]


def test_png_info_reads_each_saved_files_own_infotext(client, swept):
    for cell, text in zip(swept.record["cells"], swept.cell_infotexts, strict=True):
        read = client.png_info(swept.folder / cell["pictures"][0]["file"])
        assert read["info"] == text
        assert read["parameters"]["Clip skip"] == str(cell["values"]["Clip skip"])
    grid = client.png_info(swept.folder / swept.record["grids"][0]["file"])
    assert grid["info"] == swept.infotexts[0]


def test_the_saved_files_are_the_answers_pictures(swept):
    for cell, picture in zip(swept.record["cells"], swept.cells, strict=True):
        with Image.open(swept.folder / cell["pictures"][0]["file"]) as image:
            assert np.array_equal(np.asarray(image.convert("RGB")), picture)


def test_the_folder_holds_the_record_the_grid_and_the_cells_and_nothing_else(swept):
    names = {path.relative_to(swept.folder).as_posix() for path in files_below(swept.folder)}
    record = swept.record
    cells = {picture["file"] for cell in record["cells"] for picture in cell["pictures"]}
    assert len(cells) == 6
    assert all(name.startswith("cells/") for name in cells)
    assert {"sweep.json", "grid.png", *cells} <= names
    assert {name for name in names if name.startswith("cells/")} == cells


def test_the_folder_is_below_the_hosts_grid_folder(client, swept):
    parent = Path(client.options()["outdir_txt2img_grids"]) / "clip-skip-sweeps"
    if parent.is_absolute():
        assert swept.folder.parent == parent.resolve()
    else:
        assert swept.folder.parent.as_posix().endswith(parent.as_posix())


def test_the_record_has_its_documented_schema(swept):
    record = swept.record
    assert record["schema"] == 1
    assert record["program"].startswith("Clip Skip Lab ")
    assert record["id"] == swept.folder.name
    assert record["state"] == "finished"
    assert len(record["fingerprint"]) == 16
    assert record["host"]["name"] == "AUTOMATIC1111"
    assert record["model"]["name"]
    assert record["plan"]["clip_skip"] == [1, 2, 3]
    assert record["plan"]["y"] == {"axis": "CFG Scale", "values": [5.0, 7.0]}
    assert record["setting"]["seed"] == SMALL["seed"]
    assert record["infotext"] == swept.infotexts[0]
    assert [axis["name"] for axis in record["axes"]] == ["Clip skip", "CFG Scale"]
    assert record["problems"] == []
    for index, cell in enumerate(record["cells"]):
        assert cell["index"] == index
        assert cell["state"] == "done"
        assert cell["reason"] is None
        assert cell["seconds"] > 0
        (picture,) = cell["pictures"]
        assert (picture["width"], picture["height"]) == (64, 64)
    with Image.open(swept.folder / record["grids"][0]["file"]) as grid:
        assert grid.size == (record["grids"][0]["width"], record["grids"][0]["height"])
        assert grid.size == tuple(reversed(swept.pictures[0].shape[:2]))


def test_the_record_is_strict_json(swept):
    text = (swept.folder / "sweep.json").read_text(encoding="utf-8")
    assert "Infinity" not in text
    assert "NaN" not in text


def test_a_plan_from_the_record_gives_the_same_sweep_again(client, swept):
    again = client.sweep(swept.record["plan"])
    assert same(again.cells, swept.cells)
    assert again.record["fingerprint"] == swept.record["fingerprint"]


def test_the_fingerprint_tells_input_pictures_apart(client):
    request = {"denoising_strength": 0.8, "script_args": [{"clip_skip": [1]}]}
    one = client.sweep(route="img2img", init_images=[encoded(gradient())], **request)
    other = client.sweep(route="img2img", init_images=[encoded(gradient().rotate(90))], **request)
    assert one.record["fingerprint"] != other.record["fingerprint"]


def test_pictures_are_saved_once(client):
    options = client.options()
    folders = [options[f"outdir_{kind}"] for kind in ("txt2img_samples", "txt2img_grids")]
    base = Path(client.sweep({"clip_skip": [1]}).folder).parents[1]
    samples = base.parent / Path(folders[0]).name
    before = files_below(samples, base)
    swept = client.sweep({"clip_skip": [1, 2]}, save_images=True, batch_size=2)
    new = files_below(samples, base) - before
    assert {path for path in new if swept.folder not in path.parents} == set()
    assert len([path for path in new if path.parent.name == "cells"]) == 4


def test_every_picture_of_a_sweep_has_a_file_of_its_own_whatever_the_naming_rule(client):
    for pattern in ("[seed]", "[clip_skip]", "same"):
        swept = client.sweep({"clip_skip": [1, 2, 3]}, override_settings={"samples_filename_pattern": pattern})
        files = [cell["pictures"][0]["file"] for cell in swept.record["cells"]]
        assert len(set(files)) == 3
        assert all((swept.folder / file).is_file() for file in files)
        assert swept.record["problems"] == []


def test_the_naming_rule_sees_each_cells_clip_skip(client):
    swept = client.sweep({"clip_skip": [4, 9]}, override_settings={"samples_filename_pattern": "skip[clip_skip]"})
    names = [Path(cell["pictures"][0]["file"]).stem for cell in swept.record["cells"]]
    assert [name.partition("skip")[2] for name in names] == ["4", "9"]


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_pictures_are_saved_in_the_hosts_format(client, kind):
    settings = {"samples_format": kind, "grid_format": kind}
    swept = client.sweep({"clip_skip": [1, 2]}, override_settings=settings)
    record = swept.record
    assert [Path(cell["pictures"][0]["file"]).suffix for cell in record["cells"]] == [f".{kind}"] * 2
    assert record["grids"][0]["file"] == f"grid.{kind}"
    assert client.png_info(swept.folder / record["grids"][0]["file"])["info"] == swept.infotexts[0]
    assert client.png_info(swept.folder / record["cells"][1]["pictures"][0]["file"])["info"].count("Clip skip: 2") == 1


def test_a_grid_beyond_the_hosts_limit_is_reduced_or_split_and_never_refused(client):
    settings = {"img_max_size_mp": 0.05}
    swept = client.sweep({"clip_skip": "1-12"}, override_settings=settings, width=128, height=128)
    record = swept.record
    assert len(swept.cells) == 12
    assert all(grid["width"] * grid["height"] <= 50_000 for grid in record["grids"])
    assert len(record["grids"]) > 1 or record["grids"][0]["scale"] < 1
    assert swept.first == len(record["grids"])
    assert all(cell.shape == (128, 128, 3) for cell in swept.cells)


def sweep_by_infotext(client, text):
    """What a person gets who pastes the grid's infotext and presses Generate. (The API's own `infotext` field cannot
    do it: the host puts `script_args` over what it read.)"""
    keys = keys_of(text)
    assert keys["Script"] == SCRIPT
    y, z = ([keys.get(f"clip_skip_lab_{letter}_{part}") for part in ("axis", "values")] for letter in "yz")
    return client.sweep(script_args=[keys["clip_skip_lab_values"], *y, None, *z, None])


def test_the_grids_infotext_holds_the_whole_panel(client):
    plan = {
        "clip_skip": "1-5 (+2)",
        "measures": True,
        "y": {"axis": "CFG Scale", "values": "5, 7.5"},
        "z": {"axis": "Prompt S/R", "values": ["cat", "a dog, running"]},
    }
    swept = client.sweep(plan)
    assert keys_of(swept.infotexts[0])["clip_skip_lab_values"] == "1-5 (+2)"
    again = sweep_by_infotext(client, swept.infotexts[0])
    assert again.record["plan"] == swept.record["plan"]
    assert len(again.cells) == 12
    assert same(again.cells, swept.cells)
    assert again.record["fingerprint"] == swept.record["fingerprint"]


def test_choices_stand_in_the_grids_infotext_as_the_host_spells_them(client):
    swept = client.sweep({"clip_skip": [2], "y": {"axis": "sampler", "values": ["euler a", "EULER"]}})
    assert keys_of(swept.infotexts[0])["clip_skip_lab_y_values"] == "Euler a,Euler"
    again = sweep_by_infotext(client, swept.infotexts[0])
    assert again.record["plan"]["y"] == {"axis": "Sampler", "values": ["Euler a", "Euler"]}


def test_the_grids_infotext_has_the_pages_own_values_not_those_of_a_cell(client):
    plan = {"clip_skip": [5, 6], "y": {"axis": "CFG Scale", "values": "3, 4"}}
    keys = keys_of(client.sweep(plan, override_settings={CLIP_SKIP: 2}).infotexts[0])
    assert keys["CFG scale"] in ("7", "7.0")
    assert keys["Clip skip"] == "2"


def test_positional_arguments_are_taken_in_the_order_of_script_info(client):
    asked = {"Clip skip values": "2, 3", "Second axis": "CFG Scale", "Values of the second axis": "5, 7"}
    swept = client.sweep(script_args=client.panel(asked))
    assert swept.record["plan"]["clip_skip"] == [2, 3]
    assert swept.record["plan"]["y"] == {"axis": "CFG Scale", "values": [5.0, 7.0]}
    assert len(swept.cells) == 4


def test_an_untouched_panel_is_one_to_twelve(client):
    assert client.sweep(script_args=client.panel({}), steps=1).record["plan"]["clip_skip"] == list(range(1, 13))


def test_cfg_scale_comes_first_in_the_list_of_axes(client):
    for is_img2img in (False, True):
        axes = client.axes(is_img2img)
        assert axes[:2] == ["Nothing", "CFG Scale"]
        assert "Clip skip" not in axes
        assert len(set(axes)) == len(axes)
    assert "Hires upscaler" in client.axes()
    assert "Hires upscaler" not in client.axes(is_img2img=True)


def test_the_public_client_webuiapi_works_unchanged(client):
    request = {**SMALL, "steps": 2, "script_name": SCRIPT, "script_args": [{"clip_skip": [1, 2], "return_cells": True}]}
    answer = webuiapi_of(client.url).txt2img(**request)
    assert len(answer.images) == 3
    assert [image.size for image in answer.images[1:]] == [(64, 64)] * 2
    texts = answer.info["infotexts"]
    assert "Clip skip: 1" in texts[1]
    assert "Clip skip: 2" in texts[2]
    alone = client.single(2)
    assert np.array_equal(np.asarray(answer.images[2].convert("RGB")), alone.pictures[0])


def test_a_colour_that_is_none_costs_no_grid_and_a_note_says_so(client):
    """It was HTTP 500 after all sampling, and the grid and the answer were lost."""
    settings = {"grid_background_color": "rgba(255, 0, 0, 0.5)", "grid_text_active_color": "nonsense"}
    swept = client.sweep({"clip_skip": "1,2"}, override_settings=settings)
    assert np.array_equal(swept.pictures[0][0, 0], (255, 0, 0))
    assert any('"nonsense" is not a color; #000000 is used instead' in note for note in swept.report["notes"])
