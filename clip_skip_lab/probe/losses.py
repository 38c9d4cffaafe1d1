"""Losses of the noise prediction: how far the network's guess is from the noise that was added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from ..free_memory import cells_that_fit, is_out_of_memory
from .network import Conditioning, Network
from .search import STRATA

MOST_AT_ONCE = 128
"""Guesses in a batch at most; beyond that a card gains nothing."""

PIXELS = 8
"""Of a picture, along a side of a cell of its latents."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Noised:
    """What the network is asked about one picture, the same at each value.

    Attributes:
        strata: [cells] from which part of the time steps each is.
        steps: [cells] the time steps.
        noise: [cells, channels, height, width] of float32 on the CPU.
    """

    strata: list[int]
    steps: torch.Tensor
    noise: torch.Tensor


def noised(like: torch.Tensor, strata: Sequence[int], seed: Sequence[int], steps: int) -> Noised:
    """Noise and time steps for a picture, one from each of the given strata.

    Args:
        like: [1, channels, height, width], the picture's latents.
        strata: from which parts of the time steps, 0 to `STRATA` − 1.
        seed: what decides both; always drawn on the CPU, so that they are the same on every device.
        steps: how many time steps the training had, 1000.
    """
    drawn = np.random.default_rng(list(seed))
    generator = torch.Generator().manual_seed(int(drawn.integers(2**63 - 1)))
    length = steps / STRATA
    # The very ends tell nothing: there is no noise to see, or nothing but noise.
    places = [min(steps - 20, max(20, int((stratum + drawn.random()) * length))) for stratum in strata]
    noise = torch.randn((len(places), *like.shape[1:]), generator=generator)
    return Noised(list(strata), torch.tensor(places), noise)


class Losses:
    """Asks a network for losses, in batches as large as the memory allows.

    Args:
        network: the loaded model.

    Attributes:
        predictions: how many guesses the network has made.
    """

    def __init__(self, network: Network):
        self._network = network
        self._sigmas = network.sigmas.float().cpu()
        self._most = MOST_AT_ONCE
        self.predictions = 0

    @property
    def steps(self) -> int:
        """How many time steps the training had."""
        return len(self._sigmas)

    def of(
        self, latents: Sequence[torch.Tensor], asked: Noised, conditionings: Sequence[Conditioning]
    ) -> Numbers | None:
        """[values, cells] mean squared errors; None where somebody interrupted.

        Args:
            latents: one picture's at each value, [1, channels, height, width] each; one and the
                same unless the model drew them.
            asked: noise and time steps.
            conditionings: one for each value.
        """
        rows = list(product(range(len(conditionings)), range(len(asked.strata))))
        found = np.full(len(rows), np.nan)
        done = 0
        while done < len(rows):
            if self._network.interrupted:
                return None
            part = rows[done : done + min(self._most, self._fit(latents[0]))]
            try:
                found[done : done + len(part)] = self._batch(part, latents, asked, conditionings)
            except Exception as error:
                if len(part) == 1 or not is_out_of_memory(error):
                    raise
                self._most = len(part) // 2
            else:
                done += len(part)
        return found.reshape(len(conditionings), len(asked.strata))

    def _fit(self, latents: torch.Tensor) -> int:
        pixels = latents.shape[-1] * latents.shape[-2] * PIXELS**2
        return cells_that_fit(pixels, self._network.device, MOST_AT_ONCE)

    def _batch(
        self,
        rows: Sequence[tuple[int, int]],
        latents: Sequence[torch.Tensor],
        asked: Noised,
        conditionings: Sequence[Conditioning],
    ) -> Numbers:
        values, cells = [value for value, _ in rows], [cell for _, cell in rows]
        pictures = torch.cat([latents[value] for value in values])
        sigma = self._sigmas[asked.steps[cells]]
        level = sigma[:, None, None, None]
        guess = self._network.denoised(
            pictures + level * asked.noise[cells], sigma, [conditionings[value] for value in values]
        )
        self.predictions += len(rows)
        # The guess of the picture is wrong by what that of the noise is, times the noise level.
        error = ((guess.float().cpu() - pictures) / level).square().mean((1, 2, 3))
        losses: Numbers = (error * (1 + sigma**2) if self._network.predicts_v else error).double().numpy()
        return losses
