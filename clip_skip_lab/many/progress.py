"""What a person sees while a sweep runs: lines that renew themselves in a terminal, and plain ones in a log."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..language import Text, counted, translated
from ..page.files import PAGE
from ..sweep.summary import about, one_line
from .pace import Pace
from .terminal import LONGEST
from .watch import LOST, OUT, WAITS, WORKS

if TYPE_CHECKING:
    from rich.console import RenderableType

LOG_SECONDS = 30.0
"""Between two lines of a log that say how far it is."""

SHOW_CURSOR = b"\x1b[?25h\n"

STATES = {
    WORKS: Text("generating"),
    WAITS: Text("waiting"),
    LOST: Text("cannot be reached"),
    OUT: Text("no longer used"),
}
STYLES = {WORKS: "green", LOST: "red", OUT: "red"}


class Progress:
    """How far a sweep is, as a `Watch` is told it, from any thread; this one writes plain lines, for a log.

    Args:
        language: what it speaks.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._lock = threading.RLock()
        self._webuis: dict[str, str] = {}
        self._over = self._total = self._failed = 0
        self._measured: tuple[int, int] | None = None
        self._pace = Pace(time.monotonic(), 0, 1)
        self._written = float("-inf")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def asking(self, count: int) -> None:
        """So many WebUIs are asked what they make of it, which may take as long as loading a model."""
        self.said(Text("Asking {webuis} …", webuis=_webuis(count)))

    def began(self, folder: Path, total: int, done: int, webuis: Sequence[str]) -> None:
        """See `Watch`."""
        with self._lock:
            self._webuis = dict.fromkeys(webuis, WAITS)
            self._over, self._total = done, total
            self._pace = Pace(time.monotonic(), done, len(webuis))
        self.said(Text("Page: {path}", path=folder / PAGE))
        self.said(Text("{cells} on {webuis}.", cells=self._cells(), webuis=_webuis(len(webuis))))

    def cells_over(self, over: int, total: int, done: int, failed: int) -> None:
        """See `Watch`."""
        with self._lock:
            self._over, self._total, self._failed = over, total, failed
            self._pace.note(time.monotonic(), over)
            self._changed(is_last=over >= total)

    def webui(self, url: str, state: str) -> None:
        """See `Watch`."""
        with self._lock:
            self._webuis[url] = state

    def measuring(self, done: int, count: int) -> None:
        """See `Watch`."""
        with self._lock:
            self._measured = done, count
            self._changed(is_last=False)

    def said(self, sentence: str) -> None:
        """See `Watch`."""
        with self._lock:
            self._write(one_line(translated(sentence, self._language), LONGEST))

    def left_at_once(self) -> None:
        """Puts the terminal right where nothing else can be done any more; for a handler of signals."""

    def _write(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _changed(self, is_last: bool) -> None:
        """Something is further; writes a line where the last one is long ago."""
        now = time.monotonic()
        if is_last or now - self._written >= LOG_SECONDS:
            self._written = now
            self.said(self._line())

    def _cells(self) -> Text:
        return counted(self._total - self._over, "{n} cell", "{n} cells")

    def _line(self) -> Text:
        """How far it is, in one line."""
        if self._measured is not None:
            done, count = self._measured
            return Text("measuring cell {number} of {count}", number=min(done + 1, count), count=count)
        line = Text("{done} of {count} cells", done=self._over, count=self._total)
        if self._failed:
            line = Text("{line} · {time}", line=line, time=Text("{failed} failed", failed=self._failed))
        left = self._pace.left(time.monotonic(), self._total)
        if left is not None and self._over < self._total:
            line = Text("{line} · {time}", line=line, time=Text("{time} left", time=about(left)))
        return line


class Terminal(Progress):
    """The same in a terminal: sentences go up, and below them stay how far it is and what each WebUI does."""

    def __init__(self, language: str) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(language)
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console, get_renderable=self._drawn, refresh_per_second=4, transient=True, screen=False
        )

    def __enter__(self) -> Terminal:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def left_at_once(self) -> None:
        """See `Progress`."""
        os.write(sys.stdout.fileno(), SHOW_CURSOR)

    def _write(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)

    def _changed(self, is_last: bool) -> None:
        """It is drawn anew four times a second anyway, as the time that is left goes down by itself."""

    def _drawn(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text as Drawn

        with self._lock:
            if not self._total:
                return Drawn("")
            done, count = self._measured or (self._over, self._total)
            whole = Table.grid(padding=(0, 2))
            whole.add_row(
                ProgressBar(total=max(1, count), completed=done, width=30),
                Drawn(translated(self._line(), self._language), no_wrap=True, overflow="ellipsis"),
            )
            for url, state in self._webuis.items():
                said = translated(STATES.get(state, state), self._language)
                name = Drawn(one_line(url, 60), overflow="ellipsis", no_wrap=True)
                whole.add_row(name, Drawn(said, style=STYLES.get(state, "")))
            return whole


def _webuis(count: int) -> Text:
    return counted(count, "{n} WebUI", "{n} WebUIs")


def progress_for(language: str) -> Progress:
    """The one that fits where standard output goes."""
    return Terminal(language) if sys.stdout.isatty() else Progress(language)
