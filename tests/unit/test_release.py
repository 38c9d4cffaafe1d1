"""What `make release-check` looks at: each check is silent on a tree that is in order, and fails when it should."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from release import address, clone, documents, facts, files, forms
from release.check import CHECKS, main
from release.pages import anchors_of, links_of, shown_in
from release.tree import Tree, git

OURS = address.PLACEHOLDER
ENTRY = {"name": "Lab", "url": f"{OURS}.git", "description": "A lab.", "tags": ["script", "UI related"]}
CITATION = {
    **{"cff-version": "1.2.0", "message": "Cite it.", "title": "Lab", "authors": [{"name": "The developers"}]},
    **{"version": "1.0.0", "date-released": "2026-11-27", "license": "MIT", "repository-code": OURS},
}
FIELD = {"type": "input", "id": "what", "attributes": {"label": "What"}}
FORM = {"name": "A bug", "description": "Something is wrong.", "body": [FIELD]}
SOUND = {
    "LICENSE": "MIT License\n",
    "README.md": f"# Lab\n[how](docs/how.md#second-step)\n![A grid](docs/images/a.png)\n{OURS}/issues\n",
    "docs/how.md": "# How\n## Second step\n[back](../README.md) [all](images)\n",
    "docs/images/a.png": "p",
    "model.safetensors": "m",
    "THIRD_PARTY.md": "| files | from | license |\n|---|---|---|\n| `*.safetensors` | trained here | MIT |\n",
    "CHANGELOG.md": "# Changes\n\n## Unreleased\n\n## 1.0.0 (2026-11-27)\n\n- The first.\n",
    "CITATION.cff": yaml.safe_dump(CITATION),
    "clip_skip_lab/__init__.py": '__version__ = "1.0.0"\n',
    "pyproject.toml": f'[project]\nname = "lab"\ndependencies = ["numpy>=1"]\nurls = {{ Repository = "{OURS}" }}\n',
    "release/index-entry.json": json.dumps(ENTRY),
    ".github/ISSUE_TEMPLATE/bug.yml": yaml.safe_dump(FORM),
}


@pytest.fixture
def tree(tmp_path):
    """Makes a repository of the sound files with some changed; None leaves one out."""

    def make(changed=None):
        root = tmp_path / "repository"
        for name, text in {**SOUND, **(changed or {})}.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
        git(root, "init", "--quiet", "--initial-branch", "main")
        return Tree(root)

    return make


def commit(tree):
    git(tree.root, "add", "--all")
    git(tree.root, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "x")
    return tree


def readme(more):
    return {"README.md": SOUND["README.md"] + more}


def test_a_tree_that_is_in_order_passes_and_the_placeholder_is_left_to_do(tree):
    here = commit(tree())
    found = [check(here) for check in CHECKS]
    assert [result.problems for result in found] == [[]] * len(CHECKS)
    assert [result.name for result in found if result.to_do] == ["address"]


@pytest.mark.parametrize(
    ("check", "changed", "problem"),
    [
        (documents.links, readme("[x](docs/gone.md)"), "docs/gone.md is not in the repository"),
        (documents.links, readme("[x](docs/how.md#third)"), "docs/how.md has no heading #third"),
        (documents.links, readme("[x](#nowhere)"), "README.md has no heading #nowhere"),
        (documents.links, readme("[x](/docs/how.md)"), "begins at the root"),
        (documents.links, readme("see http://example.org/x."), "http://example.org/x should begin with https://"),
        (documents.links, readme("<a href='https://lab/x'>x</a>"), "has no host"),
        (documents.links, readme("[x]: docs/none.md"), "docs/none.md is not"),
        (documents.pictures, readme("![B](docs/images/b.png)"), "docs/images/b.png is shown, and not in"),
        (documents.pictures, readme("![](docs/images/a.png)"), "has no alt text"),
        (documents.pictures, readme('<img src="docs/images/a.png">'), "has no alt text"),
        (documents.pictures, {"docs/images/b.webp": "p"}, "docs/images/b.webp is shown on no page"),
        (files.sizes, {"large": b"0" * 6_000_001}, "large has 6.0 MB"),
        (files.third_party, {"LICENSE": "All rights reserved"}, "LICENSE is not the MIT license"),
        (files.third_party, {"THIRD_PARTY.md": None}, "THIRD_PARTY.md has no table"),
        (files.third_party, {"font.woff2": "f"}, "font.woff2 (a file that is seldom written by hand) is not in"),
        (files.third_party, {"a/vocab.json": "{}"}, "a/vocab.json (a vocabulary) is not in"),
        (files.third_party, {"tests/minihost/x.py": ""}, "tests/minihost/x.py (written after another program)"),
        (files.third_party, {"x.js": "/* Copyright (c) 2020 Somebody */"}, "x.js (has a mark of somebody's license)"),
        (files.third_party, {"model.safetensors": None}, "names *.safetensors, which is not in the repository"),
        (files.third_party, {"THIRD_PARTY.md": SOUND["THIRD_PARTY.md"].replace("MIT", "?")}, "is not said"),
        (
            files.dependencies,
            {"pyproject.toml": '[project]\ndependencies = ["no-such-package-at-all"]'},
            "not installed",
        ),
        (facts.version, {"clip_skip_lab/__init__.py": '__version__ = "1.0"\n'}, "is not a number such as"),
        (facts.version, {"clip_skip_lab/__init__.py": '__version__ = "1.0.1"\n'}, "CITATION.cff says 1.0.0"),
        (facts.version, {"metadata.ini": "[Extension]\nVersion = 0.9.0\n"}, "metadata.ini says 0.9.0"),
        (facts.version, readme("Clip Skip Lab 0.9.0"), "README.md speaks of version 0.9.0"),
        (facts.version, {"CHANGELOG.md": "## 1.0.0 (2026-11-27)\n\n## 0.9.0 (2026-01-01)\n\n- x\n"}, "no section"),
        (facts.version, {"CHANGELOG.md": "## 1.0.0 (soon)\n\n- x\n"}, "has no section “## 1.0.0 (date)”"),
        (facts.version, {"CHANGELOG.md": "## 1.0.0 (2026-11-28)\n\n- x\n"}, "CHANGELOG.md of 2026-11-28"),
        (facts.version, {"CHANGELOG.md": "## 1.0.0 (2026-11-27)\n" + "- x\n" * 81}, "has 81 lines for 1.0.0"),
        (facts.entry, {"release/index-entry.json": None}, "No such file"),
        (facts.entry, {"release/index-entry.json": "{"}, "Expecting"),
        (facts.citation, {"CITATION.cff": None}, "is not there"),
        (facts.citation, {"CITATION.cff": "a: [1"}, "expected"),
        (forms.forms, {".github/ISSUE_TEMPLATE/bug.yml": None}, "has no form"),
        (forms.forms, {".github/ISSUE_TEMPLATE/bug.yml": "name: x\n"}, "lacks description"),
        (forms.forms, {".github/ISSUE_TEMPLATE/config.yml": "links: []\n"}, "has links, which GitHub does not know"),
        (forms.forms, {".github/ISSUE_TEMPLATE/bug.yml": f"# {OURS}#gone\nname: x\n"}, "has no heading #gone"),
        (address.check, readme("https://github.com/me/clip-skip-lab"), "README.md has https://github.com/me/"),
        (address.check, {"pyproject.toml": "[project]\n"}, "names no Repository"),
    ],
)
def test_a_check_fails_when_it_should(tree, check, changed, problem):
    here = tree(changed)
    result = check(commit(here) if check is files.sizes else here)
    assert problem in "\n".join(result.problems)
    assert result.lines()[0].startswith("FAIL")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tags": ["script", "clip"]}, "'clip' is not a tag"),
        ({"tags": ["installed"]}, "'installed' is not a tag"),
        ({"tags": ["tab", "tab"]}, "names a tag twice"),
        ({"tags": []}, "lacks tags"),
        ({"description": ""}, "lacks description"),
        ({"description": "一言"}, "one line of English"),
        ({"url": "https://github.com/me/other.git"}, "not https://github.com/OWNER/clip-skip-lab.git"),
        ({"added": "yesterday"}, "not a date"),
        ({"stars": 5}, "has stars"),
    ],
)
def test_an_entry_that_the_list_would_refuse_is_found(change, problem):
    assert problem in "\n".join(facts.problems_of_entry({**ENTRY, **change}, OURS))
    assert facts.problems_of_entry({**ENTRY, "added": "2026-11-27"}, OURS) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"message": ""}, "lacks message"),
        ({"authors": [{"website": "x"}]}, "an author without a name"),
        ({"date-released": "soon"}, "not a date"),
        ({"license": "AGPL-3.0"}, "another license"),
        ({"pages": 3}, "has pages"),
        ({"type": "book"}, "a type"),
        ({"repository-code": "https://github.com/me/x"}, "repository-code is not"),
    ],
)
def test_a_citation_that_cannot_be_read_is_found(change, problem):
    assert problem in "\n".join(facts.problems_of_citation({**CITATION, **change}, OURS))


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"type": "text", "attributes": {"label": "x"}}, "no type that GitHub knows"),
        ({"type": "input", "attributes": {}}, "lacks label"),
        ({"type": "markdown", "attributes": {"label": "x"}}, "lacks value"),
        ({"type": "dropdown", "attributes": {"label": "x"}}, "has no options"),
        ({"type": "dropdown", "attributes": {"label": "x", "options": [True]}}, "not text"),
        ({"type": "dropdown", "attributes": {"label": "x", "options": ["a", "a"]}}, "an option twice"),
        ({"type": "checkboxes", "attributes": {"label": "x", "options": ["a"]}}, "a box without a label"),
        ({"type": "input", "id": "a b", "attributes": {"label": "x"}}, "an id with other signs"),
        ({"type": "input", "attributes": {"label": "x"}, "validations": {"least": 1}}, "validations"),
        ({"type": "input", "attributes": {"label": "What"}}, "the same label twice"),
    ],
)
def test_a_field_that_github_would_not_show_is_found(field, problem):
    assert problem in "\n".join(forms.problems_of_form({**FORM, "body": [FIELD, field]}))


def test_a_package_with_terms_of_its_own_fails(tree, monkeypatch):
    monkeypatch.setattr(files, "license_of", lambda name: "GNU Affero General Public License v3")
    assert files.dependencies(tree()).problems == ["numpy: GNU Affero General Public License v3"]


def test_the_address_is_written_everywhere_and_a_second_time_changes_nothing(tree, monkeypatch):
    here, real = commit(tree(readme("https://OWNER.github.io/clip-skip-lab/try/"))), "https://github.com/me/lab-1"
    monkeypatch.chdir(here.root)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert address.main(["git@github.com:me/lab.git"]) == 2 == address.main([])
    assert address.main([real + ".git"]) == 0
    changed = git(here.root, "diff", "--name-only").split()
    assert changed == ["CITATION.cff", "README.md", "pyproject.toml", "release/index-entry.json"]
    assert "https://me.github.io/lab-1/try/" in here.text("README.md")
    assert [check(here).lines() for check in CHECKS if check(here).problems or check(here).to_do] == []
    before = {name: here.text(name) for name in changed}
    assert address.main([real]) == 0 and {name: here.text(name) for name in changed} == before
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/lab-1")
    assert "this repository is https://github.com/somebody/lab-1" in address.check(here).problems[0]
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/lab-1")
    assert address.check(here).problems == []


def test_the_command_looks_at_the_last_commit_and_tells_sizes(tree, capsys):
    here = commit(tree())
    (here.root / "README.md").write_text("[x](gone.md)", encoding="utf-8")
    assert main(["check", "--quick", "--repository", str(here.root)]) == 0
    told = capsys.readouterr().out
    assert "1 files here differ from the last commit" in told and "placeholder" in told
    commit(here)
    assert main(["check", "--quick", "--repository", str(here.root)]) == 1
    told = capsys.readouterr().out
    assert "FAIL   links: README.md: gone.md is not in the repository" in told
    assert "ok     clone: full 0.0 MB (.git 0.0 MB), shallow 0.0 MB" in told


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_command_of_the_readme_that_fails_in_a_fresh_clone_fails(tmp_path):
    (tmp_path / "Makefile").write_text("demo:\n\ttrue\ntest:\n\tfalse\n", encoding="utf-8")
    assert clone.command(tmp_path, "demo").problems == []
    assert clone.command(tmp_path, "test").problems == ["exit code 2"]


# How a page is read


def test_code_and_comments_hold_no_links():
    assert links_of("`[a](b)` <!-- [c](d) -->\n```\n[e](f)\n```\n[g](h 'i') <https://j.k>") == ["h", "https://j.k"]
    assert links_of("at https://a.b/c, or http://127.0.0.1:7860/x.") == ["https://a.b/c"]


def test_a_picture_that_leads_somewhere_is_two_links():
    text = '[![Grid](a.png)](b.md)\n<img alt="One" src="c.webp" width="9">'
    assert links_of(text) == ["a.png", "b.md", "c.webp"]
    assert shown_in(text) == [("a.png", "Grid"), ("c.webp", "One")]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Two commands", "two-commands"),
        ("`sweep.json`, schema 1", "sweepjson-schema-1"),
        ("What is *clip skip*, really?", "what-is-clip-skip-really"),
        ("X/Y/Z & more", "xyz--more"),
        ("[A link](x.md) here", "a-link-here"),
        ("使い方（はじめに）", "使い方はじめに"),
        ("snake_case stays", "snake_case-stays"),
    ],
)
def test_an_anchor_is_what_github_makes_of_a_heading(heading, anchor):
    assert anchor in anchors_of(f"# {heading} #\n")


def test_a_heading_that_comes_twice_is_numbered_and_code_has_none():
    assert anchors_of('## A\n## A\n```\n# B\n```\n<a id="own"></a>') == {"a", "a-1", "own"}


def test_this_repository_is_in_order():
    tree = Tree(Path(__file__).parents[2])
    quick = [check for check in CHECKS if check not in (files.sizes, files.dependencies)]
    assert [problem for check in quick for problem in check(tree).problems] == []


def test_git_that_refuses_is_an_error(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path / "none", "status")
