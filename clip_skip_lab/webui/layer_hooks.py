"""Which layers count while AUTOMATIC1111's WebUI generates (v1.10.1), whoever encodes.

A generation is more than its own conditioning: detailers start requests of their own in it, other extensions encode
texts by themselves. So what is asked of the outermost generation is in force from the beginning of the host's
`process_images_inner` to its end (modules/processing.py), for every encoding and every request within it. What is
chosen becomes part of the cond cache's key, so that no other generation gets it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from fastapi import HTTPException
from modules import processing, sd_models, shared

from ..errors import InvalidInput
from ..hosts import OPTION_KEY
from ..layers.selection import CLIP_L, LayerChoice, choice_for, nearest_whole
from ..sweep.layer_request import NOTHING_ASKED, LayerRequest, read_layer_request
from .encoders import Encoder, check_choices, choices_for, encoders_of, is_hosts_own, selecting, shadowed
from .layer_request import (
    asked_by_axes,
    asked_in_panel,
    check_asked,
    infotext_of,
    loaded_model,
    remarks,
    setting_now,
    without_own,
)
from .options import borrowed

REMARKS = "clip_skip_lab_remarks"
"""The attribute of a request with what somebody should know beside its pictures: a list of sentences."""

UNSIGNED = (
    "Clip skip lab: another extension encoded a text without saying whether it is a negative prompt; it got the clip "
    "skip of the prompt."
)

_HELD = "clip_skip_lab_held"
_OWN_HOOKS = ("sample", "get_conds_with_caching", "cached_params")
_OURS = "clip_skip_lab_in_force"
_threads = threading.local()


class EncodedAlone(RuntimeError):
    """In a batch of several clip skips something encoded a text by itself, and there is no one value for it."""


class Chosen:
    """What is asked for each picture of a job, and for those whose conditioning is made now.

    Args:
        pictures: what is asked for each picture of a batch.
        batches: how many such batches the job has.
        mixed: whether the pictures of a batch differ in clip skip, be it in the host's own setting only.

    Attributes:
        now: what is asked for what is encoded now; None in a mixed batch while it is no picture's turn.
        encoded_alone: whether something was encoded then.
    """

    def __init__(self, pictures: list[LayerRequest], batches: int = 1, mixed: bool = False):
        self.pictures = pictures
        self.batches = batches
        self.mixed = mixed or len(set(pictures)) > 1
        self.now: LayerRequest | None = None if self.mixed else pictures[0]
        self.encoded_alone = False

    @property
    def is_off(self) -> bool:
        """Whether nothing is asked for any picture."""
        return all(finer.is_off for finer in self.pictures)

    @contextmanager
    def being(self, finer: LayerRequest) -> Iterator[None]:
        """Makes conditioning for pictures of which this is asked, for the time of the block."""
        before, self.now = self.now, finer
        try:
            yield
        finally:
            self.now = before

    def choice(self, encoder: Encoder, negative: bool | None) -> LayerChoice | None:
        """What an encoder shall give now; see `selecting`."""
        finer, setting = self.now, setting_now()
        if finer is None:
            self.encoded_alone = True
            return None
        if negative is None and finer.negative is not None:
            _remark(_running()[0], UNSIGNED)
        choice = choice_for(finer, encoder.kind, bool(negative), setting)
        return None if choice is not None and is_hosts_own(encoder.kind, choice, setting) else choice

    def infotext(self, model: Any, setting: int) -> dict[str, object]:
        """`infotext_of` for all pictures: one value where they agree, else a list with one for each picture.

        In a mixed batch "Clip skip" is left to who mixed it.
        """
        said = {finer: infotext_of(finer, model, setting) for finer in self.pictures}
        if len(said) == 1:
            return said[self.pictures[0]]
        keys = dict.fromkeys(key for one in said.values() for key in one if key != "Clip skip")
        return {key: [said[finer].get(key) for finer in self.pictures] * self.batches for key in keys}


def watch_generations() -> None:
    """Puts what is asked in force for each generation from now on; may be called at every load of the script file.

    `process_images` looks its inner function up when it is called, so this reaches everybody's generations.
    """
    inner = processing.process_images_inner
    if getattr(inner, _OURS, False):
        return

    @functools.wraps(inner)
    def process_images_inner(p: Any, *args: Any, **kwargs: Any) -> Any:
        if p in _running():  # another extension calls it several times for one request, or wraps it twice
            return inner(p, *args, **kwargs)
        with _generation(p):
            return inner(p, *args, **kwargs)

    setattr(process_images_inner, _OURS, True)
    processing.process_images_inner = process_images_inner


@contextmanager
def choosing(request: Any, chosen: Chosen) -> Iterator[None]:
    """Lets a request be generated with what is chosen for the time of the block, whatever the panel says."""
    setattr(request, _HELD, chosen)
    try:
        yield
    finally:
        delattr(request, _HELD)


def is_watched() -> bool:
    """Whether a generation runs in this thread, of this request or around it, and what is asked of it is in force."""
    return bool(_running())


def refusal(request: Any, error: InvalidInput) -> Exception:
    """What to raise to whoever asked: only this kind passes the host's API as it is; the page shows the other one's
    sentence."""
    return HTTPException(error.status_code, error.detail) if request.is_api else error


def refuse(request: Any, error: InvalidInput) -> None:
    """Makes a generation fail with this error before anything is sampled.

    The host swallows what an always-on script raises and would go on without it; `init` is the first thing that it
    calls after the scripts, and an error there reaches the page or the API client.
    """

    def init(*args: Any, **kwargs: Any) -> None:
        raise refusal(request, error)

    request.init = init


def disown(request: Any) -> None:
    """Takes away from a copy of a request what was hooked to the original."""
    for name in _OWN_HOOKS:
        if (getattr(vars(request).get(name), "__module__", None) or "").startswith("clip_skip_lab."):
            delattr(request, name)
    vars(request).pop(_HELD, None)


def _running() -> _Requests:
    """The requests that are generated now in this thread, the outermost first."""
    if not hasattr(_threads, "running"):
        _threads.running = _Requests()
    return _threads.running


class _Requests(list):
    """Requests are compared by identity: they are dataclasses, and hold tensors."""

    def __contains__(self, request: object) -> bool:
        return any(one is request for one in self)


@contextmanager
def _generation(request: Any) -> Iterator[None]:
    running = _running()
    outer = running[0] if running else None
    running.append(request)
    try:
        with ExitStack() as stack:
            if outer is None:
                _threads.chosen = getattr(request, _HELD, None)
                if _threads.chosen is None:
                    disown(request)
                    _threads.chosen = _asked(request)
                stack.enter_context(_in_force(request, _threads.chosen))
            else:
                disown(request)
                theirs, ours = (one.override_settings.get(OPTION_KEY) for one in (request, outer))
                if theirs is not None and theirs != ours:  # a detailer with a clip skip of its own
                    stack.enter_context(_threads.chosen.being(NOTHING_ASKED))
            yield
    finally:
        running.pop()


def _asked(request: Any) -> Chosen:
    try:
        finer = read_layer_request({**asked_in_panel(request), **asked_by_axes(request)})
        check_asked(finer, loaded_model())
    except InvalidInput as error:
        raise refusal(request, error) from error
    return Chosen([finer])


@contextmanager
def _in_force(request: Any, chosen: Chosen) -> Iterator[None]:
    request.extra_generation_params = without_own(request.extra_generation_params)
    if chosen.is_off and not chosen.mixed and not _has_clip_l():
        yield
        return
    value = None if chosen.mixed else chosen.pictures[0].value
    # So a whole value reaches also what looks at the setting itself.
    setting = {} if value is None else {OPTION_KEY: nearest_whole(value)}
    with ExitStack() as stack:
        stack.enter_context(selecting(chosen.choice))
        stack.enter_context(_own_cache_entries(chosen))
        stack.enter_context(_loading_as_usual(chosen))
        stack.enter_context(borrowed(shared.opts.data, setting))
        stack.enter_context(_noting(request, chosen))
        yield


@contextmanager
def _loading_as_usual(chosen: Chosen) -> Iterator[None]:
    """The host encodes an empty text when it loads a checkpoint, a refiner's say, and keeps it with the model: that is
    nobody's clip skip (modules/sd_models.py, `load_model`)."""
    original, before = getattr(sd_models, "get_empty_cond", None), setting_now()  # since v1.6
    if original is None:
        yield
        return

    def get_empty_cond(*args: Any, **kwargs: Any) -> Any:
        with chosen.being(NOTHING_ASKED), borrowed(shared.opts.data, {OPTION_KEY: before}):
            return original(*args, **kwargs)

    with shadowed(sd_models, "get_empty_cond", get_empty_cond):
        yield


