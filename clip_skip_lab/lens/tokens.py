"""The tokens of one chunk of a prompt, and the words that they make up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .vocabulary import Vocabulary

START, WORD, END = "start", "word", "end"
"""The kinds of tokens. The first end of a chunk is shown; what fills the chunk up behind it is left out."""


@dataclass(frozen=True)
class Token:
    """One place of a chunk.

    Attributes:
        text: what it stands for: a piece of a word; the name, of an embedding.
        id: in the vocabulary; for an embedding the host's stand-in.
        weight: the prompt's, 1 without one.
        kind: `START`, `WORD` or `END`.
        word: of a word, its place among the chunk's words.
    """

    text: str
    id: int
    weight: float
    kind: str
    word: int | None = None


@dataclass(frozen=True)
class Word:
    """One word of a chunk: a run of tokens up to one that ends a word, or an embedding.

    Attributes:
        text: what it stands for.
        places: of its tokens in the chunk.
    """

    text: str
    places: tuple[int, ...]

    @property
    def is_sign(self) -> bool:
        """Whether it has neither letters nor digits, as commas have none."""
        return not any(letter.isalnum() for letter in self.text)


@dataclass(frozen=True)
class Chunk:
    """The places of a chunk that are shown, from the start to the first end: place n is the encoder's position n."""

    tokens: tuple[Token, ...]
    words: tuple[Word, ...] = field(default=())


def read_chunk(
    ids: Sequence[int], weights: Sequence[float], fixes: Sequence[Any], end: int, vocabulary: Vocabulary
) -> Chunk:
    """The tokens of a chunk as the host made it.

    Args:
        ids: of all its places, start and padding included.
        weights: of the same.
        fixes: of its embeddings: (offset behind the start, the host's embedding).
        end: the id of the end.
        vocabulary: the tokenizer's.
    """
    last = max((place for place, token in enumerate(ids) if token != end), default=0)  # the end fills a chunk up
    embedded = {
        offset + 1 + n: (str(embedding.name), n, int(embedding.vectors))
        for offset, embedding in fixes
        for n in range(int(embedding.vectors))
    }
    tokens = [Token(vocabulary.text([ids[0]]), ids[0], float(weights[0]), START)]
    words: list[Word] = []
    open_places: list[int] = []
    for place in range(1, last + 1):
        name, part, parts = embedded.get(place, ("", 0, 0))
        tokens.append(Token(name or vocabulary.text([ids[place]]), ids[place], float(weights[place]), WORD, len(words)))
        open_places.append(place)
        ends = part == parts - 1 if name else vocabulary.ends_word(ids[place]) or place + 1 in embedded
        if ends or place == last:
            text = name or vocabulary.text(ids[open_place] for open_place in open_places)
            words.append(Word(text, tuple(open_places)))
            open_places = []
    if last + 1 < len(ids):
        tokens.append(Token(vocabulary.text([end]), end, float(weights[last + 1]), END))
    return Chunk(tuple(tokens), tuple(words))
