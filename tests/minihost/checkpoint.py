"""Writes the small SD1 checkpoint, a VAE file and the tokenizer that the embedded host runs on.

Nothing is trained: weights are random from a fixed seed, with two things built in so that the pictures are worth
looking at. (1) A few channels of the VAE carry colour unchanged, so it really encodes and decodes (blurred by its
factor of 8). (2) A few channels of the UNet carry the noisy latent to the output, so that sampling removes noise;
the other channels add a pattern that follows prompt, clip skip and noise.

A normalisation layer would take the level away from a carried signal x: each therefore sits in a group of three
channels, x, −x and a large constant. The group's deviation is then that of the constant, and the difference of the
two after the activation is proportional to x.
"""

import hashlib
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from .modules import _ldm_layout as layout
from .modules._tokenizer import write_tokenizer

__all__ = ["make_checkpoint", "write_checkpoint", "write_tokenizer", "write_vae"]

RECIPE = 1
WIDTH = 96  # channels everywhere: 32 groups of three
CONSTANT = 24.0
TEXT = {"hidden": 128, "layers": 12, "heads": 2, "mlp": 512, "vocabulary": 49408, "positions": 77}
DENOISE = 1.2  # how strongly the UNet's output follows the noisy latent (1 would keep half of the noise)
PATTERN = 0.18  # strength of what the UNet adds of its own
TEXTURE = 0.06  # strength of what the VAE's decoder adds of its own


class _Random:
    """Normal numbers from a fixed seed, the same on each machine: always drawn on the CPU."""

    def __init__(self, seed):
        self.generator = torch.Generator("cpu").manual_seed(seed)

    def __call__(self, *shape, std=1.0):
        return torch.randn(*shape, generator=self.generator) * std

    def fill(self, module, gain=1.0):
        """Linear and convolution weights that keep the size of a signal; 3×3 kernels are smooth, not noisy."""
        blur = torch.tensor([1.0, 2.0, 1.0])
        blur = torch.outer(blur, blur) / 6.0
        for part in module.modules():
            if isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
                shape = part.weight.shape
                weight = self(*shape[:2], std=gain / math.sqrt(shape[1]))
                if part.weight.dim() == 4:
                    weight = weight[:, :, None, None] * (blur if shape[-1] == 3 else torch.ones(1, 1))
                    weight = weight + self(*shape, std=0.3 * gain / math.sqrt(part.weight[0].numel()))
                part.weight.data = weight
                if part.bias is not None:
                    part.bias.data = self(*part.bias.shape, std=0.1)
            elif isinstance(part, torch.nn.GroupNorm | torch.nn.LayerNorm):
                part.weight.data.fill_(1.0)
                part.bias.data.zero_()


def _plus(i):
    return 3 * i


def _open_carrier(conv, sources, scale=1.0):
    """A convolution that puts `scale` × input channel i into group i, and the constant beside it."""
    for i in range(sources):
        group = slice(3 * i, 3 * i + 3)
        conv.weight.data[group] = 0
        middle = conv.weight.shape[-1] // 2
        conv.weight.data[_plus(i), i, middle, middle] = scale
        conv.weight.data[_plus(i) + 1, i, middle, middle] = -scale
        conv.bias.data[group] = torch.tensor([0.0, 0.0, CONSTANT])


def _keep_carrier(conv, sources, kernel, offset=0, constant_kernel=None):
    """A convolution that hands the carrying groups on; `kernel` may blur, the constant must not fade at an edge."""
    for channel in range(3 * sources):
        conv.weight.data[channel] = 0
        is_constant = channel % 3 == 2
        conv.weight.data[channel, offset + channel] = (
            constant_kernel if is_constant and constant_kernel is not None else kernel
        )
        conv.bias.data[channel] = 0


def _silence(layer, sources):
    """A residual branch that adds nothing to the carrying groups."""
    layer.weight.data[: 3 * sources] = 0
    layer.bias.data[: 3 * sources] = 0


def _close_carrier(conv, sources, gain=1.0):
    """After norm and activation: output channel i = gain × x_i + a little of everything else."""
    deviation = CONSTANT * math.sqrt(2) / 3
    at = torch.tensor(-CONSTANT / 3 / deviation)
    sigmoid = torch.sigmoid(at)
    slope = float(sigmoid * (1 + at * (1 - sigmoid)))
    tap = gain * deviation / (2 * slope)
    conv.weight.data[:, : 3 * sources] = 0
    for i in range(sources):
        conv.bias.data[i] = 0
        conv.weight.data[i, _plus(i), 1, 1] = tap
        conv.weight.data[i, _plus(i) + 1, 1, 1] = -tap


def _text_encoder(random):
    from transformers import CLIPTextConfig, CLIPTextModel

    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=TEXT["vocabulary"],
            hidden_size=TEXT["hidden"],
            intermediate_size=TEXT["mlp"],
            num_hidden_layers=TEXT["layers"],
            num_attention_heads=TEXT["heads"],
            max_position_embeddings=TEXT["positions"],
            hidden_act="quick_gelu",
        )
    )
    random.fill(model)
    text = model.text_model
    text.embeddings.token_embedding.weight.data = random(TEXT["vocabulary"], TEXT["hidden"])
    text.embeddings.position_embedding.weight.data = random(TEXT["positions"], TEXT["hidden"], std=0.5)
    for depth, layer in enumerate(text.encoder.layers):
        for projection in (layer.self_attn.q_proj, layer.self_attn.k_proj):
            projection.weight.data *= 1.7  # attention that picks tokens instead of averaging them
        growth = 1.06**depth  # what a layer adds stays in proportion to what is there: neighbours differ at any depth
        layer.self_attn.out_proj.weight.data *= 0.9 * growth
        layer.mlp.fc2.weight.data *= 0.9 * growth
    # with weight 1 and bias 0 the mean is 0, and the host's "Original" emphasis divides by the mean
    text.final_layer_norm.weight.data = 1.0 + random(TEXT["hidden"], std=0.2)
    text.final_layer_norm.bias.data = 0.15 + random(TEXT["hidden"], std=0.2)
    return model


