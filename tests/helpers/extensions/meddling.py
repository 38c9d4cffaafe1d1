"""A throwaway extension that does what popular ones do, by its inputs, which come after all of ours. No test itself.

It draws a prompt anew in `process` (as wildcards do), encodes by itself in `process_batch` (as regional prompts do),
and generates by itself in `postprocess_image` (as detailers do). What it saw stands in its route `/meddling`.
"""

from __future__ import annotations

from tests.helpers.client import Client
from tests.helpers.extensions.writing import write_extension

TITLE = "Meddling"
DETAILING = "Meddling, detailing"
INPUTS = ("active", "draw", "encode", "detail", "more_pictures", "note")
"""Its inputs in their order: ticks, but for the last, a text that it writes into every infotext. "detail" is for its
second script, which looks at finished pictures only."""

FILES = {
    "metadata.ini": "[Extension]\nName = zz-meddling\n",
    "meddling_state.py": """
SEEN = {}


def reset():
    SEEN.clear()
    SEEN.update(prompts=[], arguments=[], encoded=[], detailed=[])


reset()
""",
    "scripts/zz_meddling.py": '''
import hashlib
import random
from copy import copy

import gradio as gr
import meddling_state as state
from modules import processing, prompt_parser, script_callbacks, scripts, shared

ANIMALS = ("cat", "dog", "fox", "owl", "pig", "hen", "cow", "bat", "ant", "bee", "elk", "emu")


def digest(tensor):
    """A short hash of a tensor's numbers, to tell whether two encodings are equal."""
    return hashlib.sha256(tensor.detach().float().cpu().numpy().tobytes()).hexdigest()[:16]


def digests(schedule):
    """One for all that a schedule of conditioning changes to."""
    return "-".join(digest(entry.cond) for entry in schedule)


class Meddling(scripts.Script):
    section = "scripts"  # the host draws these below the Script dropdown: their inputs follow those of all scripts

    def title(self):
        return "Meddling"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        ticks = [gr.Checkbox(label=label, value=False)
                 for label in ("Meddling", "Draw", "Encode", "Detail", "More pictures")]
        return [*ticks, gr.Textbox(label="Note", value="")]

    def process(self, p, active, draw, encode, detail, more_pictures, note):
        state.SEEN["arguments"].append([active, draw, encode, detail, more_pictures, note])
        if not active:
            return
        if note:
            p.extra_generation_params["Meddling note"] = note
        if draw and note == "behind the hooks":
            self.draw_late(p)
        elif draw:
            p.all_prompts = [prompt.replace("__animal__", random.SystemRandom().choice(ANIMALS))
                             for prompt in p.all_prompts]
        if more_pictures:
            p.all_prompts = [prompt for prompt in p.all_prompts for _ in range(2)]
            p.all_negative_prompts = [prompt for prompt in p.all_negative_prompts for _ in range(2)]
            p.all_seeds = [seed + i for seed in p.all_seeds for i in range(2)]
            p.all_subseeds = [seed + i for seed in p.all_subseeds for i in range(2)]
            p.n_iter *= 2
        state.SEEN["prompts"].append(list(p.all_prompts))

    def draw_late(self, p):
        """Draws where no hook of a script is: right before the prompts are encoded."""
        encode = p.setup_conds

        def setup_conds():
            p.prompts = [prompt.replace("__animal__", random.SystemRandom().choice(ANIMALS)) for prompt in p.prompts]
            encode()

        p.setup_conds = setup_conds

    def process_batch(self, p, active, draw, encode, detail, more_pictures, note, **kwargs):
        if active and encode:
            signed = prompt_parser.SdConditioning(["a house"], width=p.width, height=p.height)
            texts = list(signed) if note == "bare" else signed
            cond = p.sd_model.get_learned_conditioning(texts)
            tensor = cond["crossattn"] if isinstance(cond, dict) else cond
            state.SEEN["encoded"].append(digest(tensor))


class Detailing(scripts.Script):
    section = "scripts"

    def title(self):
        return "Meddling, detailing"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        return [gr.Checkbox(label="Meddling, detailing", value=False)]

    def postprocess_image(self, p, pp, active):
        if not active:
            return
        inner = processing.StableDiffusionProcessingImg2Img(
            sd_model=shared.sd_model, init_images=[pp.image], prompt=p.prompts[p.batch_index],
            negative_prompt=p.negative_prompts[p.batch_index], steps=4, denoising_strength=0.6,
            seed=p.seeds[p.batch_index], width=p.width, height=p.height, sampler_name=p.sampler_name,
            do_not_save_samples=True, do_not_save_grid=True)
        # As detailers do: a runner of its own, with those always-on scripts that a person chose.
        runner = copy(p.scripts)
        runner.alwayson_scripts = [script for script in p.scripts.alwayson_scripts if script.title() == "Clip skip lab"]
        runner.callback_map = {}
        inner.scripts, inner.script_args = runner, copy(p.script_args)
        processed = processing.process_images(inner)
        row = p.batch_index
        state.SEEN["detailed"].append({
            "infotext": processed.infotexts[0],
            "cond": digests(inner.c.batch[0][0].schedules),
            "uncond": digests(inner.uc[0]),
            "cond_of_picture": digests(p.c.batch[row][0].schedules),
            "uncond_of_picture": digests(p.uc[row]),
        })
        pp.image = processed.images[0]


def seen():
    return state.SEEN


def add_routes(demo, app):
    app.add_api_route("/meddling", seen, methods=["GET"])
    app.add_api_route("/meddling", state.reset, methods=["DELETE"])


script_callbacks.on_app_started(add_routes)
''',
}


def write(folder):
    """Writes the extension below a folder, and returns its own folder."""
    return write_extension(folder, "zz-meddling", FILES)


def asking(**inputs) -> dict:
    """The `alwayson_scripts` of a request that switches it on with these `INPUTS`."""
    given = {"active": True, **inputs}
    arguments = [given.get(name, "" if name == "note" else False) for name in INPUTS]
    return {TITLE: {"args": arguments}, DETAILING: {"args": [given.get("detail", False)]}}


class Meddling:
    """What the extension saw on a host."""

    def __init__(self, client: Client):
        self.http = client.http

    def forget(self):
        """Counts anew."""
        self.http.delete("/meddling").raise_for_status()

    def seen(self):
        """{"prompts", "arguments", "encoded", "detailed"} since the last `forget`, one entry for each time."""
        return self.http.get("/meddling").json()
