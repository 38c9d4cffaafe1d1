"""At which steps of clip skip a picture changes: from each value to the next one that was swept, in words.

The bounds were found on sweeps of the small models, against what their judge sees (docs/measures.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from .definitions import AREA
from .phrases import Said, listed, spaced

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
        changed, little, hardly: entries of `neighbours` in `sweep.json`.
        complete: whether these are all steps.
    """

    changed: list[dict]
    little: list[dict]
    hardly: list[dict]
    complete: bool

    @property
    def known(self) -> list[dict]:
        """All that can be compared, ascending."""
        return sorted([*self.changed, *self.little, *self.hardly], key=lambda step: step["from"])

    @property
    def most(self) -> dict | None:
        """The step that changes clearly more than all others, if there is one and others change too."""
        ordered = sorted(self.changed, key=lambda step: -step[AREA])
        return ordered[0] if len(ordered) > 1 and ordered[0][AREA] >= MOST * ordered[1][AREA] else None


def graded(neighbours: list[dict]) -> Steps:
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


def step_sentence(steps: Steps, pictures: int, ranked: bool) -> Said | None:
    """Where the picture changes, or None without steps.

    Args:
        steps: see `graded`.
        pictures: at each clip skip, over which the steps are means.
        ranked: whether to say which change is the largest.
    """
    if not steps.known:
        return None
    return _on_average(_sentence(steps, ranked), pictures)


def reference_sentence(steps: Steps, pictures: int) -> Said | None:
    """How far each value is from the reference, for where no step is known; None without one that can be compared.

    Args:
        steps: those from the reference to each other value, see `graded`.
        pictures: at each clip skip, over which they are means.
    """
    english, japanese = [], []
    for some, how in ((steps.changed, _CLEARLY), (steps.little, _LITTLE), (steps.hardly, _HARDLY)):
        if some:
            where = _values(some)
            start = f"{how[0]} from {some[0]['from']}" if not english else how[1]
            english.append(f"{start} to {where[0]}")
            japanese.append(spaced(where[1], how[3] if japanese else how[2]))
    if not english:
        return None
    reference = (steps.changed or steps.little or steps.hardly)[0]["from"]
    said = spaced(reference, "と比べて、") + "、".join(japanese) + ("" if steps.hardly else "ます")
    return _on_average(("picture " + "; ".join(english), said), pictures)


_CLEARLY = "changes clearly", "clearly", "では画像がはっきり変わり", "ではっきり変わり"
_LITTLE = "changes a little", "a little", "では画像が少し変わり", "では少し変わり"
_HARDLY = "hardly changes", "hardly", "では画像はほとんど変わりません", "ではほとんど変わりません"


def _values(some: list[dict]) -> Said:
    if len(some) > NAMED:
        return f"{len(some)} other values", f"ほかの {len(some)} 個の値"
    return listed(step["to"] for step in some)


def _on_average(said: Said, pictures: int) -> Said:
    english, japanese = said
    if pictures > 1:
        return (
            f"On average over {pictures} pictures, the {english}.",
            f"{pictures} 枚の平均では、{japanese}。",
        )
    return f"The {english}.", f"{japanese}。"


def _sentence(steps: Steps, ranked: bool) -> Said:
    if len(steps.known) == 1:
        return _single(steps)
    if steps.changed:
        said, rest = _changes(steps, ranked), _others(steps)
    elif steps.little:
        where = _named(steps.little, steps)[0]
        said, rest = (f"picture changes only a little, at {where}", _where(steps.little, steps, "少し")), _hardly(steps)
    elif not steps.complete:
        english, japanese = _named(steps.hardly, steps)
        return f"picture hardly changes at {english}", spaced(japanese, "では、画像はほとんど変わりません")
    else:
        english = "picture hardly changes from one clip skip to the next"
        return english, "隣り合う Clip skip の間で、画像はほとんど変わりません"
    return said if rest is None else (f"{said[0]}; {rest[0]}", f"{said[1]}。{rest[1]}")


def _single(steps: Steps) -> Said:
    (step,) = steps.known
    one, other = step["from"], step["to"]
    pair = spaced(one, "と", other, "で画像")
    if steps.changed:
        return f"picture changes from {one} to {other}", f"{pair}が変わります"
    if steps.little:
        return f"picture changes a little from {one} to {other}", f"{pair}が少し変わります"
    return f"picture hardly changes from {one} to {other}", f"{pair}はほとんど変わりません"


def _changes(steps: Steps, ranked: bool) -> Said:
    english = _named(steps.changed, steps)[0]
    most = steps.most if ranked else None
    largest = ("", "") if most is None else (f", most at {_arrow(most)}", f"（最大は {_arrow(most)}）")
    return (
        f"picture changes at {english}{largest[0]}",
        _where(steps.changed, steps) + largest[1],
    )


def _where(some: list[dict], steps: Steps, how: str = "") -> str:
    """In Japanese, at which steps the picture changes."""
    if _are_all(some, steps):
        return f"どの段階でも画像が{how}変わります"
    return spaced(f"画像が{how}変わるのは", _named(some, steps)[1], "です")


def _are_all(some: list[dict], steps: Steps) -> bool:
    return steps.complete and len(some) == len(steps.known)


def _others(steps: Steps) -> Said | None:
    """What is said of the steps beside those at which the picture changes, or None where there are none."""
    hardly = _hardly(steps)
    if not steps.little:
        return hardly
    if hardly is None and len(steps.little) > 1 and steps.complete:
        return "a little between the others", "ほかの段階では少し変わります"
    english, japanese = _named(steps.little, steps)
    if hardly is None:
        return f"a little at {english}", spaced(japanese, "では少し変わります")
    return f"a little at {english}; {hardly[0]}", spaced(japanese, "では少し変わり") + f"、{hardly[1]}"


def _hardly(steps: Steps) -> Said | None:
    count = len(steps.hardly)
    if not count:
        return None
    if count > 1 and steps.complete:
        if steps.hardly != steps.known[-count:]:
            return "hardly between the others", "ほかの段階ではほとんど変わりません"
        one, other = steps.hardly[0]["from"], steps.hardly[-1]["to"]
        where = spaced(one, "から", other, "までの各段階ではほとんど変わりません")
        return f"hardly at each step from {one} to {other}", where
    english, japanese = _named(steps.hardly, steps)
    return f"hardly at {english}", spaced(japanese, "ではほとんど変わりません")


def _named(some: list[dict], steps: Steps) -> Said:
    """`2 → 3, 3 → 4 and each step from 6 to 9`; of many, how many they are."""
    count = len(steps.known)
    if _are_all(some, steps):
        return "every step", "すべての段階"
    english, japanese = [], []
    for run in _runs(some):
        if len(run) < RUN:
            english += map(_arrow, run)
            japanese += map(_arrow, run)
        else:
            english.append(f"each step from {run[0]['from']} to {run[-1]['to']}")
            japanese.append(spaced(run[0]["from"], "から", run[-1]["to"], "までの各段階"))
    if len(english) > NAMED:
        return f"{len(some)} of {count} steps", f"{count} 段階のうち {len(some)} 段階"
    return listed(english)[0], listed(japanese)[1]


def _runs(steps: list[dict]) -> list[list[dict]]:
    """The steps, those together of which one begins where the one before ends."""
    runs: list[list[dict]] = []
    for step in steps:
        if runs and runs[-1][-1]["to"] == step["from"]:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _arrow(step: dict) -> str:
    return f"{step['from']} → {step['to']}"
