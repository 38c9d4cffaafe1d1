"""The grid of a sweep: cells are drawn into its pages as they finish, and it is saved beside `sweep.json`.

A band of a page (a row of cells) that is whole is compressed at once, beside the sampling, as a grid of 12 million
pixels takes two seconds as PNG: at the end only the last band is left to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from ..errors import reason_of
from ..language import Text
from .axes import AXIS_NAME
from .encoded import FileImage
from .finishing import Beside
from .folder import name_in
from .grid import Limits, Page, Style, arrange, sheet_size
from .grid_drawing import blank_band, contact_sheet, draw_cell, fitted, reason_note
from .outcome import Outcome, SavedPicture
from .pictures import FinishedPicture, picture_in_grid
from .plan import SweepPlan
from .record import DONE, CellRecord, GridRecord
from .saving import save_in_own_file
from .session import Picture, Session
from .sheet import Sheet
from .shelf import Shelf
from .summary import name_of

log = logging.getLogger("clip_skip_lab")

NOTHING_GENERATED = (256, 256)
"""The size in pixels of cells that have no pictures: the grid then holds the reasons."""

PREVIEW = Limits(pixels=1_000_000)
"""What the preview stays within: it is sent to the browser anew whenever there is more of it."""


def arrange_plan(plan: SweepPlan, cell_size: tuple[int, int], limits: Limits, style: Style) -> list[Page]:
    """The pages of a plan's grid for cells of that size in pixels."""
    if plan.only is not None:
        names = tuple(name_of(plan.values_of(cell)) for cell in plan.cells())
        return arrange(names, None, None, cell_size, limits, style)
    columns = tuple(f"{AXIS_NAME} {value}" for value in plan.clip_skip)
    rows = plan.y.labels if plan.y else None
    blocks = plan.z.labels if plan.z else None
    return arrange(columns, rows, blocks, cell_size, limits, style)


def _cell_size(cells: list[CellRecord]) -> tuple[int, int]:
    """The width and the height in pixels that hold every cell."""
    sizes = []
    for entry in cells:
        if entry.pictures:
            width = max(picture.width for picture in entry.pictures)
            height = max(picture.height for picture in entry.pictures)
            sizes.append(sheet_size((width, height), len(entry.pictures)))
    return (max(width for width, _ in sizes), max(height for _, height in sizes)) if sizes else NOTHING_GENERATED