def _unet(random):
    from diffusers import UNet2DConditionModel

    config = {
        "sample_size": 8,
        "block_out_channels": (WIDTH, WIDTH),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": TEXT["hidden"],
        "attention_head_dim": 8,
    }
    model = UNet2DConditionModel(**config)
    random.fill(model)
    for name, part in model.named_modules():
        if name.endswith(("attn2.to_q", "attn2.to_k")):
            part.weight.data *= 1.5
        elif name.endswith(("attn2.to_out.0", "attn2.to_v")):
            part.weight.data *= 1.4
        elif name.endswith("time_emb_proj"):
            part.weight.data *= 0.4

    last = model.up_blocks[-1].resnets[-1]
    one = torch.ones(1, 1)
    _open_carrier(model.conv_in, 4)
    _keep_carrier(last.conv_shortcut, 4, one, offset=WIDTH)
    _silence(last.conv2, 4)
    _silence(model.up_blocks[-1].attentions[-1].proj_out, 4)
    model.conv_out.weight.data *= PATTERN
    model.conv_out.bias.data.zero_()
    _close_carrier(model.conv_out, 4, DENOISE)
    return model, config


def _vae(random, texture=TEXTURE):
    from diffusers import AutoencoderKL

    config = {
        "block_out_channels": (WIDTH,) * 4,
        "layers_per_block": 0,
        "latent_channels": 4,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    }
    model = AutoencoderKL(**config)
    random.fill(model)
    scale = 0.18215
    blur = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))
    middle = torch.zeros(3, 3)
    middle[1, 1] = 1.0
    mean_of_four = torch.zeros(3, 3)
    mean_of_four[:2, :2] = 0.25

    for half in (model.encoder, model.decoder):
        for resnet in [*half.mid_block.resnets, *(r for b in getattr(half, "up_blocks", []) for r in b.resnets)]:
            _silence(resnet.conv2, 3)
        _silence(half.mid_block.attentions[0].to_out[0], 3)

    encoder, decoder = model.encoder, model.decoder
    _open_carrier(encoder.conv_in, 3)
    for block in encoder.down_blocks[:-1]:
        _keep_carrier(block.downsamplers[0].conv, 3, mean_of_four)
    encoder.conv_out.weight.data *= 0.1
    _close_carrier(encoder.conv_out, 3, 1 / scale)
    encoder.conv_out.weight.data[4:] = 0
    encoder.conv_out.bias.data[4:] = -6.0  # log variance of the posterior
    for conv in (model.quant_conv, model.post_quant_conv):
        conv.weight.data = torch.eye(conv.weight.shape[0])[:, :, None, None]
        conv.bias.data.zero_()

    _open_carrier(decoder.conv_in, 3, scale)
    decoder.conv_in.weight.data[9:] *= scale
    for block in decoder.up_blocks[:-1]:
        _keep_carrier(block.upsamplers[0].conv, 3, blur, constant_kernel=middle)
    decoder.conv_out.weight.data *= texture
    decoder.conv_out.bias.data.zero_()
    _close_carrier(decoder.conv_out, 3)
    return model, config


def _half(state):
    return {name: t.half() if t.is_floating_point() else t for name, t in state.items()}


def _save(state, path, seed):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")  # a host that looks into the folder meanwhile must not see half a file
    # a single key: the order of several in the header isn't the same in each run
    save_file(_half(state), part, metadata={"recipe": _fingerprint(seed)})
    part.replace(path)
    return path


def _fingerprint(seed):
    """Changes when this file's recipe changes: a checkpoint that is already there is then made again."""
    source = Path(__file__).read_bytes()
    return hashlib.sha256(source + json.dumps([RECIPE, seed]).encode()).hexdigest()[:16]


def make_checkpoint(path, seed=0):
    """Writes one checkpoint unless the same one is there already; returns its path."""
    path = Path(path)
    if path.exists() and _recipe_of(path) == _fingerprint(seed):
        return path

    with torch.no_grad():
        random = _Random(seed)
        text = {k: v for k, v in _text_encoder(random).state_dict().items() if not k.endswith("position_ids")}
        unet, unet_config = _unet(random)
        vae, vae_config = _vae(random)
        state = {layout.TEXT_PREFIX + name: tensor for name, tensor in text.items()}
        state |= layout.to_ldm(unet.state_dict(), layout.unet_name, unet_config, layout.UNET_PREFIX)
        state |= layout.to_ldm(vae.state_dict(), layout.vae_name, vae_config, layout.VAE_PREFIX)
    return _save(state, path, seed)


def write_checkpoint(folder, seed=0, name="tiny-sd1"):
    return make_checkpoint(Path(folder) / f"{name}.safetensors", seed)


def write_vae(folder, seed=100, name="tiny-vae"):
    """A separate VAE for the option `sd_vae`: same colours, a stronger texture of its own."""
    path = Path(folder) / f"{name}.safetensors"
    if path.exists() and _recipe_of(path) == _fingerprint(seed):
        return path
    with torch.no_grad():
        vae, config = _vae(_Random(seed), texture=4 * TEXTURE)
        return _save(layout.to_ldm(vae.state_dict(), layout.vae_name, config, ""), path, seed)


def _recipe_of(path):
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return (file.metadata() or {}).get("recipe")
