"""Which words of a chunk mix: how much of one word is in another because both stand in one prompt.

A CLIP text encoder reads from left to right, so that a word can only take up those before it. For each word the chunk
is encoded once more without it, and what follows is compared: how alike it is to that word with it, and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from .tokens import Chunk, Word

AT_ONCE = 8
"""So many variants of a chunk go through the encoder together."""

MOST_PAIRS = 20
"""How many pairs are told, the most mixed first."""

Encode = Callable[[Sequence[Word]], torch.Tensor]
"""Gives for each of some words the states of the chunk without it: [words, layers + 1, places, channels]."""


@dataclass(frozen=True)
class Pair:
    """A word that stands before another, and how alike the two are.

    Attributes:
        word, into: their places among the chunk's words.
        here: [layers + 1], the cosine of the two words' last tokens, as the UNet gets them.
        apart: the same, with the second word's state from the chunk without the first.
    """

    word: int
    into: int
    here: torch.Tensor
    apart: torch.Tensor

    @property
    def more(self) -> torch.Tensor:
        """[layers + 1]: how much more alike they are because both are there."""
        return self.here - self.apart


def mixed(chunk: Chunk, states: torch.Tensor, encode: Encode) -> Iterator[Pair]:
    """All pairs of words of a chunk, signs such as commas apart.

    Args:
        chunk: its tokens and words.
        states: as the UNet gets them without weights, [layers + 1, places, channels].
        encode: encodes the chunk without a word.
    """
    known = [(place, word) for place, word in enumerate(chunk.words) if not word.is_sign]
    left_out = known[:-1]  # nothing follows the last
    for first in range(0, len(left_out), AT_ONCE):
        some = left_out[first : first + AT_ONCE]
        for (place, word), without in zip(some, encode([word for _, word in some]), strict=True):
            itself, gone = states[:, word.places[-1]], len(word.places)
            for later, other in known:
                if later > place:
                    there = other.places[-1]
                    here, apart = (_cosine(itself, at) for at in (states[:, there], without[:, there - gone]))
                    yield Pair(place, later, here, apart)


def _cosine(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cosine_similarity(one.double(), other.double(), dim=-1)
