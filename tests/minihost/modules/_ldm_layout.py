"""Names of weights: from diffusers' modules to the LDM layout of an SD1 checkpoint, and shapes back from a file.

The real host builds its networks in LDM's own classes; this one uses diffusers' and renames. One direction is enough:
a checkpoint is written under the LDM name of each diffusers weight and read by the same names.
Free of `modules.*`, so that the checkpoint's maker can use it too.
"""

import re

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
TEXT_PREFIX = "cond_stage_model.transformer."

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def _rename(name, table):
    for old, new in table.items():
        if name == old or name.startswith(old + "."):
            return new + name[len(old) :]
    return name


def unet_name(name, config):
    """LDM name (without prefix) of one weight of a UNet2DConditionModel with SD1's block types."""
    layers, levels = config["layers_per_block"], len(config["block_out_channels"])
    top = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}
    top |= {"time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"}
    if (renamed := _rename(name, top)) != name:
        return renamed

    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name):
        kind, i, rest = match.groups()
        if kind == "attentions":
            return f"middle_block.1.{rest}"
        return f"middle_block.{2 * int(i)}.{_rename(rest, _RESNET)}"

    match = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    way, level, kind, i, rest = match.groups()
    level, i = int(level), int(i)
    if way == "down":
        first = 1 + level * (layers + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + layers}.0.op{rest.removeprefix('conv')}"
        place = f"input_blocks.{first + i}"
    else:
        first = level * (layers + 1)
        if kind == "upsamplers":
            after_attention = config["up_block_types"][level].startswith("CrossAttn")
            return f"output_blocks.{first + layers}.{2 if after_attention else 1}.{rest}"
        place = f"output_blocks.{first + i}"
    assert level < levels, name
    return f"{place}.1.{rest}" if kind == "attentions" else f"{place}.0.{_rename(rest, _RESNET)}"


def vae_name(name, config):
    """LDM name (without prefix) of one weight of an AutoencoderKL."""
    levels = len(config["block_out_channels"])
    match = re.fullmatch(r"(encoder|decoder)\.(.*)", name)
    if match is None:
        return name  # quant_conv, post_quant_conv
    half, rest = match.groups()
    if (renamed := _rename(rest, {"conv_norm_out": "norm_out"})) != rest:
        return f"{half}.{renamed}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", rest):
        kind, i, rest = match.groups()
        if kind == "attentions":
            return f"{half}.mid.attn_1.{_rename(rest, _VAE_ATTENTION)}"
        return f"{half}.mid.block_{int(i) + 1}.{_rename(rest, {'conv_shortcut': 'nin_shortcut'})}"
    if match := re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|downsamplers|upsamplers)\.(\d+)\.(.*)", rest):
        way, level, kind, i, rest = match.groups()
        level = int(level) if way == "down" else levels - 1 - int(level)
        if kind != "resnets":
            return f"{half}.{way}.{level}.{kind.removesuffix('rs')}.{rest}"
        return f"{half}.{way}.{level}.block.{i}.{_rename(rest, {'conv_shortcut': 'nin_shortcut'})}"
    return f"{half}.{rest}"


def to_ldm(state, name_of, config, prefix):
    """A diffusers state dict under LDM names; linear weights of the VAE's attention become 1×1 convolutions."""
    renamed = {}
    for name, tensor in state.items():
        ldm = name_of(name, config)
        as_conv = ".attn_1." in ldm and tensor.dim() == 2
        renamed[prefix + ldm] = (tensor[:, :, None, None] if as_conv else tensor).contiguous()
    return renamed


def from_ldm(state, name_of, config, prefix, wanted):
    """The other way: for the diffusers names and shapes of `wanted` (a state dict), their tensors in `state`."""
    return {
        name: state[prefix + name_of(name, config)].reshape(like.shape).to(like.dtype) for name, like in wanted.items()
    }


def unet_config(state, prefix=UNET_PREFIX):
    """The arguments for UNet2DConditionModel that a checkpoint's shapes tell; 8 heads, as in every SD1."""
    channels, attention, layers = [], [], []
    i, new_level = 1, True
    while any(f"{prefix}input_blocks.{i}.0.{part}.weight" in state for part in ("op", "in_layers.2")):
        if f"{prefix}input_blocks.{i}.0.op.weight" in state:
            new_level = True
        else:
            if new_level:
                channels.append(state[f"{prefix}input_blocks.{i}.0.in_layers.2.weight"].shape[0])
                attention.append(f"{prefix}input_blocks.{i}.1.norm.weight" in state)
                layers.append(0)
                new_level = False
            layers[-1] += 1
        i += 1
    context = next(t.shape[1] for key, t in state.items() if key.startswith(prefix) and ".attn2.to_k.weight" in key)
    return {
        "sample_size": 8,
        "in_channels": state[f"{prefix}input_blocks.0.0.weight"].shape[1],
        "out_channels": state[f"{prefix}out.2.weight"].shape[0],
        "block_out_channels": tuple(channels),
        "layers_per_block": layers[0],
        "down_block_types": tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention),
        "up_block_types": tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)),
        "cross_attention_dim": context,
        "attention_head_dim": 8,
    }


def vae_config(state, prefix=VAE_PREFIX):
    """The arguments for AutoencoderKL that a checkpoint's shapes tell."""
    channels = []
    while f"{prefix}decoder.up.{len(channels)}.block.0.conv1.weight" in state:
        channels.append(state[f"{prefix}decoder.up.{len(channels)}.block.0.conv1.weight"].shape[0])
    layers = 0
    while f"{prefix}encoder.down.0.block.{layers}.conv1.weight" in state:
        layers += 1
    return {
        "block_out_channels": tuple(channels),
        "layers_per_block": layers,
        "down_block_types": ("DownEncoderBlock2D",) * len(channels),
        "up_block_types": ("UpDecoderBlock2D",) * len(channels),
        "latent_channels": state[f"{prefix}post_quant_conv.weight"].shape[0],
    }


def text_config(state, prefix=TEXT_PREFIX):
    """The arguments for CLIPTextConfig that a checkpoint's shapes tell; 64 channels per head, as in every CLIP."""
    inner = prefix + "text_model."
    vocabulary, hidden = state[f"{inner}embeddings.token_embedding.weight"].shape
    layers = 0
    while f"{inner}encoder.layers.{layers}.layer_norm1.weight" in state:
        layers += 1
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": state[f"{inner}encoder.layers.0.mlp.fc1.weight"].shape[0],
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // 64,
        "max_position_embeddings": state[f"{inner}embeddings.position_embedding.weight"].shape[0],
        "hidden_act": "quick_gelu",
        "bos_token_id": 49406,
        "eos_token_id": 49407,
    }
