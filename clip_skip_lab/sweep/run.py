"""Running a sweep: cell after cell to disk as they finish, then the grid from what is there.

Works on any `Session` (clip_skip_lab/hosts) and imports no host. Nothing that is finished is lost: a cell that
fails is marked with its reason and the rest goes on, an interrupt ends the sweep with what there is, and a picture
that cannot be written stays in memory for the gallery.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from PIL import Image

from ..page.files import save_small, write_page
from .draws import mark_incomparable, row_of, without_numbers
from .folder import CELLS, make_folder, not_writable, remove_empty, write_record
from .grid import Page, Style, arrange, contact_sheet, draw_page, fitted, reason_note, sheet_size
from .plan import Cell, SweepPlan, split_evenly
from .reading import digest_of, open_picture
from .record import DONE, FAILED, NOT_RUN, CellRecord, GridRecord, PictureRecord, SweepRecord, draw_hash
from .resume import EarlierSweep, check_same
from .saving import checked, clean_up, free_path, identity
from .summary import name_of

log = logging.getLogger("clip_skip_lab")


@dataclass
class SavedPicture:
    """A finished picture as the gallery needs it: its file, or itself when it could not be saved."""

    record: PictureRecord
    path: Path | None
    image: Image.Image | None
    cell: int


@dataclass
class Outcome:
    """What a sweep gave: the record, the folder, the pages of the grid with their files, and the pictures in the
    order of the plan. `taken` tells the pictures' files from all others, `said` is why some have short names."""

    record: SweepRecord
    folder: Path
    grids: list[tuple[Image.Image, Path | None]] = field(default_factory=list)
    pictures: list[SavedPicture] = field(default_factory=list)
    taken: set = field(default_factory=set)
    said: set[str] = field(default_factory=set)


def run_sweep(
    plan: SweepPlan,
    session,
    host: dict[str, str],
    keep_images: bool = False,
    earlier: EarlierSweep | None = None,
    draws: dict[str, list] | None = None,
) -> Outcome:
    """Runs a plan on a session of a host.

    Args:
        plan: what to do.
        session: a `Session` (clip_skip_lab/hosts).
        host: {"name", "version"} for the record.
        keep_images: keep the pictures in memory too, for an answer that holds them all.
        earlier: a sweep of the same plan that was broken off; its sound cells are not run again.
        draws: what other extensions drew for the rows of an earlier sweep (`EarlierSweep.draws`), to be used again.

    Returns the outcome; also after an interrupt, and when cells failed.

    Raises `InvalidInput` before any sampling when the folder cannot be written to, or when what was begun differs.
    """
    now = datetime.now().astimezone()
    fingerprint = plan.fingerprint({"model": session.model, "setting": session.setting})
    if earlier is not None:
        check_same(earlier, fingerprint, session.model, session.setting)
    folder = earlier.folder if earlier is not None else make_folder(session.grid_folder, now)
    record = SweepRecord(
        plan=plan,
        id=folder.name,
        created=earlier.content["created"] if earlier else now.isoformat(timespec="seconds"),
        fingerprint=fingerprint,
        host=host,
        model=session.model,
        setting=session.setting,
        cells=[CellRecord(cell, plan.values_of(cell)) for cell in plan.cells()],
    )
    outcome = Outcome(record, folder)
    if earlier is not None:
        _resume(outcome, earlier)
    _draw_again(record, session, draws or {}, earlier is not None)
    try:
        write_record(folder, record.to_json())
    except OSError as error:
        remove_empty(folder)
        raise not_writable(folder.parent, error) from error
    clean_up(folder)
    _write_page(outcome)
    try:
        _run_cells(outcome, session, keep_images)
        outcome.pictures.sort(key=lambda kept: kept.cell)
        record.infotext = record.infotext or _grid_infotext(record, session)
        _make_grid(outcome, session)
    except BaseException:
        record.state = "failed"
        raise
    finally:
        _write(outcome)
    return outcome


