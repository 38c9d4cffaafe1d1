"""What a probing found, for the API, the page and the memory of checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ..language import Text


@dataclass(frozen=True)
class Row:
    """One clip skip.

    Attributes:
        clip_skip: the value.
        loss: mean squared error of the predicted noise (or v), over pictures, time steps and noises.
        worse_by: by how many percent its loss is above that of the best value, the middle of the pictures.
        low, high: the interval of `worse_by`; both 0 for the best value, infinite where there are too few pictures.
        pictures: how many were measured at it; fewer where it was clearly worse.
    """

    clip_skip: int
    loss: float
    worse_by: float
    low: float
    high: float
    pictures: int

    @property
    def has_interval(self) -> bool:
        """Whether there are pictures enough for one."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def to_json(self) -> dict[str, Any]:
        """As the API gives it; what isn't known, as the ends of an interval of too few pictures, is None."""
        return {key: value if math.isfinite(value) else None for key, value in vars(self).items()}


@dataclass(frozen=True)
class Answer:
    """The answer.

    Attributes:
        clip_skip: the value with which the checkpoint was trained; None while undecided.
        candidates: the values that the pictures don't tell apart, the best first; one where it is decided.
        rows: by clip skip; empty where nothing was measured.
        pictures: how many were measured.
        predictions: how many pictures of noise the network predicted.
        seconds: how long it took.
        model: its "name" and "hash".
        sentences: the answer for a person, the first one what was found.
        interrupted: whether somebody stopped it.
        drawn: whether the model drew the pictures itself, which is weaker evidence.
        left_out: pictures that were not asked, and why, as sentences.
    """

    clip_skip: int | None
    candidates: tuple[int, ...]
    rows: tuple[Row, ...]
    pictures: int
    predictions: int
    seconds: float
    model: dict[str, str]
    sentences: tuple[Text, ...]
    interrupted: bool = False
    drawn: bool = False
    left_out: tuple[Text, ...] = field(default=())

    @property
    def decided(self) -> bool:
        """Whether every other value is worse beyond its interval."""
        return self.clip_skip is not None

    def to_json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "decided": self.decided,
            "clip_skip": self.clip_skip,
            "candidates": list(self.candidates),
            "rows": [row.to_json() for row in self.rows],
            "pictures": self.pictures,
            "predictions": self.predictions,
            "seconds": round(self.seconds, 3),
            "model": self.model,
            "sentences": [str(sentence) for sentence in (*self.sentences, *self.left_out)],
            "interrupted": self.interrupted,
            "drawn": self.drawn,
        }
