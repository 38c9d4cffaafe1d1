"""Finer clip skip on AUTOMATIC1111's WebUI: what is asked of a request, whether the loaded model can do it, and what
infotexts say of it. Doing it is the business of layer_hooks.py.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from modules import sd_models, shared

from ..errors import InvalidInput
from ..hosts import OPTION_KEY
from ..language import Text, in_all_languages
from ..layers.facts import NONE, layer_facts
from ..layers.facts import UNKNOWN as UNKNOWN_EFFECT
from ..layers.note import sentence
from ..layers.selection import BIG_G, CLIP_L, SD1, LayerChoice, check_reachable, nearest_whole
from ..sweep.layer_request import (
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    INFOTEXT,
    NAMES,
    LayerRequest,
    Value,
    asked_by_panel,
    read_layer_request,
    read_value,
)
from ..sweep.plan import SweepPlan
from .encoders import choices_for, encoders_of
from .model import loaded_model as described_model

log = logging.getLogger("clip_skip_lab")

PANEL_TITLE = "Clip skip lab"
ASKED = "clip_skip_lab_asked"
"""The attribute of a request with what axes ask: a dict by `KEYS` of `clip_skip_lab.sweep.finer`."""

_RESTORED = "clip_skip_lab_restored"


def loaded_model() -> Any:
    """The host's model, or None; `shared.sd_model` would load one, from whichever thread asks."""
    return sd_models.model_data.sd_model


def setting_now() -> int:
    """The host's own clip skip at this moment."""
    return shared.opts.data.get(OPTION_KEY, 1)


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
        raise InvalidInput(PANEL_TITLE, asked, "an object with the panel's values", "is no object")
    read_layer_request(asked)
    setattr(request, _RESTORED, asked)


def asked_in_panel(request: Any) -> dict[str, object]:
    """What the panel "Clip skip lab" asks of a request of the page or the API, or asked of the sweep gone on with."""
    restored = getattr(request, _RESTORED, None)
    if restored is not None:
        return dict(restored)
    for script in getattr(request.scripts, "alwayson_scripts", None) or []:
        if script.title() == PANEL_TITLE:
            return asked_by_panel(list(request.script_args or [])[script.args_from : script.args_to])
    return {}


def layer_request_of(request: Any, plan: SweepPlan, value: Value | None = None) -> LayerRequest:
    """What is asked of clip skip in a cell: by the panel "Clip skip lab", over it the plan, over it axes, over all the
    cell's own value, where the host can't do it. Without a value: what is common to all cells.

    Raises `InvalidInput`.
    """
    asked = {**asked_in_panel(request), **plan.layer_request.to_json(), **asked_by_axes(request)}
    asked.pop(CLIP_SKIP, None)
    common = read_layer_request(asked)
    if value is None or (isinstance(value, int) and not common.every_model):
        return common  # a whole number on SD1 is the host's own business
    return replace(common, value=value)


def infotext_of(finer: LayerRequest, model: Any, setting: int) -> dict[str, object]:
    """What the infotext of a picture says of finer clip skip: exactly what is done on this model.

    The host's own key "Clip skip" stays a whole number, or is left out (None), because the host cannot read another.
    """
    kinds = {encoder.kind for encoder in encoders_of(model)}
    if not kinds or finer.is_off:
        return {}
    said: dict[str, object] = {}
    if SD1 in kinds or finer.every_model:
        if finer.value is not None:
            said["Clip skip"] = LayerChoice.of(finer.value).whole
        elif finer.every_model:
            said["Clip skip"] = max(1, setting)
        said[INFOTEXT["clip_skip"]] = finer.value
        said[INFOTEXT["negative_clip_skip"]] = finer.negative
        said[INFOTEXT["every_model"]] = True if finer.every_model and SD1 not in kinds else None
    if CLIP_L in kinds:
        said[INFOTEXT["sdxl_clip_l_skip"]] = finer.clip_l
    if BIG_G in kinds:
        said[INFOTEXT["sdxl_big_g_skip"]] = finer.big_g
    done = [value for key, value in said.items() if key != "Clip skip"]
    if any(value is not None and not isinstance(value, int) for value in done):
        said[INFOTEXT["interpolation"]] = finer.interpolation
    return {key: value if key == "Clip skip" or value is None else str(value) for key, value in said.items()}