def _resume(outcome: Outcome, earlier: EarlierSweep) -> None:
    """Fills in what is done already."""
    record = outcome.record
    record.infotext = earlier.content.get("infotext") or ""
    record.notes = earlier.notes(record.program, record.host)
    for index, pictures in earlier.sound_cells(record.plan).items():
        entry, then = record.cells[index], earlier.content["cells"][index]
        entry.state, entry.reason, entry.seconds = DONE, None, then.get("seconds")
        entry.pictures = pictures
        entry.drawn, entry.used = then.get("drawn"), dict(then.get("used") or {})
        if entry.drawn is not None:
            record.draws[entry.drawn] = earlier.content["draws"][entry.drawn]
        kept = [SavedPicture(made, outcome.folder / made.file, None, index) for made in pictures]
        outcome.taken |= {identity(one.path) for one in kept}
        outcome.pictures += kept


def _draw_again(record: SweepRecord, session, draws: dict[str, list], same_quality: bool) -> None:
    """Makes the session use what was drawn for the same rows before."""
    first_of_row = {}
    for entry in record.cells:
        first_of_row.setdefault(row_of(entry.values), entry.cell)
    for row, cell in first_of_row.items():
        if row in draws:
            session.hold(cell, draws[row] if same_quality else without_numbers(draws[row]))


def _run_cells(outcome: Outcome, session, keep_images: bool) -> None:
    record = outcome.record
    done = {entry.cell.index for entry in record.cells if entry.state == DONE}
    todo = deque(record.plan.batches(session.batch_size, without=done))
    ran, why = 0, None
    while todo:
        cells = todo.popleft()
        why = why or session.stopped()
        if why is not None:
            for cell in cells:
                record.cells[cell.index].reason = why
            continue
        session.starting(ran, ran + 1 + len(todo), cells)
        ran += 1
        started = time.perf_counter()
        try:
            _run_batch(outcome, cells, session, keep_images)
        except Exception as error:  # whatever the host, the model or another extension raises: the other cells go on
            if len(cells) == 1:
                log.exception("Clip skip sweep: cell %d failed", cells[0].index)
                entry = record.cells[cells[0].index]
                entry.state, entry.reason = FAILED, session.explain(error)
                took = time.perf_counter() - started
            else:
                todo = _after_failure(session, error, cells, todo)
                continue
        else:
            took = time.perf_counter() - started
        for cell in cells:
            record.cells[cell.index].seconds = took / len(cells)
        _write(outcome)
    mark_incomparable(record)
    record.notes = list(dict.fromkeys([*record.notes, *session.notes]))
    record.text_encoder_forwards = session.text_encoder_forwards
    record.no_effect = getattr(session, "no_effect", None)
    waiting = record.count(NOT_RUN) > 0  # an interrupt within the last cell is seen only here
    record.state = "interrupted" if why or (waiting and session.stopped()) else "finished"


def _after_failure(session, error: Exception, cells: list[Cell], todo: deque[list[Cell]]) -> deque[list[Cell]]:
    """What to try after a batch failed: all batches of half the size when memory ran out; else its cells one by one,
    so that the one at fault is found and the others are not lost to it."""
    if not session.is_out_of_memory(error):
        log.warning("Clip skip sweep: %d cells at once failed (%s); trying them one by one", len(cells), error)
        # The session may have seen that no cells of this sweep can share a batch.
        later = todo if session.batch_size > 1 else (part for batch in todo for part in split_evenly(batch, 1))
        return deque([*split_evenly(cells, 1), *later])
    half = len(cells) // 2
    session.notes.append(f"{len(cells)} cells at once ran out of memory; the sweep went on with {half} at once.")
    log.warning("Clip skip sweep: %s", session.notes[-1])
    return deque(part for batch in (cells, *todo) for part in split_evenly(batch, half))


