"""Asking a checkpoint's weights in the tab "Clip skip sweeps", in Chromium, on a host with the small trained models."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from clip_skip_lab.models.measured import Measured
from tests.browser.sweep_page import SweepPage
from tests.helpers.page_client import PageClient
from tests.helpers.small_world import captioned, written
from tests.minihost import launch

PART = "#clip_skip_lab_trained"
ASK, STOP = "#clip_skip_lab_ask", "#clip_skip_lab_ask_interrupt"
ANSWER = f"div.block{PART}_answer"
NOTE = "#clip_skip_lab_note"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host of its own: what is measured there stands in its header."""
    with launch.Process(tmp_path_factory.mktemp("asked"), [launch.REPO], ["--trained-model"]) as process:
        yield process


@pytest.fixture(scope="module")
def client(host):
    client = PageClient(host.url)
    client.set({"sd_model_checkpoint": next(title for title in client.checkpoints() if "clip-skip-1" in title)})
    return client


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return written(tmp_path_factory.mktemp("pictures"), captioned(32))


@pytest.fixture
def measured(client):
    measured = Measured(client.data_folder())
    yield measured
    measured.forget_all()


@pytest.fixture
def tab(page, host, client):
    return opened(page, host)


def opened(page, host):
    tab = SweepPage(page, host.url)
    tab.open_tab("Clip skip sweeps")
    return tab


def fill(tab, name, text):
    tab.type_into(tab.page.locator(f"{PART}_{name}").locator("textarea, input").first, str(text))


def ask(tab, folder=None, **inputs):
    """Fills the inputs and presses the button."""
    for name, text in ({"folder": folder, **inputs} if folder else inputs).items():
        fill(tab, name, text)
    tab.page.locator(ASK).click()


def answer(tab):
    return tab.page.locator(f"{ANSWER} [role=status]")


def problem(tab):
    return tab.page.locator(f"{ANSWER} [role=alert]")


def test_from_the_button_to_the_sentence_the_chart_and_the_header_and_forgotten_again(tab, pictures, measured):
    ask(tab, pictures, values="1-3")
    expect(tab.page.locator(f"{ANSWER} [role=progressbar]")).to_be_visible()
    expect(tab.page.locator(ASK)).to_be_hidden()
    expect(answer(tab)).to_contain_text("Trained with clip skip 1: at every other value", timeout=60_000)
    rows = tab.page.locator(f"{ANSWER} tbody tr")
    expect(rows).to_have_count(3)
    expect(tab.page.locator(f"{ANSWER} tr.clip-skip-lab-best th")).to_have_text("1")
    expect(rows.nth(1)).to_contain_text(re.compile(r"2\s*\d+\.\d %\s*\d+\.\d – \d+\.\d %"))
    chart = tab.page.locator(f"{PART}_chart img")
    expect(chart).to_be_visible()
    tab.page.wait_for_function("image => image.naturalWidth === 900", arg=chart.element_handle())
    expect(tab.page.locator(STOP)).to_be_hidden()
    expect(tab.page.locator(NOTE)).to_have_text("Layer 12 of 12, the last, as in training; measured: 1")
    (kept,) = measured.all()
    assert (kept.clip_skip, kept.candidates, kept.drawn, kept.loras) == (1, (1,), False, "")
    tab.page.locator(f"{PART}_more .label-wrap").click()
    tab.page.locator(f"{PART}_forget").click()
    expect(answer(tab)).to_have_text("The result is forgotten.")
    expect(tab.page.locator(NOTE)).to_have_text("Layer 12 of 12, the last")
    assert measured.all() == []


def test_an_interrupt_shows_what_is_measured_so_far(tab, pictures, measured):
    ask(tab, pictures)
    expect(tab.page.locator(ANSWER)).to_contain_text("still possible: clip skip", timeout=60_000)
    tab.page.locator(STOP).click()
    expect(tab.page.locator(ANSWER)).to_contain_text("It was interrupted", timeout=20_000)
    expect(answer(tab)).to_contain_text("Undecided")
    expect(tab.page.locator(f"{ANSWER} tbody tr")).to_have_count(12)
    expect(tab.page.locator(f"{PART}_chart img")).to_be_visible()
    expect(tab.page.locator(ASK)).to_be_visible()


