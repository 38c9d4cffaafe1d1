"""What the two generations of gradio in the family (3.41 and 4.40) do differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

IS_4 = int(gr.__version__.partition(".")[0]) >= 4

RESULT = "generation_info" if IS_4 else "html_log"
"""The component under a gallery, by the beginning of its id, whose `change` tells of new pictures.

gradio 3 tells of no change of what is hidden, as the infotexts are. gradio 4 tells of one of an HTML whenever an event
has changed anything on the page, so that an event of ours at the line of the log would call itself without end.
"""

ANY_NUMBER_AT_ONCE: dict[str, Any] = {"concurrency_limit": None} if IS_4 else {}
"""For an event that takes long and that several pages may start: gradio 4 would let the second one wait without a word,
gradio 3 has threads for all of the host's events together."""


def in_browser(
    event: Callable[..., Any], script: str, inputs: list[Any] | None = None, outputs: list[Any] | None = None
) -> None:
    """Runs a function of the page's scripts at an event, without asking the host."""
    event(fn=None, inputs=inputs or [], outputs=outputs or [], **before(script))


def before(script: str) -> dict[str, Any]:
    """For an event: runs a function of the page's scripts first, whose answers are its inputs."""
    return {"js" if IS_4 else "_js": script}
