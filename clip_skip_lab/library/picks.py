"""Which values of clip skip a person chose, over all sweeps of a checkpoint or of a LoRA.

What counts. A value was offered by a sweep where one of its cells with this value is done, and chosen where such a cell
is among the picks or has won a finished blind comparison. Where there are no picks, only what was compared blindly was
offered: the page's filter may have hidden the rest. A sweep counts once for each value, however many of its cells were
picked, and only where it offered two values at least and one of them was chosen. A sweep and the one that extends it
are one question, as they share pictures. It counts once, as it was answered last; what any of them offered was offered.

How sure. The questions are independent, and in each a value is chosen or not: so Clopper and Pearson's interval (1934)
holds the share in which it is chosen at least 95 times of 100. It does so also where that share differs from question
to question, as then the counts vary less than a binomial's (Hoeffding 1956).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple, TypeVar

from ..errors import encodable
from ..sweep.axes import AXIS_NAME
from ..sweep.record import DONE
from ..sweep.schema import HIGHEST, check_schema
from .checkpoints import Checkpoint, Checkpoints, first_of_line
from .judged import Judged
from .made_with import MadeWith, made_with

Value = int | float | str
"""A value of clip skip as a sweep's axis has it: whole, a fraction, an average, a schedule."""

_Subject = TypeVar("_Subject", bound=Hashable)

DOUBT = 0.05
FEWEST = 5
"""Questions in which a value was offered, before anything is said of it."""

LONGEST_VALUE = 100


@dataclass(frozen=True)
class Choice:
    """What a sweep offered with one checkpoint and the same LoRAs, and what of it was chosen.

    Attributes:
        sweep: its id.
        extends: the id of the sweep that it extends, "" for none.
        made: when it was, ISO 8601.
        checkpoint, hash, loras: what the cells were made with.
        offered, chosen: values of clip skip, ascending, those that are texts last.
    """

    sweep: str
    extends: str
    made: str
    checkpoint: str
    hash: str
    loras: tuple[str, ...]
    offered: tuple[Value, ...]
    chosen: tuple[Value, ...]


@dataclass(frozen=True)
class Preferred:
    """A value, in how many questions it was offered and chosen, and between which shares (0 to 1) it is chosen, with
    95 % confidence.

    `is_telling` is whether it is chosen more often than somebody would who picks as many values at random.
    """

    clip_skip: Value
    offered: int
    chosen: int
    low: float
    high: float
    is_telling: bool


# --- One sweep ------------------------------------------------------------------------------------------------------


def choices_of(content: dict[str, Any], judged: Judged) -> list[Choice]:
    """What of a sweep was chosen: nothing where nothing was, or where its `sweep.json` is none."""
    chosen = {*judged.picks, *([] if judged.winner is None else [judged.winner])}
    compared = {place for vote in judged.votes for place in (vote.a, vote.b)}
    try:
        check_schema(content)
    except ValueError:
        return []
    groups: dict[MadeWith, tuple[set[Value], set[Value]]] = {}
    for place, cell in enumerate(content["cells"]):
        value = _value(cell["values"][AXIS_NAME])
        if cell["state"] == DONE and value is not None and (judged.picks or place in compared):
            offered, taken = groups.setdefault(made_with(content, cell), (set(), set()))
            offered.add(value)
            if place in chosen:
                taken.add(value)
    if not any(taken for _, taken in groups.values()):
        return []
    sweep, extends, made = (encodable(str(content.get(key) or "")) for key in ("id", "extends", "created"))
    return [
        Choice(sweep, extends, made, *_encodable(by), _ordered(offered), _ordered(taken))
        for by, (offered, taken) in groups.items()
    ]


def _ordered(values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=_order))


def _encodable(made: MadeWith) -> tuple[str, str, tuple[str, ...]]:
    return encodable(made.checkpoint), encodable(made.hash), tuple(map(encodable, made.loras))


def _value(given: Any) -> Value | None:
    """A value, 2 and 2.0 alike; None for what can be none."""
    if isinstance(given, str):
        return given if len(given) <= LONGEST_VALUE and given.isprintable() else None
    if not isfinite(given) or not 0 < given <= HIGHEST:
        return None
    return int(given) if given == int(given) else float(given)


