"""A LoRA and an embedding of random numbers for the text encoders of `small_models`, while a test needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.helpers.client import Client

LORA, EMBEDDING = "every-model-lora", "every-model-embedding"
TOWERS = {
    "tiny-sd2": {"lora_te": (10, 256)},
    "tiny-sdxl": {"lora_te1": (12, 768), "lora_te2": (10, 256)},
}
"""By checkpoint the beginning of the names of a LoRA's parts, and the encoder's layers and channels."""


@contextmanager
def encoder_files(client: Client, model: str) -> Iterator[None]:
    """`LORA` and `EMBEDDING` in the folders of a WebUI on this machine."""
    flags, draw = client.flags(), np.random.default_rng(5)
    widths = [width for _, width in TOWERS[model].values()]
    names = ["clip_l", "clip_g"] if len(widths) == 2 else ["emb_params"]
    vectors = {name: draw.normal(0, 0.5, (2, width)) for name, width in zip(names, widths, strict=True)}
    files = {
        Path(flags["lora_dir"]) / f"{LORA}.safetensors": _lora(model, draw),
        Path(flags["embeddings_dir"]) / f"{EMBEDDING}.safetensors": vectors,
    }
    try:
        for file, numbers in files.items():
            save_file({name: value.astype(np.float32) for name, value in numbers.items()}, str(file))
        client.post("refresh-loras")
        client.post("refresh-embeddings")
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)
        client.post("refresh-loras")
        client.post("refresh-embeddings")


def _lora(model: str, draw: np.random.Generator) -> dict[str, np.ndarray]:
    rank, numbers = 4, {}
    for prefix, (layers, width) in TOWERS[model].items():
        for layer in range(layers):
            for part, (inward, outward) in {
                "mlp_fc1": (width, 4 * width),
                "mlp_fc2": (4 * width, width),
                "self_attn_v_proj": (width, width),
                "self_attn_out_proj": (width, width),
            }.items():
                name = f"{prefix}_text_model_encoder_layers_{layer}_{part}"
                numbers[f"{name}.lora_down.weight"] = draw.normal(0, inward**-0.5, (rank, inward))
                numbers[f"{name}.lora_up.weight"] = draw.normal(0, 0.3, (outward, rank))
                numbers[f"{name}.alpha"] = np.asarray(float(rank))
    return numbers
