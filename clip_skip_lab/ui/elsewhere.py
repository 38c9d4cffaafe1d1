"""One sweep over several WebUIs, run by the command of this package in a process of its own (docs/many.md): started,
followed and stopped from here.

It is no thread of the WebUI's, as the WebUI takes part by its own API, which waits for whatever the page runs. The
process speaks in lines of JSON (clip_skip_lab/many/lines.py), and ends with what is finished when its standard input is
closed: when somebody stops it, and when the WebUI ends, however that happens.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit, urlunsplit

from ..errors import InvalidInput
from ..language import Text, translated
from ..many.exchange import Address, Job
from ..sweep.summary import about

log = logging.getLogger("clip_skip_lab")

ROOT = Path(__file__).resolve().parents[2]
MOST_SENTENCES = 50
LONGEST_LINE = 100_000
"""Letters of what the process writes in one line."""


@dataclass
class Told:
    """What the process has told.

    Attributes:
        state: "running", "stopping" (it ends with what is finished) or "ended".
        folder: of the sweep, "" until it is there.
        over, total, failed: cells that are over, of how many, and how many of them have no picture.
        seconds_left: None as long as nothing can be said.
        measured: how many cells are measured, of how many, None before that.
        webuis: what each does, by its address: "works", "waits" or "lost".
        sentences: what it said, the last ones.
        report: how it ended, as the page shows sweeps; None before that, and where nothing was generated.
        code: what it ended with, None before that.
    """

    state: str = "running"
    folder: str = ""
    over: int = 0
    total: int = 0
    failed: int = 0
    seconds_left: float | None = None
    measured: tuple[int, int] | None = None
    webuis: dict[str, str] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    report: dict[str, Any] | None = None
    code: int | None = None

    def say(self, sentence: str) -> None:
        """Adds a sentence."""
        self.sentences = [*self.sentences, sentence][-MOST_SENTENCES:]

    def take(self, line: str) -> None:
        """Takes a line that the process wrote: an event as JSON, else a sentence."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self.say(line)
            return
        kind = event.get("event")
        if kind == "began":
            self.folder, self.total, self.over = event["folder"], event["total"], event["done"]
            self.webuis = {url: "waits" for url in event["webuis"]}
        elif kind == "cells":
            self.over, self.total, self.failed = event["over"], event["total"], event["failed"]
            self.seconds_left = event["seconds_left"]
        elif kind == "webui":
            self.webuis = {**self.webuis, event["url"]: event["state"]}
        elif kind == "measuring":
            self.measured = event["done"], event["count"]
        elif kind == "ended":
            self.report = event["report"]
        elif kind == "said":
            self.say(event["sentence"])


class Elsewhere:
    """The run of this WebUI's; there is one at a time, as the WebUIs would only wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._told: Told | None = None

    def start(self, job: Job, addresses: Sequence[Address], out: str, language: str) -> None:
        """Starts a run.

        Args:
            job: what is generated.
            addresses: of the WebUIs.
            out: the folder that gets the sweep, as a WebUI's grid folder is one.
            language: of what is said.

        Raises `InvalidInput` where one runs, and `OSError`.
        """
        with self._lock:
            self.check_free()
            folder = tempfile.TemporaryDirectory(prefix="clip-skip-lab-")  # for this user alone
            try:
                files = _written(Path(folder.name), job, addresses)
                process = subprocess.Popen(
                    _command(*files, out, language),
                    cwd=ROOT,
                    env=_environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    start_new_session=True,  # Ctrl-C at the WebUI's terminal closes standard input, and that is enough
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except BaseException:
                folder.cleanup()
                raise
            told = Told()
            self._process, self._told = process, told
        threading.Thread(target=self._follow, args=(process, told, folder), daemon=True).start()

    def check_free(self) -> None:
        """Raises `InvalidInput` where a run is under way."""
        is_over = self._told is None or self._told.report is not None  # then the process only closes what it had open
        if not is_over and self._process is not None and self._process.poll() is None:
            allowed = Text("one sweep on several WebUIs at a time; stop the running one or wait for it")
            raise InvalidInput(Text("Run on"), Text("several WebUIs"), allowed, Text("are already running a sweep"))

    def stop(self) -> None:
        """Lets the run end with what is finished; without one nothing happens."""
        with self._lock:
            process, told = self._process, self._told
        if process is None or told is None or process.poll() is not None:
            return
        told.state = "stopping"
        assert process.stdin is not None
        try:
            process.stdin.close()
        except OSError as error:  # it has ended meanwhile
            log.info("Clip skip sweep: the run on several WebUIs had ended already (%s)", error)

    def told(self) -> Told | None:
        """What the last run has told; None where there was none."""
        return self._told

    def _follow(self, process: subprocess.Popen[str], told: Told, folder: tempfile.TemporaryDirectory[str]) -> None:
        assert process.stdout is not None
        try:
            for line in _lines(process.stdout):
                told.take(line)
        except Exception:  # it is followed no further, but runs on
            log.exception("Clip skip sweep: what the run on several WebUIs says cannot be read")
        finally:
            told.code = process.wait()
            told.state = "ended"
            folder.cleanup()


RUNS = Elsewhere()
"""That of this WebUI, also after "Reload UI"."""


def _lines(output: IO[str]) -> Any:
    while line := output.readline(LONGEST_LINE):
        if line.strip():
            yield line.strip()


def _written(folder: Path, job: Job, addresses: Sequence[Address]) -> tuple[Path, Path]:
    """Job and addresses in files: on a command line everybody on the machine could read names and passwords."""
    plan, webuis = folder / "plan.json", folder / "webuis.txt"
    for file, text in (
        (plan, json.dumps(job.to_json(), ensure_ascii=False)),
        (webuis, "".join(f"{_with_auth(address)}\n" for address in addresses)),
    ):
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
    return plan, webuis


def _with_auth(address: Address) -> str:
    """The address as a file of WebUIs has it."""
    if address.auth is None:
        return address.url
    name, password = (quote(part, safe="") for part in address.auth)
    parts = urlsplit(address.url)
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc}"))


def _command(plan: Path, webuis: Path, out: str, language: str) -> list[str]:
    folder = str(Path(out).absolute())
    files = ["--plan", str(plan), "--webuis", str(webuis), "--out", folder]
    return [sys.executable, "-m", "clip_skip_lab", "sweep", *files, "--progress", "json", "--language", language]


def _environment() -> dict[str, str]:
    """That of the WebUI, in which the process finds this package."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def _left(told: Told, language: str) -> str | None:
    if told.seconds_left is None or told.over >= told.total:
        return None
    return translated(Text("{time} left", time=about(told.seconds_left)), language)


def as_json(told: Told | None, language: str) -> dict[str, Any]:
    """What `GET /clip-skip-lab/v1/elsewhere` answers (docs/api.md)."""
    if told is None:
        return {"state": "none"}
    sentences = list(told.sentences)
    if told.state == "ended" and told.code not in (0, 1, 2, 130):
        ended = Text("The run on several WebUIs ended unexpectedly ({code}).", code=told.code)
        sentences.append(translated(ended, language))
    return {
        "state": told.state,
        "sweep": Path(told.folder).name if told.folder else None,
        "over": told.over,
        "total": told.total,
        "failed": told.failed,
        "left": _left(told, language),
        "measured": None if told.measured is None else {"done": told.measured[0], "count": told.measured[1]},
        "webuis": [{"url": url, "state": state} for url, state in told.webuis.items()],
        "sentences": sentences,
        "report": told.report,
    }
