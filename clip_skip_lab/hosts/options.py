"""Borrowing the host's options: a temporary value lives in a `with`, and what was there is put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
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
def kept(data: dict[str, Any], keys: list[str], meanwhile: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Puts these options back at the end, to what they are now, or to what `meanwhile` has for them.

    The host restores `override_settings` only for keys that config.json has (AUTOMATIC1111 v1.10.1,
    modules/processing.py, `process_images`); with an older config.json a value would stay for good.
    """
    before = {key: data.get(key, _ABSENT) for key in keys}
    try:
        yield
    finally:
        for key, value in before.items():
            _put(data, key, (meanwhile or {}).get(key, value))


@contextmanager
def noting_changes(opts: Any) -> Iterator[dict[str, Any]]:
    """Yields a dict of the options that other threads set during the block: a person in the header, an API client.

    It shadows `opts.set`, through which both go (AUTOMATIC1111 v1.10.1, modules/options.py). For a checkpoint that
    call returns only when the running generation is over, so a change is noted before it is made.
    """
    own, original = threading.get_ident(), opts.set
    noted: dict[str, Any] = {}

    def set_and_note(key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        if threading.get_ident() == own:
            return original(key, value, *args, **kwargs)
        earlier = dict(noted)
        noted[key] = value
        changed = original(key, value, *args, **kwargs)
        if not changed and noted.get(key) is value:  # refused, or what was there already
            _put(noted, key, earlier.get(key, _ABSENT))
        return changed

    vars(opts)["set"] = set_and_note
    try:
        yield noted
    finally:
        if vars(opts).get("set") is set_and_note:
            del vars(opts)["set"]


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
