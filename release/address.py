"""The repository's public address: `python -m release.address URL` writes it wherever it must stand.

It may be called again, with the same address or another one.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import tomllib

from .tree import Result, Tree

PLACEHOLDER = "https://github.com/OWNER/clip-skip-lab"
_ADDRESS = re.compile(r"https://[\w.-]+(?:/[\w.~-]+)+")
_NOT_HERE = ("release/", "tests/", "CHANGELOG.md")
"""Where an address is an example and stays."""
ENTRY = "release/index-entry.json"


def current(tree: Tree) -> str:
    """The address that the project says it has."""
    urls = tomllib.loads(tree.text("pyproject.toml"))["project"].get("urls", {})
    return str(urls.get("Repository", "")).rstrip("/")


def read(text: str) -> str:
    """An address as it is written everywhere: https, no slash or `.git` at its end. ValueError where it is not one."""
    address = text.strip().rstrip("/").removesuffix(".git")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{text!r} is not an address such as https://github.com/name/clip-skip-lab")
    return address


def site_of(address: str) -> str:
    """Where GitHub serves the repository's pages; "" for an address elsewhere."""
    found = re.fullmatch(r"https://github\.com/([\w-]+)/([\w.-]+)", address)
    return f"https://{found[1]}.github.io/{found[2]}" if found else ""


def carries(name: str) -> bool:
    """Whether a file carries the address, rather than an example of one."""
    return name == ENTRY or not name.startswith(_NOT_HERE)


def write(tree: Tree, address: str) -> list[str]:
    """Replaces the present address by this one. Returns the files that changed."""
    before, changed = current(tree), []
    if not before:
        raise ValueError("pyproject.toml names no Repository in [project.urls]")
    for name, text in tree.texts().items():
        if not carries(name):
            continue
        new = _replaced(text, before, address)
        if site_of(before) and site_of(address):
            new = _replaced(new, site_of(before), site_of(address))
        if new != text:
            with (tree.root / name).open("w", encoding="utf-8", newline="") as file:
                file.write(new)
            changed.append(name)
    return changed


def _replaced(text: str, before: str, after: str) -> str:
    """Only where the whole name is meant: not in clip-skip-lab-models."""
    return re.sub(re.escape(before) + r"(?![\w-])", lambda _: after, text)


def check(tree: Tree) -> Result:
    """The same address stands everywhere; in GitHub's own run it is that of the repository."""
    result, address = Result("address"), current(tree)
    if not address:
        result.problems.append("pyproject.toml names no Repository in [project.urls]")
        return result
    name = address.rpartition("/")[2]
    other = re.compile(rf"https://[\w.-]+/[\w.-]+/{re.escape(name)}(?![\w-])")
    carriers = 0
    for file, text in tree.texts().items():
        found = set(other.findall(text)) if carries(file) else set()
        carriers += bool(found)
        result.problems += [f"{file} has {wrong}, pyproject.toml {address}" for wrong in sorted(found - {address})]
    result.said = f"{address} in {carriers} files"
    if address == PLACEHOLDER:
        result.to_do.append(
            f"{carriers} files still have the placeholder {PLACEHOLDER}: run `python -m release.address URL` with the "
            "repository's address before publishing"
        )
    elif "GITHUB_REPOSITORY" in os.environ:
        real = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ['GITHUB_REPOSITORY']}"
        if real.lower() != address.lower():
            result.problems.append(f"this repository is {real}, pyproject.toml says {address}")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Writes the address that the command line gives, and says where."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1 or given[0].startswith("-"):
        print("python -m release.address URL    such as https://github.com/name/clip-skip-lab")
        return 2
    try:
        address = read(given[0])
        changed = write(Tree(Path.cwd()), address)
    except ValueError as error:
        print(error)
        return 2
    print(f"{address}: {', '.join(changed) or 'nothing to change'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
