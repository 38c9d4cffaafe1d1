"""The UNet of a loaded model, as the hosts sample with it: two ways to ask it for its guess."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from ..errors import InvalidInput
from ..language import Text
from ..probe.question import MODEL
from ..webui.engine import LoadedNetwork

DUMMY_CHANNELS = 5
"""Of the zeros that AUTOMATIC1111 gives a model that takes only a prompt (modules/processing.py,
`txt2img_image_conditioning`)."""


class AppliedNetwork:
    """One that predicts noise or v below `apply_model`, as in latent diffusion. See `LoadedNetwork`.

    What is around the network is that of k-diffusion's denoisers (arXiv 2206.00364), in float32; inside the host casts.

    Args:
        model: the host's model, with `apply_model`, `alphas_cumprod` and `parameterization`.
        device: where it computes.
    """

    def __init__(self, model: Any, device: Any) -> None:
        self._model, self._device = model, device
        kept = model.alphas_cumprod.detach().float().to(device)
        self._sigmas = ((1 - kept) / kept) ** 0.5
        self.sigmas = self._sigmas.cpu()
        self.predicts_v = model.parameterization == "v"
        _check_objective(model, self.predicts_v or model.parameterization == "eps")

    def denoised(
        self, noisy: torch.Tensor, sigma: torch.Tensor, conditioning: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """See `LoadedNetwork.denoised`."""
        noisy, sigma = noisy.to(self._device), sigma.to(self._device)
        step = (self._sigmas.log()[None] - sigma.log()[:, None]).abs().argmin(1)
        level = sigma[:, None, None, None]
        scale = 1 / (level**2 + 1) ** 0.5
        given = {key: value.to(self._device) for key, value in conditioning.items()}
        concat = noisy.new_zeros(len(noisy), DUMMY_CHANNELS, 1, 1)
        if getattr(self._model, "is_sdxl", False):  # SD2-Turbo too: it has the conditioner of SDXL
            asked = {**given, "c_concat": [concat]}
        else:
            asked = {"c_crossattn": [given["crossattn"]], "c_concat": [concat]}
        guess = self._model.apply_model(noisy * scale, step, asked).float()
        if self.predicts_v:
            return noisy * scale**2 - guess * level * scale
        return noisy - guess * level

    def give_way(self) -> None:
        """See `LoadedNetwork.give_way`; the host moves nothing, or each part for itself."""


class PatchedNetwork:
    """One behind a patcher of Forge and its relatives, which gives the pictures itself. See `LoadedNetwork`.

    Args:
        model: the host's model; its `forge_objects.unet` is asked.
        device: where it computes.
        schedule: of its `sigmas`.
        objective: what it predicts: "noise" or "v"; anything else is refused.
        prepare, cleanup: how the host takes the UNet onto the device for latents, and what it does afterwards.
    """

    def __init__(
        self, model: Any, device: Any, schedule: Any, objective: str, prepare: Callable, cleanup: Callable
    ) -> None:
        self._unet, self._device = model.forge_objects.unet, device
        self._prepare, self._cleanup = prepare, cleanup
        self._prepared_for = 0
        self.sigmas = schedule.sigmas.detach().float().cpu()
        self.predicts_v = objective == "v"
        _check_objective(model, objective in ("noise", "v"))

    def denoised(
        self, noisy: torch.Tensor, sigma: torch.Tensor, conditioning: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """See `LoadedNetwork.denoised`."""
        noisy, sigma = noisy.to(self._device), sigma.to(self._device)
        if noisy.numel() > self._prepared_for:  # the host makes room by the size of the batch
            self._prepare(self._unet, noisy)
            self._prepared_for = noisy.numel()
        options = dict(self._unet.model_options.get("transformer_options", {}))
        options.update(cond_or_uncond=[0], sigmas=sigma)
        given = {key: value.to(self._device) for key, value in conditioning.items()}
        more = {"y": given["vector"]} if "vector" in given else {}
        guess = self._unet.model.apply_model(
            noisy, sigma, c_crossattn=given["crossattn"], transformer_options=options, **more
        )
        return guess.float()

    def give_way(self) -> None:
        """See `LoadedNetwork.give_way`."""
        if self._prepared_for:
            self._prepared_for = 0
            self._cleanup(self._unet)


@contextmanager
def in_use(network: LoadedNetwork) -> Iterator[LoadedNetwork]:
    """A `with` after which the host has its device for itself again; see `Engine.network`."""
    try:
        yield network
    finally:
        network.give_way()


def _check_objective(model: Any, is_known: bool) -> None:
    if not is_known:
        raise InvalidInput(
            MODEL,
            model.sd_checkpoint_info.name_for_extra,
            Text("models that predict noise or v"),
            Text("was trained to predict something else"),
        )
