"""Hooks on the host's classes and objects, for the time of a `with` block; the only way in which we hook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any


@contextmanager
def shadowed(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Gives a class, a module or an object another attribute for the time of the block."""
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is not None:
            setattr(owner, name, before)
        elif name in vars(owner):
            delattr(owner, name)


@contextmanager
def hooked(target: Any, name: str, hook: Callable) -> Iterator[None]:
    """Calls `hook(original, …)` in the place of a method of one object, for the time of the block.

    The hook hangs on the object's class and knows the object: what copies it, as a detailer copies request and script
    runner, doesn't copy the hook. Only where another extension has hung a method on the object itself, ours goes there.
    """
    if name in vars(target):
        with shadowed(target, name, partial(hook, vars(target)[name])):
            yield
        return
    original = getattr(type(target), name)

    @wraps(original, assigned=(), updated=())  # tells what is below the hook, and stays this file's own
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self is not target:
            return original(self, *args, **kwargs)
        return hook(partial(original, self), *args, **kwargs)

    with shadowed(type(target), name, method):
        yield
