"""Each of our screens on a page in Japanese: nothing on it is left in English but names that stay as they are."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser.folder_page import all_drawn
from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT, CLIP_SKIP
from tests.helpers.lora_files import lora_files
from tests.helpers.page_client import PageClient
from tests.minihost import launch

PROMPT = "赤い円、青い背景"
LENS = "red circle, blue background"
"""Japanese would be bytes to the text encoder."""
STAY = r"""
    Clip\ skip | Clip\ Skip\ Lab | clip-skip-lab | CFG\ Scale | Prompt\ (S/R|order) | (CLIP-L|bigG)(\ skip)? | CLIP
    | SD\d | SDXL? | UNet | VAE | LoRAs? | lora: | WebUI | AUTOMATIC1111\ v[\d.]+ | txt2img | img2img | Extras | inpaint
    | exact | fast | auto | avg | seed | sweep | requires\ Reload\ UI | final\ layer\ norm
    | (tiny-sd|shapes-clip-skip|cslab_)[\w.-]+
    | px | KB | PNG | WebP | JPEG | JSON | CSV | HTML | SVG | PDF | SSIM | MAE | RMS | CIEDE2000 | ZIP | URL
    | Enter | Esc | Home | End | Page | Ctrl | Shift | Alt | Space | Backspace | English | CLIP_SKIP_LAB_AUTH | DPM
    | Karras | \d{4}-\d\d-\d\d-[\da-f]{8}
    | https?://\S+ | --[a-z]+ | \w*\.\w{2,5}\b | /[\w./-]+ | \b[A-Za-z]\b | \b[\da-f]{10,}\b
"""
"""Names, units, keys and file names, which have no Japanese."""
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")

VISIBLE = """parts => {
    const found = new Set(), quoted = "pre, code, textarea, .clip-skip-lab-token, [data-quoted]";
    const take = (text) => text?.trim() && found.add(text.trim().replace(/\\s+/g, " "));
    for (const part of document.querySelectorAll(parts)) for (const one of [part, ...part.querySelectorAll("*")]) {
        if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(one.tagName) || one.closest(quoted)) continue;
        if (!one.checkVisibility({visibilityProperty: true})) continue;
        for (const child of one.childNodes) if (child.nodeType === Node.TEXT_NODE) take(child.data);
        for (const name of ["placeholder", "title", "aria-label", "alt", "aria-valuetext"]) {
            take(one.getAttribute(name));
        }
    }
    return [...found];
}"""
"""What a person sees or hears of parts of a page; what they typed themselves isn't asked for."""


def english(texts: list[str]) -> list[str]:
    """Those of some texts that are left in English: Latin words and no Japanese, or several words in a row."""
    found = []
    for text in texts:
        left = re.sub(STAY, " ", text, flags=re.VERBOSE | re.IGNORECASE)
        left = re.sub(rf"\b({LENS.replace(', ', '|').replace(' ', '|')})\b", " ", left)
        if re.search("[A-Za-z]{2,}" if not JAPANESE.search(text) else r"[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}", left):
            found.append(text)
    return found


