"""Writes the trained networks as SD1 checkpoints of half precision, each with the yaml that a WebUI reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml
from safetensors.torch import save_file

from tests.minihost.modules import _ldm_layout as layout

from . import latent, text, unet, vae

NAME = "shapes-clip-skip-{}"
TEXT_FOLDER = "shapes-text-encoder"


def config() -> dict:
    """The yaml's content. The text encoder is named by its folder beside the yaml; `place` makes that a full path."""
    channels, levels = unet.CONFIG["block_out_channels"], len(unet.CONFIG["block_out_channels"])
    attention = [2**i for i in range(levels) if unet.CONFIG["down_block_types"][i].startswith("CrossAttn")]
    return {
        "model": {
            "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
            "params": {
                "linear_start": 0.00085,
                "linear_end": 0.0120,
                "num_timesteps_cond": 1,
                "timesteps": 1000,
                "first_stage_key": "jpg",
                "cond_stage_key": "txt",
                "image_size": latent.CELLS,
                "channels": 4,
                "cond_stage_trainable": False,
                "conditioning_key": "crossattn",
                "scale_factor": latent.SCALE,
                "use_ema": False,
                "unet_config": {
                    "target": "ldm.modules.diffusionmodules.openaimodel.UNetModel",
                    "params": {
                        "image_size": latent.CELLS,
                        "in_channels": 4,
                        "out_channels": 4,
                        "model_channels": channels[0],
                        "attention_resolutions": attention,
                        "num_res_blocks": unet.CONFIG["layers_per_block"],
                        "channel_mult": [c // channels[0] for c in channels],
                        "num_heads": unet.CONFIG["attention_head_dim"],
                        "use_spatial_transformer": True,
                        "transformer_depth": 1,
                        "context_dim": text.WIDTH,
                        "use_checkpoint": False,
                        "legacy": False,
                    },
                },
                "first_stage_config": {
                    "target": "ldm.models.autoencoder.AutoencoderKL",
                    "params": {
                        "embed_dim": 4,
                        "ddconfig": {
                            "double_z": True,
                            "z_channels": 4,
                            "resolution": 64,
                            "in_channels": 3,
                            "out_ch": 3,
                            "ch": vae.CHANNELS,
                            "ch_mult": [1, 1, 1, 1],
                            "num_res_blocks": vae.CONFIG["layers_per_block"],
                            "attn_resolutions": [],
                            "dropout": 0.0,
                        },
                        "lossconfig": {"target": "torch.nn.Identity"},
                    },
                },
                "cond_stage_config": {
                    "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
                    "params": {"version": TEXT_FOLDER},
                },
            },
        }
    }


def pack(folder: Path, tokenizer: Path, text_encoder, vae_model, unets: dict[int, tuple], steps: dict[str, int]) -> int:
    """Writes everything into `folder`; returns its size in bytes.

    Args:
        tokenizer: the folder of the tokenizer's files.
        vae_model: with the training's epsilon; it is folded here.
        unets: for each clip skip the UNet and the number of its training steps.
        steps: training steps of "text" and "vae".
    """
    folder = Path(folder)
    beside = folder / TEXT_FOLDER
    beside.mkdir(parents=True, exist_ok=True)
    for file in sorted(tokenizer.iterdir()):
        shutil.copyfile(file, beside / file.name)
    text_encoder.config.architectures = ["CLIPTextModel"]
    text_encoder.config.save_pretrained(beside)
    parts = {
        layout.TEXT_PREFIX + name: value
        for name, value in text_encoder.state_dict().items()
        if not name.endswith("position_ids")
    }
    parts |= layout.to_ldm(vae.folded(vae_model).state_dict(), layout.vae_name, vae.CONFIG, layout.VAE_PREFIX)
    for clip_skip, (model, done) in unets.items():
        weights = parts | layout.to_ldm(model.state_dict(), layout.unet_name, unet.CONFIG, layout.UNET_PREFIX)
        path = folder / f"{NAME.format(clip_skip)}.safetensors"
        save_file(
            {name: value.half().contiguous() for name, value in weights.items()}, path, _header(clip_skip, done, steps)
        )
        path.with_suffix(".yaml").write_text(yaml.safe_dump(config(), sort_keys=False), encoding="utf-8")
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _header(clip_skip: int, steps: int, others: dict[str, int]) -> dict[str, str]:
    return {
        "modelspec.title": f"Shapes, trained with clip skip {clip_skip}",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.resolution": "64x64",
        "modelspec.prediction_type": "epsilon",
        "modelspec.encoder_layer": str(clip_skip),
        "modelspec.description": (
            "One object (circle, square, triangle, cross), or two with sides, in six colours on a ground of another; "
            "pictures and captions from the program training/world.py, training/captions.py"
        ),
        "ss_clip_skip": str(clip_skip),
        "training.seed": str(unet.SEEDS[clip_skip]),
        "training.steps": str(steps),
        "training.batch_size": str(unet.BATCH),
        "training.text_encoder_steps": str(others["text"]),
        "training.vae_steps": str(others["vae"]),
    }
