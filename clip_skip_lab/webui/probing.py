"""A probing inside the host: within one of its generations, so that loading the user's checkpoint, LoRAs, precision and
memory are its own business, and everything is put back by it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import torch
from modules import call_queue, devices, extra_networks, processing, rng, scripts, shared
from modules.paths_internal import data_path

from ..errors import InvalidInput
from ..language import Text, translated
from ..layers.selection import BIG_G, CLIP_L, check_reachable
from ..probe.answer import Answer
from ..probe.probing import probe
from ..probe.question import Captioned, Progress, Question, Watch
from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP
from ..sweep.values import CLIP_SKIP_FIELD
from .drawn_pictures import drawn
from .encoders import check_choices
from .engine import Engine, LoadedModel
from .model_files import loras
from .options import borrowed
from .probe_network import HostNetwork, is_interrupted
from .shadow import hooked

JOB = "clip_skip_lab_trained_with"
"""What the host's state calls it."""

SIDE = 64
"""Of the generation that a probing takes the place of, in pixels: the least that the hosts take."""

BAR = 100
"""Into so many steps the host's progress is divided."""

DRAWING = 0.7
"""The share of the work that is drawing, where the model draws the pictures."""

ALONE = {"token_merging_ratio": 0.0, "sd_lora": "None", "sd_hypernetwork": "None"}
"""Settings of the host that would put something beside the checkpoint, with the values that don't."""

PARAMS = os.path.join(data_path, "params.txt")
"""Where the host keeps the infotext of the last generation, for the page's paste button."""

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
    with call_queue.queue_lock, _job(), generator_kept(), _last_infotext_kept():
        began = time.monotonic()
        engine.load({})
        question = checked(engine, question)
        told = Telling(watch, language)
        with engine.loading_held(), borrowed(shared.opts.data, _known(ALONE)):
            if draw:
                pictures = drawn(engine, question, pictures, draw, told.drawing)
                spent = time.monotonic() - began
                question = replace(question, most_seconds=max(1.0, question.most_seconds - spent))
                told.begins_at(DRAWING, spent)
            model = {key: value for key, value in engine.model_record().items() if key in ("name", "hash")}
            if is_interrupted():
                return _nothing_measured(question, model, draw)
            return inside(engine, question, lambda network: _probed(network, question, pictures, told, model))


def _probed(
    network: HostNetwork, question: Question, pictures: Sequence[Captioned], told: Telling, model: dict[str, str]
) -> Answer:
    return probe(network, question, pictures, told.probing, model)


def _nothing_measured(question: Question, model: dict[str, str], draw: int) -> Answer:
    said = Text("Undecided: nothing was measured.")
    values = question.clip_skips or ()
    return Answer(None, values, (), 0, 0, 0.0, model, (said,), interrupted=True, drawn=bool(draw))


def inside(engine: Engine, question: Question, action: Callable[[HostNetwork], T]) -> T:
    """Does something with the loaded model in the place of the sampling of a generation, whose picture is nobody's.

    Args:
        engine: the WebUI's.
        question: what the action is for: its LoRAs are active then.
        action: what to do.

    Raises what the action raises, once the host has taken the LoRAs out again.
    """
    p = _request(question.loras)
    done: list[T] = []
    failed: list[BaseException] = []

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        try:
            with engine.network() as network:
                done.append(action(HostNetwork(engine, network)))
        except BaseException as error:  # whatever it is, the host has to come to its end
            failed.append(error)
        return processing.DecodedSamples([torch.zeros(3, SIDE, SIDE)])

    try:
        with hooked(p, "sample", sample):
            processing.process_images(p)
    finally:
        p.close()
    if failed:
        raise failed[0]
    if not done:
        raise RuntimeError(Text("The WebUI ended the generation before anything was measured."))
    return done[0]


def _request(prompt: str) -> Any:
    """A generation as small as can be: without scripts, negative prompt and guidance, and nothing is saved."""
    p = processing.StableDiffusionProcessingTxt2Img(
        sd_model=None,
        outpath_samples="",
        outpath_grids="",
        prompt=prompt,
        negative_prompt="",
        seed=1,
        steps=1,
        cfg_scale=1.0,
        width=SIDE,
        height=SIDE,
        sampler_name="Euler a",
        do_not_save_samples=True,
        do_not_save_grid=True,
    )
    p.scripts = scripts.ScriptRunner()  # an empty one: reForge cannot do without (modules/processing.py)
    # Caches of its own, or what the user's last generation encoded would be forgotten.
    p.cached_c, p.cached_uc = [None, None, None], [None, None, None]
    return p


