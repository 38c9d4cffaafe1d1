"""The values of axes on a host: what becomes of them in a sweep, and that pasting its grid brings them back."""

from __future__ import annotations

import json

import pytest

from clip_skip_lab.sweep.values import join_list
from tests.helpers.client import SCRIPT, Refused, keys_of
from tests.helpers.page_client import PageClient

pytestmark = pytest.mark.usefixtures("unchanged")


def test_random_seeds_and_variation_seeds_of_an_axis_are_drawn_once_for_each_value(client):
    axes = {"y": {"axis": "Seed", "values": "-1,-1"}, "z": {"axis": "Var. seed", "values": [-1, -1]}}
    swept = client.sweep({"clip_skip": "1", **axes}, steps=1, subseed_strength=0.5)
    plan = swept.record["plan"]
    seeds, variations = plan["y"]["values"], plan["z"]["values"]
    assert len({*seeds, *variations}) == 4 and -1 not in seeds + variations
    keys = [keys_of(text) for text in swept.cell_infotexts]
    assert [key["Seed"] for key in keys] == [str(seed) for seed in seeds] * 2
    assert [key["Variation seed"] for key in keys] == [str(seed) for seed in variations for _ in seeds]
    # The grid brings the drawn ones back, and going on takes them.
    assert keys_of(swept.infotexts[0])["clip_skip_lab_y_values"] == ",".join(map(str, seeds))
    again = client.sweep(script_args=[{"resume": swept.folder.name, "return_cells": True}])
    assert again.record["plan"] == plan
    assert again.report["done"] == 4


def test_a_word_can_be_replaced_by_nothing_and_a_style_may_have_a_comma(client, page_client):
    styles = _needs_styles(client)
    plan = {
        "clip_skip": "２",
        "y": {"axis": "Prompt S/R", "values": "red, blue, "},
        "z": {"axis": "Styles", "values": '"soft, light", ink'},
    }
    swept = client.sweep(plan, prompt="a red cat", steps=1)
    ends = [f", {styles[name]}" for name in ("soft, light", "ink")]
    prompts = [text.split("\n")[0] for text in swept.cell_infotexts]
    assert prompts == [colour + end for end in ends for colour in ("a red cat", "a blue cat", "a  cat")]
    axis = next(axis for axis in swept.record["axes"] if axis["name"] == "Prompt S/R")
    assert (axis["values"], axis["labels"]) == (["red", "blue", ""], ["red", "blue", "(nothing)"])
    pasted = page_client.paste(swept.infotexts[0])
    assert arguments(pasted) == ["２", "Prompt S/R", "red, blue, ", [], "Styles", "", ["soft, light", "ink"]]


def test_pasting_a_grid_brings_back_quotes_blanks_and_sizes(client, page_client):
    axes = {"y": {"axis": "Prompt S/R", "values": [" cat"]}, "z": {"axis": "Size", "values": ["64x72"]}}
    swept = client.sweep({"clip_skip": "1", **axes}, prompt="a cat", steps=1)
    pasted = page_client.paste(swept.infotexts[0])
    assert arguments(pasted) == ["1", "Prompt S/R", '" cat"', [], "Size", "64x72", []]


GONE = "clip-skip-lab-gone"


KNOWN = {"VAE": "None", "Sampler": "Euler a", "Hires upscaler": "Latent"}


@pytest.mark.parametrize("axis", ["Checkpoint name", "Styles", *KNOWN])
def test_pasting_a_grid_keeps_a_value_that_is_gone_so_that_the_error_names_it(client, page_client, axis):
    given = known = KNOWN.get(axis)
    if axis == "Styles":
        _needs_styles(client)
        given = known = "soft, light"
    if axis == "Checkpoint name":
        known = client.get("sd-models")[0]["title"]
        given = known.partition(" [")[0]  # as it was called before its hash was known
    pasted = page_client.paste(grid_text(y_axis=axis, y_values=join_list([given, GONE])))
    choices = pasted["clip_skip_lab_y_choices"]
    assert choices["value"] == [known, GONE]
    assert set(choices["value"]) < set(choices["choices"])
    assert choices["visible"] and not pasted["clip_skip_lab_y_values"]["visible"]
    with pytest.raises(Refused, match=f"Values of the second axis: .*{GONE}"):
        client.sweep(script_args=arguments(pasted))


def test_pasting_a_grid_whose_axis_is_gone_names_it(client, page_client):
    pasted = page_client.paste(grid_text(y_axis="Axis of an extension", y_values="5, 7"))
    assert pasted["clip_skip_lab_y_axis"]["value"] == "Axis of an extension"
    assert pasted["clip_skip_lab_y_values"]["value"] == "5, 7"
    with pytest.raises(Refused, match='Second axis: "Axis of an extension" is not an axis here'):
        client.sweep(script_args=arguments(pasted))


def test_pasting_a_grid_adds_no_override_of_clip_skip(page_client):
    pasted = page_client.paste(grid_text(**{"Clip skip": 7}))
    assert "Clip skip" not in str(pasted["txt2img_override_settings"]["value"])
    picture = "a cat\nSteps: 1, Sampler: Euler, Seed: 1, Size: 64x64, Clip skip: 7, RNG: CPU"
    assert "Clip skip: 7" in page_client.paste(picture)["txt2img_override_settings"]["value"]


def grid_text(**keys):
    ours = {f"clip_skip_lab_{key}" if key[1:2] == "_" else key: value for key, value in keys.items()}
    parameters = {"Steps": 1, "Seed": 1, "Size": "64x64", "Script": SCRIPT, "clip_skip_lab_values": "1-2", **ours}
    quoted = {
        key: json.dumps(value) if any(letter in str(value) for letter in ",:\n") else value
        for key, value in parameters.items()
    }
    return "a cat\n" + ", ".join(f"{key}: {value}" for key, value in quoted.items())


@pytest.fixture(scope="module")
def page_client(host_url):
    return PageClient(host_url)


def arguments(pasted):
    """The panel's inputs as pasting has filled them, in their order."""
    axes = [f"{letter}_{part}" for letter in "yz" for part in ("axis", "values", "choices")]
    return [pasted[f"clip_skip_lab_{name}"].get("value") for name in ("values", *axes)]


def _needs_styles(client):
    styles = {style["name"]: style["prompt"] for style in client.get("prompt-styles")}
    if not {"soft, light", "ink"} <= set(styles):
        pytest.skip("this host has no style with a comma in its name")
    return styles
