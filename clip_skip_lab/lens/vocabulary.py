"""What the tokens of CLIP's vocabulary stand for.

A token is a piece of a word, written as symbols that stand for one byte each; `</w>` ends a word (Radford et al. 2021,
"Learning Transferable Visual Models From Natural Language Supervision"; OpenAI's CLIP, clip/simple_tokenizer.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

END_OF_WORD = "</w>"


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer's vocabulary.

    Attributes:
        symbols: gives the symbols of a token by its id.
        byte_of: which byte a symbol stands for.
    """

    symbols: Callable[[int], str | None]
    byte_of: Mapping[str, int]

    def ends_word(self, token: int) -> bool:
        """Whether the token is the last of its word."""
        return self._symbols(token).endswith(END_OF_WORD)

    def text(self, tokens: Iterable[int]) -> str:
        """What tokens stand for, as one text; half of a letter is shown as the sign for what cannot be read."""
        symbols = "".join(self._symbols(token).removesuffix(END_OF_WORD) for token in tokens)
        if not all(symbol in self.byte_of for symbol in symbols):
            return symbols
        return bytes(self.byte_of[symbol] for symbol in symbols).decode("utf-8", "replace")

    def _symbols(self, token: int) -> str:
        return self.symbols(token) or ""
