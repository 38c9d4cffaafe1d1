"""An extension for `python -m benchmarks.half`: what the card and its memory did.

`POST /on-card` sets everything to zero; `GET /on-card` reads the card's name, what the networks compute with, memory in
bytes ("free", and the most that was "allocated" and "reserved"), the seconds within UNet and VAE, from the first
kernel of a call to the end of its last one, with how often they were called and for how many rows, and the "condition"
of the UNet's last call: its type, and of each row the length of each token's state.
"""

from __future__ import annotations

import functools
import time

import torch
from modules import devices, script_callbacks, shared

ON_CARD = torch.cuda.is_available()
CALLS: dict[str, list] = {"unet": [], "vae": []}
"""By network, of each call: its rows, and marks at its beginning and end."""

CONDITIONS: list = []
"""What the UNet was last conditioned on."""


def mark():
    """A point in time, the card's own where there is one."""
    if not ON_CARD:
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def seconds(name):
    """Within a network, as far as is known now."""
    between = (lambda a, b: a.elapsed_time(b) / 1000) if ON_CARD else (lambda a, b: b - a)
    return sum(between(begun, ended) for _, begun, ended in CALLS[name])


def start():
    """Sets everything to zero."""
    for calls in CALLS.values():
        calls.clear()
    if ON_CARD:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def read():
    """What was counted."""
    model = shared.sd_model
    parts = {"unet": model.model, "vae": model.first_stage_model, "text": model.cond_stage_model}
    found = {
        "device": torch.cuda.get_device_name() if ON_CARD else str(devices.device),
        "torch": torch.__version__,
        "weights": {name: str(next(part.parameters()).dtype) for name, part in parts.items()},
        "parameters": {name: sum(one.numel() for one in part.parameters()) for name, part in parts.items()},
    }
    if ON_CARD:
        torch.cuda.synchronize()
        found |= {"cudnn": torch.backends.cudnn.version(), "free": torch.cuda.mem_get_info()[0]}
        found |= {"allocated": torch.cuda.max_memory_allocated(), "reserved": torch.cuda.max_memory_reserved()}
    if CONDITIONS:
        lengths = CONDITIONS[0].float().norm(dim=-1)
        found["condition"] = {"type": str(CONDITIONS[0].dtype), "norms": lengths.tolist()}
    for name, calls in CALLS.items():
        found[name] = {"seconds": seconds(name), "calls": len(calls), "rows": sum(rows for rows, _, _ in calls)}
    return found


def timed(name, function):
    """The function, with its calls noted."""

    @functools.wraps(function)
    def wrapped(given, *args, **kwargs):
        begun = mark()
        answer = function(given, *args, **kwargs)
        CALLS[name].append((len(given), begun, mark()))
        if name == "unet":
            CONDITIONS[:] = [torch.cat(kwargs.get("cond", args[-1])["c_crossattn"], 1)]
        return answer

    wrapped.on_card = True
    return wrapped


def watch(model):
    """Notes the calls of a loaded model, once however often its weights change."""
    for name, attribute in {"unet": "apply_model", "vae": "decode_first_stage"}.items():
        if not hasattr(getattr(model, attribute), "on_card"):
            setattr(model, attribute, timed(name, getattr(model, attribute)))


def add_routes(demo, app):
    """The extension's two routes."""
    app.add_api_route("/on-card", start, methods=["POST"])
    app.add_api_route("/on-card", read, methods=["GET"])


script_callbacks.on_model_loaded(watch)
script_callbacks.on_app_started(add_routes)
