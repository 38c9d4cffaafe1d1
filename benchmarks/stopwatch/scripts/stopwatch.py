"""An extension for the benchmarks: how long the host takes to encode prompts, to sample and to decode.

`POST /stopwatch` sets it to zero and `GET /stopwatch` reads it, in seconds, with the processor's time for everything at
"cpu". What is nested counts once, with the outer one: the decoding within hires fix is sampling. Only the thread that
generates counts, the one that encoded prompts last.
"""

from __future__ import annotations

import functools
import threading
import time

from modules import processing, script_callbacks

SECONDS: dict[str, float] = {}
RUNNING: list[str] = []
GENERATING = [0]


def timed(name, function):
    """The function, with its time counted under a name."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        thread = threading.get_ident()
        if name == "encode":
            GENERATING[:] = [thread]
        if RUNNING or thread != GENERATING[0]:
            return function(*args, **kwargs)
        RUNNING.append(name)
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            RUNNING.pop()
            SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - started

    wrapped.stopwatch = True
    return wrapped


def watch(owner, attribute, name):
    """Counts an attribute's calls, once however often the scripts are loaded."""
    if not hasattr(vars(owner).get(attribute), "stopwatch"):
        setattr(owner, attribute, timed(name, getattr(owner, attribute)))


KINDS = (processing.StableDiffusionProcessingTxt2Img, processing.StableDiffusionProcessingImg2Img)
for kind in KINDS:
    watch(kind, "setup_conds", "encode")
    watch(kind, "sample", "sample")
watch(processing, "decode_latent_batch", "decode")


STARTED = [time.process_time()]


def start():
    """Sets everything to zero."""
    SECONDS.clear()
    STARTED[:] = [time.process_time()]


def read():
    """What was counted."""
    return {**SECONDS, "cpu": time.process_time() - STARTED[0]}


def add_routes(demo, app):
    """The extension's two routes."""
    app.add_api_route("/stopwatch", start, methods=["POST"])
    app.add_api_route("/stopwatch", read, methods=["GET"])


script_callbacks.on_app_started(add_routes)
