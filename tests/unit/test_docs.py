"""The tables of the docs are true. Links and pictures: test_release.py; commands and code: test_docs_commands.py."""

import ast
import re
from argparse import ArgumentParser
from pathlib import Path

from clip_skip_lab.measure.folder import measure_folder
from preload import preload
from tests.helpers.measured import swept
from tests.helpers.routes import our_routes

REPO = Path(__file__).parents[2]


def text_of(name):
    return (REPO / "docs" / name).read_text(encoding="utf-8")


def keys_in(section):
    """The names in the first column of a part's table, `a`, `b` in one row as two."""
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_route_is_told_and_every_told_route_is_there():
    there = our_routes()
    told = re.findall(
        r"(?:GET|PUT|PATCH|DELETE|POST) /clip-skip-lab/v1/[\w/{}-]+",
        text_of("api.md") + text_of("memory-and-advice.md"),
    )
    below = {route for route in there if "/page/" in route}  # told in words: "Below it, `…/page/cells/…` and so on"
    assert {route.replace("{id}", "{sweep_id}") for route in told} == there - below


def test_every_setting_and_every_flag_is_told():
    docs = text_of("header.md") + text_of("memory-and-advice.md") + text_of("library.md") + text_of("panel.md")
    for path in (REPO / "clip_skip_lab" / "ui").glob("*.py"):
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "OptionInfo":
                assert call.args[1].value in docs, path.name
    parser = ArgumentParser(add_help=False)
    preload(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert flags == set(re.findall(r"--clip-skip-lab-[\w-]+", docs))


def test_the_docs_have_every_key_of_sweep_json(tmp_path):
    content = measure_folder(swept(tmp_path, fails=(3,)))
    docs = text_of("sweep-folder.md").partition("## `sweep.json`, schema 1")[2]
    sweep, cell, measured = re.split(r"\nA cell:\n|\nWhat measuring adds", docs)[:3]
    assert set(content) <= keys_in(sweep) | keys_in(measured.partition("\n`effects`:")[0])
    assert {key for entry in content["cells"] for key in entry} <= keys_in(cell)


def test_the_page_of_the_study_says_what_its_report_writes():
    report = ast.parse((REPO / "training" / "trained_with_report.py").read_text(encoding="utf-8"))
    texts = (node for node in ast.walk(report) if isinstance(node, ast.JoinedStr) and len(ast.unparse(node)) > 400)
    said = [part.value for text in texts for part in text.values if isinstance(part, ast.Constant)]
    page = text_of("trained-with-study.md")
    assert len(said) > 60
    assert [part for part in said if part.strip() not in page] == []
