"""`python -m tests.browser.lens_pictures`: the pictures of the prompt lens in the docs, docs/images/lens-*.png, of the
small trained model. Those in Japanese need a font that has it."""

from __future__ import annotations

import tempfile

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.page_pictures import save_screenshot
from tests.browser.sweep_page import SweepPage
from tests.minihost import launch

PROMPT = "a large (red:1.2) circle and a small blue square on a green background"
HOME = ".clip-skip-lab-lens"
MIXING = f"{HOME} section:nth-of-type(4)"
OTHER = "a large blue circle and a small red square on a green background"
CLIP_SKIP = 3
SIDE = f"{HOME} .clip-skip-lab-side"
HEATMAP = f"{HOME} section:not(.clip-skip-lab-side):has(.clip-skip-lab-pictures)"
TXT2IMG = {"width": 128, "height": 128, "steps": 24}
"""The model draws 64 pixels, and a draft is half of this."""


# name: (theme, size, language, what comes to the top)
PICTURES: dict[str, tuple[str, tuple[int, int], str, str]] = {
    "dark": ("dark", (1000, 960), "en-US", HOME),
    "light-ja": ("light", (1000, 960), "ja-JP", HOME),
    "heatmap-light": ("light", (1000, 640), "en-US", f"{HOME} section:nth-of-type(2)"),
    "values-dark": ("dark", (1000, 620), "en-US", f"{HOME} section:nth-of-type(3)"),
    "mixing-dark": ("dark", (1000, 860), "en-US", MIXING),
    "layers-dark": ("dark", (1000, 520), "en-US", HEATMAP),
    "side-light": ("light", (1200, 960), "en-US", SIDE),
    "phone-dark": ("dark", (375, 960), "en-US", HOME),
}


def take(browser: Browser, url: str, theme: str, size: tuple[int, int], locale: str, top: str) -> bytes:
    """A screenshot of the lens when everything is drawn."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
    page = context.new_page()
    webui = SweepPage(page, url, theme=theme)
    if top == HEATMAP:
        for field, value in TXT2IMG.items():
            webui.set_number(field, value)
        webui.type_into(page.locator("#txt2img_seed input"), "7")
    webui.open_tab("Clip skip sweeps")
    page.locator(f"{HOME} textarea").first.fill(PROMPT)
    page.locator(f"{HOME} .clip-skip-lab-primary").click()
    page.locator(".clip-skip-lab-figure").wait_for()
    page.evaluate(f"() => clipSkipLabLens.move({CLIP_SKIP})")
    if top == MIXING:
        page.get_by_role("button", name="Which words mix?").click()
        page.locator(".clip-skip-lab-curve").first.wait_for()
    if top == HEATMAP:
        page.get_by_role("button", name="What each layer sees").click()
        page.get_by_text("images are shown above the layers").wait_for(timeout=200_000)
        page.wait_for_timeout(2000)
    if top == SIDE:
        page.get_by_role("button", name="Keep for comparison").click()
        page.locator(f"{HOME} textarea").first.fill(OTHER)
        page.get_by_role("button", name="Show", exact=True).click()
        page.locator(f"{SIDE} article").nth(1).get_by_text(OTHER).first.wait_for()
    page.mouse.move(0, 0)
    page.locator(top).evaluate("part => part.scrollIntoView()")
    page.mouse.wheel(0, -60 if top != HOME else -12)  # below the slider, which stays in sight
    page.wait_for_timeout(800)
    picture = page.screenshot()
    context.close()
    return picture


def main() -> None:
    """Makes all of them."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        with launch.Process(folder, [launch.REPO], ["--trained-model"]) as host:
            for name, given in PICTURES.items():
                save_screenshot(f"lens-{name}", take(browser, host.url, *given))
        browser.close()


if __name__ == "__main__":
    main()
