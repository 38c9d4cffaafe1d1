"""Drawing the labelled grid of a sweep, band by band and cell by cell, and several pictures side by side."""

from __future__ import annotations

import math
from itertools import accumulate
from textwrap import wrap

from PIL import Image, ImageDraw, features
from PIL.ImageDraw import ImageDraw as Pen
from PIL.ImageFont import FreeTypeFont as Font

from .grid import Page, Style, font_size_for, sheet_size
from .lettering import as_drawn, lines_of, opened_font

SMALLEST_CAPTION = 9
"""The size in pixels down to which a caption's font is made smaller so that the caption fits."""


def blank_band(page: Page, number: int, style: Style) -> Image.Image:
    """A band of a page with its labels, before any cell is drawn: RGB, as wide as the page; the last has the page's
    margin below it."""
    band, is_last = page.bands[number], number == len(page.bands) - 1
    bottom = page.band_height(band)
    canvas = Image.new("RGB", (page.width, bottom + (page.gap if is_last else 0)), style.background)
    pen = ImageDraw.Draw(canvas)
    room_for_caption = page.cell_width + page.gap
    caption_size = _caption_size(page, style, room_for_caption) if band.captions else 0
    y = page.gap
    if band.heading is not None:
        high = round(page.line_height * 1.5)
        middle = (page.label_width + (page.width - page.label_width) // 2, y + high // 2)
        room = page.width - page.label_width - 2 * page.gap
        _line(pen, middle, band.heading, room, page.font_size, style)
        y += high
    for column, caption in enumerate(band.captions or ()):
        middle = (_left(page, column) + page.cell_width // 2, y + page.line_height // 2)
        _line(pen, middle, caption, room_for_caption, caption_size, style)
    if band.label:
        box = (page.gap, bottom - page.cell_height, page.label_width - page.gap, page.cell_height)
        _write(pen, band.label, box, page.font_size, style)
    return canvas


def rows_of(page: Page) -> list[tuple[int, int]]:
    """For each band of a page the pixel rows that it takes, from the first to the one after the last."""
    bottoms = list(accumulate(page.band_height(band) for band in page.bands))
    return list(zip([0, *bottoms[:-1]], bottoms, strict=True))


def places_on(page: Page) -> dict[int, tuple[int, int]]:
    """For each cell of a page the left and the upper pixel of its box."""
    return {
        index: (_left(page, column), bottom - page.cell_height)
        for band, (_, bottom) in zip(page.bands, rows_of(page), strict=True)
        for column, index in enumerate(band.cells)
    }


def _left(page: Page, column: int) -> int:
    return page.label_width + page.gap + column * (page.cell_width + page.gap)


def draw_cell(
    canvas: Image.Image, content: Image.Image | str, place: tuple[int, int], page: Page, style: Style
) -> None:
    """Draws a cell's picture, or the reason why there is none, into its box on a page."""
    left, top = place
    if isinstance(content, str):
        _frame(ImageDraw.Draw(canvas), content, (left, top, page.cell_width, page.cell_height), page.font_size, style)
        return
    picture = fitted(content, page.cell_width, page.cell_height)
    offset = (left + (page.cell_width - picture.width) // 2, top + (page.cell_height - picture.height) // 2)
    canvas.paste(picture, offset)


def _frame(pen: Pen, reason: str, box: tuple[int, int, int, int], font_size: int, style: Style) -> None:
    """A frame with the reason for a missing picture, never a black square that looks like a picture."""
    left, top, width, height = box
    corner = (left + width - 1, top + height - 1)
    pen.rectangle(((left, top), corner), outline=style.faint, width=max(1, font_size // 10))
    inset = max(4, font_size // 3)
    inner = (left + inset, top + inset, width - 2 * inset, height - 2 * inset)
    _write(pen, reason, inner, round(font_size * 0.8), style)


def reason_note(reason: str, size: tuple[int, int], style: Style) -> Image.Image:
    """A picture of that size in pixels with the reason in a frame, for beside the pictures of a cell that has some."""
    note = Image.new("RGB", size, style.background)
    _frame(ImageDraw.Draw(note), reason, (0, 0, *size), font_size_for(size), style)
    return note


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture as RGB, reduced to fit into the box with its shape kept; never enlarged."""
    scale = min(width / picture.width, height / picture.height, 1.0)
    if scale < 1.0:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def contact_sheet(pictures: list[Image.Image], background: str | tuple[int, int, int] = "#ffffff") -> Image.Image:
    """Several pictures of one cell (batch size, batch count) side by side as one, in a near-square block.

    Places without a picture (3 pictures in 2 × 2) have the background's colour, not black.
    """
    if len(pictures) == 1:
        return pictures[0]
    columns = math.ceil(math.sqrt(len(pictures)))
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    sheet = Image.new("RGB", sheet_size((width, height), len(pictures)), background)
    for place, picture in enumerate(pictures):
        sheet.paste(picture.convert("RGB"), (place % columns * width, place // columns * height))
    return sheet


def _write(pen: Pen, text: str, box: tuple[int, int, int, int], size: int, style: Style) -> None:
    """Writes a text into a box (left, top, width, height), wrapped, smaller where needed, cut at the last resort."""
    left, top, width, height = box
    for tried in range(size, 8, -1):
        font = opened_font(text, tried, style.font)
        lines = _wrap_to(text, font, width)
        if len(lines) * tried * 1.3 <= height and all(font.getlength(line) <= width for line in lines):
            break
    lines = lines[: max(1, int(height // (tried * 1.3)))]
    y = top + (height - len(lines) * tried * 1.3) / 2
    for line in lines:
        pen.text((left + width / 2, y), _ordered(_shortened(line, font, width)), style.text, font, anchor="ma")
        y += tried * 1.3


def _line(pen: Pen, middle: tuple[int, int], text: str, room: int, size: int, style: Style) -> None:
    """Writes one line around its middle, cut to the room in pixels."""
    font = opened_font(text, size, style.font)
    pen.text(middle, _ordered(_shortened(text, font, room)), style.text, font, anchor="mm")


def _wrap_to(text: str, font: Font, width: int) -> list[str]:
    found = []
    for line in lines_of(text):
        letter = max(1.0, font.getlength("n"), font.getlength(line) / max(1, len(line)))  # Chinese ones are wider
        found += wrap(line, max(1, int(width / letter))) or [""]
    return found


def _caption_size(page: Page, style: Style, width: int) -> int:
    """The page's size, smaller where a caption would be cut off otherwise: of "Clip skip 12" the number counts."""
    captions = [caption for band in page.bands for caption in band.captions or ()]
    sizes = range(page.font_size, min(SMALLEST_CAPTION, page.font_size) - 1, -1)

    def fits(size: int) -> bool:
        return all(opened_font(caption, size, style.font).getlength(caption) <= width for caption in captions)

    return next(filter(fits, sizes), sizes[-1])


def _shortened(text: str, font: Font, width: float) -> str:
    text = text.replace("\n", " ")
    if font.getlength(text) <= width:
        return text
    while len(text) > 1 and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _ordered(text: str) -> str:
    """The text as Pillow is to draw it: with Raqm it joins Arabic letters, and turns them round, itself."""
    return text if features.check("raqm") else as_drawn(text)