def _run_batch(outcome: Outcome, cells: list[Cell], session, keep_images: bool) -> None:
    record = outcome.record

    def keep(picture) -> None:
        saved = _save(outcome, session, picture)
        made = PictureRecord(
            file=_named(saved, outcome.folder),
            seed=picture.seed,
            subseed=picture.subseed,
            width=picture.image.width,
            height=picture.image.height,
            infotext=picture.infotext,
            sha256=_digest(saved),
            small=_save_small(outcome, picture),
        )
        record.cells[picture.cell.index].pictures.append(made)
        image = picture.image if saved is None or keep_images else None
        outcome.pictures.append(SavedPicture(made, saved, image, picture.cell.index))

    sampled = session.sample(cells, keep)
    for cell in cells:
        entry = record.cells[cell.index]
        if cell.index in sampled.failed:
            entry.state, entry.reason = FAILED, sampled.failed[cell.index]
        elif cell.index in sampled.missing:
            entry.state, entry.reason = NOT_RUN, sampled.missing[cell.index]
        else:
            entry.state, entry.reason = DONE, None
        entry.used = sampled.used.get(cell.index, {})
        draw = sampled.draws.get(cell.index)
        if draw:
            entry.drawn = draw_hash(draw)
            record.draws[entry.drawn] = draw


def _save(outcome: Outcome, session, picture) -> Path | None:
    """Gives a picture a file of its own: by the host's rules, else under a short name; None where neither goes."""
    cells = outcome.folder / CELLS
    try:
        return checked(session.save_picture(picture, cells), cells, outcome.taken)
    except Exception as error:  # a full disk, a name that no file can have, what Pillow and other extensions raise
        why = _why(error)
        log.warning("Clip skip sweep: a picture could not be saved under the WebUI's name: %s", why)
    try:
        path = free_path(cells, f"{picture.cell.index:04}-{picture.place}")
        session.save_plainly(picture.image, path, picture.infotext)
        path = checked(path, cells, outcome.taken)
    except Exception as error:
        _problem(outcome.record, f"A picture could not be saved ({_why(error)}); it is in the gallery only.")
        return None
    if why not in outcome.said:
        outcome.said.add(why)
        name = _named(path, outcome.folder)
        outcome.record.notes.append(
            f"Pictures have short names, such as {name}, where the WebUI's own could not be used: {why}."
        )
    return path


def _digest(saved: Path | None) -> str | None:
    try:
        return digest_of(saved) if saved is not None else None
    except OSError as error:  # it is not taken for sound when somebody goes on, and no cell is lost to it
        log.warning("Clip skip sweep: %s cannot be read back: %s", saved, error)
        return None


def _why(error: Exception) -> str:
    """What went wrong as a phrase."""
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split()).rstrip(".")


def _save_small(outcome: Outcome, picture) -> str | None:
    try:
        return save_small(picture.image, outcome.folder, f"{picture.cell.index}-{picture.place}")
    except OSError as error:
        _problem(outcome.record, f"A reduced picture for the page could not be saved ({_why(error)}).")
        return None


def _named(path: Path | None, folder: Path) -> str | None:
    """The file as `sweep.json` names it: by its path in the folder."""
    return None if path is None else path.relative_to(folder.resolve()).as_posix()


def _make_grid(outcome: Outcome, session) -> None:
    record, plan = outcome.record, outcome.record.plan
    size = _cell_size(outcome)
    if size is None:
        size = (256, 256)  # nothing was generated: the grid then holds the reasons
    pages = arrange_plan(plan, size, session.limits, session.style)
    by_cell: dict[int, list[SavedPicture]] = {}
    for kept in outcome.pictures:
        by_cell.setdefault(kept.cell, []).append(kept)
    for number, page in enumerate(pages):
        image = _drawn(outcome, by_cell, page, session.style)
        path = _save_grid(outcome, session, image, "grid" if number == 0 else f"grid-{number + 1}")
        outcome.grids.append((image, path))
        record.grids.append(GridRecord(_named(path, outcome.folder), image.width, image.height, round(page.scale, 4)))


