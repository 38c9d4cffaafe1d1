"""The labelled grid of a sweep: where everything goes (`arrange`), and drawing it (`draw_page`).

A sweep over clip skip alone is wrapped into a near-square block, each picture under its own label, because a strip
of twelve cannot be taken in at a glance. With a second axis, clip skip runs across and the axis down; a third axis
stacks such tables with a heading each. A grid is scaled, then split into pages, to stay within the limits: it is
never "too large" (AUTOMATIC1111#12762).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont, features

from .lettering import as_drawn, fallback_font, font_for

GRID_PIXELS = 32_000_000
"""A grid of more pixels than this is reduced: it is there to be seen whole, and full-size cells lie beside it."""

SMALLEST_CELL = 96
"""The longer side in pixels below which cells are not reduced further; the grid is split into pages instead."""

SMALLEST_CAPTION = 9
"""The size in pixels down to which a caption's font is made smaller so that the caption fits."""

WIDEST_WRAP = 1.4
"""Width to height that a wrapped grid aims at: a little wider than a square, like the screens it is looked at on."""


@dataclass(frozen=True)
class Limits:
    """What a grid must stay within: its number of pixels, and its longer side in pixels (0: no limit)."""

    pixels: int = GRID_PIXELS
    side: int = 0


@dataclass(frozen=True)
class Style:
    """How a grid looks: colours as Pillow takes them, and the font's file (None: Pillow's own)."""

    background: str = "#ffffff"
    text: str = "#000000"
    faint: str = "#999999"
    font: str | None = None


@dataclass(frozen=True)
class Band:
    """One row of cells: `cells` are places in the order of the plan.

    `heading` stands above the row (third axis), `captions` above each cell (clip skip), `label` at its left (second
    axis).
    """

    cells: tuple[int, ...]
    heading: str | None = None
    captions: tuple[str, ...] | None = None
    label: str | None = None


