"""Measuring a sweep from its folder: what is on disk is the truth, so an earlier sweep can be measured again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from ..sweep.axes import AXIS_NAME
from ..sweep.folder import read_record, write_record
from ..sweep.reading import path_in
from ..sweep.saving import identity
from ..sweep.schema import check_schema
from .cells import groups, incomparable, is_done, mean, measured, reference_of
from .contrasts import Pictures, effects, neighbours, new_seed
from .definitions import MEASURES
from .details import more
from .findings import findings
from .pictures import Full, read_picture
from .table import write_table

log = logging.getLogger("clip_skip_lab")


PROBLEM = "Measures: "
"""How the problems of measuring begin; they go when the sweep is measured again."""

GoOn = Callable[[int, int], bool]
"""Is told how many cells are measured, of how many, and says whether to go on."""


def measure_folder(
    folder: Path, go_on: GoOn = lambda done, count: True, lang: str = "en", font: str | None = None
) -> dict:
    """Measures a sweep's pictures, and writes `sweep.json`, `measures.csv` and the charts.

    Args:
        folder: of the sweep.
        go_on: see `GoOn`; asked before each cell. False ends it with what is measured by then.
        lang: of the charts' texts, "en" or "ja".
        font: the charts' font, a file; None for matplotlib's own.

    Returns the new content of `sweep.json`. A picture that cannot be read, and charts that cannot be drawn, are
    sentences in its `problems`.

    Raises `OSError` or `ValueError` when `sweep.json` cannot be read or written.
    """
    content = read_record(folder)
    check_schema(content)
    content["problems"] = [problem for problem in content["problems"] if not problem.startswith(PROBLEM)]
    apart = incomparable(content["cells"])
    done = _with_own_files(
        [cell for cell in content["cells"] if is_done(cell) and cell["index"] not in apart], content, folder
    )
    reference = reference_of(done)
    pictures = _measure_cells(content, done, folder, reference, go_on)
    cells = measured(content)
    content["measures"] = [measure.to_json() for measure in MEASURES]
    content["reference"] = None if reference is None else {AXIS_NAME: reference}
    content["neighbours"] = neighbours(cells, pictures)
    content["new_seed"] = new_seed(cells, pictures)
    content["effects"] = effects(cells, pictures)
    content["findings"], content["more"] = findings(content), more(content)
    content["charts"] = []
    try:
        write_table(content, folder)
        content["charts"] = _charts(content, folder, lang, font)
    except Exception as error:  # a full disk, or whatever a plotting library of another version raises
        log.exception("Clip skip sweep: the charts could not be made")
        _problem(content, f"the table and the charts could not be made ({error}).")
    write_record(folder, content)
    return content


def _charts(content: dict, folder: Path, lang: str, font: str | None) -> list[dict]:
    from .charts import draw_charts  # half a second to import, which whoever only reads measures need not wait for

    return draw_charts(content, folder, lang, font)


def _measure_cells(content: dict, done: list[dict], folder: Path, first: object, go_on: GoOn) -> Pictures:
    """Fills in the measures of the cells that are done, empties those of the others; returns their reduced pictures.

    At full size there are only the pictures of one cell and of the cell with clip skip `first` beside it.
    """
    pictures: Pictures = {}
    for cell in content["cells"]:
        cell["measures"] = {}
    count = 0
    for group in groups(done):
        reference: list[Full] = []
        for cell in sorted(group, key=lambda cell: cell["values"][AXIS_NAME] != first):
            if not go_on(count, len(done)):
                _problem(content, f"broken off after {count} of {len(done)} cells.")
                return pictures
            count += 1
            try:
                seen = [read_picture(path_in(folder, picture["file"])) for picture in cell["pictures"]]
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                _problem(content, f"a picture cannot be read ({why}), and its cell is left out.")
                continue
            if cell["values"][AXIS_NAME] == first:
                reference = seen
            cell["measures"] = _measures(seen, reference)
            pictures.update({(cell["index"], place): one.reduced for place, one in enumerate(seen)})
    return pictures


def _with_own_files(done: list[dict], content: dict, folder: Path) -> list[dict]:
    """The cells that share no picture's file with another: of those that do, all but one lost theirs."""
    owners: dict[object, list[int]] = {}
    for cell in done:
        for picture in cell["pictures"]:
            owners.setdefault(_identity(folder, picture["file"]), []).append(cell["index"])
    owners.pop(None, None)
    shared = {index for indexes in owners.values() if len(indexes) > 1 for index in indexes}
    if shared:
        _problem(content, f"{len(shared)} cells are left out, as several pictures have the same file.")
    return [cell for cell in done if cell["index"] not in shared]


def _identity(folder: Path, file: str) -> object | None:
    try:
        return identity(path_in(folder, file))
    except (OSError, ValueError):
        return None  # a file that is missing; reading it says so


def _measures(pictures: list[Full], reference: list[Full]) -> dict[str, float | None]:
    """The means over a cell's pictures, each compared with the one at its place in the reference cell."""
    each = [picture.own_measures() for picture in pictures]
    for place, picture in enumerate(pictures[: len(reference)]):
        each[place].update(picture.changes_from(reference[place]))
    return {measure.key: mean(one.get(measure.key) for one in each) for measure in MEASURES}


def _problem(content: dict, sentence: str) -> None:
    sentence = PROBLEM + sentence
    if sentence not in content["problems"]:
        content["problems"].append(sentence)
