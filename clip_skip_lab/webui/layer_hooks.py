"""Which layers count while AUTOMATIC1111's WebUI generates (v1.10.1), whoever encodes.

A generation is more than its own conditioning: detailers start requests of their own in it, other extensions encode
texts by themselves. So what is asked of the outermost generation is in force from the beginning of the host's
`process_images_inner` to its end (modules/processing.py), for every encoding and every request within it. What is
chosen becomes part of the cond cache's key, so that no other generation gets it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from modules import processing, shared

from ..errors import InvalidInput
from ..hosts import INFOTEXT_KEY, OPTION_KEY
from ..language import ENGLISH, Text, translated
from ..layers.phases import is_scheduled, requests_within, settled
from ..layers.selection import CLIP_L, LayerChoice, check_reachable, choice_for, nearest_whole
from ..sweep.layer_request import NOTHING_ASKED, LayerRequest, read_layer_request
from ..sweep.schedule import in_the_middle
from .encoders import check_choices, choices_for, is_hosts_own, selecting
from .engine import Engine, LoadedEncoder, LoadedModel
from .failing import failed, told
from .layer_request import asked_by_axes, asked_in_panel, infotext_of, notes_on, without_own
from .options import borrowed
from .phases import in_phases
from .shadow import hooked, shadowed
from .steady import lent_off

NOTES = "clip_skip_lab_notes"
"""The attribute of a request with what somebody should know beside its pictures: a list of sentences."""

UNSIGNED = Text(
    "Finer clip skip: another extension encoded a text without saying whether it is a negative prompt; it got the clip "
    "skip of the prompt."
)
NO_STEP = Text(
    "Finer clip skip: another extension encoded a text for all steps at once, where a schedule has no effect; it "
    "got the clip skip at the middle of the steps."
)

_HELD = "clip_skip_lab_held"
_OURS = "clip_skip_lab_in_force"
_threads = threading.local()


class EncodedAlone(RuntimeError):
    """In a batch of several clip skips something encoded a text by itself, and there is no one value for it."""


class Chosen:
    """What is asked for each picture of a job, and for those whose conditioning is made now.

    Args:
        engine: the WebUI's.
        pictures: what is asked for each picture of a batch.
        batches: how many such batches the job has.
        mixed: whether the pictures of a batch differ in clip skip, be it in the host's own setting only.
        language: in which the page is told.

    Attributes:
        now: what is asked for what is encoded now; None in a mixed batch while it is no picture's turn.
        encoded_alone: whether something was encoded then.
    """

    def __init__(
        self,
        engine: Engine,
        pictures: list[LayerRequest],
        batches: int = 1,
        mixed: bool = False,
        language: str = ENGLISH,
    ):
        self.engine = engine
        self.pictures = pictures
        self.batches = batches
        self.mixed = mixed or len(set(pictures)) > 1
        self.language = language
        self.now: LayerRequest | None = None if self.mixed else pictures[0]
        self.encoded_alone = False

    @property
    def is_off(self) -> bool:
        """Whether nothing is asked for any picture."""
        return all(asked.is_off for asked in self.pictures)

    @contextmanager
    def being(self, asked: LayerRequest) -> Iterator[None]:
        """Makes conditioning for pictures of which this is asked, for the time of the block."""
        before, self.now = self.now, asked
        try:
            yield
        finally:
            self.now = before

    def choice(self, encoder: LoadedEncoder, negative: bool | None) -> LayerChoice | None:
        """What an encoder shall give now; see `selecting`."""
        asked, setting = self.now, self.engine.clip_skip()
        if asked is None:
            self.encoded_alone = True
            return None
        if negative is None and asked.negative is not None:
            self.note(_running()[0], UNSIGNED)
        described = encoder.described
        if is_scheduled(asked):
            plains = requests_within(asked)
            choices = {choice_for(plain, encoder.kind, described, bool(negative), setting) for plain in plains}
            if len(choices) > 1:
                self.note(_running()[0], NO_STEP)
            asked = settled(asked, _running()[0].steps)
        choice = choice_for(asked, encoder.kind, described, bool(negative), setting)
        return None if choice is not None and is_hosts_own(encoder, choice, setting) else choice

    def note(self, request: Any, sentence: Text) -> None:
        """Notes what somebody should know beside the pictures of a request."""
        said = getattr(request, NOTES, [])
        if sentence not in said:
            setattr(request, NOTES, [*said, sentence])
            request.comment(translated(sentence, self.language))

    def infotext(self, loaded: LoadedModel, setting: int) -> dict[str, object]:
        """`infotext_of` for all pictures: one value where they agree, else a list with one for each picture.

        In a mixed batch the host's own key is left to who mixed it.
        """
        said = {asked: infotext_of(asked, loaded, setting) for asked in self.pictures}
        if len(said) == 1:
            return said[self.pictures[0]]
        keys = dict.fromkeys(key for infotext in said.values() for key in infotext if key != INFOTEXT_KEY)
        return {key: [said[asked].get(key) for asked in self.pictures] * self.batches for key in keys}


def watch_generations(engine: Engine, language: Callable[[bool], str]) -> None:
    """Puts what is asked in force for each generation from now on; may be called at every load of the script file.

    `process_images` looks its inner function up when it is called, so this reaches everybody's generations.

    Args:
        engine: the WebUI's.
        language: gives the language to speak to an API's client, or to the page.
    """
    inner = processing.process_images_inner
    ours = getattr(inner, _OURS, None)
    if ours is inner:  # of the load before
        inner = inner.__wrapped__
    elif ours is not None:  # below what another extension has put over it
        return

    @functools.wraps(inner)
    def process_images_inner(p: Any, *args: Any, **kwargs: Any) -> Any:
        if p in _running():  # another extension calls it several times for one request, or wraps it twice
            return inner(p, *args, **kwargs)
        try:
            with _generation(p, engine, language):
                return inner(p, *args, **kwargs)
        except InvalidInput as error:
            if p.is_api or _running() or hasattr(p, _HELD):  # whoever asked for it takes care of its error
                raise
            return failed(engine, p, error, language(p.is_api))

    setattr(process_images_inner, _OURS, process_images_inner)
    processing.process_images_inner = process_images_inner


@contextmanager
def choosing(request: Any, chosen: Chosen) -> Iterator[None]:
    """Lets a request be generated with what is chosen for the time of the block, whatever the panel says. To be entered
    before anything hooks the request's `get_conds_with_caching`: what is below the hooks makes one conditioning of
    several phases."""
    with shadowed(request, _HELD, chosen), _phases_of(chosen):
        yield


@contextmanager
def _phases_of(chosen: Chosen) -> Iterator[None]:
    if not any(map(is_scheduled, chosen.pictures)):
        yield
        return
    with in_phases(chosen.engine, lambda: chosen.now, chosen.being):
        yield


def is_watched() -> bool:
    """Whether a generation runs in this thread, of this request or around it, and what is asked of it is in force."""
    return bool(_running())


def refuse(request: Any, error: InvalidInput, language: str) -> None:
    """Makes a generation fail with this error before anything is sampled.

    The host swallows what an always-on script raises and would continue without it; `init` is the first thing that it
    calls after the scripts, and an error there reaches the page or the API client.
    """

    def init(*args: Any, **kwargs: Any) -> None:
        raise told(request, error, language)

    request.init = init


def _running() -> _Requests:
    """The requests that are generated now in this thread, the outermost first."""
    if not hasattr(_threads, "running"):
        _threads.running = _Requests()
    return _threads.running


class _Requests(list):
    """Requests are compared by identity: they are dataclasses, and hold tensors."""

    def __contains__(self, request: object) -> bool:
        return any(running is request for running in self)


@contextmanager
def _generation(request: Any, engine: Engine, language: Callable[[bool], str]) -> Iterator[None]:
    running = _running()
    outer = running[0] if running else None
    running.append(request)
    try:
        with ExitStack() as stack:
            if outer is None:
                held = getattr(request, _HELD, None)
                _threads.chosen = held or _asked(request, engine, language(request.is_api))
                if held is None:
                    stack.enter_context(_phases_of(_threads.chosen))
                stack.enter_context(_in_force(request, _threads.chosen))
            else:
                theirs, ours = (generated.override_settings.get(OPTION_KEY) for generated in (request, outer))
                if theirs is not None and theirs != ours:  # a detailer with a clip skip of its own
                    stack.enter_context(_threads.chosen.being(NOTHING_ASKED))
            yield
    finally:
        running.pop()


def _asked(request: Any, engine: Engine, language: str) -> Chosen:
    try:
        asked = read_layer_request({**asked_in_panel(request), **asked_by_axes(request)})
        check_reachable(asked, engine.loaded().kinds)
    except InvalidInput as error:
        raise told(request, error, language) from error
    return Chosen(engine, [asked], language=language)


@contextmanager
def _in_force(request: Any, chosen: Chosen) -> Iterator[None]:
    request.extra_generation_params = without_own(request.extra_generation_params)
    if chosen.is_off and not chosen.mixed and CLIP_L not in chosen.engine.loaded().kinds:
        yield
        return
    value = None if chosen.mixed else chosen.pictures[0].value
    off, why_off = ({}, []) if chosen.is_off else lent_off(chosen.engine)
    with ExitStack() as stack:
        stack.enter_context(borrowed(shared.opts.data, off))
        for note in why_off:
            chosen.note(request, note)
        stack.enter_context(selecting(chosen.engine, chosen.choice))
        stack.enter_context(_own_cache_entries(chosen))
        stack.enter_context(_loading_as_usual(chosen))
        if value is not None:  # so a whole value reaches also what looks at the setting itself
            whole = nearest_whole(in_the_middle(value, request.steps))
            stack.enter_context(chosen.engine.clip_skip_in_force(whole))
        stack.enter_context(_checked_and_noted(request, chosen))
        yield


@contextmanager
def _loading_as_usual(chosen: Chosen) -> Iterator[None]:
    """The host encodes an empty text when it loads a checkpoint, a refiner's say, and keeps it with the model: that is
    nobody's clip skip."""
    engine, before = chosen.engine, chosen.engine.clip_skip()
    if engine.loading_text is None:
        yield
        return
    module, name = engine.loading_text
    original = getattr(module, name)

    def encode(*args: Any, **kwargs: Any) -> Any:
        with chosen.being(NOTHING_ASKED), engine.clip_skip_in_force(before):
            return original(*args, **kwargs)

    with shadowed(module, name, encode):
        yield