@contextmanager
def _own_cache_entries(chosen: Chosen) -> Iterator[None]:
    """Makes what is chosen part of the cond cache's key, of all requests: they share one cache."""
    inner = processing.StableDiffusionProcessing.cached_params

    def cached_params(self: Any, required_prompts: Any, *args: Any, **kwargs: Any) -> tuple:
        key = inner(self, required_prompts, *args, **kwargs)
        finer = chosen.now or chosen.pictures[0]
        layers = choices_for(shared.sd_model, finer, _is_negative(required_prompts), setting_now())
        if any(choice is not None for choice in layers):
            key = (*key, layers)
        if _has_clip_l():
            key = (*key, shared.opts.data.get("sdxl_clip_l_skip"))  # the host forgot it: a toggle gave stale pictures
        return key

    with shadowed(processing.StableDiffusionProcessing, "cached_params", cached_params):
        yield


@contextmanager
def _noting(request: Any, chosen: Chosen) -> Iterator[None]:
    """Checks and notes at the request's first conditioning what is done: only then is it sure which checkpoint this
    is, and a refiner's must not be noted."""
    inner = request.get_conds_with_caching
    noted: list[bool] = []

    def get_conds_with_caching(function: Any, required_prompts: Any, *args: Any, **kwargs: Any) -> Any:
        if not noted:
            noted.append(True)
            _note(request, chosen)
        try:
            for finer in {chosen.now} if chosen.now is not None else set(chosen.pictures):
                check_choices(shared.sd_model, finer, _is_negative(required_prompts), setting_now())
            return inner(function, required_prompts, *args, **kwargs)
        except InvalidInput as error:
            raise refusal(request, error) from error

    with shadowed(request, "get_conds_with_caching", get_conds_with_caching):
        yield


def _note(request: Any, chosen: Chosen) -> None:
    model, setting = shared.sd_model, setting_now()
    # A new dict: the X/Y/Z plot's cells share theirs.
    request.extra_generation_params = {**request.extra_generation_params, **chosen.infotext(model, setting)}
    for remark in dict.fromkeys(line for finer in chosen.pictures for line in remarks(finer, model, setting)):
        _remark(request, remark)


def _remark(request: Any, sentence: str) -> None:
    said = getattr(request, REMARKS, [])
    if sentence not in said:
        setattr(request, REMARKS, [*said, sentence])
        request.comment(sentence)


def _is_negative(prompts: Any) -> bool:
    return bool(getattr(prompts, "is_negative_prompt", False))


def _has_clip_l() -> bool:
    return any(encoder.kind == CLIP_L for encoder in encoders_of(loaded_model()))
