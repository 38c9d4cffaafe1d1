"""What the host's page does, done over HTTP as the page does it: gradio's functions, fired with their inputs."""

from __future__ import annotations

import os
import socket
import time
from functools import cached_property
from typing import Any

from tests.helpers.client import ROUTES, Client


class PageClient(Client):
    """A client that also knows the page: the header, the Settings tab, ↙️, Reload UI."""

    @cached_property
    def _page(self) -> dict:
        """The page's description as gradio gives it, until Reload UI."""
        return self.http.get("/config").json()

    @property
    def _names(self) -> dict[int, str]:
        return {part["id"]: part["props"].get("elem_id") or "" for part in self._page["components"]}

    def _function(self, is_it) -> tuple[int, dict]:
        """The first function whose description meets this, and its number."""
        return next((number, one) for number, one in enumerate(self._page["dependencies"]) if is_it(one))

    def _of_button(self, name: str) -> tuple[int, dict]:
        ids = {element: number for number, element in self._names.items()}
        return self._function(lambda one: one["targets"] == [ids[name]])

    def _fire(self, function: int, data: list) -> list:
        body = {"fn_index": function, "data": data, "session_hash": "page-client"}
        answer = self.http.post("/run/predict", json=body)
        answer.raise_for_status()
        return answer.json()["data"]

    def header(self) -> list[str]:
        """The keys of the options in the header, from left to right."""
        names, inside = self._names, []

        def collect(node: dict, within: bool) -> None:
            name = names.get(node.get("id"), "")
            if within and name.startswith("setting_"):
                inside.append(name.removeprefix("setting_"))
            for child in node.get("children", []):
                collect(child, within or name == "quicksettings")

        collect(self._page["layout"], False)
        return inside

    def shown_on_load(self, label: str) -> list:
        """What a page that is opened now gets for each control of this label outside of the scripts' panels."""
        shown = []
        for part in self._page["components"]:
            name = part["props"].get("elem_id") or ""
            if part["props"].get("label") == label and not name.startswith("script_"):
                function, loading = self._function(
                    lambda one, number=part["id"]: not one["inputs"] and number in one["outputs"]
                )
                value = self._fire(function, [])[loading["outputs"].index(part["id"])]
                shown.append(value["value"] if isinstance(value, dict) else value)
        return shown

    def set_in_header(self, key: str, value: Any) -> None:
        """Changes an option by its control in the header."""
        control = next(number for number, name in self._names.items() if name == f"setting_{key}")
        function, _ = self._function(
            lambda one: control in one["targets"] and one["inputs"] == [control] and control in one["outputs"]
        )
        self._fire(function, [value])

    def apply_settings(self, **changes: Any) -> None:
        """Presses "Apply settings" on a page that shows the options as they are, but for the changes."""
        names, values = self._names, {**self.options(), **changes}
        shown = {part["id"]: part["props"].get("value") for part in self._page["components"]}
        function, button = self._of_button("settings_submit")
        keys = [names[control].removeprefix("setting_") for control in button["inputs"]]
        unknown = set(changes) - set(keys)
        assert not unknown, f"not on the Settings page: {unknown}"
        # The host has no value yet for options that were never saved: the page shows their default.
        pairs = zip(keys, button["inputs"], strict=True)
        self._fire(function, [values.get(key, shown[control]) for key, control in pairs])

    def paste(self, infotext: str, tab: str = "txt2img") -> dict[str, dict]:
        """Pastes an infotext with ↙️; gives what becomes of each component, by the end of its element id."""
        names = self._names
        prompt = next(number for number, name in names.items() if name == f"{tab}_prompt")
        function, button = self._function(
            lambda one: [names[target] for target in one["targets"]] == ["paste"]
            and one["inputs"] == [prompt]
            and one["outputs"]
        )
        found = zip(button["outputs"], self._fire(function, [infotext]), strict=True)
        return {names[part].removeprefix(f"script_{tab}_clip_skip_sweep_"): update for part, update in found}

    def reload(self) -> None:
        """Presses "Reload UI" and waits until the new page is there."""
        function, _ = self._of_button("settings_restart_gradio")
        self.http.post("/api/predict", json={"fn_index": function, "data": [], "session_hash": "reload"})
        self._wait_until_open(False)
        self._wait_until_open(True)
        # A request that comes between the host's start of the server and its last middleware ends the real host.
        time.sleep(4 if os.environ.get("WEBUI_URL") else 0.5)
        end = time.monotonic() + 30
        while self.http.get(f"{ROUTES}/model").status_code == 404:  # extensions add their routes last of all
            assert time.monotonic() < end, "the extension's routes did not come back after Reload UI"
            time.sleep(0.1)
        del self._page

    def _wait_until_open(self, wanted: bool, seconds: float = 90) -> None:
        address = (self.http.base_url.host, self.http.base_url.port)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket() as connection:
                if (connection.connect_ex(address) == 0) is wanted:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"the host's port is not {'open' if wanted else 'closed'} after {seconds} s")
