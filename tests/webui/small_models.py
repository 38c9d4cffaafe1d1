"""Makes small random checkpoints shaped like SD2 and SDXL for a real WebUI, each with its yaml beside it.

    WEBUI_DIR=/path/to/stable-diffusion-webui /path/to/its/python -m tests.webui.small_models FOLDER

FOLDER is then given to the WebUI with `--ckpt-dir`. To be run with the WebUI's own Python: the networks are built
from the classes of its repositories, so that every key and shape is the real one; only widths and depths are small.
OpenCLIP's smallest known text tower (ViT-S-32-alt: 10 layers, 256 channels) stands for ViT-H and bigG. SDXL's CLIP-L
has its full shape, because the WebUI builds it from the name.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import torch
import yaml

SMALL_TOWER = "ViT-S-32-alt"
TOWER_WIDTH = 256
SMALL_UNET = {
    "model_channels": 32,
    "attention_resolutions": [1, 2],
    "num_res_blocks": 1,
    "channel_mult": [1, 2],
    "num_head_channels": 16,
    "use_checkpoint": False,
}


def main(folder: Path) -> None:
    """Writes tiny-sd2 and tiny-sdxl."""
    webui = Path(os.environ["WEBUI_DIR"])
    repositories = webui / "repositories"
    sys.path[:0] = [str(repositories / "stable-diffusion-stability-ai"), str(repositories / "generative-models")]
    sys.modules["xformers"] = None  # its absence is what the WebUI's own start sees without a GPU
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        _write_sd2(repositories, folder)
        _write_sdxl(repositories, folder)


def _write_sd2(repositories: Path, folder: Path) -> None:
    from ldm.models.autoencoder import AutoencoderKL
    from ldm.modules.diffusionmodules.openaimodel import UNetModel

    config = _read(repositories / "stable-diffusion-stability-ai/configs/stable-diffusion/v2-inference.yaml")
    params = config["model"]["params"]
    params["unet_config"]["params"].update(SMALL_UNET, use_fp16=False, context_dim=TOWER_WIDTH)
    params["cond_stage_config"]["params"]["arch"] = SMALL_TOWER
    vae = _small_vae(params["first_stage_config"]["params"])
    draw = torch.Generator().manual_seed(21)
    weights = {
        **_weights("model.diffusion_model.", UNetModel(**params["unet_config"]["params"]), draw),
        **_weights("first_stage_model.", AutoencoderKL(**vae, lossconfig={"target": "torch.nn.Identity"}), draw),
        **_weights("cond_stage_model.model.", _text_tower(), draw),
    }
    _save(folder / "tiny-sd2", config, weights)


def _write_sdxl(repositories: Path, folder: Path) -> None:
    from ldm.models.autoencoder import AutoencoderKL
    from sgm.modules.diffusionmodules.openaimodel import UNetModel
    from transformers import CLIPTextConfig, CLIPTextModel

    config = _read(repositories / "generative-models/configs/inference/sd_xl_base.yaml")
    params = config["model"]["params"]
    clip_l = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        hidden_act="quick_gelu",
    )
    unet = params["network_config"]["params"]
    unet.update(SMALL_UNET, transformer_depth=[1, 1], spatial_transformer_attn_type="softmax")
    unet.update(context_dim=clip_l.hidden_size + TOWER_WIDTH, adm_in_channels=TOWER_WIDTH + 6 * 256)
    params["conditioner_config"]["params"]["emb_models"][1]["params"]["arch"] = SMALL_TOWER
    vae = _small_vae(params["first_stage_config"]["params"])
    draw = torch.Generator().manual_seed(22)
    weights = {
        **_weights("model.diffusion_model.", UNetModel(**unet), draw),
        **_weights("first_stage_model.", AutoencoderKL(**vae, lossconfig={"target": "torch.nn.Identity"}), draw),
        **_weights("conditioner.embedders.0.transformer.", CLIPTextModel(clip_l), draw),
        **_weights("conditioner.embedders.1.model.", _text_tower(), draw),
    }
    _save(folder / "tiny-sdxl", config, weights)


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _small_vae(params: dict) -> dict:
    params["ddconfig"].update(ch=32, num_res_blocks=1, attn_type="vanilla")
    return {"ddconfig": params["ddconfig"], "embed_dim": params["embed_dim"]}


def _text_tower() -> torch.nn.Module:
    import open_clip

    tower = open_clip.create_model(SMALL_TOWER)
    del tower.visual
    return tower


def _weights(prefix: str, module: torch.nn.Module, draw: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights of a sensible scale; norms get random parameters too, so that none of them is the identity."""
    found = {}
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=draw)
            if "embedding" in name:
                value = 0.5 * noise
            elif value.ndim > 1:
                value = noise / math.sqrt(value[0].numel())
            elif name.endswith("weight"):
                value = 1 + 0.2 * noise
            elif value.ndim == 1:
                value = 0.1 * noise
            if "attn2.to_out.0.weight" in name:
                value = 3 * value  # the prompt shall be seen in the picture
        found[prefix + name] = value.contiguous()
    return found


def _save(path: Path, config: dict, weights: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    path.with_suffix(".yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    save_file(weights, path.with_suffix(".safetensors"), metadata={"format": "pt"})
    print(f"{path.name}: {sum(value.numel() for value in weights.values()) / 1e6:.0f} M parameters")


if __name__ == "__main__":
    if len(sys.argv) != 2 or "WEBUI_DIR" not in os.environ:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
