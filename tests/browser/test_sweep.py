"""A person's path through a sweep, in Chromium. Runs on the embedded host, or on a real one named by WEBUI_URL."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import gradient


def folder_in(text):
    return Path(re.search(r"Folder: (\S+)", text)[1])


def test_the_line_under_the_panel_follows_every_change(txt2img):
    assert txt2img.forecast_becomes(r"^\s*12 cells · 12 images · 24 steps · grid \d+ × \d+ px")
    txt2img.set_values("1, 2, 5")
    three = txt2img.forecast_becomes("^3 cells · 3 images · 6 steps")
    txt2img.set_number("steps", 5)
    txt2img.forecast_becomes("^3 cells · 3 images · 15 steps")
    txt2img.set_number("batch_size", 2)
    txt2img.forecast_becomes("^3 cells · 6 images · 15 steps")
    txt2img.set_number("batch_size", 1)
    txt2img.set_number("width", 128)
    wide = txt2img.forecast_becomes("^3 cells · 3 images · 15 steps")
    assert three.partition("grid")[2] != wide.partition("grid")[2]
    txt2img.choose(txt2img.part("y_axis"), "Prompt S/R")
    hint = txt2img.forecast_becomes("^Values of the second axis: type them, separated by commas, for example cat, dog")
    assert hint
    assert txt2img.part("forecast").locator("[role=alert]").count() == 0
    txt2img.choose(txt2img.part("z_axis"), "Hires sampler")
    txt2img.forecast_becomes("Values of the third axis: choose one or more, for example ")
    txt2img.choose(txt2img.part("z_axis"), "Nothing")
    txt2img.choose(txt2img.part("y_axis"), "CFG Scale")
    txt2img.forecast_becomes("^12 cells · 12 images · 60 steps")
    txt2img.type_into(txt2img.part("y_values").locator("textarea, input").first, "5, 7")
    txt2img.forecast_becomes("^6 cells · 6 images · 30 steps")


def test_the_line_under_the_panel_says_what_the_finer_panel_does(txt2img):
    page, finer = txt2img.page, "#script_txt2img_clip_skip_lab_clip_skip_lab_"
    txt2img.set_values("1-3")
    page.locator(f"{finer}finer .label-wrap").click()  # opens and ticks
    txt2img.type_into(page.locator(f"{finer}value").locator("input, textarea").first, "5")
    txt2img.forecast_becomes("^The panel's own clip skip is not used: the sweep's values replace it")
    txt2img.type_into(page.locator(f"{finer}negative").locator("input, textarea").first, "2")
    txt2img.forecast_becomes("The panel “Finer clip skip” applies to every cell: Negative clip skip 2\\. The panel's")
    txt2img.type_into(page.locator(f"{finer}negative").locator("input, textarea").first, "x")
    txt2img.forecast_becomes('^Negative clip skip: "x" is not a number')
    page.locator(f"{finer}finer-visible-checkbox").uncheck()
    expect(txt2img.part("forecast").locator("p")).to_have_count(1)
    txt2img.forecast_becomes("^3 cells")


@pytest.mark.parametrize("bad", ["0", "13", "1-", "12-1 (+1)", "letters", "1-1000000"])
def test_bad_input_gets_its_sentence_at_once_and_on_generate(txt2img, bad):
    txt2img.set_values(bad)
    sentence = txt2img.forecast_becomes("^Clip skip values: ")
    assert f'"{bad}"' in sentence
    assert "allowed: numbers from 1 to 12" in sentence
    txt2img.generate()
    assert sentence.strip() in txt2img.log
    assert txt2img.thumbnails.count() == 0


def test_a_field_that_is_emptied_for_a_moment_breaks_nothing(txt2img):
    txt2img.set_values("1-2")
    txt2img.forecast_becomes("^2 cells")
    txt2img.page.locator("#txt2img_steps input[type=number]").fill("")
    txt2img.page.wait_for_timeout(700)
    txt2img.set_number("steps", 3)
    txt2img.forecast_becomes("^2 cells · 2 images · 6 steps")
    assert txt2img.page.locator(".toast-wrap .error, .toast-body.error").count() == 0


def test_from_the_script_dropdown_to_the_pictures_and_back(txt2img, client, host_url):
    txt2img.set_values("1-3")
    txt2img.choose(txt2img.part("y_axis"), "CFG Scale")
    txt2img.forecast_becomes("^12 cells")  # with what was filled in
    txt2img.type_into(txt2img.part("y_values").locator("textarea, input").first, "5, 7.5")
    txt2img.forecast_becomes("^6 cells")
    txt2img.generate()
    assert "6 of 6 done" in txt2img.log
    folder = folder_in(txt2img.log)
    record = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    grid = record["grids"][0]

    # Under the gallery stands the most important first, one finding, and the others behind "more".
    first, *others = record["findings"]["en"]
    assert txt2img.log.startswith("\n".join(["6 of 6 done · Open the page", first, "more", *others]))
    assert txt2img.page.locator("#html_log_txt2img").get_by_text(first).is_visible()
    assert txt2img.page.locator("#html_log_txt2img").get_by_text("Folder: ").is_hidden()

    # The grid is first in the gallery, then the charts, then the pictures, each with its own infotext.
    first = 1 + len(record["charts"])
    assert txt2img.thumbnails.count() == first + 6
    sizes = [
        txt2img.thumbnails.nth(number).locator("img").evaluate("img => [img.naturalWidth, img.naturalHeight]")
        for number in (0, 1, first)
    ]
    assert sizes == [[grid["width"], grid["height"]], [900, 500], [64, 64]]
    for number in (2, 4):
        cell = record["cells"][number]
        text = txt2img.open_picture(first + number, f"Clip skip: {cell['values']['Clip skip']}")
        assert f"CFG scale: {cell['values']['CFG Scale']}" in text
        assert "Clip skip sweep" not in text

    # PNG Info of a cell's file, sent back: its clip skip and CFG scale come back, the panel stays as it is.
    cell = record["cells"][4]
    text = txt2img.read_png_info(folder / cell["pictures"][0]["file"])
    assert "Clip skip: 2" in text
    before = client.options()["CLIP_stop_at_last_layers"]
    txt2img.send_png_info_to("txt2img")
    page = txt2img.page
    page.wait_for_function("() => document.querySelector('#txt2img_cfg_scale input[type=number]').value === '7.5'")
    page.locator("#txt2img_override_settings").get_by_text("Clip skip: 2").first.wait_for()
    assert client.options()["CLIP_stop_at_last_layers"] == before

    # The grid's infotext brings back script, values and axes on a fresh page.
    page.reload()
    fresh = SweepPage(page, host_url)
    fresh.read_png_info(folder / grid["file"])
    fresh.send_png_info_to("txt2img")
    fresh.part("values").wait_for()
    values = fresh.part("values").locator("textarea, input").first
    axis = fresh.part("y_axis").locator("input").first
    page.wait_for_function("field => field.value === '1-3'", arg=values.element_handle())
    page.wait_for_function("field => field.value === 'CFG Scale'", arg=axis.element_handle())
    assert fresh.part("y_values").locator("textarea, input").first.input_value() == "5, 7.5"
    fresh.forecast_becomes("^6 cells · 6 images · 12 steps")


def test_an_axis_with_choices_has_a_list_and_a_button_that_fills_it(txt2img, page):
    txt2img.set_values("1-2")
    # None of its values is a sampler's too; of "Schedule type", DDIM would stay chosen.
    txt2img.choose(txt2img.part("y_axis"), "Hires upscaler")
    choices = txt2img.part("y_choices")
    choices.wait_for()
    assert not txt2img.part("y_values").is_visible()
    txt2img.part("y_fill").click()
    choices.locator(".token").first.wait_for()
    many = choices.locator(".token").count()
    assert many >= 3
    txt2img.forecast_becomes(f"^{2 * many} cells")
    txt2img.choose(txt2img.part("y_axis"), "Sampler")
    page.wait_for_function("box => box.querySelectorAll('.token').length === 1", arg=choices.element_handle())
    for name in ("Euler a", "Euler"):
        txt2img.choose(choices, name)
    txt2img.forecast_becomes("^6 cells")  # with the page's own sampler, which was filled in
    txt2img.choose(txt2img.part("y_axis"), "Nothing")
    txt2img.part("y_values").wait_for()
    txt2img.forecast_becomes("^2 cells")


def test_img2img(page, host_url, tmp_path):
    picture = tmp_path / "picture.png"
    gradient().save(picture)
    sweep = SweepPage(page, host_url, "img2img")
    page.locator("#img2img_image input[type=file]").set_input_files(str(picture))
    sweep.choose_script()
    sweep.set_small()
    sweep.set_values("1, 4")
    sweep.forecast_becomes("^2 cells · 2 images · ")
    page.locator("#img2img_image img").first.wait_for()
    sweep.generate()
    assert "2 of 2 done" in sweep.log
    charts = json.loads((folder_in(sweep.log) / "sweep.json").read_text(encoding="utf-8"))["charts"]
    assert sweep.thumbnails.count() == 1 + len(charts) + 2
    assert "Clip skip sweep" not in sweep.open_picture(1 + len(charts) + 1, "Clip skip: 4")
    assert "Clip skip sweep" in sweep.open_picture(0, "Script: ")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_panel_can_be_read_in_both_themes(page, host_url, theme, tmp_path):
    sweep = SweepPage(page, host_url, theme=theme)
    sweep.choose_script()
    sweep.set_small()
    for values, kind, said in (("1-3", "status", "3 cells"), ("99", "alert", '"99"')):
        sweep.set_values(values)
        line = sweep.part("forecast").locator(f"[role={kind}]").filter(has_text=said)
        line.wait_for()
        assert contrast(line) >= 4.5, f"{kind} in {theme}"
    red, green, *_ = line.evaluate("line => getComputedStyle(line).color.match(/[0-9.]+/g).map(Number)")
    assert red - green > 60, "a problem is told from a forecast by its color"
    page.screenshot(path=str(tmp_path / f"{theme}.png"))


def contrast(line) -> float:
    """The contrast of a line's text to what is behind it, as WCAG counts it: 4.5 is enough to read."""
    colours = line.evaluate(
        """line => {
            const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
            let behind = line;
            while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
                behind = behind.parentElement;
            return [numbers(getComputedStyle(line).color),
                    numbers(getComputedStyle(behind || document.body).backgroundColor)];
        }"""
    )

    def light(colour):
        parts = [part / 255 for part in colour[:3]]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted(map(light, colours))
    return (high + 0.05) / (low + 0.05)


