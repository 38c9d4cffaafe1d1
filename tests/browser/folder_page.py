"""What the tests of a sweep's page see and wait for."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import unquote

from PIL import Image

HOSTILE = "<script>window.hacked=1</script> \"quotes\" 'single' 🦊 שלום <img src=x onerror=window.hacked=1>\u2028&amp;"


def all_drawn(page):
    page.wait_for_function(
        """() => {
            const pictures = [...document.querySelectorAll("#stage .frame canvas")];
            return pictures.length > 0 && pictures.every(picture => picture.dataset.drawn);
        }"""
    )


def pictures_asked(page):
    return [url for url in page.asked if re.search(r"\.(webp|jpg|png)$", url)]


def cell(page, name):
    return page.locator(f"[role=gridcell][aria-label^={json.dumps(name + ', ')}]")


def use_tool(page, name, tool):
    """Clicks A, B or ★ (a, b, star) of a cell by mouse."""
    cell(page, name).hover()
    page.locator(f".tools [data-tool={tool}]").click()


def names(page):
    return [text.split(", done")[0] for text in page.locator("[role=gridcell][aria-label]").evaluate_all(
        "cells => cells.map(cell => cell.getAttribute('aria-label'))")]  # fmt: skip


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def focus_is(page, name):
    page.wait_for_function(
        "name => document.activeElement.getAttribute('aria-label')?.startsWith(name + ',')", arg=name
    )


def address(page):
    return unquote(page.evaluate("location.hash"))


def address_has(page, part):
    page.wait_for_function("part => decodeURIComponent(location.hash).includes(part)", arg=part)


def said(page, text):
    page.locator("#said", has_text=text).wait_for()


def mean_colour(image):
    """The mean of a picture's pixels, as numbers."""
    return image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))


def colour_of(page, place):
    """The mean colour of what is seen of an element, as numbers."""
    return mean_colour(Image.open(io.BytesIO(place.screenshot())).convert("RGB"))
