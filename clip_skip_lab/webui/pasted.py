"""What a pasted infotext of another WebUI of the family says here: its clip skip may name another layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import sd_models

from ..hosts import INFOTEXT_KEY, OTHER_WEBUI
from ..layers.facts import Model
from ..layers.family import made_by, model_of, number_in, translate
from ..layers.family_note import translation_sentence
from ..models.header import family_of
from ..sweep.plan_keys import SCRIPT_TITLE
from .engine import Engine


def naming_layers(engine: Engine) -> Callable[[str, dict[str, Any]], None]:
    """The callback for a pasted infotext (modules/script_callbacks.py, `on_infotext_pasted`).

    It changes no value, and adds the key `OTHER_WEBUI` with what there is to say. To be registered before what takes
    the clip skip out of the infotext.
    """

    def name_layers(text: str, params: dict[str, Any]) -> None:
        webui = made_by(params)
        clip_skip = number_in(params, INFOTEXT_KEY)
        is_sweep = params.get("Script") == SCRIPT_TITLE  # which has values of its own
        if not webui or webui == _own(engine) or clip_skip is None or is_sweep:
            return
        model, is_known = _model(engine, params)
        found = None if model is None else translate(webui, clip_skip, model)
        if found is not None:
            params[OTHER_WEBUI] = translation_sentence(found, is_known)

    return name_layers


def _model(engine: Engine, params: dict[str, Any]) -> tuple[Model | None, bool]:
    """The infotext's model as this WebUI runs it, where it is here, else the one that is loaded; and whether it is the
    infotext's."""
    loaded = engine.loaded().described
    checkpoint = _checkpoint(params)
    if checkpoint is None or (loaded is not None and checkpoint.name_for_extra == loaded.name):
        return loaded, checkpoint is not None
    family = family_of(checkpoint.filename)
    if loaded is not None and family == loaded.family:
        return loaded, True
    return model_of(_own(engine), family), True


def _own(engine: Engine) -> str:
    """What kind of WebUI this is, which the name of a fork of one need not tell."""
    return str(getattr(engine, "title", engine.name))


def _checkpoint(params: dict[str, Any]) -> Any:
    """The host's record of the checkpoint that an infotext names, by its hash or by its name; None where it isn't
    here."""
    named = [str(params[key]) for key in ("Model hash", "Model") if params.get(key)]
    return next((found for name in named if (found := sd_models.checkpoint_aliases.get(name)) is not None), None)
