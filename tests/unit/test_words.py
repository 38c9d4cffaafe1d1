"""One name per thing: what a person reads, in English and in Japanese, keeps to docs/words.md."""

import json
import re
from pathlib import Path

import pytest

from clip_skip_lab.language import FOLDER, OURS

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/words.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

ROWS = [[part.strip() for part in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", GLOSSARY, re.MULTILINE)[2:]]
BRITISH = re.split(r",\s+", GLOSSARY.rpartition("; not ")[2].strip().rstrip("."))
NOT_SHOWN = {word for row in ROWS for word in row[-1].split(", ") if word} | set(BRITISH)
LATIN = {word for word in NOT_SHOWN if word.isascii()}
ANY_CASE = [f"[{word[0].upper()}{word[0]}]{re.escape(word[1:])}" for word in sorted(LATIN)]
ENGLISH = re.compile(rf"\b(?:{'|'.join(ANY_CASE)})s?\b")
JAPANESE = re.compile("|".join(map(re.escape, sorted(NOT_SHOWN - LATIN))))


def catalogue():
    hosts = json.loads((FOLDER / "ja_JP.json").read_text(encoding="utf-8"))
    return {**hosts.pop(OURS), **hosts}


def prose(page):
    """What a page says: without code, the targets of links, and what it quotes of others."""
    text = page.read_text(encoding="utf-8")
    return re.sub(
        r"^```.*?^```$|`[^`]*`|\]\([^)]*\)|“[^”]*”|\"[^\"]{0,120}\"", " ", text, flags=re.MULTILINE | re.DOTALL
    )


def test_the_glossary_is_read():
    assert {"picture", "go on", "メトリクス", "colour", "catalogue"} <= NOT_SHOWN
    assert all(len(row) == 4 for row in ROWS)
    assert ENGLISH.search("Two Pictures") and ENGLISH.search("CLIP Skip") and not ENGLISH.search("Clip Skip Lab")
    assert not ENGLISH.search("depicture")


def test_english_texts_use_the_words_of_the_glossary():
    assert [text for text in catalogue() if ENGLISH.search(re.sub(r"\{\w+\}", "", text))] == []


def test_japanese_texts_use_the_words_of_the_glossary():
    assert {text: said for text, said in catalogue().items() if JAPANESE.search(said)} == {}


@pytest.mark.parametrize("page", [page for page in DOCS if page.name != "words.md"], ids=lambda page: page.name)
def test_a_page_of_the_docs_uses_the_words_of_the_glossary(page):
    assert sorted({match.group() for match in ENGLISH.finditer(prose(page))}) == []
