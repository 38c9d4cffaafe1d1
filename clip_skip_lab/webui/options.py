"""Borrowing the host's options: a value for a while, in a `with`, seen by the thread that generates and by no other.

A page that is opened, a client that asks, a save of config.json while a sweep runs: all these come from other threads,
and get what the user set. What the user sets meanwhile goes there too, and counts as soon as the loan is over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ABSENT = object()


class OptionValues(dict):
    """The host's `opts.data`, of which a thread can have values of its own for a while.

    Looking a key up gives the thread's own value where it has one. Going through all of them gives what the user set,
    whoever asks: that is how the host saves them.
    """

    def __init__(self, values: dict[str, Any]):
        super().__init__(values)
        self._thread = threading.local()

    @property
    def layers(self) -> list[_Layer]:
        """The loans of this thread, the innermost last."""
        return vars(self._thread).setdefault("layers", [])

    def look_up(self, key: str, below: _Layer | None = None) -> Any:
        """The value of a key for this thread, or below one of its loans; `_ABSENT` where there is none."""
        layers = self.layers
        for layer in reversed(layers[: layers.index(below)] if below is not None else layers):
            if key in layer.values:
                return layer.values[key]
        return dict.get(self, key, _ABSENT)

    def put(self, key: str, value: Any, below: _Layer | None = None) -> None:
        """Sets a key, or takes it away (`_ABSENT`): in the innermost loan that has it, else for everybody."""
        layers = self.layers
        for layer in reversed(layers[: layers.index(below)] if below is not None else layers):
            if layer.takes_all or key in layer.values:
                layer.values[key] = value
                return
        if value is _ABSENT:
            dict.pop(self, key, None)
        else:
            dict.__setitem__(self, key, value)

    def __getitem__(self, key: str) -> Any:
        value = self.look_up(key)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.look_up(key) is not _ABSENT

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        value = self.look_up(key)
        return default if value is _ABSENT else value

    def __setitem__(self, key: str, value: Any) -> None:
        self.put(key, value)

    def __delitem__(self, key: str) -> None:
        self[key]  # a KeyError, as a dict's
        self.put(key, _ABSENT)

    def pop(self, key: str, *default: Any) -> Any:
        """As a dict's."""
        if key not in self and default:
            return default[0]
        value = self[key]
        self.put(key, _ABSENT)
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        if key not in self:
            self.put(key, default)
        return self[key]

    def update(self, *values: Any, **more: Any) -> None:
        """As a dict's."""
        for key, value in dict(*values, **more).items():
            self.put(key, value)

    def __ior__(self, values: Any) -> OptionValues:  # type: ignore[misc]  # it stays what it is, where dict | dict is a dict
        self.update(values)
        return self

    def copy(self) -> dict[str, Any]:
        """What this thread sees, as a plain dict: another extension may take it, and put it back with `clear` and
        `update` (`unittest.mock.patch.dict`)."""
        keys = [*dict(self), *(key for layer in self.layers for key in layer.values)]
        return {key: self[key] for key in dict.fromkeys(keys) if key in self}

    def clear(self) -> None:
        """As a dict's, for this thread: what is below a loan stays."""
        for key in self.copy():
            self.put(key, _ABSENT)

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return dict, (dict(self),)  # a copy is a plain dict: a thread's loans are nobody else's


class _Layer:
    """The values of one loan; one that `takes_all` gets everything that the thread writes."""

    def __init__(self, values: dict[str, Any], takes_all: bool = False):
        self.values = values
        self.takes_all = takes_all


def lendable(opts: Any) -> None:
    """Lets the values of the host's `opts` be borrowed; to be called once, again does no harm."""
    if not isinstance(opts.data, OptionValues):
        opts.data = OptionValues(opts.data)


@contextmanager
def borrowed(data: OptionValues, values: dict[str, Any]) -> Iterator[None]:
    """Gives options other values for a while, for this thread.

    Works on `opts.data` itself: assigning to `opts` would run callbacks, and is refused with --freeze-settings.
    What the block itself changed of them stays (another extension may mean it so), unless somebody else, such as a
    person in the header, has changed it meanwhile.

    Args:
        data: `shared.opts.data`.
        values: the values to put there.
    """
    with _layer(data, _Layer(dict(values))) as layer:
        before = {key: data.look_up(key, below=layer) for key in values}
        try:
            yield
        finally:
            for key, value in values.items():
                now = layer.values[key]
                if now is not value and now != value and data.look_up(key, below=layer) == before[key]:
                    data.put(key, now, below=layer)


def known(opts: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those of some options that this host has, for `borrowed`."""
    return {key: value for key, value in values.items() if key in opts.data_labels}


@contextmanager
def undone(data: OptionValues, keys: list[str]) -> Iterator[None]:
    """Undoes at the end what the block does to these options; nobody else sees it.

    The host restores `override_settings` only for keys that config.json has (AUTOMATIC1111 v1.10.1,
    modules/processing.py, `process_images`); with an older config.json a value would stay for good.
    """
    with _layer(data, _Layer({key: data.look_up(key) for key in keys})):
        yield


def loans(data: OptionValues) -> dict[str, Any]:
    """What this thread has borrowed at this moment, for `in_this_thread_too`."""
    return {key: value for layer in data.layers for key, value in layer.values.items()}


@contextmanager
def in_this_thread_too(data: OptionValues, borrowed_elsewhere: dict[str, Any]) -> Iterator[None]:
    """Gives this thread what another one has borrowed (`loans`), which has it do part of its work."""
    with _layer(data, _Layer(dict(borrowed_elsewhere))):
        yield


@contextmanager
def captured(data: OptionValues) -> Iterator[dict[str, Any]]:
    """Yields a dict that holds, after the block, the options that the block changed; nobody else sees them.

    For axes of other extensions that write to `opts` when a value is applied: the caller borrows what was written
    for as long as its cell takes.
    """
    written: dict[str, Any] = {}
    with _layer(data, _Layer({}, takes_all=True)) as layer:
        yield written
        for key, value in layer.values.items():
            if value is not _ABSENT and value != data.look_up(key, below=layer):
                written[key] = value


@contextmanager
def _layer(data: OptionValues, layer: _Layer) -> Iterator[_Layer]:
    data.layers.append(layer)
    try:
        yield layer
    finally:
        data.layers.remove(layer)
