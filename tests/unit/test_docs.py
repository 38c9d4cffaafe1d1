"""The docs lead somewhere: every link and picture that a page names is there. And their tables are true."""

import ast
import re
from argparse import ArgumentParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from clip_skip_lab.api.advice import add_advice_routes
from clip_skip_lab.api.elsewhere import add_elsewhere_routes
from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.lens import add_lens_route
from clip_skip_lab.api.memory import add_memory_routes
from clip_skip_lab.api.model import add_model_routes
from clip_skip_lab.api.picks import add_pick_routes
from clip_skip_lab.api.rank_correlation import add_rank_correlation_route
from clip_skip_lab.api.running import add_running_route
from clip_skip_lab.api.sweeps import add_sweep_routes
from clip_skip_lab.api.trained_with import add_trained_with_route
from clip_skip_lab.api.words import add_words_route
from clip_skip_lab.library.listing import Library
from clip_skip_lab.measure.folder import measure_folder
from preload import preload
from tests.helpers.measured import swept

REPO = Path(__file__).parents[2]
PAGES = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if link and not (page.parent / link).exists()] == []


def test_every_picture_of_the_docs_is_shown_on_a_page():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = (REPO / "docs" / "images").iterdir()
    assert [picture.name for picture in pictures if f"images/{picture.name}" not in text] == []


# What the tables say is what the code says


def text_of(name):
    return (REPO / "docs" / name).read_text(encoding="utf-8")


def keys_in(section):
    """The names in the first column of a part's table, `a`, `b` in one row as two."""
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_route_is_told_and_every_told_route_is_there():
    app, guard = FastAPI(openapi_url=None), Guard()
    add_model_routes(app, None, guard)
    add_words_route(app, None, guard)
    add_advice_routes(app, None, None, guard)
    add_memory_routes(app, SimpleNamespace(entries=None, listing=None, use=None), guard)
    add_sweep_routes(app, Library(None), guard)
    add_pick_routes(app, None, None, guard)
    add_rank_correlation_route(app, None, None, guard)
    add_running_route(app, guard)
    add_elsewhere_routes(app, None, None, guard)
    add_trained_with_route(app, None, guard)
    add_lens_route(app, None, guard)
    there = {f"{method} {route.path}" for route in app.routes for method in route.methods}
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
