"""`make try`: writes docs/try/, the pages that can be tried without a WebUI, from sweeps on the embedded host; and the
grids of these sweeps for docs/clip-skip.md.

`python -m demo.try_page --pages` makes the pages anew from what is recorded there, in a second: after a change of the
sweep's page, of the lens's scripts, of style.css or of a word. `--check` ends with 1 where that would change a file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.helpers.client import Client
from tests.minihost import launch

from .pages import TARGET, rewrite, stale, write_image, write_landing, write_lens, write_sweep
from .recorded import SHOWN, looked_at, swept

DATA = launch.REPO / "demo-data" / "try"


def main() -> int:
    """Runs what the arguments ask for, and says where it is; 1 where a cell failed."""
    if sys.argv[1:] == ["--pages"]:
        rewrite()
        print(f"{TARGET}: pages made anew, {size(TARGET) / 1e6:.2f} MB")
        return 0
    if sys.argv[1:] == ["--check"]:
        names = stale()
        for name in names:
            print(f"docs/try/{name} is of an older version: python -m demo.try_page --pages", file=sys.stderr)
        return 1 if names else 0
    problems, answers = [], {}
    with launch.Process(DATA, [launch.REPO], ["--nowebui", "--trained-model"]) as host:
        client = Client(host.url)
        for shown in SHOWN:
            print(f"{shown.name}: {shown.prompt}", flush=True)
            if shown.axis:
                sweep = swept(client, shown)
                problems += [reason for reason in sweep.reasons if reason] + sweep.record["problems"]
                write_sweep(sweep.folder, TARGET / shown.name)
                write_image(shown.name)
                print("  " + "\n  ".join(sweep.record["findings"]["en"]), flush=True)
            answers[shown.name] = looked_at(client, shown)
    write_lens(answers)
    write_landing()
    print(f"{TARGET}: {size(TARGET) / 1e6:.2f} MB; open index.html")
    for problem in problems:
        print(f"Problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


def size(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    sys.exit(main())
