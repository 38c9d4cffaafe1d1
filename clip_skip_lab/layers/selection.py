"""Which hidden states a clip skip names.

Layers are counted from the end, as everywhere in this field: 1 is the last layer, 2 the penultimate one. A text
encoder of N layers gives N + 1 hidden states, the embeddings first, so that layer n is `hidden_states[-n]`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import InvalidInput
from ..language import Text
from ..sweep.layer_request import (
    BEFORE_NORM,
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    EVERY_MODEL,
    INTERPOLATIONS,
    NAMES,
    NEGATIVE,
    LayerRequest,
)
from ..sweep.values import AVERAGE, Value, is_schedule
from .facts import Encoder

SD1, SD2, CLIP_L, BIG_G = "CLIP-L of SD1", "OpenCLIP of SD2", "CLIP-L of SDXL", "OpenCLIP bigG of SDXL"
"""The kinds of text encoders whose layers can be chosen."""


@dataclass(frozen=True)
class LayerChoice:
    """One layer, a place between two layers, or the average of several.

    Attributes:
        first: the layer, counted from the end; 1.5 is halfway between 1 and 2.
        last: for an average: the last of its whole layers, `first` being the other end; else None.
        interpolation: how layers are mixed (`clip_skip_lab.layers.mixing`).
    """

    first: int | float
    last: int | None = None
    interpolation: str = BEFORE_NORM

    def __post_init__(self) -> None:
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"{self.interpolation!r} is none of {INTERPOLATIONS}")
        if not (math.isfinite(self.first) and self.first >= 1):
            raise ValueError(f"{self.first!r} is no layer: layers are counted from 1")
        if self.last is not None and not (isinstance(self.first, int) and self.first < self.last):
            raise ValueError(f"an average goes over whole layers, not from {self.first!r} to {self.last!r}")

    @classmethod
    def of(cls, value: Value, interpolation: str = BEFORE_NORM) -> LayerChoice:
        """The choice of a value that was checked before (`clip_skip_lab.sweep.values.read_clip_skip`); a schedule is
        several, see `phases`."""
        if not isinstance(value, str):
            return cls(value, None, interpolation)
        average = AVERAGE.fullmatch(value)
        if average is None:
            raise ValueError(f"{value!r} is no average of layers")
        return cls(int(average["first"]), int(average["last"]), interpolation)

    def __str__(self) -> str:
        """As the infotext has it: `2`, `1.5`, `avg 2-4`."""
        return str(self.first) if self.last is None else f"avg {self.first}-{self.last}"

    @property
    def whole(self) -> int | None:
        """The layer, when it is one."""
        return int(self.first) if self.last is None and self.first == int(self.first) else None

    @property
    def deepest(self) -> int:
        """The largest layer that takes part."""
        return math.ceil(self.first) if self.last is None else self.last

    def at_least(self, lowest: int) -> LayerChoice:
        """The same, or the lowest layer where it goes below that; an average keeps what is above."""
        if self.last is not None:
            first = max(int(self.first), lowest)
            return replace(self, first=first) if first < self.last else LayerChoice(first, None, self.interpolation)
        return replace(self, first=lowest) if self.first < lowest else self

    @property
    def weights(self) -> tuple[tuple[int, float], ...]:
        """The layers that take part with their shares, which add up to 1."""
        if self.last is not None:
            layers = range(int(self.first), self.last + 1)
            return tuple((layer, 1 / len(layers)) for layer in layers)
        lower = math.floor(self.first)
        share = self.first - lower
        return ((lower, 1 - share), (lower + 1, share)) if share else ((lower, 1.0),)


def nearest_whole(value: Value) -> int:
    """The whole clip skip that a host would use in place of a value it cannot do; 1.5 gives 2, `avg 2-4` gives 3. For a
    schedule ask with its value at a step."""
    choice = LayerChoice.of(value)
    middle = choice.first if choice.last is None else (choice.first + choice.last) / 2
    return math.floor(middle + 0.5)


def is_whole(value: Value) -> bool:
    """Whether a value is one whole number, which the host can do by itself."""
    return not is_schedule(value) and LayerChoice.of(value).whole is not None


def choice_for(request: LayerRequest, kind: str, encoder: Encoder, negative: bool, setting: int) -> LayerChoice | None:
    """What an encoder shall give, or None where the host's own selection stays.

    The negative prompt's value comes before the values of one encoder, these before the common one. Where the host
    ignores clip skip only the values of one encoder apply by themselves; all else waits for `every_model`. Where the
    host has a lowest clip skip, a common value below it is the lowest, as a whole one is for the host; the values of
    one encoder, and all with `every_model`, are taken as they are.

    Args:
        request: what is asked, without schedules (`phases`).
        kind: the encoder's kind, such as `SD1`.
        encoder: what there is to say of it.
        negative: whether a negative prompt is encoded.
        setting: the host's own clip skip, for `every_model` without a value; below 1 means 1, as the host has it.
    """
    reached = encoder.honours or request.every_model
    own = {CLIP_L: request.clip_l, BIG_G: request.big_g}.get(kind)
    if reached and negative and request.negative is not None:
        value = request.negative
    elif own is not None:
        value = own
    elif reached and request.value is not None:
        value = request.value
    elif request.every_model and kind != SD1:
        value = max(1, setting)
    else:
        return None
    choice = LayerChoice.of(value, request.interpolation)
    literal = request.every_model or value is own
    return choice if literal else choice.at_least(encoder.minimal)


def check_reachable(request: LayerRequest, kinds: Mapping[str, bool]) -> None:
    """Makes sure that a model with these kinds of text encoders can do what is asked.

    A whole value can always be asked: it is the host's own setting, whatever that does.

    Args:
        request: what is asked.
        kinds: the kinds, and whether the host's clip skip decides the layer of each.

    Raises `InvalidInput` for what would leave the picture as it is.
    """
    for key, value, kind in ((CLIP_L_SKIP, request.clip_l, CLIP_L), (BIG_G_SKIP, request.big_g, BIG_G)):
        if value is not None and kind not in kinds:
            problem = Text("cannot be applied, because this model has no {encoder}", encoder=kind)
            raise InvalidInput(NAMES[key], value, _NOTHING, problem)
    if any(kinds.values()) or (kinds and request.every_model):
        return
    mixes = request.value is not None and not is_whole(request.value)
    asked = {
        NEGATIVE: request.negative,
        EVERY_MODEL: request.every_model or None,
        CLIP_SKIP: request.value if mixes else None,
    }
    for key, value in asked.items():
        if value is not None:
            raise InvalidInput(NAMES[key], value, _allowed(key, bool(kinds)), _why_not(bool(kinds)))


_NOTHING = Text("no value on this model")


def _allowed(key: str, is_known: bool) -> Text:
    """What may be asked for `key` of a model whose text encoders are known, or not, but which ignores clip skip."""
    if not is_known:
        return Text("whole numbers") if key == CLIP_SKIP else _NOTHING
    if key == CLIP_SKIP:
        return Text('whole numbers, or any value with "{every_model}" on', every_model=NAMES[EVERY_MODEL])
    return Text('any value with "{every_model}" on', every_model=NAMES[EVERY_MODEL])


def _why_not(is_known: bool) -> Text:
    if is_known:
        return Text("cannot be applied, because the WebUI ignores clip skip on this model")
    return Text("cannot be applied, because this model's text encoder is of a kind that Clip Skip Lab doesn't know")
