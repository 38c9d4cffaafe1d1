"""`python -m screenshots [NAME …] [--webui URL] [--folder DIR]`: makes the images of the docs anew, and the tour.

A NAME is a file of docs/images, or how the names of several begin (`lens`, `page-`); without one all are made.
The chart in docs/trained-with.md is its study's own (`python -m training trained-with`).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from . import charts, header, lens, library, pages, panel, screens, tour
from .files import IMAGES
from .studio import Studio

GROUPS = (
    tour.tours,
    panel.panels,
    header.headers,
    lens.lenses,
    pages.pages,
    library.libraries,
    screens.screens,
    charts.charts,
)


def main() -> int:
    """Makes what is named; 1 where nothing is called so, or a page's scripts failed."""
    parser = argparse.ArgumentParser(prog="python -m screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file, or how its name begins (all)")
    parser.add_argument("--webui", metavar="URL", help="a WebUI with this extension, for tests only (an embedded host)")
    parser.add_argument("--folder", type=Path, default=IMAGES, help="where to put them (docs/images)")
    asked = parser.parse_args()
    with Studio(asked.folder, asked.webui) as studio:
        known = {name: make for group in GROUPS for name, make in group(studio).items()}
        wanted = {name: make for name, make in known.items() if not asked.names or name.startswith(tuple(asked.names))}
        if not wanted:
            print(f"Nothing is called so. There are: {', '.join(known)}", file=sys.stderr)
            return 1
        for name, make in wanted.items():
            started = time.monotonic()
            print(name, end=" ", flush=True)
            make()
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    for problem in studio.failed:
        print(problem, file=sys.stderr)
    return 1 if studio.failed else 0


if __name__ == "__main__":
    sys.exit(main())
