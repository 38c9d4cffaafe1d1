"""Speaks to a host over HTTP the way a person with curl would, and reads what a sweep left on disk.

`Client` knows the routes of the WebUI and of this extension; `PageClient` (tests/helpers/page_client.py) adds what the
page does.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

CLIP_SKIP = "CLIP_stop_at_last_layers"
CHECKPOINT = "sd_model_checkpoint"
HEADER_SETTINGS = {"clip_skip_lab_header": "Clip skip", "clip_skip_lab_header_place": "At the end"}
"""This extension's settings of the header, at their defaults."""
ROUTES = "/clip-skip-lab/v1"
SCRIPT = "Clip skip sweep"
SMALL = {
    "prompt": "a red cat on a table, (jeans:1.3), BREAK, (pov:1.2), city",
    "negative_prompt": "blurry, (text:1.2)",
    "steps": 2,
    "width": 64,
    "height": 64,
    "seed": 2881122569,
    "cfg_scale": 7,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
}
"""A request that takes a host a fraction of a second."""
OF_FORGE = {"hr_additional_modules": ["Use same choices"], "hr_cfg": 7}
"""Without these Forge fails at hires fix by the API, or does it without a negative prompt; others pass over them."""
LONG = {"steps": 60, "sampler_name": "Euler", "scheduler": "Automatic"}
"""Changes to it: long enough to be stopped in the middle of a cell."""


class Answer:
    """What a generation gave: `pictures` as height × width × 3 arrays, `infotexts` alongside, `info` as data."""

    def __init__(self, body: dict):
        self.info = json.loads(body["info"])
        self.infotexts = self.info["infotexts"]
        self.encoded = body["images"]
        self.pictures = [pixels(text) for text in body["images"]]
        self.parameters = body["parameters"]


class Sweep(Answer):
    """What a sweep gave: grids first, then `cells` with `cell_infotexts`, and what is on disk."""

    def __init__(self, body: dict):
        super().__init__(body)
        self.report = self.info["extra_generation_params"]["clip_skip_lab"]
        self.folder = Path(self.report["folder"])
        self.first = self.info["index_of_first_image"]
        self.cells = self.pictures[self.first :]
        self.cell_infotexts = self.infotexts[self.first :]

    @property
    def record(self) -> dict:
        """`sweep.json`."""
        return json.loads((self.folder / "sweep.json").read_text(encoding="utf-8"))

    @property
    def states(self) -> list[str]:
        """Each cell's state as the record has it: "done", "failed", "not run"."""
        return [cell["state"] for cell in self.record["cells"]]

    @property
    def reasons(self) -> list[str | None]:
        """Why a cell has no picture."""
        return [cell["reason"] for cell in self.record["cells"]]


class Refused(Exception):
    """The host answered with an HTTP error: `status` and `detail`."""

    def __init__(self, response: httpx.Response):
        self.status = response.status_code
        body = response.json()
        self.detail = body.get("detail") or body.get("errors") or str(body)
        super().__init__(f"{self.status}: {self.detail}")


