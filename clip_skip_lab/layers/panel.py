"""What the panel "Finer clip skip" does to the loaded model, for the note in the header."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..sweep.layer_request import LayerRequest
from .facts import Encoder, EncoderFacts, LayerFacts, Model, layer_of
from .phases import choices_in_turn
from .selection import BIG_G, CLIP_L, SD1, SD2, LayerChoice, check_reachable

KINDS = {
    ("SD1", "CLIP-L"): SD1,
    ("SD2", "OpenCLIP ViT-H"): SD2,
    ("SDXL", "CLIP-L"): CLIP_L,
    ("SDXL", "OpenCLIP bigG"): BIG_G,
}
"""The kinds of encoders that the panel reaches, by the model's family and the encoder's name."""


@dataclass(frozen=True)
class PanelFacts:
    """What the panel does to a model's prompts.

    Attributes:
        request: what it asks.
        base: what the host does by itself.
        prompt: for each encoder of the model the layers of the prompt from phase to phase, none where the host's own
            stay.
        negative: the same for the negative prompt; empty where the panel says nothing of it.
    """

    request: LayerRequest
    base: LayerFacts
    prompt: tuple[list[LayerChoice], ...]
    negative: tuple[list[LayerChoice], ...]

    @property
    def is_applied(self) -> bool:
        """Whether the panel decides any layer."""
        return any((*self.prompt, *self.negative))

    @property
    def fails(self) -> bool:
        """Whether it asks for a layer that an encoder does not have: generating is refused then."""
        encoders = self.base.encoders
        pairs = [*zip(encoders, self.prompt, strict=True), *zip(encoders, self.negative, strict=False)]
        return any(choice.deepest > facts.encoder.layers for facts, choices in pairs for choice in choices)


def panel_facts(base: LayerFacts, request: LayerRequest) -> PanelFacts:
    """Makes the record.

    Args:
        base: what the clip skip in use does, without the panel.
        request: what the panel asks.
    """
    encoders = _kinds(base.model)

    def choices(negative: bool) -> tuple[list[LayerChoice], ...]:
        return tuple(
            choices_in_turn(request, kind, encoder, negative, base.clip_skip) if kind else []
            for kind, encoder in encoders
        )

    prompt = choices(False)
    return PanelFacts(request, base, prompt, choices(True) if request.negative is not None else ())


def taken(facts: EncoderFacts, choice: LayerChoice) -> EncoderFacts:
    """What an encoder gives for a whole value of the panel; the layer is −1 where it has none for it."""
    encoder: Encoder = replace(facts.encoder, usual=None)
    if choice.whole is None or choice.deepest > encoder.layers:
        return EncoderFacts(encoder, -1)
    return EncoderFacts(encoder, layer_of(choice.whole, encoder.layers))


def check_on_model(model: Model, request: LayerRequest) -> None:
    """Raises `InvalidInput` for what the panel asks and the model cannot do: generating is refused then."""
    check_reachable(request, {kind: encoder.honours for kind, encoder in _kinds(model) if kind is not None})


def _kinds(model: Model | None) -> list[tuple[str | None, Encoder]]:
    return [] if model is None else [(KINDS.get((model.family, one.name)), one) for one in model.encoders]
