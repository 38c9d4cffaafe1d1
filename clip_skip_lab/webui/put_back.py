"""What a generation of our own leaves behind in the host, put back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from modules import devices, rng, shared
from modules.paths_internal import data_path

PROBING, LENS = "clip_skip_lab_trained_with", "clip_skip_lab_lens"
"""What the host's state calls a probing, and a look through the lens."""

PARAMS = os.path.join(data_path, "params.txt")
"""Where the host keeps the infotext of the last generation, for the page's paste button."""


@contextmanager
def job(name: str) -> Iterator[None]:
    """A job of the host's for the time of the block: it can be interrupted, and an interrupt from before is over."""
    shared.state.begin(job=name)
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
    which = () if kind == "mps" else (devices.device,)  # there is one only
    on_device = None if kind == "cpu" else getattr(torch, kind, None)
    before, nvidia = torch.get_rng_state(), getattr(rng, "nv_rng", None)
    with ExitStack() as stack:
        stack.callback(torch.set_rng_state, before)
        if on_device is not None and hasattr(on_device, "get_rng_state"):
            stack.callback(on_device.set_rng_state, on_device.get_rng_state(*which), *which)
        if hasattr(rng, "nv_rng"):
            stack.callback(setattr, rng, "nv_rng", nvidia)
        yield


@contextmanager
def last_infotext_kept() -> Iterator[Callable[[], None]]:
    """Leaves `PARAMS` as it was. The host writes it in each generation just before it samples, and Forge Classic has no
    flag against it; yields a function that puts it back at once, where the block takes longer."""
    before = _contents()

    def put_back() -> None:
        if _contents() == before:
            return
        if before is None:
            os.remove(PARAMS)
        else:
            with open(PARAMS, "wb") as file:
                file.write(before)

    try:
        yield put_back
    finally:
        put_back()


def _contents() -> bytes | None:
    try:
        with open(PARAMS, "rb") as file:
            return file.read()
    except OSError:
        return None
