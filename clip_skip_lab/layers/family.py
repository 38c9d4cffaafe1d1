"""Which layer a clip skip names on each WebUI of the family, and with what another one gives the same.

The rules were read in the WebUIs' sources: AUTOMATIC1111 v1.10.1 (modules/sd_hijack_clip.py, sd_hijack_open_clip.py),
Forge dfdcbab6 (backend/text_processing/classic_engine.py, backend/diffusion_engine), reForge 3b56b268 and Forge Classic
1f95d717 (modules_forge/forge_clip.py), SD.Next 0b8001c0 (modules/prompt_parser_diffusers.py, whole values).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, EVERY_MODEL, INFOTEXT
from .facts import Encoder, EncoderFacts, Model
from .panel import KINDS
from .selection import BIG_G, CLIP_L

A1111, FORGE, REFORGE, CLASSIC, SDNEXT = "AUTOMATIC1111", "Forge", "reForge", "Forge Classic", "SD.Next"
"""The WebUIs whose rules are known."""

SDXL_SWITCH = "Clip skip SDXL"
"""AUTOMATIC1111's setting that makes SDXL's CLIP-L honour clip skip; no infotext tells whether it was on."""

_L, _H, _G = "CLIP-L", "OpenCLIP ViT-H", "OpenCLIP bigG"
_SD1 = (Encoder(_L, 12),)
_IGNORING = {
    "SD1": _SD1,
    "SD2": (Encoder(_H, 24, usual=23),),
    "SDXL": (Encoder(_L, 12, usual=11, norm=False), Encoder(_G, 32, usual=31, norm=False)),
}
_SDXL_FROM_2 = (Encoder(_L, 12, norm=False, minimal=2), Encoder(_G, 32, norm=False, minimal=2))

ENCODERS: Mapping[str, Mapping[str, tuple[Encoder, ...]]] = {
    A1111: _IGNORING,
    FORGE: {"SD1": _SD1, "SD2": (Encoder(_H, 23, left_out=1),), "SDXL": _SDXL_FROM_2},
    REFORGE: {"SD1": _SD1, "SD2": (Encoder(_H, 24, minimal=2),), "SDXL": _SDXL_FROM_2},
    CLASSIC: _IGNORING,
    SDNEXT: {
        "SD1": _SD1,  # clip skip 1 of SDXL is its penultimate layer there
        "SDXL": (Encoder(_L, 11, norm=False, left_out=1), Encoder(_G, 31, norm=False, left_out=1)),
    },
}
"""The text encoders as each WebUI runs them, with all its settings as they are at first, by the model's family."""

_VERSIONS = (
    # A tag of AUTOMATIC1111's or, without git, the first line of its CHANGELOG.md.
    (A1111, re.compile(r"v?1\.\d+\.\d+(-RC)?(-\d+-g[0-9a-f]{7,40})?")),
    # Its own version, then a tag: f2.0.1v1.10.1-previous-669-gdfdcbab6. Before version 2 it had other encoders.
    (FORGE, re.compile(r"f2\.\d+\.\d+v1\.\d+\.\d+-.*")),
    # f1.0.0v2-v1.10.1RC-latest-2510-g3b56b268. Version 0 began with the rules of Forge's version 0 and changed them.
    (REFORGE, re.compile(r"f[1-9]\d*\.\d+\.\d+(v2)?[a-z]*\d?(-experimental)?-v1\.10\.1RC-.*")),
    (CLASSIC, re.compile(r"classic")),
)
"""What each WebUI writes as "Version" into its infotexts (modules/launch_utils.py `git_tag`, modules/processing.py)."""

_DYNAMIC = "Dynamic clip skip"
"""How the keys of reForge's schedule over the steps begin: then no one number tells the layer."""


@dataclass(frozen=True)
class Translation:
    """A clip skip of another WebUI, beside the same number here.

    Attributes:
        webui: where the number is from.
        family: of the model, such as "SDXL".
        clip_skip: the number.
        there: what each text encoder gives there.
        here: what the same number gives here, in the same order.
        same: the least clip skip that gives the layers of there, here; None where none does.
        asked: what the panel "Finer clip skip" has to ask for them, by `KEYS`; empty where it need not or cannot.
    """

    webui: str
    family: str
    clip_skip: int
    there: tuple[EncoderFacts, ...]
    here: tuple[EncoderFacts, ...]
    same: int | None
    asked: Mapping[str, int | bool]

    @property
    def is_same(self) -> bool:
        """Whether the number names the same layers here, where no number changes them."""
        return _layers(self.there) == _layers(self.here)


