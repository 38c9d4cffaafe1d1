"""Reporting of errors that don't stop the host; mirrors modules/errors.py.

Differs: messages go to the logger `modules.errors` (the launcher sends it to stderr with the same "***" marks).
"""

import logging
import sys
import traceback

_log = logging.getLogger(__name__)

exception_records = []
already_displayed = {}


def format_traceback(tb):
    return [[f"{f.filename}, line {f.lineno}, {f.name}", f.line] for f in traceback.extract_tb(tb)]


def format_exception(e, tb):
    return {"exception": str(e), "traceback": format_traceback(tb)}


def record_exception():
    _, e, tb = sys.exc_info()
    if e is not None:
        exception_records.append(format_exception(e, tb))
        del exception_records[:-5]


def report(message: str, *, exc_info: bool = False) -> None:
    record_exception()
    _log.error(message, exc_info=exc_info)


def display(e: Exception, task, *, full_traceback=False):
    record_exception()
    _log.error("%s: %s", task or "error", type(e).__name__, exc_info=e)


def run(code, task):
    try:
        code()
    except Exception as e:
        # The real host passes these two the other way round; the text alone differs.
        display(e, task)
