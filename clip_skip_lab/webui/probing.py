"""A probing inside the host: within one of its generations, so that loading the user's checkpoint, LoRAs, precision and
memory are its own business, and everything is put back by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from modules import call_queue, shared

from ..errors import InvalidInput
from ..language import Text, translated
from ..layers.selection import BIG_G, CLIP_L, check_reachable
from ..probe.answer import Answer
from ..probe.probing import probe
from ..probe.question import MODEL, Captioned, Progress, Question, Watch
from ..probe.sentences import NOTHING_MEASURED
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP
from ..sweep.values import CLIP_SKIP_FIELD
from .drawn_pictures import drawn
from .encoders import check_choices
from .engine import Engine, LoadedModel
from .in_generation import NothingDone, check_loras, in_generation, small_request
from .options import borrowed, known
from .probe_network import HostNetwork, is_interrupted
from .put_back import PROBING, generator_kept, job

BAR = 100
"""Into so many steps the host's progress is divided."""

DRAWING = 0.7
"""The share of the work that is drawing, where the model draws the pictures."""

ALONE = {"token_merging_ratio": 0.0, "sd_lora": "None", "sd_hypernetwork": "None"}
"""Settings of the host that would put something beside the checkpoint, with the values that don't."""

T = TypeVar("T")


def trained_with(
    engine: Engine,
    question: Question,
    pictures: Sequence[Captioned],
    watch: Watch | None,
    draw: int,
    language: str,
) -> Answer:
    """See `Host.trained_with`.

    Args:
        engine: the WebUI's.
        question, pictures, watch, draw: as there.
        language: in which the page's bar tells what is done.
    """
    with call_queue.queue_lock, job(PROBING), generator_kept():
        began = time.monotonic()
        engine.load({})
        question = checked(engine, question)
        told = Telling(watch, language)
        with engine.loading_held(), borrowed(shared.opts.data, known(shared.opts, ALONE)):
            if draw:
                pictures = drawn(engine, question, pictures, draw, told.drawing)
                spent = time.monotonic() - began
                question = replace(question, most_seconds=max(1.0, question.most_seconds - spent))
                told.begins_at(DRAWING, spent)
            model = {key: value for key, value in engine.model_record().items() if key in ("name", "hash")}
            if is_interrupted():
                return _nothing_measured(question, model, draw)
            try:
                return inside(engine, question, lambda on: probe(on, question, pictures, told.probing, model))
            except NothingDone:
                if not is_interrupted():
                    raise
                return _nothing_measured(question, model, draw)


def _nothing_measured(question: Question, model: dict[str, str], draw: int) -> Answer:
    values = question.clip_skips or ()
    return Answer(None, values, (), 0, 0, 0.0, model, (NOTHING_MEASURED,), interrupted=True, drawn=bool(draw))


def inside(engine: Engine, question: Question, action: Callable[[HostNetwork], T]) -> T:
    """Does something with the loaded model in the place of the sampling of a generation.

    Args:
        engine: the WebUI's.
        question: what the action is for: its LoRAs are active then.
        action: what to do.

    Raises as `in_generation` does.
    """

    def with_network() -> T:
        with engine.network() as network:
            return action(HostNetwork(engine, network))

    return in_generation(small_request(question.loras), with_network)


def checked(engine: Engine, question: Question) -> Question:
    """The question with its values, all layers where none are given.

    Raises `InvalidInput` for what cannot be asked of the loaded model.
    """
    loaded = engine.loaded()
    _check_model(engine, loaded)
    check_reachable(question.request(1), loaded.kinds)
    check_loras(Text("LoRAs"), question.loras)
    kinds = {CLIP_L_SKIP: (CLIP_L,), BIG_G_SKIP: (BIG_G,)}.get(question.vary, tuple(loaded.kinds))
    varying = [encoder for encoder in loaded.encoders if encoder.kind in kinds]
    shortest = min(varying, key=lambda encoder: encoder.described.layers)
    highest = shortest.described.layers
    values = question.clip_skips or tuple(range(1, highest + 1))
    allowed = Text("1 to {layers}", layers=highest)
    for value in values:
        if value < 1:
            raise InvalidInput(CLIP_SKIP_FIELD, value, allowed, Text("is not a layer"))
        if value > highest:
            problem = Text("is beyond the layers of {encoder}", encoder=shortest.kind)
            raise InvalidInput(CLIP_SKIP_FIELD, value, allowed, problem)
        check_choices(engine, loaded, question.request(value), False, engine.clip_skip())
    return replace(question, clip_skips=values)


def _check_model(engine: Engine, loaded: LoadedModel) -> None:
    field, name = MODEL, loaded.described.name if loaded.described else ""
    if not loaded.encoders:
        allowed = Text("SD1, SD2 and SDXL models")
        raise InvalidInput(field, name, allowed, Text("has no text encoder whose layers can be chosen"))
    why = engine.why_one_by_one(small_request(""))
    if why is not None:
        allowed = Text("models and settings with which an image depends only on its prompt and noise")
        raise InvalidInput(field, name, allowed, Text("cannot be measured: {why}", why=why))


class Telling:
    """Tells a watch, the page's bar and /sdapi/v1/progress how far it is.

    Args:
        watch: who asked, or None.
        language: of the page.
    """

    def __init__(self, watch: Watch | None, language: str) -> None:
        self._watch, self._language = watch, language
        self._share, self._seconds = 0.0, 0.0

    def begins_at(self, share: float, seconds: float) -> None:
        """What comes now is the rest, after this share of the work and these seconds."""
        self._share, self._seconds = share, seconds

    def drawing(self, progress: Progress) -> None:
        """Of the pictures that the model draws; the host itself tells the steps of each."""
        self._tell(replace(progress, share=progress.share * DRAWING))

    def probing(self, progress: Progress) -> None:
        """Of the measuring."""
        share = self._share + (1 - self._share) * progress.share
        state = shared.state
        state.sampling_steps, state.sampling_step = BAR, min(BAR - 1, int(progress.share * BAR))
        self._tell(replace(progress, share=share, seconds=self._seconds + progress.seconds))

    def _tell(self, progress: Progress) -> None:
        shared.state.textinfo = translated(progress.doing, self._language)
        if self._watch is not None:
            self._watch(progress)
