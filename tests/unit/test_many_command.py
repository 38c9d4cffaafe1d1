"""The command `clip-skip-lab`: what is typed, what is said, and what it exits with. What runs a sweep is exchanged."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many import run as running
from clip_skip_lab.many import sweeping
from clip_skip_lab.many.command import main
from clip_skip_lab.many.exchange import Gone
from clip_skip_lab.many.plain_axes import PLAIN_AXES
from clip_skip_lab.many.terminal import EXIT_CODES
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.sweep.running import running as running_now
from tests.helpers.memory_session import HOST, MemorySession, plan_of


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Without --out a sweep's folder is made where the command is run."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def english(monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "CLIP_SKIP_LAB_AUTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def swept(tmp_path):
    """The folder of a small sweep below `tmp_path`."""
    session = MemorySession(str(tmp_path))
    session.setting = {"seed": 7, "prompt": "a red cat"}
    return run_sweep(plan_of("1-3"), session, HOST).folder


@dataclass
class Running:
    """In the place of `run_many`: keeps the order, and runs a sweep in memory."""

    orders: list[Any] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    during: Any = None

    def __call__(self, order, watch, stop):
        self.orders.append(order)
        if self.error is not None:
            raise self.error
        session = MemorySession(str(order.out), **self.session)
        watch.began(Path("/sweeps/one"), 3, 0, [address.url for address in order.addresses])
        watch.webui("http://gpu1", "works")
        if self.during is not None:
            self.during(watch, stop)
        session.interrupted = stop.is_set()
        outcome = run_sweep(plan_of("1-3"), session, HOST)
        watch.cells_over(3, 3, 3, 0)
        return outcome


@pytest.fixture
def run(monkeypatch):
    made = Running()
    monkeypatch.setattr(running, "run_many", made)
    return made


@pytest.fixture
def request_file(tmp_path):
    path = tmp_path / "request.json"
    path.write_text('{"prompt": "a red cat"}', encoding="utf-8")
    return str(path)


def sweep(tmp_path, request_file, *more):
    return main(["sweep", "--webui", "gpu1", "--request", request_file, "--out", str(tmp_path / "out"), *more])


# --- A sweep ----------------------------------------------------------------------------------------------------------


def test_the_options_become_an_order(tmp_path, request_file, run, monkeypatch):
    monkeypatch.setenv("CLIP_SKIP_LAB_AUTH", "me:from-environment")
    file = tmp_path / "webuis.txt"
    file.write_text("gpu2\nme:own@gpu3\n", encoding="utf-8")
    plan = ["--clip-skip", "1-3", "--y", "CFG Scale=5,7", "--z", "Seed=1,2", "--mode", "fast", "--cells-per-batch", "4"]
    where = ["--webuis", str(file), "--allow-different", "--scheduler", "tcp://host:8786"]
    assert sweep(tmp_path, request_file, *plan, "--draft", "--no-measures", *where) == 0
    (order,) = run.orders
    assert [address.url for address in order.addresses] == ["http://gpu1", "http://gpu2", "http://gpu3"]
    assert [address.auth for address in order.addresses] == [("me", "from-environment")] * 2 + [("me", "own")]
    assert order.job.to_json() == {
        "tab": "txt2img",
        "request": {"prompt": "a red cat"},
        "plan": {
            "clip_skip": "1-3",
            "y": {"axis": "CFG Scale", "values": "5,7"},
            "z": {"axis": "Seed", "values": "1,2"},
            "mode": "fast",
            "cells_per_batch": "4",
            "draft": True,
            "measures": False,
        },
    }
    assert (order.out, order.resume, order.allow_different) == (tmp_path / "out", None, True)
    assert (order.scheduler, order.language) == ("tcp://host:8786", "en")
    file.write_text("gpu2\ngpu4\n", encoding="utf-8")
    assert [address.url for address in order.more()] == ["http://gpu1", "http://gpu2", "http://gpu4"]


def test_what_is_not_asked_for_is_not_in_the_plan(tmp_path, request_file, run):
    sweep(tmp_path, request_file)
    assert run.orders[0].job.plan == {}


def test_the_command_lines_password_counts_more_than_the_environments(tmp_path, request_file, run, monkeypatch, capsys):
    monkeypatch.setenv("CLIP_SKIP_LAB_AUTH", "me:from-environment")
    sweep(tmp_path, request_file, "--auth", "me:typed")
    assert run.orders[0].addresses[0].auth == ("me", "typed")
    said = capsys.readouterr()
    assert "typed" not in said.out + said.err


def test_a_sweep_that_is_whole_exits_with_0_and_says_where_its_page_is(tmp_path, request_file, run, capsys):
    assert sweep(tmp_path, request_file) == 0
    said = capsys.readouterr()
    assert "Clip skip sweep: 3 of 3 cells done." in said.out
    page = Path(said.out.splitlines()[-1].removeprefix("Page: "))
    assert page.name == "index.html" and page.exists()
    assert said.err == ""


def test_a_sweep_that_lacks_cells_exits_with_1_and_says_why(tmp_path, request_file, run, capsys):
    run.session = {"fails": {2: RuntimeError("no such layer")}}
    assert sweep(tmp_path, request_file) == 1
    said = capsys.readouterr()
    assert "Clip skip 2: RuntimeError: no such layer" in said.out
    assert said.err == ""


def test_where_no_webui_is_left_before_the_end_it_exits_with_1(tmp_path, request_file, run, capsys):
    run.error = Gone("http://gpu1 cannot be reached.")
    assert sweep(tmp_path, request_file) == 1
    assert capsys.readouterr().err == "http://gpu1 cannot be reached.\n"


def test_bad_input_exits_with_2_and_one_sentence(tmp_path, request_file, run, capsys):
    run.error = InvalidInput("WebUIs", "http://gpu2", "the checkpoint of the others", "has another checkpoint")
    assert sweep(tmp_path, request_file) == 2
    said = capsys.readouterr()
    assert said.err == 'WebUIs: "http://gpu2" has another checkpoint; allowed: the checkpoint of the others.\n'
    assert "Traceback" not in said.err + said.out


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("No space left on device")])
def test_what_nobody_expects_is_one_sentence_and_an_error_only_where_that_is_asked_for(
    error, tmp_path, request_file, run, capsys
):
    run.error = error
    assert sweep(tmp_path, request_file) == 1
    assert capsys.readouterr().err == "It failed (No space left on device). --verbose tells more.\n"
    with pytest.raises(type(error)):
        sweep(tmp_path, request_file, "--verbose")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--request", "REQUEST"], '"--webui" is missing'),
        (["--webui", "gpu1"], '"--request" is missing'),
        (["--webui", "gpu1", "--webui", "http://GPU1/", "--request", "REQUEST"], "is the same WebUI as http://gpu1"),
        (["--webui", "gpu1", "--request", "REQUEST", "--y", "CFG"], "a name and its values, such as CFG Scale=5,7,11"),
        (["--webui", "gpu1", "--request", "REQUEST", "--auth", "secret"], 'Name and password: "…" is not of this form'),
        (["--webui", "gpu1", "--resume", "x", "--clip-skip", "1"], '"--clip-skip" cannot be used with --resume'),
        (["--webui", "gpu1", "--resume", "x", "--plan", "REQUEST"], '"--plan" cannot be used with --resume'),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_runs(arguments, sentence, request_file, run, capsys):
    assert main(["sweep", *(request_file if item == "REQUEST" else item for item in arguments)]) == 2
    assert sentence in capsys.readouterr().err
    assert run.orders == []


def test_a_sweep_is_resumed_with_what_it_has_or_with_the_request_that_it_lacks(tmp_path, request_file, run):
    arguments = ["sweep", "--webui", "gpu1", "--resume", str(tmp_path / "sweep")]
    main(arguments)
    main([*arguments, "--request", request_file])
    assert [order.resume for order in run.orders] == [tmp_path / "sweep"] * 2
    assert run.orders[0].job is None
    assert run.orders[1].job.request == {"prompt": "a red cat"}


def test_it_speaks_the_language_of_the_terminal_or_the_one_that_is_asked_for(tmp_path, run, monkeypatch, capsys):
    main(["sweep", "--language", "ja"])
    assert "指定されていません" in capsys.readouterr().err
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    main(["sweep"])
    assert "指定されていません" in capsys.readouterr().err


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupt_ends_the_sweep_in_order(number, tmp_path, request_file, run, capsys):
    def interrupted(watch, stop):
        signal.raise_signal(number)
        assert stop.is_set()
        for thread in threading.enumerate():
            if thread.daemon and thread is not threading.current_thread():
                thread.join(1)

    run.during = interrupted
    before = signal.getsignal(number)
    assert sweep(tmp_path, request_file) == 130
    assert signal.getsignal(number) is before
    assert "Stopping; finished cells are kept. Press Ctrl-C again to stop at once." in capsys.readouterr().out


def test_the_second_interrupt_ends_it_at_once(tmp_path, request_file, run, monkeypatch):
    def at_once(code):
        raise SystemExit(code)

    def interrupted(watch, stop):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sweeping.os, "_exit", at_once)
    run.during = interrupted
    with pytest.raises(SystemExit, match="130"):
        sweep(tmp_path, request_file)


# --- Without the extra ------------------------------------------------------------------------------------------------


def test_without_what_a_sweep_needs_it_says_how_to_get_it(request_file, run, monkeypatch, capsys):
    monkeypatch.setattr("clip_skip_lab.many.find_spec", lambda name: None if name == "rich" else name)
    assert main(["sweep", "--webui", "gpu1", "--request", request_file]) == 2
    root = Path(sweeping.__file__).parents[2]
    assert capsys.readouterr().err == f'A sweep needs rich: pip install "{root}[many]"\n'
    assert run.orders == []


def test_the_other_commands_import_nothing_of_it_and_no_webui(swept):
    code = (
        "import sys; from clip_skip_lab.many.command import main\n"
        "code = [main(['list', sys.argv[1]]), main(['page', sys.argv[2]]), main(['measure', sys.argv[2]])]\n"
        "there = {'distributed', 'dask', 'httpx', 'rich', 'torch', 'gradio', 'fastapi', 'modules'} & set(sys.modules)\n"
        "sys.exit(f'{code} {there}' if any(code) or there else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(swept.parents[1]), str(swept)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(sweeping.__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr


# --- Sweeps on disk ---------------------------------------------------------------------------------------------------


def test_list_has_a_line_for_each_sweep(swept, capsys):
    assert main(["list", str(swept.parents[1])]) == 0
    assert capsys.readouterr().out == f"{swept.name}  finished  3/3  a red cat\n"
    assert main(["list", str(swept.parent)]) == 0
    assert capsys.readouterr().out.startswith(swept.name)


def test_list_gives_json_to_programs(swept, capsys):
    assert main(["list", "--json", str(swept.parents[1])]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["id"], entry["state"], entry["done"], entry["cells"]) == (swept.name, "finished", 3, 3)


def test_a_sweep_that_somebody_runs_is_told_from_one_that_was_killed(swept, capsys):
    record = swept / "sweep.json"
    record.write_text(
        record.read_text(encoding="utf-8").replace('"state": "finished"', '"state": "running"'), encoding="utf-8"
    )
    with running_now(swept):
        main(["list", str(swept.parent)])
        assert main(["measure", str(swept)]) == 2
    main(["list", str(swept.parent)])
    said = capsys.readouterr()
    assert [line.split()[1] for line in said.out.splitlines()] == ["running", "interrupted"]
    assert "is already running" in said.err


def test_a_damaged_sweep_is_listed_with_what_is_wrong(swept, capsys):
    (swept / "sweep.json").write_text("{", encoding="utf-8")
    assert main(["list", str(swept.parents[1])]) == 0
    assert "has no readable sweep.json" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_refused_and_an_empty_one_lists_nothing(tmp_path, capsys):
    assert main(["list", str(tmp_path / "gone")]) == 2
    assert "cannot be found" in capsys.readouterr().err
    assert main(["list", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_page_writes_the_page_anew_and_says_its_path(swept, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    for name in ("index.html", "sweep.js"):
        (swept / name).unlink()
    assert main(["page", str(swept), "--open"]) == 0
    page = swept / "index.html"
    assert capsys.readouterr().out == f"{page}\n"
    assert page.exists() and (swept / "sweep.js").exists()
    assert opened == [page.as_uri()]


def test_measure_says_what_it_found(swept, capsys):
    assert main(["measure", "--language", "ja", str(swept)]) == 0
    content = json.loads((swept / "sweep.json").read_text(encoding="utf-8"))
    assert content["findings"]["ja"][0] in capsys.readouterr().out


@pytest.mark.parametrize("name", ["measure", "page"])
def test_a_folder_that_is_none_of_a_sweep_keeps_no_other_from_it(name, swept, tmp_path, capsys):
    assert main([name, str(tmp_path), str(swept)]) == 2
    said = capsys.readouterr()
    assert "has no readable sweep.json" in said.err
    assert str(swept) in said.out


def test_the_librarys_index_beside_the_sweeps_is_not_taken_for_one(swept, capsys):
    main(["list", str(swept.parents[1])])
    assert main(["page", *map(str, swept.parent.iterdir())]) == 0


@pytest.mark.parametrize("name", [[], ["sweep"], ["measure"], ["page"], ["list"]])
def test_the_help_has_the_exit_codes(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*name, "--help"])
    assert "130  interrupted" in capsys.readouterr().out


# --- The docs ---------------------------------------------------------------------------------------------------------

DOCS = Path(sweeping.__file__).parents[2] / "docs" / "many.md"


@pytest.mark.parametrize("name", ["sweep", "measure", "page", "list"])
def test_the_docs_name_every_option(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    options = set(re.findall(r"--[a-z][\w-]+", capsys.readouterr().out))
    told = DOCS.read_text(encoding="utf-8")
    assert {option for option in options if not re.search(rf"{option}(?![\w-])", told)} == set()


def test_the_docs_have_the_exit_codes_as_the_help_has_them():
    _, _, after = DOCS.read_text(encoding="utf-8").partition("**Exit codes**")
    rows = re.findall(r"^\| (\d+) \| ([^:.;|]+)", after.partition("\n## ")[0], re.MULTILINE)
    help = re.findall(r"^  (\d+) +([^:.;\n]+)", EXIT_CODES, re.MULTILINE)
    assert [(code, text.strip()) for code, text in rows] == [(code, text.strip()) for code, text in help]


def test_the_docs_name_the_axes_of_a_webui_without_the_extension():
    told = " ".join(DOCS.read_text(encoding="utf-8").split())
    *others, last = PLAIN_AXES
    assert f"the axes {', '.join(others)} and {last};" in told