def made_by(params: Mapping[str, object]) -> str:
    """The WebUI that wrote an infotext, one of those with rules here; "" where it can't be told.

    Args:
        params: the infotext as the host reads it, key by key.
    """
    if params.get("App") == SDNEXT:
        return SDNEXT
    version = str(params.get("Version", ""))
    return next((webui for webui, form in _VERSIONS if form.fullmatch(version)), "")


def number_in(params: Mapping[str, object], key: str) -> int | None:
    """The clip skip of an infotext, which the host took for all text encoders; None where no one number tells.

    Args:
        params: see `made_by`; a key that is missing means 1.
        key: of clip skip.
    """
    own = {INFOTEXT[name] for name in (CLIP_SKIP, EVERY_MODEL, CLIP_L_SKIP, BIG_G_SKIP)}
    if own & set(params) or any(name.startswith(_DYNAMIC) for name in params):
        return None
    found = str(params.get(key, 1)).strip()
    whole = re.fullmatch(r"(\d{1,9})(?:\.0+)?", found)
    return max(1, int(whole[1])) if whole else None


def model_of(webui: str, family: str, name: str = "") -> Model | None:
    """A model as a WebUI runs it, by its rules; None where they aren't known."""
    encoders = ENCODERS.get(webui, {}).get(family)
    return None if encoders is None else Model(name, family, encoders)


def translate(webui: str, clip_skip: int, here: Model) -> Translation | None:
    """What another WebUI's clip skip is here.

    None where the same number names the same layers, unless it had an effect there and none has one here; and where
    the rules of there, or the text encoders of here, aren't known.

    Args:
        webui: one of `ENCODERS`.
        clip_skip: the number there, from 1.
        here: the model as the WebUI around us runs it.
    """
    model = model_of(webui, here.family)
    named = {encoder.name: encoder for encoder in here.encoders}
    if model is None or set(named) != {encoder.name for encoder in model.encoders}:
        return None
    own = tuple(named[encoder.name] for encoder in model.encoders)
    sized = [_sized(rule, encoder.total) for rule, encoder in zip(model.encoders, own, strict=True)]
    there = tuple(EncoderFacts(encoder, encoder.layer(clip_skip)) for encoder in sized)
    layers = _layers(there)
    if min(layers) < 0:
        return None
    same = _same(own, layers)
    asked = _asked(here.family, own, layers) if same is None else {}
    facts = tuple(EncoderFacts(encoder, encoder.layer(clip_skip)) for encoder in own)
    found = Translation(webui, here.family, clip_skip, there, facts, same, asked)
    reassures = clip_skip > 1 and any(one.honoured for one in there) and not any(one.honoured for one in facts)
    return found if not found.is_same or reassures else None


def _sized(rule: Encoder, total: int) -> Encoder:
    """A rule for an encoder of so many layers, as models with others than usual have: it counts from the end."""
    usual = None if rule.usual is None else rule.usual - rule.total + total
    return replace(rule, layers=total - rule.left_out, usual=usual)


def _layers(facts: tuple[EncoderFacts, ...]) -> list[int]:
    return [one.layer for one in facts]


def _same(encoders: tuple[Encoder, ...], layers: list[int]) -> int | None:
    """The least clip skip with which the encoders give these layers."""
    candidates = range(1, max(encoder.layers for encoder in encoders) + 2)
    return next((n for n in candidates if [encoder.layer(n) for encoder in encoders] == layers), None)


def _asked(family: str, encoders: tuple[Encoder, ...], layers: list[int]) -> dict[str, int | bool]:
    """What the panel has to ask of the encoders for these layers."""
    kinds = [KINDS.get((family, encoder.name)) for encoder in encoders]
    values = [encoder.layers + 1 - layer for encoder, layer in zip(encoders, layers, strict=True)]
    if None in kinds or any(not 1 <= n <= one.layers for n, one in zip(values, encoders, strict=True)):
        return {}
    if len(set(values)) == 1:
        return {CLIP_SKIP: values[0], EVERY_MODEL: True}
    keys = {CLIP_L: CLIP_L_SKIP, BIG_G: BIG_G_SKIP}
    return {keys[kind]: value for kind, value in zip(kinds, values, strict=True) if kind in keys}
