"""Two side by side in the lens, and its sweeps: what was kept, the negative prompt, what each layer sees."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage

ASKED = {"prompt": "a red cat", "negative": "", "model": "m", "values": [1, 2]}
TOLD = {
    "setting": {"prompt": "a red cat", "negative_prompt": "", "styles": [], "clip_skip_lab": {}},
    "model": {"name": "m"},
    "plan": {"draft": True},
    "axes": [{"name": "Clip skip", "values": [1, 2]}],
    "cells": [{"state": "done"}],
}


class Lens:
    """The lens on a host's page."""

    def __init__(self, page, url):
        self.page, self.webui = page, SweepPage(page, url)
        self.webui.set_small("what stands in txt2img")
        self.webui.open_tab("Clip skip sweeps")
        self.part = page.locator("#clip_skip_lab_lens")
        self.side = self.part.locator(".clip-skip-lab-side")
        self.columns = self.side.locator("article")

    def look(self, prompt, negative=""):
        fields = self.part.locator(".clip-skip-lab-prompts textarea")
        fields.nth(0).fill(prompt)
        fields.nth(1).fill(negative)
        self.press("Show")
        self.page.wait_for_function("prompt => clipSkipLabLens.answer?.asked.prompt === prompt", arg=prompt)

    def press(self, name):
        self.part.get_by_role("button", name=name, exact=True).click()

    def says(self, text):
        line = self.part.locator(".clip-skip-lab-said", has_text=text)
        line.wait_for()
        return line

    def show(self, change):
        """Shows the answer that is there with a change, a function of the page."""
        self.page.evaluate(f"clipSkipLabLens.show(({change})(structuredClone(clipSkipLabLens.answer)))")

    @property
    def pictures(self):
        """Over the layers of the heatmap of what is shown."""
        return self.part.locator("section:not(.clip-skip-lab-side) .clip-skip-lab-pictures a")


@pytest.fixture
def lens(page, host_url):
    return Lens(page, host_url)


def moved(answer, text, one, another):
    """How far the word moves between two layers, from the answer's own numbers."""
    encoder = answer["encoders"][0]
    (token,) = next(word["tokens"] for word in encoder["words"] if word["text"] == text)
    a, b = (encoder["unet"]["norm"][layer][token] for layer in (one, another))
    return ((a * a + b * b - 2 * a * b * encoder["unet"]["cosine"][one][another][token]) / (a * b)) ** 0.5


def shares(texts):
    return [float(text.rstrip("%")) / 100 for text in texts]


def test_what_was_kept_stays_beside_what_is_looked_at_next_each_with_its_own_clip_skip(lens):
    lens.look("a red cat on a table")
    answers = [lens.page.evaluate("clipSkipLabLens.answer")]
    lens.press("Keep for comparison")
    lens.look("a red dog")
    answers.append(lens.page.evaluate("clipSkipLabLens.answer"))
    expect(lens.columns).to_have_count(2)
    kept, now = lens.columns.nth(0), lens.columns.nth(1)
    expect(kept).to_contain_text("a red cat on a table")
    expect(now).to_contain_text("a red dog")
    for column in (kept, now):
        expect(column.locator(".clip-skip-lab-side-model")).to_have_text(answers[0]["model"]["name"])
    now.get_by_role("slider").focus()
    for _ in range(2):
        lens.page.keyboard.press("ArrowRight")
    assert [column.locator("output").inner_text() for column in (kept, now)] == ["1", "3"]
    assert lens.page.evaluate("clipSkipLabLens.clipSkip") == 3
    kept.get_by_role("slider").focus()
    lens.page.keyboard.press("ArrowRight")
    assert [column.locator("output").inner_text() for column in (kept, now)] == ["2", "3"]

    expect(lens.side.locator("svg[role=img] polyline")).to_have_count(2)
    pattern = r"from clip skip 2 to 3, what the UNet receives changes by ([\d.]+%) in “Kept” and by ([\d.]+%) in “Now”"
    said = re.search(pattern, lens.side.inner_text())
    distances = [answer["encoders"][0]["distance"][11][10] for answer in answers]
    assert shares(said.groups()) == pytest.approx(distances, abs=0.006)
    assert sorted(lens.side.locator("tbody tr td:first-child").all_inner_texts()) == ["a", "red"]
    row = lens.side.locator("tbody tr", has_text="red").locator("td").all_inner_texts()
    assert shares(row[1:3]) == pytest.approx([moved(answer, "red", 11, 10) for answer in answers], abs=0.006)

    lens.page.set_viewport_size({"width": 390, "height": 800})
    boxes = [column.bounding_box() for column in (kept, now)]
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)

    # Of two models there are the curves only.
    lens.show("answer => ({...answer, model: {...answer.model, name: 'another one'}})")
    expect(lens.side).to_contain_text("States of different models cannot be compared number by number")
    assert lens.columns.locator(".clip-skip-lab-side-model").nth(1).inner_text() == "another one"
    expect(lens.side.locator("svg[role=img] polyline")).to_have_count(2)
    expect(lens.side.locator("table")).to_have_count(0)
    assert "from clip skip" not in lens.side.locator(".clip-skip-lab-both").inner_text()

    lens.press("Remove")
    expect(lens.side).to_be_hidden()
    expect(lens.part.get_by_role("button", name="Keep for comparison")).to_be_focused()


