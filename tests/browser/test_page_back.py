"""Back to work: what the page of a sweep sends to the WebUI, which is open in another tab of the same browser."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import encoded, gradient

ROUTE = "/clip-skip-lab/v1/sweeps"
PROMPT = "a red cat on a table, (jeans:1.3), BREAK, (pov:1.2), city"
VALUES = "1, 1.5, 2, avg 2-4"


@pytest.fixture(scope="module")
def swept(client):
    """Four values of clip skip, two seeds, two pictures in each cell."""
    asked = {"clip_skip": VALUES, "y": {"axis": "Seed", "values": "5, 6"}}
    return client.sweep(asked, batch_size=2, width=128, steps=3, cfg_scale=5)


@pytest.fixture(scope="module")
def of_img2img(client):
    return client.sweep(
        {"clip_skip": "1, 2"}, route="img2img", init_images=[encoded(gradient())], denoising_strength=0.6
    )


@pytest.fixture
def webui(page, host_url):
    """The WebUI in a tab, with other parameters than the sweep had."""
    webui = SweepPage(page, host_url)
    webui.set_small("something else")
    webui.set_number("batch_size", 3)
    return webui


@pytest.fixture
def sweeps_page(page, host_url):
    """Opens a sweep's page beside the WebUI, in the large view of a cell."""
    problems = []

    def opened(swept, cell="0-0"):
        beside = page.context.new_page()
        beside.on("pageerror", lambda error: problems.append(str(error)))
        beside.goto(f"{host_url}{ROUTE}/{swept.folder.name}/page/#cell={cell}")
        beside.locator("#cell pre").wait_for()
        return beside

    yield opened
    assert problems == []


def send(beside, name, says):
    beside.evaluate("document.querySelector('#cell .answer').textContent = ''")  # of the time before
    beside.get_by_role("button", name=name, exact=True).click()
    beside.locator("#cell .answer", has_text=says).wait_for()


def value(webui, css):
    return webui.page.locator(css).first.input_value()


def script(webui, tab="txt2img"):
    return value(webui, f"#{tab}_script_container #script_list input")


def overrides(webui, tab="txt2img"):
    return [text.strip() for text in webui.page.locator(f"#{tab}_override_settings .token").all_inner_texts()]


def is_generating(webui, tab="txt2img"):
    return webui.page.evaluate(f"document.getElementById('{tab}_interrupt').style.display") == "block"


def dropped_size(webui, box):
    return webui.page.locator(f"{box} img").first.evaluate("image => [image.naturalWidth, image.naturalHeight]")


def test_a_cell_goes_to_txt2img_with_all_that_its_infotext_has_and_clip_skip_as_an_override(webui, swept, sweeps_page):
    webui.choose_script()
    webui.open_tab("img2img")
    beside = sweeps_page(swept, "2-1")
    send(beside, "txt2img", "The WebUI's tab now has this cell's parameters in txt2img.")
    assert webui.page.locator("#tab_txt2img").is_visible()
    assert value(webui, "#txt2img_prompt textarea") == PROMPT
    fields = {name: value(webui, f"#txt2img_{name} input") for name in ("steps", "width", "cfg_scale", "seed")}
    assert fields == {"steps": "3", "width": "128", "cfg_scale": "5", "seed": "6"}
    assert overrides(webui) == ["Clip skip: 2"]
    assert script(webui) == "None", "what is sent is one cell; Generate is to make no sweep of it"
    assert webui.log == ""
    assert not is_generating(webui)


def test_a_finer_value_comes_into_the_panel_for_it(webui, swept, sweeps_page):
    send(sweeps_page(swept, "1-0"), "txt2img", "now has this cell's parameters in txt2img")
    assert value(webui, "#script_txt2img_clip_skip_lab_clip_skip_lab_value :is(input, textarea)") == "1.5"
    assert webui.page.locator("#script_txt2img_clip_skip_lab_clip_skip_lab_finer-checkbox input").is_checked()
    assert overrides(webui) == []


