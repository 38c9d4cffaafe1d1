"""The numbers of the lens, from the hidden states of one chunk. Definitions: docs/lens.md.

All is computed in 64 bits, as neighbouring states are so alike that their difference would be lost in 32; for a few
tokens or a layer at a time, as large blocks that come and go between small ones that stay take memory for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

LEAST = 1e-12
"""What lengths are at least where something is divided by them."""

AT_ONCE = 16
"""Tokens that are computed together."""


@dataclass(frozen=True)
class Track:
    """How tokens go through the layers: of each state its length, and how alike any two states of a token are.

    Attributes:
        norm: [layers + 1, tokens], the Euclidean length.
        cosine: [layers + 1, layers + 1, tokens].
    """

    norm: torch.Tensor
    cosine: torch.Tensor

    @property
    def change(self) -> torch.Tensor:
        """[layers, tokens]: the length of what each layer added, relative to the state that it was given."""
        before, after = self.norm[:-1], self.norm[1:]
        steps = torch.arange(len(before))
        return _apart(before, after, self.cosine[steps, steps + 1]) / before.clamp_min(LEAST)

    def apart(self, one: int, other: int) -> torch.Tensor:
        """[tokens]: the length of the difference of two layers' states."""
        return _apart(self.norm[one], self.norm[other], self.cosine[one, other])


def track(states: torch.Tensor) -> Track:
    """Follows tokens through the layers.

    Args:
        states: [layers + 1, tokens, channels].
    """
    return joined([_track(part.double()) for part in states.split(AT_ONCE, dim=1)])


def _track(states: torch.Tensor) -> Track:
    norm = states.norm(dim=-1)
    directions = states / norm.clamp_min(LEAST)[..., None]
    return Track(norm, torch.einsum("atc,btc->abt", directions, directions).clamp(-1, 1))


def joined(tracks: Sequence[Track]) -> Track:
    """The tokens of several chunks one after another."""
    return Track(torch.cat([one.norm for one in tracks], dim=-1), torch.cat([one.cosine for one in tracks], dim=-1))


def products(states: torch.Tensor) -> torch.Tensor:
    """[layers + 1, layers + 1]: the inner products of the layers' states, over all places and channels; those of
    several chunks add up.

    Args:
        states: [layers + 1, places, channels], padding included.
    """
    found = torch.zeros(len(states), len(states), dtype=torch.float64)
    for part in states.split(AT_ONCE, dim=1):
        flat = part.double().flatten(1)
        found += flat @ flat.T
    return (found + found.T) / 2  # a product of matrices may round each half in its own way


def distances(products: torch.Tensor) -> torch.Tensor:
    """[layers + 1, layers + 1]: ‖C_a − C_b‖ / √(‖C_a‖ · ‖C_b‖), from the inner products."""
    squares = products.diagonal()
    apart = (squares[:, None] + squares[None] - products - products.T).clamp_min(0).sqrt()
    sizes = squares.clamp_min(LEAST).sqrt()
    return apart / (sizes[:, None] * sizes[None]).sqrt() * (1 - torch.eye(len(squares), dtype=apart.dtype))


def likeness(states: torch.Tensor) -> torch.Tensor:
    """[layers + 1, tokens, tokens]: how alike the states of any two tokens are at a layer, as a cosine.

    Args:
        states: [layers + 1, tokens, channels].
    """
    return torch.stack([_likeness(state.double()) for state in states])


def _likeness(states: torch.Tensor) -> torch.Tensor:
    directions = states / states.norm(dim=-1, keepdim=True).clamp_min(LEAST)
    return (directions @ directions.T).clamp(-1, 1)


@dataclass(frozen=True)
class Abrupt:
    """How the last layer's change compares with those of the others.

    Attributes:
        last: the mean change of the words in the last layer.
        others: the median over the other layers of their mean change.
    """

    last: float
    others: float


def abrupt(change: torch.Tensor) -> Abrupt | None:
    """None without words, and for an encoder of one layer.

    Args:
        change: [layers, words], see `Track.change`.
    """
    if change.shape[0] < 2 or not change.shape[1]:
        return None
    steps = change.mean(dim=1)
    return Abrupt(float(steps[-1]), float(steps[:-1].quantile(0.5)))


def _apart(one: torch.Tensor, other: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:
    """The length of a difference, from the lengths and the cosine."""
    return ((one - other) ** 2 + 2 * one * other * (1 - cosine)).clamp_min(0).sqrt()
