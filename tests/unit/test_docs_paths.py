"""Every source file that the docs name exists, as `clip_skip_lab/sweep/plan.py`, `sweep/plan.py` or `plan.py`."""

import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
OTHERS = {"compared.md"}
"""Pages that name files of other programs."""
PAGES = [
    page
    for page in (REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").glob("*.md")))
    if page.name not in OTHERS
]
LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
FILES = subprocess.run(LISTED, cwd=REPO, capture_output=True, text=True, check=True).stdout.splitlines()
NAMED = re.compile(r"(?<![\w./-])((?:[\w-]+/)*[\w-]+\.(?:py|js|css|yml))\b(?!/)")


def is_there(name):
    """Whether a file of the repository has this path, or ends in it."""
    return any(path == name or path.endswith("/" + name) for path in FILES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_source_file_that_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    assert sorted({name for name in NAMED.findall(text) if not is_there(name)}) == []
