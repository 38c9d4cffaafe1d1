"""How an error reaches whoever asked for a generation: a client of the API, or a person at the page."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import HTTPException
from modules import processing

from ..errors import InvalidInput
from .engine import Engine

log = logging.getLogger("clip_skip_lab")


def told(request: Any, error: Exception, language: str) -> Exception:
    """What to raise to whoever asked: only this kind passes the host's API as it is (with anyio 4 others become an
    ExceptionGroup in its middleware); the page shows the error's own sentence under the gallery."""
    if isinstance(error, InvalidInput):
        if request.is_api:
            return HTTPException(error.status_code, error.detail)
        error.args = (error.in_language(language),)
    elif request.is_api:
        log.error("Clip skip sweep: failed outside its cells", exc_info=error)
        return HTTPException(500, f"{type(error).__name__}: {error}")
    return error


def failed(engine: Engine, request: Any, error: Exception, language: str) -> processing.Processed:
    """Says why a generation came to nothing: raises what reaches whoever asked, or, where the page would lose it
    (`Engine.loses_errors`), gives a result without pictures that says it."""
    reason = told(request, error, language)
    if request.is_api or not engine.loses_errors:
        raise reason from error
    if isinstance(reason, InvalidInput):
        request.comment(str(reason))
    else:
        log.error("Clip skip: a generation failed", exc_info=reason)
        request.comment(f"{type(reason).__name__}: {reason}")
    return processing.Processed(request, [])
