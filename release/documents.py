"""Whether the pages hold together: their links lead somewhere, and their pictures are there and shown."""

from __future__ import annotations

import posixpath

from .pages import (
    PICTURES,
    anchors_of,
    is_external,
    links_of,
    pages_of,
    parted,
    problem_of_address,
    shown_in,
)
from .tree import Result, Tree

NO_PAGES = ("docs/try/",)
"""Folders of docs/ whose pictures belong to pages of their own (HTML)."""


def links(tree: Tree) -> Result:
    """Local links lead to a file, and to a heading of it where they name one; the others are well-formed and https."""
    result, local = Result("links"), 0
    folders = {posixpath.dirname(name) for name in tree.files}
    folders |= {parent for folder in folders for parent in _parents(folder)} | {""}
    anchors = {page: anchors_of(tree.text(page)) for page in tree.files if page.endswith(".md")}
    outside = set()
    for page in pages_of(tree):
        for link in links_of(tree.text(page)):
            if is_external(link):
                outside.add(link)
                if problem := problem_of_address(link):
                    result.problems.append(f"{page}: {link} {problem}")
                continue
            local += 1
            path, anchor = parted(link)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
            if path.startswith("/"):
                result.problems.append(f"{page}: {link} begins at the root of a disk")
            elif target not in tree.files and target.rstrip("/") not in folders - {""}:
                result.problems.append(f"{page}: {link} is not in the repository")
            elif anchor and target in anchors and anchor not in anchors[target]:
                result.problems.append(f"{page}: {target} has no heading #{anchor}")
    listed = ", ".join(sorted(outside)) or "none"
    result.said = f"{local} local ones work; {len(outside)} external ones, not fetched: {listed}"
    return result


def _parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def pictures(tree: Tree) -> Result:
    """Each picture in docs/ is shown or linked on a page, each that is shown is there, and has an alt text."""
    result, shown = Result("pictures"), set()
    for page in pages_of(tree):
        text = tree.text(page)
        for link, alt in shown_in(text):
            if not alt:
                result.problems.append(f"{page}: {link} has no alt text")
            if is_external(link):
                continue
            target = _target(page, link)
            shown.add(target)
            if target not in tree.files:
                result.problems.append(f"{page}: {link} is shown, and not in the repository")
        shown |= {_target(page, link) for link in links_of(text) if not is_external(link)}
    there = [
        name
        for name in tree.files
        if name.startswith("docs/") and name.lower().endswith(PICTURES) and not name.startswith(NO_PAGES)
    ]
    result.problems += [f"{name} is shown on no page" for name in there if name not in shown]
    result.said = f"{len(there)} in docs, all shown, all with alt text"
    return result


def _target(page: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), parted(link)[0]))
