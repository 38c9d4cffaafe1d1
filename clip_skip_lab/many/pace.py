"""How long a sweep over several WebUIs still takes, from when its cells got over."""

from __future__ import annotations

from collections import deque

ARRIVALS_EACH = 4
"""How many batches of each WebUI count: enough to even out their sizes, few enough to forget the first loading."""


class Pace:
    """The pace of all WebUIs together.

    Cells come in batches, the quick WebUI's often and the slow one's seldom, so that a single arrival tells nothing:
    what counts is how many cells got over in the time of the last few arrivals. Seconds are of any clock.

    Args:
        now: when it began.
        over: how many cells were over then, as of a sweep that is resumed.
        webuis: how many WebUIs there are.
    """

    def __init__(self, now: float, over: int, webuis: int) -> None:
        self._webuis = max(1, webuis)
        self._arrivals = deque([(now, over)], maxlen=1 + ARRIVALS_EACH * self._webuis)
        self._came = 0

    def note(self, now: float, over: int) -> None:
        """So many cells are over at this moment."""
        if over > self._arrivals[-1][1]:
            self._arrivals.append((now, over))
            self._came += 1

    def left(self, now: float, total: int) -> float | None:
        """Seconds until all cells are over, None while that cannot be told: before each WebUI can have given
        something."""
        (first, before), (last, over) = self._arrivals[0], self._arrivals[-1]
        if over >= total:
            return 0.0
        if last <= first or (self._came < self._webuis and now - first < 2 * (last - first)):
            return None
        return max(0.0, (total - over) * (last - first) / (over - before) - (now - last))