class Looked:
    """What of the parts of a page that were looked at is left in English."""

    def __init__(self, page):
        self.page, self.found = page, set()

    def __call__(self, parts: str) -> None:
        """Looks at parts of the page, by a selector."""
        texts = self.page.evaluate(VISIBLE, parts)
        assert texts, f"nothing is seen of {parts}"
        self.found.update(english(texts))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host that speaks Japanese, as its setting says."""
    folder = tmp_path_factory.mktemp("japanese")
    (folder / "config.json").write_text(json.dumps({"localization": "ja_JP", "clip_skip_lab_remember": True}))
    with launch.Process(folder, [launch.REPO], ["--trained-model"]) as process:
        yield process


@pytest.fixture(scope="module")
def client(host):
    client = PageClient(host.url)
    client.set({CHECKPOINT: next(title for title in client.checkpoints() if "clip-skip-1" in title), CLIP_SKIP: 1})
    return client


@pytest.fixture(scope="module")
def swept(client):
    """12 × 2, measured; one cell's values cannot be told apart from another's by its size."""
    client.set_in_header(CLIP_SKIP, 2)  # remembered
    asked = {"clip_skip": "1-4, 1.5", "y": {"axis": "CFG Scale", "values": "4, 9"}, "measures": True}
    return client.sweep(asked, prompt=PROMPT, steps=2)


@pytest.fixture
def japanese(browser):
    """A page of a Japanese browser."""
    context = browser.new_context(locale="ja-JP", viewport={"width": 1400, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def look(japanese):
    """Looks at parts of that page; at the end of the test nothing seen may be in English."""
    looked = Looked(japanese)
    yield looked
    assert not looked.found, "\n".join(["is left in English:", *sorted(looked.found)])


def test_the_header_and_its_advice(japanese, look, host, client, swept):
    with lora_files(client):
        tab = SweepPage(japanese, host.url)
        tab.type_into(japanese.locator("#txt2img_prompt textarea"), f"{PROMPT} <lora:cslab_three:1>")
        japanese.locator("#clip_skip_lab_advice [role=status]:not(:empty)").wait_for()
        look("#clip_skip_lab_note, #clip_skip_lab_advice")


def test_the_panel_with_all_that_opens_in_it(japanese, look, host, swept):
    tab = SweepPage(japanese, host.url)
    japanese.locator("[id$=clip_skip_lab_finer] .label-wrap").first.click()
    tab.choose_script(shown="Clip skip スイープ")
    tab.choose(tab.part("y_axis"), "CFG Scale")
    tab.choose(tab.part("z_axis"), "Seed")
    japanese.get_by_text("fast", exact=True).first.click()
    tab.forecast_becomes("セル")
    japanese.wait_for_timeout(500)
    look("#txt2img_script_container [id*=clip_skip_lab]")
    tab.set_values("13")
    tab.forecast_becomes("13")
    look("#txt2img_script_container [id$=clip_skip_lab_forecast]")


def test_what_stands_under_the_gallery_after_a_sweep(japanese, look, host, swept):
    tab = SweepPage(japanese, host.url)
    tab.choose_script(shown="Clip skip スイープ")
    tab.set_small(PROMPT)
    tab.set_values("1-3")
    tab.forecast_becomes("^3 ")
    tab.generate()
    japanese.locator("#html_log_txt2img details > summary").first.click()
    look("#html_log_txt2img .clip-skip-lab-result, #clip_skip_lab_from_txt2img")


def test_the_tab_with_lens_library_choices_comparison_and_memory(japanese, look, host, swept):
    tab = SweepPage(japanese, host.url)
    japanese.locator("#tabs > .tab-nav > button", has_text="Clip skip スイープ一覧").click()
    lens = japanese.locator(".clip-skip-lab-lens").first
    lens.locator("textarea").first.fill(LENS)
    lens.locator(".clip-skip-lab-primary").click()
    japanese.locator(".clip-skip-lab-figure").wait_for()
    japanese.locator("#clip_skip_lab_trained_more .label-wrap").click()
    japanese.locator("#clip_skip_lab_sweeps [role=listitem], #clip_skip_lab_sweeps li").first.wait_for()
    tab.page.wait_for_timeout(500)
    look("#tab_clip_skip_lab")


def test_the_settings(japanese, look, host):
    tab = SweepPage(japanese, host.url)
    tab.open_tab("Settings")
    part = japanese.locator("#settings button", has_text="Clip Skip Lab").first
    part.click()
    look("[id^=setting_clip_skip_lab]")


def test_the_page_of_a_sweep_with_its_panels_its_views_and_its_keys(japanese, look, host, swept):
    japanese.goto(f"{host.url}/clip-skip-lab/v1/sweeps/{swept.folder.name}/page/")
    all_drawn(japanese)
    look("body")
    for key in ("#open-filter", "#open-export", "#open-about"):
        japanese.click(key)
        japanese.wait_for_timeout(300)
        for folded in japanese.locator("#panel details:not([open]) > summary").all():
            folded.click()
        look("#panel")
    japanese.keyboard.press("Escape")
    japanese.get_by_role("gridcell").nth(2).hover()
    look("#stage")
    for key, dialog in (("Enter", "cell"), ("j", "blind"), ("?", "help")):
        japanese.get_by_role("gridcell").nth(2).focus()
        japanese.keyboard.press(key)
        japanese.locator(f"#{dialog}[open]").wait_for()
        look(f"#{dialog}")
        japanese.keyboard.press("Escape")
    japanese.goto(f"{japanese.url.split('#')[0]}#a=0-0&b=2-0&compare=wipe")
    japanese.reload()
    japanese.locator("#compare[open]").wait_for()
    for mode in range(4):
        japanese.locator("#compare-bar button").nth(mode).click()
        look("#compare")
