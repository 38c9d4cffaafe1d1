"""In a real browser: what a pasted infotext of another WebUI says here stands under the note in the header."""

from __future__ import annotations

import pytest

from tests.helpers.client import Client
from tests.helpers.family import IGNORING, VERSIONS, name_of, others, unloaded_sdxl
from tests.helpers.page_client import opened_page

SHOWN = "#clip_skip_lab_of_picture"
LINE = "#script_txt2img_clip_skip_lab_clip_skip_lab_pasted"


@pytest.fixture
def page_with_note(host_url, page):
    opened_page(page, host_url)
    page.locator("#clip_skip_lab_note:not(:empty)").wait_for()
    return page


@pytest.fixture
def sdxl(host_url):
    with unloaded_sdxl(Client(host_url)) as name:
        yield name


@pytest.fixture(scope="module")
def own(host_url):
    return name_of(Client(host_url))


@pytest.fixture
def other(own):
    """The version of a WebUI whose clip skip 3 on SDXL is another layer than here, and what is said of it."""
    name = others(own, ignoring=own not in IGNORING)[0]
    said = f"{name}, which ignores clip skip on SDXL" if name in IGNORING else f"{name}, where clip skip 3 on SDXL is"
    return VERSIONS[name], f"This image is from {said}"


def paste(page, model, version, clip_skip):
    page.locator("#txt2img_prompt textarea").fill(
        f"a cat\nSteps: 4, Sampler: Euler, Seed: 1, Size: 64x64, Model: {model}, Clip skip: {clip_skip}, "
        f"Version: {version}"
    )
    page.locator("#paste:visible").first.click()


def becomes(page, beginning):
    page.wait_for_function(
        "([css, text]) => { const said = document.querySelector(css)?.textContent ?? ''; "
        "return text ? said.startsWith(text) : !said; }",
        arg=[SHOWN, beginning],
    )


def test_a_pasted_clip_skip_of_another_webui_is_explained_in_the_header(page_with_note, sdxl, own, other):
    page, (version, said) = page_with_note, other
    paste(page, sdxl, version, 3)
    becomes(page, said)
    assert page.locator(SHOWN).is_visible()
    page.locator(f"{LINE} p").wait_for(state="hidden")  # it stands there only where there is no note
    assert page.locator("#txt2img_override_settings .token", has_text="Clip skip: 3").count() == 1
    page.locator("#tabs > .tab-nav button", has_text="img2img").click()
    becomes(page, "")
    page.locator("#tabs > .tab-nav button", has_text="txt2img").click()
    becomes(page, said)
    paste(page, sdxl, VERSIONS[own], 3)
    becomes(page, "")


def test_it_goes_when_the_clip_skip_in_use_is_changed_and_comes_back_with_another_paste(page_with_note, sdxl, other):
    page, (version, said) = page_with_note, other
    paste(page, sdxl, version, 3)
    becomes(page, said)
    page.wait_for_timeout(2500)  # after that a change is a person's
    assert page.locator(SHOWN).text_content().startswith(said)
    page.locator("#txt2img_override_settings .token-remove, #txt2img_override_settings .remove-all").first.click()
    becomes(page, "")
    paste(page, sdxl, version, 3)
    becomes(page, said)


def test_without_a_note_in_the_header_it_stands_above_the_panel(page_with_note, sdxl, other):
    page, (version, said) = page_with_note, other
    page.evaluate("() => document.getElementById('clip_skip_lab_note').remove()")
    paste(page, sdxl, version, 3)
    page.locator(f"{LINE} p", has_text=said).wait_for()
    assert page.locator(f"{LINE} p").is_visible()
