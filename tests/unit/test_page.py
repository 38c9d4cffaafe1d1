"""The page's parts, and what is written for it: nothing that a sweep holds can become markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.language import entries, languages, texts_in
from clip_skip_lab.page import assemble, files

SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in assemble.PARTS.glob("*.js")}
PAGE = assemble.page_html()
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "\u2028\u2029",
    '"; alert(1); "',
    "\\",
    "`${1}`",
    "猫 🦊 שלום",
]


def literals(script: str) -> list[str]:
    """The string literals of a call such as `name("…", "…");` as the texts that a browser reads from them."""
    inner = re.fullmatch(r"\w+\((.*)\);\n", script, re.DOTALL)[1]
    return json.loads(f"[{inner}]")


@given(st.text() | st.sampled_from(HOSTILE))
def test_whatever_the_sweep_holds_the_data_script_is_one_call_with_that_text(text):
    script = files.data_script(text)
    assert literals(script) == [text]
    assert not set(script) & set("<>\u2028\u2029")
    assert script.count("\n") == 1


def test_the_page_is_one_file_that_asks_the_network_for_nothing():
    without_names = PAGE.replace("http://www.w3.org/2000/svg", "")
    assert "://" not in re.sub(r"file://", "", without_names)
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:)', PAGE)


def test_every_part_is_in_the_page():
    assert set(SCRIPTS) == set(assemble.SCRIPTS)
    assert {path.stem for path in assemble.PARTS.glob("*.css")} == set(assemble.STYLES)
    assert "/* scripts */" not in PAGE
    assert "/* styles */" not in PAGE
    assert all(text in PAGE for text in SCRIPTS.values())


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_makes_no_markup_from_text_and_runs_none(name):
    danger = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|setAttribute\(.on"
    assert not re.findall(danger, SCRIPTS[name])
    assert "</script" not in SCRIPTS[name].lower()
    assert "<!--" not in SCRIPTS[name]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_can_be_read_in_one_sitting(name):
    lines = SCRIPTS[name].splitlines()
    assert len(lines) < 400
    assert lines[0].startswith("// "), "what it is"
    assert max(map(len, lines)) <= 140


def test_the_policy_allows_the_pages_own_parts_by_their_hashes_and_no_other_inline_code():
    policy = assemble.content_security_policy()
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")


def test_the_page_brings_what_its_scripts_say_in_every_language_and_nothing_else():
    embedded = json.loads(re.search(r"^const TRANSLATIONS = (.*);$", PAGE, re.MULTILINE)[1])
    texts = {text for script in SCRIPTS.values() for text in texts_in(script, "t")}
    assert len(texts) > 100
    assert set(embedded) == set(languages()) - {"en"}
    for language, translations in embedded.items():
        assert translations == entries(texts, language)


def test_where_scripts_are_switched_off_the_page_says_so_in_every_language():
    (needed,) = re.findall("<noscript>(.*?)</noscript>", PAGE)
    assert needed.split(" / ")[0] == "This page needs JavaScript."
    assert "このページには JavaScript が必要です。" in needed.split(" / ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
@pytest.mark.parametrize(
    ("size", "reduced"), [((1024, 512), (256, 128)), ((300, 900), (85, 256)), ((64, 40), (64, 40))]
)
def test_a_reduced_picture_keeps_its_shape_and_is_never_enlarged(tmp_path, mode, size, reduced):
    image = Image.new(mode, size)
    file = files.save_small(image, tmp_path, "3-0")
    assert image.size == size
    with Image.open(tmp_path / file) as small:
        assert all(abs(one - other) <= 1 for one, other in zip(small.size, reduced, strict=True))


def test_a_reduced_picture_has_a_script_with_the_same_bytes(tmp_path):
    file = files.save_small(Image.new("RGB", (40, 40), "red"), tmp_path, "0-0")
    name, url = literals((tmp_path / f"{file}.js").read_text(encoding="utf-8"))
    assert name == file
    head, _, data = url.partition(",")
    assert head == "data:image/webp;base64"
    assert base64.b64decode(data) == (tmp_path / file).read_bytes()


def test_without_webp_the_reduced_pictures_are_jpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(files.features, "check", lambda name: False)
    file = files.save_small(Image.new("RGB", (40, 40), "red"), tmp_path, "0-0")
    assert file == "small/0-0.jpg"
    assert (tmp_path / file).read_bytes().startswith(b"\xff\xd8")


def test_the_page_is_written_whole(tmp_path):
    files.write_page(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == PAGE
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
