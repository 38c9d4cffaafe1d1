"""Pages of a grid, drawn as a sweep draws them."""

from __future__ import annotations

from clip_skip_lab.sweep.sheet import Sheet


def draw_page(page, picture_of, style):
    """A page with the picture, or the reason, that `picture_of` gives for each cell by its index."""
    sheet = Sheet(page, style, None)
    for band in page.bands:
        for index in band.cells:
            sheet.put(index, picture_of(index))
    return sheet.whole()
