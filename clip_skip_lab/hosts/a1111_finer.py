"""Finer clip skip on one generation of AUTOMATIC1111's WebUI: its conditioning, its cond cache, its infotext.

First pass, hires fix and refiner all fetch their conditioning through `p.get_conds_with_caching` (v1.10.1,
modules/processing.py). Shadowing it on the one request covers them; the checkpoint that is loaded at that moment
decides what a value means. What is chosen becomes part of the cache's key, so that no other generation gets it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from modules import sd_models, shared

from ..layers.selection import BIG_G, CLIP_L, SD1, LayerChoice
from ..sweep.errors import InvalidInput
from ..sweep.finer import CLIP_SKIP as VALUE
from ..sweep.finer import INFOTEXT, Finer, Value, asked_by_panel, read_finer, read_value
from ..sweep.plan import SweepPlan
from .a1111_encoders import choices_for, encoders_of, selecting

log = logging.getLogger("clip_skip_lab")

CLIP_SKIP = "CLIP_stop_at_last_layers"
PANEL_TITLE = "Clip skip lab"
ASKED = "clip_skip_lab_asked"
"""The attribute of a request with what axes ask: a dict by `KEYS` of `clip_skip_lab.sweep.finer`."""

_HELD = "clip_skip_lab_held"
_RESTORED = "clip_skip_lab_restored"
_SHADOWED = ("get_conds_with_caching", "cached_params")


def loaded_model() -> Any:
    """The host's model, or None; `shared.sd_model` would load one, from whichever thread asks."""
    return sd_models.model_data.sd_model


def setting_now() -> int:
    """The host's own clip skip at this moment."""
    return shared.opts.data.get(CLIP_SKIP, 1)


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
    read_finer(asked)
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


def finer_of(request: Any, plan: SweepPlan, value: Value | None = None) -> Finer:
    """What is asked of clip skip in a cell: by the panel "Clip skip lab", over it the plan, over it axes, over all the
    cell's own value, where the host can't do it. Without a value: what is common to all cells.

    Raises `InvalidInput`.
    """
    asked = {**asked_in_panel(request), **plan.finer.to_json(), **asked_by_axes(request)}
    asked.pop(VALUE, None)
    common = read_finer(asked)
    if value is None or (isinstance(value, int) and not common.every_model):
        return common  # a whole number on SD1 is the host's own business
    return replace(common, value=value)


class Chosen:
    """What is asked for each picture of a job, and for those whose conditioning is made now.

    Args:
        pictures: what is asked for each picture of a batch.
        batches: how many such batches the job has.
    """

    def __init__(self, pictures: list[Finer], batches: int = 1):
        self.pictures = pictures
        self.batches = batches
        self.now = pictures[0]

    @property
    def is_off(self) -> bool:
        """Whether nothing is asked for any picture."""
        return all(finer.is_off for finer in self.pictures)

    @contextmanager
    def being(self, finer: Finer) -> Iterator[None]:
        """Makes conditioning for pictures of which this is asked, for the time of the block."""
        before, self.now = self.now, finer
        try:
            yield
        finally:
            self.now = before

    def infotext(self, model: Any, setting: int) -> dict[str, object]:
        """`infotext_of` for all pictures: one value where they agree, else a list with one for each picture.

        In a mixed batch "Clip skip" is left to who mixed it.
        """
        said = {finer: infotext_of(finer, model, setting) for finer in self.pictures}
        if len(said) == 1:
            return said[self.now]
        keys = dict.fromkeys(key for one in said.values() for key in one if key != "Clip skip")
        return {key: [said[finer].get(key) for finer in self.pictures] * self.batches for key in keys}


@contextmanager
def choosing(request: Any, chosen: Chosen) -> Iterator[None]:
    """Lets a request be generated with finer clip skip for the time of the block; the panel then leaves it alone."""
    setattr(request, _HELD, True)
    install(request, chosen)
    try:
        yield
    finally:
        uninstall(request)
        delattr(request, _HELD)


def is_held(request: Any) -> bool:
    """Whether a `choosing` block has this request."""
    return getattr(request, _HELD, False)