def test_two_at_once_take_turns_and_each_interrupts_its_own(tab, browser, host, pictures, measured):
    context = browser.new_context()
    other = opened(context.new_page(), host)
    ask(tab, pictures)
    expect(tab.page.locator(ANSWER)).to_contain_text("still possible: clip skip", timeout=60_000)
    ask(other, pictures)
    expect(other.page.locator(ANSWER)).to_contain_text("Waiting for the WebUI to finish generating.")
    other.page.locator(STOP).click()
    expect(other.page.locator(STOP)).to_be_visible()
    before = tab.page.locator(ANSWER).inner_text()
    expect(tab.page.locator(ANSWER)).not_to_have_text(before)
    assert "interrupted" not in tab.page.locator(ANSWER).inner_text(), "it goes on"
    tab.page.locator(STOP).click()
    expect(tab.page.locator(ANSWER)).to_contain_text("It was interrupted", timeout=20_000)
    expect(other.page.locator(ANSWER)).to_contain_text("interrupted", ignore_case=True, timeout=20_000)
    context.close()


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"folder": "/not/there"}, 'Folder: "/not/there" cannot be used; allowed: a folder on the machine'),
        ({"folder": " "}, 'Folder: "" is empty; allowed: a folder on the machine'),
        ({"folder": "/", "values": "1.5"}, 'Clip skip values: "1.5" cannot be used; allowed: two or more whole'),
        ({"folder": "/", "values": "2"}, 'Clip skip values: "2" cannot be used; allowed: two or more whole'),
        ({"folder": "/", "loras": "a cat"}, 'LoRAs: "a cat" cannot be used; allowed: LoRAs as in a prompt'),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(tab, inputs, sentence):
    ask(tab, **inputs)
    expect(problem(tab)).to_contain_text(sentence)
    expect(tab.page.locator(ASK)).to_be_visible()


def test_pictures_without_captions_are_counted(tab, tmp_path):
    ask(tab, written(tmp_path, captioned(3), captions=False))
    expect(problem(tab)).to_contain_text("has no image that can be used (Left out: 3 images without a")


def test_values_that_the_model_lacks_get_a_sentence(tab, pictures):
    ask(tab, pictures, values="11-14")
    expect(problem(tab)).to_contain_text("Clip skip values: 13", timeout=30_000)


def test_the_model_draws_in_the_size_of_txt2img(tab, measured):
    tab.open_tab("txt2img")
    tab.set_small()
    tab.open_tab("Clip skip sweeps")
    tab.page.get_by_text("Drawn by the model").click()
    expect(tab.page.locator(f"{PART}_folder").first).to_be_hidden()
    tab.page.locator(ASK).click()
    expect(problem(tab)).to_contain_text("Prompts, one per line")
    tab.type_into(tab.page.locator(f"{PART}_count input[type=number]"), "4")
    ask(tab, prompts="red circle, blue background\ngreen square, white background", values="1, 12")
    expect(tab.page.locator(ANSWER)).to_contain_text("Drawing image", timeout=30_000)
    expect(tab.page.locator(ANSWER)).to_contain_text("weaker evidence", timeout=60_000)
    (kept,) = measured.all()
    assert (kept.drawn, kept.pictures) == (True, 4)


def test_the_picture_in_img2img_is_asked_with_its_prompt_and_what_the_model_made_is_left_out(
    tab, client, pictures, measured
):
    client.generate(steps=1, save_images=True)
    tab.page.get_by_text("The image in img2img").click()
    tab.page.locator(ASK).click()
    expect(problem(tab)).to_contain_text("made by this checkpoint itself, according to the infotext")
    tab.open_tab("img2img")
    tab.page.locator("#img2img_image input[type=file]").set_input_files(str(pictures / "000.png"))
    tab.page.locator("#img2img_image img").first.wait_for()
    tab.type_into(tab.page.locator("#img2img_prompt textarea"), (pictures / "000.txt").read_text(encoding="utf-8"))
    tab.open_tab("Clip skip sweeps")
    ask(tab, values="1, 2")
    expect(answer(tab)).to_contain_text("Undecided: 1 image cannot settle it", timeout=30_000)


def test_a_japanese_page_gets_japanese(browser, host, client, pictures, measured):
    context = browser.new_context(locale="ja-JP")
    tab = opened(context.new_page(), host)
    ask(tab, "/not/there")
    expect(problem(tab)).to_have_text(
        'フォルダー: "/not/there" は使えません。指定できる値: WebUI が動いているマシン上のフォルダー。'
    )
    ask(tab, pictures)
    expect(tab.page.locator(ANSWER)).to_contain_text(re.compile(r"\d+ %、残り最大 \d+ (秒|分)"), timeout=60_000)
    tab.page.locator(STOP).click()
    expect(tab.page.locator(f"{ANSWER} thead th").nth(1)).to_have_text("最良値との差", timeout=20_000)
    expect(answer(tab)).to_contain_text("判定できません。")
    expect(tab.page.locator(ANSWER)).to_contain_text("中断されました。")
    context.close()
