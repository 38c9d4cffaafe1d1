"""Pictures that the loaded model draws itself, one at each clip skip, for a probing that has none."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from modules import processing, shared
from PIL import Image

from ..errors import InvalidInput
from ..language import Text
from ..probe.question import Captioned, Progress, Question, Watch
from ..sweep.layer_request import SAME
from .bare_request import bare_request
from .engine import Engine
from .layer_hooks import is_watched
from .layer_request import ask
from .probe_network import as_prompt, is_interrupted, read_as, side_of
from .put_back import last_infotext_kept
from .shadow import hooked

STEPS, CFG_SCALE = 20, 7.0
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
            tell(Progress(done / total, spent, left, Text("drawing image {n} of {of}", n=done + 1, of=total)))
            shared.state.job_count, shared.state.job_no = total + 1, done
            picture = _picture(engine, question, source, value, question.seed + number)
            if picture is None or is_interrupted():
                return found
            files[value] = _packed(picture)
        name = Text("image {number}", number=number + 1)
        found.append(Captioned(name, source.caption, partial(_opened, files), source.literal, drawn=True))
        if time.monotonic() - began > MOST_OF_THE_TIME * question.most_seconds:
            break
    shared.state.job_count, shared.state.job_no = 1, 0
    return found


def _picture(engine: Engine, question: Question, source: Captioned, value: int, seed: int) -> Image.Image | None:
    text = as_prompt(source.caption, source.literal)
    width, height = question.size or (side_of(engine), side_of(engine))
    p = bare_request(
        f"{text} {question.loras}".strip(), seed=seed, steps=STEPS, cfg_scale=CFG_SCALE, width=width, height=height
    )
    ask(p, **{key: given for key, given in question.request(value).to_json().items() if given != SAME})

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        if not is_watched():  # then the pictures would all be of the host's own clip skip
            problem = Text("cannot be applied: another extension has taken over how the WebUI generates")
            raise InvalidInput(Text("Clip skip"), value, Text("images of yours"), problem)
        put_back_infotext()
        return original(*args, **kwargs)

    try:
        with read_as(source.literal), last_infotext_kept() as put_back_infotext, hooked(p, "sample", sample):
            return next(iter(processing.process_images(p).images), None)
    finally:
        p.close()


def _packed(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _opened(files: dict[int, bytes], clip_skip: int) -> Image.Image:
    return Image.open(io.BytesIO(files[clip_skip])).convert("RGB")
