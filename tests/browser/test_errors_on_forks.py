"""What the page says of an error on the forks whose main thread keeps none: reForge, as Forge Classic. On the embedded
host with reForge's face, or a real one by WEBUI_URL; on the others these sentences are the host's own."""

from __future__ import annotations

import os

import pytest

from tests.browser.sweep_page import SweepPage
from tests.minihost import launch


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    if url := os.environ.get("WEBUI_URL"):
        yield url.rstrip("/")
        return
    with launch.Process(tmp_path_factory.mktemp("reforge"), [launch.REPO], ["--face", "reforge"]) as process:
        yield process.url


@pytest.fixture
def txt2img(page, url):
    sweep = SweepPage(page, url)
    sweep.set_small()
    return sweep


def test_a_sweep_that_cannot_be_made_says_why_and_the_next_one_runs(txt2img):
    txt2img.choose_script()
    txt2img.set_values("99")
    txt2img.forecast_becomes('^Clip skip values: "99"')
    txt2img.generate()
    assert 'Clip skip values: "99"' in txt2img.log
    assert "NoneType" not in txt2img.log
    txt2img.set_values("1, 2")
    txt2img.forecast_becomes("^2 cells")
    txt2img.generate()
    txt2img.page.locator("#html_log_txt2img", has_text="2 of 2 done").first.wait_for()
    assert "2 of 2 done" in txt2img.log


def test_a_finer_clip_skip_that_is_none_says_why_and_the_next_generation_runs(txt2img):
    finer = "#script_txt2img_clip_skip_lab_clip_skip_lab_"
    txt2img.page.locator(f"{finer}finer .label-wrap").click()  # opens and ticks
    negative = txt2img.page.locator(f"{finer}negative").locator("input, textarea").first
    txt2img.type_into(negative, "x")
    txt2img.generate()
    assert 'Negative clip skip: "x" is not a number' in txt2img.log
    assert "NoneType" not in txt2img.log
    assert txt2img.thumbnails.count() == 0
    txt2img.type_into(negative, "2")
    txt2img.generate()
    assert "clip_skip_lab_negative: 2" in txt2img.infotext
