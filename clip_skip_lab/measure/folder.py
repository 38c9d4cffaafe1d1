"""Measuring a sweep from its folder: what is on disk is the truth, so an earlier sweep can be measured again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from itertools import zip_longest
from pathlib import Path

from ..language import ENGLISH, Text
from ..sweep.axes import AXIS_NAME
from ..sweep.folder import read_record, write_record
from ..sweep.reading import path_in
from ..sweep.saving import identity
from ..sweep.schema import check_schema
from ..sweep.values import Value
from .cells import Cell, Content, incomparable, is_done, mean, measured_cells, reference_of, rows, sharing_files
from .contrasts import Pictures, divided_effects, neighbours, new_seed
from .details import more
from .findings import findings
from .metrics import MEASURES, measures_of
from .pictures import Full, read_picture
from .table import write_table

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
) -> Content:
    """Measures a sweep's pictures, and writes `sweep.json`, `measures.csv` and the charts.

    Args:
        folder: of the sweep.
        report_progress: see `ReportProgress`; called before each cell. False ends it with what is measured by then.
        lang: of the charts' texts, one of `languages()`.
        font: the charts' font, a file; None for matplotlib's own.

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
    pictures = _measure_cells(content, cells, folder, reference, report_progress)
    cells = measured_cells(content)
    content["measures"] = [measure.to_json() for measure in MEASURES]
    content["reference"] = None if reference is None else {AXIS_NAME: reference}
    content["neighbours"] = neighbours(cells, pictures)
    content["new_seed"] = new_seed(cells, pictures)
    content["effects"] = divided_effects(cells, pictures)
    content["findings"], content["more"] = findings(content), more(content)
    content["charts"] = []
    try:
        write_table(content, folder)
        content["charts"] = _charts(content, folder, lang, font)
    except Exception as error:  # a full disk, or whatever a plotting library of another version raises
        log.exception("Clip skip sweep: the charts could not be made")
        _problem(content, Text("Measures: the table and the charts could not be made ({error}).", error=error))
    write_record(folder, content)
    return content


def _charts(content: Content, folder: Path, lang: str, font: str | None) -> list[dict[str, object]]:
    from .charts import draw_charts  # half a second to import, which whoever only reads measures need not wait for

    return draw_charts(content, folder, lang, font)


def _measure_cells(
    content: Content, cells: list[Cell], folder: Path, first: Value | None, report_progress: ReportProgress
) -> Pictures:
    """Fills in the measures of these cells, empties those of the others; returns their reduced pictures.

    At full size there are only the pictures of one cell and of the cell with clip skip `first` beside it.
    """
    reduced: Pictures = {}
    for cell in content["cells"]:
        cell["measures"] = {}
    count = 0
    for row in rows(cells):
        reference: list[Full] = []
        for cell in sorted(row, key=lambda cell: bool(cell["values"][AXIS_NAME] != first)):
            if not report_progress(count, len(cells)):
                _problem(
                    content, Text("Measures: broken off after {count} of {cells} cells.", count=count, cells=len(cells))
                )
                return reduced
            count += 1
            try:
                pictures = [read_picture(path_in(folder, picture["file"])) for picture in cell["pictures"]]
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                _problem(
                    content,
                    Text("Measures: a picture cannot be read ({reason}), and its cell is left out.", reason=reason),
                )
                continue
            if cell["values"][AXIS_NAME] == first:
                reference = pictures
            cell["measures"] = _means(pictures, reference)
            reduced.update({(cell["index"], place): picture.reduced for place, picture in enumerate(pictures)})
    return reduced


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
            Text("Measures: {count} cells are left out, as several pictures have the same file.", count=len(shared)),
        )
    return [cell for cell in cells if cell["index"] not in shared]


def _means(pictures: list[Full], reference: list[Full]) -> dict[str, float | None]:
    """Each measure's mean over a cell's pictures, each compared with the one at its place in the reference cell."""
    each = [measures_of(picture, other) for picture, other in zip_longest(pictures, reference[: len(pictures)])]
    return {measure.key: mean(measures[measure.key] for measures in each) for measure in MEASURES}


def _problem(content: Content, sentence: Text) -> None:
    if sentence not in content["problems"]:
        content["problems"].append(sentence)
