"""A fresh clone: how large it is, and whether the two commands of the README work in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .tree import Result, git

COMMANDS = ("demo", "test")
FULL, SHALLOW = "full", "shallow"


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def clones(repository: Path, place: Path) -> Result:
    """Clones the last commit twice into `place`: `full`, which the other checks look at, and `shallow`. Says how large
    both are."""
    result, said = Result("clone"), []
    address = repository.resolve().as_uri()
    for name, more in ((FULL, []), (SHALLOW, ["--depth", "1"])):
        folder = place / name
        git(place, "init", "--quiet", name)  # as `git clone` does; but that wants a branch, which a tag's run has not
        git(folder, "fetch", "--quiet", *more, address, "HEAD")
        git(folder, "checkout", "--quiet", "FETCH_HEAD")
        history = size_of(folder / ".git")
        said.append(f"{name} {size_of(folder) / 1e6:.1f} MB (.git {history / 1e6:.1f} MB)")
    result.said = ", ".join(said)
    if git(repository, "rev-parse", "--is-shallow-repository").strip() == "true":
        result.to_do.append(f"this repository is itself a shallow clone, so “full” is not the whole history: {said[0]}")
    if changed := git(repository, "status", "--porcelain").splitlines():
        result.to_do.append(f"{len(changed)} files here differ from the last commit, which is what was looked at")
    return result


def command(folder: Path, target: str) -> Result:
    """Whether `make target` works in the clone; what it prints is seen while it runs."""
    result = Result(f"make {target}")
    done = subprocess.run(["make", "-C", str(folder), target], stdout=sys.stderr)
    if done.returncode:
        result.problems.append(f"exit code {done.returncode}")
    result.said = "works in a fresh clone"
    return result
