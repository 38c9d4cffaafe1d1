"""A throwaway extension that does the fault for real, when and where a test asks for it. Not a test by itself.

It counts what the networks do, and breaks one thing at a time: `POST /faults` with {"kind": …, "at": [n, …], …}, where
`at` names generations (calls of the host's `process_images`), counted from 0; without it, all of them.
"""

from tests.helpers.client import Client
from tests.helpers.extensions.writing import write_extension

SKIPS = [1, 2, 3, 12]
"""The values of the sweeps that are broken."""
TOGETHER = {"mode": "fast", "cells_per_batch": 16}
"""In a plan: all of them in one batch."""

FILES = {
    "metadata.ini": "[Extension]\nName = faults\n",
    "faults_state.py": """
FAULT, SEEN = {}, {}


def reset(fault=None):
    FAULT.clear()
    FAULT.update(fault or {})
    SEEN.clear()
    SEEN.update(generations=0, encoder_layers=0, unet_rows=[], skip_of_pictures=[], files=0)


def now(*kinds):
    this = SEEN["generations"] - 1
    return FAULT.get("kind") in kinds and this in FAULT.get("at", [this])


reset()
""",
    "scripts/faults.py": """
import functools
import os
import signal

import faults_state as state
import torch
from fastapi import Body
from modules import script_callbacks, scripts, sd_models, shared
from transformers.models.clip import modeling_clip

if not hasattr(modeling_clip.CLIPEncoderLayer, "faults_original"):
    original = modeling_clip.CLIPEncoderLayer.faults_original = modeling_clip.CLIPEncoderLayer.forward

    @functools.wraps(original)  # with the name of its module, so that it isn't taken for an extension's
    def counted(self, *args, **kwargs):
        state.SEEN["encoder_layers"] += 1
        return original(self, *args, **kwargs)

    modeling_clip.CLIPEncoderLayer.forward = counted


if not hasattr(os, "faults_replace"):
    os.faults_replace = os.replace

    def replace(source, target, **kwargs):
        os.faults_replace(source, target, **kwargs)
        if os.path.basename(os.path.dirname(target)) == "cells" and os.path.getsize(target):
            state.SEEN["files"] += 1
            if state.FAULT.get("kind") == "killed" and state.SEEN["files"] == state.FAULT["at_file"]:
                os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace


def on_unet(module, args, kwargs):
    x = args[0] if args else kwargs["sample"]
    state.SEEN["unet_rows"].append(len(x))
    if state.FAULT.get("kind") == "out of memory" and len(x) > state.FAULT["most_rows"]:
        kind = {"cuda": torch.cuda.OutOfMemoryError, "other": RuntimeError}[state.FAULT.get("error", "cuda")]
        raise kind(state.FAULT.get("text", "CUDA out of memory. Tried to allocate 2.00 GiB"))
    if state.now("unet raises"):
        raise ValueError("the sampler met a wall")


def after_unet(module, args, kwargs, output):
    if not state.now("unet gives NaN"):
        return None
    first = output[0] if isinstance(output, tuple) else getattr(output, "sample", output)
    first[state.FAULT.get("row", slice(None))] = float("nan")
    return output


def after_vae(module, args, output):
    if state.now("vae gives NaN"):
        first = output[0] if isinstance(output, tuple) else getattr(output, "sample", output)
        first[:] = float("nan")


def watch(sd_model):
    parts = getattr(sd_model, "forge_objects", None)
    unet = (sd_model if parts is None else parts.unet).model
    unet = getattr(unet, "diffusion_model", unet)
    if getattr(unet, "faults_watched", False):
        return
    unet.faults_watched = True
    unet.register_forward_pre_hook(on_unet, with_kwargs=True)
    unet.register_forward_hook(after_unet, with_kwargs=True)
    vae = (sd_model if parts is None else parts.vae).first_stage_model
    vae.decoder.register_forward_hook(after_vae)


class Faults(scripts.Script):
    def title(self):
        return "Faults"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def before_process(self, p, *args):
        state.SEEN["generations"] += 1
        if state.now("hook raises"):
            raise RuntimeError("an extension's hook failed")

    def process(self, p, *args):
        if state.now("another model"):
            info = sd_models.get_closet_checkpoint_match(state.FAULT["name"])
            sd_models.reload_model_weights(info=info)
        self.move("before")

    def move(self, when):
        if state.now("setting moved") and state.FAULT.get("when", "after") == when:
            shared.opts.data[state.FAULT["key"]] = state.FAULT["value"]

    def postprocess(self, p, processed, *args):
        self.move("after")

    def postprocess_image(self, p, pp, *args):
        state.SEEN["skip_of_pictures"].append(shared.opts.CLIP_stop_at_last_layers)


# Switched off by its own tick, so that cells still share a batch: what this does to them is the test's business.
Faults.ui = lambda self, is_img2img: [__import__("gradio").Checkbox(label="Enable", value=False)]


def broken(params):
    if state.now("callback raises"):
        raise RuntimeError("an extension's callback failed")


def add_routes(demo, app):
    app.add_api_route("/faults", lambda fault=Body(...): state.reset(fault), methods=["POST"])
    app.add_api_route("/faults", lambda: state.SEEN, methods=["GET"])


script_callbacks.on_model_loaded(watch)
script_callbacks.on_cfg_denoiser(broken)
script_callbacks.on_app_started(add_routes)
""",
}


def write(folder):
    """Writes the extension below a folder, and returns its own folder."""
    return write_extension(folder, "faults", FILES)


class Faults:
    """A host's faults, by the extension's routes."""

    def __init__(self, client: Client):
        self.http = client.http

    def set(self, kind=None, **fault):
        """Breaks this from now on, nothing else, and counts anew."""
        self.http.post("/faults", json={"kind": kind, **fault}).raise_for_status()

    def seen(self):
        """What was counted since the last `set`."""
        return self.http.get("/faults").json()
