"""What differs between the WebUIs of the family, behind one interface: each has a file in `engines/`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ..language import Text
from ..layers.facts import Encoder, Model
from ..layers.states import States
from ..lens.vocabulary import Vocabulary
from .page import Page


@dataclass(frozen=True)
class LoadedEncoder:
    """A text encoder of the loaded model whose layers can be chosen.

    Attributes:
        kind: one of `SD1`, `SD2`, `CLIP_L`, `BIG_G`.
        module: the host's wrapper around it.
        described: what there is to say of it.
        states: gives the hidden states for tokens, [batch, tokens], in one pass. Its first argument gives what the host
            does with the same tokens.
        vocabulary: gives what its tokens stand for.
        embeddings: gives the host's object that has textual inversion's vectors for the next pass as `fixes`: for each
            text where they begin, and the embedding.
    """

    kind: str
    module: Any
    described: Encoder
    states: Callable[[Callable[[torch.Tensor], torch.Tensor], torch.Tensor], States]
    vocabulary: Callable[[], Vocabulary]
    embeddings: Callable[[], Any]


@dataclass(frozen=True)
class LoadedModel:
    """The model that the host has loaded.

    Attributes:
        described: what there is to say of it; None as long as none is loaded.
        encoders: its text encoders whose layers can be chosen, in its order; none for kinds that aren't known.
    """

    described: Model | None = None
    encoders: tuple[LoadedEncoder, ...] = ()

    @property
    def kinds(self) -> dict[str, bool]:
        """The kinds of its encoders, and whether the host's clip skip decides the layer of each."""
        return {encoder.kind: encoder.described.honours for encoder in self.encoders}


class LoadedNetwork(Protocol):
    """The UNet of the loaded model as the host samples with it, LoRAs and what else is in it included."""

    @property
    def sigmas(self) -> torch.Tensor:
        """See `probe.network.Network.sigmas`."""

    @property
    def predicts_v(self) -> bool:
        """See `probe.network.Network.predicts_v`."""

    def denoised(
        self, noisy: torch.Tensor, sigma: torch.Tensor, conditioning: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """The guess of the pictures behind the noise, of float32 on the host's device.

        Args:
            noisy: [batch, channels, height, width] of float32.
            sigma: [batch] of float32, each one of `sigmas`.
            conditioning: "crossattn" [batch, tokens, channels], and with SDXL "vector" [batch, channels].
        """

    def give_way(self) -> None:
        """Lets the host take the device for a text encoder or the VAE; the next guess takes it back."""


class Engine(Protocol):
    """A member of the family."""

    @property
    def name(self) -> str:
        """What it calls itself."""

    @property
    def page(self) -> Page:
        """What is its own on the page."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Where the host's sampling has its code; what an extension puts there takes part in it."""

    @property
    def encoding(self) -> tuple[str, str]:
        """The methods of its text encoders' classes that are given texts, and tokens: this one picks a layer."""

    @property
    def own_layers(self) -> tuple[str, ...]:
        """Beginnings of the names of the modules that define what runs in a text encoder's layers where nobody but the
        host has a hand in it, LoRA included."""

    @property
    def loading_text(self) -> tuple[Any, str] | None:
        """Module and name of the function that encodes a text for the host itself when it loads a model."""

    def version(self) -> str:
        """The version as the host writes it into pictures."""

    def model(self) -> Any:
        """The host's loaded model, None while there is none. Loads nothing, and may be called from any thread."""

    def loaded(self) -> LoadedModel:
        """The same, as what it means for clip skip."""

    def model_record(self) -> dict[str, str]:
        """Name, hash and VAE of the loaded model, for a sweep's record. Loads one where there is none."""

    def load(self, asked: dict[str, Any]) -> None:
        """Loads checkpoint and VAE as options of the host name them, those that are not asked for as the user set them.

        Raises what the host raises for a file that cannot be read; the model before is in service then.
        """

    def mend(self) -> None:
        """Takes the model back into service that the host put aside for a checkpoint whose file cannot be read."""

    def encoder_classes(self) -> Iterable[type]:
        """The host's classes of text encoders whose layers can be chosen."""

    def encoder(self, module: Any) -> LoadedEncoder | None:
        """An object of exactly one of these classes, looked at; None for any other."""

    def clip_skip(self) -> int:
        """The host's own clip skip at this moment, in this thread."""

    def slider_end(self) -> int:
        """The highest value of the host's control for it."""

    def clip_skip_in_force(self, value: int) -> AbstractContextManager[None]:
        """A `with` in which the host encodes with this clip skip, in this thread and for no one else."""

    @property
    def loses_errors(self) -> bool:
        """Whether its page shows nothing of what a generation raises: its main thread keeps no error, and the page
        says "'NoneType' object is not iterable" in the place of each (modules_forge/main_thread.py)."""

    @property
    def lent_off(self) -> tuple[dict[str, Any], Text] | None:
        """Options of the host with the values that keep it from changing clip skip by itself between the steps, and a
        note for whoever had set them otherwise; None where it has none."""

    def loading_held(self) -> AbstractContextManager[None]:
        """A `with` in which a model that somebody else chooses is not loaded by this thread; it is after the block."""

    def loading_untouched(self) -> AbstractContextManager[None]:
        """A `with` after which the host loads next what it would have loaded before it: axes of the host are only
        tried on a request there."""

    def cache_key(self) -> tuple[Hashable, ...]:
        """What decides conditioning and is missing in the host's key for its cache of it."""

    def encoder_layers(self) -> list[Sequence[torch.nn.Module]]:
        """Of each text encoder of the loaded model its layers, in the order in which they run, each given what the one
        before it gave; none where they aren't known. What they gave is remembered (webui/one_pass.py)."""

    def loras(self) -> Hashable:
        """What is loaded of LoRAs: with the same, a text encoder's layers give the same."""

    def network(self) -> AbstractContextManager[LoadedNetwork]:
        """A `with` with the UNet of the loaded model, within a generation of the host.

        Raises `InvalidInput` for one that predicts neither noise nor v.
        """

    def deciding_options(self) -> set[str]:
        """The options that decide pictures, clip skip, checkpoint and VAE among them."""

    def generator_after(self, seed: int) -> int:
        """The seed at which the host leaves torch's global generator after the noise of a picture with this one."""

    def why_one_by_one(self, request: Any) -> Text | None:
        """What about model, options and request forbids that cells share a batch, as a clause; None where nothing."""

    def takes_part(self, script: Any) -> bool:
        """Whether one of the host's own scripts touches the samples of a batch as a whole."""

    def sampling_objects(self) -> list[Any]:
        """The host's own objects, beside the model, whose attributes take part in sampling."""

    def broken_rows(self, samples: Any) -> list[int]:
        """The rows of a batch of latents, or of decoded pictures, that are NaN and so no pictures; none where the host
        itself fails on the batch (`is_nan`), or was told not to look."""

    def is_nan(self, error: Exception) -> bool:
        """Whether the host says with this error that it got NaN only."""
