"""How long pictures took on this machine, for the forecast of a sweep. Knows no host."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .list_file import ListFile, Named

MOST = 200
"""How many kinds of work are remembered, the newest ones."""


@dataclass(frozen=True)
class Speed(Named):
    """How long one kind of work took last.

    Attributes:
        name: the kind of work: what kind of model, which size, how many pictures at once.
        seconds: for each step of a picture.
        time: when, ISO 8601 with seconds.
    """

    seconds: float
    time: str


class Speeds(ListFile[Speed]):
    """What was measured, in `speeds.json`."""

    file_name = "speeds.json"
    list_name = "speeds"
    title = "How long sweeps take"

    def read_item(self, record: Any) -> Speed:
        """See `ListFile.read_item`."""
        if not isinstance(record, dict) or set(record) != set(Speed.__dataclass_fields__):
            raise ValueError("a speed lacks something, or has more")
        seconds = record["seconds"]
        if not isinstance(record["name"], str) or not isinstance(record["time"], str):
            raise ValueError("a name or a time is not text")
        if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
            raise ValueError("the seconds are no number above 0")
        return Speed(record["name"], float(seconds), record["time"])

    def learn(self, work: Mapping[str, float], seconds: float) -> None:
        """Remembers what a sweep took, if it was one kind of work: of several it is not known which took how long.

        Args:
            work: by kind, the steps of all its pictures together.
            seconds: what all of it took.
        """
        if len(work) != 1 or seconds <= 0:
            return
        ((name, steps),) = work.items()
        if steps > 0:
            new = Speed(name, seconds / steps, datetime.now().astimezone().isoformat(timespec="seconds"))
            with self._locked():
                others = [speed for speed in self._read() if speed.name != name]
                self._write([*sorted(others, key=lambda speed: speed.time)[1 - MOST :], new])

    def estimate(self, work: Mapping[str, float]) -> float | None:
        """How many seconds this work will take, None where some of it was never measured. `work` as in `learn`."""
        known = {speed.name: speed.seconds for speed in self.all()}
        if not work or any(name not in known for name in work):
            return None
        return sum(known[name] * steps for name, steps in work.items())
