"""A finished picture of a cell: to disk under a name of its own, reduced for the page, and read back for the grid.

`finish_picture` is for any thread and changes nothing that others see; what it gives goes into the sweep's record by
`note_picture`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ..errors import reason_of
from ..language import Text
from ..page.files import save_small
from .folder import CELLS, name_in
from .grid_drawing import fitted
from .outcome import Outcome, SavedPicture
from .reading import digest_of
from .record import PictureRecord
from .saving import OwnFiles, save_in_own_file
from .session import Picture, PictureFile

log = logging.getLogger("clip_skip_lab")


@dataclass(frozen=True)
class FinishedPicture:
    """What became of a picture.

    Attributes:
        saved: the picture as the gallery needs it; in memory only what could not be saved.
        in_grid: as the grid shows it, None where it cannot be read back.
        short_name: why its name is one of ours, None where it isn't.
        problems: what is lost.
    """

    saved: SavedPicture
    in_grid: Image.Image | None
    short_name: str | None = None
    problems: list[Text] = field(default_factory=list)


def finish_picture(
    picture: Picture,
    file: PictureFile,
    write: Callable[[], Path],
    folder: Path,
    files: OwnFiles,
    largest: tuple[int, int],
) -> FinishedPicture:
    """Brings a picture to disk, with its reduced copy.

    Args:
        picture: the picture.
        file: its name by the host's rules.
        write: writes it to that file, or tells where it was written.
        folder: the sweep's.
        files: all pictures' files so far; this one is added.
        largest: width and height in pixels at most, in the grid.
    """
    problems: list[Text] = []
    name = f"{picture.cell.index:04}-{picture.place}"
    path, short_name = None, None
    try:
        path, short_name = save_in_own_file(folder / CELLS, name, files, write, file.write_plainly)
    except Exception as error:  # a full disk, what Pillow and other extensions raise
        why = reason_of(error)
        problems.append(Text("An image could not be saved ({reason}); it is in the gallery only.", reason=why))
    small = None
    try:
        small = save_small(picture.image, folder, f"{picture.cell.index}-{picture.place}")
    except Exception as error:
        why = reason_of(error)
        problems.append(Text("A reduced image for the page could not be saved ({reason}).", reason=why))
    known = PictureRecord(
        file=name_in(folder, path),
        seed=picture.seed,
        subseed=picture.subseed,
        width=picture.image.width,
        height=picture.image.height,
        infotext=picture.infotext,
        sha256=None if path is None else digest_of(path),
        small=small,
    )
    saved = SavedPicture(known, path, picture.image if path is None else None, picture.cell.index)
    return FinishedPicture(saved, picture_in_grid(saved, largest), short_name, problems)


def picture_in_grid(picture: SavedPicture, largest: tuple[int, int]) -> Image.Image | None:
    """A picture as it is on disk, reduced to fit; None where it cannot be read back."""
    try:
        with picture.open() as image:
            image.load()  # Pillow reads late, and after this block the file is closed
            return fitted(image, *largest)
    except Exception as error:  # a file that is gone, and what Pillow raises for a damaged one
        log.warning("Clip skip sweep: %s cannot be read back: %s", picture.path, error)
        return None


def note_picture(outcome: Outcome, finished: FinishedPicture) -> None:
    """Adds a picture to its cell and to the outcome, and says what is to be said of it."""
    saved = finished.saved
    outcome.record.cells[saved.cell].pictures.append(saved.record)
    outcome.pictures.append(saved)
    for problem in finished.problems:
        outcome.add_problem(problem)
    why = finished.short_name
    if why is not None and why not in outcome.short_names:
        outcome.short_names.add(why)
        outcome.record.notes.append(
            Text(
                "Images have short names, such as {name}, where the WebUI's own could not be used: {reason}.",
                name=saved.record.file,
                reason=why,
            )
        )