def _order(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")


def to_json(choices: Iterable[Choice]) -> list[dict[str, Any]]:
    """Choices as an index keeps them."""
    return [asdict(choice) for choice in choices]


def from_json(kept: Any) -> list[Choice]:
    """The choices that `to_json` gave. Raises `ValueError` for what it didn't."""
    try:
        found = [Choice(**{**entry, **{key: tuple(entry[key]) for key in _LISTS}}) for entry in kept]
    except (TypeError, KeyError) as error:
        raise ValueError("it holds no choices") from error
    if not all(_is_kept(choice) for choice in found):
        raise ValueError("it holds no choices")
    return found


_LISTS = ("loras", "offered", "chosen")


def _is_kept(choice: Choice) -> bool:
    texts = [getattr(choice, key) for key in Choice.__dataclass_fields__ if key not in _LISTS]
    values = [*choice.offered, *choice.chosen]
    return all(isinstance(text, str) for text in (*texts, *choice.loras)) and all(
        isinstance(value, int | float | str) and not isinstance(value, bool) and _value(value) == value
        for value in values
    )


# --- All sweeps -----------------------------------------------------------------------------------------------------


class Question(NamedTuple):
    """One question: the values that were offered, and those of them that were chosen."""

    offered: set[Value]
    chosen: set[Value]


class Choices:
    """The choices of all sweeps, to be asked about one checkpoint or LoRA."""

    def __init__(self, choices: Iterable[Choice]):
        self._choices = sorted(choices, key=lambda choice: (choice.made, choice.sweep))
        self._named = Checkpoints((choice.checkpoint, choice.hash) for choice in self._choices)
        self._extends = {choice.sweep: choice.extends for choice in self._choices if choice.extends}

    @cached_property
    def checkpoints(self) -> list[dict[str, Any]]:
        """Every checkpoint with something chosen, [{"name", "hash", "sweeps"}], by name; one that was renamed under its
        last name."""
        last = {self._key(choice): choice.checkpoint for choice in self._choices}
        counts = self._count(lambda choice: [self._key(choice)])
        found = [{"name": last[key], "hash": key.hash, "sweeps": counts[key]} for key in counts if any(key)]
        return sorted(found, key=lambda entry: (str(entry["name"]).casefold(), entry["hash"]))

    @cached_property
    def loras(self) -> list[dict[str, Any]]:
        """Every LoRA with something chosen, [{"name", "sweeps"}], by name."""
        counts = self._count(lambda choice: choice.loras)
        ordered = sorted(counts, key=lambda name: (name.casefold(), name))
        return [{"name": name, "sweeps": counts[name]} for name in ordered]

    def asked(self, checkpoint: str | None = None, lora: str | None = None) -> list[Question]:
        """The questions about a checkpoint, by its name or its hash, about a LoRA, or about both together.

        Raises `InvalidInput` for a name that several checkpoints have.
        """
        wanted = None if checkpoint is None else self._named.asked(checkpoint)
        return self._questions(
            choice
            for choice in self._choices
            if (wanted is None or self._key(choice) == wanted) and (lora is None or lora in choice.loras)
        )

    def about(self, name: str, short: str) -> list[Question]:
        """The questions about the checkpoint of this name and hash, as infotexts have them; "" for an unknown hash."""
        wanted = self._named.of(name, short)
        return self._questions(choice for choice in self._choices if self._key(choice) == wanted)

    def _key(self, choice: Choice) -> Checkpoint:
        return self._named.of(choice.checkpoint, choice.hash)

    def _count(self, subjects: Callable[[Choice], Iterable[_Subject]]) -> dict[_Subject, int]:
        """How many questions there are about each subject, those without any left out."""
        found: dict[_Subject, list[Choice]] = {}
        for choice in self._choices:
            for subject in subjects(choice):
                found.setdefault(subject, []).append(choice)
        counts = {subject: len(self._questions(choices)) for subject, choices in found.items()}
        return {subject: count for subject, count in counts.items() if count}

    def _questions(self, choices: Iterable[Choice]) -> list[Question]:
        sweeps: dict[tuple[str, Checkpoint], Question] = {}
        for choice in choices:
            of_sweep = sweeps.setdefault((choice.sweep, self._key(choice)), Question(set(), set()))
            of_sweep.offered.update(choice.offered)
            of_sweep.chosen.update(choice.chosen)
        found: dict[tuple[str, Checkpoint], Question] = {}
        for (sweep, checkpoint), (offered, chosen) in sweeps.items():  # the oldest first
            if len(offered) > 1 and chosen:
                question = first_of_line(sweep, self._extends), checkpoint
                before = found.get(question, Question(set(), set()))
                found[question] = Question(offered | before.offered, chosen)
        return list(found.values())


def preference(questions: Sequence[Question]) -> list[Preferred]:
    """How often each value was chosen of how often it was offered, by value."""
    values = sorted({value for offered, _ in questions for value in offered}, key=_order)
    rows = []
    for value in values:
        with_it = [(offered, chosen) for offered, chosen in questions if value in offered]
        count, taken = len(with_it), sum(value in chosen for _, chosen in with_it)
        chance = sum(len(chosen) / len(offered) for offered, chosen in with_it) / count
        # `DOUBT` is for all values together: one of many is easily often chosen (Bonferroni).
        surely = interval(count, taken, 2 * DOUBT / len(values))[0]
        rows.append(Preferred(value, count, taken, *interval(count, taken), count >= FEWEST and surely > chance))
    return rows


def telling(rows: Iterable[Preferred]) -> list[Preferred]:
    """The values that are chosen more often than by chance, the one with the largest share first."""
    return sorted((row for row in rows if row.is_telling), key=lambda row: -row.chosen / row.offered)


def interval(count: int, taken: int, doubt: float = DOUBT) -> tuple[float, float]:
    """Clopper and Pearson's interval: the shares at which as many as `taken` of `count`, or more, and as few, or fewer,
    are not rarer than half of `doubt`."""
    from scipy.special import betaincinv  # slow to import, which the first page waits for

    low = float(betaincinv(taken, count - taken + 1, doubt / 2)) if taken else 0.0
    high = float(betaincinv(taken + 1, count - taken, 1 - doubt / 2)) if taken < count else 1.0
    return low, high
