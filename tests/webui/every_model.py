"""Clip skip on SD2 and SDXL: what must equal the WebUI's own pictures, and what must differ.

    python -m tests.webui.small_models FOLDER          (see there)
    launch.py --ckpt-dir FOLDER …
    WEBUI_URL=http://127.0.0.1:7860 python -m tests.webui.every_model [tiny-sd2] [tiny-sdxl]

Prints one line per claim with the largest difference of a channel value (of 255); the exit status is 1 when one of
them does not hold.
"""

from __future__ import annotations

import os
import sys

import numpy as np

from tests.helpers.client import Answer, Client, Refused
from tests.webui.encoder_files import EMBEDDING, LORA, encoder_files

URL = os.environ.get("WEBUI_URL", "http://127.0.0.1:7860")
PANEL = "clip skip lab"
BASE = {
    "prompt": "a red cat on a table, (jeans:1.3) BREAK city",
    "negative_prompt": "blurry, (text:1.2)",
    "steps": 3,
    "width": 64,
    "height": 64,
    "seed": 7,
    "sampler_name": "Euler a",
}
OFF = [False, "1.5", "spherical", "3", True, "4", "5"]
"""A panel full of values, but not switched on."""


class Claims:
    """Collects what was compared; `model` is a checkpoint's name."""

    def __init__(self, model: str):
        self.model = model
        self.failed = 0
        self.client = Client(URL, timeout=600)

    def send(self, panel=None, skip=1, clip_l_option=False, script=None, **more) -> Answer:
        """One request; `clip_l_option` is the WebUI's own "Clip skip SDXL"."""
        settings = {
            "sd_model_checkpoint": self.model,
            "CLIP_stop_at_last_layers": skip,
            "sdxl_clip_l_skip": clip_l_option,
            "live_previews_enable": False,  # on SDXL it would download a decoder
        }
        body = {**BASE, **more, "override_settings": settings, "override_settings_restore_afterwards": False}
        if panel is not None:
            arguments = panel if isinstance(panel, list) else [panel]
            body["alwayson_scripts"] = {PANEL: {"args": arguments}}
        if script is not None:
            body |= {"script_name": "clip skip sweep", "script_args": [{"return_cells": True, **script}]}
        return Answer(self.client.post("txt2img", **body))

    def pictures(self, *arguments, **named) -> list[np.ndarray]:
        """The pictures of one request, as arrays."""
        made = self.send(*arguments, **named)
        self.info = made.info
        return [picture.astype(int) for picture in made.pictures]

    def picture(self, *arguments, **named) -> np.ndarray:
        """The one picture of a request."""
        return self.pictures(*arguments, **named)[0]

    def holds(self, claim: str, is_true: bool, shown: object = "") -> None:
        """Notes a claim."""
        self.failed += not is_true
        print(f"{'ok    ' if is_true else 'FAILED'} {self.model}: {claim} {shown}", flush=True)

    def same(self, claim: str, one: np.ndarray, other: np.ndarray, most: int = 0) -> None:
        """Claims that two pictures are equal, up to `most`."""
        difference = int(np.abs(one - other).max())
        self.holds(claim, difference <= most, f"({difference}/255)")

    def differ(self, claim: str, one: np.ndarray, other: np.ndarray) -> None:
        """Claims that two pictures are not equal."""
        difference = int(np.abs(one - other).max())
        self.holds(claim, difference > 0, f"({difference}/255)")


def common(claims: Claims) -> np.ndarray:
    """What holds on SD2 and SDXL alike. Returns the plain picture."""
    plain = claims.picture()
    claims.same("the WebUI ignores its own setting", claims.picture(skip=5), plain)
    claims.same("the panel switched off changes nothing", claims.picture(OFF), plain)
    claims.same("a value waits for the tick", claims.picture({"clip_skip": 5}), plain)
    claims.holds("and is not claimed in the infotext", "clip_skip_lab" not in claims.info["infotexts"][0])
    claims.same(
        "2 is the layer that the model was trained on", claims.picture({"clip_skip": 2, "every_model": True}), plain
    )
    seen = [plain]
    for value in (1, 1.5, 3, 3.5, "avg 2-4"):
        found = claims.picture({"clip_skip": value, "every_model": True})
        claims.holds(f"{value} gives an image of its own", all(np.abs(found - other).max() > 0 for other in seen))
        seen.append(found)
    by_setting = claims.picture({"every_model": True}, skip=3)
    claims.same("with the tick alone the WebUI's setting counts", by_setting, seen[3])
    claims.holds("and stands in the infotext", "Clip skip: 3" in claims.info["infotexts"][0])
    negative = claims.picture({"every_model": True, "negative_clip_skip": 4}, skip=2)
    claims.differ("the negative prompt has a value of its own", negative, plain)
    text = claims.info["infotexts"][0]
    again = Answer(claims.client.post("txt2img", infotext=text)).pictures[0].astype(int)
    claims.same("an infotext makes the image again", again, negative)
    try:
        claims.send({"every_model": True, "clip_skip": 11})
        status, said = 200, ""
    except Refused as refused:
        status, said = refused.status, refused.detail
    claims.holds("a layer that isn't there is refused", status == 422, said)
    claims.same("and the next image is right", claims.picture(), plain)
    for mode, most in (("exact", 0), ("fast", 1)):
        cells = claims.pictures(script={"clip_skip": [1, 2, 3.5], "every_model": True, "mode": mode})[1:]
        for value, cell in zip((1, 2, 3.5), cells, strict=True):
            single = claims.picture({"clip_skip": value, "every_model": True})
            claims.same(f"{mode} sweep: its cell {value} is a single generation", cell, single, most)
    return plain


