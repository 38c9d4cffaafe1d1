"""The sweep's panel, and the summary under the gallery after a sweep."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Page

from tests.browser.sweep_page import SweepPage

from .files import opened, save
from .studio import Shots, Studio

PANEL = "#txt2img_script_container"
SHOWN = "Clip skip スイープ"
"""The script's title on a Japanese page."""


def panels(studio: Studio) -> Shots:
    """The panel in both themes."""
    return {f"panel-{scheme}.png": partial(panel, studio, scheme) for scheme in ("dark", "light")}


def panel(studio: Studio, scheme: str) -> None:
    """The panel with a second axis filled in, and the line below it."""
    with studio.page((1400, 1500)) as page:
        tab = SweepPage(page, studio.webui.url, theme=scheme)
        filled(tab)
        save(framed(page), studio.folder / f"panel-{scheme}.png", colours=64)


def filled(tab: SweepPage, values: str = "5, 11", cells: str = "24") -> None:
    """Clip skip 1 to 12 over two values of CFG scale."""
    tab.choose_script(shown=SHOWN)
    tab.choose(tab.part("y_axis"), "CFG Scale")
    tab.forecast_becomes("48")  # with the values that the axis begins with
    tab.type_into(tab.part("y_values").locator("textarea, input").first, values)
    tab.forecast_becomes(cells)
    tab.page.evaluate("document.activeElement.blur()")  # or the next field's list of choices covers the panel
    tab.page.wait_for_timeout(600)


def framed(page: Page, margin: int = 7):
    """The panel with a little of the page around it, so that no letter touches the edge."""
    page.mouse.move(0, 0)
    box = page.locator(PANEL).bounding_box()
    area = {"x": box["x"] - margin, "y": box["y"] - margin, "width": box["width"] + 2 * margin}
    return opened(page.screenshot(clip={**area, "height": box["height"] + 2 * margin}, full_page=True))
