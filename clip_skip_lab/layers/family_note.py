"""What a clip skip of another WebUI is here, as sentences for a person."""

from __future__ import annotations

from functools import reduce

from ..language import Text
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, EVERY_MODEL, NAMES
from .facts import EncoderFacts
from .family import A1111, SDXL_SWITCH, Translation


def translation_sentence(found: Translation, is_loaded: bool = True) -> Text:
    """What the number means there and here, and what gives the same layers here.

    Args:
        found: the clip skip of the picture.
        is_loaded: whether the picture's model is the one whose encoders `found` compares with, and not one that isn't
            known here.
    """
    said = [*_difference(found), _remedy(found)]
    if not is_loaded:
        said.append(Text("This holds if its model is {family}, like the loaded one.", family=found.family))
    return reduce(lambda before, part: Text("{before} {sentence}", before=before, sentence=part), filter(None, said))


def _difference(found: Translation) -> list[Text]:
    """What is said of both; one sentence where any number here gives the same."""
    parts = {"webui": found.webui, "clip_skip": found.clip_skip, "family": found.family, "layers": _layers(found.there)}
    if found.is_same:
        return [
            Text(
                "This image is from {webui}, where clip skip {clip_skip} on {family} is {layers}. "
                "Here every clip skip gives that.",
                **parts,
            )
        ]
    if any(facts.honoured for facts in found.there):
        text = Text("This image is from {webui}, where clip skip {clip_skip} on {family} is {layers}.", **parts)
    elif (found.webui, found.family) == (A1111, "SDXL"):
        text = Text(
            "This image is from {webui}, which ignores clip skip on {family} while its setting “{switch}” is off: "
            "it is always {layers}.",
            **parts,
            switch=SDXL_SWITCH,
        )
    else:
        text = Text("This image is from {webui}, which ignores clip skip on {family}: it is always {layers}.", **parts)
    return [text, _here(found)]


def _here(found: Translation) -> Text:
    layers = _layers(found.here)
    if any(facts.honoured for facts in found.here):
        return Text("Here {clip_skip} is {layers}.", clip_skip=found.clip_skip, layers=layers)
    return Text("Here it is always {layers}.", layers=layers)


def _remedy(found: Translation) -> Text | None:
    if found.is_same:
        return None
    if found.same is not None:
        return Text("Clip skip {value} gives the same here.", value=found.same)
    asked = found.asked
    if EVERY_MODEL in asked:
        return Text(
            "The panel “Finer clip skip” gives the same here, with clip skip {value} and “{every_model}”.",
            value=asked[CLIP_SKIP],
            every_model=NAMES[EVERY_MODEL],
        )
    if asked:
        return Text(
            "The panel “Finer clip skip” gives the same here, with {clip_l_skip} {clip_l} and {big_g_skip} {big_g}.",
            clip_l_skip=NAMES[CLIP_L_SKIP],
            clip_l=asked[CLIP_L_SKIP],
            big_g_skip=NAMES[BIG_G_SKIP],
            big_g=asked[BIG_G_SKIP],
        )
    return Text("No clip skip gives the same here.")


def _layers(encoders: tuple[EncoderFacts, ...]) -> Text:
    if len(encoders) == 1:
        return _layer(encoders[0])
    named = [Text("{layer} in {name}", layer=_layer(facts), name=facts.encoder.name) for facts in encoders]
    return reduce(lambda before, last: Text("{before} and {last}", before=before, last=last), named)


def _layer(facts: EncoderFacts) -> Text:
    if facts.layer < 0:
        return Text("no layer at all")
    if facts.layer == 0:
        return Text("the token embeddings")
    return Text("layer {layer} of {layers}", layer=facts.layer, layers=facts.encoder.total)
