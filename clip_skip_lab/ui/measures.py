"""Measuring a sweep that has just run, for the gallery and the lines under it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from ..language import Text
from ..sweep.folder import read_record, write_record
from ..sweep.outcome import Outcome
from ..sweep.session import Session

log = logging.getLogger("clip_skip_lab")


@dataclass(frozen=True)
class Measured:
    """What measuring gave: the charts' files, and the findings in the page's language."""

    charts: list[Path] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def measure_sweep(outcome: Outcome, session: Session, language: str) -> Measured:
    """Measures a sweep from its folder. What goes wrong is a sentence among its problems: the sweep is not lost."""
    record = outcome.record
    try:
        from ..measure.folder import measure_folder  # a second to import, which the WebUI's start need not wait for

        content = measure_folder(outcome.folder, session.goes_on_measuring, language, session.style.font)
    except Exception as error:  # a full disk, a damaged picture, a library of the host's that lacks something
        log.exception("Clip skip sweep: the pictures could not be measured")
        record.problems.append(Text("Measures: the pictures could not be measured ({reason}).", reason=error))
        _write_problems(outcome)
        return Measured()
    said = {str(problem): problem for problem in record.problems}  # what comes from `sweep.json` is English for good
    record.problems[:] = [said.get(problem, problem) for problem in content["problems"]]
    charts = [outcome.folder / chart["file"] for chart in content["charts"]]
    return Measured(charts, content["findings"][language])


def _write_problems(outcome: Outcome) -> None:
    try:
        write_record(outcome.folder, {**read_record(outcome.folder), "problems": outcome.record.problems})
    except (OSError, ValueError):
        log.exception("Clip skip sweep: sweep.json could not be written")
