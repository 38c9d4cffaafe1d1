"""Findings in words: from made-up measures, what is said and what is not, in English and Japanese."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_skip_lab.measure.cells import reference_of
from clip_skip_lab.measure.charts import draw_charts
from clip_skip_lab.measure.definitions import MEASURES
from clip_skip_lab.measure.findings import findings

KEYS = [measure.key for measure in MEASURES]


def content_of(
    composition, sharpness=None, scales=(None,), steps=None, difference=None, new_seed=None, effects=None, pictures=1
):
    """A measured `sweep.json`; `composition` is by clip skip, the same at each CFG scale."""
    cells = []
    for scale in scales:
        for skip, change in composition.items():
            measures = {key: 0.5 for key in KEYS} | {
                "composition_change": change,
                "mean_absolute_difference": (difference or {}).get(skip, 10 if change else change),
                "sharpness": (sharpness or {}).get(skip, 100),
            }
            values = {"Clip skip": skip} | ({} if scale is None else {"CFG Scale": scale})
            cells.append(
                {
                    "index": len(cells),
                    "values": values,
                    "state": "done",
                    "measures": measures,
                    "pictures": [{}] * pictures,
                }
            )
    steps = steps or {}
    return {
        "axes": [{"name": "Clip skip", "values": list(composition)}]
        + (
            []
            if scales == (None,)
            else [{"name": "CFG Scale", "values": list(scales), "labels": list(map(str, scales))}]
        ),
        "cells": cells,
        "reference": {"Clip skip": reference_of(cells)},
        "neighbours": [
            {"from": one, "to": other, "composition_change": change} for (one, other), change in steps.items()
        ],
        "new_seed": None if new_seed is None else {"composition_change": new_seed, "pairs": 3},
        "effects": effects or {"axes": [], "shares": None, "p": None},
    }


def said(*args, **kwargs):
    found = findings(content_of(*args, **kwargs))
    assert len(found["en"]) == len(found["ja"]) > 0
    return " ".join(found["en"])


def effects_of(clip_skip, other, interaction, p=None):
    shares = {"Clip skip": clip_skip, "CFG Scale": other, "interaction": interaction}
    return {"axes": ["Clip skip", "CFG Scale"], "shares": shares, "p": p}


def test_identical_pictures_are_said_to_be_identical():
    text = said({skip: 0.0 for skip in range(1, 13)})
    assert text.startswith("All 12 pictures are identical: this model ignores clip skip in this WebUI, or")
    assert "change" not in text


def test_with_several_pictures_beside_each_other_those_of_one_clip_skip_may_differ():
    text = said({1: 0.0, 2: 0.0}, scales=(5, 7))
    assert text.startswith("Clip skip changes no pixel of any picture")
    assert said({1: 0.0, 2: 0.0}, pictures=2).startswith("Clip skip changes no pixel of any picture")


def test_one_difference_is_enough_for_pictures_not_to_be_identical():
    text = said({1: 0.0, 2: 0.0, 3: 0.0}, difference={3: 0.001})
    assert "All 3" not in text
    assert "Clip skip 2: the same pictures as 1." in text


def test_the_largest_change_and_where_it_settles():
    steps = {(1, 2): 0.5, (2, 3): 0.3, (3, 4): 0.1, (4, 5): 0.12, (5, 6): 0.05}
    text = said({1: 0.0, 2: 0.5, 3: 0.6, 4: 0.6, 5: 0.7, 6: 0.7}, steps=steps)
    assert "Largest change of the composition (0 is none): 1 → 2 (0.50)." in text
    assert "From 3 on the composition settles" in text


def test_steps_that_are_as_large_as_the_largest_are_named_beside_it_or_none_stands_out():
    changes = {skip: 0.5 if skip > 1 else 0.0 for skip in range(1, 7)}
    steps = {(1, 2): 0.5, (2, 3): 0.46, (3, 4): 0.44, (4, 5): 0.1, (5, 6): 0.3}
    text = said(changes, steps=steps)
    assert "Largest changes of the composition (0 is none): 1 → 2 (0.50), 2 → 3 (0.46)." in text
    text = said(changes, steps={pair: 0.5 for pair in steps} | {(4, 5): 0.2})
    assert "No step of clip skip stands out: each changes the composition by 0.20 to 0.50 (0 is none)." in text


@pytest.mark.parametrize(
    "steps",
    [
        {(1, 2): 0.1, (2, 3): 0.1, (3, 4): 0.4},  # it moves most at the end
        {(1, 2): 0.5, (2, 3): 0.2, (3, 4): 0.1},  # a single small step is no settling
        {(1, 2): 0.5, (2, 3): 0.1, (3, 4): None},  # what comes last is not known
    ],
)
def test_what_does_not_settle_is_not_said_to(steps):
    assert "settles" not in said({1: 0.0, 2: 0.5, 3: 0.5, 4: 0.5}, steps=steps)


def test_the_seed_is_the_yardstick_where_there_is_one():
    steps = {(1, 2): 0.2, (2, 5): 0.1}
    assert "A step from 1 to 2 changes as much as 0.4 of a new seed." in said(
        {1: 0.0, 2: 0.2, 5: 0.3}, steps=steps, new_seed=0.5
    )
    assert "seed" not in said({1: 0.0, 2: 0.2, 5: 0.3}, steps=steps)


def test_from_where_on_sharpness_is_under_half():
    changes = {skip: 0.1 * (skip - 1) for skip in (1, 2, 6, 12)}
    text = said(changes, sharpness={1: 100, 2: 80, 6: 49, 12: 20})
    assert "From 6 on, sharpness is under half of clip skip 1." in text
    text = said(changes, sharpness={1: 100, 2: 40, 6: 49, 12: 60})
    assert "on, sharpness" not in text
    assert "Sharpness is lowest at 2: 0.40 of clip skip 1." in text
    assert "Sharpness is highest at 6: 3.00 of" in said(changes, sharpness={1: 100, 2: 90, 6: 300, 12: 60})
    assert "Sharpness stays near that of clip skip 1: 0.90 to 1.10 of it." in said(
        changes, sharpness={1: 100, 2: 90, 6: 110, 12: 100}
    )


def test_which_value_keeps_closest():
    assert "Closest to clip skip 1: 5 (0.20)." in said({1: 0.0, 2: 0.4, 5: 0.2, 9: 0.6})


def test_the_reference_is_the_first_value_where_one_was_not_swept():
    assert "Closest to clip skip 4: 6 (0.20)." in said({4: 0.0, 6: 0.2, 9: 0.6})


def test_whether_cfg_plays_a_part():
    changes = {1: 0.0, 2: 0.4, 3: 0.5}
    text = said(changes, scales=(5, 7), effects=effects_of(0.62, 0.33, 0.05, {"Clip skip": 0.001, "CFG Scale": None}))
    assert "62 % belongs to clip skip (p = 0.001), 33 % belongs to CFG Scale, 5 % to their interaction." in text
    assert text.endswith("Clip skip and CFG Scale hardly interact here.")
    text = said(changes, scales=(5, 7), effects=effects_of(0.3, 0.3, 0.4))
    assert text.endswith("What clip skip does depends on CFG Scale here.")
    by_chance = effects_of(0.3, 0.3, 0.4, {"interaction": 0.4})
    assert "depends" not in said(changes, scales=(5, 7), effects=by_chance)
    between = said(changes, scales=(5, 7), effects=effects_of(0.4, 0.4, 0.2))
    assert "interact here" not in between
    assert "depends" not in between


def test_one_clip_skip_leaves_nothing_to_compare():
    assert said({3: 0.0}) == "There are no two values of clip skip to compare."


def test_pictures_of_different_size_cannot_be_compared():
    assert said({1: None, 2: None}).startswith("No picture could be compared")


def test_how_much_was_measured_is_said_where_it_is_not_all():
    content = content_of({1: 0.0, 2: 0.4, 3: 0.5})
    content["cells"][2]["measures"] = {}
    assert findings(content)["en"][0] == "2 of 3 cells are measured."
    for cell in content["cells"]:
        cell["measures"] = {}
    content["reference"] = None
    assert findings(content)["en"] == ["0 of 3 cells are measured.", "There are no two values of clip skip to compare."]


def test_averages_of_layers_are_compared_but_have_no_place_in_an_order():
    text = said({1: 0.0, 2: 0.4, "avg 2-4": 0.1}, sharpness={1: 100, 2: 90, "avg 2-4": 10}, steps={(1, 2): 0.4})
    assert "Closest to clip skip 1: avg 2-4 (0.10)." in text
    assert "Sharpness is lowest at avg 2-4: 0.10 of clip skip 1." in text


CHANGES = st.one_of(st.none(), st.floats(0, 2))


@given(
    st.dictionaries(
        st.one_of(st.integers(1, 12), st.sampled_from([1.5, 2.25, "avg 2-4"])), st.tuples(CHANGES, CHANGES), min_size=1
    ),
    st.one_of(st.none(), st.floats(0, 2)),
    st.sampled_from([(None,), (5,), (5, 7)]),
)
@settings(max_examples=150)
def test_whatever_the_numbers_there_is_something_to_say_in_both_languages(values, new_seed, scales):
    composition = {skip: pair[0] for skip, pair in values.items()}
    sharpness = {skip: pair[1] for skip, pair in values.items()}
    numbers = sorted(skip for skip in values if not isinstance(skip, str))
    steps = dict(zip(pairwise(numbers), composition.values(), strict=False))
    found = findings(content_of(composition, sharpness, scales, steps, new_seed=new_seed))
    assert len(found["en"]) == len(found["ja"]) > 0
    assert not [text for text in found["en"] + found["ja"] if "nan" in text or "None" in text or "inf" in text]
    assert all(text.isascii() or "→" in text for text in found["en"])


def test_charts_are_drawn_for_every_kind_of_label(tmp_path):
    """A dollar sign starts no formula, an underscore hides no line, Japanese and long labels fit somewhere."""
    labels = ("$x^{", "_hidden", "青い空 $5", "long " * 30, "<b>")
    content = content_of({1: 0.0, 2: 0.4, 3.5: 0.5, "avg 2-4": 0.2}, scales=labels, new_seed=0.6)
    made = draw_charts(content, tmp_path, "ja")
    assert [chart["file"] for chart in made] == ["charts/change.png", "charts/sharpness.png", "charts/heatmap.png"]
    assert all((tmp_path / chart["file"]).stat().st_size > 5_000 for chart in made)
    assert made[0]["title"] == {"en": "Composition change from clip skip 1", "ja": "Clip skip 1 からの構図の変化"}


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
    assert len(draw_charts(content, tmp_path, "en")) == 3


def test_findings_are_plain_data():
    assert json.loads(json.dumps(findings(content_of({1: np.float64(0), 2: 0.4}))))
