"""What a page shows of an error where the host would show nothing of it."""

from __future__ import annotations

import logging
from typing import Any

from modules import processing

from ..errors import InvalidInput
from .engine import Engine

log = logging.getLogger("clip_skip_lab")


def shown(engine: Engine, request: Any, error: Exception) -> processing.Processed:
    """Says on the page why a generation came to nothing: by raising the error, or, where that would be lost
    (`Engine.loses_errors`), by a result without pictures."""
    if not engine.loses_errors:
        raise error
    if isinstance(error, InvalidInput):
        request.comment(str(error))
    else:
        log.error("Clip skip: a generation failed", exc_info=error)
        request.comment(f"{type(error).__name__}: {error}")
    return processing.Processed(request, [])
