"""Speaks to a host over HTTP the way a person with curl would, and reads what a sweep left on disk."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from pathlib import Path

import numpy as np
import requests
from PIL import Image

CLIP_SKIP = "CLIP_stop_at_last_layers"
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


class Refused(Exception):
    """The host answered with an HTTP error: `status` and `detail`."""

    def __init__(self, response: requests.Response):
        self.status = response.status_code
        body = response.json()
        self.detail = body.get("detail") or body.get("errors") or str(body)
        super().__init__(f"{self.status}: {self.detail}")


class Client:
    """A host's API."""

    def __init__(self, url: str):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str) -> dict:
        """GET /sdapi/v1/<path>."""
        return self._checked(self.session.get(f"{self.url}/sdapi/v1/{path}", timeout=60))

    def post(self, path: str, **body) -> dict:
        """POST /sdapi/v1/<path>."""
        return self._checked(self.session.post(f"{self.url}/sdapi/v1/{path}", json=body, timeout=280))

    def generate(self, route: str = "txt2img", **changes) -> Answer:
        """A generation of `SMALL` with these changes."""
        return Answer(self.post(route, **{**SMALL, **changes}))

    def single(self, clip_skip: int, route: str = "txt2img", **changes) -> Answer:
        """A generation by hand at this clip skip."""
        settings = {**changes.pop("override_settings", {}), CLIP_SKIP: clip_skip}
        return self.generate(route, override_settings=settings, **changes)

    def sweep(self, plan: dict | None = None, route: str = "txt2img", **changes) -> Sweep:
        """A sweep of `SMALL` with these changes; `plan` is the first script argument, with the cells returned."""
        arguments = changes.pop("script_args", None) or [{"return_cells": True, **(plan or {})}]
        return Sweep(self.post(route, **{**SMALL, **changes}, script_name=SCRIPT.lower(), script_args=arguments))

    def options(self) -> dict:
        """All options."""
        return self.get("options")

    def config(self) -> dict | None:
        """config.json as it is on disk, or None when there is none."""
        path = Path(self.get("cmd-flags")["ui_settings_file"])
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def arguments(self, is_img2img: bool = False) -> list[dict]:
        """The script's arguments as the host lists them."""
        (found,) = (
            entry
            for entry in self.get("script-info")
            if entry["name"] == SCRIPT.lower() and entry["is_img2img"] == is_img2img
        )
        return found["args"]

    def axes(self, is_img2img: bool = False) -> list[str]:
        """The names that the second axis can take, "Nothing" first."""
        return self.arguments(is_img2img)[1]["choices"]

    def png_info(self, path: Path) -> dict:
        """What the PNG Info tab reads from a file."""
        return self.post("png-info", image=base64.b64encode(path.read_bytes()).decode())

    def sweep_folders(self, route: str = "txt2img") -> set[Path]:
        """The folders of all sweeps so far."""
        parent = Path(self.options()[f"outdir_{route}_grids"]) / "clip-skip-sweeps"
        return set(parent.iterdir()) if parent.is_dir() else set()

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

    def _checked(self, response: requests.Response) -> dict:
        if response.status_code != 200:
            raise Refused(response)
        return response.json()


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
    import re

    last = infotext.strip().splitlines()[-1]
    found = re.findall(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', last)
    return {key: json.loads(value) if value.startswith('"') else value for key, value in found}
