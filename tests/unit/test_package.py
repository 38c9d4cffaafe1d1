"""The package outside a WebUI: it asks for what it imports, has its files with it, and a WebUI minds nothing of it."""

import ast
import re
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = ("sweep", "measure", "page", "library", "many")
NAMES = {"PIL": "pillow", "skimage": "scikit-image", "dask": "distributed"}
"""Of packages that are imported by another name, or come with another one."""


def asked_for(*extras):
    needed = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        needed += PROJECT["project"]["optional-dependencies"][extra]
    return {re.match(r"[\w-]+", text)[0].lower() for text in needed}


@lru_cache
def imported(room):
    found = set()
    for path in (ROOT / "clip_skip_lab" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.partition(".")[0])
    return {NAMES.get(name, name) for name in found - sys.stdlib_module_names}


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_imported_outside_a_webui_is_asked_for(room):
    assert imported(room) <= asked_for(*(["many"] if room == "many" else []))


def test_nothing_is_asked_for_that_nothing_imports():
    assert asked_for("many") == set().union(*map(imported, ROOMS))


def test_the_command_is_there():
    module, _, function = PROJECT["project"]["scripts"]["clip-skip-lab"].partition(":")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_files_of_languages_go_where_an_installed_package_looks_for_them():
    (place,) = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items()
    assert place == ("localizations", "clip_skip_lab/localizations")
    assert not (ROOT / "clip_skip_lab" / "localizations").exists()
