"""A run on several WebUIs as the page's WebUI follows it: a process that speaks in lines."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many.addresses import read_lines
from clip_skip_lab.many.exchange import Address, Job
from clip_skip_lab.many.lines import Lines
from clip_skip_lab.ui import elsewhere
from clip_skip_lab.ui.arguments import asked_place, panel_values
from clip_skip_lab.ui.elsewhere import Elsewhere, Told, as_json

JOB = Job("txt2img", {"prompt": "a cat", "seed": 7}, {"clip_skip": "1-4"})
ADDRESSES = [Address("http://127.0.0.1:7860", ("me", "p@ss #1")), Address("http://gpu2:7860")]

FOLLOWED = """
import json, pathlib, sys
arguments = sys.argv[1:]
plan, webuis = (pathlib.Path(arguments[arguments.index(name) + 1]) for name in ("--plan", "--webuis"))
print(json.dumps({"event": "said", "sentence": json.dumps([oct(f.stat().st_mode & 0o777) for f in (plan, webuis)])}))
print(json.dumps({"event": "said", "sentence": webuis.read_text()}))
print(json.dumps({"event": "said", "sentence": " ".join(arguments)}))
print(json.dumps({"event": "began", "folder": "/out/2026-11-27-0a1b2c3d", "total": 4, "done": 0, "webuis": ["http://a"]}))
print(json.dumps({"event": "cells", "over": 1, "total": 4, "done": 1, "failed": 0, "seconds_left": 300}), flush=True)
sys.stdin.read()
print("a line that is no object")
sys.exit(130)
"""


def becomes(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """Runs of a program that follows the protocol, in the place of the command; they are stopped at the end."""
    program = tmp_path / "followed.py"
    program.write_text(FOLLOWED, encoding="utf-8")
    command = elsewhere._command
    monkeypatch.setattr(elsewhere, "_command", lambda *given: [sys.executable, str(program), *command(*given)[4:]])
    runs = Elsewhere()
    yield runs
    runs.stop()
    becomes(lambda: runs.told() is None or runs.told().state == "ended")


def test_a_run_is_followed_and_ends_with_what_is_finished_when_it_is_stopped(runs, tmp_path):
    assert as_json(runs.told(), "en") == {"state": "none"}
    runs.start(JOB, ADDRESSES, str(tmp_path / "out"), "ja")
    becomes(lambda: runs.told().over == 1)
    told = as_json(runs.told(), "ja")
    assert (told["state"], told["sweep"], told["total"]) == ("running", "2026-11-27-0a1b2c3d", 4)
    assert told["left"] == "残り約 5 分"
    assert told["webuis"] == [{"url": "http://a", "state": "waits"}]
    runs.stop()
    becomes(lambda: runs.told().state == "ended")
    assert runs.told().code == 130
    assert runs.told().sentences[-1] == "a line that is no object"


def test_names_and_passwords_are_in_a_file_that_only_this_user_reads_and_that_is_gone_at_the_end(runs, tmp_path):
    runs.start(JOB, ADDRESSES, str(tmp_path / "out"), "en")
    becomes(lambda: runs.told().over == 1)
    modes, webuis, arguments = runs.told().sentences
    if os.name == "posix":  # elsewhere a user's temporary folder is what others cannot read
        assert json.loads(modes) == [oct(stat.S_IRUSR | stat.S_IWUSR)] * 2
    assert read_lines(webuis) == ADDRESSES
    assert "p@ss" not in arguments and "me" not in arguments.split() and "p%40ss" not in arguments
    plan = Path(arguments.split()[arguments.split().index("--plan") + 1])
    assert json.loads(plan.read_text(encoding="utf-8")) == JOB.to_json()
    runs.stop()
    becomes(lambda: runs.told().state == "ended" and not plan.parent.exists())


def test_a_second_run_is_refused_while_one_is_under_way(runs, tmp_path):
    runs.start(JOB, ADDRESSES, str(tmp_path), "en")
    with pytest.raises(InvalidInput, match="one sweep on several WebUIs at a time"):
        runs.start(JOB, ADDRESSES, str(tmp_path), "en")
    runs.stop()
    becomes(lambda: runs.told().state == "ended")
    runs.start(JOB, ADDRESSES, str(tmp_path), "en")


def test_a_program_that_dies_is_told_with_what_it_said(runs, monkeypatch, tmp_path):
    broken = [sys.executable, "-c", "import sys; print('some reason'); sys.exit(9)"]
    monkeypatch.setattr(elsewhere, "_command", lambda *_: broken)
    runs.start(JOB, ADDRESSES, str(tmp_path), "en")
    becomes(lambda: runs.told().state == "ended")
    told = as_json(runs.told(), "en")
    assert told["sentences"] == ["some reason", "The run on several WebUIs ended unexpectedly (9)."]
    assert told["sweep"] is None and told["report"] is None


def test_what_the_command_writes_is_what_is_read(capsys):
    lines = Lines("en")
    lines.began(Path("/out/2026-11-27-0a1b2c3d"), 12, 2, ["http://a", "http://b"])
    lines.webui("http://b", "lost")
    lines.said("http://b was lost.")
    lines.cells_over(5, 12, 4, 1)
    lines.measuring(3, 12)
    told = Told()
    for line in capsys.readouterr().out.splitlines():
        told.take(line)
    folder = str(Path("/out/2026-11-27-0a1b2c3d"))
    assert (told.folder, told.over, told.total, told.failed) == (folder, 5, 12, 1)
    assert told.webuis == {"http://a": "waits", "http://b": "lost"}
    assert told.sentences == ["http://b was lost."]
    assert told.measured == (3, 12)


def test_where_a_sweep_runs_is_asked_by_the_panel_only():
    def panel(**values):
        return tuple({**panel_values(()), **values}.values())

    assert asked_place(()) == asked_place(({"clip_skip": "1-2"},)) == asked_place(panel()) == "This WebUI"
    assert asked_place(panel(run_on=None)) == "This WebUI"
    assert asked_place(panel(run_on="3 WebUIs")) == "3 WebUIs"
    assert asked_place(panel(run_on="The command line")) == "The command line"
    # What was begun here goes on here.
    assert asked_place(panel(run_on="3 WebUIs", resume="2026-11-27-0a1b2c3d: 1 of 2 cells")) == "This WebUI"


def test_the_end_of_standard_input_stops_a_run(monkeypatch):
    from clip_skip_lab.many.lines import stop_at_the_end_of_input

    read, write = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(read))
    stop = threading.Event()
    stop_at_the_end_of_input(stop)
    assert not stop.wait(0.1)
    os.close(write)
    assert stop.wait(10)
