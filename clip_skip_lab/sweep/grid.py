"""The layout of a sweep's labelled grid: where everything goes. It is drawn by clip_skip_lab/sweep/grid_drawing.py.

A sweep over clip skip alone is wrapped into a near-square block, each picture under its own label, because a strip
of twelve cannot be taken in at a glance. With a second axis, clip skip runs across and the axis down; a third axis
stacks such tables with a heading each. A grid is scaled, then split into pages, to stay within the limits: it is
never "too large" (AUTOMATIC1111#12762).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .lettering import lines_of, opened_font

GRID_PIXELS = 32_000_000
"""A grid of more pixels than this is reduced: it is there to be seen whole, and full-size cells lie beside it."""

SMALLEST_CELL = 96
"""The longer side in pixels below which cells are not reduced further; the grid is split into pages instead."""

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
    font_size = font_size_for((width, height))
    label_width = 0
    if rows:
        longest = max(opened_font(row, font_size, style.font).getlength(line) for row in rows for line in lines_of(row))
        label_width = min(round(longest) + 2 * font_size, max(width, 6 * font_size))
    return Page((), width, height, scale, font_size, label_width)


def font_size_for(cell_size: tuple[int, int]) -> int:
    """The size in pixels of the letters beside cells of that size."""
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
    together: list[Band] = []
    heading = captions = None
    for band in page.bands:
        heading = heading if band.heading is None else band.heading
        captions = band.captions or captions
        if together and not _fits(replace(page, bands=(*together, band)), limits):
            pages.append(replace(page, bands=tuple(together)))
            together = []
        if not together:
            band = replace(band, heading=heading, captions=captions[: len(band.cells)] if captions else None)
        together.append(band)
    pages.append(replace(page, bands=tuple(together)))
    return pages


def sheet_size(picture_size: tuple[int, int], count: int) -> tuple[int, int]:
    """The size in pixels of `contact_sheet` for `count` pictures of one size."""
    columns = math.ceil(math.sqrt(count))
    return picture_size[0] * columns, picture_size[1] * math.ceil(count / columns)
