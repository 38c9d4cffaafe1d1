"""The page of a sweep as the WebUI serves it: the ways to it, and back to the WebUI's own setting."""

from __future__ import annotations

import re

import pytest

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CLIP_SKIP
from tests.helpers.page_client import opened_page

ROUTE = "/clip-skip-lab/v1/sweeps"


@pytest.fixture(scope="module")
def swept(client):
    """Clip skip 1, 2 and the fraction between."""
    return client.sweep({"clip_skip": "1, 1.5, 2"})


def open_page(page, host_url, swept, address=""):
    page.goto(f"{host_url}{ROUTE}/{swept.folder.name}/page{address}")
    page.locator("#stage canvas[data-drawn]").nth(2).wait_for()


def test_the_page_shows_the_sweep_and_asks_only_this_webui(page, host_url, swept):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, host_url, swept)
    assert page.url == f"{host_url}{ROUTE}/{swept.folder.name}/page/"
    assert page.get_by_role("gridcell").count() == 3
    page.get_by_role("gridcell").nth(2).click()
    page.locator("#cell pre", has_text="Clip skip: 2").wait_for()
    assert [url for url in asked if not url.startswith((host_url, "data:"))] == []


def test_exports_work_on_the_webui_too(page, host_url, swept):
    open_page(page, host_url, swept)
    page.click("#open-export")
    for key in ("#sheet-shown", "#animation"):
        with page.expect_download() as download:
            page.click(key)
        assert download.value.path().stat().st_size > 500


@pytest.mark.parametrize("by_key", [False, True])
def test_use_this_clip_skip_sets_it_in_the_webui(page, host_url, client, swept, by_key):
    before = client.options()[CLIP_SKIP]
    try:
        client.set({CLIP_SKIP: 1})
        open_page(page, host_url, swept)
        page.get_by_role("gridcell").nth(2).click()
        if by_key:
            page.keyboard.press("u")
        else:
            page.get_by_role("button", name="Use clip skip 2").click()
        page.locator("#said", has_text="The WebUI's clip skip is now 2.").wait_for()
        assert client.options()[CLIP_SKIP] == 2
    finally:
        client.set({CLIP_SKIP: int(before)})


def test_about_says_how_well_the_conditioning_foretold_the_pictures_and_from_disk_of_this_sweep_only(
    page, host_url, client
):
    swept = client.sweep({"clip_skip": "1-6", "measures": True})
    (row,) = swept.record["rank_correlations"]
    open_page(page, host_url, swept, "/#cell=5-0")
    value = page.get_by_role("row", name="Change of the conditioning").get_by_role("cell")
    assert value.inner_text() == f"{swept.record['cells'][5]['conditioning_change']:.3g} relative distance"
    page.keyboard.press("Escape")
    page.click("#open-about")
    sentences = page.locator("#foretold li")
    sentences.nth(1).wait_for()
    model = swept.record["model"]
    told = client.http.get(f"{ROUTE}/../rank-correlation", params={"checkpoint": model["hash"]}).json()
    count = told["sweeps"]
    few = f"For all sweeps with {model['name']} together there is no answer yet: too few have this number ({count})."
    assert sentences.nth(0).inner_text().endswith(f"the image is {row['rank_correlation']:.2f}.")
    if told["mean"] is None:
        assert sentences.nth(1).inner_text() == few
    else:
        numbers = "{mean:.2f} ({low:.2f} to {high:.2f})".format(**told)
        assert (
            sentences.nth(1)
            .inner_text()
            .startswith(f"Across {count} sweeps with {model['name']}, the rank correlation")
        )
        assert sentences.nth(1).inner_text().endswith(f"the change of the image is {numbers}.")
    page.get_by_alt_text("Change of the conditioning and the image from clip skip 1").wait_for()
    page.goto((swept.folder / "index.html").as_uri())
    page.click("#open-about")
    sentences.nth(0).wait_for()
    assert sentences.count() == 1


def test_a_fraction_cannot_be_sent_to_a_setting_of_whole_numbers(page, host_url, swept):
    open_page(page, host_url, swept)
    page.get_by_role("gridcell").nth(1).click()
    button = page.get_by_role("button", name="Use clip skip 1.5")
    assert button.is_disabled()
    assert button.get_attribute("title") == "The WebUI's own setting takes whole numbers only"


def test_the_result_of_a_sweep_has_a_link_to_its_page(page, host_url):
    sweep = SweepPage(page, host_url)
    sweep.choose_script()
    sweep.set_small()
    sweep.set_values("1-2")
    sweep.forecast_becomes("^2 cells")
    sweep.generate()
    link = page.get_by_role("link", name="Open the page", exact=True)
    link.wait_for()
    with page.context.expect_page() as opened:
        link.click()
    opened.value.locator("#stage canvas[data-drawn]").nth(1).wait_for()
    assert re.fullmatch(rf"{re.escape(host_url)}{ROUTE}/[-0-9a-f]+/page/", opened.value.url)


def test_the_tab_lists_the_sweeps_with_links(page, host_url, swept):
    opened_page(page, host_url)
    page.locator("#tabs > .tab-nav button", has_text="Clip skip sweeps").click()
    page.get_by_role("searchbox", name="Search").fill(swept.folder.name)
    row = page.locator("#clip_skip_lab_sweeps").get_by_role("listitem").filter(has_text=swept.folder.name)
    row.wait_for()
    assert row.inner_text().startswith("a red cat"), "the prompt first, its id after it"
    assert "3 of 3 cells" in row.inner_text()
    with page.context.expect_page() as opened:
        row.get_by_role("link").click()
    opened.value.locator("#stage canvas[data-drawn]").nth(2).wait_for()
