"""The phases of a generation in which layer requests ask for one thing each, and the conditioning of all as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..sweep.layer_request import LayerRequest
from ..sweep.schedule import Steps, ends, in_the_middle, value_at, values_within
from ..sweep.values import Value, is_schedule
from .facts import Encoder
from .selection import LayerChoice, choice_for

FIELDS = ("value", "negative", "clip_l", "big_g")
"""The fields of a layer request that may hold a schedule."""


def is_scheduled(asked: LayerRequest) -> bool:
    """Whether one of its values changes while a picture is sampled."""
    return any(map(is_schedule, _values(asked).values()))


def phases_of(asked: LayerRequest, negative: bool, steps: Steps) -> list[tuple[int, LayerRequest]]:
    """What is asked from phase to phase: each phase's last step, and a request without schedules.

    Args:
        asked: what is asked for the whole generation.
        negative: whether it is for a negative prompt: then its own value makes the phases, if there is one, else the
            others do.
        steps: those of the pass.
    """
    own = negative and asked.negative is not None  # which comes before all others, see `choice_for`
    deciding = [value for field, value in _values(asked).items() if (field == "negative") == own]
    found: list[tuple[int, LayerRequest]] = []
    for end in sorted({steps.count, *(end for value in deciding for end in ends(value, steps))}):
        plain = _each_value(asked, partial(value_at, step=end, steps=steps))
        if found and found[-1][1] == plain:
            found.pop()
        found.append((end, plain))
    return found


def settled(asked: LayerRequest, steps: int) -> LayerRequest:
    """What is asked in the middle of this many steps: the sensible one for what has no step."""
    return _each_value(asked, partial(in_the_middle, steps=steps))


def requests_within(asked: LayerRequest) -> list[LayerRequest]:
    """Requests without schedules, in which each value that occurs in this one occurs, in its order."""
    most = max((len(values_within(value)) for value in _values(asked).values()), default=1)
    return [_each_value(asked, partial(_at, place=place)) for place in range(most)]


def choices_in_turn(
    asked: LayerRequest, kind: str, encoder: Encoder, negative: bool, setting: int
) -> list[LayerChoice]:
    """What an encoder gives from phase to phase, see `choice_for`; nothing where the host's own selection stays."""
    found: list[LayerChoice] = []
    for plain in requests_within(asked):
        choice = choice_for(plain, kind, encoder, negative, setting)
        if choice is not None and choice not in found[-1:]:
            found.append(choice)
    return found


def _at(value: Value, place: int) -> Value:
    values = values_within(value)
    return values[min(place, len(values) - 1)]


def _values(asked: LayerRequest) -> dict[str, Value]:
    return {field: value for field in FIELDS if (value := getattr(asked, field)) is not None}


def _each_value(asked: LayerRequest, change: Callable[[Value], Value]) -> LayerRequest:
    changed: dict[str, Any] = {field: change(value) for field, value in _values(asked).items()}
    return replace(asked, **changed)


def merged(phases: Sequence[tuple[int, Sequence[Any]]]) -> list[Any]:
    """One schedule of conditioning from that of each phase; each gives the steps after the phase before.

    Args:
        phases: the last step of each, ascending, and the schedule that holds in it: the host's entries, a named tuple
            with `end_at_step`, of which the first holds whose end is not before a step (modules/prompt_parser.py,
            `reconstruct_cond_batch`).
    """
    found: list[Any] = []
    begin = 0
    for last, schedule in phases:
        for entry in schedule:
            if entry.end_at_step <= begin:
                continue
            found.append(entry._replace(end_at_step=min(entry.end_at_step, last)))
            if entry.end_at_step >= last:
                break
        begin = last
    return found
