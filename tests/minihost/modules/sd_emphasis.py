"""The ways in which (weights:1.3) in a prompt change its encoding.

Mirrors `modules/sd_emphasis.py`.
"""

from __future__ import annotations

import torch


class Emphasis:
    """One way; `after_transformers` may change `z` by `multipliers`. Both are for one chunk of each prompt."""

    name: str = "Base"
    description: str = ""
    tokens: list[list[int]]
    multipliers: torch.Tensor
    z: torch.Tensor

    def after_transformers(self):
        """Nothing by default."""


class EmphasisNone(Emphasis):
    name = "None"
    description = "brackets and weights are part of the text"


class EmphasisIgnore(Emphasis):
    name = "Ignore"
    description = "brackets are removed and change nothing"


class EmphasisOriginal(Emphasis):
    name = "Original"
    description = "vectors are multiplied, then the mean of all is made what it was"

    def after_transformers(self):
        before = self.z.mean()
        weighted = self.z * self.multipliers.unsqueeze(-1)
        # an encoder whose output has mean 0 makes NaN here, as on the real host
        self.z = weighted * (before / weighted.mean())


class EmphasisOriginalNoNorm(EmphasisOriginal):
    name = "No norm"
    description = "vectors are multiplied"

    def after_transformers(self):
        self.z = self.z * self.multipliers.unsqueeze(-1)


def get_current_option(emphasis_option_name):
    return next((option for option in options if option.name == emphasis_option_name), EmphasisOriginal)


options = [EmphasisNone, EmphasisIgnore, EmphasisOriginal, EmphasisOriginalNoNorm]
