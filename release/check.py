"""All checks of a release, on a fresh clone of the last commit."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import address, clone, documents, facts, files, forms
from .tree import Result, Tree

CHECKS: tuple[Callable[[Tree], Result], ...] = (
    documents.links,
    documents.pictures,
    files.sizes,
    files.third_party,
    files.dependencies,
    facts.version,
    facts.entry,
    facts.citation,
    forms.forms,
    address.check,
)


def main(arguments: list[str] | None = None) -> int:
    """Prints one line for each check; returns 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("what", choices=["check"], help="looks at the last commit in a fresh clone")
    parser.add_argument("--quick", action="store_true", help="without make demo and make test, which take 40 minutes")
    parser.add_argument("--repository", type=Path, default=Path(__file__).parents[1], help="another one than this")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="clip-skip-lab-release-", ignore_cleanup_errors=True) as temporary:
        place = Path(temporary)
        failed = _say(clone.clones(asked.repository, place))
        tree = Tree(place / clone.FULL)
        for check in CHECKS:
            failed += _say(check(tree))
        for target in () if asked.quick else clone.COMMANDS:
            failed += _say(clone.command(tree.root, target))
    print(f"\n{failed} checks failed." if failed else "\nAll checks passed.")
    return 1 if failed else 0


def _say(result: Result) -> bool:
    print("\n".join(result.lines()), flush=True)
    return bool(result.problems)
