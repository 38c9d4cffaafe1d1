"""What is asked: pictures with captions, and the clip skips that are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ..language import Text
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, LayerRequest

PENULTIMATE = 2
"""Of SDXL's encoders, on which SDXL was trained: what one has while only the other varies."""

MOST_SECONDS = 300.0


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
    """

    clip_skips: tuple[int, ...] | None = None
    seed: int = 1
    most_seconds: float = MOST_SECONDS
    vary: str = CLIP_SKIP
    loras: str = ""

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
