"""An extension for `python -m benchmarks.card`: in the place of UNet and VAE something that waits as a card would.

While it waits it holds neither the interpreter nor a core, so what others do meanwhile costs nothing, as beside a card.
Its price (`stand_in/price.py`) has its own work in it: it answers when the time of a call is over, counted from the
call's beginning. A decoded picture costs what one of its steps did. The text encoder stays the model's own, and so does
the VAE's encoder.

`POST /stand-in` sets everything to zero, with `?ms=25` the price, too; `GET /stand-in` reads what was asked for in
seconds ("unet", "vae"), what these calls took ("took"), how often ("calls", "decoded"), the processor's time for the
answers ("work"), and after how many seconds the first picture was given to the page's preview ("preview", null where
none was). Nobody asks for a preview while it is measured, so a half-sampled one is never among them.
"""

from __future__ import annotations

import functools
import time

import torch
from modules import script_callbacks, shared
from stand_in import pictures, price

PRICE = {"ms": 25.0}
COUNTED: dict[str, float | None] = {}
BATCH = [1]
"""How many pictures the step has that runs, or ran last."""


def start(ms: float | None = None):
    """Sets everything to zero."""
    PRICE["ms"] = PRICE["ms"] if ms is None else ms
    COUNTED.update(unet=0.0, vae=0.0, took=0.0, work=0.0, calls=0, decoded=0, preview=None, since=time.perf_counter())


def read():
    """What was counted, and the price."""
    return {**{name: value for name, value in COUNTED.items() if name != "since"}, **PRICE}


def paid(name, seconds, answer):
    """What `answer` gives, when its price is paid."""
    began, worked = time.perf_counter(), time.thread_time()
    given = answer()
    COUNTED["work"] += time.thread_time() - worked
    time.sleep(max(0.0, began + seconds - time.perf_counter()))
    COUNTED[name] += seconds
    COUNTED["took"] += time.perf_counter() - began
    return given


def note_batch(params):
    """A step begins: each of its pictures has a row of the negative prompt or, where there is none, of the prompt."""
    negative = params.text_uncond
    negative = negative.get("crossattn") if isinstance(negative, dict) else negative
    BATCH[0] = max(1, len(params.x if negative is None else negative))


def apply_model(x_noisy, t, cond, **_):
    """In the place of the UNet. t: not looked at."""
    rows, _channels, height, width = x_noisy.shape
    context = cond["crossattn"] if "crossattn" in cond else torch.cat(cond["c_crossattn"], dim=1)
    seconds = price.call(PRICE["ms"], rows, BATCH[0], 8 * width, 8 * height)
    COUNTED["calls"] += 1
    return paid("unet", seconds, lambda: pictures.found_noise(x_noisy, context))


def decode_first_stage(z, *_args, **_more):
    """In the place of the VAE's decoder."""
    count, _channels, height, width = z.shape
    seconds = price.step(PRICE["ms"], BATCH[0], 8 * width, 8 * height) * count / BATCH[0]
    COUNTED["decoded"] += count
    return paid("vae", seconds, lambda: pictures.decoded(z))


def replace(model):
    """Takes the networks' places in a loaded model."""
    model.apply_model = apply_model
    model.decode_first_stage = decode_first_stage


def watch_preview(kind):
    """Notes when the first picture is given to the preview; once, however often the scripts are loaded."""
    given = kind.assign_current_image
    if hasattr(given, "stand_in"):
        return

    @functools.wraps(given)
    def assign_current_image(self, image):
        given(self, image)
        if COUNTED["preview"] is None:
            COUNTED["preview"] = time.perf_counter() - COUNTED["since"]

    assign_current_image.stand_in = True
    kind.assign_current_image = assign_current_image


def add_routes(demo, app):
    """The extension's two routes."""
    app.add_api_route("/stand-in", start, methods=["POST"])
    app.add_api_route("/stand-in", read, methods=["GET"])


start()
watch_preview(type(shared.state))
script_callbacks.on_model_loaded(replace)
script_callbacks.on_cfg_denoiser(note_batch)
script_callbacks.on_app_started(add_routes)
