"""The layer facts as one sentence."""

from __future__ import annotations

from functools import reduce

from ..language import Text, capital, enumerated
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, NEGATIVE, LayerRequest
from .facts import NONE, UNKNOWN, Encoder, EncoderFacts, LayerFacts
from .panel import PanelFacts, taken
from .selection import LayerChoice


def sentence(facts: LayerFacts) -> Text:
    """What the clip skip does, for a person, without a full stop."""
    if facts.model is None:
        return Text("No model is loaded yet")
    if facts.effect == UNKNOWN:
        return Text("Clip skip may have no effect: this model's text encoder is unknown")
    if facts.effect == NONE:
        return _no_effect(facts)
    named = len(facts.encoders) > 1
    said = [_of(_host_layer(encoder), [encoder.encoder.name] if named else []) for encoder in facts.encoders]
    return _joined([*_raised(facts), *said])


def is_warning(facts: LayerFacts) -> bool:
    """Whether the sentence warns: the value does nothing, names no layer, or isn't the layer of the training."""
    strange = any(
        encoder.honoured and encoder.encoder.trained not in (None, encoder.layer) for encoder in facts.encoders
    )
    return facts.model is not None and (facts.effect in (NONE, UNKNOWN) or facts.beyond or strange)


def panel_sentence(facts: PanelFacts) -> Text:
    """What the panel "Finer clip skip" does, for a person: "Panel: clip skip 5. Layer 8 of 12"."""
    asked = _asked(facts.request)
    if not facts.is_applied:
        return _joined([Text("Panel: {asked}, not applied to this model", asked=asked), sentence(facts.base)])
    parts = [Text("Panel: {asked}", asked=asked)]
    for prompts, whose in ((facts.prompt, []), (facts.negative, [Text("Negative")])):
        for encoder, choices in zip(facts.base.encoders, prompts, strict=False):
            name = [encoder.encoder.name] if len(facts.base.encoders) > 1 else []
            layers = [_panel_layer(encoder, choice) for choice in choices]
            parts.append(_of(in_turn(layers) if layers else _host_layer(encoder), [*whose, *name]))
    return _joined(parts)


def layers_of(choice: LayerChoice, encoder: Encoder) -> Text:
    """Which layers of an encoder a choice means: `layer 11.5 of 12`, `layers 9 to 11 of 12, averaged`."""
    layers, total = encoder.layers, encoder.total
    if choice.last is None:
        return Text("layer {layer} of {layers}", layer=f"{round(layers + 1 - choice.first, 6):g}", layers=total)
    first, last = layers + 1 - choice.last, layers + 1 - choice.first
    return Text("layers {first} to {last} of {layers}, averaged", first=first, last=last, layers=total)


def in_turn(layers: list[Text]) -> Text:
    """What is said of each phase of a schedule, one after another: `layer 11 of 12, then layer 12 of 12`."""
    return reduce(lambda before, after: Text("{before}, then {after}", before=before, after=after), layers)


def with_measured(said: Text, measured: int | None, metadata: int | None) -> Text:
    """What is said of a value, and with which one the weights say that the model was trained; where the metadata say
    another, that too. `measured` is None where nothing was decided."""
    if measured is None:
        return said
    if metadata in (None, measured):
        return Text("{sentence}; measured: {value}", sentence=said, value=measured)
    return Text("{sentence}; measured: {value}, metadata: {other}", sentence=said, value=measured, other=metadata)


def panel_problem(error: Text) -> Text:
    """What the note says where the panel holds a value that cannot be used; `error` says why."""
    return Text("Panel: {asked}", asked=error)


def is_panel_warning(facts: PanelFacts) -> bool:
    """Whether the panel's sentence warns: what it asks cannot be done, or is not done on this model."""
    return facts.base.model is not None and (facts.fails or not facts.is_applied)


def _joined(parts: list[Text]) -> Text:
    return reduce(lambda before, part: Text("{before}. {sentence}", before=before, sentence=part), parts)


def _of(layer: Text, names: list[str]) -> Text:
    """What is said of a layer, after the name of what it is about, where there are several."""
    return Text("{name}: {layer}", name=enumerated(names), layer=layer) if names else capital(layer)


def _asked(request: LayerRequest) -> Text:
    values = request.to_json()
    said = [
        Text("clip skip {value}", value=values.get(CLIP_SKIP)),
        Text("negative clip skip {value}", value=values.get(NEGATIVE)),
        Text("SDXL CLIP-L skip {value}", value=values.get(CLIP_L_SKIP)),
        Text("SDXL bigG skip {value}", value=values.get(BIG_G_SKIP)),
    ]
    asked = [text for text in said if text.parts["value"] is not None]
    return enumerated(asked) if asked else Text("the clip skip in the header, on this model too")


def _raised(facts: LayerFacts) -> list[Text]:
    """That the host takes more than it was told, where it does."""
    if facts.lowest is None or facts.clip_skip >= facts.lowest:
        return []
    return [Text("Clip skip {value} is the same as {lowest} here", value=facts.clip_skip, lowest=facts.lowest)]


def _no_effect(facts: LayerFacts) -> Text:
    model = facts.model
    if model is not None and model.family:
        text = Text("No effect: this WebUI ignores clip skip on {family} models", family=model.family)
    else:
        text = Text("No effect: this WebUI ignores clip skip on this model")
    if model is not None and model.switch:
        return Text("{no_effect} while its setting “{switch}” is off", no_effect=text, switch=model.switch)
    return _always(text, facts.encoders[0]) if len(facts.encoders) == 1 else text


def _always(no_effect: Text, encoder: EncoderFacts) -> Text:
    return Text(
        "{no_effect} (always layer {layer} of {layers})",
        no_effect=no_effect,
        layer=encoder.layer,
        layers=encoder.encoder.total,
    )


def _panel_layer(encoder: EncoderFacts, choice: LayerChoice) -> Text:
    if choice.whole is not None or choice.deepest > encoder.encoder.layers:
        return _layer(taken(encoder, choice))
    return layers_of(choice, encoder.encoder)


def _host_layer(encoder: EncoderFacts) -> Text:
    return _layer(encoder) if encoder.honoured else _always(Text("no effect"), encoder)


def _layer(encoder: EncoderFacts) -> Text:
    layer, layers, trained = encoder.layer, encoder.encoder.total, encoder.encoder.trained
    if layer < 0:
        return Text("there is no such layer: the text encoder has {layers} layers, and generating fails", layers=layers)
    if layer == 0:
        return Text("no layer: the token embeddings before layer 1 of {layers}", layers=layers)
    text = Text("layer {layer} of {layers}", layer=layer, layers=layers)
    if layer == layers:
        text = Text("{layer}, the last", layer=text)
    elif layer == layers - 1:
        text = Text("{layer}, penultimate", layer=text)
    elif layer == 1:
        text = Text("{layer}, the first", layer=text)
    if not encoder.encoder.norm:
        text = Text("{layer}, without the final layer norm", layer=text)
    if trained == layer:
        return Text("{layer}, as in training", layer=text)
    return (
        text
        if trained is None
        else Text("{layer}; the model was trained on layer {trained}", layer=text, trained=trained)
    )
