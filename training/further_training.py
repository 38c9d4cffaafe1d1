"""A small model trained further at another clip skip, whole or with low-rank updates only."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch.nn.utils import parametrize

from . import unet

BATCH = 32
RATE = 5e-4
LORA_RATE = 4e-3
RANK = 4


class LowRank(torch.nn.Module):
    """Adds a product of two narrow matrices to a weight, as LoRAs do."""

    def __init__(self, weight: torch.Tensor, rank: int):
        super().__init__()
        self.down = torch.nn.Parameter(torch.randn(rank, weight.shape[1]) / rank)
        self.up = torch.nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight with the update."""
        return weight + self.up @ self.down


def with_lora(model, rank: int = RANK) -> list[torch.nn.Parameter]:
    """Gives the linear layers of the attention low-rank updates; returns their weights, the only ones to train."""
    model.requires_grad_(False)
    for name, part in list(model.named_modules()):
        if isinstance(part, torch.nn.Linear) and ".attn" in name:
            parametrize.register_parametrization(part, "weight", LowRank(part.weight, rank))
    return [weight for name, weight in model.named_parameters() if name.endswith((".up", ".down"))]


def further(start, bank: unet.Bank, at: list[int], lora: bool, keep: Callable[[int, dict], None]) -> None:
    """Trains a copy of a UNet further; `keep` gets the step and the weights, as of a UNet without LoRA, at each of
    `at`."""
    torch.manual_seed(3)
    model, rng = deepcopy(start).train(), np.random.default_rng(3)
    weights = with_lora(model) if lora else list(model.parameters())
    optimizer = torch.optim.AdamW(weights, lr=LORA_RATE if lora else RATE, weight_decay=0.0)
    for step in range(max(at) + 1):
        if step in at:
            keep(step, _plain(model))
        loss = unet.losses(model, bank, rng, BATCH, half=False)["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()


def _plain(model) -> dict[str, torch.Tensor]:
    state = {name: value for name, value in model.state_dict().items() if ".parametrizations." not in name}
    state |= {
        f"{name}.weight": part.weight for name, part in model.named_modules() if parametrize.is_parametrized(part)
    }
    return {name: value.detach().clone() for name, value in state.items()}
