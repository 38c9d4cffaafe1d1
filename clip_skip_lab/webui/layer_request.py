"""Layer requests on the WebUI: what is asked of a request, and what notes and infotexts say of it. Doing it is the
business of layer_hooks.py.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from ..errors import InvalidInput
from ..hosts import INFOTEXT_KEY, PANEL_SCRIPT, PANEL_TITLE
from ..language import Text
from ..layers.facts import NONE, layer_facts
from ..layers.facts import UNKNOWN as UNKNOWN_EFFECT
from ..layers.note import in_turn, layers_of, sentence
from ..layers.phases import requests_within
from ..layers.selection import BIG_G, CLIP_L, SD1, LayerChoice, is_whole, nearest_whole
from ..sweep.layer_request import (
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    INFOTEXT,
    NAMES,
    SAME,
    LayerRequest,
    asked_by_panel,
    read_layer_request,
    read_value,
)
from ..sweep.plan import SweepPlan
from ..sweep.schedule import values_within
from ..sweep.values import Value, is_schedule
from .encoders import choices_for
from .engine import LoadedEncoder, LoadedModel

log = logging.getLogger("clip_skip_lab")

ASKED = "clip_skip_lab_asked"
"""The attribute of a request with what axes ask: a dict by `KEYS` of `clip_skip_lab.sweep.layer_request`."""

_RESTORED = "clip_skip_lab_restored"


def ask(request: Any, **asked: object) -> None:
    """Adds to what is asked of a request. A new dict each time: the X/Y/Z plot's cells are shallow copies."""
    setattr(request, ASKED, {**asked_by_axes(request), **asked})


def asked_by_axes(request: Any) -> dict[str, object]:
    """What axes asked of a request with `ask`."""
    return getattr(request, ASKED, {})


def restore_panel(request: Any, asked: object) -> None:
    """Lets a request have these values of the panel, those of an earlier sweep, whatever its own panel says.

    Raises `InvalidInput` for what no panel asks.
    """
    if not isinstance(asked, dict):
        raise InvalidInput(PANEL_TITLE, asked, Text("an object with the panel's values"), Text("is not an object"))
    read_layer_request(asked)
    setattr(request, _RESTORED, asked)


def asked_in_panel(request: Any) -> dict[str, object]:
    """What the panel "Finer clip skip" asks of a request of the page or the API, or asked of one that is continued."""
    restored = getattr(request, _RESTORED, None)
    if restored is not None:
        return dict(restored)
    for script in getattr(request.scripts, "alwayson_scripts", None) or []:
        if script.title() == PANEL_SCRIPT:
            return asked_by_panel(list(request.script_args or [])[script.args_from : script.args_to])
    return {}


def layer_request_of(request: Any, plan: SweepPlan, value: Value | None = None) -> LayerRequest:
    """What is asked of clip skip in a cell: by the panel "Finer clip skip", over it the plan, over it axes, over all
    the cell's own value, where the host can't do it. Without a value: what is common to all cells.

    Raises `InvalidInput`.
    """
    asked = {**asked_in_panel(request), **plan.layer_request.to_json(), **asked_by_axes(request)}
    asked.pop(CLIP_SKIP, None)
    common = read_layer_request(asked)
    if value is None or (isinstance(value, int) and not common.every_model):
        return common  # a whole number on SD1 is the host's own business
    return replace(common, value=value)


def infotext_of(asked: LayerRequest, loaded: LoadedModel, setting: int) -> dict[str, object]:
    """What the infotext of a picture says of a layer request: exactly what is done on this model.

    The host's own key stays a whole number, or is left out (None), because the host cannot read another.
    """
    kinds = loaded.kinds
    if not kinds or asked.is_off:
        return {}
    said: dict[str, Value | None] = {}
    if any(kinds.values()) or asked.every_model:
        said[INFOTEXT["clip_skip"]] = asked.value
        said[INFOTEXT["negative_clip_skip"]] = asked.negative
        said[INFOTEXT["every_model"]] = True if asked.every_model and SD1 not in kinds else None
    if CLIP_L in kinds:
        said[INFOTEXT["sdxl_clip_l_skip"]] = asked.clip_l
    if BIG_G in kinds:
        said[INFOTEXT["sdxl_big_g_skip"]] = asked.big_g
    if not all(map(is_whole, (part for value in said.values() if value is not None for part in values_within(value)))):
        said[INFOTEXT["interpolation"]] = asked.interpolation
    told: dict[str, object] = {key: None if value is None else str(value) for key, value in said.items()}
    if INFOTEXT["clip_skip"] in said and (asked.value is not None or asked.every_model):
        value = max(1, setting) if asked.value is None else asked.value
        whole = LayerChoice.of(value).whole if is_whole(value) else None
        return {INFOTEXT_KEY: whole, **told}
    return told


