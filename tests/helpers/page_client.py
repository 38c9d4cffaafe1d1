"""What the host's page does, done over HTTP as the page does it: gradio's functions, fired with their inputs.

And where the pages of the family differ for a browser: gradio 3.41 and 4.40, a header of options or of controls.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from functools import cached_property
from typing import Any

from tests.helpers.client import CHECKPOINT, ROUTES, Client

OF_CHECKPOINT = f"#quicksettings :is(#setting_{CHECKPOINT}, .model_selection)"
"""The header's control for the checkpoint; Forge's own has no id."""

SECONDS = 40 if os.environ.get("WEBUI_URL") else 30
"""How long a page may take for anything: that of a real host takes half a minute to open on a busy machine."""


def opened_page(page, url: str, theme: str = "dark") -> None:
    """Opens the host's page in a browser, and waits until it is ready. It asks nobody else."""
    from playwright.sync_api import expect  # no other test needs a browser

    page.set_default_timeout(SECONDS * 1000)
    expect.set_options(timeout=SECONDS * 1000)
    # The real host's page asks a CDN for a script that nothing here needs.
    page.route(re.compile(r"^https?://(?!127\.0\.0\.1|localhost)"), lambda route: route.fulfill(body=""))
    page.goto(f"{url}/?__theme={theme}")
    page.locator("#txt2img_generate").wait_for(state="attached")
    page.wait_for_function("() => typeof opts === 'object' && Object.keys(opts).length > 0")


def values_applied(page, key: str) -> list[object]:
    """The values of an option that a page's control in the header sends to the host from now on, as what somebody wants
    to be used; the list grows by itself."""
    sent = []
    config = page.evaluate("() => window.gradio_config")
    control = [part["id"] for part in config["components"] if part["props"].get("elem_id") == f"setting_{key}"]
    functions = [number for number, targets in _targets(config) if (*control, "release") in targets]
    assert functions

    def look(text) -> None:
        try:
            message = json.loads(text)
        except (TypeError, ValueError):
            return
        if message.get("fn_index") in functions and message.get("data"):
            sent.append(message["data"][0])

    def looked_at(request) -> None:
        if "/run/predict" in request.url or "/queue/join" in request.url:
            look(request.post_data)

    page.on("websocket", lambda socket: socket.on("framesent", look))
    page.on("request", looked_at)
    return sent


