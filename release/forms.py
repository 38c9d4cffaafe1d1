"""Whether GitHub shows the issue forms: a form that breaks a rule of its schema is not offered at all."""

from __future__ import annotations

import re
from typing import Any

import yaml  # comes with transformers

from .address import current
from .pages import anchors_of
from .tree import Result, Tree

FOLDER = ".github/ISSUE_TEMPLATE/"
TOP = {"name", "description", "title", "labels", "assignees", "projects", "type", "body"}
ATTRIBUTES = {
    "markdown": {"value"},
    "input": {"label", "description", "placeholder", "value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "dropdown": {"label", "description", "multiple", "options", "default"},
    "checkboxes": {"label", "description", "options"},
}
"""What each kind of field may have."""


def forms(tree: Tree) -> Result:
    """All forms, and the list of links beside them."""
    result, count = Result("issue forms"), 0
    headings = anchors_of(tree.text("README.md"))
    for name in tree.files:
        if not name.startswith(FOLDER) or not name.endswith((".yml", ".yaml")):
            continue
        try:
            told = yaml.safe_load(tree.text(name))
        except yaml.YAMLError as error:
            result.problems.append(f"{name}: {error}")
            continue
        is_config = name.rpartition("/")[2] in ("config.yml", "config.yaml")
        count += not is_config
        check = problems_of_config if is_config else problems_of_form
        result.problems += [f"{name}: {problem}" for problem in check(told)]
        named = re.findall(rf"{re.escape(current(tree))}#([\w-]+)", tree.text(name))
        result.problems += [f"{name}: README.md has no heading #{anchor}" for anchor in named if anchor not in headings]
    if not count:
        result.problems.append(f"{FOLDER} has no form")
    result.said = f"{count} forms"
    return result


def problems_of_config(told: Any) -> list[str]:
    """What is wrong with config.yml."""
    if not isinstance(told, dict):
        return ["is not a list of keys"]
    problems = [
        f"has {key}, which GitHub does not know" for key in set(told) - {"blank_issues_enabled", "contact_links"}
    ]
    if not isinstance(told.get("blank_issues_enabled", True), bool):
        problems.append("blank_issues_enabled is neither true nor false")
    for link in told.get("contact_links", []):
        if set(link) != {"name", "url", "about"} or not str(link["url"]).startswith("https://"):
            problems.append("a link needs name, url (https) and about")
    return problems


def problems_of_form(told: Any) -> list[str]:
    """What is wrong with a form."""
    if not isinstance(told, dict):
        return ["is not a list of keys"]
    problems = [f"lacks {key}" for key in ("name", "description", "body") if not told.get(key)]
    problems += [f"has {key}, which GitHub does not know" for key in sorted(set(told) - TOP)]
    body = told.get("body") if isinstance(told.get("body"), list) else []
    kinds = [field.get("type") if isinstance(field, dict) else None for field in body]
    if not [kind for kind in kinds if kind != "markdown"]:
        problems.append("asks for nothing")
    for number, field in enumerate(body, 1):
        problems += [f"field {number} {problem}" for problem in _problems_of_field(field)]
    for key, values in (
        ("id", [field.get("id") for field in body if isinstance(field, dict)]),
        ("label", [(field.get("attributes") or {}).get("label") for field in body if isinstance(field, dict)]),
    ):
        given = [value for value in values if value is not None]
        if len(set(given)) < len(given):
            problems.append(f"has the same {key} twice")
    return problems


def _problems_of_field(field: Any) -> list[str]:
    if not isinstance(field, dict) or field.get("type") not in ATTRIBUTES:
        return ["is of no type that GitHub knows"]
    kind, attributes = field["type"], field.get("attributes") or {}
    problems = [f"has {key}" for key in set(field) - {"type", "id", "attributes", "validations"}]
    problems += [f"has attribute {key}" for key in set(attributes) - ATTRIBUTES[kind]]
    needed = "value" if kind == "markdown" else "label"
    if not str(attributes.get(needed) or "").strip():
        problems.append(f"lacks {needed}")
    if "id" in field and not re.fullmatch(r"[\w-]+", str(field["id"])):
        problems.append("has an id with other signs than letters, digits, - and _")
    if set(field.get("validations") or {}) - {"required"} or (kind == "markdown" and "validations" in field):
        problems.append("has validations that GitHub does not know")
    options = attributes.get("options")
    if kind in ("dropdown", "checkboxes") and not options:
        problems.append("has no options")
    for option in options or []:
        if kind == "checkboxes" and (not isinstance(option, dict) or not option.get("label")):
            problems.append("has a box without a label")
        if kind == "dropdown" and not isinstance(option, str):
            problems.append(f"has {option!r} as an option, which is not text")
    if kind == "dropdown" and options and len(set(map(str, options))) < len(options):
        problems.append("has an option twice")
    return problems
