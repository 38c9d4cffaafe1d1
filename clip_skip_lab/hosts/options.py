"""Borrowing the host's options: a temporary value lives in a `with`, and what was there is put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ABSENT = object()


@contextmanager
def borrowed(data: dict[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Gives options other values for a while.

    Works on `opts.data` itself: assigning to `opts` would run callbacks, and is refused with --freeze-settings.
    A key that was absent is removed again (None in its place makes every later generation fail), and a value that
    somebody else set in the meantime, such as a person in the header, is left alone.

    Args:
        data: `shared.opts.data`.
        values: the values to put there.
    """
    before = {key: data.get(key, _ABSENT) for key in values}
    data.update(values)
    try:
        yield
    finally:
        for key, value in values.items():
            if data.get(key, _ABSENT) is value or data.get(key, _ABSENT) == value:
                _put(data, key, before[key])


@contextmanager
def kept(data: dict[str, Any], keys: list[str]) -> Iterator[None]:
    """Puts these options back at the end, to what they are now, whoever changed them meanwhile.

    The host restores `override_settings` only for keys that config.json has (AUTOMATIC1111 v1.10.1,
    modules/processing.py, `process_images`); with an older config.json a value would stay for good.
    """
    before = {key: data.get(key, _ABSENT) for key in keys}
    try:
        yield
    finally:
        for key, value in before.items():
            _put(data, key, value)


@contextmanager
def captured(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a dict that holds, after the block, the options that the block wrote; they are put back at once.

    For axes of other extensions that write to `opts` when a value is applied: the caller borrows what was written
    for as long as its cell takes.
    """
    before = dict(data)
    written: dict[str, Any] = {}
    try:
        yield written
    finally:
        for key in {*before, *data}:
            if before.get(key, _ABSENT) != data.get(key, _ABSENT):
                if key in data:
                    written[key] = data[key]
                _put(data, key, before.get(key, _ABSENT))


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    if value is _ABSENT:
        data.pop(key, None)
    else:
        data[key] = value
