"""A finished picture of a cell: to disk under a name of its own, reduced for the page, and what is known of it."""

from __future__ import annotations

from pathlib import Path

from ..errors import reason_of
from ..language import Text
from ..page.files import save_small
from .folder import CELLS
from .outcome import Outcome, SavedPicture
from .reading import digest_of
from .record import PictureRecord
from .saving import save_in_own_file
from .session import Picture, Session


def save_picture(outcome: Outcome, session: Session, picture: Picture, keep_images: bool) -> None:
    """Saves a picture and adds it to its cell and to the outcome; in memory stays also what could not be saved."""
    path = _save(outcome, session, picture)
    known = PictureRecord(
        file=outcome.name_of(path),
        seed=picture.seed,
        subseed=picture.subseed,
        width=picture.image.width,
        height=picture.image.height,
        infotext=picture.infotext,
        sha256=None if path is None else digest_of(path),
        small=_save_small(outcome, picture),
    )
    outcome.record.cells[picture.cell.index].pictures.append(known)
    image = picture.image if path is None or keep_images else None
    outcome.pictures.append(SavedPicture(known, path, image, picture.cell.index))


def _save(outcome: Outcome, session: Session, picture: Picture) -> Path | None:
    folder = outcome.folder / CELLS
    try:
        path, why = save_in_own_file(
            folder,
            f"{picture.cell.index:04}-{picture.place}",
            outcome.files,
            by_the_webui=lambda: session.save_picture(picture, folder),
            plainly=lambda path: session.save_plainly(picture.image, path, picture.infotext),
        )
    except Exception as error:  # a full disk, what Pillow and other extensions raise
        why = reason_of(error)
        outcome.add_problem(Text("A picture could not be saved ({reason}); it is in the gallery only.", reason=why))
        return None
    if why is not None and why not in outcome.short_names:
        outcome.short_names.add(why)
        outcome.record.notes.append(
            Text(
                "Pictures have short names, such as {name}, where the WebUI's own could not be used: {reason}.",
                name=outcome.name_of(path),
                reason=why,
            )
        )
    return path


def _save_small(outcome: Outcome, picture: Picture) -> str | None:
    try:
        return save_small(picture.image, outcome.folder, f"{picture.cell.index}-{picture.place}")
    except OSError as error:
        why = reason_of(error)
        outcome.add_problem(Text("A reduced picture for the page could not be saved ({reason}).", reason=why))
        return None
