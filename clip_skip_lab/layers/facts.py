"""What a clip skip does on a model: one record for the note in the header, the sweep, the infotext and the API.

A host adapter describes the loaded model (`Model`, small and plain); `layer_facts` makes the record from it. Layers
are counted the way people count them: a text encoder with 12 layers has layer 1 to layer 12, and layer 0 stands for
the token embeddings that go into layer 1. In transformers' terms layer k is `hidden_states[k]`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ALL, PART, NONE, UNKNOWN = "all", "part", "none", "unknown"
"""How much of a model's conditioning the setting decides: every encoder that the host knows, some, none, or unknown."""


@dataclass(frozen=True)
class Encoder:
    """One text encoder, as the host runs it.

    Attributes:
        name: such as "CLIP-L".
        layers: how many transformer layers it has.
        usual: the layer that the host takes whatever clip skip says; None where it honours the setting.
        norm: whether the final layer norm is applied to the layer that is taken.
        trained: the layer that the diffusion model was trained on, where that is known.
        minimal: the lowest clip skip that the host goes by: what is below means the same.
        left_out: how many layers at the end the host leaves out, which `layers` doesn't count.
    """

    name: str
    layers: int
    usual: int | None = None
    norm: bool = True
    trained: int | None = None
    minimal: int = 1
    left_out: int = 0

    @property
    def honours(self) -> bool:
        """Whether clip skip decides the layer."""
        return self.usual is None

    @property
    def total(self) -> int:
        """How many layers the encoder has, those that the host leaves out too: people count by these."""
        return self.layers + self.left_out

    def layer(self, clip_skip: int) -> int:
        """The layer that this clip skip takes; below 0 where the encoder has no such layer and the host fails."""
        return layer_of(max(clip_skip, self.minimal), self.layers) if self.usual is None else self.usual


@dataclass(frozen=True)
class Model:
    """The loaded model, as the host adapter describes it.

    Attributes:
        name: the checkpoint's name as the host shows it.
        family: "SD1", "SD2", "SDXL", "SD3", or "" when the adapter does not know it.
        encoders: in the order in which the model joins them; empty when the adapter does not know them.
        switch: the label of a setting of the host that is off and would make it honour clip skip here; "" for none.
    """

    name: str
    family: str
    encoders: tuple[Encoder, ...]
    switch: str = ""


@dataclass(frozen=True)
class EncoderFacts:
    """What a clip skip does to one text encoder: the encoder, and the layer that is taken (see `Encoder.layer`)."""

    encoder: Encoder
    layer: int

    @property
    def honoured(self) -> bool:
        """Whether clip skip decides the layer."""
        return self.encoder.honours


@dataclass(frozen=True)
class LayerFacts:
    """What a clip skip does on the loaded model; `model` is None as long as none is loaded."""

    model: Model | None
    clip_skip: int
    encoders: tuple[EncoderFacts, ...]

    @property
    def effect(self) -> str:
        """`ALL`, `PART`, `NONE` or `UNKNOWN`."""
        if not self.encoders:
            return UNKNOWN
        honoured = [facts.honoured for facts in self.encoders]
        return ALL if all(honoured) else PART if any(honoured) else NONE

    @property
    def highest(self) -> int | None:
        """The highest clip skip that names a layer of every encoder that honours it; None where none does."""
        return min((facts.encoder.layers for facts in self.encoders if facts.honoured), default=None)

    @property
    def lowest(self) -> int | None:
        """The lowest clip skip that the host goes by: what is below means the same; None where none has an effect."""
        return min((facts.encoder.minimal for facts in self.encoders if facts.honoured), default=None)

    @property
    def beyond(self) -> bool:
        """Whether there is no layer for this clip skip: one more than there are gives the token embeddings, and
        everything above makes the host fail."""
        return self.highest is not None and self.clip_skip > self.highest

    def to_json(self) -> dict[str, object]:
        """The record as plain data, as the API gives it."""
        model = self.model
        return {
            "model": {"name": model.name, "family": model.family or None} if model else None,
            "clip_skip": self.clip_skip,
            "effect": self.effect,
            "lowest": self.lowest,
            "highest": self.highest,
            "encoders": [
                {
                    "name": facts.encoder.name,
                    "layers": facts.encoder.total,
                    "honoured": facts.honoured,
                    "layer": facts.layer if facts.layer >= 0 else None,
                    "final_layer_norm": facts.encoder.norm,
                    "trained_layer": facts.encoder.trained,
                }
                for facts in self.encoders
            ],
        }


def layer_of(clip_skip: int, layers: int) -> int:
    """The layer that a clip skip names in an encoder with so many layers: 1 is the last one, and so is what is less.

    The result is 0 for the token embeddings and negative where there is nothing (AUTOMATIC1111 v1.10.1,
    modules/sd_hijack_clip.py, `encode_with_transformers`: `hidden_states[-clip_skip]` above 1, else the last).
    """
    return layers + 1 - max(clip_skip, 1)


def layer_facts(model: Model | None, clip_skip: int, trained: int | None = None) -> LayerFacts:
    """Makes the record.

    Args:
        model: what the host adapter says of the loaded model; None as long as none is loaded.
        clip_skip: the value in question.
        trained: the clip skip that the model was trained with, where its metadata tell; it goes to the encoders that
            honour the setting.
    """
    if model is None:
        return LayerFacts(None, clip_skip, ())
    found = []
    for encoder in model.encoders:
        if trained is not None and encoder.honours:
            encoder = replace(encoder, trained=encoder.layer(trained))
        found.append(EncoderFacts(encoder, encoder.layer(clip_skip)))
    return LayerFacts(model, clip_skip, tuple(found))
