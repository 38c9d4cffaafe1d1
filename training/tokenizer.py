"""A small vocabulary for CLIP's own tokenizer class: byte-pair merges that make each known word one token.

Any other word still has tokens: its letters. Start and end are the two last numbers, end the highest, as in CLIP.
"""

from __future__ import annotations

import itertools
import json
import string
from pathlib import Path

from .captions import words

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77
WORD_END = "</w>"


def learn_merges(vocabulary: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, in the order they are to be applied, after which each word of the list is one symbol."""
    split = [[*word[:-1], word[-1] + WORD_END] for word in vocabulary]
    merges: list[tuple[str, str]] = []
    while True:
        counts: dict[tuple[str, str], int] = {}
        for parts in split:
            for pair in itertools.pairwise(parts):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            return merges
        best = max(sorted(counts), key=counts.__getitem__)
        merges.append(best)
        split = [_merge(parts, best) for parts in split]


def _merge(parts: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for part in parts:
        # CLIP's tokenizer merges from the left, each symbol once.
        if merged and (merged[-1], part) == pair:
            merged[-1] = merged[-1] + part
        else:
            merged.append(part)
    return merged


def write_tokenizer(folder: str | Path) -> Path:
    """Writes vocab.json, merges.txt and the two small files that `CLIPTokenizer.from_pretrained` reads."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(words())
    signs = string.ascii_lowercase + string.digits + string.punctuation
    symbols = [*signs, *(sign + WORD_END for sign in signs), *("".join(pair) for pair in merges), START, END]
    symbols = list(dict.fromkeys(symbols))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(symbols)}), encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def load_tokenizer(folder: str | Path):
    """CLIP's tokenizer with this vocabulary."""
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(str(folder))


class Encoder:
    """Captions as rows of 77 token numbers, start + prompt + end, filled up with end: what hosts feed CLIP.

    Captions repeat, and the tokenizer is slow: each is cut once.
    """

    def __init__(self, folder: str | Path) -> None:
        self.tokenizer = load_tokenizer(folder)
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: list[str]):
        """(n, 77) of int64, and the place of each row's first end token, (n,)."""
        import torch

        rows, ends = [], []
        for text in texts:
            if text not in self._known:
                self._known[text] = self.tokenizer(text, add_special_tokens=False)["input_ids"][: LENGTH - 2]
            inner = self._known[text]
            ends.append(1 + len(inner))
            tail = [self.tokenizer.eos_token_id] * (LENGTH - 1 - len(inner))
            rows.append([self.tokenizer.bos_token_id, *inner, *tail])
        return torch.tensor(rows), torch.tensor(ends)
