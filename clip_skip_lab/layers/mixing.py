"""From the hidden states of a text encoder to what the UNet gets: one layer, or a mix of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch

from ..sweep.layer_request import AFTER_NORM, SPHERICAL
from .selection import LayerChoice

Norm = Callable[[torch.Tensor], torch.Tensor]


def mix(
    hidden_states: Sequence[torch.Tensor], norm: Norm, choice: LayerChoice, last: torch.Tensor | None = None
) -> torch.Tensor:
    """The chosen layer, or the mix of layers.

    A whole layer is what the host computes, bit for bit (AUTOMATIC1111 v1.10.1, modules/sd_hijack_clip.py,
    `encode_with_transformers`): `norm(hidden_states[-n])`, and the encoder's own normed last state for 1.

    "before norm" mixes the states and norms the mix, so that it has the scale of any layer; "after norm" mixes the
    normed states; "spherical" turns from one state's direction to the other's at even speed, token by token, with
    lengths between theirs, and norms that.

    Args:
        hidden_states: one tensor [batch, tokens, channels] per layer, the embeddings first, the last layer last.
        norm: the encoder's final layer norm, or the identity where the model takes states as they are (SDXL).
        choice: what is wanted.
        last: the last state after the norm, when the encoder gave it.

    Returns a tensor [batch, tokens, channels]. Raises `IndexError` for a layer that isn't there.
    """
    if choice.deepest >= len(hidden_states):
        raise IndexError(f"layer {choice.deepest} from the end of {len(hidden_states) - 1}")
    whole = choice.whole
    if whole == 1 and last is not None:
        return last
    if whole is not None:
        return norm(hidden_states[-whole])
    shares = [share for _, share in choice.weights]
    states = [hidden_states[-layer] for layer, _ in choice.weights]
    if choice.interpolation == AFTER_NORM:
        return _straight([norm(state) for state in states], shares)
    if choice.interpolation == SPHERICAL:
        return norm(_spherical(states, shares))
    return norm(_straight(states, shares))


def _straight(states: list[torch.Tensor], shares: list[float]) -> torch.Tensor:
    """The weighted mean, computed in 32 bits whatever the encoder's type."""
    return _weighted([state.float() for state in states], shares).to(states[0].dtype)


def _spherical(states: list[torch.Tensor], shares: list[float]) -> torch.Tensor:
    """Directions mixed on the sphere (Shoemake 1985 for two), lengths in a straight line.

    For the average of several it is their mean direction, which for two is the same as halfway on the arc.
    """
    wide = [state.float() for state in states]
    lengths = [state.norm(dim=-1, keepdim=True) for state in wide]
    directions = [state / length.clamp_min(1e-12) for state, length in zip(wide, lengths, strict=True)]
    length = _weighted(lengths, shares)
    if len(states) == 2:
        angle = (directions[0] * directions[1]).sum(dim=-1, keepdim=True).clamp(-1, 1).acos()
        # Where two states point the same way, a straight line is the limit and the sines would divide 0 by 0.
        near = angle < 1e-4
        safe = torch.where(near, torch.ones_like(angle), angle)
        parts = [torch.where(near, share * safe, (share * safe).sin() / safe.sin()) for share in shares]
        direction = directions[0] * parts[0] + directions[1] * parts[1]
    else:
        direction = _weighted(directions, shares)
    direction = direction / direction.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    mixed: torch.Tensor = direction * length
    return mixed.to(states[0].dtype)


def _weighted(tensors: list[torch.Tensor], shares: list[float]) -> torch.Tensor:
    return cast(torch.Tensor, sum(tensor * share for tensor, share in zip(tensors, shares, strict=True)))
