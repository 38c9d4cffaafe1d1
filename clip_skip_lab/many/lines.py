"""How far a sweep is, for a program that started the command: JSON objects on standard output, one on each line.

`{"event": "began", "folder", "total", "done", "webuis"}`, `"cells"` with `over`, `total`, `done`, `failed` and
`seconds_left` (null where it cannot be told), `"webui"` with `url` and `state`, `"measuring"` with `done` and `count`,
`"said"` with `sentence`, `"ended"` with `report` (`for_page`, clip_skip_lab/sweep/summary.py). Lines that are no object
are sentences, too: why it could not begin.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..language import translated
from ..sweep.outcome import Outcome
from ..sweep.summary import for_page, one_line
from .pace import Pace
from .progress import Progress
from .terminal import LONGEST


class Lines(Progress):
    """See above."""

    def began(self, folder: Path, total: int, done: int, webuis: Sequence[str]) -> None:
        """See `Watch`."""
        with self._lock:
            self._pace = Pace(time.monotonic(), done, len(webuis))
            self._tell("began", folder=str(folder), total=total, done=done, webuis=list(webuis))

    def cells_over(self, over: int, total: int, done: int, failed: int) -> None:
        """See `Watch`."""
        with self._lock:
            now = time.monotonic()
            self._pace.note(now, over)
            left = self._pace.left(now, total)
            self._tell("cells", over=over, total=total, done=done, failed=failed, seconds_left=left)

    def webui(self, url: str, state: str) -> None:
        """See `Watch`."""
        self._tell("webui", url=url, state=state)

    def measuring(self, done: int, count: int) -> None:
        """See `Watch`."""
        self._tell("measuring", done=done, count=count)

    def said(self, sentence: str) -> None:
        """See `Watch`."""
        self._tell("said", sentence=one_line(translated(sentence, self._language), LONGEST))

    def ended(self, outcome: Outcome) -> None:
        """How it ended, as a WebUI's page shows it."""
        found = outcome.measured["findings"][self._language] if outcome.measured else []
        self._tell("ended", report=for_page(outcome.record, str(outcome.folder), found, self._language))

    def _tell(self, event: str, **parts: Any) -> None:
        with self._lock:
            self._write(json.dumps({"event": event, **parts}))


def stop_at_the_end_of_input(stop: threading.Event) -> None:
    """Sets `stop` when standard input is closed: whoever started the command wants it to end, or is no more."""

    def wait() -> None:
        # Not by `sys.stdin`, whose lock a thread that waits would hold when Python ends.
        number = sys.stdin.fileno()
        while os.read(number, 4096):
            continue
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
