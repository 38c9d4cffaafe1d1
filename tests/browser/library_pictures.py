"""`python -m tests.browser.library_pictures`: the pictures of the library in the docs, docs/images/library-*.png."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from clip_skip_lab.sweep.folder import read_record, write_record
from tests.browser.chromium import find_chromium
from tests.browser.page_pictures import save_screenshot
from tests.browser.sweep_page import SweepPage
from tests.helpers.painted import painted_sweep, plan_of
from tests.minihost import launch

PICTURES = {
    "dark": ("dark", (1200, 760), "en-US"),
    "phone-light": ("light", (375, 780), "en-US"),
}

# (prompt, plan, checkpoint, when, session, what is said of it), the oldest first.
SWEEPS: list[tuple[str, dict[str, Any], str, str, dict[str, Any], dict[str, Any]]] = [
    ("morning fog in a pine forest, ink and wash", {"skips": "1-4"}, "inkwash_v2", "2026-11-20T09:12:00",
     {}, {"picks": [1]}),
    ("a harbour at night, neon on wet stone", {"skips": "1-6", "y": ("CFG Scale", "5, 7, 9")}, "hillside_v1",
     "2026-11-21T21:40:00", {"stop_after": 11}, {}),
    ("a small fox in the snow, soft light", {"skips": "1-3"}, "inkwash_v2", "2026-11-22T14:05:00",
     {"fails": (3,)}, {}),
    ("evening light over the hills, a lake between the ridges", {"skips": "1-12"}, "hillside_v1",
     "2026-11-23T18:31:00", {},
     {"name": "Hills, all layers", "picks": [1, 3], "note": "2 has the warm sky, from 7 on it is only haze."}),
]  # fmt: skip


def paint(base: Path, sweep: tuple) -> str:
    """A sweep on disk. Its id."""
    prompt, plan, model, created, session, _ = sweep
    folder = painted_sweep(base, plan_of(**plan), prompt=prompt, side=192, **session)
    named = {"name": model, "hash": "0a1b2c3d4e" if model.startswith("hill") else "5f6a7b8c9d", "vae": ""}
    write_record(folder, {**read_record(folder), "model": named, "created": f"{created}+00:00"})
    return folder.name


def take(browser: Browser, url: str, scheme: str, size: tuple[int, int], locale: str) -> bytes:
    """A screenshot of the tab when everything is there."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, locale=locale)
    page = context.new_page()
    SweepPage(page, url, theme=scheme).open_tab("Clip skip sweeps")
    page.locator(".clip-skip-lab-thumbnail img").first.wait_for()
    page.locator("#clip_skip_lab_sweeps").first.evaluate("list => list.scrollIntoView()")
    page.wait_for_timeout(800)
    picture = page.screenshot()
    context.close()
    return picture


def main() -> None:
    """Makes all of them."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        base = Path(temporary) / "outputs" / "txt2img-grids"
        names = [paint(base, sweep) for sweep in SWEEPS]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        with launch.Process(temporary, [launch.REPO]) as host:
            for name, sweep in zip(names, SWEEPS, strict=True):
                httpx.patch(f"{host.url}/clip-skip-lab/v1/sweeps/{name}", json=sweep[-1]).raise_for_status()
            for name, (scheme, size, locale) in PICTURES.items():
                save_screenshot(f"library-{name}", take(browser, host.url, scheme, size, locale))
        browser.close()


if __name__ == "__main__":
    main()
