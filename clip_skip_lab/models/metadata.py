"""What the header of a .safetensors file says about the clip skip that a model was trained with. Knows no host."""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from .header import BadHeader, read_metadata

log = logging.getLogger("clip_skip_lab")

LAYERS_OF_SD1 = 12
"""Of its text encoder, the only one whose training depends on a clip skip."""

REMEMBERED_FILES = 1024
"""How many files' answers are remembered."""

_BASE = re.compile(r"(?:(?<![a-z0-9])(?:sd|stable[ _-]*diffusion)[ _.-]*v?[ _.-]*|^v?(?=\d[.-]))(xl|\d)")
"""What trainers call a model's base: "sd_v1", "sd_1.5", "SD 1.5", "v1-5", "stable-diffusion-v1-5", "sdxl_base_v1-0"."""

_FAMILIES = {"xl": "sdxl", "1": "sd1", "2": "sd2"}

_WHOLE = re.compile(r"\s*([+-]?)([0-9]{1,4})(?:\.0+)?\s*", re.ASCII)


@dataclass(frozen=True)
class Training:
    """What one file says.

    Attributes:
        clip_skip: the clip skip it was trained with, 1 to 12, in A1111's counting; None when the file does not say, or
            when it means nothing for this family of models.
        stated: False where the trainer wrote "None", which means that it used the last layer, clip skip 1.
        family: "sd1", "sd2", "sdxl", "other", or None when the file does not say.
        problem: why the header could not be read, as a sentence; None for one that could, or that isn't .safetensors.
    """

    clip_skip: int | None = None
    stated: bool = False
    family: str | None = None
    problem: str | None = None


class MetadataReader:
    """Reads files' headers, each version of a file once. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int, int], Training] = OrderedDict()

    def read(self, path: str | Path) -> Training:
        """What the file says. Never raises for a bad file: that is a `problem`, logged once per version of the file."""
        path = Path(path)
        if path.suffix.lower() != ".safetensors":
            return Training()
        try:
            found = path.stat()
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            return Training(problem=f"{_one_line(path.name)} cannot be looked at ({_one_line(str(error))}).")
        key = (str(path), found.st_size, found.st_mtime_ns)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        training = _read(path, found)
        with self._lock:
            new = key not in self._known
            self._known[key] = training
            while len(self._known) > REMEMBERED_FILES:
                self._known.popitem(last=False)
        if new and training.problem:
            log.warning("No advice from a file: %s", training.problem)
        return training


def training_of(metadata: dict[str, str]) -> Training:
    """What the metadata of a header says, from the keys of kohya's sd-scripts (`ss_…`) and of ModelSpec.

    `modelspec.encoder_layer` counts as clip skip does (sd-scripts, library/sai_model_spec.py); a negative one counts
    from the end, which is the same number.
    """
    family = _family(metadata)
    if family not in ("sd1", None):
        return Training(family=family)
    written = metadata.get("ss_clip_skip")
    value = _number(written, signed=False)
    if value is None:
        value = _number(metadata.get("modelspec.encoder_layer"), signed=True)
    if value is not None:
        return Training(value, stated=True, family=family)
    if written is not None and written.strip() == "None":
        return Training(1, stated=False, family=family)
    return Training(family=family)


def _read(path: Path, found: os.stat_result) -> Training:
    name = _one_line(path.name)
    if not stat.S_ISREG(found.st_mode):
        return Training(problem=f"{name} is not a regular file.")
    try:
        return training_of(read_metadata(path))
    except OSError as error:
        return Training(problem=f"{name} cannot be read ({_one_line(error.strerror or str(error))}).")
    except BadHeader as error:
        return Training(problem=f"{name} {_one_line(str(error))}.")


def _one_line(text: str) -> str:
    """The text without what a hostile file could put into a log: line ends and other control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def _family(metadata: dict[str, str]) -> str | None:
    said = [metadata.get(key, "").strip().lower() for key in ("ss_base_model_version", "modelspec.architecture")]
    found = {_FAMILIES.get(match[1], "other") for match in map(_BASE.search, said) if match}
    if metadata.get("ss_v2", "").strip().lower() == "true":
        found.add("sd2")
    for family in ("sdxl", "sd2", "sd1"):
        if family in found:
            return family
    return "other" if any(said) else None


def _number(text: str | None, signed: bool) -> int | None:
    match = _WHOLE.fullmatch(text or "")
    if match is None or (match[1] == "-" and not signed):
        return None
    value = int(match[2])
    return value if 1 <= value <= LAYERS_OF_SD1 else None
