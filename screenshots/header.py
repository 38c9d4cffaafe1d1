"""The header with its note, its warning and its advice, and what is remembered and chosen in the tab below."""

from __future__ import annotations

import re
from functools import partial

from playwright.sync_api import Page

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT, CLIP_SKIP
from tests.helpers.judged_sweeps import judged_sweeps, nothing_judged
from tests.helpers.lora_files import lora_files
from tests.helpers.page_client import opened_page

from .files import opened, save
from .studio import LOCALES, Shots, Studio, WebUI

NOTE = "#clip_skip_lab_note"
ADVICE = "#clip_skip_lab_advice"
REMEMBER = "clip_skip_lab_remember"
PROMPT = "a lighthouse by the sea <lora:cslab_two:0.8>"
PLAIN = "tiny"
"""In the name of a checkpoint whose training isn't known."""
SCHEMES = ("dark", "light")


def headers(studio: Studio) -> Shots:
    """The header, its warning, the line of advice, the table of what is remembered, and the one of what was chosen."""
    made: Shots = {}
    for scheme in SCHEMES:
        for language in LOCALES:
            made[f"header-{scheme}-{language}.png"] = partial(header, studio, scheme, language, False)
            made[f"header-warning-{scheme}-{language}.png"] = partial(header, studio, scheme, language, True)
        made[f"advice-{scheme}.png"] = partial(advice, studio, scheme)
    made["memory-light.png"] = partial(memory, studio, "light", "en", "memory-light.png")
    made["memory-dark-ja.png"] = partial(memory, studio, "dark", "ja", "memory-dark-ja.png")
    made["picks-light.png"] = partial(picks, studio)
    return made


def header(studio: Studio, scheme: str, language: str, warns: bool) -> None:
    """The header alone; its warning where the WebUI has a checkpoint with "sdxl" in its name, else nothing is made."""
    client = studio.webui.client
    name = f"header{'-warning' if warns else ''}-{scheme}-{language}.png"
    chosen = studio.webui.checkpoint("sdxl" if warns else PLAIN)
    if chosen is None:
        print("left as it is: the WebUI has no such checkpoint;", end=" ")
        return
    with client.kept(CHECKPOINT, CLIP_SKIP), studio.page((900, 500), language) as page:
        client.set({CHECKPOINT: chosen})
        client.set({CLIP_SKIP: 2})
        opened_page(page, studio.webui.url, scheme)
        page.locator(f"{NOTE}:not(:empty)").wait_for()
        page.wait_for_timeout(500)
        shot = page.screenshot(clip={"x": 0, "y": 0, "width": 900, "height": 150})
        save(opened(shot), studio.folder / name, colours=64)


def advice(studio: Studio, scheme: str) -> None:
    """What the LoRA in the prompt was trained with, under the header."""
    client = studio.webui.client
    with client.kept(CHECKPOINT, CLIP_SKIP), lora_files(client), studio.page((1200, 500)) as page:
        client.set({CHECKPOINT: studio.webui.checkpoint(PLAIN)})
        client.set({CLIP_SKIP: 1})
        opened_page(page, studio.webui.url, scheme)
        advised(page)
        shot = page.screenshot(clip={"x": 0, "y": 0, "width": 1200, "height": 330})
        save(opened(shot), studio.folder / f"advice-{scheme}.png")


def advised(page: Page) -> None:
    """Types the prompt and waits for the advice."""
    page.fill("#txt2img_prompt textarea", PROMPT)
    page.locator(f"{ADVICE} [role=status]:not(:empty)").wait_for()
    page.wait_for_timeout(500)


def memory(studio: Studio, scheme: str, language: str, name: str) -> None:
    """The table of remembered checkpoints."""
    client = studio.webui.client
    with client.kept(CHECKPOINT, CLIP_SKIP, REMEMBER), studio.page((1200, 700), language) as page:
        remembered(studio.webui)
        tab = SweepPage(page, studio.webui.url, theme=scheme)
        show_sweeps(tab)
        table = page.locator("#clip_skip_lab_memory").first
        table.locator("tbody tr").nth(1).wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        save(opened(table.screenshot()), studio.folder / name)
        client.forget_all()


def remembered(webui: WebUI) -> None:
    """Two checkpoints with a value each."""
    client = webui.client
    titles = [webui.checkpoint(f"shapes-clip-skip-{value}") for value in (2, 1)]
    client.set({REMEMBER: True})
    for title, value in zip(titles, (2, 1), strict=True):
        client.set_in_header(CHECKPOINT, title)
        client.set_in_header(CLIP_SKIP, value)


def show_sweeps(tab: SweepPage) -> None:
    """Opens the tab, however the page's language calls it."""
    tab.page.locator("#tabs > .tab-nav > button").filter(has_text=re.compile("Clip skip (sweeps|スイープ一覧)")).click()


def picks(studio: Studio) -> None:
    """How often each value was chosen."""
    swept = studio.webui.client.sweep({"clip_skip": "1, 1.5, 2, 3"}, prompt="of picks")
    with nothing_judged(swept.folder.parent), judged_sweeps(swept, [1] + [2] * 7), studio.page((760, 700)) as page:
        tab = SweepPage(page, studio.webui.url, theme="light")
        show_sweeps(tab)
        table = page.locator("#clip_skip_lab_picks").first
        table.locator("tbody tr").nth(3).wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        save(opened(table.screenshot()), studio.folder / "picks-light.png")
