"""The library of sweeps in the tab, with painted sweeps of several days."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx

from clip_skip_lab.sweep.folder import read_record, write_record
from tests.browser.sweep_page import SweepPage
from tests.helpers.painted import painted_sweep, plan_of

from .files import opened, save
from .header import show_sweeps
from .studio import Shots, Size, Studio

PICTURES = {
    "dark": ("dark", (1200, 760), "en"),
    "phone-light": ("light", (375, 780), "en"),
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


def libraries(studio: Studio) -> Shots:
    """The library on a desk and on a phone."""
    filled = cache(partial(host, studio))
    return {f"library-{name}.png": partial(take, studio, filled, name, *given) for name, given in PICTURES.items()}


def host(studio: Studio) -> str:
    """The address of a WebUI that has these sweeps and no other."""
    names = [paint(studio.temporary / "library" / "outputs" / "txt2img-grids", sweep) for sweep in SWEEPS]
    url = studio.started("library").url
    for name, sweep in zip(names, SWEEPS, strict=True):
        httpx.patch(f"{url}/clip-skip-lab/v1/sweeps/{name}", json=sweep[-1]).raise_for_status()
    return url


def paint(base: Path, sweep: tuple) -> str:
    """A sweep on disk. Its id."""
    prompt, plan, model, created, session, _ = sweep
    folder = painted_sweep(base, plan_of(**plan), prompt=prompt, side=192, **session)
    named = {"name": model, "hash": "0a1b2c3d4e" if model.startswith("hill") else "5f6a7b8c9d", "vae": ""}
    write_record(folder, {**read_record(folder), "model": named, "created": f"{created}+00:00"})
    return folder.name


def take(studio: Studio, filled, name: str, scheme: str, size: Size, language: str) -> None:
    """The tab when everything is there."""
    url = filled()
    with studio.page(size, language) as page:
        shown(SweepPage(page, url, theme=scheme))
        save(opened(page.screenshot()), studio.folder / f"library-{name}.png")


def shown(tab: SweepPage) -> None:
    """Opens the tab at the list of sweeps."""
    show_sweeps(tab)
    tab.page.locator(".clip-skip-lab-thumbnail img").first.wait_for()
    tab.page.locator("#clip_skip_lab_sweeps").first.evaluate("list => list.scrollIntoView()")
    tab.page.mouse.move(0, 0)
    tab.page.wait_for_timeout(800)
