"""What one text encoder makes of a prompt: chunk after chunk comes in, and only its numbers are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch

from ..layers.facts import Encoder
from .mixed import MOST_PAIRS, Encode, Pair, mixed
from .numbers import LEAST, Track, abrupt, distances, joined, likeness, products, track
from .tokens import Chunk, Word

MOST_CHUNKS_ALIKE = 4
"""The likeness of any two tokens is told for prompts of so many chunks at most: it grows with their square."""

DIGITS = 5
"""Of the numbers in an answer, decimal places of a cosine, else significant ones."""


@dataclass(frozen=True)
class Part:
    """The numbers of one chunk."""

    chunk: Chunk
    raw: Track
    unet: Track
    likeness: torch.Tensor | None
    pairs: tuple[Pair, ...]


class EncoderView:
    """Collects the numbers of a prompt in one encoder.

    Args:
        described: the encoder.
        mixing: whether pairs of words are compared.
    """

    def __init__(self, described: Encoder, mixing: bool = False) -> None:
        self.described, self.mixing = described, mixing
        self.parts: list[Part] = []
        self._products: torch.Tensor | None = None

    def add(self, chunk: Chunk, raw: torch.Tensor, plain: torch.Tensor, unet: torch.Tensor, encode: Encode) -> None:
        """Takes the numbers of a chunk.

        Args:
            chunk: its tokens and words.
            raw: its hidden states, [layers + 1, places, channels].
            plain: the same as the UNet gets them, without weights.
            unet: the same with weights.
            encode: encodes the chunk without a word.
        """
        shown = len(chunk.tokens)
        alike = likeness(unet[:, :shown]) if len(self.parts) < MOST_CHUNKS_ALIKE else None
        pairs = tuple(mixed(chunk, plain, encode)) if self.mixing else ()
        self.parts.append(Part(chunk, track(raw[:, :shown]), track(unet[:, :shown]), alike, pairs))
        added = products(unet)
        self._products = added if self._products is None else self._products + added

    @property
    def has_words(self) -> bool:
        """Whether there is anything but starts and ends."""
        return any(part.chunk.words for part in self.parts)

    def is_finite(self) -> bool:
        """Whether the encoder gave numbers, and no NaN or infinity."""
        return self._products is not None and bool(torch.isfinite(self._products).all())

    def to_json(self, clip_skip: int, other: int) -> dict[str, Any]:
        """The numbers as plain data; the shapes are in docs/api.md.

        Args:
            clip_skip: in use.
            other: to compare it with.
        """
        encoder = self.described
        used, compared = encoder.layer(clip_skip), encoder.layer(other)
        raw, unet = (joined([getattr(part, name) for part in self.parts]) for name in ("raw", "unet"))
        assert self._products is not None
        apart = distances(self._products)
        words = self._words()
        places = [place for _, _, tokens in words for place in tokens]
        too_many = len(self.parts) > MOST_CHUNKS_ALIKE
        return {
            "name": encoder.name,
            "layers": encoder.layers,
            "honoured": encoder.honours,
            "minimal": encoder.minimal,
            "layer": used,
            "final_layer_norm": encoder.norm,
            "trained_layer": encoder.trained,
            "tokens": self._tokens(),
            "words": [{"text": word.text, "chunk": chunk, "tokens": tokens} for chunk, word, tokens in words],
            "change": _numbers(raw.change),
            "cosine_to_last": _cosines(raw.cosine[-1]),
            "cosine_to_used": _cosines(raw.cosine[used]),
            "norm": _numbers(raw.norm),
            "unet": {
                "change": _numbers(unet.change),
                "norm": _numbers(unet.norm),
                "cosine_to_last": _cosines(unet.cosine[-1]),
                "cosine": [_cosines(unet.cosine[layer, : layer + 1]) for layer in range(len(unet.norm))],
            },
            "distance": _numbers(apart),
            "abrupt": {"raw": _abrupt(raw, places), "unet": _abrupt(unet, places)},
            "compared": {
                "clip_skip": clip_skip,
                "other": other,
                "distance": _number(apart[used, compared]),
                "words": _words_apart(unet, used, compared, [tokens for _, _, tokens in words]),
            },
            "similarity": None if too_many else [self._similarity(place) for place in range(len(self.parts))],
            "mixing": self._mixing(used) if self.mixing else None,
        }

    @property
    def _starts(self) -> list[int]:
        """Of each chunk the place of its first token among all that are shown."""
        return _begins(len(part.chunk.tokens) for part in self.parts)

    @property
    def _first_words(self) -> list[int]:
        """Of each chunk the place of its first word among all words."""
        return _begins(len(part.chunk.words) for part in self.parts)

    def _tokens(self) -> list[dict[str, Any]]:
        firsts = self._first_words
        return [
            {
                "text": token.text,
                "id": token.id,
                "weight": _number(token.weight),
                "chunk": number,
                "kind": token.kind,
                "word": None if token.word is None else firsts[number] + token.word,
            }
            for number, part in enumerate(self.parts)
            for token in part.chunk.tokens
        ]

    def _words(self) -> list[tuple[int, Word, list[int]]]:
        """Of each word its chunk, itself, and its tokens among all that are shown."""
        starts = self._starts
        return [
            (number, word, [starts[number] + place for place in word.places])
            for number, part in enumerate(self.parts)
            for word in part.chunk.words
        ]

    def _similarity(self, number: int) -> dict[str, Any]:
        part, start = self.parts[number], self._starts[number]
        assert part.likeness is not None
        count = len(part.chunk.tokens)
        rows = [[_cosines(layer[i, :i]) for i in range(count)] for layer in part.likeness]
        return {"chunk": number, "tokens": list(range(start, start + count)), "cosine": rows}

    def _mixing(self, used: int) -> list[dict[str, Any]]:
        firsts = self._first_words
        pairs = [(firsts[number], pair) for number, part in enumerate(self.parts) for pair in part.pairs]
        pairs.sort(key=lambda found: -float(found[1].more[used]))
        return [
            {
                "word": first + pair.word,
                "into": first + pair.into,
                "here": _cosines(pair.here),
                "apart": _cosines(pair.apart),
                "more": _cosines(pair.more),
            }
            for first, pair in pairs[:MOST_PAIRS]
        ]


def _begins(counts: Iterable[int]) -> list[int]:
    """Where each of several rows begins when they stand one after another."""
    return [0, *accumulate(counts)]


def _abrupt(found: Track, places: list[int]) -> dict[str, float | None] | None:
    numbers = abrupt(found.change[:, places])
    if numbers is None:
        return None
    ratio = _number(numbers.last / max(numbers.others, LEAST))
    return {"last": _number(numbers.last), "others": _number(numbers.others), "ratio": ratio}


def _words_apart(unet: Track, one: int, other: int, words: Sequence[list[int]]) -> list[dict[str, Any]]:
    """By how much each word's tokens differ at two layers, most first."""
    squared = unet.apart(one, other) ** 2
    sizes = (unet.norm[one] ** 2, unet.norm[other] ** 2)
    total = max(float(squared[[place for tokens in words for place in tokens]].sum()) if words else 0.0, LEAST)
    found = []
    for number, tokens in enumerate(words):
        apart, scale = float(squared[tokens].sum()), float(sizes[0][tokens].sum() * sizes[1][tokens].sum()) ** 0.25
        found.append(
            {"word": number, "distance": _number(apart**0.5 / max(scale, LEAST)), "share": _number(apart / total)}
        )
    return sorted(found, key=lambda word: -word["share"])


def _number(value: Any) -> float:
    return float(f"{float(value):.{DIGITS}g}")


def _numbers(values: torch.Tensor) -> list[Any]:
    nested: list[Any] = values.tolist()
    return [[float(f"{value:.{DIGITS}g}") for value in row] for row in nested]


def _cosines(values: torch.Tensor) -> list[Any]:
    nested: list[Any] = values.tolist()
    if nested and isinstance(nested[0], list):
        return [[round(value, DIGITS) for value in row] for row in nested]
    return [round(value, DIGITS) for value in nested]