@pytest.mark.parametrize(("name", "box"), [("img2img", "#img2img_image"), ("inpaint", "#img2maskimg")])
def test_a_cell_goes_to_img2img_and_inpaint_with_its_picture(webui, swept, sweeps_page, name, box):
    beside = sweeps_page(swept, "2-0")
    for _ in range(2):  # the second time there is a picture already
        webui.open_tab("txt2img")
        send(beside, name, f"The WebUI's tab now has this image and its parameters in {name}.")
        assert webui.page.locator(box).is_visible()
        assert dropped_size(webui, box) == [128, 64]
    assert value(webui, "#img2img_prompt textarea") == PROMPT
    assert (value(webui, "#img2img_width input"), value(webui, "#img2img_seed input")) == ("128", "5")
    assert overrides(webui, "img2img") == ["Clip skip: 2"]
    assert not is_generating(webui, "img2img")


def test_what_is_generated_from_there_begins_with_that_picture(webui, swept, sweeps_page):
    send(sweeps_page(swept, "2-0"), "img2img", "now has this image and its parameters in img2img")
    webui.page.locator("#img2img_denoising_strength input[type=number]").fill("0")
    webui.page.locator("#img2img_denoising_strength input[type=number]").press("Tab")
    webui.ends_after(webui.page.locator("#img2img_generate").click, "img2img")
    assert "Size: 128x64" in webui.page.locator("#html_info_img2img").first.inner_text()


def test_run_again_generates_one_picture_and_it_is_the_same(webui, swept, sweeps_page, client):
    webui.choose_script()
    webui.set_number("batch_count", 2)
    beside = sweeps_page(swept, "2-1")
    webui.ends_after(lambda: send(beside, "Run this cell again", "The WebUI is generating this cell again"))
    assert (script(webui), value(webui, "#txt2img_batch_count input")) == ("None", "1")
    assert webui.thumbnails.count() in (0, 1)
    shown = webui.page.locator("#txt2img_gallery img").first.get_attribute("src")
    answer = webui.page.request.get(shown).body()
    of_sweep = (swept.folder / swept.record["cells"][2]["pictures"][1]["file"]).read_bytes()
    assert np.abs(pixels(answer) - pixels(of_sweep)).max() <= 1, "there it was one of a batch of two"


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_sweep_around_runs_the_values_beside_it_with_everything_else_of_the_cell(webui, swept, sweeps_page):
    beside = sweeps_page(swept, "2-0")
    webui.ends_after(lambda: send(beside, "Sweep 2 ± 0.5", "The WebUI is sweeping around this value"))
    assert "5 of 5 done" in webui.log
    assert 'values: "1.5, 1.75, 2, 2.25, 2.5"' in webui.open_picture(0, "Script: Clip skip sweep").replace(
        "clip_skip_lab_", ""
    )
    assert "Seed: 5" in webui.infotext


def test_around_the_lowest_value_nothing_is_lower_and_an_average_has_nothing_around_it(webui, swept, sweeps_page):
    beside = sweeps_page(swept, "0-0")
    around = beside.locator("[data-key=around]")
    assert "generates 1, 1.25, 1.5 with" in around.get_attribute("title")
    beside.keyboard.press("ArrowRight")
    beside.locator("#cell h2", has_text="Clip skip 1.5").wait_for()
    assert "generates 1, 1.25, 1.5, 1.75, 2 with" in around.get_attribute("title")
    for _ in range(2):
        beside.keyboard.press("ArrowRight")
    beside.locator("#cell h2", has_text="avg 2-4").wait_for()
    assert around.is_disabled()
    assert around.get_attribute("title") == "This works for numbers only, not for averages or schedules."


def test_a_cell_of_img2img_is_not_run_again_without_its_picture(webui, of_img2img, sweeps_page):
    beside = sweeps_page(of_img2img, "1-0")
    for key in ("run", "around"):
        button = beside.locator(f"[data-key={key}]")
        assert button.is_disabled()
        assert button.get_attribute("title").startswith("This is an img2img sweep")
    beside.keyboard.press("r")
    beside.locator("#said", has_text="This is an img2img sweep, and its input image was not kept.").wait_for()
    send(beside, "img2img", "now has this image and its parameters in img2img")


