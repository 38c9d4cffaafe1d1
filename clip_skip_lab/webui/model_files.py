"""Which files the WebUI uses: the user's checkpoint, and the LoRAs of a prompt."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from modules import extra_networks, sd_models, shared

from ..hosts import CHECKPOINT
from ..models.advice import Source
from ..models.metadata import MetadataReader
from .engine import Engine

_ZERO = re.compile(r"\s*[+-]?(?:0+\.?0*|\.0+)\s*")
MOST_LORAS = 100
"""How many LoRAs of one prompt are looked at."""


class ModelFiles:
    """The files in use, and what their headers say. Takes no lock of the host, loads nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = MetadataReader()
        self._chosen: Any = None

    def checkpoint(self) -> Any:
        """The host's record (`sd_models.CheckpointInfo`) of the checkpoint that the user has chosen, or None.

        While a picture is made, the option may name the checkpoint of an override, a refiner or a cell of a plot
        (modules/processing.py, `process_images`): then the last one seen before counts.
        """
        if not shared.state.job or self._chosen is None:
            named = sd_models.checkpoint_aliases.get(shared.opts.data.get(CHECKPOINT))
            self._chosen = named or getattr(self.engine.model(), "sd_checkpoint_info", None)
        return self._chosen

    def is_chosen(self, checkpoint: Any) -> bool:
        """Whether the option names this checkpoint."""
        named = sd_models.checkpoint_aliases.get(shared.opts.data.get(CHECKPOINT))
        return named is not None and named.filename == checkpoint.filename

    def choose(self, checkpoint: Any) -> None:
        """Notes that the user has chosen this one, where a picture that is being made would leave that open."""
        self._chosen = checkpoint

    def sources(self, prompt: str) -> list[Source]:
        """The checkpoint, then the LoRAs that the prompt names, with what their headers say about training.

        Empty where the setting means nothing: on a loaded model that isn't SD1.
        """
        model = self.engine.model()
        if model is not None and not getattr(model, "is_sd1", True):
            return []
        found = []
        checkpoint = self.checkpoint()
        if checkpoint is not None:
            found.append(
                Source("checkpoint", checkpoint.name_for_extra, self._reader.read(checkpoint.filename)),
            )
        return found + [Source("lora", name, self._reader.read(file)) for name, file in loras(prompt)]


def loras(prompt: str) -> list[tuple[str, str]]:
    """The LoRAs that the host would use for this prompt: (the name in the prompt, the file), each file once.

    Those that the host doesn't know are left out, and so are those of weight 0, and all when its Lora extension is off.
    """
    networks = sys.modules.get("networks")  # how the host's extension imports itself, extensions-builtin/Lora
    by_name, by_alias = (
        getattr(networks, "available_networks", None),
        getattr(networks, "available_network_aliases", None),
    )
    ambiguous = getattr(networks, "forbidden_network_aliases", {})
    if not isinstance(by_name, dict) or not isinstance(by_alias, dict):
        return []
    _, tags = extra_networks.parse_prompt(prompt)
    named = [tag for kind in ("lora", "lyco") for tag in tags.get(kind, []) if tag.positional]
    names = [tag.positional[0] for tag in named if _does_something(tag)]
    # The host's "Add network to prompt": it does where the prompt hasn't got it, with the weight that new ones get.
    always = shared.opts.data.get("sd_lora", "None")
    weight = shared.opts.data.get("extra_networks_default_multiplier", 1)
    if weight and always not in ("None", *(tag.positional[0] for tag in named)):
        names.append(always)
    found: dict[str, str] = {}
    for name in names:
        known = (by_name if name.lower() in ambiguous else by_alias).get(name)
        if known is not None and len(found) < MOST_LORAS:
            found.setdefault(known.filename, name)
    return [(name, file) for file, name in found.items()]


def _does_something(tag: Any) -> bool:
    """Whether a LoRA's tag gives it a weight other than 0, for the text encoder or the UNet: `<lora:name:1:0.5>`,
    `<lora:name:te=1:unet=0.5>` (extensions-builtin/Lora/extra_networks_lora.py)."""
    given = dict(zip(("name", "te", "unet"), tag.positional, strict=False)) | tag.named
    text_encoder = given.get("te", "1")
    return any(not _ZERO.fullmatch(weight) for weight in (text_encoder, given.get("unet", text_encoder)))


def checkpoint_files() -> set[tuple[str, str | None]]:
    """Name and SHA-256 (None where it hasn't been worked out) of every checkpoint that the host lists."""
    return {(info.name, info.sha256) for info in list(sd_models.checkpoints_list.values())}


def data_folder() -> Path:
    """The folder for this extension's own data."""
    from modules.paths_internal import data_path

    return Path(data_path) / "clip_skip_lab"
