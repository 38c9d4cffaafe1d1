"""One probing that somebody has started in the tab: a thread of its own, so that the page hears how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modules import shared

from ..errors import InvalidInput, reason_of
from ..hosts import Host
from ..language import Text, translated
from ..probe.answer import Answer
from ..probe.folder import Found
from ..probe.question import Captioned, Progress, Question

log = logging.getLogger("clip_skip_lab")


@dataclass(frozen=True)
class Asked:
    """What somebody wants to know.

    Attributes:
        question: what is asked.
        pictures: looks for them; raises `InvalidInput`. It may take long, so that it is called in the thread.
        draw: how many pictures the model draws at each value, 0 for none.
    """

    question: Question
    pictures: Callable[[], Found]
    draw: int = 0


class Asking:
    """One probing. It begins at once; `wait` waits for news of it.

    Attributes:
        progress: how far it is, None until the host gets to it.
        waits: whether the host was generating when it began.
        answer: what was found; None until then, and where there is a `problem`.
        left_out: pictures that were not asked, and why.
        problem: why there is no answer, a sentence in the user's language.
    """

    def __init__(self, host: Host, asked: Asked):
        self._host, self._asked = host, asked
        self.progress: Progress | None = None
        self.waits = bool(shared.state.job)
        self.answer: Answer | None = None
        self.left_out: Sequence[Text] = ()
        self.problem: str | None = None
        self._is_interrupted = False
        self._thread = threading.Thread(target=self._run, name="clip-skip-lab-asking", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Waits for the end, so long at most. Returns whether it is there."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def interrupt(self) -> None:
        """Ends it as soon as it can be. One that waits for its turn is ended when that comes: until then the host works
        for somebody else."""
        self._is_interrupted = True
        if self.progress is not None and not self.wait(0):
            shared.state.interrupt()

    def _run(self) -> None:
        try:
            found = self._asked.pictures()
            self.left_out = found.left_out
            pictures: Sequence[Captioned] = found.pictures
            self.answer = self._host.trained_with(self._asked.question, pictures, self._watch, self._asked.draw)
        except InvalidInput as error:
            self.problem = error.in_language(self._host.language())
        except Exception as error:  # of the host's own code, all sorts: the page says it
            log.exception("Clip Skip Lab: the weights could not be asked")
            reason = f"{type(error).__name__}: {reason_of(error)}"
            said = Text("The checkpoint could not be measured ({reason}).", reason=reason)
            self.problem = translated(said, self._host.language())

    def _watch(self, progress: Progress) -> None:
        self.progress = progress
        if self._is_interrupted:
            shared.state.interrupt()
