"""Pasting the infotext of another WebUI of the family: the same number may be another layer here, and that is said."""

from __future__ import annotations

import pytest
from PIL import Image, PngImagePlugin

from tests.helpers.client import CLIP_SKIP, ROUTES
from tests.helpers.family import IGNORING, VERSIONS, name_of, others, unloaded_sdxl
from tests.helpers.page_client import PageClient

pytestmark = pytest.mark.usefixtures("unchanged")

LINE = "script_txt2img_clip_skip_lab_clip_skip_lab_pasted"
OVERRIDES = "txt2img_override_settings"


@pytest.fixture
def page_client(host_url, client):
    """A page in English, whatever browser another test opened last."""
    client.http.get(f"{ROUTES}/words", params={"browser": "en-US"}).raise_for_status()
    return PageClient(host_url)


@pytest.fixture(scope="module")
def sdxl(client):
    with unloaded_sdxl(client) as name:
        yield name


@pytest.fixture(scope="module")
def own(client):
    return name_of(client)


def infotext(model, version, clip_skip=None):
    more = "" if clip_skip is None else f", Clip skip: {clip_skip}"
    made = f"a cat\nSteps: 1, Sampler: Euler, Seed: 1, Size: 64x64, Model: {model}{more}"
    return f"{made}, Version: {version}"


def pasted(page_client, *arguments):
    """What stands above the panel after pasting, and the override settings."""
    changed = page_client.paste(infotext(*arguments))
    return changed[LINE]["value"], changed[OVERRIDES]["value"]


def test_a_picture_of_another_webui_whose_number_is_another_layer_here_says_so(page_client, sdxl, own):
    differing = others(own, ignoring=own not in IGNORING)
    assert differing
    for name in differing:
        line, overrides = pasted(page_client, sdxl, VERSIONS[name], 3)
        assert f"This image is from {name}, " in line
        assert "layer 30 of 32 in OpenCLIP bigG" in line and "layer 31 of 32 in OpenCLIP bigG" in line
        assert "gives the same here" in line
        assert "Clip skip: 3" in overrides, "no value changes silently"


def test_a_number_that_does_nothing_here_and_is_the_layer_of_always_is_said_to_be_any(page_client, sdxl, own):
    if own not in IGNORING:
        pytest.skip("clip skip has an effect on SDXL here")
    line, _ = pasted(page_client, sdxl, VERSIONS["Forge"], 2)
    assert "where clip skip 2 on SDXL is layer 11 of 12 in CLIP-L and layer 31 of 32" in line
    assert "Here every clip skip gives that." in line


def test_nothing_is_said_where_there_is_nothing_to_say(page_client, client, sdxl, own):
    here = client.model_note()["model"]["name"]
    same = {name: VERSIONS[name] for name in others(own, ignoring=own in IGNORING)}
    for text in (
        *(infotext(sdxl, version, 3) for version in same.values()),
        *(infotext(sdxl, version) for version in VERSIONS.values()),  # without the key it is 1, here and there
        *(infotext(here, version, 3) for version in VERSIONS.values()),  # on SD1 all agree
        infotext(sdxl, VERSIONS[own], 3),
        infotext(sdxl, "f0.0.17v1.8.0rc-latest-276-g29be1da7", 3),
        infotext(sdxl, "ComfyUI", 3),
        infotext(sdxl, VERSIONS["Forge"], 3) + ", Script: Clip skip sweep, clip_skip_lab_values: 3",
        infotext("clipskiplabgone", VERSIONS["Forge"], 3),  # the loaded model counts, an SD1 one
        client.generate(override_settings={CLIP_SKIP: 3}).infotexts[0],
    ):
        assert page_client.paste(text)[LINE]["value"] == "", text


def test_a_sentence_goes_with_the_next_paste(page_client, sdxl, own):
    other = others(own, ignoring=own not in IGNORING)[0]
    assert pasted(page_client, sdxl, VERSIONS[other], 3)[0]
    assert pasted(page_client, sdxl, VERSIONS[own], 3)[0] == ""


def test_the_sentence_is_in_the_pages_language(page_client, sdxl, own):
    other = others(own, ignoring=own not in IGNORING)[0]
    page_client.http.get(f"{ROUTES}/words", params={"browser": "ja-JP"})
    line, _ = pasted(page_client, sdxl, VERSIONS[other], 3)
    page_client.http.get(f"{ROUTES}/words", params={"browser": "en"})
    assert f"この画像は {other} のものです。" in line


def test_reading_a_picture_over_the_api_tells_it_too(client, sdxl, own, tmp_path):
    other = others(own, ignoring=own not in IGNORING)[0]
    metadata = PngImagePlugin.PngInfo()
    metadata.add_text("parameters", infotext(sdxl, VERSIONS[other], 3))
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png", pnginfo=metadata)
    read = client.png_info(tmp_path / "picture.png")["parameters"]
    assert f"from {other}, " in read["clip_skip_lab_other_webui"]
    assert read["Clip skip"] == "3"
