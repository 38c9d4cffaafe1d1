"""Each screen in English beside Japanese, for docs/screens.md: both halves of an image are taken alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CHECKPOINT, CLIP_SKIP, Sweep
from tests.helpers.lora_files import lora_files
from tests.helpers.small_world import captioned, written

from . import header, lens, panel
from .files import opened, save
from .pages import show
from .studio import LOCALES, Shots, Size, Studio, WebUI

PROMPT = "yellow triangle on the left, red circle on the right, blue background"
SETTING = {"steps": 12, "width": 64, "height": 64, "cfg_scale": 5, "seed": 2881122569}
GAP = 12
BETWEEN = (128, 128, 128)
TRAINED = "#clip_skip_lab_trained"


class Screen:
    """One screen in one language: its WebUI, a page, and the sweep that it shows."""

    def __init__(self, studio: Studio, language: str, page: Page):
        self.studio, self.language, self.page = studio, language, page
        self.webui: WebUI = studio.speaking(language)

    @property
    def tab(self) -> SweepPage:
        """The WebUI's page, opened anew."""
        return SweepPage(self.page, self.webui.url)

    def sweep(self) -> Sweep:
        """Clip skip 1 to 12 over four values of CFG scale, measured, made once for each WebUI."""
        if self.language not in self.studio.made:
            asked = {"clip_skip": "1-12", "y": {"axis": "CFG Scale", "values": "3, 5, 7, 9"}, "mode": "fast"}
            self.studio.made[self.language] = self.webui.client.sweep(
                {**asked, "measures": True}, prompt=PROMPT, **SETTING
            )
        return self.studio.made[self.language]

    def open_sweep(self, address: str = "") -> None:
        """Opens the sweep's page."""
        show(self.page, f"{self.webui.url}/clip-skip-lab/v1/sweeps/{self.sweep().folder.name}/page/{address}")

    def of(self, part: str, margin: int = 8) -> Image.Image:
        """A part of the page with a little around it."""
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(500)
        place = self.page.locator(part).first
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        left, top = max(0, box["x"] - margin), box["y"] + self.page.evaluate("scrollY") - margin
        size = {"width": box["width"] + 2 * margin, "height": box["height"] + 2 * margin}
        return opened(self.page.screenshot(clip={"x": left, "y": max(0, top), **size}, full_page=True))

    def whole(self) -> Image.Image:
        """What is seen of the page."""
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(500)
        return opened(self.page.screenshot())


def of_panel(screen: Screen) -> Image.Image:
    """The panel with a second axis."""
    panel.filled(screen.tab)
    return panel.framed(screen.page)


def of_header(screen: Screen) -> Image.Image:
    """The note beside the value, and what the LoRA in the prompt was trained with."""
    with lora_files(screen.webui.client):
        screen.webui.client.set({CHECKPOINT: screen.webui.checkpoint(header.PLAIN)})
        assert screen.tab
        header.advised(screen.page)
        return screen.whole()


def of_summary(screen: Screen) -> Image.Image:
    """What stands under the gallery after a sweep."""
    tab = screen.tab
    tab.choose_script(shown=panel.SHOWN)
    tab.set_small(PROMPT)
    tab.set_number("steps", 12)
    tab.set_values("1-6")
    tab.forecast_becomes("^6 ")
    tab.generate()
    screen.page.locator("#html_log_txt2img details > summary").first.click()
    screen.page.locator("#txt2img_gallery img").first.wait_for()
    return screen.of("#txt2img_results")


def of_page(screen: Screen) -> Image.Image:
    """A sweep's page, colored by a measure."""
    screen.open_sweep()
    heat = screen.page.locator("#heat")
    heat.select_option(index=1)
    return screen.whole()


def of_measures(screen: Screen) -> Image.Image:
    """What a sweep's page says about it: findings, and the numbers behind them."""
    screen.open_sweep()
    screen.page.click("#open-about")
    screen.page.wait_for_timeout(2000)  # what the WebUI tells of the checkpoint's other sweeps is drawn, too
    screen.page.locator("#panel details > summary").first.click()
    return screen.whole()


def of_comparison(screen: Screen) -> Image.Image:
    """Two cells with a line between them."""
    screen.open_sweep("#a=12-0&b=20-0&compare=wipe")
    return screen.whole()


def of_cell(screen: Screen) -> Image.Image:
    """One cell, large, with its measures and the ways back."""
    screen.open_sweep("#cell=16-0")
    return screen.whole()


def of_library(screen: Screen) -> Image.Image:
    """The list of sweeps."""
    screen.sweep()
    header.show_sweeps(screen.tab)
    screen.page.locator(".clip-skip-lab-thumbnail img").first.wait_for()
    return screen.of("#clip_skip_lab_sweeps")


def of_memory(screen: Screen) -> Image.Image:
    """The checkpoints that are remembered with their clip skip."""
    client = screen.webui.client
    with client.kept(CHECKPOINT, CLIP_SKIP, header.REMEMBER):
        header.remembered(screen.webui)
        header.show_sweeps(screen.tab)
        screen.page.locator("#clip_skip_lab_memory tbody tr").nth(1).wait_for()
        shot = screen.of("#clip_skip_lab_memory")
        client.forget_all()
        return shot