def checked(engine: Engine, question: Question) -> Question:
    """The question with its values, all layers where none are given.

    Raises `InvalidInput` for what cannot be asked of the loaded model.
    """
    loaded = engine.loaded()
    _check_model(engine, loaded)
    check_reachable(question.request(1), loaded.kinds)
    _check_loras(question.loras)
    kinds = {CLIP_L_SKIP: (CLIP_L,), BIG_G_SKIP: (BIG_G,)}.get(question.vary, tuple(loaded.kinds))
    varying = [encoder for encoder in loaded.encoders if encoder.kind in kinds]
    shortest = min(varying, key=lambda encoder: encoder.described.layers)
    highest = shortest.described.layers
    values = question.clip_skips or tuple(range(1, highest + 1))
    allowed = Text("1 to {layers}", layers=highest)
    for value in values:
        if value < 1:
            raise InvalidInput(CLIP_SKIP_FIELD, value, allowed, Text("is no layer"))
        if value > highest:
            problem = Text("is beyond the {encoder}", encoder=shortest.kind)
            raise InvalidInput(CLIP_SKIP_FIELD, value, allowed, problem)
        check_choices(engine, loaded, question.request(value), False, engine.clip_skip())
    return replace(question, clip_skips=values)


def _check_model(engine: Engine, loaded: LoadedModel) -> None:
    field, name = Text("Model"), loaded.described.name if loaded.described else ""
    if not loaded.encoders:
        allowed = Text("models of the kinds SD1, SD2 and SDXL")
        raise InvalidInput(field, name, allowed, Text("has no text encoder whose layers can be chosen"))
    why = engine.why_one_by_one(_request(""))
    if why is not None:
        allowed = Text("models and settings with which a picture depends on a prompt and its noise alone")
        raise InvalidInput(field, name, allowed, Text("cannot be asked: {why}", why=why))


def _check_loras(asked: str) -> None:
    """Raises `InvalidInput` for a LoRA that the host does not know: it would go on without."""
    _, named = extra_networks.parse_prompt(asked)
    for tag in named.get("lora", []):
        name = tag.positional[0] if tag.positional else ""
        if not any(found == name for found, _ in loras(f"<lora:{name}:1>")):
            raise InvalidInput(Text("LoRAs"), name, Text("LoRAs that the WebUI knows"), Text("is not there"))


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


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Those that this host has."""
    return {key: value for key, value in values.items() if key in shared.opts.data_labels}


@contextmanager
def _job() -> Iterator[None]:
    """A job of the host's for the time of the block: it can be interrupted, and an interrupt from before is over."""
    shared.state.begin(job=JOB)
    try:
        yield
    finally:
        shared.state.end()
        shared.state.textinfo = None
        shared.state.sampling_step = shared.state.sampling_steps = 0


@contextmanager
def generator_kept() -> Iterator[None]:
    """Leaves torch's global generators as they were, on the CPU and on the host's device, and the host's own: img2img
    goes on from there (see `random_state`)."""
    kind = devices.device.type
    on_device = getattr(torch, kind, None) if kind != "cpu" else None
    before, nvidia = torch.get_rng_state(), getattr(rng, "nv_rng", None)
    there = on_device.get_rng_state() if on_device is not None else None
    with ExitStack() as stack:
        stack.callback(torch.set_rng_state, before)
        if on_device is not None:
            stack.callback(on_device.set_rng_state, there)
        if hasattr(rng, "nv_rng"):
            stack.callback(setattr, rng, "nv_rng", nvidia)
        yield


@contextmanager
def _last_infotext_kept() -> Iterator[None]:
    """Leaves `PARAMS` as it was: the host writes it in each generation, Forge Classic whatever it is told."""
    before = _contents(PARAMS)
    try:
        yield
    finally:
        if _contents(PARAMS) != before:
            if before is None:
                os.remove(PARAMS)
            else:
                with open(PARAMS, "wb") as file:
                    file.write(before)


def _contents(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
