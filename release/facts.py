"""What a version says of itself: its number, the entry for the WebUI's list of extensions, how to cite it."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import tomllib
import yaml  # comes with transformers

from .address import ENTRY, current
from .pages import pages_of
from .tree import Result, Tree

MODULE = "clip_skip_lab/__init__.py"
CITATION = "CITATION.cff"
MOST_LINES = 80
NUMBER = re.compile(r"\d+\.\d+\.\d+")

TAGS = (
    *("script", "localization", "tab", "dropdown", "ads", "training", "models", "UI related", "prompting"),
    *("editing", "manipulations", "online", "animation", "query", "science", "extras"),
)
"""What an entry may be sorted under, as the list's tags.json had it on 2026-05-25; "installed" is the WebUI's."""
ENTRY_KEYS = ("name", "url", "description", "tags")

CITATION_KEYS = {
    *("cff-version", "message", "title", "authors", "type", "abstract", "version", "date-released", "license"),
    *("license-url", "url", "repository", "repository-code", "repository-artifact", "keywords", "identifiers", "doi"),
    *("commit", "contact", "preferred-citation", "references"),
}
"""All that version 1.2.0 of the Citation File Format knows."""
NEEDED_IN_CITATION = ("cff-version", "message", "title", "authors", "version", "date-released", "license")


def version_of(tree: Tree) -> str:
    """The version that the package says it is; "" where it says none."""
    found = re.search(r'^__version__ = "([^"]+)"', tree.text(MODULE), re.MULTILINE)
    return found[1] if found else ""


def version(tree: Tree) -> Result:
    """One number everywhere, and a dated section of the changelog for it."""
    result, number = Result("version"), version_of(tree)
    if not NUMBER.fullmatch(number):
        result.problems.append(f"{MODULE} says {number!r}, which is not a number such as 1.0.0")
        return result
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    if project.get("version", number) != number:
        result.problems.append(f"pyproject.toml says {project['version']}")
    if "metadata.ini" in tree.files:
        for other in re.findall(r"(?im)^version\s*=\s*(\S+)", tree.text("metadata.ini")):
            if other != number:
                result.problems.append(f"metadata.ini says {other}")
    citation = _yaml(tree, CITATION)
    if citation and str(citation.get("version")) != number:
        result.problems.append(f"{CITATION} says {citation.get('version')}")
    for page in pages_of(tree):
        for other in re.findall(r"Clip Skip Lab (\d+\.\d+\.\d+)", tree.text(page)):
            if other != number and page != "CHANGELOG.md":
                result.problems.append(f"{page} speaks of version {other}")
    released, lines = _section(tree, number)
    if lines > MOST_LINES:
        result.problems.append(f"CHANGELOG.md has {lines} lines for {number}; who uses it reads {MOST_LINES} at most")
    if not released:
        result.problems.append(f"CHANGELOG.md has no section “## {number} (date)” with lines in it")
    elif citation and str(citation.get("date-released")) != released:
        result.problems.append(f"{CITATION} is of {citation.get('date-released')}, CHANGELOG.md of {released}")
    result.said = f"{number}, {released}, everywhere"
    return result


def _section(tree: Tree, number: str) -> tuple[str, int]:
    """The date of a version's section in the changelog, and how many lines its list has; "" where it has none."""
    text = tree.text("CHANGELOG.md") if "CHANGELOG.md" in tree.files else ""
    found = re.search(rf"^## {re.escape(number)} \(([^)]*)\)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    lines = len(re.findall(r"^- ", found[2], re.MULTILINE)) if found else 0
    return (found[1], lines) if found and lines and _is_date(found[1]) else ("", 0)


def entry(tree: Tree) -> Result:
    """The entry for the list from which WebUIs install: what its own check asks for, and its README."""
    result = Result("index entry")
    try:
        told = json.loads(tree.text(ENTRY))
    except (OSError, ValueError) as error:
        result.problems.append(f"{ENTRY}: {error}")
        return result
    result.problems = [f"{ENTRY}: {problem}" for problem in problems_of_entry(told, current(tree))]
    result.said = f"“{told.get('name')}”, {', '.join(told.get('tags', []))}"
    return result


def problems_of_entry(told: Any, address: str) -> list[str]:
    """What is wrong with an entry."""
    if not isinstance(told, dict):
        return ["is not an object"]
    problems = [f"lacks {key}" for key in ENTRY_KEYS if not told.get(key)]
    problems += [f"has {key}, which the list does not know" for key in told if key not in (*ENTRY_KEYS, "added")]
    tags = told.get("tags") or []
    if not isinstance(tags, list):
        return [*problems, "tags is not a list"]
    problems += [f"{tag!r} is not a tag of the list" for tag in tags if tag not in TAGS]
    problems += ["names a tag twice"] if len(set(map(str, tags))) < len(tags) else []
    if told.get("added") and not _is_date(told["added"]):
        problems.append("added is not a date such as 2026-11-27")
    url = str(told.get("url", ""))
    if not re.fullmatch(r"https://[^ ]+", url) or url.removesuffix(".git") != address:
        problems.append(f"url is {url}, not {address}.git")
    description = str(told.get("description", ""))
    if not description.isascii() or "\n" in description:
        problems.append("the description must be one line of English")
    return problems


def citation(tree: Tree) -> Result:
    """How to cite it, in the Citation File Format 1.2.0."""
    result = Result("citation")
    if CITATION not in tree.files:
        result.problems.append(f"{CITATION} is not there")
        return result
    try:
        told = _yaml(tree, CITATION)
    except yaml.YAMLError as error:
        result.problems.append(f"{CITATION}: {error}")
        return result
    result.problems = [f"{CITATION} {problem}" for problem in problems_of_citation(told, current(tree))]
    result.said = f"{CITATION} is valid"
    return result


def problems_of_citation(told: Any, address: str) -> list[str]:
    """What is wrong with a citation."""
    if not isinstance(told, dict):
        return ["is not a list of keys"]
    problems = [f"lacks {key}" for key in NEEDED_IN_CITATION if not told.get(key)]
    problems += [f"has {key}, which the format does not know" for key in told if key not in CITATION_KEYS]
    if str(told.get("cff-version")) != "1.2.0":
        problems.append("is not of cff-version 1.2.0")
    if told.get("type", "software") not in ("software", "dataset"):
        problems.append("has a type that the format does not know")
    authors = told.get("authors") if isinstance(told.get("authors"), list) else []
    named = [isinstance(a, dict) and bool({"name", "family-names", "given-names", "alias"} & set(a)) for a in authors]
    if not named or not all(named):
        problems.append("names an author without a name")
    if not _is_date(told.get("date-released")):
        problems.append("date-released is not a date")
    if told.get("license") != "MIT":
        problems.append("has another license than LICENSE")
    if not isinstance(told.get("keywords", []), list):
        problems.append("keywords is not a list")
    if told.get("repository-code", address) != address:
        problems.append(f"repository-code is not {address}")
    return problems


def _yaml(tree: Tree, name: str) -> Any:
    return yaml.safe_load(tree.text(name)) if name in tree.files else None


def _is_date(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(text)))
    except ValueError:
        return False
