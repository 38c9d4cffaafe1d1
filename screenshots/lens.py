"""The prompt lens, of the small trained model."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Page

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT

from .files import opened, save
from .header import show_sweeps
from .studio import Shots, Size, Studio

PROMPT = "a large (red:1.2) circle and a small blue square on a green background"
OTHER = "a large blue circle and a small red square on a green background"
CLIP_SKIP = 3
HOME = ".clip-skip-lab-lens"
MIXING = f"{HOME} section:nth-of-type(4)"
SIDE = f"{HOME} .clip-skip-lab-side"
HEATMAP = f"{HOME} section:not(.clip-skip-lab-side):has(.clip-skip-lab-pictures)"
TXT2IMG = {"width": 128, "height": 128, "steps": 24}
"""The model draws 64 pixels, and a draft is half of this."""

# name: (theme, size, language, what comes to the top)
PICTURES: dict[str, tuple[str, Size, str, str]] = {
    "dark": ("dark", (1000, 960), "en", HOME),
    "light-ja": ("light", (1000, 960), "ja", HOME),
    "heatmap-light": ("light", (1000, 640), "en", f"{HOME} section:nth-of-type(2)"),
    "values-dark": ("dark", (1000, 620), "en", f"{HOME} section:nth-of-type(3)"),
    "mixing-dark": ("dark", (1000, 860), "en", MIXING),
    "layers-dark": ("dark", (1000, 520), "en", HEATMAP),
    "side-light": ("light", (1200, 960), "en", SIDE),
    "phone-dark": ("dark", (375, 960), "en", HOME),
}


def lenses(studio: Studio) -> Shots:
    """The lens in its views."""
    return {f"lens-{name}.png": partial(take, studio, name, *given) for name, given in PICTURES.items()}


def take(studio: Studio, name: str, theme: str, size: Size, language: str, top: str) -> None:
    """The lens when everything is drawn."""
    with studio.webui.client.kept(CHECKPOINT), studio.page(size, language) as page:
        studio.webui.client.set({CHECKPOINT: studio.webui.checkpoint("shapes-clip-skip-1")})
        webui = SweepPage(page, studio.webui.url, theme=theme)
        if top == HEATMAP:
            for field, value in TXT2IMG.items():
                webui.set_number(field, value)
            webui.type_into(page.locator("#txt2img_seed input"), "7")
        looked(webui)
        if top == MIXING:
            page.get_by_role("button", name="Which words mix").click()
            page.locator(".clip-skip-lab-curve").first.wait_for()
        if top == HEATMAP:
            page.locator(f"{HOME} .clip-skip-lab-lens-sweep button").first.click()
            page.locator(f"{HEATMAP} img").nth(11).wait_for(timeout=200_000)
            page.wait_for_timeout(2000)
        if top == SIDE:
            page.locator(f"{HOME} .clip-skip-lab-tools button").nth(2).click()
            page.locator(f"{HOME} textarea").first.fill(OTHER)
            page.locator(f"{HOME} .clip-skip-lab-primary").click()
            page.locator(f"{SIDE} article").nth(1).get_by_text(OTHER).first.wait_for()
        at_top(page, top)
        save(opened(page.screenshot()), studio.folder / f"lens-{name}.png")


def looked(webui: SweepPage) -> None:
    """Opens the lens and looks at the prompt."""
    show_sweeps(webui)
    webui.page.locator(f"{HOME} textarea").first.fill(PROMPT)
    webui.page.locator(f"{HOME} .clip-skip-lab-primary").click()
    webui.page.locator(".clip-skip-lab-figure").wait_for()
    webui.page.evaluate(f"() => clipSkipLabLens.move({CLIP_SKIP})")


def at_top(page: Page, part: str) -> None:
    """Scrolls a part below the slider, which stays in sight."""
    page.mouse.move(0, 0)
    page.locator(part).evaluate("part => part.scrollIntoView()")
    page.mouse.wheel(0, -60 if part != HOME else -12)
    page.wait_for_timeout(800)