def test_a_prompt_stands_beside_its_negative_prompt(lens):
    button = lens.part.get_by_role("button", name="Prompt beside negative prompt")
    expect(button).to_be_disabled()
    lens.look("a red cat")
    expect(button).to_be_disabled()
    lens.look("a red cat", "a blue dog")
    button.click()
    assert lens.columns.locator("h5").all_inner_texts() == ["Prompt", "Negative prompt"]
    expect(lens.columns.nth(1)).to_contain_text("a blue dog")
    lens.columns.nth(1).get_by_role("slider").fill("5")
    assert lens.columns.locator("output").all_inner_texts() == ["1", "5"]
    lens.look("a cat")  # without one there is nothing beside it
    expect(lens.side).to_be_hidden()


def test_one_picture_for_each_layer_stands_over_its_column_and_txt2img_keeps_what_stood_there(lens, client):
    for box in ("#txt2img_hr-checkbox", "[id$=clip_skip_lab_finer-checkbox]"):  # which would make other pictures
        lens.page.evaluate("box => document.querySelector(`#tab_txt2img ${box} input`).click()", box)
    value = lens.page.locator("#txt2img_script_container [id$=clip_skip_lab_clip_skip_lab_value]").first
    value.locator("input, textarea").first.evaluate("field => { field.value = '3.5'; updateInput(field); }")
    lens.look("a red cat", "a dog")
    lens.press("What each layer sees")
    lens.says("12 images are shown above the layers.")
    expect(lens.pictures).to_have_count(12)
    first = lens.pictures.first.locator("img").first
    assert first.get_attribute("alt") == "What layer 12 sees, clip skip 1: “a red cat”"
    assert first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    address = lens.pictures.nth(4).get_attribute("href")
    sweep = re.search(r"sweeps/([\w-]+)/page/#cell=4-0", address)[1]
    record = client.http.get(f"/clip-skip-lab/v1/sweeps/{sweep}").json()
    assert (record["setting"]["prompt"], record["setting"]["negative_prompt"]) == ("a red cat", "a dog")
    assert record["plan"]["draft"]
    assert not record["setting"]["enable_hr"]
    assert record["cells"][4]["values"] == {"Clip skip": 5}
    assert (record["setting"]["seed"], record["setting"]["steps"]) == (7, 2)

    # Over the column of its layer: a click on the heatmap below the picture of layer 9 stops there.
    picture = lens.pictures.nth(3).bounding_box()
    canvas = lens.part.locator("section:not(.clip-skip-lab-side) .clip-skip-lab-pictures + div canvas")
    canvas.click(position={"x": picture["x"] + picture["width"] / 2 - canvas.bounding_box()["x"], "y": 60})
    assert lens.page.evaluate("clipSkipLabLens.clipSkip") == 4

    assert lens.page.locator("#txt2img_prompt textarea").input_value() == "what stands in txt2img"
    assert lens.page.locator("#txt2img_neg_prompt textarea").input_value() == ""
    assert lens.page.locator("#txt2img_script_container #script_list input").input_value() == "None"

    lens.look("a blue cat", "a dog")  # whose pictures these are not
    expect(lens.pictures).to_have_count(0)
    lens.look("a red cat", "a dog")
    expect(lens.pictures).to_have_count(12)


def test_interrupt_keeps_the_pictures_that_are_there(lens):
    lens.webui.open_tab("txt2img")
    lens.webui.set_number("steps", 60)
    lens.webui.set_number("width", 256)
    lens.webui.open_tab("Clip skip sweeps")
    lens.look("a red cat")
    lens.press("What each layer sees")
    lens.says(re.compile(r"^[1-9]\d* of 12 images of “a red cat”"))
    lens.press("Interrupt")
    said = lens.says(re.compile(r"^Interrupted: \d+ of 12 images")).inner_text()
    there = int(re.search(r"\d+", said)[0])
    assert 1 <= there < 12
    expect(lens.pictures).to_have_count(there)
    expect(lens.part.get_by_role("button", name="Interrupt")).to_be_hidden()


