"""Which sweeps are of one checkpoint, and which of one line of extended sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import InvalidInput
from ..language import Text

SHORTEST_HASH = 8
"""Digits of a hash that is asked for, so that a name of few letters is none."""


class Checkpoint(NamedTuple):
    """What tells a checkpoint from others: its hash, or its name where no hash is known."""

    hash: str
    name: str


class Checkpoints:
    """The checkpoints that sweeps name.

    Args:
        pairs: the name and the hash of each sweep's, as infotexts have them; "" where one is not known.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]):
        there = list(dict.fromkeys(pairs))
        self._hashes: dict[str, set[str]] = {}
        for name, short in there:
            self._hashes.setdefault(name, set()).update([short] if short else [])
        self._names: dict[Checkpoint, set[str]] = {}
        for name, short in there:
            self._names.setdefault(self.of(name, short), set()).add(name)

    def of(self, name: str, short: str) -> Checkpoint:
        """What tells a checkpoint from others: its hash, else its name. Where only one hash is known under a name, a
        sweep that lacks the hash is of that one."""
        known = self._hashes.get(name, set())
        short = short or (next(iter(known)) if len(known) == 1 else "")
        return Checkpoint(short, "" if short else name)

    def asked(self, asked: str) -> Checkpoint:
        """The checkpoint that is asked for by its hash, also the whole one, or by its name.

        Raises `InvalidInput` for a name that several checkpoints have.
        """
        digits = asked.casefold()
        for key in self._names:
            if len(key.hash) >= SHORTEST_HASH and digits.startswith(key.hash):
                return key
        found = {key for key, names in self._names.items() if asked in names}
        if len(found) > 1:
            hashes = Text(
                "one of their hashes, {hashes}", hashes=", ".join(sorted(key.hash for key in found if key.hash))
            )
            raise InvalidInput("checkpoint", asked, hashes, Text("is the name of several checkpoints"))
        return found.pop() if found else Checkpoint("", asked)


def first_of_line(sweep: str, extends: Mapping[str, str]) -> str:
    """The sweep with which a line of extended ones began, as far as `extends` knows which extends which."""
    passed = set()
    while sweep in extends and sweep not in passed:  # a file can say that two extend each other
        passed.add(sweep)
        sweep = extends[sweep]
    return sweep
