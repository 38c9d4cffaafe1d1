"""A film of a page: a frame for each thing that is done, with a pointer where it is done and a sentence under it.

Frames are screenshots with times of their own, so that nobody waits where the WebUI works and the text stays sharp. The
pointer and the sentence are laid over them: they would be in the way on the page itself.
"""

from __future__ import annotations

import html
from collections.abc import Callable

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page

from .files import opened

STRIP = 46
"""Height of the sentence's strip, px."""
TICK = 40
"""Milliseconds of a frame while the pointer moves."""
PACE = 0.8
"""How long a frame stays, of what it is given."""
FINER = 4
ARROW = ((0, 0), (0, 17), (4, 13.5), (7, 20), (9.8, 18.8), (6.9, 12.5), (12, 12.5))
RING = (64, 156, 255)


class Film:
    """Frames of one page after another.

    Attributes:
        frames: images with their milliseconds.
        page: what is looked at now; another page may be put there.
    """

    def __init__(self, page: Page, paper: Page):
        """`paper` is an empty page of the same width, on which sentences are set."""
        self.frames: list[tuple[Image.Image, int]] = []
        self.page, self._paper = page, paper
        self._at = (page.viewport_size["width"] * 0.6, page.viewport_size["height"] * 0.7)
        self._strip: Image.Image | None = None
        self._last: Image.Image | None = None

    def say(self, sentence: str) -> None:
        """Writes a sentence under the frames from now on."""
        width = self.page.viewport_size["width"]
        self._paper.set_content(
            f"<body style='margin:0;background:#10141c;color:#fff;display:grid;place-items:center;height:{STRIP}px;"
            "font:600 19px system-ui,sans-serif'>" + html.escape(sentence)
        )
        self._strip = opened(self._paper.screenshot(clip={"x": 0, "y": 0, "width": width, "height": STRIP}))

    def shoot(self, milliseconds: int) -> None:
        """Takes a frame."""
        self._last = opened(self.page.screenshot())
        self._add(milliseconds)

    def go_to(self, place: Locator, x: float = 0.5, y: float = 0.5, ticks: int = 6) -> None:
        """Moves the pointer over an element, to a part of its width and height."""
        box = place.bounding_box()
        target = (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        start = self._at
        for tick in range(1, ticks + 1):
            part = tick / ticks
            eased = part * part * (3 - 2 * part)
            self._at = tuple(one + (other - one) * eased for one, other in zip(start, target, strict=True))
            self._add(TICK)

    def click(self, place: Locator, act: Callable[[], object] | None = None, hold: int = 500, **where: float) -> None:
        """Goes to an element, shows the click, does it (or what is given), and holds what came of it."""
        self.go_to(place, **where)
        self._add(130, ring=True)
        (act or place.click)()
        self.page.wait_for_timeout(250)
        self.shoot(hold)

    def scroll(self, top: float, steps: int = 5) -> None:
        """Scrolls the page to a height in px."""
        start = self.page.evaluate("scrollY")
        for step in range(1, steps + 1):
            part = step / steps
            eased = part * part * (3 - 2 * part)
            self.page.evaluate(f"scrollTo({{top: {start + (top - start) * eased}, behavior: 'instant'}})")
            self.shoot(TICK)

    def type(self, field: Locator, text: str, hold: int = 300) -> None:
        """Types into a field, letter by letter."""
        for end in range(1, len(text) + 1):
            field.fill(text[:end])
            self.shoot(60)
        self.shoot(hold)

    def _add(self, milliseconds: int, ring: bool = False) -> None:
        assert self._last is not None
        width, height = self._last.size
        frame = Image.new("RGB", (width, height + STRIP))
        frame.paste(self._last)
        if self._strip is not None:
            frame.paste(self._strip, (0, height))
        pointed(frame, self._at, ring)
        self.frames.append((frame, round(milliseconds * PACE)))


def pointed(frame: Image.Image, at: tuple[float, float], ring: bool) -> None:
    """Draws the pointer, smooth at its edges, and a ring around it where something is clicked."""
    side = 64
    left, top = round(at[0]) - side // 2, round(at[1]) - side // 2
    layer = Image.new("RGBA", (side * FINER, side * FINER))
    draw = ImageDraw.Draw(layer)
    middle = side * FINER / 2
    if ring:
        radius = 22 * FINER
        box = (middle - radius, middle - radius, middle + radius, middle + radius)
        draw.ellipse(box, fill=(*RING, 70), outline=(*RING, 255), width=3 * FINER)
    arrow = [(middle + x * FINER * 1.25, middle + y * FINER * 1.25) for x, y in ARROW]
    draw.polygon(arrow, fill=(255, 255, 255, 255))
    draw.line([*arrow, arrow[0], arrow[1]], fill=(0, 0, 0, 255), width=int(1.6 * FINER), joint="curve")
    small = layer.resize((side, side), Image.Resampling.LANCZOS)
    frame.paste(small, (left, top), small)