def test_what_cannot_be_run_is_said_and_nothing_is_started(lens):
    lens.look("a red cat")
    lens.page.evaluate("document.getElementById('txt2img_interrupt').style.display = 'block'")
    lens.press("What each layer sees")
    lens.says("txt2img is generating. Try again when it is done.")
    lens.page.evaluate("document.getElementById('txt2img_interrupt').style.display = 'none'")
    lens.show("answer => ({...answer, encoders: answer.encoders.map((one) => ({...one, honoured: false}))})")
    lens.press("What each layer sees")
    lens.says("All text encoders of this model ignore clip skip, so all images would be the same.")
    lens.look("a red dog")
    lens.show("answer => ({...answer, model: {...answer.model, name: 'another one'}})")
    lens.press("What each layer sees")
    lens.says(re.compile(r"The loaded model is .+, but the lens shows another one\. Press Show again first\."))
    assert lens.page.locator("#txt2img_gallery .thumbnail-item").count() == 0


@pytest.mark.parametrize(
    ("change", "is_shown"),
    [
        ({}, True),
        ({"setting": {**TOLD["setting"], "prompt": "a red cat "}}, False),
        ({"setting": {**TOLD["setting"], "negative_prompt": "x"}}, False),
        ({"setting": {**TOLD["setting"], "styles": ["ink"]}}, False),
        ({"setting": {**TOLD["setting"], "clip_skip_lab": {"negative_clip_skip": 2}}}, False),
        ({"model": {"name": "another"}}, False),
        ({"axes": [{"name": "Clip skip", "values": [1, 3]}]}, False),
        ({"axes": [*TOLD["axes"], {"name": "Seed", "values": [1]}]}, False),
        ({"cells": [{"state": "done", "drawn": "0123"}]}, False),
        ({"plan": {}}, False),
    ],
)
def test_pictures_of_a_sweep_with_another_prompt_model_or_values_are_not_shown(shared_lens, change, is_shown):
    told = json.dumps({**TOLD, **change})
    assert shared_lens.evaluate(f"clipSkipLabLensRun.isOf({told}, {json.dumps(ASKED)})") is is_shown


@pytest.fixture(scope="module")
def shared_lens(browser, host_url):
    """A page for what only reads."""
    page = browser.new_page()
    SweepPage(page, host_url)
    yield page
    page.close()


def test_sweep_this_prompt_fills_in_txt2img_starts_nothing_and_can_be_taken_back(lens):
    lens.look("a (red:1.2) cat", "a dog")
    lens.part.get_by_label("Clip skip values").fill("1, 2.5")
    lens.press("Sweep this prompt")
    page = lens.page
    page.get_by_role("button", name="Restore what was here").wait_for()
    assert page.locator("#tab_txt2img").is_visible()
    assert page.locator("#txt2img_prompt textarea").input_value() == "a (red:1.2) cat"
    lens.webui.forecast_becomes("^2 cells")
    assert page.locator("#txt2img_interrupt").evaluate("button => button.style.display") != "block"
    expect(page.locator("#txt2img_generate")).to_be_focused()
    lens.webui.generate()
    assert "2 of 2 done" in lens.webui.log

    lens.webui.open_tab("Clip skip sweeps")
    lens.part.get_by_label("Clip skip values").fill("3")
    lens.press("Sweep this prompt")
    page.get_by_role("button", name="Restore what was here").click()
    page.wait_for_function(
        "document.querySelector('#txt2img_script_container [id$=clip_skip_lab_values] textarea').value === '1, 2.5'"
    )
    expect(page.get_by_role("button", name="Restore what was here")).to_be_hidden()

    lens.webui.open_tab("Clip skip sweeps")
    lens.part.get_by_label("Clip skip values").fill(" ")
    lens.press("Sweep this prompt")
    lens.says("There are no values to sweep.")


def test_in_japanese(browser, host_url):
    page = browser.new_context(locale="ja-JP").new_page()
    SweepPage(page, host_url).open_tab("Clip skip sweeps")
    part = page.locator("#clip_skip_lab_lens")
    part.locator(".clip-skip-lab-prompts textarea").first.fill("赤い猫")
    part.locator(".clip-skip-lab-primary").click()
    part.get_by_role("button", name="比較用に残す").click()
    side = part.locator(".clip-skip-lab-side")
    expect(side.locator("h4")).to_have_text("並べる")
    assert side.locator("article > h5").all_inner_texts() == ["比較用", "現在"]
    english = side.locator(".clip-skip-lab-both").inner_text().replace("Clip skip", "").replace("CLIP-L", "")
    assert re.findall(r"[A-Za-z]{5,}", english) == []
    page.close()
