"""Measuring a sweep from its folder: what is on disk is the truth, so an earlier sweep can be measured again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from pathlib import Path

from ..language import ENGLISH, Text
from ..sweep.axes import AXIS_NAME
from ..sweep.folder import read_record, write_record
from ..sweep.reading import path_in
from ..sweep.saving import identity
from ..sweep.schema import check_schema
from ..sweep.values import Value
from .ahead import Ahead
from .cells import (
    Cell,
    Content,
    Files,
    files_of,
    incomparable,
    is_done,
    measured_cells,
    reference_of,
    rows,
    sharing_files,
)
from .conditioning import fill_in, rank_correlations
from .contrasts import ChangesOf, Pictures, divided_effects, neighbours, new_seed
from .details import more
from .findings import findings
from .metrics import reduced_changes
from .pictures import Full, read_picture
from .table import write_table
from .taking import Taken, take

log = logging.getLogger("clip_skip_lab")


PROBLEM = "Measures: "
"""How the problems of measuring begin; they go when the sweep is measured again."""

ReportProgress = Callable[[int, int], bool]
"""Is told how many cells are measured, of how many; returns whether to measure on."""


def measure_folder(
    folder: Path,
    report_progress: ReportProgress = lambda done, count: True,
    lang: str = ENGLISH,
    font: str | None = None,
    ahead: Ahead | None = None,
) -> Content:
    """Measures a sweep's pictures, and writes `sweep.json`, `measures.csv` and the charts.

    Args:
        folder: of the sweep.
        report_progress: see `ReportProgress`; called before each cell. False ends it with what is measured by then.
        lang: of the charts' texts, one of `languages()`.
        font: the charts' font, a file; None for matplotlib's own.
        ahead: what was measured while the sweep ran. Its pool measures the rest.

    Returns the new content of `sweep.json`. A picture that cannot be read, and charts that cannot be drawn, are
    sentences in its `problems`.

    Raises `OSError` or `ValueError` when `sweep.json` cannot be read or written.
    """
    content = read_record(folder)
    check_schema(content)
    content["problems"] = [problem for problem in content["problems"] if not problem.startswith(PROBLEM)]
    apart = incomparable(content["cells"])
    comparable = [cell for cell in content["cells"] if is_done(cell) and cell["index"] not in apart]
    cells = _with_own_files(comparable, content, folder)
    reference = reference_of(cells)
    pictures = _measure_cells(content, cells, folder, reference, report_progress, ahead)
    _conclude(content, pictures, reference, reduced_changes if ahead is None else ahead.changes)
    try:
        write_table(content, folder)
        content["charts"] = _charts(content, folder, lang, font)
    except Exception as error:  # a full disk, or whatever a plotting library of another version raises
        log.exception("Clip skip sweep: the charts could not be made")
        _problem(content, Text("Measures: the table and the charts could not be made ({error}).", error=error))
    write_record(folder, content)
    return content


def _conclude(content: Content, pictures: Pictures, reference: Value | None, changes_of: ChangesOf) -> None:
    """Fills in what follows from the cells' measures and their reduced pictures."""
    cells = measured_cells(content)
    content["measures"] = [measure.to_json() for measure in fill_in(content, reference)]
    content["rank_correlations"] = rank_correlations(content, reference)
    content["reference"] = None if reference is None else {AXIS_NAME: reference}
    content["neighbours"] = neighbours(cells, pictures, changes_of)
    content["new_seed"] = new_seed(cells, pictures, changes_of)
    content["effects"] = divided_effects(cells, pictures)
    content["findings"], content["more"] = findings(content), more(content)
    content["charts"] = []


def _charts(content: Content, folder: Path, lang: str, font: str | None) -> list[dict[str, object]]:
    from .charts import draw_charts  # half a second to import, which whoever only reads measures need not wait for

    return draw_charts(content, folder, lang, font)


def _measure_cells(
    content: Content,
    cells: list[Cell],
    folder: Path,
    first: Value | None,
    report_progress: ReportProgress,
    ahead: Ahead | None = None,
) -> Pictures:
    """Fills in the measures of these cells, empties those of the others; returns their reduced pictures.

    At full size there are only the pictures of a row's cell with clip skip `first`, and one beside them.
    """
    reduced: Pictures = {}
    for cell in content["cells"]:
        cell["measures"] = {}
    in_rows = [sorted(row, key=lambda cell: not _has(cell, first)) for row in rows(cells)]
    if ahead is not None:
        _ask(ahead, in_rows, first)
    count = 0
    for row in in_rows:
        taking = _Row(folder, ahead)
        for cell in row:
            if not report_progress(count, len(cells)):
                _problem(
                    content, Text("Measures: stopped after {count} of {cells} cells.", count=count, cells=len(cells))
                )
                if ahead is not None:
                    ahead.give_up()
                return reduced
            count += 1
            try:
                taken = taking.take(files_of(cell), _has(cell, first))
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                _problem(
                    content,
                    Text("Measures: an image cannot be read ({reason}), and its cell is left out.", reason=reason),
                )
                continue
            cell["measures"] = taken.measures
            reduced.update({(cell["index"], place): picture for place, picture in enumerate(taken.reduced)})
    return reduced


def _has(cell: Cell, clip_skip: Value | None) -> bool:
    return bool(cell["values"][AXIS_NAME] == clip_skip)


def _ask(ahead: Ahead, in_rows: list[list[Cell]], first: Value | None) -> None:
    """Has the pool measure what was not measured ahead, against the references that there are if all can be read."""
    for row in in_rows:
        reference: Files = ()
        for cell in row:
            if _has(cell, first):
                reference = files_of(cell)
            ahead.ask(cell["index"], files_of(cell), reference)


class _Row:
    """Measures the cells of one row, the reference first, taking over what was measured ahead."""

    def __init__(self, folder: Path, ahead: Ahead | None) -> None:
        self._folder = folder
        self._ahead = ahead
        self._reference: Files = ()
        self._pictures: dict[str, Full] = {}

    def take(self, files: Files, is_reference: bool) -> Taken:
        """Measures a cell from its files. Raises `OSError` or `ValueError` where one cannot be read."""
        reference = files if is_reference else self._reference
        taken = None if self._ahead is None else self._ahead.taken(files, reference)
        if taken is None:
            taken = take(files, reference, self._read, self._read_reference)
        self._reference = reference
        return taken

    def _read(self, file: str) -> Full:
        return read_picture(path_in(self._folder, file))

    def _read_reference(self, file: str) -> Full:
        if file not in self._pictures:
            self._pictures[file] = self._read(file)
        return self._pictures[file]


def _with_own_files(cells: list[Cell], content: Content, folder: Path) -> list[Cell]:
    """The cells that share no picture's file with another: of those that do, all but one lost theirs."""

    def identity_of(file: str) -> Hashable | None:
        try:
            return identity(path_in(folder, file))
        except (OSError, ValueError):
            return None  # a file that is missing; reading it says so

    shared = sharing_files(cells, identity_of)
    if shared:
        _problem(
            content,
            Text("Measures: {count} cells are left out because several images share one file.", count=len(shared)),
        )
    return [cell for cell in cells if cell["index"] not in shared]


def _problem(content: Content, sentence: Text) -> None:
    if sentence not in content["problems"]:
        content["problems"].append(sentence)
