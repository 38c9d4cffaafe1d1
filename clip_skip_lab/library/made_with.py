"""Which checkpoint and LoRAs the cells of a sweep were made with, from its `sweep.json`.

A sweep has one checkpoint unless it is an axis; then, and for LoRAs, which a prompt's axis, a style or a wildcard can
bring in, each cell's own infotext tells.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any, NamedTuple

CHECKPOINT_AXIS = "Checkpoint name"
"""What the family's X/Y/Z plot calls it."""

_PAIR = re.compile(r'\s*([^:,"]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_TITLE = re.compile(r"(.*?)(?: \[([0-9a-f]+)\])?", re.DOTALL)
_TAG = re.compile(r"<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>")
_ZERO = re.compile(r"\s*[+-]?(?:0+\.?0*|\.0+)\s*")
NEGATIVE = "\nNegative prompt: "


class MadeWith(NamedTuple):
    """What a cell was made with.

    Attributes:
        checkpoint: its name as infotexts have it; "" where it is not known.
        hash: its hash as infotexts have it; "" where it is not known.
        loras: their names as the prompt has them, in order of their letters, each once; those of weight 0 left out.
    """

    checkpoint: str
    hash: str
    loras: tuple[str, ...]


def made_with(content: dict[str, Any], cell: dict[str, Any]) -> MadeWith:
    """What a cell was made with, from a `sweep.json` whose shape was looked at (`check_schema`)."""
    infotext = next((picture["infotext"] for picture in cell["pictures"]), "")
    prompt, said = _parts(infotext)
    title = cell["values"].get(CHECKPOINT_AXIS)
    if not isinstance(title, str):
        name, short = content["model"].get("name", ""), content["model"].get("hash", "")
    elif "Model" in said or "Model hash" in said:
        name, short = said.get("Model", ""), said.get("Model hash", "")
    else:
        name, short = _of_title(title)
    setting = content["setting"]
    prompt = prompt if infotext else str(setting.get("prompt") or "")
    return MadeWith(name, short, () if setting.get("disable_extra_networks") is True else loras_of(prompt))


def loras_of(prompt: str) -> tuple[str, ...]:
    """The LoRAs that a prompt names, but for those of weight 0 for both text encoder and UNet."""
    found = {name.strip() for name, weights in _TAG.findall(prompt) if _does_something(weights.split(":")[1:])}
    return tuple(sorted(found))


def _does_something(weights: list[str]) -> bool:
    named = dict(weight.split("=", 1) for weight in weights if "=" in weight)
    plain = [weight for weight in weights if "=" not in weight]
    text_encoder = named.get("te", plain[0] if plain else "1")
    unet = named.get("unet", plain[1] if len(plain) > 1 else text_encoder)
    return not (_ZERO.fullmatch(text_encoder) and _ZERO.fullmatch(unet))


def _parts(infotext: str) -> tuple[str, dict[str, str]]:
    """The prompt of an infotext, and the values of its last line by their names. What stands in quotes is one value:
    other extensions write a "Model" of their own there."""
    text, _, last = infotext.rstrip().rpartition("\n")
    if not last.startswith("Steps: "):
        return infotext.partition(NEGATIVE)[0], {}
    said = {name.strip(): _unquoted(value.strip()) for name, value in _PAIR.findall(last)}
    return text.partition(NEGATIVE)[0], said


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value


def _of_title(title: str) -> tuple[str, str]:
    """Name and hash from a checkpoint's title, "folder/name.safetensors [6ce0161689]"."""
    found = _TITLE.fullmatch(title)
    assert found is not None, "it fits every text"
    return PurePosixPath(found[1].replace("\\", "/")).stem, found[2] or ""