def test_a_draft_is_chosen_when_it_is_done_and_its_chosen_cells_run_at_full_quality(txt2img, client):
    txt2img.set_values("1-3")
    txt2img.set_number("width", 128)
    txt2img.set_number("height", 128)
    txt2img.part("draft").locator("input").check()
    txt2img.generate()
    draft = folder_in(txt2img.log)
    line = txt2img.part("resume").locator("input").first
    txt2img.page.wait_for_function(
        "([field, name]) => field.value.startsWith(name)", arg=[line.element_handle(), draft.name]
    )
    assert line.input_value().startswith(f"{draft.name}: draft, 3 of 3 cells, a cat")
    txt2img.choose(txt2img.part("chosen"), "Clip skip 2")
    txt2img.forecast_becomes(f"^Runs 1 cell of the draft {draft.name} at full size")
    txt2img.part("full").click()
    txt2img.page.wait_for_function(
        "draft => { const log = document.getElementById('html_log_txt2img').textContent;"
        " return log.includes('Time taken') && !log.includes(draft) }",
        arg=draft.name,
        timeout=120_000,
    )
    record = json.loads((folder_in(txt2img.log) / "sweep.json").read_text(encoding="utf-8"))
    assert [cell["values"] for cell in record["cells"]] == [{"Clip skip": 2}]
    assert record["cells"][0]["pictures"][0]["width"] == 128
    assert folder_in(txt2img.log) != draft


