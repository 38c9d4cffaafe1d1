"""What a reader copies from README and docs works: commands have what they ask for, and code can be read."""

from __future__ import annotations

import argparse
import ast
import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
import tomllib

import release.check
import training.__main__
from clip_skip_lab.many.command import _parser
from clip_skip_lab.sweep.plan_keys import REQUEST_KEYS
from release.pages import blocks_of, inline_code_of, pages_of
from release.tree import Tree
from tests.helpers.routes import our_routes

REPO = Path(__file__).parents[2]
TREE = Tree(REPO)
PAGES = {name: TREE.text(name) for name in pages_of(TREE)}
SHELLS = ("", "sh", "bash", "shell", "console")
OURS = tuple(f"{name.name}." for name in REPO.iterdir() if (name / "__init__.py").is_file())
"""The packages at the top; `python -m` of another one is not ours to judge."""
COMMAND = re.compile(r"^(?:\$ )?((?:[A-Z_]+=\S* )*)(?:\S*/)?(make|python3?|clip-skip-lab|curl|pip3?)(?= )(.*)$")
PARSERS = {"training": training.__main__.main, "release": release.check.main}
"""Those that can be asked whether they take some arguments; of the others their source is read."""
KEYS = {key.name for key in REQUEST_KEYS}


def joined(block: str) -> list[str]:
    """The lines of a block, those that end with a backslash, or inside of quotes, with the next one."""
    lines: list[str] = []
    for line in block.split("\n"):
        if lines and (lines[-1].endswith("\\") or lines[-1].count("'") % 2 or lines[-1].endswith("|")):
            lines[-1] = f"{lines[-1].removesuffix(chr(92))} {line.strip()}"
        else:
            lines.append(line.rstrip())
    return lines


def commands(kind: str):
    """(page, what stands behind the command) wherever a page has this command."""
    for page, text in PAGES.items():
        shells = [line for block in blocks_of(text) if block.language in SHELLS for line in joined(block.text)]
        for line in [*shells, *inline_code_of(text)]:
            found = COMMAND.match(line)
            if found and found[2].rstrip("3") == kind and "→" not in line:  # which is a drawing
                rest = re.sub(r"\s+#\s.*$", "", found[3]).strip()
                yield pytest.param(rest, id=f"{page.removeprefix('docs/')}: {kind} {rest}"[:90])


def words(text: str) -> list[str]:
    """A command's arguments, as a shell has them; brackets of a usage, `…` and what follows a pipe fall away."""
    text = re.sub(r"\[(-.*?)\]", r"\1", text.partition(" | ")[0])
    return [word for word in shlex.split(text.replace("…", "")) if word not in ("&&", "[FOLDER]")]


@pytest.mark.parametrize("rest", commands("make"))
def test_a_target_of_make_is_there(rest):
    makefile = TREE.text("Makefile")
    for word in words(rest):
        pattern = rf"^{word.partition('=')[0]} *\??=|\$\({word.partition('=')[0]}\)" if "=" in word else rf"^{word}:"
        assert re.search(pattern, makefile, re.MULTILINE), word


@pytest.mark.parametrize("rest", commands("python"))
def test_a_module_is_there_and_takes_the_arguments(rest, monkeypatch, capsys):
    if not rest.startswith("-m "):
        return
    module, *given = words(rest)[1:]
    if not f"{module}.".startswith(OURS):
        assert module in ("venv", "pip", "pytest", "http.server") or find_spec(module)
        return
    found = find_spec(module)
    assert found, module
    if found.submodule_search_locations:
        found = find_spec(f"{module}.__main__")
        assert found, f"{module} cannot be run"
    if module in PARSERS:
        assert_taken(PARSERS[module], given, monkeypatch)
        return
    source = Path(found.origin).read_text(encoding="utf-8")
    assert "__main__" in source or found.name.endswith("__main__")
    assert [flag for flag in given if flag.startswith("-") and f'"{flag}"' not in source] == []


class Taken(Exception):
    """The arguments were read."""


def assert_taken(main, given, monkeypatch):
    read = argparse.ArgumentParser.parse_args

    def parse_args(self, *arguments):
        read(self, *arguments)
        raise Taken

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    with pytest.raises(Taken):
        main(given)


@pytest.mark.parametrize("rest", commands("clip-skip-lab"))
def test_the_command_takes_what_a_page_shows(rest, capsys):
    given = words(rest)
    try:
        _parser().parse_args(given)
    except SystemExit as ended:
        told = capsys.readouterr().err
        # A sentence may name a command alone; what it needs stands beside it.
        assert not ended.code or (len(given) == 1 and "required" in told), told


@pytest.mark.parametrize("rest", commands("pip"))
def test_what_is_installed_with_pip_is_offered(rest):
    extras = tomllib.loads(TREE.text("pyproject.toml"))["project"]["optional-dependencies"]
    for word in words(rest):
        if found := re.fullmatch(r"(?:\.|FOLDER)\[([\w,]+)\]", word):
            assert set(found[1].split(",")) <= set(extras)


@pytest.mark.parametrize("rest", commands("curl"))
def test_a_route_that_is_asked_is_there_and_its_body_is_json(rest):
    given = words(rest)
    (url,) = [word for word in given if word.startswith("http")]
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0]
    body = given[given.index("-d") + 1] if "-d" in given else None
    method = given[given.index("-X") + 1] if "-X" in given else "POST" if body else "GET"
    known = [re.sub(r"\{\w+\}", "[^/]+", route) for route in our_routes()]
    assert path.startswith("/sdapi/v1/") or any(re.fullmatch(route, f"{method} {path}") for route in known)
    if body:
        assert_plan(json.loads(body))


def examples(language: str):
    for page, text in PAGES.items():
        for number, block in enumerate(block for block in blocks_of(text) if block.language == language):
            yield pytest.param(block.text, id=f"{page}-{number}")


@pytest.mark.parametrize("text", examples("json"))
def test_an_example_in_json_can_be_read_and_its_plan_has_keys_that_are_known(text):
    assert_plan(json.loads(re.sub(r",?\s*(\"…\"|…)", "", text)))


@pytest.mark.parametrize("text", examples("python"))
def test_an_example_in_python_can_be_compiled_and_its_plan_has_keys_that_are_known(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "script_args":
            assert_plan({"script_name": "clip skip sweep", "script_args": ast.literal_eval(node.value)})


def assert_plan(told):
    """Of a request, of a file for the command, or of a plan alone."""
    if str(told.get("script_name", "")).lower() == "clip skip sweep":
        (plan,) = told["script_args"]
    elif "plan" in told and "request" in told:
        plan = told["plan"]
    elif {"extend", "part", "y"} & set(told):
        plan = told
    else:
        return
    assert set(plan) <= KEYS, set(plan) - KEYS


def test_commands_and_examples_are_found():
    counts = [len(list(commands(kind))) for kind in ("make", "python", "clip-skip-lab", "pip", "curl")]
    counts += [len(list(examples(language))) for language in ("json", "python")]
    assert all(counts), counts


def test_a_command_is_read_as_a_shell_reads_it():
    (line,) = joined("$ clip-skip-lab sweep --webui a \\\n    --clip-skip '1-12'   # all")
    assert COMMAND.match(line)[2] == "clip-skip-lab"
    assert words("sweep --webui a --clip-skip '1-12' | tee x") == ["sweep", "--webui", "a", "--clip-skip", "1-12"]
    assert words("page FOLDER… [--open]") == ["page", "FOLDER", "--open"]