def read_fraction(text: str, params: dict[str, Any]) -> None:
    """Makes a pasted "Clip skip: 1.5" the panel's value. The host would fail to read it, and drop all settings.

    Args:
        text: the pasted infotext.
        params: what the host read from it; changed here (modules/script_callbacks.py, `on_infotext_pasted`).
    """
    found = str(params.get("Clip skip", ""))
    if "." not in found:
        return
    try:
        value = read_value(found, "Clip skip")
    except InvalidInput as error:
        log.warning("A pasted infotext has a clip skip that cannot be used: %s", error)
    else:
        params.setdefault(INFOTEXT[CLIP_SKIP], str(value))
    del params["Clip skip"]


def check_asked(finer: LayerRequest, model: Any) -> None:
    """Makes sure that a model can do what is asked; see `check_reachable`.

    Args:
        finer: what is asked.
        model: the host's loaded model.

    Raises `InvalidInput` for what would leave the picture as it is.
    """
    check_reachable(finer, {encoder.kind for encoder in encoders_of(model)})


def remarks(finer: LayerRequest, model: Any, setting: int) -> list[str]:
    """What somebody should know beside the picture: what has no effect, and what is unwise."""
    kinds = {encoder.kind for encoder in encoders_of(model)}
    lines = []
    if finer.value is not None and SD1 not in kinds and not finer.every_model:
        facts = layer_facts(described_model(), nearest_whole(finer.value))
        if facts.effect in (NONE, UNKNOWN_EFFECT):
            lines.append(f"{sentence(facts)}.")
    chosen = choices_for(model, finer, False, setting)
    if SD1 not in kinds and any(choice is not None and choice.first < 2 for choice in chosen):
        lines.append("Below 2 the last layer takes part, on which SD2 and SDXL were not trained.")
    return [f"{PANEL_TITLE}: {line}" for line in lines]


def no_effect(request: Any, plan: SweepPlan) -> dict[str, str] | None:
    """Why clip skip changes nothing in a sweep with the loaded model, a sentence by language; None where it may."""
    facts, model = layer_facts(described_model(), 1), loaded_model()
    loads_others = any(axis.axis.label == "Checkpoint name" for _, axis in plan.further_axes())
    if len(plan.clip_skip) < 2 or loads_others or facts.effect == UNKNOWN_EFFECT:
        return None
    finer = layer_request_of(request, plan, plan.clip_skip[0])
    fixed = {CLIP_L: CLIP_L_SKIP if finer.clip_l else None, BIG_G: BIG_G_SKIP if finer.big_g else None}
    for _, axis in plan.further_axes():
        for kind, key in ((CLIP_L, CLIP_L_SKIP), (BIG_G, BIG_G_SKIP)):
            if axis.axis.label == NAMES[key] and "same" not in axis.values:
                fixed[kind] = key
    holding = []
    for encoder, known in zip(encoders_of(model), facts.encoders, strict=False):
        if fixed.get(encoder.kind):
            holding.append(NAMES[fixed[encoder.kind]])
        elif encoder.kind == SD1 or finer.every_model or known.honoured:
            return None
    if holding and (finer.every_model or facts.effect != NONE):
        en, ja = " and ".join(holding), " と ".join(holding)
        return {
            "en": f"Clip skip changes nothing in this sweep: {en} decide the layers in all of its cells.",
            "ja": f"このスイープでは Clip skip は何も変えません: すべてのセルで {ja} が層を決めています。",
        }
    return in_all_languages(Text("{sentence}.", sentence=sentence(facts)))


def effect_in_doubt() -> list[str]:
    """That clip skip may have no effect on the loaded model, as one sentence, where its encoders aren't known."""
    facts = layer_facts(described_model(), 1)
    return [f"{sentence(facts)}."] if facts.model is not None and facts.effect == UNKNOWN_EFFECT else []


def without_own(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an infotext without those that say something of finer clip skip."""
    own = {key for key in INFOTEXT.values() if key in params}
    return {key: value for key, value in params.items() if key not in own} if own else params