def _targets(config: dict) -> list[tuple[int, list[tuple[int, str]]]]:
    """The number of each function of a page, with the components and events that call it."""
    found = []
    for number, one in enumerate(config["dependencies"]):
        targets = [tuple(target) if isinstance(target, list) else (target, one["trigger"]) for target in one["targets"]]
        found.append((one.get("id", number), targets))
    return found


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
        """The first function whose description meets this, and its number; targets are components only."""
        described = zip(_targets(self._page), self._page["dependencies"], strict=True)
        of_components = [
            (number, {**one, "targets": [part for part, _ in targets]}) for (number, targets), one in described
        ]
        return next((number, one) for number, one in of_components if is_it(one))

    def _of_button(self, name: str) -> tuple[int, dict]:
        ids = {element: number for number, element in self._names.items()}
        return self._function(lambda one: one["targets"] == [ids[name]])

    def _fire(self, function: int, data: list) -> list:
        body = {"fn_index": function, "data": data, "session_hash": "page-client"}
        one = next(one for number, one in enumerate(self._page["dependencies"]) if one.get("id", number) == function)
        if self._page["version"].startswith("4") and one.get("queue") is not False:
            return self._fire_queued(body)
        answer = self.http.post("/run/predict", json=body)
        answer.raise_for_status()
        return answer.json()["data"]

    def _fire_queued(self, body: dict) -> list:
        """As gradio 4 does what has to wait for its turn."""
        self.http.post("/queue/join", json=body).raise_for_status()
        with self.http.stream("GET", "/queue/data", params={"session_hash": body["session_hash"]}) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    assert message["success"], message
                    return message["output"]["data"]
        raise AssertionError("gradio's queue ended without an answer")

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

    def shown_in_header_on_load(self, key: str) -> list:
        """What a page that is opened now gets for a control in the header, from each function that sets it then."""
        control = next(number for number, name in self._names.items() if name == f"setting_{key}")
        shown = []
        for (number, _), one in zip(_targets(self._page), self._page["dependencies"], strict=True):
            if not one["targets"] and not one["inputs"] and control in one["outputs"]:
                shown.append(self._fire(number, [])[one["outputs"].index(control)])
        return [value["value"] if isinstance(value, dict) else value for value in shown]

    def change_in_header(self, key: str, value: Any) -> None:
        """What a control of the host's own in the header does whenever it gets another value, whoever gives it."""
        control = next(number for number, name in self._names.items() if name == f"setting_{key}")
        function, _ = self._function(
            lambda one: one["targets"] == [control] and one["inputs"] == [control] and not one["outputs"]
        )
        self._fire(function, [value])

    def set_in_header(self, key: str, value: Any) -> None:
        """Changes an option by its control in the header, as a person does."""
        controls = [number for number, name in self._names.items() if name == f"setting_{key}"]
        if key == CHECKPOINT and not controls:
            controls = [part["id"] for part in self._page["components"] if _is_of_checkpoint(part)]
        told = next(number for number, name in self._names.items() if name == "settings_json")
        function, _ = self._function(
            lambda one: controls[0] in one["targets"] and one["inputs"] == controls[:1] and told in one["outputs"]
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

    def generate_on_page(self, tab: str, inputs: dict[str, Any], mode: int = 0) -> dict:
        """Presses Generate on a page as it opens, but for these inputs; gives what the page is told of pictures, with
        what stands under the gallery as `log`.

        Args:
            tab: "txt2img" or "img2img".
            inputs: by their element ids what they hold, as gradio sends it.
            mode: which of img2img's tabs is open, from 0; 4 is "Inpaint upload".
        """
        parts = {part["id"]: part["props"] for part in self._page["components"]}
        function, button = self._of_button(f"{tab}_generate")
        names = [parts[number].get("elem_id") or "" for number in button["inputs"]]
        assert {*inputs} <= {*names}, {*inputs} - {*names}
        values = [
            inputs.get(name, _shown_first(parts[number])) for name, number in zip(names, button["inputs"], strict=True)
        ]
        values[0] = f"task({time.monotonic_ns()})"
        if tab == "img2img":
            values[1] = mode
        _, info, _, log = self._fire(function, values)
        return {**json.loads(info or "{}"), "log": log}

    def paste(self, infotext: str, tab: str = "txt2img") -> dict[str, dict]:
        """Pastes an infotext with ↙️; gives what becomes of each component, by the end of its element id."""
        names = self._names
        prompt = next(number for number, name in names.items() if name == f"{tab}_prompt")
        function, button = self._function(
            lambda one: [names.get(target) for target in one["targets"]] == ["paste"]
            and one["inputs"] == [prompt]
            and one["outputs"]
        )
        found = zip(button["outputs"], self._fire(function, [infotext]), strict=True)
        return {names[part].removeprefix(f"script_{tab}_clip_skip_sweep_"): update for part, update in found}

    def reload(self) -> None:
        """Presses "Reload UI" and waits until the new page is there."""
        function, _ = self._of_button("settings_restart_gradio")
        way = "/queue/join" if self._page["version"].startswith("4") else "/api/predict"
        self.http.post(way, json={"fn_index": function, "data": [], "session_hash": "reload"})
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


def _shown_first(part: dict) -> Any:
    """What a component of a page sends untouched."""
    value = part.get("value")
    return [] if value is None and part.get("multiselect") else value


def _is_of_checkpoint(part: dict) -> bool:
    return "model_selection" in (part["props"].get("elem_classes") or [])
