"""The prompt lens in the tab "Clip skip sweeps", in Chromium: to ask, to move the slider, to read, to print."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT, CLIP_SKIP

ROUTE = "/clip-skip-lab/v1/lens"
PROMPT = "a (red:1.3) cat, blue hair"
SHAPES = "{http://www.w3.org/2000/svg}"

OUTSIDE = """() => [...document.querySelectorAll('.clip-skip-lab-lens *')].filter(one => one.clientWidth
    && one.getBoundingClientRect().right > innerWidth + 1
    && !one.closest('.clip-skip-lab-scrolls, .clip-skip-lab-chart')).map(one => one.outerHTML.slice(0, 80))"""
"""What stands beyond the right edge of the page and is not in a part that scrolls."""


@pytest.fixture(scope="module", autouse=True)
def clip_skip_two(client):
    with client.kept(CHECKPOINT, CLIP_SKIP):
        client.set({CLIP_SKIP: 2})
        yield


class Lens:
    """The lens as a person uses it."""

    def __init__(self, page, host_url, theme="dark"):
        self.page, self.asked = page, []
        page.on("request", lambda request: ROUTE in request.url and self.asked.append(request.post_data_json))
        self.sweep_page = SweepPage(page, host_url, theme=theme)
        self.open()

    def open(self):
        self.sweep_page.open_tab("Clip skip sweeps")
        self.prompt.wait_for()

    @property
    def home(self):
        return self.page.locator(".clip-skip-lab-lens").first

    @property
    def prompt(self):
        return self.home.locator("textarea").first

    @property
    def figure(self):
        return self.home.locator("svg.clip-skip-lab-figure")

    @property
    def slider(self):
        return self.home.get_by_role("slider", name="Clip skip")

    @property
    def heatmap(self):
        return self.home.locator("section", has_text="What each layer does to each token")

    def look(self, prompt=PROMPT, negative=""):
        self.prompt.fill(prompt)
        self.home.locator("textarea").nth(1).fill(negative)
        with self.page.expect_response(lambda response: ROUTE in response.url):
            self.prompt.press("Control+Enter")
        self.figure.wait_for()

    def value(self, script):
        """What a script of the page gives; `answer` is what the lens shows, `numbers` are its functions."""
        return self.page.evaluate(f"() => {{ const {{answer, numbers}} = clipSkipLabLens; return {script} }}")


@pytest.fixture
def lens(page, host_url):
    return Lens(page, host_url)


@contextmanager
def opened(browser, host_url, theme="dark", **given):
    """The lens on a page of its own, on which no script may fail; a browser notes a refusal as an error."""
    context = browser.new_context(**given)
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield Lens(page, host_url, theme)
    context.close()
    assert problems == []


def test_the_way_of_a_prompt_is_drawn_and_follows_the_slider_without_a_question(lens):
    assert lens.slider.input_value() == "2", "the setting in force"
    lens.look()
    assert lens.asked == [{"prompt": PROMPT, "clip_skip": 2}]
    for said in ("CLIP-L", "red", "×1.3", "Token embeddings", "Final layer norm", "prompt weights", "UNet"):
        expect(lens.figure).to_contain_text(said)
    expect(lens.figure).to_contain_text("stops here: clip skip 2 = layer 11 of 12")
    assert lens.figure.locator(".unused .name").all_text_contents() == ["Layer 12"]

    lens.slider.press("ArrowRight")
    expect(lens.figure.locator("desc")).to_have_text("CLIP-L stops at layer 10 of 12.")
    lens.figure.press("ArrowUp")
    expect(lens.slider).to_have_value("4")
    lens.figure.locator(".layer", has_text="Layer 3").click()
    expect(lens.slider).to_have_value("10")
    expect(lens.figure).to_contain_text("stops here: clip skip 10 = layer 3 of 12")
    expect(lens.figure.locator(".unused")).to_have_count(9)
    assert len(lens.asked) == 1
    lens.heatmap.scroll_into_view_if_needed()
    expect(lens.slider).to_be_in_viewport()

    lens.sweep_page.open_tab("txt2img")
    lens.open()
    assert (lens.slider.input_value(), lens.prompt.input_value()) == ("10", PROMPT)
    expect(lens.figure).to_contain_text("clip skip 10")


def test_a_cell_of_the_heatmap_is_read_and_chosen_with_the_keys(lens):
    lens.look()
    table, readout = lens.heatmap.locator(".clip-skip-lab-chart"), lens.heatmap.locator(".clip-skip-lab-readout")
    table.focus()
    table.press("Home")
    expect(readout).to_have_text("start, layer 0: Change in each layer none")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        table.press(key)
    change = lens.value("answer.encoders[0].unet.change[2][2]")
    expect(readout).to_have_text(f"red ×1.3, layer 3 (clip skip 10): Change in each layer {change:.3f}")
    lens.heatmap.get_by_label("raw hidden state").check()
    change = lens.value("answer.encoders[0].change[2][2]")
    expect(readout).to_have_text(f"red ×1.3, layer 3 (clip skip 10): Change in each layer {change:.3f}")
    lens.heatmap.get_by_label("as the UNet receives it").check()
    lens.heatmap.get_by_label("Similarity to the layer in use").check()
    cosine = lens.value("answer.encoders[0].unet.cosine[11][3][2]")
    expect(readout).to_have_text(f"red ×1.3, layer 3 (clip skip 10): Similarity to the layer in use {cosine:.3f}")
    table.press("Enter")
    expect(lens.slider).to_have_value("10")
    expect(readout).to_contain_text("Similarity to the layer in use 1.000")


def test_two_values_are_compared_by_what_the_answer_says_of_all_layers(lens):
    lens.look()
    part = lens.home.locator("section", has_text="How far apart two values are")
    change = lens.value("answer.encoders[0].distance[11][12]")
    expect(part.locator(".clip-skip-lab-sentence")).to_have_text(
        f"From clip skip 1 to 2, what the UNet receives changes by {change:.0%}."
    )
    words = lens.value("numbers.wordDistances(answer.encoders[0], 11, 12)")
    told = lens.value("answer.encoders[0].compared.words")
    assert [one["word"] for one in words] == [one["word"] for one in told]
    for key in ("distance", "share"):
        assert [one[key] for one in words] == pytest.approx([one[key] for one in told], rel=0.01, abs=1e-4)
    part.get_by_label("compared with clip skip").fill("4")
    lens.slider.press("ArrowRight")
    change = lens.value("answer.encoders[0].distance[9][10]")
    expect(part.locator(".clip-skip-lab-sentence")).to_have_text(
        f"From clip skip 4 to 3, what the UNet receives changes by {change:.0%}."
    )
    expect(part.locator("tbody tr").first).to_contain_text("of the change; moved by")
    assert len(lens.asked) == 1


def test_which_words_mix_is_asked_by_a_button(lens):
    lens.look("red cat, blue hair")
    lens.home.get_by_role("button", name="Which words mix?").click()
    rows = lens.home.locator("section", has_text="Which words mix").locator("tbody tr")
    expect(rows.first).to_contain_text("without")
    assert lens.asked[-1]["mixing"] is True
    pair = lens.value("answer.encoders[0].mixing[0]")
    words = [lens.value(f"answer.encoders[0].words[{pair[key]}].text") for key in ("word", "into")]
    expect(rows.first.locator("th")).to_have_text(" → ".join(words))
    expect(rows.first).to_contain_text(f"{pair['here'][11]:.2f} here, {pair['apart'][11]:.2f} without “{words[0]}”")


def test_what_cannot_be_looked_at_is_said_in_a_sentence(browser, host_url):
    with opened(browser, host_url) as lens:
        alert = lens.home.get_by_role("alert")
        lens.home.get_by_role("button", name="Show", exact=True).click()
        expect(alert).to_have_text("Enter a prompt first.")
        assert lens.asked == []
        lens.prompt.fill("(:1.3)")
        lens.prompt.press("Control+Enter")
        expect(alert).to_have_text('Prompt: "(:1.3)" has no words; allowed: a prompt with at least one word.')
        assert not lens.figure.is_visible()
        lens.look()
        expect(alert).to_be_empty()


def test_a_generation_that_is_waited_for_is_said(lens):
    lens.page.route("**/v1/running*", lambda route: route.fulfill(json={"sweeps": ["one"]}))
    held = []
    lens.page.route(f"**{ROUTE}*", lambda route: held.append(route))
    lens.sweep_page.open_tab("txt2img")
    lens.sweep_page.type_into(lens.page.locator("#txt2img_prompt textarea"), PROMPT)
    lens.open()
    lens.home.get_by_role("button", name="From txt2img").click()
    expect(lens.prompt).to_have_value(PROMPT)
    lens.prompt.press("Control+Enter")
    expect(lens.home.get_by_text("Waiting for the WebUI to finish generating.")).to_be_visible()
    held[0].continue_()
    expect(lens.home.get_by_text(", done in")).to_be_visible()


def test_the_drawing_is_saved_with_its_own_colours_and_printed_alone(lens):
    lens.look(" ".join(f"{PROMPT}, long hair" for _ in range(20)))
    expect(lens.figure).to_contain_text("more")
    with lens.page.expect_download() as saved:
        lens.home.get_by_role("button", name="Save as SVG").click()
    root = ElementTree.parse(saved.value.path()).getroot()
    shapes = [one for one in root.iter() if one.tag in (f"{SHAPES}rect", f"{SHAPES}path", f"{SHAPES}text")]
    assert saved.value.suggested_filename == "clip-skip-2.svg"
    assert not any("class" in one.attrib for one in root.iter())
    assert all("var(" not in value for one in shapes for value in one.attrib.values())
    used = next(one for one in shapes if one.text and one.text.startswith("stops here"))
    assert used.get("fill") == "rgb(17, 24, 39)", "dark on paper, whatever the page's theme is"

    lens.page.emulate_media(media="print")
    lens.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    shown = "() => [...document.body.children].filter(one => one.offsetWidth).map(one => one.className)"
    assert lens.page.evaluate(shown) == ["clip-skip-lab-on-paper"]
    lens.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    lens.page.emulate_media(media="screen")
    expect(lens.figure).to_be_visible()


def test_an_encoder_that_ignores_clip_skip_is_drawn_beside_the_other_and_says_so(lens):
    lens.look()
    drawn = lens.page.evaluate("""() => {
        const {answer, views} = clipSkipLabLens, [one] = answer.encoders, box = document.createElement('div');
        document.body.append(box);
        const two = {...one, name: 'Another', honoured: false, layer: 11};
        const view = views.figure({...answer, encoders: [one, two]}, 1, box);
        view.move(5, 1);
        const said = [box.querySelector('desc').textContent,
            ...[...box.querySelectorAll('.used .name')].map(part => part.textContent)];
        box.remove();
        return said;
    }""")
    assert drawn == [
        "CLIP-L stops at layer 8 of 12. Another gives layer 11 of 12 at every clip skip.",
        "stops here: clip skip 5 = layer 8 of 12",
        "always layer 11 of 12",
    ]


def test_on_a_phone_in_japanese_everything_is_in_the_width_of_the_page(browser, host_url):
    size = {"width": 375, "height": 740}
    with opened(browser, host_url, "light", viewport=size, locale="ja-JP") as lens:
        lens.look(" ".join(f"{PROMPT}, long hair" for _ in range(20)), "lowres")
        expect(lens.home).to_contain_text("プロンプトレンズ")
        expect(lens.figure).to_contain_text("ここで停止: Clip skip 2 = 第 11 層（全 12 層）")
        assert lens.page.evaluate("() => document.documentElement.scrollWidth") <= 375
        assert lens.page.evaluate(OUTSIDE) == []
        lens.home.get_by_role("radio", name="ネガティブプロンプト").check()
        expect(lens.figure).to_contain_text("lowres")
