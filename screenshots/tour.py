"""The tour: a sweep from the script's choice to its page, and the prompt lens, as an animated WebP."""

from __future__ import annotations

import re
from functools import partial

from playwright.sync_api import Page

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT, CLIP_SKIP

from .files import save_film
from .film import Film
from .studio import Shots, Studio

SIZE = (1080, 640)
"""Wide enough for twelve columns on the sweep's page."""
PROMPT = "yellow triangle on the left, red circle on the right, blue background"
SEED = 2881122569
TXT2IMG = {"steps": 16, "width": 64, "height": 64, "cfg_scale": 5}
HOME = ".clip-skip-lab-lens"

SAID = {
    "en": {
        "choose": "Choose the script “Clip skip sweep”",
        "fill": "Clip skip 1–12, and a second axis",
        "forecast": "What will happen is told before it runs",
        "generate": "Generate: the grid fills",
        "open": "Each sweep has a page of its own",
        "heat": "Color the cells by a measure",
        "pair": "Take two cells …",
        "wipe": "… and compare: wipe, flicker, difference",
        "lens": "Prompt lens: what each layer makes of each word",
    },
    "ja": {
        "choose": "スクリプト「Clip skip スイープ」を選ぶ",
        "fill": "Clip skip 1〜12 と第2軸",
        "forecast": "実行前に、何が生成されるかわかる",
        "generate": "生成を押すと、グリッドが埋まっていく",
        "open": "スイープごとに専用のページ",
        "heat": "セルを測定値で色分け",
        "pair": "セルを 2 つ選んで…",
        "wipe": "…比較: ワイプ、フリッカー、差分",
        "lens": "プロンプトレンズ: 各層で単語がどう変わるか",
    },
}  # fmt: skip


def tours(studio: Studio) -> Shots:
    """The tour in each language."""
    return {"tour.webp": partial(take, studio, "en"), "tour-ja.webp": partial(take, studio, "ja")}


def take(studio: Studio, language: str) -> None:
    """Records it."""
    webui, said = studio.speaking(language), SAID[language]
    client = webui.client
    with client.kept(CHECKPOINT, CLIP_SKIP), studio.page(SIZE, language) as page, studio.page(SIZE, language) as paper:
        client.set({CHECKPOINT: webui.checkpoint("shapes-clip-skip-1")})
        client.set({CLIP_SKIP: 1})
        client.generate(prompt=PROMPT, **{**TXT2IMG, "steps": 2})  # what is loaded late is loaded now
        tab = SweepPage(page, webui.url)
        film = Film(page, paper)
        prepare(tab)
        sweep(film, tab, said)
        with page.context.expect_page() as opened:
            link = page.locator("#html_log_txt2img .clip-skip-lab-page, #html_log_txt2img").get_by_role("link").first
            film.click(link, hold=0)
        look_through(film, opened.value, said)
        film.page = page
        lens(film, tab, said)
        name = "tour.webp" if language == "en" else f"tour-{language}.webp"
        save_film(film.frames, studio.folder / name)


def prepare(tab: SweepPage) -> None:
    """What stands in txt2img already."""
    tab.type_into(tab.page.locator("#txt2img_prompt textarea"), PROMPT)
    for name, value in TXT2IMG.items():
        tab.set_number(name, value)
    tab.type_into(tab.page.locator("#txt2img_seed input"), str(SEED))
    tab.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    tab.page.wait_for_timeout(300)


def top_of(page: Page, selector: str, above: int) -> float:
    """How far to scroll so that an element is this far below the page's upper edge."""
    return page.locator(selector).first.evaluate(f"part => part.getBoundingClientRect().top + scrollY - {above}")


def sweep(film: Film, tab: SweepPage, said: dict[str, str]) -> None:
    """Script, values, Generate, and the grid as it fills."""
    page = film.page
    film.say(said["choose"])
    film.shoot(700)
    film.scroll(top_of(page, "#txt2img_script_container #script_list", 200))
    field = page.locator("#txt2img_script_container #script_list input").first
    film.click(field, hold=250)
    # The script's own title, or what the page's language makes of it.
    choice = page.locator("#script_list ul.options li").filter(has_text=re.compile("Clip skip (sweep|スイープ)")).first
    choice.scroll_into_view_if_needed()
    film.shoot(150)
    film.click(choice, hold=300, x=0.3)
    tab.part("values").wait_for()
    film.say(said["fill"])
    film.scroll(top_of(page, "#txt2img_script_container #script_list", 60))
    tab.set_values("1-12")
    values = tab.part("values").locator("textarea, input").first
    film.click(values, hold=200, x=0.2)
    axis = tab.part("y_axis")
    film.click(axis.locator("input").first, hold=200)
    film.click(axis.locator("ul.options li, [role=option]").filter(has_text="CFG Scale").first, hold=300, x=0.3)
    film.page.wait_for_timeout(800)
    of_axis = tab.part("y_values").locator("textarea, input").first
    film.click(of_axis, hold=200)
    film.type(of_axis, "3, 5, 7, 9", hold=200)
    tab.forecast_becomes("48")
    page.evaluate("document.activeElement.blur()")
    film.say(said["forecast"])
    film.scroll(page.evaluate("document.documentElement.scrollHeight"))
    film.go_to(tab.part("forecast"), x=0.3)
    film.shoot(1000)
    film.say(said["generate"])
    film.scroll(0)
    filling(film, page)


