"""Small LoRA files with metadata, for as long as a test needs them, in the folder of a running host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
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
