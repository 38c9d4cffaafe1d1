"""Small LoRA files in the folder of a running host, for as long as a test needs them: with metadata, or an effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.helpers.client import Client

LORAS = {
    "cslab_two": {"ss_clip_skip": "2", "ss_base_model_version": "sd_v1"},
    "cslab_three": {"modelspec.encoder_layer": "3", "modelspec.architecture": "stable-diffusion-v1/lora"},
    "cslab_none": {"ss_clip_skip": "None", "ss_base_model_version": "sd_v1"},
    "cslab_silent": {"ss_output_name": "cslab_silent_alias"},
    "cslab_sdxl": {"ss_clip_skip": "2", "ss_base_model_version": "sdxl_base_v1-0"},
}


@contextmanager
def lora_files(client: Client) -> Iterator[None]:
    """The files of `LORAS`, and `cslab_bad`, whose header has a wrong length. Skips where the host can't have them."""
    if client.http.get("/sdapi/v1/loras").status_code == 404:
        pytest.skip("this host has no Lora extension")
    flags = client.flags()
    if not Path(flags["data_dir"]).is_dir():
        pytest.skip("the host's folders are on another machine")
    folder = Path(flags["lora_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    bad = folder / "cslab_bad.safetensors"
    files = {folder / f"{name}.safetensors": metadata for name, metadata in LORAS.items()}
    try:
        for file, metadata in files.items():
            save_file({"x.alpha": np.ones(1, np.float32)}, str(file), metadata=metadata)
        bad.write_bytes((2**63).to_bytes(8, "little") + b'{"a')
        client.post("refresh-loras")
        yield
    finally:
        for file in [*files, bad]:
            file.unlink(missing_ok=True)
        client.post("refresh-loras")


@contextmanager
def text_lora(client: Client) -> Iterator[str]:
    """The name of a LoRA that changes the text encoder's first layer."""
    random, width = np.random.default_rng(4), encoder_width(client)
    layer = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    tensors = {
        f"{layer}.lora_down.weight": random.standard_normal((2, width), dtype=np.float32),
        f"{layer}.lora_up.weight": random.standard_normal((4 * width, 2), dtype=np.float32) * np.float32(0.2),
        f"{layer}.alpha": np.array(2.0, np.float32),
    }
    path = Path(client.flags()["lora_dir"]) / "clipskiplablora.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(path))
    yield path.stem
    path.unlink()


def encoder_width(client: Client) -> int:
    """Channels of the loaded checkpoint's text encoder, from the checkpoint's file."""
    current = client.options()["sd_model_checkpoint"]
    models = client.get("sd-models")
    file = next((model["filename"] for model in models if model["title"] == current), models[0]["filename"])
    name = "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight"
    with safe_open(file, "np") as tensors:
        return int(tensors.get_slice(name).get_shape()[1])
