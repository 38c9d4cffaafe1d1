"""The sweep's panel before anything runs, in Chromium: what it says, fills in, and shows when."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import gradient


def text_of(sweep, axis="y"):
    return sweep.part(f"{axis}_values").locator("textarea, input").first


def test_an_axis_that_is_chosen_has_sensible_values_and_what_was_typed_stays(txt2img):
    txt2img.choose(txt2img.part("y_axis"), "CFG Scale")
    expect(text_of(txt2img)).to_have_value("5, 7, 9, 11")
    txt2img.choose(txt2img.part("y_axis"), "Seed")  # what was filled in makes way
    expect(text_of(txt2img)).to_have_value("7, 8, 9")
    txt2img.choose(txt2img.part("y_axis"), "Sampler")
    expect(txt2img.part("y_choices").locator(".token")).to_have_count(1)
    txt2img.choose(txt2img.part("y_axis"), "Steps")
    expect(text_of(txt2img)).to_have_value("10, 20, 30, 40")
    txt2img.type_into(text_of(txt2img), "4, 5")
    txt2img.choose(txt2img.part("y_axis"), "CFG Scale")
    txt2img.forecast_becomes("^24 cells")
    expect(text_of(txt2img)).to_have_value("4, 5")


def test_a_random_seed_stays_random(txt2img, page):
    txt2img.type_into(page.locator("#txt2img_seed input"), "-1")
    txt2img.choose(txt2img.part("z_axis"), "Seed")
    expect(text_of(txt2img, "z")).to_have_value("-1, -1, -1")
    txt2img.forecast_becomes("^36 cells")


def test_how_many_cells_at_once_is_asked_in_fast_mode_only(txt2img, page):
    at_once = txt2img.part("cells_per_batch")
    expect(at_once).to_be_hidden()
    txt2img.part("mode").get_by_text("fast", exact=True).click()
    expect(at_once).to_be_visible()
    txt2img.part("mode").get_by_text("exact", exact=True).click()
    expect(at_once).to_be_hidden()
    pasted = "a cat\nSteps: 2, Sampler: Euler, CFG scale: 7, Seed: 7, Size: 64x64, Script: Clip skip sweep, "
    txt2img.type_into(
        page.locator("#txt2img_prompt textarea"), f"{pasted}clip_skip_lab_values: 1-2, clip_skip_lab_mode: fast"
    )
    page.locator("#txt2img_tools #paste").click()
    expect(at_once).to_be_visible()


def test_every_field_has_one_line_of_help(txt2img):
    for name in ("values", "y_axis", "y_values", "z_axis", "z_values", "mode"):
        said = txt2img.part(name).inner_text().strip().splitlines()
        assert len(said[1].strip()) > 15, f"{name}: {said}"


def test_settings_stand_beside_stable_diffusion(txt2img, page):
    txt2img.open_tab("Settings")
    sections = [text.strip() for text in page.locator("#settings > .tab-nav > button").all_inner_texts()]
    groups = dict(page.evaluate("() => opts._categories"))  # by the first section of each
    before = sections[: sections.index("Clip Skip Lab") + 1]
    assert [groups[name] for name in before if name in groups][-1] == "Stable Diffusion"


def test_the_buttons_under_an_empty_gallery_are_off(txt2img, page):
    buttons = page.locator("#clip_skip_lab_from_txt2img button")
    for button in buttons.all():
        expect(button).to_be_disabled()
    txt2img.set_values("1")
    txt2img.generate()
    for button in buttons.all():
        expect(button).to_be_enabled()


def test_the_page_of_a_sweep_is_linked_from_its_first_moment_also_where_one_opens_the_webui_meanwhile(
    txt2img, page, host_url
):
    txt2img.set_number("steps", 60)
    txt2img.set_values("1-8")
    link = page.locator("#clip_skip_lab_from_txt2img").get_by_role("link", name="Open the page of the sweep")
    meanwhile = page.context.new_page()
    opened = SweepPage(meanwhile, host_url)

    def started():
        page.locator("#txt2img_generate").click()
        expect(link).to_be_visible()
        address = link.get_attribute("href")
        meanwhile.reload()
        there = meanwhile.locator("#clip_skip_lab_from_txt2img").get_by_role("link", name="Open the page of the sweep")
        expect(there).to_have_attribute("href", address)
        answer = meanwhile.request.get(f"{host_url}/{address.removeprefix('./')}/sweep.json")
        assert answer.json()["state"] == "running"
        page.locator("#txt2img_interrupt").click()

    txt2img.ends_after(started)
    expect(link).to_have_count(0)
    assert " of 8 done · Open the page" in txt2img.log and "Not run (interrupted)" in txt2img.log
    assert opened.tab == "txt2img"
    meanwhile.close()


def test_the_way_leads_to_the_comparison_with_the_sweep_of_the_other_tab(txt2img, page, host_url, tmp_path):
    picture = tmp_path / "picture.png"
    gradient().save(picture)
    txt2img.set_values("1, 3")
    txt2img.generate()
    img2img = SweepPage(page, host_url, "img2img")
    page.locator("#img2img_image input[type=file]").set_input_files(str(picture))
    img2img.choose_script()
    img2img.set_small()
    img2img.set_values("1, 3")
    page.locator("#img2img_image img").first.wait_for()
    img2img.generate()
    link = page.locator("#html_log_img2img").get_by_role("link", name="Compare with its txt2img sweep")
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("#clip_skip_lab_compare")).to_be_visible()


def test_a_preset_is_saved_chosen_on_the_other_tab_and_forgotten(txt2img, page, host_url):
    name = f"<b>mine</b> 🐈 {time.time_ns()}"
    txt2img.set_values("1-3")
    txt2img.choose(txt2img.part("y_axis"), "Sampler")
    expect(txt2img.part("y_choices").locator(".token")).to_have_count(1)
    txt2img.part("mode").get_by_text("fast", exact=True).click()
    txt2img.part("measures").locator("input").uncheck()
    said = txt2img.part("preset_said")
    txt2img.part("preset_save").click()
    expect(said.locator("[role=alert]")).to_contain_text("a name of 1 to 100 characters")
    field = txt2img.part("preset").locator("input").first
    field.fill(name)
    field.press("Enter")
    txt2img.part("preset_save").click()
    expect(said).to_have_text(f"The preset “{name}” was saved.")

    img2img = SweepPage(page, host_url, "img2img")
    img2img.choose_script()
    with page.expect_response(lambda response: "/run/predict" in response.url or "/queue/join" in response.url):
        img2img.part("preset_refresh").click()
    page.wait_for_timeout(2000)
    img2img.choose(img2img.part("preset"), name)
    expect(img2img.part("values").locator("textarea, input").first).to_have_value("1-3")
    expect(img2img.part("y_choices").locator(".token")).to_have_count(1)
    expect(img2img.part("cells_per_batch")).to_be_visible()
    expect(img2img.part("measures").locator("input")).not_to_be_checked()
    img2img.part("preset_forget").click()
    expect(img2img.part("preset_said")).to_have_text(f"The preset “{name}” was deleted.")
