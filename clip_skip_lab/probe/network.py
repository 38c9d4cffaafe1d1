"""What a probing needs of the loaded model; a host gives it for the time of one generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from PIL import Image

from ..sweep.layer_request import LayerRequest

Conditioning = Mapping[str, torch.Tensor]
"""Of one caption: "crossattn" [1, tokens, channels], and with SDXL "vector" [1, channels]."""


class Network(Protocol):
    """The loaded model, ready to predict."""

    @property
    def sigmas(self) -> torch.Tensor:
        """[1000] of float32: the noise level of each time step of the training, rising. A picture with noise is
        `picture + sigma * noise`."""

    @property
    def device(self) -> torch.device:
        """Where the network predicts, of whose memory batches take theirs."""

    @property
    def predicts_v(self) -> bool:
        """Whether the network was trained to predict v (arXiv 2202.00512) and not the noise."""

    @property
    def side(self) -> int:
        """Of the pictures that the model was trained with, in pixels: 512, 768 or 1024 by its kind. Larger ones are
        reduced to as many pixels."""

    @property
    def interrupted(self) -> bool:
        """Whether somebody has pressed Interrupt or Skip since the generation began."""

    def latents(self, picture: Image.Image) -> torch.Tensor:
        """[1, channels, height, width] of float32 on the CPU, scaled as the network takes them. The picture is RGB, its
        sides are multiples of 8 pixels. With the same state of torch's global generator the same numbers."""

    def conditionings(
        self, caption: str, requests: Sequence[LayerRequest], width: int, height: int, literal: bool
    ) -> list[Conditioning]:
        """One for each layer request, from one pass of the text encoders.

        Args:
            caption: what the picture shows; LoRAs that it names are left out.
            requests: what is asked of the layers.
            width, height: of the picture in pixels, which SDXL is told.
            literal: whether brackets, colons and `BREAK` are letters, as trainers take them, and not the host's syntax.
        """

    def denoised(self, noisy: torch.Tensor, sigma: torch.Tensor, conditionings: Sequence[Conditioning]) -> torch.Tensor:
        """The network's guess of the pictures behind the noise, without guidance: float32 on the device of `noisy`.

        Args:
            noisy: [batch, channels, height, width] of float32, `picture + sigma * noise`; any device.
            sigma: [batch] of float32, each one of `sigmas`.
            conditionings: one for each of the batch, all with as many tokens.

        Raises what the device raises when its memory runs out.
        """