def test_without_an_open_webui_there_is_a_sentence_with_a_link(page, host_url, swept, sweeps_page):
    beside = sweeps_page(swept)
    send(beside, "txt2img", "Open the WebUI in another tab of this browser first.")
    assert beside.get_by_role("link", name="Open the WebUI").get_attribute("href") == f"{host_url}/"


def test_the_webui_that_was_looked_at_last_gets_it(webui, page, host_url, swept, sweeps_page):
    other = SweepPage(page.context.new_page(), host_url)
    other.set_small("the other one")
    webui.page.bring_to_front()
    webui.page.evaluate("window.dispatchEvent(new Event('focus'))")
    send(sweeps_page(swept), "txt2img", "now has this cell's parameters in txt2img")
    assert value(webui, "#txt2img_prompt textarea") == PROMPT
    assert value(other, "#txt2img_prompt textarea") == "the other one"


def test_a_missing_file_is_said_and_changes_nothing(page, host_url, swept, sweeps_page):
    webui = SweepPage(page.context.new_page(), host_url)  # whose console says that a file was not there
    webui.set_small("something else")
    beside = sweeps_page(swept, "3-0")
    path = swept.folder / swept.record["cells"][3]["pictures"][0]["file"]
    path.rename(path.with_suffix(".away"))
    try:
        send(beside, "img2img", "The file is missing: cells/")
    finally:
        path.with_suffix(".away").rename(path)
    assert value(webui, "#img2img_prompt textarea") == ""
    assert not webui.page.locator("#tab_img2img").is_visible()
    assert webui.page.locator("#tab_txt2img").is_visible()


def test_a_tab_that_the_webui_lacks_is_said(webui, swept, sweeps_page):
    if webui.page.locator("#extras_image").count():  # the embedded host has none
        send(sweeps_page(swept), "extras", "The WebUI's tab now has this image in Extras.")
        assert dropped_size(webui, "#extras_image") == [128, 64]
    else:
        send(sweeps_page(swept), "extras", "This WebUI has no Extras tab.")


def test_while_it_generates_nothing_is_run_there(webui, swept, sweeps_page):
    webui.page.evaluate("document.getElementById('txt2img_interrupt').style.display = 'block'")
    send(sweeps_page(swept), "Run this cell again", "txt2img is generating. Try again when it is done.")
    assert value(webui, "#txt2img_prompt textarea") == "something else"


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (
            {"to": "extras", "sweep": "../../../internal", "file": "x.png"},
            "no image in its sweep's folder|no Extras tab",
        ),
        ({"to": "img2img", "file": "../../sweep.json"}, "no image in its sweep's folder"),
        ({"to": "img2img", "file": "https://example.org/x.png"}, "no image in its sweep's folder"),
        ({"to": "img2img", "file": "sweep.json"}, "The image could not be read: sweep.json"),
        ({"to": "img2img", "file": ["x"]}, "no image in its sweep's folder"),
        ({"to": "txt2img", "infotext": {"a": 1}}, "no readable generation parameters"),
        ({"to": "txt2img", "infotext": "just words"}, "no readable generation parameters"),
        ({"to": "around", "values": "1\nSteps: 3"}, "no values to sweep"),
    ],
)
def test_a_message_is_data_and_what_it_must_not_say_is_refused(webui, swept, sweeps_page, task, says):
    beside = sweeps_page(swept)
    asked = []
    webui.page.on("request", lambda request: asked.append(request.url))
    good = {
        "sweep": swept.folder.name,
        "file": swept.record["cells"][0]["pictures"][0]["file"],
        "infotext": "a\nSteps: 2",
    }
    refused = beside.evaluate(
        """async (task) => {
            const channel = new BroadcastChannel("clip-skip-lab /clip-skip-lab/v1/");
            const answer = (message) => new Promise((resolve) => {
                channel.onmessage = ({data}) => "answer" in data && resolve(data);
                channel.postMessage(message);
            });
            const {name} = await answer({ask: "who", number: 1});
            return (await answer({name, number: 2, task})).refused;
        }""",
        {**good, **task},
    )
    assert re.search(says, refused)
    assert value(webui, "#txt2img_prompt textarea") == "something else"
    assert [url for url in asked if "example.org" in url or "internal" in url] == []
