"""Measuring a sweep that runs, for its folder, the gallery and the lines under it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ..language import Text
from ..sweep.finishing import Beside
from ..sweep.outcome import Outcome
from ..sweep.pictures import FinishedPicture
from ..sweep.record import DONE
from ..sweep.session import Picture, Session

log = logging.getLogger("clip_skip_lab")


class SweepMeasures:
    """Measures a sweep beside its sampling; see `sweep.finishing.Measuring`. What goes wrong is a sentence among the
    sweep's problems: the sweep is not lost.

    Attributes:
        charts: their files, once all is measured.
        findings: what the measures bear out, in the language.
    """

    def __init__(self, session: Session, language: str):
        self._session = session
        self._language = language
        self._outcome: Outcome | None = None
        self._ahead: Future[Any] | None = None
        self.charts: list[Path] = []
        self.findings: list[str] = []

    def begin(self, outcome: Outcome, beside: Beside) -> None:
        """See `Measuring`."""
        self._outcome = outcome
        self._ahead = beside(_prepared, outcome, beside)
        beside(_warm_up)

    def cells_sampled(self, pictures: Sequence[Picture]) -> None:
        """See `Watcher`: pictures are measured from their files."""

    def cells_done(self, cells: dict[int, list[FinishedPicture]]) -> None:
        """See `Watcher`."""
        if self._outcome is not None and self._ahead is not None:
            for index in cells:
                self._ahead.result().cell_done(self._outcome.record.cells[index])

    def conclude(self, outcome: Outcome) -> dict[str, Any] | None:
        """See `Measuring`."""
        record, font = outcome.record, self._session.style.font
        try:
            from .folder import measure_folder

            content = measure_folder(
                outcome.folder,
                self._session.goes_on_measuring,
                self._language,
                font,
                None if self._ahead is None else self._ahead.result(),
            )
        except Exception as error:  # a full disk, a damaged picture, a library of the host's that lacks something
            log.exception("Clip skip sweep: the images could not be measured")
            record.problems.append(Text("Measures: the images could not be measured ({reason}).", reason=error))
            return None
        said = {str(problem): problem for problem in record.problems}  # what comes from a file is English for good
        record.problems[:] = [said.get(problem, problem) for problem in content["problems"]]
        self.charts = [outcome.folder / chart["file"] for chart in content["charts"]]
        self.findings = content["findings"][self._language]
        return content


def _prepared(outcome: Outcome, beside: Beside) -> Any:
    from .ahead import Ahead  # a second to import, which the WebUI's start need not wait for

    ahead = Ahead(outcome.folder, outcome.record.plan, beside)
    ahead.done_before(entry for entry in outcome.record.cells if entry.state == DONE)
    return ahead


def _warm_up() -> None:
    from .ahead import warm_up

    warm_up()
