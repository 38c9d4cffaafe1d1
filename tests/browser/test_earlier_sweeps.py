"""The panel's part for earlier sweeps, in Chromium: continuing one, extending one, and what is greyed meanwhile."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

COUNTS_FOR_NEW_ONES = ("values", "y_values", "mode", "cells_per_batch", "draft", "measures")


@pytest.fixture
def finished(client):
    """The folder of a finished sweep, with another prompt than the page's."""
    y = {"axis": "CFG Scale", "values": "5, 7"}
    return client.sweep({"clip_skip": "1-2", "y": y, "measures": False}, prompt="a dog").folder


@pytest.fixture
def unfinished(client):
    """The folder of a sweep that lacks two cells."""
    folder = client.sweep({"clip_skip": "1-4"}, prompt="a dog").folder
    record = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    for cell in record["cells"][2:]:
        cell.update(state="not run", reason="interrupted", pictures=[])
    (folder / "sweep.json").write_text(json.dumps({**record, "state": "interrupted"}))
    return folder


def field(sweep, name):
    return sweep.part(name).locator("input, textarea").first


def greyed(sweep, names=COUNTS_FOR_NEW_ONES):
    for name in names:
        expect(field(sweep, name)).to_be_disabled()


def usable(sweep, names=COUNTS_FOR_NEW_ONES):
    for name in names:
        expect(field(sweep, name)).to_be_enabled()


def choose_from(sweep, name, folder):
    """Looks for sweeps again and chooses the one of this folder, as a person does; returns what the list calls it."""
    found = field(sweep, name)
    option = sweep.part(name).locator("ul.options li, [role=option]").filter(has_text=folder.name)
    for _ in range(20):  # a list that is open does not get what arrives
        sweep.part("resume_refresh").click()
        sweep.page.wait_for_timeout(500)
        found.click()
        if option.count():
            break
    option.first.click()
    expect(found).to_have_value(re.compile(f"^{folder.name}: "))
    return found.input_value()


def paste(sweep, keys):
    text = f"a cat\nSteps: 2, Sampler: Euler, CFG scale: 7, Seed: 7, Size: 64x64, Script: Clip skip sweep, {keys}"
    sweep.type_into(sweep.page.locator("#txt2img_prompt textarea"), text)
    sweep.page.locator("#paste:visible").first.click()


def test_what_does_not_count_is_greyed_while_a_sweep_is_continued_and_comes_back(txt2img, unfinished):
    usable(txt2img)
    label = choose_from(txt2img, "resume", unfinished)
    assert label.startswith(f"{unfinished.name}: 2 of 4 cells, a dog")
    greyed(txt2img)
    txt2img.forecast_becomes(f"^Continues {unfinished.name} .* 2 of 4 cells are done")
    txt2img.choose(txt2img.part("resume"), "a new sweep")
    usable(txt2img)
    choose_from(txt2img, "resume", unfinished)
    greyed(txt2img)
    txt2img.generate()
    assert "4 of 4 done" in txt2img.log and str(unfinished) in txt2img.log
    expect(field(txt2img, "resume")).to_have_value("a new sweep")
    usable(txt2img)


def test_a_finished_sweep_fills_the_panel_and_is_extended_by_what_is_added(txt2img, finished):
    choose_from(txt2img, "extend", finished)
    expect(field(txt2img, "values")).to_have_value("1-2")
    expect(field(txt2img, "y_axis")).to_have_value("CFG Scale")
    expect(field(txt2img, "y_values")).to_have_value("5, 7")
    expect(field(txt2img, "measures")).not_to_be_checked()
    greyed(txt2img, ("draft",))
    usable(txt2img, ("values", "y_axis", "y_values", "z_axis", "mode", "measures"))
    txt2img.forecast_becomes(f"^Extends {finished.name}: 4 of 4 cells are done, 0 to run")
    txt2img.forecast_becomes("^Add values or an axis: there is nothing to run yet")
    txt2img.set_values("1-3")
    txt2img.forecast_becomes(f"^Extends {finished.name}: 4 of 6 cells are done, 2 to run")
    txt2img.choose(txt2img.part("z_axis"), "Steps")
    txt2img.forecast_becomes(f"^Extends {finished.name}: .* cells are done")  # with what was filled in
    txt2img.type_into(field(txt2img, "z_values"), "2, 3")
    txt2img.forecast_becomes(f"^Extends {finished.name}: 4 of 12 cells are done, 8 to run")
    txt2img.generate()
    assert "12 of 12 done" in txt2img.log
    assert f"4 of 12 cells were taken from the sweep {finished.name} and not run again." in txt2img.log
    expect(field(txt2img, "extend")).to_have_value("None")
    usable(txt2img)


