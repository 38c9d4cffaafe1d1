"""docs/try/ as it lies in the repository: small, complete, and of sweeps and scripts that this version knows.

That its copies of the page and of the lens's scripts are those of today is not asserted: they would have to be
committed anew with every change of a word. They work as they are, which tests/browser/test_try_page.py sees; what is of
an older version `python -m demo.try_page --check` tells, for a release.
"""

import json
import re

import pytest

from clip_skip_lab.sweep.folder import read_record
from clip_skip_lab.sweep.schema import SCHEMA
from demo.try_page import pages
from demo.try_page.__main__ import size
from demo.try_page.recorded import SHOWN

TRY = pages.TARGET
SWEEPS = [one for one in SHOWN if one.axis]
LARGEST = 3_000_000  # bytes, of all of it


def test_it_is_small_and_static_hosting_serves_each_file():
    assert size(TRY) < LARGEST
    names = [path.relative_to(TRY).as_posix() for path in TRY.rglob("*")]
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9./-]*", name)] == []


@pytest.mark.parametrize("page", ["index.html", "lens/index.html"])
def test_what_a_page_links_to_is_there(page):
    file = TRY / page
    links = re.findall(r'\b(?:href|src)="([^"#]+)', file.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("https:", "data:"))]
    assert local
    assert [link for link in local if not (file.parent / link).is_file()] == []
    assert {link for link in links if link.startswith("https:")} <= {pages.ADDRESS}


@pytest.mark.parametrize("shown", SWEEPS, ids=lambda shown: shown.name)
def test_a_sweep_is_whole_of_this_schema_and_has_no_file_that_its_page_does_not_need(shown):
    folder = TRY / shown.name
    content = read_record(folder)
    assert content["schema"] == SCHEMA
    assert [cell["state"] for cell in content["cells"]] == ["done"] * 48
    assert content["setting"]["prompt"] == shown.prompt
    assert content["model"]["name"] == shown.checkpoint
    assert content["findings"]["en"]
    assert content["findings"]["ja"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {"index.html", "sweep.js", "sweep.json", *pages.files_of(content)}
    assert json.dumps(content).count("/tmp/") == 0


def test_the_lens_has_an_answer_for_each_prompt_and_images_for_those_that_were_swept():
    answers = pages.recorded_answers()
    for one in SHOWN:
        assert answers[one.name]["model"]["name"] == one.checkpoint
        assert answers[one.name]["encoders"][0]["mixing"]
        assert (pages.over_layers(one) is None) == (one.axis is None)


def test_the_pages_are_made_anew_from_what_is_recorded(tmp_path):
    for one in SWEEPS:
        (tmp_path / one.name).mkdir()
        (tmp_path / one.name / "sweep.json").write_bytes((TRY / one.name / "sweep.json").read_bytes())
    (tmp_path / "lens").mkdir()
    (tmp_path / "lens" / "answers.js").write_bytes((TRY / "lens" / "answers.js").read_bytes())
    assert pages.stale(tmp_path)
    pages.rewrite(tmp_path)
    assert pages.stale(tmp_path) == []
    assert pages.recorded_answers(tmp_path) == pages.recorded_answers()
