"""docs/try/ in Chromium, as it lies in the repository: opened from disk, and from a server that only serves files."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.folder_page import all_drawn

DOCS = Path(__file__).parents[2] / "docs"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module", params=["disk", "server"])
def home(request):
    """The address of docs/, as a repository's static hosting serves it."""
    if request.param == "disk":
        yield DOCS.as_uri()
        return
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=DOCS)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def open_try(page, home):
    """Opens a page of docs/try/; at the end of the test nothing may have been missing or asked for elsewhere."""
    problems = []
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("response", lambda response: response.status < 400 or problems.append(response.url))
    page.on("request", lambda r: r.url.startswith((home, "data:", "blob:")) or problems.append(r.url))

    def opened(name):
        page.goto(f"{home}/try/{name}")
        return page

    yield opened
    assert problems == [], "requests that failed or went elsewhere"


def test_the_first_page_leads_to_two_sweeps_and_the_lens(open_try):
    page = open_try("index.html")
    expect(page.locator(".strip img")).to_have_count(24)
    for image in page.locator(".strip img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("naturalWidth", 64)
    for number, place in enumerate(["#stage", "#stage", ".clip-skip-lab-figure"]):
        page = open_try("index.html")
        page.locator(".card").nth(number).click()
        page.locator(place).wait_for()


@pytest.mark.parametrize("name", ["two-objects", "one-object"])
def test_a_sweep_shows_its_cells_findings_and_charts_and_compares_two(open_try, name):
    page = open_try(f"{name}/index.html")
    all_drawn(page)
    expect(page.locator("[role=gridcell][aria-label]")).to_have_count(48)
    expect(page.locator("#findings")).not_to_be_empty()
    for cell, key in (("0-0", "a"), ("7-0", "b")):
        page.locator(f'[data-cell="{cell}"]').hover()
        page.keyboard.press(key)
    page.keyboard.press("v")
    expect(page.locator("#compare")).to_be_visible()
    page.keyboard.press("3")  # the wipe
    expect(page.locator("#compare canvas, #compare img").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    for chart in page.locator("#panel .charts img").all():
        chart.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth > 100", arg=chart.element_handle())


def test_the_lens_follows_its_slider_and_shows_what_each_layer_sees(open_try):
    page = open_try("lens/index.html")
    figure = page.locator(".clip-skip-lab-lens > details > div > section .clip-skip-lab-figure").first
    figure.wait_for()
    for section in range(1, 6):  # drawing, heatmap, distances, likeness, mixing
        page.locator(f".clip-skip-lab-lens section:not([hidden]) >> nth={section - 1}").scroll_into_view_if_needed()
    used = figure.locator(".used .name")
    before = used.text_content()
    slider = page.locator(".clip-skip-lab-lens-slider input[type=range]")
    slider.fill("4")
    expect(used).not_to_have_text(before)
    assert page.evaluate("clipSkipLabLens.clipSkip") == 4
    expect(page.locator(".clip-skip-lab-curve").first).to_be_visible()
    page.locator(".clip-skip-lab-lens-sweep button").first.click()
    images = page.locator(".clip-skip-lab-pictures img:not(.clip-skip-lab-large)")
    expect(images).to_have_count(12)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.clip-skip-lab-pictures img')].every(image => image.naturalWidth === 64)"
    )
    with page.context.expect_page() as opened:
        page.locator(".clip-skip-lab-pictures a").nth(3).click()
    expect(opened.value.locator("#cell")).to_be_visible()
    opened.value.close()


def test_other_recorded_prompts_and_two_of_them_side_by_side(open_try):
    page = open_try("lens/index.html")
    page.locator(".clip-skip-lab-figure").first.wait_for()
    tools = page.locator(".clip-skip-lab-prompts + .clip-skip-lab-tools button:visible")
    expect(tools).to_have_count(1)  # what needs a WebUI, or a prompt that was typed, is not there
    tools.click()
    page.locator("#recorded input").nth(2).check()
    expect(page.locator(".clip-skip-lab-pair article")).to_have_count(2)
    expect(page.locator(".clip-skip-lab-pair article").nth(1)).to_contain_text("red triangle on the left")
    expect(page.locator(".clip-skip-lab-both table")).to_be_visible()
    expect(page.locator(".clip-skip-lab-lens-sweep")).to_be_hidden()  # of this prompt there are no images


def test_a_phone_that_speaks_japanese_gets_japanese_and_can_choose_english(browser, home):
    context = browser.new_context(locale="ja-JP", color_scheme="dark", viewport={"width": 375, "height": 800})
    page = context.new_page()
    for name in ("index.html", "lens/index.html", "two-objects/index.html"):
        page.goto(f"{home}/try/{name}")
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        if name.startswith("lens"):
            expect(page.locator(".clip-skip-lab-lens h3")).to_have_text("プロンプトレンズ")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.goto(f"{home}/try/index.html")
    expect(page.locator("body")).to_have_class("landing dark")
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(f"{home}/try/lens/index.html")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()
