"""The files of languages, which somebody may have written or changed: a faulty one costs nothing but its words."""

import json

import pytest

from clip_skip_lab import language
from clip_skip_lab.language import Text, languages, translated


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes files of languages; the others are not there."""
    monkeypatch.setattr(language, "FOLDER", tmp_path)

    def write(**contents):
        for stem, content in contents.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / f"{stem}.json").write_text(text, encoding="utf-8")
        language.catalogues.cache_clear()

    yield write
    language.catalogues.cache_clear()


def test_two_files_of_one_language_are_told_apart_by_their_country(files):
    files(zh_CN={"Rows": "行"}, zh_TW={"Rows": "列"}, de_DE={"Rows": "Zeilen"})
    assert languages() == ("en", "de", "zh-cn", "zh-tw")
    spoken = [language.language_of(name) for name in ("zh_TW", "zh-CN", "de-AT", "zh")]
    assert spoken == ["zh-tw", "zh-cn", "de", "en"]


@pytest.mark.parametrize("content", ["{", "[]", "7", '{"clip_skip_lab": 7}', "null"])
def test_a_file_that_is_none_of_a_language_counts_for_nothing(files, content):
    files(de_DE=content, ja_JP={"Rows": "行"})
    assert languages() == ("en", "ja")
    assert translated(Text("Rows"), "ja") == "行"


@pytest.mark.parametrize("translation", ["{other} Zeilen", "{} Zeilen", "{n", "{n.real.x}"])
def test_a_translation_with_a_place_that_the_text_lacks_stays_english(files, translation):
    files(de_DE={"{n} rows": translation})
    assert translated(Text("{n} rows", n="3"), "de") == "3 rows"
