"""The WebUIs of the family, as the infotexts of their pictures name them, and which of them agree on SDXL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.helpers.client import Client

VERSIONS = {
    "AUTOMATIC1111": "v1.10.1",
    "Forge": "f2.0.1v1.10.1-previous-669-gdfdcbab6",
    "reForge": "f1.0.0v2-v1.10.1RC-latest-2510-g3b56b268",
    "Forge Classic": "classic",
}
IGNORING = ("AUTOMATIC1111", "Forge Classic")
"""On these clip skip does nothing on SDXL."""


def name_of(client: Client) -> str:
    """The name of the WebUI under test."""
    return client.sweep({"clip_skip": [1]}).record["host"]["name"]


def others(own: str, ignoring: bool) -> list[str]:
    """The WebUIs other than one's own that ignore clip skip on SDXL, or those that don't."""
    return [name for name in VERSIONS if name != own and (name in IGNORING) is ignoring]


@contextmanager
def unloaded_sdxl(client: Client) -> Iterator[str]:
    """The name of a checkpoint that by its tensors' names is an SDXL one, for the time of the block. It is never
    loaded."""
    path = Path(client.get("sd-models")[0]["filename"]).parent / "clipskiplabxl.safetensors"
    names = ("conditioner.embedders.0.transformer.text_model.x", "conditioner.embedders.1.model.x")
    save_file({name: np.zeros(2, np.float32) for name in names}, str(path))
    client.post("refresh-checkpoints")
    yield path.stem
    path.unlink()
    client.post("refresh-checkpoints")
