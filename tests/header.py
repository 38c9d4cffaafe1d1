"""What the tests of the header have in common: the header as the page is told of it, and the user's config.json."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

CLIP_SKIP = "CLIP_stop_at_last_layers"
MINE = {"clip_skip_lab_header": "Clip skip", "clip_skip_lab_header_place": "At the end"}


class HostClient:
    """The routes of a running host that the tests of the header use."""

    def __init__(self, url: str):
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=60)

    def get(self, path: str, **params: object) -> httpx.Response:
        return self.http.get(path, params=params)

    def options(self) -> dict:
        return self.get("/sdapi/v1/options").json()

    def set(self, **values: object) -> None:
        """Sets options; the host saves them all into config.json."""
        self.http.post("/sdapi/v1/options", json=values).raise_for_status()

    def config(self) -> dict:
        """The user's config.json; empty before the first save."""
        path = Path(self.get("/sdapi/v1/cmd-flags").json()["ui_settings_file"])
        return json.loads(path.read_text("utf8")) if path.exists() else {}

    def header(self) -> list[str]:
        """The keys of the options in the header, from left to right."""
        return header_of(self.get("/config").json())

    def reload(self) -> None:
        """Presses "Reload UI" and waits until the new page is there."""
        page = self.get("/config").json()
        ids = {part["props"].get("elem_id"): part["id"] for part in page["components"]}
        button = ids["settings_restart_gradio"]
        function = next(at for at, one in enumerate(page["dependencies"]) if one["targets"] == [button])
        self.http.post("/api/predict", json={"fn_index": function, "data": [], "session_hash": "reload"})
        self._wait_until_open(False)
        self._wait_until_open(True)
        # A request that comes between the host's start of the server and its last middleware ends the real host.
        time.sleep(4 if os.environ.get("WEBUI_URL") else 0.5)
        end = time.monotonic() + 30
        while self.get("/clip-skip-lab/v1/model").status_code == 404:  # extensions add their routes last of all
            assert time.monotonic() < end, "the extension's routes did not come back after Reload UI"
            time.sleep(0.5)

    def _wait_until_open(self, wanted: bool, seconds: float = 90) -> None:
        address = (self.http.base_url.host, self.http.base_url.port)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket() as connection:
                if (connection.connect_ex(address) == 0) is wanted:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"the host's port is not {'open' if wanted else 'closed'} after {seconds} s")

    @contextmanager
    def kept(self, *keys: str):
        """Puts these options back at the end; ours, which the route leaves out, at their default."""
        known = {**MINE, **self.options()}
        before = {key: known[key] for key in keys if key in known}
        if CLIP_SKIP in before:  # the API answers 1.0, and with a float in the option every generation fails
            before[CLIP_SKIP] = int(before[CLIP_SKIP])
        try:
            yield
        finally:
            self.set(**before)


def header_of(page: dict) -> list[str]:
    """The keys of the options in the header of a page's description (gradio's `/config`)."""
    names = {part["id"]: part["props"].get("elem_id") or "" for part in page["components"]}

    def find(node: dict) -> dict | None:
        if names.get(node.get("id")) == "quicksettings":
            return node
        return next((found for child in node.get("children", []) if (found := find(child))), None)

    found = find(page["layout"])
    inside: list[str] = []

    def collect(node: dict) -> None:
        inside.append(names.get(node.get("id"), ""))
        for child in node.get("children", []):
            collect(child)

    collect(found)
    return [name.removeprefix("setting_") for name in inside if name.startswith("setting_")]
