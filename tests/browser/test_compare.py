"""Comparing two sweeps in the tab "Clip skip sweeps", in Chromium."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import encoded, gradient

PART = "#clip_skip_lab_compare"


@pytest.fixture
def tab(page, host_url):
    tab = SweepPage(page, host_url)
    tab.open_tab("Clip skip sweeps")
    return tab


def choose(tab, number, name):
    field = tab.page.locator(f"{PART}_{number} input").first
    field.click()
    field.fill(name)
    tab.page.locator(f"{PART}_{number} ul.options li").filter(has_text=name).first.click()


def test_txt2img_and_img2img_become_one_number_each_and_a_chart(tab, client):
    one = client.sweep({"clip_skip": "1-3", "measures": True})
    picture = {"init_images": [encoded(gradient())], "denoising_strength": 0.6}
    other = client.sweep({"clip_skip": "1-3"}, "img2img", **picture)
    tab.page.locator(f"{PART}_refresh").click()
    choose(tab, "one", f"txt2img, 3 of 3 cells · {one.folder.name}")
    choose(tab, "other", f"img2img, 3 of 3 cells · {other.folder.name}")
    tab.page.locator(PART).click()
    answer = tab.page.locator(f"{PART}_answer [role=status]")
    expect(answer).to_contain_text("Clip skip changes ", timeout=60_000)
    shares = [
        round(100 * sum(cell["measures"]["changed_area"] for cell in sweep.record["cells"]) / 2)
        for sweep in (one, other)
    ]
    expect(answer).to_contain_text(f"{shares[0]}% of the image in txt2img and {shares[1]}% in img2img")
    chart = tab.page.locator(f"{PART}_chart img")
    expect(chart).to_be_visible()
    tab.page.wait_for_function("image => image.naturalWidth === 900", arg=chart.element_handle())


@pytest.fixture
def dated(client):
    """The names of two sweeps of the future; gone afterwards, or they were the newest for every test."""
    times = {"2031-05-06T07:08:09+00:00": "a red cat", "2032-01-02T03:04:05+00:00": "two\n  blue cats · 2019-01-01"}
    folders = []
    for time, prompt in times.items():
        swept = client.sweep({"clip_skip": "1"}, prompt=prompt)
        record = {**swept.record, "created": time}
        (swept.folder / "sweep.json").write_text(json.dumps(record), encoding="utf-8")
        folders.append(swept.folder)
    yield [folder.name for folder in folders]
    for folder in folders:
        shutil.rmtree(folder)


def test_the_newest_sweep_is_first_by_its_prompt_and_time_whatever_its_id(tab, dated):
    tab.page.locator(f"{PART}_refresh").click()
    field = tab.page.locator(f"{PART}_one input").first
    field.click()
    lines = tab.page.locator(f"{PART}_one ul.options li")
    lines.filter(has_text=dated[1]).wait_for()
    first, second = (line.strip("✓ \n") for line in lines.all_inner_texts()[:2])
    assert first == f"two blue cats · 2019-01-01 · 2032-01-02 03:04 · txt2img, 1 of 1 cells · {dated[1]}"
    assert second == f"a red cat · 2031-05-06 07:08 · txt2img, 1 of 1 cells · {dated[0]}"
    lines.first.click()
    choose(tab, "other", dated[1])
    tab.page.locator(PART).click()
    problem = tab.page.locator(f"{PART}_answer [role=alert]")
    expect(problem).to_have_text(f'Sweeps to compare: "{dated[1]}" is chosen twice; allowed: two different sweeps.')


def test_nothing_chosen_gets_a_sentence(tab):
    tab.page.locator(PART).click()
    problem = tab.page.locator(f"{PART}_answer [role=alert]")
    expect(problem).to_have_text('Sweeps to compare: "" is not chosen yet; allowed: two sweeps.')
    expect(tab.page.locator(f"{PART}_chart")).to_be_hidden()


def test_a_sweep_that_cannot_be_compared_gets_a_sentence_and_one_that_was_changed_is_not_listed(tab, client):
    one, other, changed = (client.sweep({"clip_skip": "1, 2"}) for _ in range(3))
    for picture in other.folder.glob("cells/*"):
        picture.unlink()
    record = {**changed.record, "cells": "changed"}
    (changed.folder / "sweep.json").write_text(json.dumps(record), encoding="utf-8")
    tab.page.locator(f"{PART}_refresh").click()
    choose(tab, "one", one.folder.name)
    choose(tab, "other", other.folder.name)
    expect(tab.page.locator(f"{PART}_one ul.options li").filter(has_text=changed.folder.name)).to_have_count(0)
    tab.page.locator(PART).click()
    problem = tab.page.locator(f"{PART}_answer [role=alert]")
    expect(problem).to_contain_text(
        "have no value in common that could be compared; allowed: two sweeps with the same values", timeout=30_000
    )
    expect(tab.page.locator(f"{PART}_chart")).to_be_hidden()