class Client:
    """A host's API. `http` sends any request to it, without a look at the answer."""

    def __init__(self, url: str, timeout: float = 280):
        self.url = url
        # A connection for each request: after an error some hosts end a connection that they had kept.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=timeout, limits=limits)

    def get(self, path: str) -> Any:
        """GET /sdapi/v1/<path>."""
        return _checked(self.http.get(f"/sdapi/v1/{path}"))

    def post(self, path: str, **body) -> Any:
        """POST /sdapi/v1/<path>."""
        if body.get("enable_hr"):
            body = {**OF_FORGE, **body}
        return _checked(self.http.post(f"/sdapi/v1/{path}", json=body))

    # --- Generating ---------------------------------------------------------------------------------------------------

    def generate(self, route: str = "txt2img", **changes) -> Answer:
        """A generation of `SMALL` with these changes."""
        return Answer(self.post(route, **{**SMALL, **changes}))

    def single(self, clip_skip: int, route: str = "txt2img", **changes) -> Answer:
        """A generation by hand at this clip skip."""
        settings = {**changes.pop("override_settings", {}), CLIP_SKIP: clip_skip}
        return self.generate(route, override_settings=settings, **changes)

    def sweep(self, plan: dict | None = None, route: str = "txt2img", **changes) -> Sweep:
        """A sweep of `SMALL` with these changes; `plan` is the first script argument, with the cells returned.

        Unless the plan says otherwise nothing is measured: charts take longer than so small a sweep.
        """
        arguments = changes.pop("script_args", None) or [{"return_cells": True, "measures": False, **(plan or {})}]
        return Sweep(self.post(route, **{**SMALL, **changes}, script_name=SCRIPT.lower(), script_args=arguments))

    @contextmanager
    def generating(self, until_interrupted: bool = False, **changes):
        """While a picture is made, which is broken off at the end, or earlier where somebody else does that."""
        running = self.in_background(lambda: self.generate(**{"steps": 150, **changes}))
        try:
            self.wait_for(lambda progress: progress["state"]["sampling_step"] >= 1)
            yield
            assert until_interrupted or not running.done, "the image was ready too soon to show anything"
        finally:
            self.post("interrupt")
            running.result()

    def in_background(self, call) -> Background:
        """Runs a call of this client in a thread."""
        return Background(call)

    def wait_for(self, condition, timeout: float = 60) -> dict:
        """Polls the progress route until `condition(progress)` holds, and returns that progress."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            progress = self.get("progress?skip_current_image=true")
            if condition(progress):
                return progress
            time.sleep(0.01)
        raise TimeoutError("the host's progress never got there")

    # --- Options ------------------------------------------------------------------------------------------------------

    def options(self) -> dict:
        """All options."""
        return self.get("options")

    def option(self, key: str) -> Any:
        """One option that was set; Forge's route leaves out those of extensions."""
        return {**self.config(), **self.options()}[key]

    def set(self, values: dict) -> None:
        """Changes options, in the order given; the host saves them all into config.json."""
        self.post("options", **values)

    @contextmanager
    def kept(self, *keys: str):
        """Puts these options back at the end; ours, which the route may leave out, at their default."""
        known = {**HEADER_SETTINGS, **self.options()}
        before = {key: known[key] for key in keys if key in known}
        if CLIP_SKIP in before:  # the API answers 1.0, and with a float in the option every generation fails
            before[CLIP_SKIP] = int(before[CLIP_SKIP])
        try:
            yield
        finally:
            self.set(before)

    def clip_skip(self) -> int:
        """The option's value."""
        return self.options()[CLIP_SKIP]

    def config(self) -> dict:
        """config.json as it is on disk; empty before the first save."""
        path = Path(self.flags()["ui_settings_file"])
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def flags(self) -> dict:
        """The command line. Forge's route for it fails at a check of its own, and tells what it was going to answer."""
        response = self.http.get("/sdapi/v1/cmd-flags", headers={"Connection": "close"})  # reset after that
        if response.status_code == 500 and "ResponseValidationError" in response.text:
            return response.json()["body"]
        return _checked(response)

    def checkpoints(self) -> list[str]:
        """The titles of the host's checkpoints."""
        return [model["title"] for model in self.get("sd-models")]

    # --- This extension -----------------------------------------------------------------------------------------------

    def arguments(self, is_img2img: bool = False, script: str = SCRIPT) -> dict[str, dict]:
        """A script's arguments as the host lists them, by label; of one label the first."""
        (found,) = (
            entry
            for entry in self.get("script-info")
            if entry["name"] == script.lower() and entry["is_img2img"] == is_img2img
        )
        return {argument["label"]: argument for argument in reversed(found["args"])}

    def panel(self, changes: dict[str, Any], script: str = SCRIPT) -> list:
        """The values that a script's panel sends: as it is when untouched, but for these changes by label."""
        found = next(entry for entry in self.get("script-info") if entry["name"] == script.lower())["args"]
        labels = [argument["label"] for argument in found]
        values = [argument["value"] for argument in found]
        for label, value in changes.items():
            values[labels.index(label)] = value
        return values

    def axes(self, is_img2img: bool = False) -> list[str]:
        """The names that the second axis can take, "Nothing" first."""
        return self.arguments(is_img2img)["Second axis"]["choices"]

    def png_info(self, path: Path) -> dict:
        """What the PNG Info tab reads from a file."""
        return self.post("png-info", image=base64.b64encode(path.read_bytes()).decode())

    def sweep_folders(self, route: str = "txt2img") -> set[Path]:
        """The folders of all sweeps so far."""
        parent = Path(self.options()[f"outdir_{route}_grids"]) / "clip-skip-sweeps"
        return set(parent.iterdir()) if parent.is_dir() else set()

    @contextmanager
    def no_sweeps_left(self):
        """For a `with`: what is made meanwhile is gone after it, so that tests can run on the same host again."""

        def folders():
            there = self.sweep_folders() | self.sweep_folders("img2img")
            deleted = (path for folder in there if folder.name == "trash" for path in folder.iterdir())
            return {path for path in (*there, *deleted) if path.is_dir()}

        before = folders()
        try:
            yield
        finally:
            for folder in folders() - before:
                shutil.rmtree(folder, ignore_errors=True)

    def model_note(self, **parameters) -> dict:
        """What the note in the header says of the loaded model."""
        return _checked(self.http.get(f"{ROUTES}/model", params=parameters))

    def lens(self, prompt: str, language: str = "en", **more) -> dict:
        """What the lens says of a prompt."""
        body = {"prompt": prompt, **more}
        return _checked(self.http.post(f"{ROUTES}/lens", params={"lang": language}, json=body))

    def advice(self, prompt: str, clip_skip: int, **more) -> dict:
        """The advice for a prompt at a clip skip."""
        parameters = {"prompt": prompt, "clip_skip": clip_skip, **more}
        return _checked(self.http.get(f"{ROUTES}/advice", params=parameters))

    def memory(self) -> dict:
        """What is remembered of checkpoints."""
        return _checked(self.http.get(f"{ROUTES}/memory"))

    def remembered(self) -> dict[str, int]:
        """Clip skip by the checkpoint's name."""
        return {entry["name"]: entry["clip_skip"] for entry in self.memory()["checkpoints"]}

    def forget_all(self) -> None:
        """Empties the memory of checkpoints."""
        _checked(self.http.delete(f"{ROUTES}/memory", params={"everything": True}))

    def data_folder(self) -> Path:
        """Where this extension keeps its files."""
        return Path(self.flags()["data_dir"]) / "clip_skip_lab"


