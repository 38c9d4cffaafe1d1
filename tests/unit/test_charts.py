"""Charts from made-up measures: what is drawn, and where nothing is."""

from __future__ import annotations

from pathlib import Path

from clip_skip_lab.measure.charts import draw_charts
from tests.helpers.measured import content_of


def test_charts_are_drawn_for_every_kind_of_label(tmp_path):
    """A dollar sign starts no formula, an underscore hides no line, Japanese and long labels fit somewhere."""
    labels = ("$x^{", "_hidden", "青い空 $5", "long " * 30, "<b>")
    content = content_of({1: 0.0, 2: 0.4, 3.5: 0.5, "avg 2-4": 0.2}, scales=labels, new_seed=0.6)
    made = draw_charts(content, tmp_path, "ja")
    titles = {chart["file"]: chart["title"] for chart in made}
    assert {"charts/change.png", "charts/sharpness.png", "charts/heatmap.png"} <= set(titles)
    assert all((tmp_path / file).stat().st_size > 5_000 for file in titles)
    change = titles["charts/change.png"]
    assert change["en"] == "Composition change from clip skip 1"
    assert change["ja"] == "Clip skip 1 からの構図の変化"


def test_a_machine_without_japanese_letters_gets_english_charts(tmp_path, monkeypatch):
    content = content_of({1: 0.0, 2: 0.4})
    drawn = {}
    for name, can in (("without", False), ("with", True)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr("clip_skip_lab.measure.charts.can_write", lambda text, font, can=can: can or text.isascii())
        draw_charts(content, tmp_path / name, "ja")
        draw_charts(content, tmp_path, "en")
        drawn[name] = Path(tmp_path / name / "charts/change.png").read_bytes()
    assert drawn["without"] == Path(tmp_path / "charts/change.png").read_bytes()
    assert drawn["with"] != drawn["without"]


def test_no_chart_where_there_is_nothing_to_compare(tmp_path):
    assert draw_charts(content_of({1: 0.0}), tmp_path, "en") == []
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_cannot_be_compared_still_have_a_sharpness(tmp_path):
    made = draw_charts(content_of({1: None, 2: None}, scales=(5, 7)), tmp_path, "en")
    assert [chart["file"] for chart in made] == ["charts/sharpness.png"]


def test_many_values_of_an_axis_make_a_chart_that_can_still_be_drawn(tmp_path):
    content = content_of({skip: 0.1 * skip for skip in range(1, 13)}, scales=tuple(range(60)))
    assert "charts/heatmap.png" in [chart["file"] for chart in draw_charts(content, tmp_path, "en")]
