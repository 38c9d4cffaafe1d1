"""What decides the pictures of a sweep's rows beside clip skip: by that, an earlier sweep's pictures are known again.

An axis may set anything: so its value is applied to a copy of the request, and what counts is what has changed, not
which axis it was. CFG 7 in "5, 7, 9" changes nothing where the request has CFG 7.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from modules import sd_models, shared

from ..hosts import CHECKPOINT
from ..sweep.plan import Cell, SweepPlan
from .engine import Engine
from .layer_request import ASKED, layer_request_of
from .request import applied

_SPOKEN_FOR = ("override_settings", ASKED)
"""Fields that are looked at by what they come to, with others."""


class _Unknown(Exception):
    """A value that cannot be compared with that of another request."""


def rows_of(engine: Engine, request: Any, plan: SweepPlan) -> dict[tuple[int, int], Hashable]:
    """For each row of a plan, by its places `y` and `z`, in what its request differs from the one that is given, as
    something to compare. A row of which that cannot be known is left out.

    Raises `InvalidInput` for a value that its axis does not take with this request.
    """
    found: dict[tuple[int, int], Hashable] = {}
    for cell in {(cell.y, cell.z): cell for cell in plan.cells()}.values():
        copied, written = applied(engine, request, plan, cell)
        try:
            found[cell.y, cell.z] = (
                _fields(request, copied),
                _options(request, copied, written),
                _plain(layer_request_of(copied, plan).to_json()),
                _by_strangers(plan, cell),
            )
        except _Unknown:
            continue
    return found


def _fields(request: Any, copied: Any) -> frozenset[Hashable]:
    before, now = vars(request), vars(copied)
    names = [name for name in {**before, **now} if name not in _SPOKEN_FOR and not name.startswith("cached_")]
    return frozenset((name, _plain(now.get(name))) for name in names if not _is_same(before.get(name), now.get(name)))


def _options(request: Any, copied: Any, written: dict[str, Any]) -> frozenset[Hashable]:
    """The options that are others for the copy. What a request overrides wins over what an axis wrote."""
    usual, labels = shared.opts.data, shared.opts.data_labels
    found = []
    for key in {**request.override_settings, **copied.override_settings, **written}:
        common = usual.get(key, labels[key].default if key in labels else None)
        before = _meant(key, request.override_settings.get(key, common))
        now = _meant(key, copied.override_settings.get(key, written.get(key, common)))
        if before != now:
            found.append((key, now))
    return frozenset(found)


def _meant(key: str, value: Any) -> Hashable:
    """What an option's value comes to: a checkpoint has several names."""
    checkpoint = sd_models.get_closet_checkpoint_match(value) if key == CHECKPOINT and value else None
    return _plain(value) if checkpoint is None else str(checkpoint.filename)


def _by_strangers(plan: SweepPlan, cell: Cell) -> frozenset[Hashable]:
    """The values of axes that may set what is seen nowhere: two of them are the same only by their names. An axis is
    told all of its values, and looks at the first if at any."""
    return frozenset(
        (axis.axis.label, _plain(axis.values[getattr(cell, letter)]), _plain(axis.values[0]))
        for letter, axis in plan.further_axes()
        if not axis.axis.seen
    )


def _is_same(one: Any, other: Any) -> bool:
    """Whether nothing was changed: a request's copy has lists of its own, with the same things in them."""
    if one is other:
        return True
    if type(one) is type(other) and isinstance(one, list | tuple) and len(one) == len(other):
        return all(_is_same(*pair) for pair in zip(one, other, strict=True))
    if type(one) is type(other) and isinstance(one, dict) and one.keys() == other.keys():
        return all(_is_same(value, other[key]) for key, value in one.items())
    try:
        return _plain(one) == _plain(other)
    except _Unknown:
        return False


def _plain(value: Any) -> Hashable:
    """A value as something to compare; raises `_Unknown`."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return ("list", *map(_plain, value))
    if isinstance(value, dict):
        return ("dict", frozenset((key, _plain(part)) for key, part in value.items()))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(_plain, value)))
    raise _Unknown
