"""What is remembered of an answer."""

from __future__ import annotations

from datetime import datetime

from ..models.measured import Measurement
from .answer import Answer
from .question import Question


def measurement(question: Question, answer: Answer, name: str, sha256: str | None, loras: str) -> Measurement:
    """What is remembered of an answer to a question.

    Args:
        question, answer: what was asked and found.
        name, sha256: of the checkpoint.
        loras: those of the question, as `models.measured.normal_loras` writes them.
    """
    best = answer.candidates[0] if answer.candidates else None
    others = [row.worse_by for row in answer.rows if row.clip_skip != best]
    return Measurement(
        name=name,
        sha256=sha256,
        loras=loras,
        vary=question.vary,
        clip_skip=answer.clip_skip,
        candidates=answer.candidates,
        worse_by=round(min(others), 3) if others else None,
        pictures=answer.pictures,
        drawn=answer.drawn,
        time=datetime.now().astimezone().isoformat(timespec="seconds"),
    )