def install(request: Any, chosen: Chosen, refusal: Callable[[InvalidInput], Exception] = lambda error: error) -> None:
    """Hooks a request, in the place of an earlier hook. With nothing asked there is none, SDXL's cache key aside.

    Args:
        request: the host's request; only this object is changed.
        chosen: what is asked.
        refusal: makes the exception to raise where a layer cannot be chosen.
    """
    uninstall(request)
    request.extra_generation_params = _without_own(request.extra_generation_params)
    if chosen.is_off and not _has_clip_l():
        return
    inner_params, inner_conds = request.cached_params, request.get_conds_with_caching
    noted: list[bool] = []

    def cached_params(required_prompts: Any, *args: Any, **kwargs: Any) -> tuple:
        key = inner_params(required_prompts, *args, **kwargs)
        layers = choices_for(shared.sd_model, chosen.now, _is_negative(required_prompts), setting_now())
        if any(choice is not None for choice in layers):
            key = (*key, layers)
        if _has_clip_l():
            key = (*key, shared.opts.data.get("sdxl_clip_l_skip"))  # the host forgot it: a toggle gave stale pictures
        return key

    def get_conds_with_caching(function: Any, required_prompts: Any, *args: Any, **kwargs: Any) -> Any:
        if not noted:  # only now is it sure which checkpoint this is; a refiner's must not be noted
            noted.append(True)
            _note(request, chosen)
        try:
            with selecting(shared.sd_model, chosen.now, _is_negative(required_prompts), setting_now()):
                return inner_conds(function, required_prompts, *args, **kwargs)
        except InvalidInput as error:
            raise refusal(error) from error

    request.cached_params = cached_params
    if not chosen.is_off:
        request.get_conds_with_caching = get_conds_with_caching


def uninstall(request: Any) -> None:
    """Takes the hook of `install` away, also from a copy of a hooked request."""
    for name in _SHADOWED:
        if getattr(vars(request).get(name), "__module__", None) == __name__:
            delattr(request, name)


def refuse(request: Any, error: Exception) -> None:
    """Makes a generation fail with this error before anything is sampled.

    The host swallows what an always-on script raises and would go on without it; `init` is the first thing that it
    calls after the scripts, and an error there reaches the page or the API client.
    """

    def init(*args: Any, **kwargs: Any) -> None:
        raise error

    request.init = init


def infotext_of(finer: Finer, model: Any, setting: int) -> dict[str, object]:
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
        params.setdefault(INFOTEXT[VALUE], str(value))
    del params["Clip skip"]


def remarks(finer: Finer, model: Any, setting: int) -> list[str]:
    """What somebody should know beside the picture: what was asked and not done, and what is unwise."""
    kinds = {encoder.kind for encoder in encoders_of(model)}
    if finer.is_off:
        return []
    if not kinds:
        return ["Clip skip lab: not applied, because this model's text encoder is of a kind it doesn't know."]
    lines = []
    general = finer.value is not None or finer.negative is not None
    if general and SD1 not in kinds and not finer.every_model:
        lines.append("Clip skip lab: not applied to this model; for SD2 and SDXL tick the box for them.")
    for kind, value in ((CLIP_L, finer.clip_l), (BIG_G, finer.big_g)):
        if value is not None and kind not in kinds:
            lines.append(f"Clip skip lab: {value} not applied, because this model has no {kind}.")
    chosen = choices_for(model, finer, False, setting)
    if SD1 not in kinds and any(choice is not None and choice.first < 2 for choice in chosen):
        lines.append("Clip skip lab: below 2 the last layer takes part, on which SD2 and SDXL were not trained.")
    return lines


def _note(request: Any, chosen: Chosen) -> None:
    model, setting = shared.sd_model, setting_now()
    # A new dict: the X/Y/Z plot's cells share theirs.
    request.extra_generation_params = {**request.extra_generation_params, **chosen.infotext(model, setting)}
    for remark in dict.fromkeys(line for finer in chosen.pictures for line in remarks(finer, model, setting)):
        request.comment(remark)


def _without_own(params: dict[str, Any]) -> dict[str, Any]:
    own = {key for key in INFOTEXT.values() if key in params}
    return {key: value for key, value in params.items() if key not in own} if own else params


def _is_negative(prompts: Any) -> bool:
    return bool(getattr(prompts, "is_negative_prompt", False))


def _has_clip_l() -> bool:
    return any(encoder.kind == CLIP_L for encoder in encoders_of(loaded_model()))
