"""The files of a version, as git has them, and what a check says."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass
class Result:
    """What one check found.

    name: what was checked, in two or three words.
    said: what there is to tell where all is well.
    problems: what must be mended before publishing.
    to_do: what is left to a person; it fails nothing.
    """

    name: str
    said: str = ""
    problems: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """One line where all is well, else one for each problem."""
        found = [f"FAIL   {self.name}: {problem}" for problem in self.problems]
        found += [f"TO DO  {self.name}: {rest}" for rest in self.to_do]
        return found or [f"ok     {self.name}: {self.said}"]


class Tree:
    """The files below a folder that git has, or would take."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> list[str]:
        """Their paths below the folder, with slashes, sorted."""
        told = git(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return sorted({name for name in told.split("\0") if name and (self.root / name).is_file()})

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.root / name).read_text(encoding="utf-8")

    def texts(self) -> dict[str, str]:
        """All files that are text, by path."""
        found = {}
        for name in self.files:
            content = (self.root / name).read_bytes()
            if b"\0" in content[:8192]:
                continue
            try:
                found[name] = content.decode("utf-8")
            except UnicodeDecodeError:
                continue
        return found


def git(folder: Path, *arguments: str) -> str:
    """What git says to this; CalledProcessError where it refuses."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=True, encoding="utf-8", errors="replace"
    )
    return done.stdout
