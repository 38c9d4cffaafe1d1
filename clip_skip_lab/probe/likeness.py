"""How alike the layers are for the captions at hand, which decides how many pictures it takes to tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..language import Text
from .network import Conditioning

ENOUGH = (
    (0.5, Text("a few dozen images are enough to tell such layers apart")),
    (0.7, Text("it takes about a hundred images to tell such layers apart")),
    (0.9, Text("it takes hundreds of images to tell such layers apart")),
    (float("inf"), Text("layers this similar can hardly be told apart, however many images there are")),
)
"""Up to which cosine what holds. A rough guide: at the same cosine the two small models need very different numbers of
pictures (docs/trained-with-study.md)."""


class Likeness:
    """Cosines between the conditionings of values, averaged over captions and places."""

    def __init__(self) -> None:
        self._sums: torch.Tensor | None = None
        self._captions = 0

    def add(self, conditionings: Sequence[Conditioning]) -> None:
        """Adds a caption: one conditioning for each value."""
        states = torch.stack([conditioning["crossattn"][0].float().cpu() for conditioning in conditionings])
        states = torch.nn.functional.normalize(states, dim=-1)
        cosines = torch.einsum("apc,bpc->abp", states, states).mean(-1)
        self._sums = cosines if self._sums is None else self._sums + cosines
        self._captions += 1

    def between(self, one: int, other: int) -> float:
        """The cosine between two values, by their places: 1 where they are the same. NaN before any caption."""
        return float("nan") if self._sums is None else float(self._sums[one, other]) / self._captions

    def sentence(self, values: Sequence[int], one: int, other: int) -> Text:
        """What the cosine between two values, by their places, means."""
        cosine = self.between(one, other)
        meaning = next(text for limit, text in ENOUGH if not cosine > limit)
        return Text(
            "For these captions, the layers of clip skip {one} and {other} have a cosine similarity "
            "of {cosine:.2f}: {meaning}.",
            one=values[one],
            other=values[other],
            cosine=cosine,
            meaning=meaning,
        )

    def closest(self, places: Sequence[int]) -> tuple[int, int]:
        """The neighbouring values, by their places, that are most alike."""
        pairs = [(places[i], places[i + 1]) for i in range(len(places) - 1)]
        return max(pairs, key=lambda pair: self.between(*pair))
