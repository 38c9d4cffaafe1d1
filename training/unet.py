"""Stage 3: two UNets of SD1's architecture, the first trained on the last layer, the second on the penultimate one.

The second goes on from the first, as the anime models went on from Stable Diffusion.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch

from . import latent, world
from .captions import captions
from .loop import Stage
from .text import WIDTH
from .tokenizer import Encoder

CONFIG = {
    "sample_size": latent.CELLS,
    "block_out_channels": (64, 64),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,  # diffusers' name for the number of heads
}
BATCH = 64
RATE = 1.5e-3
AVERAGE = 0.998
EMPTY = 0.1
"""How often a picture comes without its caption: what guidance needs."""
BANK = 16384
SNR_LIMIT = 5.0
HALF = True
SEEDS = {1: 21, 2: 22}


def unet_model():
    """An untrained `UNet2DConditionModel`."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor

    model = UNet2DConditionModel(**CONFIG)
    # With heads this narrow, torch's fused attention takes half of the training on a CPU.
    model.set_attn_processor(AttnProcessor())
    return model


def alphas_cumprod() -> torch.Tensor:
    """SD1's noise schedule, (1000,) of float32."""
    betas = torch.linspace(0.00085**0.5, 0.0120**0.5, 1000, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


def encode(model, tokens: torch.Tensor, clip_skip: int, half: bool = False) -> torch.Tensor:
    """What a host gives the UNet at this clip skip (1 to 13): (n, 77, width) of float32."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        output = model(input_ids=tokens, output_hidden_states=True)
        if clip_skip <= 1:
            return output.last_hidden_state.float()
        return model.text_model.final_layer_norm(output.hidden_states[-clip_skip]).float()


class Bank:
    """Captions of training scenes with their encodings at one clip skip, kept in half precision."""

    def __init__(self, text_encoder, encoder: Encoder, clip_skip: int, n: int = BANK, seed: int = 20) -> None:
        rng = np.random.default_rng(seed)
        self.scenes = world.sample(rng, n)
        self.texts, _ = captions(self.scenes, rng)
        rows = torch.unique(torch.cat([encoder([text])[0] for text in self.texts]), dim=0, return_inverse=True)
        self.row_of = rows[1]
        self.states = torch.cat([encode(text_encoder, part, clip_skip).half() for part in rows[0].split(256)])
        self.empty = encode(text_encoder, encoder([""])[0], clip_skip)[0]

    def batch(self, rng: np.random.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Fresh latent pictures (n, 4, 8, 8), scaled, and what is said about them, (n, 77, width)."""
        chosen = rng.integers(len(self.scenes), size=n)
        pictures = latent.latents(*world.compose(self.scenes[chosen], rng))
        pictures = latent.SCALE * (pictures + latent.NOISE * torch.randn_like(pictures))
        said = self.states[self.row_of[chosen]].float()
        said[torch.from_numpy(rng.random(n) < EMPTY)] = self.empty
        return pictures, said


def losses(model, bank: Bank, rng: np.random.Generator, n: int, half: bool = HALF) -> dict[str, torch.Tensor]:
    """The losses of a batch of n fresh pictures: "loss", which is trained on, and "square" without weights."""
    kept = alphas_cumprod()
    pictures, said = bank.batch(rng, n)
    t = torch.from_numpy(rng.integers(1000, size=n))
    noise = torch.randn_like(pictures)
    signal = kept[t][:, None, None, None]
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        guess = model(signal.sqrt() * pictures + (1 - signal).sqrt() * noise, t, said).sample.float()
    square = (guess - noise).square().mean((1, 2, 3))
    # What is wrong at little noise is fine detail and must not drown the rest (arXiv 2303.09556).
    ratio = kept[t] / (1 - kept[t])
    weight = SNR_LIMIT / ratio.clamp(min=SNR_LIMIT)
    return {"loss": (weight * square).mean(), "square": square.mean()}


def train(folder: Path, bank: Bank, clip_skip: int, steps: int, start_from=None, rate: float = RATE):
    """Trains, or goes on training, beginning with the weights of `start_from`; returns the stage and logged losses."""
    seed = SEEDS[clip_skip]
    torch.manual_seed(seed)
    model = unet_model()
    if start_from is not None:
        model.load_state_dict(start_from.state_dict())
    stage = Stage(folder, f"unet-{clip_skip}", {"model": model}, rate, seed, average=AVERAGE)

    def loss_of(rng: np.random.Generator, share: float) -> dict[str, torch.Tensor]:
        return losses(model, bank, rng, BATCH)

    logged = stage.run(steps, loss_of)
    return stage, logged


def sample(
    model,
    said: torch.Tensor,
    unsaid: torch.Tensor,
    seeds: list[int],
    cfg_scale: float = 5.0,
    steps: int = 12,
    start: torch.Tensor | None = None,
    strength: float = 1.0,
) -> torch.Tensor:
    """Latent pictures by Euler steps over Karras' noise levels, (n, 4, 8, 8), scaled.

    Args:
        said, unsaid: encodings, each (n, 77, width).
        seeds: of the noise, one a picture.
        start: latent pictures to start from, scaled, of which `strength` (0 to 1) of the steps are redone; None starts
            from noise alone.
    """
    kept = alphas_cumprod().double()
    levels = ((1 - kept) / kept).sqrt()
    low, high = levels[0] ** (1 / 7), levels[-1] ** (1 / 7)
    sigmas = [*(high + torch.linspace(0, 1, steps, dtype=torch.float64) * (low - high)) ** 7, torch.tensor(0.0)]
    x = torch.stack(
        [torch.randn(4, latent.CELLS, latent.CELLS, generator=torch.Generator().manual_seed(s)) for s in seeds]
    )
    if start is not None:
        sigmas = sigmas[steps - max(1, round(strength * steps)) :]
    x = x * float(sigmas[0]) + (0 if start is None else start)
    both = torch.cat([said, unsaid])
    with torch.no_grad():
        for sigma, following in itertools.pairwise(sigmas):
            t = float(np.interp(np.log(float(sigma)), levels.log().numpy(), np.arange(1000)))
            scaled = x / float((sigma**2 + 1).sqrt())
            guess = model(torch.cat([scaled, scaled]), torch.full((2 * len(x),), t), both).sample
            on, off = guess.chunk(2)
            x = x + (off + cfg_scale * (on - off)) * float(following - sigma)
    return x
