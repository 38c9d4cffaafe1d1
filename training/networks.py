"""The small models' networks from their files, without a host, to be asked which clip skip they were trained with."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel

from clip_skip_lab.layers.mixing import mix
from clip_skip_lab.layers.selection import LayerChoice
from clip_skip_lab.probe.network import Conditioning
from clip_skip_lab.sweep.layer_request import LayerRequest
from tests.minihost.modules import _ldm_layout as layout

from . import latent, unet
from .tokenizer import Encoder


class SmallNetwork:
    """See `clip_skip_lab.probe.network.Network`.

    Args:
        text_encoder: the `CLIPTextModel`.
        encoder: makes tokens of texts.
        unet_model: the `UNet2DConditionModel`.
        vae_model: the `AutoencoderKL`; None where latents are given instead of pictures.
    """

    device = torch.device("cpu")
    predicts_v = False
    interrupted = False
    side = latent.FACTOR * latent.CELLS

    def __init__(self, text_encoder, encoder: Encoder, unet_model, vae_model):
        self._text, self._encoder, self._unet, self._vae = text_encoder, encoder, unet_model, vae_model
        kept = unet.alphas_cumprod().double()
        self.sigmas = ((1 - kept) / kept).sqrt().float()
        self._logs = self.sigmas.log().numpy()
        self._known: dict[str, list[torch.Tensor]] = {}

    def latents(self, picture: Image.Image) -> torch.Tensor:
        """See `Network`; the mean of the encoder, which draws nothing."""
        pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            return self._vae.encode(pixels).latent_dist.mean * latent.SCALE

    def conditionings(
        self, caption: str, requests: Sequence[LayerRequest], width: int, height: int, literal: bool
    ) -> list[Conditioning]:
        """See `Network`."""
        if caption not in self._known:
            tokens, _ = self._encoder([caption])
            with torch.no_grad():
                output = self._text(input_ids=tokens, output_hidden_states=True)
            self._known[caption] = [*output.hidden_states, output.last_hidden_state]
        *states, last = self._known[caption]
        norm = self._text.text_model.final_layer_norm
        with torch.no_grad():
            return [{"crossattn": mix(states, norm, LayerChoice.of(asked.value), last=last)} for asked in requests]

    def denoised(self, noisy: torch.Tensor, sigma: torch.Tensor, conditionings: Sequence[Conditioning]) -> torch.Tensor:
        """See `Network`."""
        level = sigma[:, None, None, None]
        steps = torch.from_numpy(np.interp(sigma.log().numpy(), self._logs, np.arange(len(self._logs)))).float()
        context = torch.cat([conditioning["crossattn"] for conditioning in conditionings])
        with torch.no_grad():
            noise = self._unet(noisy / (level**2 + 1).sqrt(), steps, context).sample
        return noisy - level * noise


MODEL = Path(__file__).resolve().parents[1] / "tests" / "model"


def parts_of(clip_skip: int, model: Path = MODEL) -> SimpleNamespace:
    """The networks of the small model that was trained with this clip skip, from its checkpoint: `text`, `encoder`,
    `unet`, `vae`."""
    kept = load_file(model / f"shapes-clip-skip-{clip_skip}.safetensors")
    state = {name: value.float() for name, value in kept.items()}
    text = CLIPTextModel(CLIPTextConfig.from_pretrained(model / "shapes-text-encoder")).eval()
    names = [name for name in text.state_dict() if not name.endswith("position_ids")]
    text.load_state_dict({name: state[layout.TEXT_PREFIX + name] for name in names}, strict=False)
    # The checkpoint's VAE has the hosts' epsilon in its norms, not that of the training (training/vae.py, `folded`).
    unet_model, vae_model = unet.unet_model().eval(), AutoencoderKL(**layout.vae_config(state)).eval()
    config = layout.unet_config(state) | {"attention_head_dim": unet.CONFIG["attention_head_dim"]}
    unet_model.load_state_dict(
        layout.from_ldm(state, layout.unet_name, config, layout.UNET_PREFIX, unet_model.state_dict())
    )
    blocks = {"block_out_channels": vae_model.config.block_out_channels}
    vae_model.load_state_dict(
        layout.from_ldm(state, layout.vae_name, blocks, layout.VAE_PREFIX, vae_model.state_dict())
    )
    encoder = Encoder(model / "shapes-text-encoder")
    return SimpleNamespace(text=text, encoder=encoder, unet=unet_model, vae=vae_model)


def network_of(parts: SimpleNamespace, unet_model=None) -> SmallNetwork:
    """A network of these parts, with another UNet in their place where one is given."""
    return SmallNetwork(parts.text, parts.encoder, unet_model or parts.unet, parts.vae)


def merged(one, other, share: float):
    """A UNet whose weights are `share` of one's and the rest of the other's."""
    made, others = deepcopy(one), dict(other.named_parameters())
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.mul_(share).add_(others[name] * (1 - share))
    return made
