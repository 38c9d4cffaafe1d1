"""How far a probing is and what it found, as HTML for the tab."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from ..language import Text, capital, counted, translated
from ..probe.answer import Answer, Row
from ..probe.question import Progress
from ..probe.sentences import NOTHING_MEASURED

COLUMNS = (Text("Clip skip"), Text("Worse by"), Text("Interval"), Text("Prediction error"), Text("Images"))


def waiting_html(said: Text, language: str) -> str:
    """What is said before anything is known."""
    return _bar(0, language) + _paragraph(said, language)


def progress_html(progress: Progress, language: str) -> str:
    """A bar, how much is done and left, and what is done at the moment."""
    percent = max(0, min(100, math.floor(100 * progress.share)))
    said = Text("{percent} %", percent=percent)
    if progress.seconds_left is not None:
        said = Text("{done}, at most {time} left", done=said, time=_time(progress.seconds_left))
    return _bar(percent, language) + _paragraph(said, language) + _paragraph(capital(progress.doing), language)


def _bar(percent: int, language: str) -> str:
    label = html.escape(translated(Text("Measuring the checkpoint"), language), quote=True)
    about = f'role="progressbar" aria-label="{label}" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100"'
    return f'<div class="clip-skip-lab-bar" {about}><div style="width: {percent}%"></div></div>'


def answer_html(answer: Answer, left_out: Sequence[Text], language: str) -> str:
    """The sentences, the first one largest, and a row for each clip skip."""
    first, *more = answer.sentences or (NOTHING_MEASURED,)
    said = f'<p class="clip-skip-lab-answer" role="status">{_said(first, language)}</p>'
    more = [*more, *left_out, *(sentence for sentence in answer.left_out if sentence not in left_out)]
    return said + "".join(_paragraph(sentence, language) for sentence in more) + _table(answer, language)


def problem_html(sentence: str) -> str:
    """What is wrong, in the user's language already."""
    return f'<p class="clip-skip-lab-problem" role="alert">{html.escape(sentence)}</p>'


def _table(answer: Answer, language: str) -> str:
    if not answer.rows:
        return ""
    head = "".join(f'<th scope="col">{_said(column, language)}</th>' for column in COLUMNS)
    rows = "".join(_row(row, answer) for row in answer.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row: Row, answer: Answer) -> str:
    is_best = bool(answer.candidates) and row.clip_skip == answer.candidates[0]
    interval = f"{row.low:.1f} – {row.high:.1f} %" if row.has_interval and not is_best else "–"
    worse = "–" if is_best else f"{row.worse_by:.1f} %"
    cells = "".join(f"<td>{cell}</td>" for cell in (worse, interval, f"{row.loss:.4f}", f"{row.pictures:,}"))
    best = ' class="clip-skip-lab-best"' if is_best else ""
    return f'<tr{best}><th scope="row">{row.clip_skip}</th>{cells}</tr>'


def _time(seconds: float) -> Text:
    if seconds < 90:
        return counted(max(1, round(seconds)), "{n} second", "{n} seconds")
    return counted(round(seconds / 60), "{n} minute", "{n} minutes")


def _paragraph(said: Text, language: str) -> str:
    return f"<p>{_said(said, language)}</p>"


def _said(said: str, language: str) -> str:
    return html.escape(translated(said, language))
