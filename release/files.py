"""What is shipped: how large it is, where it comes from, and under which license."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, metadata

import tomllib

from .tree import Result, Tree, git

LARGEST = 6_000_000
LIST = "THIRD_PARTY.md"
ASKS = (
    *("ttf", "otf", "woff", "woff2", "eot"),
    *("safetensors", "ckpt", "pt", "pth", "bin", "onnx", "npz", "npy", "pkl", "gguf"),
    *("zip", "gz", "xz", "whl", "jar", "exe", "dll", "so", "dylib", "wasm", "mp3", "mp4", "webm", "pdf"),
    *("min.js", "min.css", "map"),
)
"""Endings of files that are seldom written by hand: LIST must say where each comes from."""
VOCABULARIES = re.compile(r"(^|/)(vocab|merges|tokenizer|bpe)[^/]*\.(json|txt)$")
MIRRORS = re.compile(r"(^|/)tests/minihost/")
"""Written after another program, so LIST must tell how."""
OTHERS = re.compile(
    r"(?im)^\W*(?:SPDX-License-Identifier:(?!\s*MIT)|@license\b|@preserve\b|copyright\s*(?:\(c\)|©|\d{4})"
    r"|all rights reserved|licensed under\b)"
)
"""Signs at the beginning of a line that somebody else's terms hold for a file."""

PERMISSIVE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|HPND|Historical Permission Notice|Python Software Foundation|PSF|Unlicense|Public Domain"
    r"|MPL|Mozilla Public License|zlib|0BSD|CC0)\b",
    re.IGNORECASE,
)
NOT_PERMISSIVE = re.compile(r"\b(A?GPL|GNU (Affero )?General Public|proprietary|non-?commercial)", re.IGNORECASE)


def sizes(tree: Tree) -> Result:
    """No file is larger than 6 MB: GitHub warns from 50 on, and each clone has it for ever."""
    result = Result("file sizes")
    told = git(tree.root, "ls-tree", "-r", "-l", "-z", "HEAD")
    rows = [row.split(None, 4) for row in told.split("\0") if row]
    files = sorted(((int(size) if size.isdigit() else 0, name) for _, _, _, size, name in rows), reverse=True)
    result.problems = [f"{name} has {size / 1e6:.1f} MB" for size, name in files if size > LARGEST]
    largest, name = files[0]
    result.said = f"{len(files)} files, the largest is {name} with {largest / 1e6:.1f} MB"
    return result


def third_party(tree: Tree) -> Result:
    """The repository's license is MIT, and LIST names each file that comes from elsewhere, or says that it doesn't."""
    result = Result("licenses of files")
    if "LICENSE" not in tree.files or not tree.text("LICENSE").startswith("MIT License"):
        result.problems.append("LICENSE is not the MIT license")
    rows = _rows(tree.text(LIST)) if LIST in tree.files else []
    if not rows:
        result.problems.append(f"{LIST} has no table of files")
        return result
    patterns = [pattern for pattern, _ in rows]
    asked = _asked(tree)
    for name, why in asked.items():
        if not any(_covers(pattern, name) for pattern in patterns):
            result.problems.append(f"{name} ({why}) is not in {LIST}")
    for pattern, license in rows:
        if not any(_covers(pattern, name) for name in tree.files):
            result.problems.append(f"{LIST} names {pattern}, which is not in the repository")
        if not PERMISSIVE.search(license):
            result.problems.append(f"{LIST}: the license of {pattern} is not said")
    result.said = f"MIT; {len(asked)} files that could come from elsewhere are in {LIST}"
    return result


def _rows(text: str) -> list[tuple[str, str]]:
    """(pattern, license) for each name in the first column of the table."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 3:
            found += [(name, cells[-1]) for name in re.findall(r"`([^`]+)`", cells[0])]
    return found


def _covers(pattern: str, name: str) -> bool:
    return name.startswith(pattern) if pattern.endswith("/") else fnmatch(name, pattern)


def _asked(tree: Tree) -> dict[str, str]:
    """The files that LIST must speak of, with the reason."""
    asked = {}
    for name in tree.files:
        if name.lower().endswith(tuple(f".{ending}" for ending in ASKS)):
            asked[name] = "a file that is seldom written by hand"
        elif VOCABULARIES.search(name):
            asked[name] = "a vocabulary"
        elif MIRRORS.search(name):
            asked[name] = "written after another program"
    for name, text in tree.texts().items():
        if name not in ("LICENSE", LIST) and not name.startswith("release/") and OTHERS.search(text):
            asked.setdefault(name, "has a mark of somebody's license")
    return asked


def dependencies(tree: Tree) -> Result:
    """What the package asks for may be distributed beside MIT code; read from what is installed here."""
    result, told = Result("licenses of dependencies"), []
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    asked = [*project.get("dependencies", [])]
    for extra in project.get("optional-dependencies", {}).values():
        asked += extra
    for requirement in asked:
        name = re.match(r"[\w.-]+", requirement)[0]
        try:
            license = license_of(name)
        except PackageNotFoundError:
            result.problems.append(f"{name} is not installed here, so its license was not read")
            continue
        if NOT_PERMISSIVE.search(license) or not PERMISSIVE.search(license):
            result.problems.append(f"{name}: {license or 'says no license'}")
        told.append(f"{name} {license}")
    result.said = ", ".join(told)
    return result


def license_of(name: str) -> str:
    """The license that an installed package states, in a few words; "" where it states none."""
    about = metadata(name)
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    stated = about.get("License-Expression") or " or ".join(classified)
    return stated or (about.get("License") or "").strip().partition("\n")[0]
