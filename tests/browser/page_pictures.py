"""`python -m tests.browser.page_pictures`: the pictures of the page in the docs, docs/images/page-*.png."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from clip_skip_lab.page.files import PAGE
from tests.browser.chromium import find_chromium
from tests.helpers.painted import painted_sweep, plan_of

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESK, PHONE = (1200, 720), (390, 780)

# name: (sweep, address, dark, size, language, what to do first)
PICTURES: dict[str, tuple[str, str, bool, tuple[int, int], str, Callable[[Page], object] | None]] = {
    "flow-dark": ("twelve", "", True, DESK, "en-US", None),
    "table-light": ("table", "", False, DESK, "en-US", lambda page: page.hover('[data-cell="17-0"]')),
    "heat-dark-ja": ("table", "#heat=sharpness", True, DESK, "ja-JP", lambda page: page.keyboard.press("/")),
    "cell-light": ("twelve", "#cell=4-0", False, DESK, "en-US", None),
    "back-dark": ("twelve", "#cell=1-0", True, DESK, "en-US", None),
    "blind-dark": ("twelve", "", True, DESK, "en-US", lambda page: page.keyboard.press("j")),
    "wipe-dark": ("twelve", "#a=0-0&b=8-0&compare=wipe", True, DESK, "en-US", None),
    "difference-dark": ("twelve", "#a=7-0&b=8-0&compare=difference", True, DESK, "en-US",
                        lambda page: page.locator("#compare-amplify").fill("4")),
    "thousand-dark": ("thousand", "", True, DESK, "en-US", None),
    "phone-light": ("twelve", "", False, PHONE, "en-US", None),
}  # fmt: skip

FROM_WEBUI = ("back-dark",)

SWEEPS = {
    "twelve": lambda: plan_of("1-12"),
    "table": lambda: plan_of("1-12", y=("CFG Scale", "3, 5, 7, 9")),
    "thousand": lambda: plan_of("1-20", y=("CFG Scale", "1-50"), highest=20),
}


def served(page: Page, folder: Path) -> str:
    """The address of a sweep's page as a WebUI has it: its files come from the folder, and nothing was chosen yet."""
    own = f"http://localhost/clip-skip-lab/v1/sweeps/{folder.name}"
    page.route(f"{own}/**", lambda route: route.fulfill(path=folder / (route.request.url.split("/page/")[1] or PAGE)))
    page.route(f"{own}/judged", lambda route: route.fulfill(json={}))
    return f"{own}/page/"


def take(page: Page, address: str, act: Callable[[Page], object] | None) -> bytes:
    """A screenshot of the page when everything is drawn."""
    page.goto(address)
    page.wait_for_function("() => [...document.querySelectorAll('#stage canvas')].every(one => one.dataset.drawn)")
    page.mouse.move(0, 0)
    if act is not None:
        act(page)
    page.wait_for_timeout(800)
    return page.screenshot()


def save_screenshot(name: str, data: bytes) -> None:
    """As a palette of 256 colours: the files of the docs stay small."""
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def main() -> None:
    """Makes all of them."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        side = {"twelve": 512, "table": 256, "thousand": 192}
        pages = {
            name: painted_sweep(Path(temporary) / name, plan(), measured=True, side=side[name], cells_at_once=20)
            for name, plan in SWEEPS.items()
        }
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, (sweep, address, dark, (width, height), locale, act) in PICTURES.items():
            scheme = "dark" if dark else "light"
            viewport = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, color_scheme=scheme, locale=locale)
            page, folder = context.new_page(), pages[sweep]
            start = served(page, folder) if name in FROM_WEBUI else (folder / PAGE).as_uri()
            save_screenshot(f"page-{name}", take(page, start + address, act))
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
