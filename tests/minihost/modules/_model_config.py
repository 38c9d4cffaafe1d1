"""What a checkpoint's weights don't tell: the yaml beside it, as the real host reads it.

Of LDM's configuration only three things matter here: the number of heads, the scale of latent pictures and where the
text encoder's files are. Without a yaml they are SD1's.
"""

import json
import os
from dataclasses import dataclass

import yaml


@dataclass(frozen=True)
class ModelConfig:
    """What `read` found; `file` is None for a checkpoint without a yaml."""

    file: str | None = None
    heads: int = 8
    scale_factor: float = 0.18215
    text_folder: str | None = None

    def text(self):
        """What the text encoder's own config.json says, or nothing."""
        if self.text_folder is None:
            return {}
        with open(os.path.join(self.text_folder, "config.json"), encoding="utf8") as file:
            return json.load(file)


def read(checkpoint):
    """The configuration of a checkpoint's file."""
    path = os.path.splitext(checkpoint)[0] + ".yaml"
    if not os.path.exists(path):
        return ModelConfig()
    with open(path, encoding="utf8") as file:
        params = yaml.safe_load(file)["model"]["params"]
    text_folder = params.get("cond_stage_config", {}).get("params", {}).get("version")
    return ModelConfig(
        file=path,
        heads=params["unet_config"]["params"]["num_heads"],
        scale_factor=params["scale_factor"],
        text_folder=text_folder,
    )
