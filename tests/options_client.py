"""The ways by which a running host's options are changed, for tests: the page's (over gradio's HTTP) and the API's."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

CLIP_SKIP = "CLIP_stop_at_last_layers"
CHECKPOINT = "sd_model_checkpoint"
ROUTE = "/clip-skip-lab/v1"


class OptionsClient:
    """Speaks as the page does where it says so, and as an API client elsewhere."""

    def __init__(self, url: str):
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=120)
        page = self.http.get("/config").json()
        self._dependencies = page["dependencies"]
        self._names = {part["id"]: part["props"].get("elem_id") for part in page["components"]}
        self._shown = {part["id"]: part["props"].get("value") for part in page["components"]}
        self._ids = {name: number for number, name in self._names.items() if name}

    # --- The page -------------------------------------------------------------------------------------------------

    def header(self, key: str, value: Any) -> None:
        """Changes an option by its control in the header."""
        control = self._ids[f"setting_{key}"]
        function = next(
            number
            for number, one in enumerate(self._dependencies)
            if control in one["targets"] and one["inputs"] == [control] and control in one["outputs"]
        )
        self._fire(function, [value])

    def apply_settings(self, **changes: Any) -> None:
        """Presses "Apply settings" on a page that shows the options as they are, but for the changes."""
        values, button = {**self.options(), **changes}, self._ids["settings_submit"]
        function = next(number for number, one in enumerate(self._dependencies) if one["targets"] == [button])
        controls = self._dependencies[function]["inputs"]
        keys = [(self._names[control] or "").removeprefix("setting_") for control in controls]
        unknown = set(changes) - set(keys)
        assert not unknown, f"not on the Settings page: {unknown}"
        # The host has no value yet for options that were never saved: the page shows their default.
        pairs = zip(keys, controls, strict=True)
        self._fire(function, [values.get(key, self._shown[control]) for key, control in pairs])

    def paste(self, infotext: str, tab: str = "txt2img") -> dict[str, dict]:
        """Pastes an infotext with ↙️; gives what becomes of each component, by the end of its element id."""
        prompt = self._ids[f"{tab}_prompt"]
        function, outputs = next(
            (number, one["outputs"])
            for number, one in enumerate(self._dependencies)
            if [self._names[target] for target in one["targets"]] == ["paste"]
            and one["inputs"] == [prompt]
            and one["outputs"]
        )
        found = zip(outputs, self._fire(function, [infotext]), strict=True)
        own = f"script_{tab}_clip_skip_sweep_"
        return {(self._names[part] or "").removeprefix(own): update for part, update in found}

    def _fire(self, function: int, data: list) -> list:
        body = {"fn_index": function, "data": data, "session_hash": "options-client"}
        answer = self.http.post("/run/predict", json=body)
        answer.raise_for_status()
        return answer.json()["data"]

    # --- The API --------------------------------------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        return self.http.get("/sdapi/v1/options").json()

    def clip_skip(self) -> int:
        return self.options()[CLIP_SKIP]

    def set(self, values: dict[str, Any]) -> None:
        """Changes options by the API, in the order given."""
        self.http.post("/sdapi/v1/options", json=values).raise_for_status()

    def generate(self, **fields: Any) -> str:
        """Makes a small picture; gives its infotext."""
        request = {"prompt": "a", "steps": 1, "width": 64, "height": 64, "seed": 1, **fields}
        answer = self.http.post("/sdapi/v1/txt2img", json=request)
        answer.raise_for_status()
        return answer.json()["info"]

    @contextmanager
    def generating(self, until_interrupted: bool = False, **fields: Any):
        """While a picture is made, which is broken off at the end, or earlier where somebody else does that."""
        worker = threading.Thread(target=self.generate, kwargs={"steps": 150, **fields})
        worker.start()
        try:
            while self.http.get("/sdapi/v1/progress").json()["state"]["sampling_step"] < 1:
                assert worker.is_alive(), "the picture was not earlier, or was ready too soon to show anything"
                time.sleep(0.05)
            yield
            assert until_interrupted or worker.is_alive(), "the picture was ready too soon to show anything"
        finally:
            self.http.post("/sdapi/v1/interrupt")
            worker.join()

    def checkpoints(self) -> list[str]:
        """The titles of the host's checkpoints."""
        return [one["title"] for one in self.http.get("/sdapi/v1/sd-models").json()]

    def flags(self) -> dict[str, Any]:
        return self.http.get("/sdapi/v1/cmd-flags").json()

    # --- This extension -------------------------------------------------------------------------------------------

    def remembered(self) -> dict[str, int]:
        """Clip skip by the checkpoint's name."""
        return {one["name"]: one["clip_skip"] for one in self.listing()["checkpoints"]}

    def listing(self) -> dict[str, Any]:
        answer = self.http.get(f"{ROUTE}/memory")
        answer.raise_for_status()
        return answer.json()

    def forget_all(self) -> None:
        self.http.delete(f"{ROUTE}/memory", params={"everything": True}).raise_for_status()

    def advice(self, prompt: str, clip_skip: int, **more: Any) -> dict[str, Any]:
        answer = self.http.get(f"{ROUTE}/advice", params={"prompt": prompt, "clip_skip": clip_skip, **more})
        answer.raise_for_status()
        return answer.json()

    def data_folder(self) -> Path:
        return Path(self.flags()["data_dir"]) / "clip_skip_lab"

    @contextmanager
    def kept(self, *keys: str):
        """Puts these options back at the end; those that the host doesn't know yet at their default."""
        before = {key: value for key, value in self.options().items() if key in keys}
        try:
            yield
        finally:
            self.set(before)