class SweepGrid:
    """The grid of a sweep that runs. See `finishing.Watcher` and `session.Preview`.

    Args:
        outcome: of the sweep.
        session: of the host.
        beside: the workers.
    """

    def __init__(self, outcome: Outcome, session: Session, beside: Beside):
        self._outcome = outcome
        self._session = session
        self._beside = beside
        self._style = self._usable(session.style)
        self._lock = threading.Lock()
        self._lay_out(session.cell_size)
        small = arrange_plan(outcome.record.plan, session.cell_size, PREVIEW, self._style)
        sheets = [Sheet(page, self._style, None) for page in small]
        self._last_sheet = sheets[0]
        # Thousands of cells take hundreds of megabytes there, so nothing is drawn that nobody looks at.
        self._preview = [] if session.sampled_elsewhere else sheets

    @property
    def largest(self) -> tuple[int, int]:
        """Width and height in pixels of a cell."""
        page = self._sheets[0].page
        return page.cell_width, page.cell_height

    def cells_sampled(self, pictures: Sequence[Picture]) -> None:
        """See `finishing.Watcher`."""
        if not self._preview:
            return
        cells: dict[int, list[Image.Image]] = {}
        for picture in pictures:
            cells.setdefault(picture.cell.index, []).append(fitted(picture.image, *self.largest))
        for index, images in cells.items():
            self._put_into_preview(index, contact_sheet(images))
        self._session.show(self)

    def cells_done(self, cells: dict[int, list[FinishedPicture]]) -> None:
        """See `finishing.Watcher`."""
        for index, pictures in cells.items():
            self._put(index, [picture.in_grid for picture in pictures if picture.in_grid is not None])
        self._session.show(self)

    def draw_done_cells(self) -> None:
        """Draws what an earlier run of the sweep has done, from disk."""
        self._draw_from_disk([entry.cell.index for entry in self._outcome.record.cells if entry.state == DONE])
        self._session.show(self)

    def picture(self, begun: dict[int, Image.Image]) -> Image.Image:
        """See `session.Preview`."""
        with self._lock:
            sheet = next((sheet for sheet in self._preview if any(index in sheet for index in begun)), self._last_sheet)
            return sheet.picture(begun)

    def complete(self) -> None:
        """Draws what is missing, so that all that is left is on its way; once no cell runs any more."""
        record = self._outcome.record
        size = _cell_size(record.cells)
        if size != self._size:  # a script has changed the size, or there is no picture at all
            self._lay_out(size)
        self._draw_from_disk([index for index in range(len(record.cells)) if index not in self._drawn])

    def save(self) -> None:
        """Saves the pages; what cannot be saved is a problem of the sweep."""
        outcome = self._outcome
        outcome.record.infotext = outcome.record.infotext or self._infotext()
        for number, sheet in enumerate(self._sheets):
            image = sheet.whole()
            path = self._save(image, "grid" if number == 0 else f"grid-{number + 1}")
            # What has a file need not be in memory.
            outcome.grids.append((image if path is None else FileImage(path, image.size, None), path))
            scale = round(sheet.page.scale, 4)
            outcome.record.grids.append(GridRecord(name_in(outcome.folder, path), image.width, image.height, scale))

    def _lay_out(self, size: tuple[int, int]) -> None:
        pages = arrange_plan(self._outcome.record.plan, size, self._session.limits, self._style)
        compress = partial(self._beside, Shelf(self._outcome.folder).compress)
        self._size = size
        self._sheets = [
            Sheet(page, self._style, compress if self._session.grid_format == "png" else None) for page in pages
        ]
        self._drawn: set[int] = set()

    def _usable(self, style: Style) -> Style:
        """The style, or the usual one where Pillow stumbles over its font or colours."""
        trial = arrange(("1",), None, None, NOTHING_GENERATED, Limits(), Style())[0]
        try:
            draw_cell(blank_band(trial, 0, style), "1", (0, 0), trial, style)
        except Exception as error:
            log.exception("Clip skip sweep: the grid could not be drawn in the WebUI's colors and font")
            self._outcome.add_problem(
                Text(
                    "The grid was drawn in the default colors and font, because the WebUI's could not be used: "
                    "{reason}.",
                    reason=reason_of(error),
                )
            )
            return Style()
        return style

    def _draw_from_disk(self, cells: list[int]) -> None:
        pictures: dict[int, list[SavedPicture]] = {index: [] for index in cells}
        for saved in self._outcome.pictures:
            if saved.cell in pictures:
                pictures[saved.cell].append(saved)
        for index in cells:
            found = [picture_in_grid(saved, self.largest) for saved in pictures[index]]
            self._put(index, [image for image in found if image is not None])

    def _put(self, index: int, images: list[Image.Image]) -> None:
        content = _cell_content(self._outcome.record.cells[index], images, self._style)
        for sheet in self._sheets:
            if index in sheet:
                sheet.put(index, content)
        self._put_into_preview(index, content)
        self._drawn.add(index)

    def _put_into_preview(self, index: int, content: Image.Image | str) -> None:
        with self._lock:
            for sheet in self._preview:
                if index in sheet:
                    sheet.put(index, content)
                    self._last_sheet = sheet

    def _infotext(self) -> str:
        try:
            return self._session.grid_infotext()
        except Exception as error:  # whatever the host and other extensions raise; the grid is not lost for it
            log.exception("Clip skip sweep: the grid's metadata could not be made")
            why = reason_of(error)
            self._outcome.add_problem(
                Text("The grid has no metadata, because it could not be created ({reason}).", reason=why)
            )
            return ""

    def _save(self, image: Image.Image, name: str) -> Path | None:
        record, folder, session = self._outcome.record, self._outcome.folder, self._session
        try:
            path, why = save_in_own_file(
                folder,
                name,
                self._outcome.files,
                by_the_webui=lambda: session.save_grid(image, folder, name, record.infotext),
                plainly=lambda path: session.save_plainly(image, path, record.infotext),
            )
        except Exception as error:  # a full disk, what Pillow and other extensions raise
            why = reason_of(error)
            self._outcome.add_problem(
                Text("The grid could not be saved ({reason}); it is in the gallery only.", reason=why)
            )
            return None
        if why is not None:
            record.notes.append(
                Text(
                    "The grid was saved as {name}, because the WebUI's own name for it could not be used: {reason}.",
                    name=path.name,
                    reason=why,
                )
            )
        return path


def _cell_content(entry: CellRecord, images: list[Image.Image], style: Style) -> Image.Image | str:
    """The cell's pictures, with its reason beside them where some are missing; or the reason alone."""
    reason = f"{entry.state}: {entry.reason}" if entry.reason else entry.state
    if not images:
        return reason
    if entry.state != DONE:
        images = [*images, reason_note(reason, images[0].size, style)]
    return contact_sheet(images, style.background)