def test_sweeps_from_page_and_api_at_once_do_not_mix(txt2img, client):
    txt2img.set_values("1-4")
    txt2img.forecast_becomes("^4 cells")
    theirs = {"clip_skip": [1, 2, 5], "return_cells": True}
    alone = client.sweep(theirs, prompt="a dog", seed=8)
    with ThreadPoolExecutor() as other_clients:
        button = txt2img.page.locator("#txt2img_generate")
        meanwhile = []

        def both():
            button.click()
            for _ in range(2):
                meanwhile.append(other_clients.submit(client.sweep, theirs, prompt="a dog", seed=8))

        txt2img.ends_after(both)
        answers = [sweep.result() for sweep in meanwhile]
    assert "4 of 4 done" in txt2img.log
    folder = folder_in(txt2img.log)
    mine = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    assert len({folder, *(answer.folder for answer in answers)}) == 3
    assert (mine["setting"]["prompt"], mine["setting"]["seed"]) == ("a cat", 7)
    assert [cell["values"]["Clip skip"] for cell in mine["cells"]] == [1, 2, 3, 4]
    assert len(list((folder / "cells").iterdir())) == 4
    for answer in answers:
        assert answer.record["setting"]["prompt"] == "a dog"
        assert [(one == other).all() for one, other in zip(answer.cells, alone.cells, strict=True)] == [True] * 3
        assert len(list((answer.folder / "cells").iterdir())) == 3


def test_pasting_a_grid_shows_what_is_gone_until_another_axis_is_chosen(txt2img):
    page = txt2img.page
    gone = "Sampler of last year"
    text = (
        "a cat\nSteps: 2, Sampler: Euler, CFG scale: 7, Seed: 7, Size: 64x64, Clip skip: 7, Script: Clip skip sweep, "
        f'clip_skip_lab_values: 1-2, clip_skip_lab_y_axis: Sampler, clip_skip_lab_y_values: "Euler,{gone}"'
    )
    for _ in range(2):  # the second time the axis is there already
        txt2img.type_into(page.locator("#txt2img_prompt textarea"), text)
        page.locator("#txt2img_tools #paste").click()
        txt2img.forecast_becomes(f'^Values of the second axis: ".*{gone}.*" ')
        choices = txt2img.part("y_choices")
        assert choices.is_visible() and not txt2img.part("y_values").is_visible()
        assert [choices.get_by_text(name, exact=True).first.is_visible() for name in ("Euler", gone)] == [True, True]
    assert page.locator("#txt2img_override_settings").get_by_text("Clip skip: 7").count() == 0
    txt2img.choose(txt2img.part("y_axis"), "VAE")
    choices.get_by_text(gone, exact=True).wait_for(state="detached")
    choices.get_by_text("Automatic", exact=True).wait_for()
    txt2img.forecast_becomes("^2 cells")