def _checked(response: httpx.Response) -> Any:
    if response.status_code != 200:
        raise Refused(response)
    return response.json()


def sampling_cell(number: int):
    """A condition on progress: cell `number` (from 0) is being sampled."""
    return lambda progress: progress["state"]["job_no"] == number and progress["state"]["sampling_step"] >= 2


class Background:
    """A call in a thread; `result()` waits for it, and raises what it raised."""

    def __init__(self, call):
        self._outcome: list = []
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call):
        try:
            self._outcome = [call(), None]
        except BaseException as error:
            self._outcome = [None, error]

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return not self._thread.is_alive()

    def result(self):
        """What the call returned."""
        self._thread.join(280)
        value, error = self._outcome
        if error is not None:
            raise error
        return value


def same(some: list[np.ndarray], others: list[np.ndarray], most: int = 0) -> bool:
    """Whether pictures are equal one by one, up to `most` of 255."""
    pairs = zip(some, others, strict=True)
    return all(np.abs(one.astype(int) - other.astype(int)).max() <= most for one, other in pairs)


def pixels(encoded: str) -> np.ndarray:
    """A picture of the API as a height × width × 3 array of bytes."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def encoded(picture: Image.Image) -> str:
    """A picture as the API takes it."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def gradient(side: int = 64) -> Image.Image:
    """A picture for img2img."""
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    across, down = np.tile(ramp, (side, 1)), np.tile(ramp[:, None], (1, side))
    return Image.fromarray(np.stack([across, down, np.full_like(across, 90)], axis=2))


def mask(side: int = 64) -> Image.Image:
    """A mask for inpainting: the middle."""
    picture = Image.new("L", (side, side))
    picture.paste(255, (side // 4, side // 4, side * 3 // 4, side * 3 // 4))
    return picture


def keys_of(infotext: str) -> dict[str, str]:
    """The parameters of an infotext's last line, values as text (commas within quotes stay)."""
    last = infotext.strip().splitlines()[-1]
    found = re.findall(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', last)
    return {key: json.loads(value) if value.startswith('"') else value for key, value in found}
