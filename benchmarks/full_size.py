"""Writes a checkpoint of random weights with all the shapes of SD1.5: 860 million parameters in the UNet, 123 in the
text encoder, 84 in the VAE; 2.1 GB at half precision.

    python -m benchmarks.full_size FILE.safetensors

Nothing is trained, so its pictures show nothing. Three things are seen to, so that what is measured with them means
something: the layers of the text encoder differ, the UNet heeds what they say, and sampling removes noise as it does
in a trained model, by a few channels that carry the noisy latent to the output (tests/minihost/checkpoint.py tells how
that gets through a normalisation).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.minihost.modules import _ldm_layout as layout

State = dict[str, torch.Tensor]

CONSTANT = 24.0
"""What stands beside a carried signal in its group of channels."""

DENOISE = 1.0
"""How strongly the UNet's output follows the noisy latent."""

PATTERN = 0.3
"""Strength of what it adds of its own."""

STRONGER = {
    **{"token_embedding.weight": 1.0, "position_embedding.weight": 0.5},
    **{"q_proj.weight": 1.7, "k_proj.weight": 1.7},  # attention that picks tokens instead of averaging them
    **{"attn2.to_q.weight": 1.5, "attn2.to_k.weight": 1.5, "attn2.to_v.weight": 1.4, "attn2.to_out.0.weight": 1.4},
    **{"time_emb_proj.weight": 0.4, "decoder.conv_out.weight": 0.8},
}
"""Factors by the end of a weight's name."""


@dataclass(frozen=True)
class Sizes:
    """What decides the shapes: channels of UNet and VAE by level, and of the text encoder."""

    unet: tuple[int, ...] = (320, 640, 1280, 1280)
    vae: tuple[int, ...] = (128, 256, 512, 512)
    text: int = 768


SMALL = Sizes((96, 96, 96, 96), (32, 32, 32, 32), 128)
"""For a try on a processor."""


def write(path: Path, sizes: Sizes = Sizes()) -> Path:  # noqa: B008  frozen
    """Writes the checkpoint, in half precision under the names of SD1's layout; the same numbers each time on the same
    kind of device (a card draws a billion of them in a second)."""
    draw = torch.Generator("cuda" if torch.cuda.is_available() else "cpu").manual_seed(15)
    with torch.device("meta"):
        text, unet, vae = _networks(sizes)
    drawn = _drawn(unet, draw)
    _carry(drawn, sizes.unet[0])
    encoder = _drawn(text, draw)
    # Without it each token's mean is 0, by which the host's emphasis "Original" divides.
    encoder["text_model.final_layer_norm.bias"] += 0.15 + 0.2 * torch.randn(
        sizes.text, generator=draw, device=draw.device
    )
    state = {layout.TEXT_PREFIX + name: tensor for name, tensor in encoder.items()}
    state |= layout.to_ldm(drawn, layout.unet_name, unet.config, layout.UNET_PREFIX)
    state |= layout.to_ldm(_drawn(vae, draw), layout.vae_name, vae.config, layout.VAE_PREFIX)
    save_file({name: tensor.half().cpu().contiguous() for name, tensor in state.items()}, path)
    return path


def _networks(sizes: Sizes) -> tuple[torch.nn.Module, torch.nn.Module, torch.nn.Module]:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextConfig(
        hidden_size=sizes.text,
        intermediate_size=4 * sizes.text,
        num_hidden_layers=12,
        num_attention_heads=sizes.text // 64,
        vocab_size=49408,
        max_position_embeddings=77,
    )
    unet = UNet2DConditionModel(block_out_channels=sizes.unet, cross_attention_dim=sizes.text)  # the defaults are SD1's
    levels = len(sizes.vae)
    vae = AutoencoderKL(
        block_out_channels=sizes.vae,
        layers_per_block=2,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
    )
    return CLIPTextModel(text), unet, vae


def _drawn(network: torch.nn.Module, draw: torch.Generator) -> State:
    """Weights that keep the size of a signal; norms are the identity."""
    found = {}
    for name, like in network.state_dict().items():
        if not like.is_floating_point():
            continue
        if like.ndim > 1:
            inputs = 1 if "embedding.weight" in name else like[0].numel()
            factor = next((factor for end, factor in STRONGER.items() if name.endswith(end)), 1.0)
            found[name] = _smoothed(torch.randn(like.shape, generator=draw, device=draw.device))
            found[name] *= factor / math.sqrt(inputs)
        else:
            found[name] = torch.full(like.shape, float(name.endswith("weight")), device=draw.device)
    return found


def _smoothed(kernel: torch.Tensor) -> torch.Tensor:
    """Most of a 3 × 3 kernel is one blur: pictures of patches, which compress like pictures and not like noise."""
    if kernel.ndim < 4 or kernel.shape[-1] != 3:
        return kernel
    blur = torch.tensor([1.0, 2.0, 1.0], device=kernel.device)
    return kernel[:, :, :1, :1] * torch.outer(blur, blur) * 3 / 16 + 0.3 * kernel


def _carry(unet: State, width: int) -> None:
    """Lets the first channels of a UNet carry the noisy latent from its input past everything to its output."""
    group, last = width // 32, "up_blocks.3.resnets.2."
    carried = slice(0, 4 * group)
    for name in ("conv_in", last + "conv_shortcut", last + "conv2", "up_blocks.3.attentions.2.proj_out"):
        unet[f"{name}.weight"][carried] = 0
        unet[f"{name}.bias"][carried] = 0
    for channel in range(4 * group):  # behind the layer's own input comes what was kept of the first one's output
        unet[last + "conv_shortcut.weight"][channel, width + channel] = 1
    deviation = CONSTANT * math.sqrt(group - 1) / group
    at = torch.tensor(-CONSTANT / group / deviation)
    slope = float(torch.sigmoid(at) * (1 + at * (1 - torch.sigmoid(at))))
    tap = DENOISE * deviation / (2 * slope)
    unet["conv_out.weight"] *= PATTERN
    unet["conv_out.weight"][:, carried] = 0
    for channel in range(4):
        first = group * channel
        unet["conv_in.weight"][first, channel, 1, 1] = 1
        unet["conv_in.weight"][first + 1, channel, 1, 1] = -1
        unet["conv_in.bias"][first + 2] = CONSTANT
        unet["conv_out.weight"][channel, first, 1, 1] = tap
        unet["conv_out.weight"][channel, first + 1, 1, 1] = -tap


if __name__ == "__main__":
    write(Path(sys.argv[1]))