def filling(film: Film, page: Page) -> None:
    """The grid in the gallery, from the first cell to the last: a frame for some cells, however long they take."""
    film.click(page.locator("#txt2img_generate"), hold=200)
    film.scroll(300, steps=4)
    film.go_to(page.locator("#txt2img_gallery_container, #txt2img_results").first, x=0.5, y=0.9, ticks=4)
    done = page.locator("#html_log_txt2img .clip-skip-lab-result")
    shown = -1
    while not done.count():
        now = "".join(page.locator("#txt2img_results .progress").all_text_contents())
        cell = max([0, *(int(number) for number in re.findall(r"\d+", now)[:1])])
        if cell // 3 != shown:
            film.shoot(130)
        shown = cell // 3
        page.wait_for_timeout(300)
    page.wait_for_timeout(1500)
    film.shoot(500)
    film.scroll(top_of(page, "#html_log_txt2img .clip-skip-lab-result", 480), steps=5)
    film.shoot(1000)


def look_through(film: Film, page: Page, said: dict[str, str]) -> None:
    """The sweep's page: a measure's colours, and two cells compared."""
    page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    page.wait_for_function("() => [...document.querySelectorAll('#stage canvas')].every(one => one.dataset.drawn)")
    page.wait_for_timeout(800)
    film.page = page
    film.say(said["open"])
    film.shoot(1500)
    film.say(said["heat"])
    measure = page.locator("#heat option").nth(1).get_attribute("value")
    film.click(page.locator("#heat"), act=lambda: page.locator("#heat").select_option(measure), hold=1100)
    film.say(said["pair"])
    for place, tool in ((0, "a"), (8, "b")):
        cell = page.get_by_role("gridcell").nth(12 + place)
        film.go_to(cell)
        cell.hover()
        page.wait_for_timeout(200)
        film.shoot(100)
        film.click(page.locator(f".tools [data-tool={tool}]"), hold=150)
    page.locator("#compare[open]").wait_for()
    page.wait_for_timeout(600)
    film.say(said["wipe"])
    line = page.locator("#compare-part")
    for part in (50, 62, 74, 84, 74, 60, 46, 32, 20, 34, 50):
        line.fill(str(part))
        film.go_to(page.locator("#compare .frame").first, x=part / 100, ticks=1)
        film.shoot(90)
    film.click(page.locator("#compare-bar button").nth(1), hold=0)
    page.locator("#compare-tuning button").nth(1).click()  # not by itself: a frame for each
    for _ in range(4):
        film.shoot(350)
        page.locator("#compare-tuning button").first.click()
        page.wait_for_timeout(100)


def lens(film: Film, tab: SweepPage, said: dict[str, str]) -> None:
    """The prompt on its way through the layers, while the slider moves."""
    page = film.page
    page.bring_to_front()
    page.evaluate("scrollTo(0, 0)")
    film.say(said["lens"])
    film.shoot(150)
    title = page.locator("#tabs > .tab-nav > button").filter(has_text=re.compile("Clip skip (sweeps|スイープ一覧)"))
    film.click(title, hold=200)
    film.click(page.locator(f"{HOME} .clip-skip-lab-tools button").nth(1), hold=200)
    film.click(page.locator(f"{HOME} .clip-skip-lab-primary"), hold=100)
    page.locator(".clip-skip-lab-figure").wait_for()
    film.scroll(top_of(page, ".clip-skip-lab-figure", 40), steps=5)
    slider = page.locator(f"{HOME} .clip-skip-lab-lens-slider input[type=range]")
    slider.focus()
    for value in (1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 4, 2):
        slider.fill(str(value))
        page.wait_for_timeout(250)
        film.go_to(slider, x=(value - 1) / 11 * 0.96 + 0.02, ticks=1)
        film.shoot(170)
    film.shoot(1500)
