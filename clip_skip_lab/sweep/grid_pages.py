"""The grid of a sweep that has run: its pages drawn from what is on disk, and saved beside `sweep.json`."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path

from PIL import Image

from ..errors import reason_of
from ..language import Text
from .axes import AXIS_NAME
from .grid import Limits, Page, Style, arrange, sheet_size
from .grid_drawing import contact_sheet, draw_page, fitted, reason_note
from .outcome import Outcome, SavedPicture
from .plan import SweepPlan
from .record import DONE, CellRecord, GridRecord
from .saving import save_in_own_file
from .session import Session
from .summary import name_of

log = logging.getLogger("clip_skip_lab")

NOTHING_GENERATED = (256, 256)
"""The size in pixels of cells that have no pictures: the grid then holds the reasons."""


def arrange_plan(plan: SweepPlan, cell_size: tuple[int, int], limits: Limits, style: Style) -> list[Page]:
    """The pages of a plan's grid for cells of that size in pixels."""
    if plan.only is not None:
        names = tuple(name_of(plan.values_of(cell)) for cell in plan.cells())
        return arrange(names, None, None, cell_size, limits, style)
    columns = tuple(f"{AXIS_NAME} {value}" for value in plan.clip_skip)
    rows = plan.y.labels if plan.y else None
    blocks = plan.z.labels if plan.z else None
    return arrange(columns, rows, blocks, cell_size, limits, style)


def make_grid(outcome: Outcome, session: Session) -> None:
    """Draws and saves the grid; what cannot be saved or drawn as it was to look is a problem of the sweep."""
    record = outcome.record
    record.infotext = record.infotext or _infotext(outcome, session)
    pages = arrange_plan(record.plan, _cell_size(record.cells), session.limits, session.style)
    for number, page in enumerate(pages):
        image = _drawn(outcome, page, session.style)
        path = _save(outcome, session, image, "grid" if number == 0 else f"grid-{number + 1}")
        outcome.grids.append((image, path))
        scale = round(page.scale, 4)
        record.grids.append(GridRecord(outcome.name_of(path), image.width, image.height, scale))


def _infotext(outcome: Outcome, session: Session) -> str:
    try:
        return session.grid_infotext()
    except Exception as error:  # whatever the host and other extensions raise; the grid is not lost for it
        log.exception("Clip skip sweep: the grid's metadata could not be made")
        why = reason_of(error)
        outcome.add_problem(Text("The grid has no metadata, which could not be made ({reason}).", reason=why))
        return ""


def _cell_size(cells: list[CellRecord]) -> tuple[int, int]:
    """The width and the height in pixels that hold every cell."""
    sizes = []
    for entry in cells:
        if entry.pictures:
            width = max(picture.width for picture in entry.pictures)
            height = max(picture.height for picture in entry.pictures)
            sizes.append(sheet_size((width, height), len(entry.pictures)))
    return (max(width for width, _ in sizes), max(height for _, height in sizes)) if sizes else NOTHING_GENERATED


def _drawn(outcome: Outcome, page: Page, style: Style) -> Image.Image:
    pictures: dict[int, list[SavedPicture]] = defaultdict(list)
    for picture in outcome.pictures:
        pictures[picture.cell].append(picture)

    def content(index: int) -> Image.Image | str:
        return _cell_content(outcome.record.cells[index], pictures[index], page, style)

    try:
        return draw_page(page, content, style)
    except Exception as error:  # a font or a colour that Pillow stumbles over
        log.exception("Clip skip sweep: the grid could not be drawn as it was to look")
        outcome.add_problem(
            Text(
                "The grid was drawn in the usual colours and font, because the WebUI's do not work: {reason}.",
                reason=reason_of(error),
            )
        )
        style = Style()
        return draw_page(page, content, style)


def _cell_content(entry: CellRecord, pictures: list[SavedPicture], page: Page, style: Style) -> Image.Image | str:
    """The cell's pictures, each reduced before the next is opened, with its reason beside them where some are
    missing; or the reason alone."""
    images = []
    for picture in pictures:
        try:
            with picture.open() as image:
                image.load()  # Pillow reads late, and after this block the file is closed
                images.append(fitted(image, page.cell_width, page.cell_height))
        except OSError as error:
            log.warning("Clip skip sweep: %s cannot be read back: %s", picture.path, error)
    reason = f"{entry.state}: {entry.reason}" if entry.reason else entry.state
    if not images:
        return reason
    if entry.state != DONE:
        images.append(reason_note(reason, images[0].size, style))
    return contact_sheet(images, style.background)


def _save(outcome: Outcome, session: Session, image: Image.Image, name: str) -> Path | None:
    record, folder = outcome.record, outcome.folder
    try:
        path, why = save_in_own_file(
            folder,
            name,
            outcome.files,
            by_the_webui=lambda: session.save_grid(image, folder, name, record.infotext),
            plainly=lambda path: session.save_plainly(image, path, record.infotext),
        )
    except Exception as error:  # a full disk, what Pillow and other extensions raise
        why = reason_of(error)
        outcome.add_problem(Text("The grid could not be saved ({reason}); it is in the gallery only.", reason=why))
        return None
    if why is not None:
        record.notes.append(
            Text(
                "The grid is saved as {name}, as it cannot be saved by the WebUI's rules: {reason}.",
                name=path.name,
                reason=why,
            )
        )
    return path
