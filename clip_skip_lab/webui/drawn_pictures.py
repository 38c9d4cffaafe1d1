"""Pictures that the loaded model draws itself, one at each clip skip, for a probing that has none."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from modules import extra_networks, processing, scripts, shared
from PIL import Image

from ..errors import InvalidInput
from ..language import Text
from ..probe.question import Captioned, Progress, Question, Watch
from ..sweep.layer_request import SAME
from .engine import Engine
from .layer_hooks import is_watched
from .layer_request import ask
from .probe_network import brackets_read, is_interrupted, plain_text, side_of
from .shadow import hooked

STEPS, CFG_SCALE, SAMPLER = 20, 7.0, "Euler a"
MOST_OF_THE_TIME = 0.75
"""Of what may be spent; what isn't drawn then is left out."""


def drawn(
    engine: Engine, question: Question, captions: Sequence[Captioned], count: int, tell: Watch
) -> list[Captioned]:
    """Draws pictures by ordinary generations, the same seed at each clip skip; none is saved.

    Args:
        engine: the WebUI's.
        question: its `clip_skips` are given.
        captions: what to draw, in turn.
        count: how many at each value.
        tell: is told how far it is.

    Returns those that were drawn at every value: fewer after an interrupt, and where the time is up.
    """
    if not captions:
        raise InvalidInput(Text("Captions"), [], Text("at least one"), Text("is empty"))
    began, found = time.monotonic(), list[Captioned]()
    values = question.clip_skips or ()
    total = count * len(values)
    for number in range(count):
        source, files = captions[number % len(captions)], dict[int, bytes]()
        for place, value in enumerate(values):
            done = number * len(values) + place
            spent = time.monotonic() - began
            left = spent / done * (total - done) if done else None
            tell(Progress(done / total, spent, left, Text("drawing picture {n} of {of}", n=done + 1, of=total)))
            shared.state.job_count, shared.state.job_no = total + 1, done
            picture = _picture(engine, question, source, value, question.seed + number)
            if is_interrupted():
                return found
            files[value] = _packed(picture)
        name = Text("picture {number}", number=number + 1)
        found.append(Captioned(name, source.caption, partial(_opened, files), source.literal, drawn=True))
        if time.monotonic() - began > MOST_OF_THE_TIME * question.most_seconds:
            break
    shared.state.job_count, shared.state.job_no = 1, 0
    return found


def _picture(engine: Engine, question: Question, source: Captioned, value: int, seed: int) -> Image.Image:
    text = plain_text(source.caption) if source.literal else extra_networks.parse_prompts([source.caption])[0][0]
    width, height = question.size or (side_of(engine), side_of(engine))
    p = processing.StableDiffusionProcessingTxt2Img(
        sd_model=None,
        outpath_samples="",
        outpath_grids="",
        prompt=f"{text} {question.loras}".strip(),
        negative_prompt="",
        seed=seed,
        steps=STEPS,
        cfg_scale=CFG_SCALE,
        width=width,
        height=height,
        sampler_name=SAMPLER,
        do_not_save_samples=True,
        do_not_save_grid=True,
    )
    p.scripts = scripts.ScriptRunner()
    ask(p, **{key: given for key, given in question.request(value).to_json().items() if given != SAME})

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        if not is_watched():  # then the pictures would all be of the host's own clip skip
            problem = Text("cannot be applied: another extension has taken over how the WebUI generates")
            raise InvalidInput(Text("Clip skip"), value, Text("pictures of yours"), problem)
        return original(*args, **kwargs)

    try:
        with brackets_read(), hooked(p, "sample", sample):
            return processing.process_images(p).images[0]
    finally:
        p.close()


def _packed(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _opened(files: dict[int, bytes], clip_skip: int) -> Image.Image:
    return Image.open(io.BytesIO(files[clip_skip])).convert("RGB")
