"""The pictures of a probing as the network takes them: latents and conditionings, of which the last ones are kept.

A picture is opened when its turn comes: most probings are over before all have been.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..language import Text
from .network import Conditioning, Network
from .question import Captioned, Question

MULTIPLE = 8
"""What the sides of a picture are multiples of, in pixels."""

MOST_BYTES = 128_000_000
"""How much is kept, so that any number of pictures takes the memory of a few. What SD1's text encoder gives for a
caption at 12 values takes 3 MB, a picture's latents 64 KB."""


class Subjects:
    """The pictures, in an order that the seed decides.

    Args:
        network: the loaded model.
        question: what is asked, its clip skips given.
        pictures: as they came.
    """

    def __init__(self, network: Network, question: Question, pictures: Sequence[Captioned]):
        self._network, self._question = network, question
        self._values = list(question.clip_skips or ())
        # Files are often in the order of what they show.
        self._order = np.random.default_rng(question.seed).permutation(len(pictures))
        self._pictures = [pictures[place] for place in self._order]
        self._alike: dict[bytes, list[int]] = {}
        """The pictures that were opened, by what they show; the first of each kind is asked."""
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def drawn(self) -> bool:
        """Whether the model drew them."""
        return any(picture.drawn for picture in self._pictures)

    def latents(self, picture: int, values: Sequence[int]) -> list[torch.Tensor]:
        """A picture's at each value, by their places; one and the same unless the model drew them."""
        if not self._pictures[picture].drawn:
            return [self._latent(picture, 0)] * len(values)
        return [self._latent(picture, value) for value in values]

    def conditionings(self, picture: int, values: Sequence[int], said_of: int | None = None) -> list[Conditioning]:
        """One for each value, by their places: of a picture's own caption, or of the one of `said_of`; -1 is an empty
        one."""
        said = picture if said_of is None else said_of
        height, width = self.latents(picture, values[:1])[0].shape[-2:]
        keys = {value: ("conditioning", said, height, width, value) for value in values}
        missing = [value for value in values if keys[value] not in self._kept]
        found = {value: self._kept[keys[value]] for value in values if value not in missing}
        if missing:
            found |= dict(zip(missing, self._encoded(said, missing, height, width), strict=True))
        return [self._keep(keys[value], partial(found.get, value)) for value in values]

    def is_copy(self, picture: int) -> bool:
        """Whether it is the same as one that was opened before: the same picture twice is no second evidence."""
        self._latent(picture, 0)
        return any(picture in alike[1:] for alike in self._alike.values())

    @property
    def left_out(self) -> list[Text]:
        """Those that are copies, in sentences, as far as they have been opened."""
        said = {}
        for alike in self._alike.values():
            first, *copies = sorted(alike, key=lambda picture: self._order[picture])
            for copy in copies:
                name, same = self._pictures[copy].name, self._pictures[first].name
                text = Text("{name} is left out: it is the same as {same}.", name=name, same=same)
                said[int(self._order[copy])] = text
        return [said[place] for place in sorted(said)]

    def is_silent(self, picture: int) -> bool:
        """Whether a picture's caption says nothing."""
        return not self._pictures[picture].caption.strip()

    def other(self, picture: int) -> int:
        """The next picture that has another caption; -1 where all have the same."""
        own = self._pictures[picture].caption.strip()
        after = [*range(picture + 1, len(self)), *range(picture)]
        return next((place for place in after if self._pictures[place].caption.strip() != own), -1)

    def _encoded(self, said: int, values: Sequence[int], height: int, width: int) -> list[Conditioning]:
        requests = [self._question.request(self._values[value]) for value in values]
        caption, literal = ("", True) if said < 0 else (self._pictures[said].caption, self._pictures[said].literal)
        return self._network.conditionings(caption, requests, width * MULTIPLE, height * MULTIPLE, literal)

    def _latent(self, picture: int, value: int) -> torch.Tensor:
        def encoded() -> torch.Tensor:
            torch.manual_seed(self._question.seed)  # the VAE draws; the host puts the generator back
            shown = self._pictures[picture].load(self._values[value]).convert("RGB")
            if value == 0:
                self._note(picture, shown)
            return self._network.latents(fitting(shown, self._network.side))

        latent: torch.Tensor = self._keep(("latent", picture, value), encoded)
        return latent

    def _keep(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made for this key, or is made now; the ones that were not needed for longest are forgotten."""
        if key not in self._kept:
            self._kept[key] = make()
            self._bytes += _bytes(self._kept[key])
            while self._bytes > MOST_BYTES and len(self._kept) > 1:
                self._bytes -= _bytes(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(key)
        return self._kept[key]

    def _note(self, picture: int, shown: Image.Image) -> None:
        alike = self._alike.setdefault(hashlib.sha256(shown.tobytes()).digest(), [])
        if picture not in alike:
            alike.append(picture)


def fitting(picture: Image.Image, side: int) -> Image.Image:
    """The picture in RGB, not larger than those that the model was trained with, with sides that latents can have.

    Args:
        picture: any.
        side: of a square of as many pixels as the model was trained with.
    """
    rgb = picture.convert("RGB")
    scale = min(1.0, side / (rgb.width * rgb.height) ** 0.5)
    width, height = (max(MULTIPLE, round(length * scale) // MULTIPLE * MULTIPLE) for length in rgb.size)
    return rgb if (width, height) == rgb.size else rgb.resize((width, height), Image.Resampling.LANCZOS)


def _bytes(made: torch.Tensor | Mapping[str, torch.Tensor]) -> int:
    tensors = [made] if isinstance(made, torch.Tensor) else list(made.values())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
