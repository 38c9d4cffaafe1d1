"""Where a sweep runs: in this WebUI, on several, or by the command; what the panel offers, and what Generate does."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modules import processing, shared

from ..api.guard import users_of
from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, counted, listed, translated
from ..many import missing
from ..many.addresses import AUTH_VARIABLE, check_different, read_lines
from ..many.exchange import Address, Job
from ..sweep.plan import SweepPlan
from ..sweep.plan_keys import THE_COMMAND_LINE, THIS_WEBUI
from .arguments import asked_place, extend_request, plan_from_arguments
from .elsewhere import ROOT, RUNS
from .result import without_pictures

log = logging.getLogger("clip_skip_lab")

WEBUIS = "clip_skip_lab_webuis"
"""The setting: addresses of other WebUIs, by lines or commas."""
NAMED = Text("Other WebUIs for sweeps")
FILE = "clip-skip-sweep.json"
"""What the page calls the file with the sweep; javascript/clip_skip_lab_elsewhere.js saves it by this name."""
USUAL_ADDRESS = "http://127.0.0.1:7860"
FIELD = Text("Run on")


class RunOn:
    """The places where sweeps of a host's can run."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def choices(self) -> list[str]:
        """What "Run on" offers at this moment. The number of WebUIs is in the host's language, as no file of a
        localization has one."""
        try:
            count = len(self._several())
        except InvalidInput:  # the line under the panel says it
            count = 0
        several = [translated(counted(count, "{n} WebUI", "{n} WebUIs"), self._host.language())] if count else []
        return [THIS_WEBUI, *several, THE_COMMAND_LINE]

    def describe(self, arguments: tuple[Any, ...]) -> list[Text]:
        """What follows from where the panel asks to run. Raises `InvalidInput` for what cannot run there."""
        place = asked_place(arguments)
        if place == THIS_WEBUI:
            return self._bad_addresses()
        self._check(arguments)
        several = self._several()
        if place == THE_COMMAND_LINE or not several:
            return [Text("Generate shows the command for this sweep; no image is generated.")]
        return [Text("Runs on {webuis}.", webuis=listed(address.url for address in several)), *self._obstacles()]

    def _bad_addresses(self) -> list[Text]:
        """What is wrong with the addresses in the settings, which keep no sweep from running here."""
        try:
            self._others()
        except InvalidInput as error:
            return [error.sentence]
        return []

    def run(self, p: Any, arguments: tuple[Any, ...], place: str) -> processing.Processed:
        """Starts a sweep on several WebUIs, or gives the command for it. Raises `InvalidInput`, and `OSError` where no
        process can be started."""
        if p.is_api:
            raise InvalidInput(FIELD, place, Text("“This WebUI”"), Text("works only from the page"))
        self._check(arguments)
        several = self._several()
        if place != THE_COMMAND_LINE and several:
            RUNS.check_free()
        self._host.load(p)
        plan = plan_from_arguments(arguments, self._host.axes(p), self._host.highest_clip_skip())
        self._host.forecast(p, plan)
        sent = self._host.as_request(p)
        job = Job(sent.tab, sent.body, _plan(plan))
        language = self._host.language()
        if place == THE_COMMAND_LINE or not several or missing():
            said = [*([] if place == THE_COMMAND_LINE else self._obstacles()), *self._on_command(), *sent.lost]
            told = {"command": self._command(), "install": _shown(["pip", "install", f"{ROOT}[many]"])}
            return without_pictures(p, {**told, "job": job.to_json()}, said, language)
        RUNS.start(job, several, p.outpath_grids, language)
        started = Text("The sweep runs on {webuis}.", webuis=counted(len(several), "{n} WebUI", "{n} WebUIs"))
        return without_pictures(p, {"started": True}, [started, *self._obstacles(), *sent.lost], language)

    def _check(self, arguments: tuple[Any, ...]) -> None:
        if extend_request(arguments) is not None:
            problem = Text("cannot be chosen together with a sweep to extend")
            raise InvalidInput(FIELD, asked_place(arguments), Text("“This WebUI”"), problem)

    def _several(self) -> list[Address]:
        """The WebUIs that the settings name, and this one where it has its API; none where they name none."""
        others = self._others()
        return [*self._own(), *others] if others else []

    def _own(self) -> list[Address]:
        url = self._host.api_address()
        users = list(users_of(getattr(shared.cmd_opts, "api_auth", None)).items())
        return [] if url is None else [Address(url, users[0] if users else None)]

    def _others(self) -> list[Address]:
        """Raises `InvalidInput`."""
        text = str(getattr(shared.opts, WEBUIS, "") or "").replace(",", "\n").replace("、", "\n")
        try:
            found = read_lines(text)
            for address in found:
                if address.auth is not None:
                    problem = Text("contains a name and password, which anyone could read in config.json")
                    allowed = Text(
                        "an address without them; they go into the WebUI's environment variable {variable}",
                        variable=AUTH_VARIABLE,
                    )
                    raise InvalidInput(NAMED, address.url, allowed, problem)
            check_different(found)
        except InvalidInput as error:
            raise InvalidInput(NAMED, error.value, error.allowed, error.problem) from None
        return [address for address in found if not any(_are_same(own, address) for own in self._own())]

    def _obstacles(self) -> list[Text]:
        """What keeps this WebUI from taking part, or from running the command itself."""
        said = []
        if self._host.api_address() is None:
            said.append(Text("This WebUI was started without --api and is not used."))
        absent = missing()
        if absent:
            names = listed(absent)
            said.append(Text("This WebUI's Python lacks {names}: start the sweep with the command.", names=names))
        return said

    def _on_command(self) -> list[Text]:
        said = [Text("Nothing was generated. The command runs this sweep from any machine that can reach the WebUIs.")]
        if self._host.api_address() is None and not self._others():
            said.append(Text("This WebUI was started without --api, which the command needs."))
        if getattr(shared.cmd_opts, "api_auth", None):
            how = Text(
                "Put the name and password into the environment variable {variable} there.", variable=AUTH_VARIABLE
            )
            said.append(how)
        return said

    def _command(self) -> str:
        urls = [address.url for address in [*self._own(), *self._others()]] or [USUAL_ADDRESS]
        webuis = [part for url in urls for part in ("--webui", url)]
        return _shown(["clip-skip-lab", "sweep", "--plan", FILE, *webuis])


def _plan(plan: SweepPlan) -> dict[str, Any]:
    """The plan as a person would write it; what an answer holds is the command's business."""
    told = {key: value for key, value in plan.to_json().items() if key != "return_cells"}
    return {**told, **{key: value for key, value in plan.typed().items() if key in told}}


def _shown(command: Sequence[str]) -> str:
    """A command as it is typed on this kind of machine."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _are_same(one: Address, other: Address) -> bool:
    try:
        check_different([replace(one, auth=None), other])
    except InvalidInput:
        return True
    return False