@dataclass(frozen=True)
class Page:
    """One picture of the grid: rows of cells, each cell `cell_width` × `cell_height` pixels, `scale` of full size."""

    bands: tuple[Band, ...]
    cell_width: int
    cell_height: int
    scale: float
    font_size: int
    label_width: int

    @property
    def gap(self) -> int:
        """Pixels between neighbours."""
        return max(4, self.font_size // 3)

    @property
    def width(self) -> int:
        """Pixels across."""
        columns = max(len(band.cells) for band in self.bands)
        return self.label_width + columns * (self.cell_width + self.gap) + self.gap

    @property
    def height(self) -> int:
        """Pixels down."""
        return sum(self.band_height(band) for band in self.bands) + self.gap

    def band_height(self, band: Band) -> int:
        """Pixels that one row of cells takes, with its heading, its captions and the gap above each."""
        height = self.cell_height + self.gap
        if band.captions:
            height += self.line_height
        if band.heading is not None:
            height += round(self.line_height * 1.5)
        return height

    @property
    def line_height(self) -> int:
        """Pixels for one line of text with its gap."""
        return round(self.font_size * 1.4)


def arrange(
    columns: tuple[str, ...],
    rows: tuple[str, ...] | None,
    blocks: tuple[str, ...] | None,
    cell_size: tuple[int, int],
    limits: Limits,
    style: Style | None = None,
) -> list[Page]:
    """Plans the pages of a grid.

    Args:
        columns: a label for each value of clip skip.
        rows: a label for each value of the second axis, or None.
        blocks: a label for each value of the third axis, or None.
        cell_size: width and height in pixels of the largest cell.
        limits: what each page must stay within.
        style: for the width of the row labels.

    Returns at least one page. Cells are in the order of the plan: columns fastest, then rows, then blocks.
    """
    style = style or Style()
    width, height = cell_size
    smallest = min(1.0, SMALLEST_CELL / max(width, height))
    scale = 1.0
    while True:
        template = _template(rows, cell_size, scale, style)
        bands = _bands(columns, rows, blocks, template, limits if scale <= smallest else None)
        page = replace(template, bands=bands)
        if _fits(page, limits):
            return [page]
        if scale <= smallest:
            return _split(page, limits)
        scale = max(smallest, scale * min(0.97, _reduction(page, limits)))


def _template(rows: tuple[str, ...] | None, cell_size: tuple[int, int], scale: float, style: Style) -> Page:
    width, height = (max(1, round(side * scale)) for side in cell_size)
    font_size = _font_size((width, height))
    label_width = 0
    if rows:
        longest = max(_font(style, font_size, row).getlength(line) for row in rows for line in _lines(row))
        label_width = min(round(longest) + 2 * font_size, max(width, 6 * font_size))
    return Page((), width, height, scale, font_size, label_width)


def _font_size(cell_size: tuple[int, int]) -> int:
    return max(12, min(64, round(max(cell_size) * 0.07)))


def _bands(
    columns: tuple[str, ...],
    rows: tuple[str, ...] | None,
    blocks: tuple[str, ...] | None,
    template: Page,
    limits: Limits | None,
) -> tuple[Band, ...]:
    """The rows of cells. With `limits`, a row that is too wide for any page is continued in further rows."""
    per_row = len(columns)
    if rows is None and blocks is None:
        per_row = _wrapped(len(columns), template)
    if limits is not None:
        per_row = min(per_row, _most_columns(template, limits))
    bands = []
    table = len(columns) * len(rows or (None,))
    for block, heading in enumerate(blocks or (None,)):
        for row, label in enumerate(rows or (None,)):
            start = block * table + row * len(columns)
            for first in range(0, len(columns), per_row):
                part = range(first, min(first + per_row, len(columns)))
                captioned = rows is None or row == 0 or per_row < len(columns)
                bands.append(
                    Band(
                        cells=tuple(start + column for column in part),
                        heading=heading if row == 0 and first == 0 else None,
                        captions=tuple(columns[column] for column in part) if captioned else None,
                        label=label,
                    )
                )
    return tuple(bands)


def _wrapped(count: int, template: Page) -> int:
    """How many cells to put into each row so that the whole is near `WIDEST_WRAP` and the last row is full."""

    def unevenness(per_row: int) -> float:
        lines = math.ceil(count / per_row)
        shape = per_row * template.cell_width / (lines * (template.cell_height + template.line_height))
        empty = (lines * per_row - count) / count
        return abs(math.log(shape / WIDEST_WRAP)) + empty

    return min(range(1, count + 1), key=unevenness)


def _most_columns(template: Page, limits: Limits) -> int:
    line = template.cell_height + 4 * template.line_height
    widest = min(limits.side or math.inf, limits.pixels / line)
    room = widest - template.label_width - template.gap
    return max(1, int(room // (template.cell_width + template.gap)))


def _fits(page: Page, limits: Limits) -> bool:
    side_fits = limits.side == 0 or max(page.width, page.height) <= limits.side
    return side_fits and page.width * page.height <= limits.pixels


def _reduction(page: Page, limits: Limits) -> float:
    by_area = math.sqrt(limits.pixels / (page.width * page.height))
    by_side = limits.side / max(page.width, page.height) if limits.side else 1.0
    return min(by_area, by_side)


def _split(page: Page, limits: Limits) -> list[Page]:
    """Puts as many rows on each page as fit; a page that starts within a block repeats its heading and captions."""
    pages: list[Page] = []
    taken: list[Band] = []
    heading = captions = None
    for band in page.bands:
        heading = heading if band.heading is None else band.heading
        captions = band.captions or captions
        if taken and not _fits(replace(page, bands=(*taken, band)), limits):
            pages.append(replace(page, bands=tuple(taken)))
            taken = []
        if not taken:
            band = replace(band, heading=heading, captions=captions[: len(band.cells)] if captions else None)
        taken.append(band)
    pages.append(replace(page, bands=tuple(taken)))
    return pages


def draw_page(page: Page, picture_of: Callable[[int], Image.Image | str], style: Style) -> Image.Image:
    """Draws one page.

    Args:
        page: from `arrange`.
        picture_of: the picture of a cell by its place in the order of the plan, or a text where there is none (the
            reason). Called once per cell, and the picture is let go after it is drawn, so that memory stays flat.
        style: colours and font.

    Returns an RGB picture of `page.width` × `page.height`.
    """
    canvas = Image.new("RGB", (page.width, page.height), style.background)
    pen = ImageDraw.Draw(canvas)
    room_for_caption = page.cell_width + page.gap
    caption_size = _caption_size(page, style, room_for_caption)
    y = 0
    for band in page.bands:
        y += page.gap
        if band.heading is not None:
            high = round(page.line_height * 1.5)
            middle = (page.label_width + (page.width - page.label_width) // 2, y + high // 2)
            room = page.width - page.label_width - 2 * page.gap
            _line(pen, middle, band.heading, room, page.font_size, style)
            y += high
        x = page.label_width + page.gap
        if band.captions:
            for column, caption in enumerate(band.captions):
                middle = (x + column * (page.cell_width + page.gap) + page.cell_width // 2, y + page.line_height // 2)
                _line(pen, middle, caption, room_for_caption, caption_size, style)
            y += page.line_height
        if band.label:
            box = (page.gap, y, page.label_width - page.gap, page.cell_height)
            _write(pen, band.label, box, page.font_size, style)
        for column, index in enumerate(band.cells):
            left = x + column * (page.cell_width + page.gap)
            _draw_cell(canvas, picture_of(index), (left, y), page, style)
        y += page.cell_height
    return canvas


def _draw_cell(
    canvas: Image.Image, content: Image.Image | str, place: tuple[int, int], page: Page, style: Style
) -> None:
    left, top = place
    if isinstance(content, str):
        _frame(ImageDraw.Draw(canvas), content, (left, top, page.cell_width, page.cell_height), page.font_size, style)
        return
    picture = fitted(content, page.cell_width, page.cell_height)
    offset = (left + (page.cell_width - picture.width) // 2, top + (page.cell_height - picture.height) // 2)
    canvas.paste(picture, offset)


def _frame(pen: ImageDraw.ImageDraw, reason: str, box: tuple[int, int, int, int], font_size: int, style: Style) -> None:
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
    _frame(ImageDraw.Draw(note), reason, (0, 0, *size), _font_size(size), style)
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


def sheet_size(picture_size: tuple[int, int], count: int) -> tuple[int, int]:
    """The size in pixels of `contact_sheet` for `count` pictures of one size."""
    columns = math.ceil(math.sqrt(count))
    return picture_size[0] * columns, picture_size[1] * math.ceil(count / columns)


def _write(pen: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int], size: int, style: Style) -> None:
    """Writes a text into a box (left, top, width, height), wrapped, smaller where needed, cut at the last resort."""
    left, top, width, height = box
    for tried in range(size, 8, -1):
        font = _font(style, tried, text)
        lines = _wrap_to(text, font, width)
        if len(lines) * tried * 1.3 <= height and all(font.getlength(line) <= width for line in lines):
            break
    lines = lines[: max(1, int(height // (tried * 1.3)))]
    y = top + (height - len(lines) * tried * 1.3) / 2
    for line in lines:
        pen.text((left + width / 2, y), _ordered(_shortened(line, font, width)), style.text, font, anchor="ma")
        y += tried * 1.3


def _line(pen: ImageDraw.ImageDraw, middle: tuple[int, int], text: str, room: int, size: int, style: Style) -> None:
    """Writes one line around its middle, cut to the room in pixels."""
    font = _font(style, size, text)
    pen.text(middle, _ordered(_shortened(text, font, room)), style.text, font, anchor="mm")


def _wrap_to(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    found = []
    for line in _lines(text):
        letter = max(1.0, font.getlength("n"), font.getlength(line) / max(1, len(line)))  # Chinese ones are wider
        found += wrap(line, max(1, int(width / letter))) or [""]
    return found


def _lines(text: str) -> list[str]:
    return text.splitlines() or [""]


def _caption_size(page: Page, style: Style, width: int) -> int:
    """The page's size, smaller where a caption would be cut off otherwise: of "Clip skip 12" the number counts."""
    captions = [caption for band in page.bands for caption in band.captions or ()]
    sizes = range(page.font_size, min(SMALLEST_CAPTION, page.font_size) - 1, -1)

    def fits(size: int) -> bool:
        return all(_font(style, size, caption).getlength(caption) <= width for caption in captions)

    return next(filter(fits, sizes), sizes[-1])


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    text = text.replace("\n", " ")
    if font.getlength(text) <= width:
        return text
    while len(text) > 1 and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _ordered(text: str) -> str:
    """The text as Pillow is to draw it: with Raqm it joins Arabic letters, and turns them round, itself."""
    return text if features.check("raqm") else as_drawn(text)


def _font(style: Style, size: int, text: str) -> ImageFont.FreeTypeFont:
    """The grid's font in that size, or another one where it lacks the text's letters."""
    return _opened(font_for(text, style.font), size)


@lru_cache(maxsize=64)
def _opened(file: str, size: int) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(file, size)
    except OSError:
        return ImageFont.truetype(fallback_font(), size)  # a font that is damaged, or has one size only