def _drawn(outcome: Outcome, by_cell: dict[int, list[SavedPicture]], page: Page, style: Style) -> Image.Image:
    def content(index: int) -> Image.Image | str:
        return _cell_content(outcome.record, by_cell, index, page, style)

    try:
        return draw_page(page, content, style)
    except Exception as error:  # a font or a colour that Pillow stumbles over
        log.exception("Clip skip sweep: the grid could not be drawn as it was to look")
        _problem(
            outcome.record,
            f"The grid was drawn in the usual colours and font, because the WebUI's do not work: {_why(error)}.",
        )
        style = Style()
        return draw_page(page, content, style)


def _save_grid(outcome: Outcome, session, image: Image.Image, name: str) -> Path | None:
    record, folder = outcome.record, outcome.folder
    try:
        return checked(session.save_grid(image, folder, name, record.infotext), folder, outcome.taken)
    except Exception as error:  # as for a picture
        why = _why(error)
        log.warning("Clip skip sweep: the grid could not be saved as the WebUI would: %s", why)
    try:
        path = free_path(folder, name)
        session.save_plainly(image, path, record.infotext)
        path = checked(path, folder, outcome.taken)
    except Exception as error:
        _problem(record, f"The grid could not be saved ({_why(error)}); it is in the gallery only.")
        return None
    record.notes.append(f"The grid is saved as {path.name}, as it cannot be saved by the WebUI's rules: {why}.")
    return path


def _grid_infotext(record: SweepRecord, session) -> str:
    try:
        return session.grid_infotext()
    except Exception as error:  # whatever the host and other extensions raise; the grid is not lost for it
        log.exception("Clip skip sweep: the grid's metadata could not be made")
        _problem(record, f"The grid has no metadata, which could not be made ({_why(error)}).")
        return ""


def arrange_plan(plan: SweepPlan, cell_size: tuple[int, int], limits, style) -> list[Page]:
    """The pages of a plan's grid for cells of that size in pixels."""
    if plan.only is not None:
        names = tuple(name_of(plan.values_of(cell)) for cell in plan.cells())
        return arrange(names, None, None, cell_size, limits, style)
    columns = tuple(f"Clip skip {value}" for value in plan.clip_skip)
    rows = plan.y.labels if plan.y else None
    blocks = plan.z.labels if plan.z else None
    return arrange(columns, rows, blocks, cell_size, limits, style)


def _cell_size(outcome: Outcome) -> tuple[int, int] | None:
    sizes = []
    for entry in outcome.record.cells:
        if entry.pictures:
            width = max(picture.width for picture in entry.pictures)
            height = max(picture.height for picture in entry.pictures)
            sizes.append(sheet_size((width, height), len(entry.pictures)))
    return tuple(max(side) for side in zip(*sizes, strict=True)) if sizes else None


def _cell_content(
    record: SweepRecord, by_cell: dict[int, list[SavedPicture]], index: int, page: Page, style: Style
) -> Image.Image | str:
    """The cell's pictures, each reduced before the next is opened, with its reason beside them where some are
    missing; or the reason alone."""
    images = []
    for kept in by_cell.get(index, []):
        try:
            with kept.image.copy() if kept.image is not None else open_picture(kept.path) as image:
                image.load()  # Pillow reads late, and after this block the file is closed
                images.append(fitted(image, page.cell_width, page.cell_height))
        except OSError as error:
            log.warning("Clip skip sweep: %s cannot be read back: %s", kept.path, error)
    entry = record.cells[index]
    reason = f"{entry.state}: {entry.reason}" if entry.reason else entry.state
    if not images:
        return reason
    if entry.state != DONE:
        images.append(reason_note(reason, images[0].size, style))
    return contact_sheet(images, style.background)


def _problem(record: SweepRecord, sentence: str) -> None:
    log.error("Clip skip sweep: %s", sentence)
    if sentence not in record.problems:
        record.problems.append(sentence)


def _write_page(outcome: Outcome) -> None:
    try:
        write_page(outcome.folder)
    except OSError as error:
        _problem(outcome.record, f"The page could not be written ({error.strerror or error}).")


def _write(outcome: Outcome) -> None:
    try:
        write_record(outcome.folder, outcome.record.to_json())
    except OSError as error:
        _problem(outcome.record, f"sweep.json could not be written ({error.strerror or error}).")