def asked(screen: Screen, folder: Path | str, values: str = "1-4") -> None:
    """Asks the weights with the images of a folder."""
    tab = screen.tab
    header.show_sweeps(tab)
    for name, text in (("folder", str(folder)), ("values", values)):
        tab.type_into(screen.page.locator(f"{TRAINED}_{name}").locator("textarea, input").first, text)
    screen.page.locator("#clip_skip_lab_ask").click()


def of_trained(screen: Screen) -> Image.Image:
    """Which clip skip a checkpoint was trained with, by its weights."""
    asked(screen, written(screen.studio.temporary / "captioned", captioned(32)))
    screen.page.locator(f"div.block{TRAINED}_answer tbody tr").nth(3).wait_for(timeout=200_000)
    screen.page.locator(f"{TRAINED}_chart img").wait_for()
    screen.page.wait_for_timeout(1500)
    first, last = screen.page.locator(f"{TRAINED}_answer").first, screen.page.locator(f"{TRAINED}_chart").first
    last.scroll_into_view_if_needed()
    top, bottom = first.bounding_box(), last.bounding_box()
    scrolled = screen.page.evaluate("scrollY")
    area = {"x": top["x"], "width": top["width"], "y": top["y"] + scrolled}
    height = bottom["y"] + bottom["height"] - top["y"]
    shot = opened(screen.page.screenshot(clip={**area, "height": height}, full_page=True))
    screen.page.locator(f"{TRAINED}_more .label-wrap").first.click()
    screen.page.locator(f"{TRAINED}_forget").first.click()
    screen.page.wait_for_timeout(1000)
    return shot


def of_lens(screen: Screen) -> Image.Image:
    """The prompt lens."""
    lens.looked(screen.tab)
    lens.at_top(screen.page, lens.HOME)
    return screen.whole()


def of_errors(screen: Screen) -> Image.Image:
    """A value that there isn't, in the panel, and a folder that there isn't, in the tab."""
    tab = screen.tab
    tab.choose_script(shown=panel.SHOWN)
    tab.set_values("1-13")
    tab.forecast_becomes("13")
    screen.page.evaluate("document.activeElement.blur()")  # or the next field's list of choices covers it
    line = screen.of("[id$=clip_skip_lab_forecast]")
    asked(screen, "/not/there")
    screen.page.locator(f"div.block{TRAINED}_answer [role=alert]").wait_for()
    return stacked([line, screen.of(f"div.block{TRAINED}_answer")])


# name: (how it is taken, size of the page, whether the two stand side by side)
SCREENS: dict[str, tuple[Callable[[Screen], Image.Image], Size, bool]] = {
    "panel": (of_panel, (1400, 1500), True),
    "header": (of_header, (1000, 330), False),
    "summary": (of_summary, (1200, 1100), True),
    "page": (of_page, (1100, 640), False),
    "measures": (of_measures, (1100, 800), False),
    "comparison": (of_comparison, (1000, 560), False),
    "cell": (of_cell, (1100, 620), False),
    "library": (of_library, (1100, 900), False),
    "memory": (of_memory, (1000, 900), False),
    "trained": (of_trained, (1000, 900), True),
    "lens": (of_lens, (1000, 980), False),
    "errors": (of_errors, (1000, 900), False),
}


def screens(studio: Studio) -> Shots:
    """All screens."""
    return {f"screens-{name}.webp": partial(take, studio, name, *given) for name, given in SCREENS.items()}


def take(studio: Studio, name: str, shoot: Callable[[Screen], Image.Image], size: Size, beside: bool) -> None:
    """One screen in both languages."""
    shots = []
    for language in LOCALES:
        with prepared(studio, language, size) as screen:
            shots.append(shoot(screen))
    save(stacked(shots, beside), studio.folder / f"screens-{name}.webp")


@contextmanager
def prepared(studio: Studio, language: str, size: Size):
    """A screen of a WebUI with the small model at clip skip 1."""
    webui = studio.speaking(language)
    webui.client.set({CHECKPOINT: webui.checkpoint("shapes-clip-skip-1")})
    webui.client.set({CLIP_SKIP: 1})
    with studio.page(size, language) as page:
        yield Screen(studio, language, page)


def stacked(shots: list[Image.Image], beside: bool = False) -> Image.Image:
    """Images one below the other, or one beside the other."""
    across, down = [shot.width for shot in shots], [shot.height for shot in shots]
    gaps = GAP * (len(shots) - 1)
    size = (sum(across) + gaps, max(down)) if beside else (max(across), sum(down) + gaps)
    made = Image.new("RGB", size, BETWEEN)
    at = 0
    for shot in shots:
        made.paste(shot, (at, 0) if beside else (0, at))
        at += (shot.width if beside else shot.height) + GAP
    return made