def test_the_line_says_what_cannot_be_extended(txt2img, finished):
    choose_from(txt2img, "extend", finished)
    txt2img.forecast_becomes("^Extends ")
    txt2img.set_values("99")
    txt2img.forecast_becomes('^Clip skip values: "99"')
    txt2img.set_values("1-3")
    txt2img.forecast_becomes("^Extends ")
    record = json.loads((finished / "sweep.json").read_text(encoding="utf-8"))
    record["plan"]["mode"] = "fast"
    (finished / "sweep.json").write_text(json.dumps(record))
    txt2img.set_values("1-4")
    txt2img.forecast_becomes('^mode: "exact" cannot use images made in fast mode')


def test_a_pasted_id_chooses_its_sweep_which_the_page_has_not_listed_yet(txt2img, finished, unfinished):
    paste(txt2img, f"clip_skip_lab_extend: {finished.name}")
    expect(field(txt2img, "extend")).to_have_value(re.compile(f"^{finished.name}: 4 of 4 cells, a dog"))
    expect(field(txt2img, "values")).to_have_value("1-2")
    expect(field(txt2img, "y_values")).to_have_value("5, 7")
    txt2img.forecast_becomes(f"^Extends {finished.name}: 4 of 4")
    paste(txt2img, f"clip_skip_lab_extend: {finished.name}, clip_skip_lab_values: 1-6")
    expect(field(txt2img, "values")).to_have_value("1-6")
    txt2img.forecast_becomes(f"^Extends {finished.name}: 4 of 12")
    expect(field(txt2img, "y_values")).to_have_value("5, 7")
    paste(txt2img, f"clip_skip_lab_resume: {unfinished.name}")
    expect(field(txt2img, "resume")).to_have_value(re.compile(f"^{unfinished.name}: 2 of 4 cells, a dog"))
    expect(field(txt2img, "extend")).to_have_value("None")
    txt2img.forecast_becomes(f"^Continues {unfinished.name}")
    greyed(txt2img)
    paste(txt2img, "clip_skip_lab_values: 1-3")
    expect(field(txt2img, "resume")).to_have_value("a new sweep")
    usable(txt2img)
    txt2img.forecast_becomes("^3 cells")


def test_a_pasted_id_of_a_sweep_that_is_gone_is_named_by_the_line_under_the_panel(txt2img):
    paste(txt2img, "clip_skip_lab_extend: 2026-11-22-0a1b2c3d")
    txt2img.forecast_becomes('^Sweep to extend: "2026-11-22-0a1b2c3d" is not in ')
    paste(txt2img, "clip_skip_lab_resume: 2026-11-22-0a1b2c3d")
    txt2img.forecast_becomes('^Sweep to continue: "2026-11-22-0a1b2c3d" is not in ')


def test_both_at_once_are_refused_with_a_sentence(txt2img, finished, unfinished):
    choose_from(txt2img, "extend", finished)
    choose_from(txt2img, "resume", unfinished)
    sentence = txt2img.forecast_becomes(f'^Sweep to extend: "{finished.name}" cannot be combined with a sweep to cont')
    txt2img.generate()
    assert sentence.strip() in txt2img.log
