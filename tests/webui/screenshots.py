"""Pictures for the docs: the header and the panel. `python -m tests.webui.screenshots [URL] [FOLDER]`.

Without a URL the embedded host is started. The warning is shown where the host has a checkpoint with "sdxl" in its name
(`tests/webui/small_models.py` makes one); without it those pictures are left as they are.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CLIP_SKIP
from tests.helpers.page_client import PageClient
from tests.minihost import launch

ROOT = Path(__file__).parents[2]
LANGUAGES = {"en": "en-US", "ja": "ja-JP"}
CHECKPOINT = "sd_model_checkpoint"
HEIGHT = 150  # px of the page, from its top: the header


def picture(page: Page, url: str, theme: str, file: Path) -> None:
    """Saves the header."""
    page.goto(f"{url}/?__theme={theme}")
    page.locator("#clip_skip_lab_note:not(:empty)").wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=file, clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": HEIGHT})
    few_colours(file)


def headers(browser: Browser, url: str, folder: Path, name: str) -> None:
    """Saves the header in both themes and languages."""
    for theme in ("dark", "light"):
        for language, locale in LANGUAGES.items():
            context = browser.new_context(locale=locale, viewport={"width": 900, "height": 500})
            picture(context.new_page(), url, theme, folder / f"{name}-{theme}-{language}.png")
            context.close()


def panel(browser: Browser, url: str, theme: str, file: Path) -> None:
    """Saves the panel of the sweep with a second axis filled in, and the line below it."""
    page = browser.new_page(locale="en-US", viewport={"width": 1400, "height": 1400})
    tab = SweepPage(page, url, theme=theme)
    tab.choose_script()
    tab.choose(tab.part("y_axis"), "CFG Scale")
    tab.forecast_becomes("48 cells")  # with the values that the axis begins with
    tab.type_into(tab.part("y_values").locator("textarea, input").first, "5, 11")
    tab.forecast_becomes("24 cells")
    page.evaluate("document.activeElement.blur()")  # or the next field's list of choices covers the panel
    page.wait_for_timeout(500)
    page.locator("#txt2img_script_container").screenshot(path=file)
    few_colours(file)
    page.close()


def few_colours(file: Path) -> None:
    """So that the file is small."""
    with Image.open(file) as image:
        image.convert("RGB").quantize(64).save(file, optimize=True)


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else None
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        host = nullcontext(url) if url else launch.Process(data, [launch.REPO])
        with host as started, sync_playwright() as playwright:
            address = (url or started.url).rstrip("/")
            client = PageClient(address)
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for theme in ("dark", "light"):
                panel(browser, address, theme, folder / f"panel-{theme}.png")
            with client.kept(CLIP_SKIP):
                client.set({CLIP_SKIP: 2})
                headers(browser, address, folder, "header")
            names = client.checkpoints()
            sdxl = next((name for name in names if "sdxl" in name.lower()), None)
            if sdxl is None:
                print("no SDXL checkpoint: the images of the warning are left as they are")
            else:
                with client.kept(CLIP_SKIP, CHECKPOINT):
                    client.set({CHECKPOINT: sdxl})
                    client.set({CLIP_SKIP: 2})
                    headers(browser, address, folder, "header-warning")
            browser.close()


if __name__ == "__main__":
    main()
