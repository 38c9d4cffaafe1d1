"""The hidden states of one pass through a text encoder, and what the UNet gets of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .mixing import Norm, mix
from .selection import LayerChoice


@dataclass(frozen=True)
class States:
    """What one pass gave.

    Attributes:
        hidden: of each layer its state [batch, tokens, channels], the embeddings first, the last layer last.
        norm: the encoder's final layer norm; None where the model takes states as they are (SDXL).
        last: the last state after the norm, where the encoder gave it.
        pooled: the vector of the whole prompt that goes beside the states; None where there is none.
    """

    hidden: Sequence[torch.Tensor]
    norm: Norm | None = None
    last: torch.Tensor | None = None
    pooled: Any = None

    def chosen(self, choice: LayerChoice) -> torch.Tensor:
        """What the encoder gives for a choice of layers: [batch, tokens, channels].

        The pooled vector hangs on it as `pooled`, as the hosts have it; it stays that of the last layer.
        """
        mixed = mix(self.hidden, self.norm or torch.clone, choice, last=self.last)
        return self._with_pooled(mixed)

    def at(self, layer: int) -> torch.Tensor:
        """The same for one layer, counted from 0, the embeddings; 12 is the last of 12."""
        state = self.hidden[layer]
        if layer == len(self.hidden) - 1 and self.last is not None:
            state = self.last.clone()
        else:
            state = state.clone() if self.norm is None else self.norm(state)
        return self._with_pooled(state)

    def _with_pooled(self, state: torch.Tensor) -> torch.Tensor:
        if self.pooled is not None:
            state.pooled = self.pooled
        return state
