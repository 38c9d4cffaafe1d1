"""The buttons under the gallery: from any picture to its sweep. On the embedded host, or a real one by WEBUI_URL."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage


def record_in(log: str) -> tuple[Path, dict]:
    folder = Path(re.search(r"Folder: (\S+)", log)[1])
    return folder, json.loads((folder / "sweep.json").read_text(encoding="utf-8"))


def press(sweep: SweepPage, name: str, tab: str) -> None:
    """Presses one of our buttons under the gallery and waits for the end of the sweep in that tab."""
    sweep.ends_after(sweep.page.locator(f"#clip_skip_lab_{sweep.tab}_{name}").click, tab)


def test_a_picture_of_a_batch_is_swept_with_its_own_seed_and_settings(page, host_url, client):
    sweep = SweepPage(page, host_url)
    sweep.set_small("a (red:1.2) cat")
    sweep.set_number("batch_size", 2)
    sweep.set_number("batch_count", 2)
    sweep.generate()
    sweep.open_picture(2, "Seed: 8")
    sweep.type_into(page.locator("#txt2img_prompt textarea"), "something else")
    sweep.set_number("steps", 7)
    press(sweep, "sweep_here", "txt2img")
    folder, record = record_in(sweep.log)
    assert [cell["values"]["Clip skip"] for cell in record["cells"]] == list(range(1, 13))
    assert {len(cell["pictures"]) for cell in record["cells"]} == {1}
    assert {cell["pictures"][0]["seed"] for cell in record["cells"]} == {8}
    assert (record["setting"]["prompt"], record["setting"]["steps"]) == ("a (red:1.2) cat", 2)
    swept = np.asarray(Image.open(folder / record["cells"][0]["pictures"][0]["file"]).convert("RGB"))
    asked = {key: record["setting"][key] for key in ("prompt", "negative_prompt", "sampler_name", "scheduler")}
    assert (swept == client.single(1, seed=8, cfg_scale=record["setting"]["cfg_scale"], **asked).pictures[0]).all()
    assert page.locator("#txt2img_override_settings .token").count() == 0


def test_a_picture_is_sent_to_img2img_and_swept_there(page, host_url):
    sweep = SweepPage(page, host_url)
    sweep.set_small()
    sweep.set_number("width", 128)
    sweep.generate()
    for _ in range(2):  # the second time there is a picture in img2img already
        sweep.open_tab("txt2img")
        press(sweep, "sweep_in_img2img", "img2img")
        log = sweep.log_of("img2img")
        assert "12 of 12 done" in log
        _, record = record_in(log)
        picture = record["cells"][0]["pictures"][0]
        assert (picture["seed"], picture["width"], picture["height"]) == (7, 128, 64)
        assert "Denoising strength" in picture["infotext"]
    assert page.locator("#tab_img2img").is_visible()


def said_under_the_gallery(page, text: str) -> None:
    page.locator("#clip_skip_lab_from_txt2img [role=status]", has_text=text).wait_for()


def test_what_is_no_picture_is_neither_swept_nor_sent_and_says_what_it_is(page, host_url):
    sweep = SweepPage(page, host_url)
    sweep.choose_script()
    sweep.set_small()
    sweep.set_values("1, 9")
    sweep.forecast_becomes("^2 cells")
    sweep.generate()
    folder, _ = record_in(sweep.log)
    text = sweep.open_picture(1, "A chart of the clip skip sweep")
    assert folder.name in text
    assert text.endswith(f"Seed: 7, Chart: change.png, Clip skip sweep: {folder.name}")  # the host's Save needs a seed
    assert "Steps:" not in text
    chart = "This is a chart of the sweep, not an image. Choose one of the images first."
    grid = "This is the grid, not one image. Choose one of the images first."
    for number, holds, sentence in ((1, "A chart", chart), (0, "Script: Clip skip sweep", grid)):
        sweep.open_picture(number, holds)
        for name in ("clip_skip_lab_txt2img_sweep_here", "txt2img_send_to_img2img", "txt2img_send_to_inpaint"):
            page.evaluate("document.querySelector('#clip_skip_lab_from_txt2img [role=status]')?.replaceChildren()")
            page.locator(f"#{name}").click()
            said_under_the_gallery(page, sentence)
    page.wait_for_timeout(500)
    assert page.locator("#tab_txt2img").is_visible()
    assert record_in(sweep.log)[0] == folder, "nothing was started"
    sweep.open_picture(sweep.thumbnails.count() - 1, "Steps: ")
    page.locator("#txt2img_send_to_img2img").click()
    page.locator("#img2img_image img").wait_for()
    assert page.locator("#tab_img2img").is_visible()


def test_without_a_picture_the_buttons_are_off(page, host_url):
    sweep = SweepPage(page, host_url)
    assert sweep.thumbnails.count() == 0
    for name in ("sweep_here", "sweep_in_img2img"):
        expect(page.locator(f"#clip_skip_lab_txt2img_{name}")).to_be_disabled()
