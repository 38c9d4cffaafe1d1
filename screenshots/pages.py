"""A sweep's page: of painted landscapes, and of the small model's images where their numbers count."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from playwright.sync_api import Page

from clip_skip_lab.page.files import PAGE
from tests.helpers.painted import painted_sweep, plan_of

from .files import opened, save
from .studio import Shots, Studio

DESK, PHONE = (1200, 720), (390, 780)
FORETOLD = "yellow background, white cross on the left, blue circle on the right"
SEEDS = "91, 92, 93"
Act = Callable[[Page], object] | None

# name: (sweep, address, dark, size, language, what to do first)
PICTURES: dict[str, tuple[str, str, bool, tuple[int, int], str, Act]] = {
    "flow-dark": ("twelve", "", True, DESK, "en", None),
    "table-light": ("table", "", False, DESK, "en", lambda page: page.hover('[data-cell="17-0"]')),
    "heat-dark-ja": ("table", "#heat=sharpness", True, DESK, "ja", lambda page: page.keyboard.press("/")),
    "cell-light": ("twelve", "#cell=4-0", False, DESK, "en", None),
    "back-dark": ("twelve", "#cell=1-0", True, DESK, "en", None),
    "blind-dark": ("twelve", "", True, DESK, "en", lambda page: page.keyboard.press("j")),
    "wipe-dark": ("twelve", "#a=0-0&b=8-0&compare=wipe", True, DESK, "en", None),
    "difference-dark": ("twelve", "#a=7-0&b=8-0&compare=difference", True, DESK, "en",
                        lambda page: page.locator("#compare-amplify").fill("4")),
    "thousand-dark": ("thousand", "", True, DESK, "en", None),
    "phone-light": ("twelve", "", False, PHONE, "en", None),
}  # fmt: skip

FROM_WEBUI = ("back-dark",)

SWEEPS = {
    "twelve": (lambda: plan_of("1-12"), 512),
    "table": (lambda: plan_of("1-12", y=("CFG Scale", "3, 5, 7, 9")), 256),
    "thousand": (lambda: plan_of("1-20", y=("CFG Scale", "1-50"), highest=20), 192),
}


def pages(studio: Studio) -> Shots:
    """The page in its views."""
    painted = cache(partial(paint, studio))
    made: Shots = {f"page-{name}.png": partial(take, studio, painted, name) for name in PICTURES}
    return {**made, "page-foretold-dark.png": partial(foretold, studio)}


def paint(studio: Studio, name: str) -> Path:
    """A sweep on disk."""
    plan, side = SWEEPS[name]
    return painted_sweep(studio.temporary / name, plan(), measured=True, side=side, cells_at_once=20)


def take(studio: Studio, painted: Callable[[str], Path], name: str) -> None:
    """One view."""
    sweep, address, dark, size, language, act = PICTURES[name]
    folder = painted(sweep)
    with studio.page(size, language, "dark" if dark else "light") as page:
        start = served(page, folder) if name in FROM_WEBUI else (folder / PAGE).as_uri()
        show(page, start + address, act)
        save(opened(page.screenshot()), studio.folder / f"page-{name}.png", colours=96)


def served(page: Page, folder: Path) -> str:
    """The address of a sweep's page as a WebUI has it: its files come from the folder, and nothing was chosen yet."""
    own = f"http://localhost/clip-skip-lab/v1/sweeps/{folder.name}"
    page.route(f"{own}/**", lambda route: route.fulfill(path=folder / (route.request.url.split("/page/")[1] or PAGE)))
    page.route(f"{own}/judged", lambda route: route.fulfill(json={}))
    return f"{own}/page/"


def show(page: Page, address: str, act: Act = None) -> None:
    """Opens the page and waits until everything is drawn."""
    page.goto(address)
    page.wait_for_function("() => [...document.querySelectorAll('#stage canvas')].every(one => one.dataset.drawn)")
    page.mouse.move(0, 0)
    if act is not None:
        act(page)
    page.wait_for_timeout(800)


def foretold(studio: Studio) -> None:
    """What the conditioning foretold, of three seeds, after other sweeps of the same checkpoint."""
    setting = {"steps": 16, "width": 64, "height": 64, "cfg_scale": 5}
    for seed in range(1, 20):
        others = {"clip_skip": "1-12", "mode": "fast", "measures": True}
        studio.webui.client.sweep(others, prompt=FORETOLD, seed=seed, **setting)
    asked = {"clip_skip": "1-12", "y": {"axis": "Seed", "values": SEEDS}, "mode": "fast", "measures": True}
    swept = studio.webui.client.sweep(asked, prompt=FORETOLD, **setting)
    with studio.page((1200, 980)) as page:
        show(page, f"{studio.webui.url}/clip-skip-lab/v1/sweeps/{swept.folder.name}/page/")
        page.click("#open-about")
        page.locator("#foretold li").nth(1).wait_for()
        page.wait_for_timeout(1500)
        save(opened(page.screenshot()), studio.folder / "page-foretold-dark.png", colours=96)