def one_pass(claims: Claims, encoders: int) -> None:
    """Twelve cells run each of the model's encoders for the prompt and for its negative, and give the same pictures."""
    cat, values = "a red cat on a (table:1.2)", [1 + step / 4 for step in range(12)]
    plain = swept_and_single(claims, "12 cells", 2 * encoders, values, [cat])
    with encoder_files(claims.client, claims.model):
        loras = [f"{cat} <lora:{LORA}:{weight}>" for weight in (0.4, 0.9)]
        changed = swept_and_single(claims, "12 cells with two weights of a LoRA", 4 * encoders, values[::2], loras)
        claims.differ("the LoRA does something", changed[0], plain[0])
        inverted = swept_and_single(claims, "12 cells with an embedding", 2 * encoders, values, [f"{cat} {EMBEDDING}"])
        claims.differ("the embedding does something", inverted[0], plain[0])
    unticked = {"clip_skip": [1, 2, 3, 4], "y": {"axis": "CFG Scale", "values": "4, 7, 9"}}
    cells = claims.pictures(script=unticked, prompt=cat)[1:]
    ran = claims.info["extra_generation_params"]["clip_skip_lab"]["text_encoder_forwards"]
    claims.holds("12 cells without the tick", ran == 2 * encoders, f"(encoders ran {ran} times)")
    claims.same("give the plain image", cells[4], claims.picture(prompt=cat))


def swept_and_single(
    claims: Claims, name: str, forwards: int, values: list[float], prompts: list[str]
) -> list[np.ndarray]:
    """One sweep over all values, and over the prompts as an axis; returns the same as single generations."""
    swept = {"clip_skip": values, "every_model": True}
    if len(prompts) > 1:
        first, *others = [prompt.rpartition(":")[2] for prompt in prompts]
        swept["y"] = {"axis": "Prompt S/R", "values": ", ".join([first, *others])}
    cells = claims.pictures(script=swept, prompt=prompts[0])[1:]
    record = claims.info["extra_generation_params"]["clip_skip_lab"]
    ran, notes = record["text_encoder_forwards"], [note for note in record["notes"] if "for every cell" in note]
    claims.holds(f"{name}", ran == forwards and not notes, f"(encoders ran {ran} times {' '.join(notes)})")
    singles = [
        claims.picture({"clip_skip": value, "every_model": True}, prompt=prompt)
        for prompt in prompts
        for value in values
    ]
    furthest = max(int(np.abs(one - other).max()) for one, other in zip(cells, singles, strict=True))
    claims.holds(f"{name}: each is a single generation", furthest == 0, f"({furthest}/255)")
    seen = len({picture.tobytes() for picture in singles})
    claims.holds(f"{name}: all differ", seen == len(singles), f"({seen} images)")
    return singles


def on_sd2(claims: Claims) -> None:
    """What holds on SD2."""
    common(claims)
    one_pass(claims, encoders=1)


def on_sdxl(claims: Claims) -> None:
    """What holds on SDXL only."""
    plain = common(claims)
    one_pass(claims, encoders=2)
    for skip in (1, 3):
        theirs = claims.picture(skip=skip, clip_l_option=True)
        claims.same(f"CLIP-L at {skip} is the WebUI's own option", claims.picture({"sdxl_clip_l_skip": skip}), theirs)
    claims.differ("the WebUI's option does something", claims.picture(skip=3, clip_l_option=True), plain)
    claims.same("and its toggle leaves no stale image", claims.picture(skip=3), plain)
    claims.same("nor back", claims.picture(skip=3, clip_l_option=True), claims.picture({"sdxl_clip_l_skip": 3}))
    claims.same(
        "both encoders at 2 are the plain image", claims.picture({"sdxl_clip_l_skip": 2, "sdxl_big_g_skip": 2}), plain
    )
    l3, g3 = claims.picture({"sdxl_clip_l_skip": 3}), claims.picture({"sdxl_big_g_skip": 3})
    both = claims.picture({"sdxl_clip_l_skip": 3, "sdxl_big_g_skip": 3})
    claims.differ("CLIP-L and bigG are two things", l3, g3)
    claims.same("both at 3 are the common value 3", both, claims.picture({"clip_skip": 3, "every_model": True}))
    axes = {"y": {"axis": "SDXL CLIP-L skip", "values": "2, 3"}, "z": {"axis": "SDXL bigG skip", "values": "2, 3"}}
    cells = claims.pictures(script={"clip_skip": [1], **axes})[1:]
    for name, cell, single in zip(("2, 2", "3, 2", "2, 3", "3, 3"), cells, (plain, l3, g3, both), strict=True):
        claims.same(f"a sweep's cell at CLIP-L, bigG {name} is a single generation", cell, single)


def main() -> int:
    """Runs all claims. Returns how many failed."""
    failed = 0
    for model, run in (("tiny-sd2", on_sd2), ("tiny-sdxl", on_sdxl)):
        if model in (sys.argv[1:] or [model]):
            claims = Claims(model)
            run(claims)
            failed += claims.failed
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
