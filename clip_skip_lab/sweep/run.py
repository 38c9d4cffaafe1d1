"""Running a sweep: cell after cell, and beside it all that is done with what is finished.

Works on any `Session` (clip_skip_lab/sweep/session.py) and imports no host. Nothing that is finished is lost: a cell
that fails is marked with its reason and the others are run, an interrupt ends the sweep with what there is, and a
picture that cannot be written stays in memory for the gallery.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import Any

from ..errors import reason_of
from ..language import Text
from ..page.files import write_page
from .axes import AXIS_NAME
from .draws import row_of, without_numbers
from .extend import Extension, Reused
from .finishing import Finishing, Measuring, Watcher, workers
from .folder import make_folder, not_writable, remove_empty
from .grid_pages import SweepGrid
from .outcome import Outcome, SavedPicture
from .plan import Cell, SweepPlan
from .record import DONE, CellRecord, PictureRecord, SweepRecord
from .resume import EarlierSweep, check_same
from .running import running
from .saving import clean_up, identity
from .session import Session
from .values import reference_among


def run_sweep(
    plan: SweepPlan,
    session: Session,
    about: dict[str, str],
    earlier: EarlierSweep | Extension | None = None,
    draws: dict[str, list[Any]] | None = None,
    measuring: Measuring | None = None,
) -> Outcome:
    """Runs a plan on a session of a host.

    Args:
        plan: what to do.
        session: of the host.
        about: the host's {"name", "version", …} (`Host.about`) for the record.
        earlier: a sweep of the same plan to resume, or one to extend; its sound cells are not run again.
        draws: what other extensions drew for the rows of an earlier sweep (`EarlierSweep.draws`), to be used again; of
            one to extend, that is known.
        measuring: measures the pictures; None to measure nothing.

    Returns the outcome; also after an interrupt, and when cells failed.

    Raises `InvalidInput` before any sampling when the folder cannot be written to, or when the earlier sweep differs.
    """
    reused = earlier.reusable(plan, session) if isinstance(earlier, Extension) else None
    outcome = _start(plan, session, about, earlier if isinstance(earlier, EarlierSweep) else None)
    record = outcome.record
    _draw_again(record, session, reused.draws if reused else draws or {}, same_quality=earlier is not None)
    record.extends = reused.earlier.folder.name if reused else record.extends
    with running(outcome.folder):
        _prepare_folder(outcome)
        if reused is not None:
            _take_over(outcome, reused)
        try:
            _run(outcome, session, measuring, draw_first=earlier is not None)
        except BaseException:
            record.state = "failed"
            raise
        finally:
            outcome.write()
    return outcome


def _run(outcome: Outcome, session: Session, measuring: Measuring | None, draw_first: bool) -> None:
    """Runs the cells and what follows from them; with `draw_first` some are there already."""
    with workers(step_back=not session.sampled_elsewhere) as pool:
        grid = SweepGrid(outcome, session, pool.submit)
        if measuring is not None:
            measuring.begin(outcome, pool.submit)
        # Measures first: charts wait for them, and the grid's last band can be compressed beside these.
        watchers: list[Watcher] = [grid] if measuring is None else [measuring, grid]
        with Finishing(outcome, session, pool.submit, grid.largest, watchers) as finishing:
            if draw_first:
                finishing.conclude([], grid.draw_done_cells)
            session.run_cells(outcome.record, finishing)
        outcome.pictures.sort(key=lambda picture: picture.cell)
        grid.complete()
        outcome.write()
        if measuring is not None:
            outcome.measured = measuring.conclude(outcome)
        grid.save()


def _start(plan: SweepPlan, session: Session, about: dict[str, str], earlier: EarlierSweep | None) -> Outcome:
    """The outcome before the first cell: nothing, or what is done in the sweep to resume."""
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
        host=about,
        model=session.model,
        setting=session.setting,
        cells=[CellRecord(cell, plan.values_of(cell)) for cell in plan.cells()],
    )
    outcome = Outcome(record, folder)
    if earlier is not None:
        _fill_in(outcome, earlier)
    return outcome


def _fill_in(outcome: Outcome, earlier: EarlierSweep) -> None:
    """Fills in what is done already."""
    record = outcome.record
    record.infotext = earlier.content.get("infotext") or ""
    record.extends = earlier.content.get("extends")
    record.notes = earlier.notes(record.program, record.host)
    for index, pictures in earlier.sound_cells(record.plan).items():
        _fill_in_cell(outcome, index, earlier.content["cells"][index], pictures)
        _take_draw(record, record.cells[index].drawn, earlier)


def _take_over(outcome: Outcome, reused: Reused) -> None:
    """Brings what is used again of another sweep into the folder. Raises `InvalidInput`; then the folder is gone."""
    record = outcome.record
    try:
        taken = reused.take_over(outcome.folder)
    except OSError as error:
        shutil.rmtree(outcome.folder, ignore_errors=True)
        raise not_writable(outcome.folder.parent, error) from error
    record.notes = reused.notes(len(record.cells), record.program, record.host)
    first = reference_among(entry.cell.clip_skip for entry in record.cells)
    first_then = reference_among(cell["values"][AXIS_NAME] for cell in reused.earlier.content["cells"])
    for index, pictures in taken.items():
        entry, then = record.cells[index], reused.earlier.content["cells"][reused.cells[index]]
        _fill_in_cell(outcome, index, then, pictures)
        _take_draw(record, entry.drawn, reused.earlier)
        if entry.values != then["values"]:  # of the same settings, but an axis says 7.0 where a request has 7
            entry.used.pop("settings", None)
        if first != first_then:
            entry.conditioning_change = None
    outcome.write()


def _fill_in_cell(outcome: Outcome, index: int, then: dict[str, Any], pictures: list[PictureRecord]) -> None:
    """Notes that a cell is done, as an earlier sweep has it; its pictures are in this one's folder."""
    entry = outcome.record.cells[index]
    entry.state, entry.reason, entry.seconds = DONE, None, then.get("seconds")
    entry.pictures = pictures
    entry.drawn, entry.used = then.get("drawn"), dict(then.get("used") or {})
    entry.conditioning_change, entry.made_by = then.get("conditioning_change"), then.get("made_by")
    outcome.reused += 1
    for picture in pictures:
        path = outcome.folder / str(picture.file)
        outcome.files.claim(identity(path))
        outcome.pictures.append(SavedPicture(picture, path, None, index))


def _take_draw(record: SweepRecord, name: str | None, earlier: EarlierSweep) -> None:
    if name is not None:
        record.draws[name] = earlier.content["draws"][name]


def _draw_again(record: SweepRecord, session: Session, draws: dict[str, list[Any]], same_quality: bool) -> None:
    """Makes the session use what was drawn for the same rows before."""
    first_of_row: dict[str, Cell] = {}
    for entry in record.cells:
        first_of_row.setdefault(row_of(entry.values), entry.cell)
    for row, cell in first_of_row.items():
        if row in draws:
            session.hold(cell, draws[row] if same_quality else without_numbers(draws[row]))


def _prepare_folder(outcome: Outcome) -> None:
    """Writes the first `sweep.json`, which proves that more can be written, and the page. Raises `InvalidInput`."""
    folder = outcome.folder
    try:
        outcome.write_first()
    except OSError as error:
        remove_empty(folder)
        raise not_writable(folder.parent, error) from error
    clean_up(folder)
    try:
        write_page(folder)
    except OSError as error:
        outcome.add_problem(Text("The page could not be written ({reason}).", reason=reason_of(error)))
