"""A clip skip that changes while a picture is sampled, written as in prompts: `[2:1:0.5]` is 2 until half of the steps,
then 1. A number with a point is a share of the steps, one without is a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .values import Value, is_schedule, schedule_parts


@dataclass(frozen=True)
class Steps:
    """The steps of a pass, by which a host places what a prompt schedules.

    Attributes:
        first: how many the first pass has.
        hires: how many the second pass has, where it is that one; else None.
        old: whether the host's option "use_old_scheduling" is on: a second pass goes by the first one's steps then,
            and only what is below 1 is a share.
    """

    first: int
    hires: int | None = None
    old: bool = False

    @property
    def is_second(self) -> bool:
        """Whether a number is placed in the second pass: shares from 1.0 on, steps after those of the first."""
        return self.hires is not None and not self.old

    @property
    def count(self) -> int:
        """How many there are."""
        return self.hires if self.hires is not None and not self.old else self.first

    def last_before(self, when: str) -> int:
        """The last step before the change; below 1 where the change was before this pass.

        The same rule, to the rounding, as for prompts (AUTOMATIC1111 v1.10.1, modules/prompt_parser.py,
        `get_learned_conditioning_prompt_schedules`).
        """
        value = float(when)
        if self.old:
            value = value * self.count if value < 1 else value
        elif "." in when:
            value = (value - (1.0 if self.is_second else 0.0)) * self.count
        else:
            value -= self.first if self.is_second else 0
        return min(self.count, int(value))


def value_at(value: Value, step: int, steps: Steps) -> Value:
    """The number or average that a value is at a step. A value is one that was read (`values.read_layers`)."""
    while is_schedule(value):
        before, after, when = schedule_parts(str(value))
        value = before if step <= steps.last_before(when) else after
    return _plain(value)


def in_the_middle(value: Value, steps: int) -> Value:
    """What a value is in the middle of this many steps: the sensible one for what has no step."""
    return value_at(value, steps // 2, Steps(steps))


def ends(value: Value, steps: Steps) -> set[int]:
    """The last steps at which a value is what it is, that of the pass among them."""
    if not is_schedule(value):
        return {steps.count}
    before, after, when = schedule_parts(str(value))
    last = steps.last_before(when)
    return {*ends(before, steps), *ends(after, steps), *([last] if last >= 1 else [])}


def values_within(value: Value) -> list[Value]:
    """The numbers and averages that a value is, one after another."""
    if not is_schedule(value):
        return [_plain(value)]
    before, after, _ = schedule_parts(str(value))
    found = [*values_within(before), *values_within(after)]
    return [*(one for one, following in pairwise(found) if one != following), found[-1]]


def _plain(value: Value) -> Value:
    """A number as a number: within a schedule it is text."""
    if not isinstance(value, str):
        return value
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    return value