@contextmanager
def _own_cache_entries(chosen: Chosen) -> Iterator[None]:
    """Makes what is chosen part of the cond cache's key, of all requests: they share one cache."""
    engine, inner = chosen.engine, processing.StableDiffusionProcessing.cached_params

    def cached_params(self: Any, required_prompts: Any, *args: Any, **kwargs: Any) -> tuple:
        key = inner(self, required_prompts, *args, **kwargs)
        asked = settled(chosen.now or chosen.pictures[0], self.steps)
        layers = choices_for(engine.loaded(), asked, _is_negative(required_prompts), engine.clip_skip())
        if any(choice is not None for choice in layers):
            key = (*key, layers)
        return (*key, *engine.cache_key())

    with shadowed(processing.StableDiffusionProcessing, "cached_params", cached_params):
        yield


@contextmanager
def _checked_and_noted(request: Any, chosen: Chosen) -> Iterator[None]:
    """Checks and notes at the request's first conditioning what is done: only then is it sure which checkpoint this
    is, and a refiner's must not be noted."""
    engine = chosen.engine
    noted: list[bool] = []

    def get_conds_with_caching(original: Any, function: Any, prompts: Any, *args: Any, **kwargs: Any) -> Any:
        if not noted:
            noted.append(True)
            _note_what_is_done(request, chosen)
        try:
            for asked in {chosen.now} if chosen.now is not None else set(chosen.pictures):
                for plain in requests_within(asked):
                    check_choices(engine, engine.loaded(), plain, _is_negative(prompts), engine.clip_skip())
            return original(function, prompts, *args, **kwargs)
        except InvalidInput as error:
            raise told(request, error, chosen.language) from error

    with hooked(request, "get_conds_with_caching", get_conds_with_caching):
        yield


def _note_what_is_done(request: Any, chosen: Chosen) -> None:
    loaded, setting = chosen.engine.loaded(), chosen.engine.clip_skip()
    # A new dict: the X/Y/Z plot's cells share theirs.
    request.extra_generation_params = {**request.extra_generation_params, **chosen.infotext(loaded, setting)}
    for note in dict.fromkeys(note for asked in chosen.pictures for note in notes_on(asked, loaded, setting)):
        chosen.note(request, note)


def _is_negative(prompts: Any) -> bool:
    return bool(getattr(prompts, "is_negative_prompt", False))
