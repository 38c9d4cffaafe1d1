"""What is asked: pictures with captions, and the clip skips that are compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ..errors import InvalidInput
from ..language import Text
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, LayerRequest
from ..sweep.values import CLIP_SKIP_FIELD, read_clip_skip

MODEL = Text("Model")

PENULTIMATE = 2
"""Of SDXL's encoders, on which SDXL was trained: what one has while only the other varies."""

MOST_SECONDS = 300.0
LORA = re.compile(r"<(?:lora|lyco):[^<>]+>")
LEAST_SECONDS, HIGHEST_SECONDS = 1, 86_400


@dataclass(frozen=True)
class Captioned:
    """A picture with its caption.

    Attributes:
        name: what sentences call it: its file, or "picture 3".
        caption: what it shows.
        load: opens it, or where the model drew one at each value, that of this clip skip; called when its turn comes,
            so that any number of pictures takes the memory of one.
        literal: whether the caption is plain text and not a prompt in the host's syntax.
        drawn: whether the loaded model drew it, another one at each value.
    """

    name: str
    caption: str
    load: Callable[[int], Image.Image]
    literal: bool = True
    drawn: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked of the loaded model.

    Attributes:
        clip_skips: the values to compare, whole and from 1; None for all layers.
        seed: of noise and time steps.
        most_seconds: when to stop at the latest.
        vary: what takes the values: `CLIP_SKIP` (all text encoders alike), or one of SDXL's, `CLIP_L_SKIP` or
            `BIG_G_SKIP`.
        loras: LoRAs in the host's syntax, `<lora:name:1>`, with which the model is asked.
        size: width and height in pixels of the pictures that the model draws itself; None for what its kind was trained
            on.
    """

    clip_skips: tuple[int, ...] | None = None
    seed: int = 1
    most_seconds: float = MOST_SECONDS
    vary: str = CLIP_SKIP
    loras: str = ""
    size: tuple[int, int] | None = None

    def request(self, value: int) -> LayerRequest:
        """What is asked of the layers for one of the values."""
        if self.vary == CLIP_L_SKIP:
            return LayerRequest(value=PENULTIMATE, every_model=True, clip_l=value)
        if self.vary == BIG_G_SKIP:
            return LayerRequest(value=PENULTIMATE, every_model=True, big_g=value)
        return LayerRequest(value=value, every_model=True)


@dataclass(frozen=True)
class Progress:
    """How far a probing is.

    Attributes:
        share: of the work, from 0 to 1, as far as it can be foreseen.
        seconds: since it began.
        seconds_left: at most; None as long as that is not known.
        doing: what is done at the moment, a clause.
    """

    share: float
    seconds: float
    seconds_left: float | None
    doing: Text


Watch = Callable[[Progress], None]
"""Is called about once a second, in the thread of the probing."""


def read_clip_skips(source: object) -> tuple[int, ...] | None:
    """The values to compare, in the sweep's own ways to write them; None for an empty text: all layers.

    Raises `InvalidInput`.
    """
    if source is None or (isinstance(source, str) and not source.strip()):
        return None
    values = read_clip_skip(source, None)
    whole = tuple(
        dict.fromkeys(int(value) for value in values if isinstance(value, int | float) and value == int(value))
    )
    if len(whole) < 2 or len(whole) != len(values):
        raise InvalidInput(CLIP_SKIP_FIELD, source, Text("two or more whole numbers, such as 1-4"))
    return whole


def read_seconds(source: object) -> float:
    """How long it may take. Raises `InvalidInput`."""
    if (
        isinstance(source, bool)
        or not isinstance(source, int | float)
        or not LEAST_SECONDS <= source <= HIGHEST_SECONDS
    ):
        allowed = Text("a number from {least} to {highest}", least=LEAST_SECONDS, highest=HIGHEST_SECONDS)
        raise InvalidInput(Text("Time limit (seconds)"), source, allowed)
    return float(source)


def read_seed(source: object) -> int:
    """The seed of noise and time steps. Raises `InvalidInput`."""
    if isinstance(source, bool) or not isinstance(source, int) or not 0 <= source < 2**32:
        raise InvalidInput(Text("Seed"), source, Text("a whole number from 0 to 4294967295"))
    return source


def read_loras(source: object) -> str:
    """LoRAs in the host's syntax and nothing else, "" for none. Raises `InvalidInput`."""
    if isinstance(source, str) and not LORA.sub("", source).strip(" ,\n"):
        return " ".join(LORA.findall(source))
    raise InvalidInput(Text("LoRAs"), source, Text("LoRAs as in a prompt, such as {example}", example="<lora:name:1>"))
