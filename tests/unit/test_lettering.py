"""Letters of every script in grids and charts."""

from __future__ import annotations

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont, features

from clip_skip_lab.measure.charts import Line, lines_chart, plain, save, words_in
from clip_skip_lab.sweep import lettering
from clip_skip_lab.sweep.grid import Limits, Style, arrange
from clip_skip_lab.sweep.lettering import as_drawn, can_write, fallback_font, font_for
from tests.helpers.drawn import draw_page

JAPANESE, CHINESE, RUSSIAN, ARABIC = "猫と犬", "紅貓", "Кошка", "قطة حمراء"


def forget():
    """What was found on this machine is looked for again."""
    for cached in (lettering._font_for, lettering._machines_fonts):
        cached.cache_clear()
    lettering._found.clear()
    lettering._nowhere.clear()


@pytest.fixture(autouse=True)
def forgotten():
    fallback_font()  # before the list of fonts is another
    forget()
    yield
    forget()


def made_font(path, letters):
    """A font in which each of these letters is a full square."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(letter): "square" for letter in letters})
    pens = [TTGlyphPen(None), TTGlyphPen(None)]
    for x, y in ((0, 0), (0, 900), (900, 900), (900, 0)):
        (pens[1].lineTo if (x, y) != (0, 0) else pens[1].moveTo)((x, y))
    pens[1].closePath()
    builder.setupGlyf({".notdef": pens[0].glyph(), "square": pens[1].glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def installed(monkeypatch, *files, name="Some Sans"):
    """Makes these the machine's fonts."""
    fonts = [font_manager.FontEntry(fname=file, name=name, weight=400) for file in files]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)


def test_a_text_is_written_in_the_preferred_font_where_that_has_its_letters(tmp_path):
    serif = font_manager.findfont("DejaVu Serif")
    assert font_for("Clip skip 12 – × …", serif) == serif
    assert font_for(RUSSIAN, serif) == serif
    assert font_for("", serif) == serif


def test_a_text_whose_letters_are_missing_is_written_in_a_font_of_the_machine_that_has_them(tmp_path, monkeypatch):
    other = made_font(tmp_path / "other.ttf", "xyz")
    cjk = made_font(tmp_path / "cjk.ttf", JAPANESE + CHINESE + "Clipsk 12")
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    installed(monkeypatch, other, str(tmp_path / "damaged.ttf"), str(tmp_path / "gone.ttf"), cjk)
    assert font_for(JAPANESE) == font_for(f"Clip skip 12 {CHINESE}", other) == cjk
    assert can_write(JAPANESE)
    assert font_for(ARABIC, other) == fallback_font(), "matplotlib's own font has Arabic"
    assert font_for("Clip") == fallback_font()


def test_where_no_font_has_the_letters_the_usual_one_is_used_and_the_machine_is_not_searched_again(monkeypatch):
    installed(monkeypatch)
    assert font_for(JAPANESE) == fallback_font()
    assert not can_write(JAPANESE)
    monkeypatch.setattr(lettering, "_machines_fonts", lambda: pytest.fail("searched again"))
    assert font_for("猫", None) == fallback_font()


@pytest.mark.parametrize("name", ["Last Resort High-Efficiency", ".LastResort", "Adobe Blank", "Noto Color Emoji"])
def test_a_font_of_boxes_for_all_letters_counts_for_nothing(tmp_path, monkeypatch, name):
    installed(monkeypatch, made_font(tmp_path / "boxes.ttf", JAPANESE), name=name)
    assert not can_write(JAPANESE)


def test_a_preferred_font_that_is_none_does_no_harm(tmp_path):
    assert font_for("Clip skip", str(tmp_path / "gone.ttf")) == fallback_font()


def ink(image):
    """How many pixels are dark."""
    return int((np.asarray(image.convert("L")) < 128).sum())


def test_labels_in_every_script_are_in_the_grid(tmp_path, monkeypatch):
    """Squares of the made font are darker than the boxes of a missing letter."""
    cjk = made_font(tmp_path / "cjk.ttf", JAPANESE + CHINESE)
    drawn = {}
    for name, fonts in (("without", []), ("with", [cjk])):
        forget()
        installed(monkeypatch, *fonts)
        (page,) = arrange((JAPANESE,), (CHINESE,), (JAPANESE,), (200, 200), Limits(), Style())
        drawn[name] = draw_page(page, lambda index: Image.new("RGB", (200, 200), "white"), Style())
    assert ink(drawn["with"]) > 1.5 * ink(drawn["without"])


def test_labels_in_every_script_are_in_the_charts(tmp_path, monkeypatch):
    import io

    lines = [Line(plain(JAPANESE), {1: 0.1, 2: 0.2}), Line(plain(ARABIC), {1: 0.3, 2: 0.1})]
    drawn = {}
    for name, fonts in (("without", []), ("with", [made_font(tmp_path / "cjk.ttf", JAPANESE)])):
        forget()
        installed(monkeypatch, *fonts)
        file = io.BytesIO()
        save(lines_chart(lines, words_in("en", 1), "title", "label"), file)
        drawn[name] = Image.open(file)
    assert ink(drawn["with"]) > ink(drawn["without"])


@pytest.mark.skipif(not features.check("raqm"), reason="without Raqm there is nothing to compare with")
@pytest.mark.parametrize("text", [ARABIC, "لا", "السلام عليكم", "قطة 12.5 (حمراء)"])
def test_arabic_is_joined_and_turned_round_for_who_draws_letter_by_letter(text):
    """As Raqm, which knows how, draws it: the two pictures are the same."""
    raqm, basic = ImageFont.Layout.RAQM, ImageFont.Layout.BASIC
    wanted, drawn, raw = (written(*one) for one in ((text, raqm), (as_drawn(text), basic), (text, basic)))
    ink = wanted.sum()
    assert np.abs(wanted - drawn).sum() < 0.4 * ink
    assert np.abs(wanted - raw).sum() > 0.8 * ink, "the two would differ otherwise"


def written(text, layout):
    picture = Image.new("L", (700, 80))
    font = ImageFont.truetype(fallback_font(), 40, layout_engine=layout)
    ImageDraw.Draw(picture).text((10, 10), text, "white", font)
    return np.asarray(picture).astype(int)


def test_arabic_within_latin_stays_at_its_place():
    assert as_drawn(f"Prompt S/R: {ARABIC} (2)") == f"Prompt S/R: {as_drawn(ARABIC)} (2)"
    assert as_drawn(f"{ARABIC}, cat") == f"{as_drawn(ARABIC)}, cat"


@pytest.mark.parametrize("text", ["Clip skip 12", JAPANESE, RUSSIAN, "", "a\nb", "(x) [y]"])
def test_texts_from_the_left_stay_as_they_are(text):
    assert as_drawn(text) == text


def test_hebrew_is_turned_round_and_the_latin_beside_it_is_not():
    assert as_drawn("skip שלום 12") == "skip םולש 12"
