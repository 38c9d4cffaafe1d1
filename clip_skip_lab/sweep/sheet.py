"""One page of a sweep's grid, into which cells are drawn as they finish."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from PIL import Image, ImageOps

from .encoded import StripsImage
from .grid import Page, Style
from .grid_drawing import blank_band, draw_cell, places_on, rows_of
from .shelf import Kept

Compress = Callable[[Image.Image], "Future[Kept]"]
"""Has rows of a picture compressed and kept, beside the sampling."""

STRIP = 128
"""Rows of pixels that are compressed as one, so that several workers can share a band."""


class Sheet:
    """One page that is being drawn, band by band: each has a canvas from its first cell until it is compressed.

    Args:
        page: its layout.
        style: colours and font.
        compress: for bands that are whole; None where the page is to be kept as it is drawn.
    """

    def __init__(self, page: Page, style: Style, compress: Compress | None):
        self.page = page
        self._style = style
        self._compress = compress
        self._places = places_on(page)
        self._rows = rows_of(page)
        self._rows[-1] = (self._rows[-1][0], page.height)  # with the margin below
        self._missing = [set(band.cells) for band in page.bands]
        self._band_of = {index: number for number, band in enumerate(page.bands) for index in band.cells}
        self._canvases: dict[int, Image.Image] = {}
        self._strips: dict[int, list[Future[Kept]]] = {}

    def __contains__(self, index: int) -> bool:
        return index in self._places

    def put(self, index: int, content: Image.Image | str) -> None:
        """Draws a cell."""
        number = self._band_of[index]
        self._draw(self._canvas(number), self._rows[number][0], index, content)
        self._missing[number].discard(index)
        if not self._missing[number] and self._compress is not None:
            canvas = self._canvases.pop(number)
            self._strips[number] = [
                self._compress(canvas.crop((0, top, canvas.width, min(top + STRIP, canvas.height))))
                for top in range(0, canvas.height, STRIP)
            ]

    def picture(self, begun: dict[int, Image.Image] | None = None) -> Image.Image:
        """The page as far as it is drawn, with these pictures in the places of other cells, which they fill."""
        drawn = self._pasted(self._canvas)
        box = self.page.cell_width, self.page.cell_height
        for index, picture in (begun or {}).items():
            if index in self and index in self._missing[self._band_of[index]]:
                self._draw(drawn, 0, index, ImageOps.contain(picture, box))
        return drawn

    def whole(self) -> Image.Image:
        """The page, when all its cells are drawn; once."""
        if self._compress is None:
            return self._pasted(self._canvases.pop)  # one by one, or there would be two of all
        strips = [part.result()() for number in range(len(self._rows)) for part in self._strips.pop(number)]
        return StripsImage(strips, {})

    def _pasted(self, band: Callable[[int], Image.Image]) -> Image.Image:
        drawn = Image.new("RGB", (self.page.width, self.page.height), self._style.background)
        for number, (top, _) in enumerate(self._rows):
            drawn.paste(band(number), (0, top))
        return drawn

    def _draw(self, canvas: Image.Image, top: int, index: int, content: Image.Image | str) -> None:
        left, y = self._places[index]
        draw_cell(canvas, content, (left, y - top), self.page, self._style)

    def _canvas(self, number: int) -> Image.Image:
        if number not in self._canvases:
            self._canvases[number] = blank_band(self.page, number, self._style)
        return self._canvases[number]
