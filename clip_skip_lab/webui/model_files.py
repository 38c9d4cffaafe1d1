"""Which files the WebUI uses: the user's checkpoint, and the LoRAs of a prompt."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from modules import extra_networks, sd_models, shared

from ..hosts import CHECKPOINT
from ..models.advice import Source
from ..models.measured import Measured, Measurement, normal_loras
from ..models.metadata import MetadataReader
from ..probe.answer import Answer
from ..probe.measurement import measurement
from ..probe.question import Question
from .engine import Engine

log = logging.getLogger("clip_skip_lab")

_ZERO = re.compile(r"\s*[+-]?(?:0+\.?0*|\.0+)\s*")
MOST_LORAS = 100
"""How many LoRAs of one prompt are looked at."""


class ModelFiles:
    """The files in use, and what their headers and weights say. Takes no lock of the host, loads nothing."""

    def __init__(self, engine: Engine, measured: Measured) -> None:
        self.engine = engine
        self.measured = measured
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
        """The checkpoint, then the LoRAs that the prompt names, with what headers and the checkpoint's weights say
        about training.

        Empty where the setting means nothing: on a loaded model that isn't SD1.
        """
        model = self.engine.model()
        if model is not None and not getattr(model, "is_sd1", True):
            return []
        found = []
        checkpoint = self.checkpoint()
        if checkpoint is not None:
            training = self._reader.read(checkpoint.filename)
            found.append(Source("checkpoint", checkpoint.name_for_extra, training, self._answer(checkpoint, prompt)))
        return found + [Source("lora", name, self._reader.read(file)) for name, file in loras(prompt)]

    def loaded(self) -> Source | None:
        """The file of the loaded model with what it says about training, without LoRAs; None as long as none is."""
        checkpoint = getattr(self.engine.model(), "sd_checkpoint_info", None)
        if checkpoint is None:
            return None
        training = self._reader.read(checkpoint.filename)
        return Source("checkpoint", checkpoint.name_for_extra, training, self._answer(checkpoint))

    def remember(self, question: Question, answer: Answer) -> None:
        """Remembers what a model's weights answered, unless nothing was measured. A file that cannot be written is a
        line in the log: the answer itself must not fail because of it."""
        checkpoint = self._named(answer.model.get("name", ""))
        if checkpoint is None or not answer.rows:
            return
        asked_with = loras_in_use(question.loras, added=False)
        try:
            self.measured.remember(measurement(question, answer, checkpoint.name, checkpoint.sha256, asked_with))
        except OSError as error:
            log.warning("%s: %s", self.measured.title, error)

    def forget(self, question: Question) -> bool:
        """Forgets what the user's checkpoint answered to this question. Returns whether there was something; raises
        `OSError`."""
        checkpoint = self.checkpoint()
        if checkpoint is None:
            return False
        tags = loras_in_use(question.loras, added=False)
        found = self.measured.recall(checkpoint.name, checkpoint.sha256, tags, question.vary)
        if found is None:
            return False
        with suppress(KeyError):  # forgotten meanwhile
            self.measured.forget(found.key)
        return True

    def _named(self, name: str) -> Any:
        """The host's record of the checkpoint that is called so in infotexts: the loaded one, if it is that, else the
        first of the list. Meanwhile another may have been loaded."""
        loaded = getattr(self.engine.model(), "sd_checkpoint_info", None)
        there = [loaded] if loaded is not None else []
        return next(
            (info for info in [*there, *sd_models.checkpoints_list.values()] if info.name_for_extra == name), None
        )

    def _answer(self, checkpoint: Any, prompt: str = "") -> Measurement | None:
        """What the weights of a checkpoint answered with exactly the LoRAs of a prompt, else alone; decided ones only
        where there are LoRAs. None where the file cannot be read, which is a line in the log."""
        name, sha256 = checkpoint.name, checkpoint.sha256
        try:
            together = self.measured.recall(name, sha256, tags) if (tags := loras_in_use(prompt)) else None
            if together is not None and together.clip_skip is not None:
                return together
            return self.measured.recall(name, sha256)
        except OSError as error:
            log.warning("%s: %s", self.measured.title, error)
            return None


def loras(prompt: str) -> list[tuple[str, str]]:
    """The LoRAs that the host would use for this prompt: (the name in the prompt, the file), each file once.

    Those that the host doesn't know are left out, and so are those of weight 0, and all when its Lora extension is off.
    """
    found: dict[str, str] = {}
    for tag, known in _known_tags(prompt):
        if len(found) < MOST_LORAS:
            found.setdefault(known.filename, tag.positional[0])
    return [(name, file) for file, name in found.items()]


def is_known_lora(name: str) -> bool:
    """Whether the host knows a LoRA of this name."""
    return any(found == name for found, _ in loras(f"<lora:{name}:1>"))


def list_loras() -> None:
    """Has the host look again for files of LoRAs (extensions-builtin/Lora/networks.py)."""
    look = getattr(sys.modules.get("networks"), "list_available_networks", None)
    if look is not None:
        look()


def loras_in_use(prompt: str, added: bool = True) -> str:
    """These LoRAs with their weights, as answers of weights are remembered by (`normal_loras`); `added` as below."""
    return normal_loras(([known.name, *tag.positional[1:]], tag.named) for tag, known in _known_tags(prompt, added))


def _known_tags(prompt: str, added: bool = True) -> list[tuple[Any, Any]]:
    """The tags of LoRAs that do something, each with the host's record of the file; with `added` also the one that the
    host's "Add network to prompt" puts there, if the prompt hasn't got it."""
    networks = sys.modules.get("networks")  # how the host's extension imports itself, extensions-builtin/Lora
    by_name, by_alias = (
        getattr(networks, "available_networks", None),
        getattr(networks, "available_network_aliases", None),
    )
    ambiguous = getattr(networks, "forbidden_network_aliases", {})
    if not isinstance(by_name, dict) or not isinstance(by_alias, dict):
        return []
    _, found = extra_networks.parse_prompt(prompt)
    named = [tag for kind in ("lora", "lyco") for tag in found.get(kind, []) if tag.positional]
    tags = [tag for tag in named if _does_something(tag)]
    always = shared.opts.data.get("sd_lora", "None") if added else "None"
    weight = shared.opts.data.get("extra_networks_default_multiplier", 1)  # that new ones get
    if weight and always not in ("None", *(tag.positional[0] for tag in named)):
        tags.append(extra_networks.ExtraNetworkParams(items=[always, str(weight)]))
    known = [(tag, _record(tag.positional[0], by_name, by_alias, ambiguous)) for tag in tags]
    return [(tag, record) for tag, record in known if record is not None]


def _record(name: str, by_name: dict[str, Any], by_alias: dict[str, Any], ambiguous: Any) -> Any:
    return (by_name if name.lower() in ambiguous else by_alias).get(name)


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
