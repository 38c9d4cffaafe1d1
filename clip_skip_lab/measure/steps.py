"""At which steps of clip skip a picture changes: from each value to the next one that was swept, in words.

The bounds were found on sweeps of the small models, against what their judge sees (docs/measures.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..language import Text, listed
from .metrics import AREA

Step = dict[str, Any]
"""An entry of `neighbours` in `sweep.json`: from, to, and what changes between them."""

CHANGES = 0.10
"""A picture changes where at least this share of it is clearly of another colour."""
HARDLY = 0.03
"""Under this share it hardly changes; between the two, a little."""
MOST = 1.25
"""The largest change is named where it is this many times the second."""
RUN = 3
"""So many steps in a row are named together."""
NAMED = 6
"""More steps or rows of steps than this are counted, not named."""


@dataclass(frozen=True)
class Steps:
    """The steps that can be compared, ascending, by how much the picture changes at them.

    Attributes:
        changed, little, hardly: see `Step`.
        complete: whether these are all steps.
    """

    changed: list[Step]
    little: list[Step]
    hardly: list[Step]
    complete: bool

    @property
    def known(self) -> list[Step]:
        """All that can be compared, ascending."""
        return sorted([*self.changed, *self.little, *self.hardly], key=lambda step: step["from"])

    @property
    def most(self) -> Step | None:
        """The step that changes clearly more than all others, if there is one and others change too."""
        ordered = sorted(self.changed, key=lambda step: -step[AREA])
        return ordered[0] if len(ordered) > 1 and ordered[0][AREA] >= MOST * ordered[1][AREA] else None


def graded(neighbours: list[Step]) -> Steps:
    """Tells the steps apart.

    Args:
        neighbours: {"from", "to", "changed_area"}, the latter None where nothing can be compared.
    """
    known = [step for step in neighbours if step[AREA] is not None]
    return Steps(
        changed=[step for step in known if step[AREA] >= CHANGES],
        little=[step for step in known if HARDLY <= step[AREA] < CHANGES],
        hardly=[step for step in known if step[AREA] < HARDLY],
        complete=len(known) == len(neighbours),
    )


def step_sentence(steps: Steps, pictures: int, ranked: bool) -> Text | None:
    """Where the picture changes, or None without steps.

    Args:
        steps: see `graded`.
        pictures: at each clip skip, over which the steps are means.
        ranked: whether to say which change is the largest.
    """
    return _on_average(_where_it_changes(steps, ranked), pictures) if steps.known else None


def reference_sentence(steps: Steps, pictures: int) -> Text | None:
    """How far each value is from the reference, for where no step is known; None without one that can be compared.

    Args:
        steps: those from the reference to each other value, see `graded`.
        pictures: at each clip skip, over which they are means.
    """
    if not steps.known:
        return None
    reference, hardly = steps.known[0]["from"], _values(steps.hardly)
    if not steps.changed and not steps.little:
        clause = Text("image hardly differs from clip skip {reference} at {values}", reference=reference, values=hardly)
        return _on_average(clause, pictures)
    if steps.changed:
        changes = Text(
            "differs clearly from clip skip {reference} at {values}", reference=reference, values=_values(steps.changed)
        )
        if steps.little:
            changes = Text("{changes}, a little at {values}", changes=changes, values=_values(steps.little))
    else:
        changes = Text(
            "differs a little from clip skip {reference} at {values}", reference=reference, values=_values(steps.little)
        )
    if steps.hardly:
        return _on_average(Text("image {changes}, and hardly at {values}", changes=changes, values=hardly), pictures)
    return _on_average(Text("image {changes}", changes=changes), pictures)


def _values(steps: list[Step]) -> Text:
    if len(steps) > NAMED:
        return Text("{count} other values", count=len(steps))
    return listed(step["to"] for step in steps)


def _on_average(clause: Text, pictures: int) -> Text:
    if pictures > 1:
        return Text("On average over {pictures} images, the {clause}.", pictures=pictures, clause=clause)
    return Text("The {clause}.", clause=clause)


def _where_it_changes(steps: Steps, ranked: bool) -> Text:
    if len(steps.known) == 1:
        return _single(steps)
    if steps.changed:
        changes, rest = _changes(steps, ranked), _others(steps)
    elif steps.little:
        changes, rest = _little_changes(steps), _hardly(steps)
    elif steps.complete:
        return Text("image hardly changes from one clip skip to the next")
    else:
        return Text("image hardly changes at {steps}", steps=_named(steps.hardly, steps))
    return changes if rest is None else Text("{changes}. It {rest}", changes=changes, rest=rest)


def _single(steps: Steps) -> Text:
    (step,) = steps.known
    before, after = step["from"], step["to"]
    if steps.changed:
        return Text("image changes from clip skip {before} to {after}", before=before, after=after)
    if steps.little:
        return Text("image changes a little from clip skip {before} to {after}", before=before, after=after)
    return Text("image hardly changes from clip skip {before} to {after}", before=before, after=after)


def _changes(steps: Steps, ranked: bool) -> Text:
    if _are_all(steps.changed, steps):
        changes = Text("image changes at every step")
    else:
        changes = Text("image changes at {steps}", steps=_named(steps.changed, steps))
    most = steps.most if ranked else None
    return changes if most is None else Text("{changes}, most at {step}", changes=changes, step=arrow(most))


def _little_changes(steps: Steps) -> Text:
    if _are_all(steps.little, steps):
        return Text("image changes only a little, at every step")
    return Text("image changes only a little, at {steps}", steps=_named(steps.little, steps))


def _are_all(some: list[Step], steps: Steps) -> bool:
    return steps.complete and len(some) == len(steps.known)


def _others(steps: Steps) -> Text | None:
    """What is said of the steps beside those at which the picture changes, or None where there are none."""
    hardly = _hardly(steps)
    if not steps.little:
        return hardly
    if hardly is None and len(steps.little) > 1 and steps.complete:
        return Text("changes a little at the other steps")
    little = _named(steps.little, steps)
    if hardly is None:
        return Text("changes a little at {steps}", steps=little)
    return Text("changes a little at {steps}, and {hardly}", steps=little, hardly=hardly)


def _hardly(steps: Steps) -> Text | None:
    count = len(steps.hardly)
    if not count:
        return None
    if count > 1 and steps.complete:
        if steps.hardly != steps.known[-count:]:
            return Text("hardly changes at the other steps")
        first, last = steps.hardly[0]["from"], steps.hardly[-1]["to"]
        return Text("hardly changes at any step from {first} to {last}", first=first, last=last)
    return Text("hardly changes at {steps}", steps=_named(steps.hardly, steps))


def _named(some: list[Step], steps: Steps) -> Text:
    """`2 → 3, 3 → 4 and each step from 6 to 9`; of many, how many they are."""
    names: list[str] = []
    for run in _runs(some):
        if len(run) < RUN:
            names += map(arrow, run)
        else:
            names.append(Text("each step from {first} to {last}", first=run[0]["from"], last=run[-1]["to"]))
    if len(names) > NAMED:
        return Text("{some} of {count} steps", some=len(some), count=len(steps.known))
    return listed(names)


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    """The steps, those together of which one begins where the one before ends."""
    runs: list[list[Step]] = []
    for step in steps:
        if runs and runs[-1][-1]["to"] == step["from"]:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def arrow(step: Step) -> str:
    """`2 → 3`."""
    return f"{step['from']} → {step['to']}"