def read_fraction(text: str, params: dict[str, Any]) -> None:
    """Makes a pasted "Clip skip: 1.5", or a schedule, the panel's value. The host would fail to read it, and drop all
    settings.

    Args:
        text: the pasted infotext.
        params: what the host read from it; changed here (modules/script_callbacks.py, `on_infotext_pasted`).
    """
    found = str(params.get(INFOTEXT_KEY, ""))
    if not ("." in found or is_schedule(found)):
        return
    try:
        value = read_value(found, NAMES[CLIP_SKIP])
    except InvalidInput as error:
        log.warning("A pasted infotext has a clip skip that cannot be used: %s", error)
    else:
        params.setdefault(INFOTEXT[CLIP_SKIP], str(value))
    del params[INFOTEXT_KEY]


def notes_on(asked: LayerRequest, loaded: LoadedModel, setting: int) -> list[Text]:
    """What somebody should know beside the picture: what has no effect, and what is unwise."""
    notes = []
    if asked.value is not None and not asked.every_model:
        facts = layer_facts(loaded.described, nearest_whole(values_within(asked.value)[0]))
        if facts.effect in (NONE, UNKNOWN_EFFECT):
            notes.append(_ended(sentence(facts)))
    if any(
        _is_untrained(encoder, choice)
        for plain in requests_within(asked)
        for encoder, choice in zip(loaded.encoders, choices_for(loaded, plain, False, setting), strict=True)
    ):
        notes.append(Text("Below 2 the last layer is used too, which SD2 and SDXL were not trained with."))
    return [Text("{panel}: {note}", panel=PANEL_TITLE, note=note) for note in notes]


def _is_untrained(encoder: LoadedEncoder, choice: LayerChoice | None) -> bool:
    """Whether a choice reaches beyond the layer on which a model was trained whose kind tells that."""
    trained = None if encoder.kind == SD1 else encoder.described.trained
    return choice is not None and trained is not None and encoder.described.layers + 1 - choice.first > trained


def meaning(choices: list[LayerChoice], encoder: LoadedEncoder, negative: bool) -> Text:
    """`CLIP-L of SD1: layer 11.5 of 12`; for a schedule one after another."""
    layers = in_turn([layers_of(choice, encoder.described) for choice in choices])
    line = Text("{name}: {layer}", name=encoder.kind, layer=layers)
    return Text("negative: {line}", line=line) if negative else line


def no_effect(request: Any, plan: SweepPlan, loaded: LoadedModel) -> Text | None:
    """Why clip skip changes nothing in a sweep with the loaded model, a sentence; None where it may."""
    facts = layer_facts(loaded.described, 1)
    loads_others = any(axis.axis.label == "Checkpoint name" for _, axis in plan.further_axes())
    if len(plan.clip_skip) < 2 or loads_others or facts.effect == UNKNOWN_EFFECT:
        return None
    asked = layer_request_of(request, plan, plan.clip_skip[0])
    fixed = {
        kind: key
        for kind, key, value in ((CLIP_L, CLIP_L_SKIP, asked.clip_l), (BIG_G, BIG_G_SKIP, asked.big_g))
        if value
    }
    for _, axis in plan.further_axes():
        for kind, key in ((CLIP_L, CLIP_L_SKIP), (BIG_G, BIG_G_SKIP)):
            if axis.axis.label == NAMES[key] and SAME not in axis.values:
                fixed[kind] = key
    deciding = []
    for encoder in loaded.encoders:
        if encoder.kind in fixed:
            deciding.append(str(NAMES[fixed[encoder.kind]]))
        elif asked.every_model or encoder.described.honours:
            return None
    if deciding and (asked.every_model or facts.effect != NONE):
        return _decided_by(*deciding)
    return Text("{sentence}.", sentence=sentence(facts))


def _decided_by(setting: str, other: str = "") -> Text:
    if not other:
        return Text(
            "Clip skip changes nothing in this sweep: {setting} decides the layers in all of its cells.",
            setting=setting,
        )
    return Text(
        "Clip skip changes nothing in this sweep: {setting} and {other} decide the layers in all of its cells.",
        setting=setting,
        other=other,
    )


def effect_in_doubt(loaded: LoadedModel) -> list[str]:
    """That clip skip may have no effect on the loaded model, as one sentence, where its encoders aren't known."""
    facts = layer_facts(loaded.described, 1)
    return [_ended(sentence(facts))] if facts.model is not None and facts.effect == UNKNOWN_EFFECT else []


def without_own(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an infotext without those that say something of a layer request."""
    own = {key for key in INFOTEXT.values() if key in params}
    return {key: value for key, value in params.items() if key not in own} if own else params


def _ended(text: str) -> Text:
    return Text("{sentence}.", sentence=text)
