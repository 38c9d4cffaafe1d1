"""Whether the change of the conditioning foretells that of the pictures: the number, a sweep's rows, all sweeps."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.rank_correlation import add_rank_correlation_route
from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.query import Query
from clip_skip_lab.library.rank_correlations import (
    Correlated,
    RankCorrelations,
    correlated_in,
    from_json,
    interval,
    to_json,
)
from clip_skip_lab.measure.charts import draw_charts
from clip_skip_lab.measure.conditioning import fill_in, rank_correlations, spearman
from clip_skip_lab.measure.folder import measure_folder
from tests.helpers.measured import content_of, swept
from tests.helpers.sweeps_on_disk import settle

SMALL = st.integers(-5, 5)
PAIRS = st.lists(st.tuples(SMALL, SMALL), min_size=2, max_size=12)
DIFFERENT = st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=12, unique=True)

# --- The correlation ----------------------------------------------------------------------------------------------


@given(PAIRS)
def test_it_is_scipys_also_with_equal_numbers_and_the_same_both_ways(pairs):
    one, other = zip(*pairs, strict=True)
    found = spearman(one, other)
    assert found == spearman(other, one)
    if len({*one}) == 1 or len({*other}) == 1:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


@given(DIFFERENT)
def test_whatever_grows_along_has_1_and_whatever_falls_has_minus_1(numbers):
    assert spearman(numbers, [number**3 + 2 for number in numbers]) == pytest.approx(1)
    assert spearman(numbers, [-number for number in numbers]) == pytest.approx(-1)


# --- A sweep ------------------------------------------------------------------------------------------------------


def noted(changes, differences, scales=(None,)):
    """A measured sweep over clip skip with what was noted of each value."""
    content = content_of(dict.fromkeys(differences, 0.5), difference=differences, scales=scales)
    for cell in content["cells"]:
        cell["conditioning_change"] = changes[cell["values"]["Clip skip"]]
    fill_in(content, 1)
    return content


def test_each_row_has_one_without_its_reference():
    """With the reference, which is 0 in both, there would always be something of an order."""
    content = noted({1: 0, 2: 0.1, 3: 0.2, 4: 0.3, 5: 0.4}, {1: 0, 2: 9, 3: 8, 4: 7, 5: 6}, scales=(5, 7))
    assert rank_correlations(content, 1) == [{"cell": cell, "cells": 4, "rank_correlation": -1.0} for cell in (0, 5)]


def test_three_values_are_too_few_and_where_nothing_differs_there_is_no_order():
    assert rank_correlations(noted({1: 0, 2: 0.1, 3: 0.2, 4: 0.3}, {1: 0, 2: 1, 3: 2, 4: 3}), 1) == []
    assert rank_correlations(noted(dict.fromkeys(range(1, 7), 0), {skip: skip for skip in range(1, 7)}), 1) == []


def test_cells_of_which_it_is_not_known_are_left_out():
    changes = {1: 0, 2: 0.1, 3: None, 4: 0.3, 5: 0.4, 6: 0.5}
    (row,) = rank_correlations(noted(changes, {skip: skip for skip in changes}), 1)
    assert (row["cells"], row["rank_correlation"]) == (4, 1.0)


def test_it_is_among_the_measures_only_where_pictures_and_conditionings_have_one_reference():
    """The pictures of clip skip 1 failed: theirs is 2. What was noted is from 1."""
    content = noted({1: 0, 2: 0.1, 3: 0.2}, {1: 0, 2: 1, 3: 2})
    assert [cell["measures"]["conditioning_change"] for cell in content["cells"]] == [0, 0.1, 0.2]
    for cell in content["cells"]:
        del cell["measures"]["conditioning_change"]
    content["cells"][0]["measures"] = {}
    fill_in(content, 2)
    assert not any("conditioning_change" in cell["measures"] for cell in content["cells"])


def test_a_measured_folder_has_it_in_table_chart_and_definitions_and_an_older_sweep_has_nothing_of_it(tmp_path):
    folder = swept(tmp_path, "1-6")
    assert measure_folder(folder)["rank_correlations"] == []
    assert "conditioning" not in (folder / "measures.csv").read_text(encoding="utf-8-sig")
    record = json.loads((folder / "sweep.json").read_text())
    for cell in record["cells"]:
        cell["conditioning_change"] = 0.1 * cell["index"]
    (folder / "sweep.json").write_text(json.dumps(record))
    content = measure_folder(folder)
    assert content["measures"][-1]["key"] == "conditioning_change"
    assert content["measures"][-1]["against_reference"]
    assert content["rank_correlations"] == [{"cell": 0, "cells": 5, "rank_correlation": pytest.approx(1, abs=0.4)}]
    with (folder / "measures.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [float(row["conditioning_change"]) for row in csv.DictReader(file)] == pytest.approx(
            [0.1 * place for place in range(6)]
        )
    assert "charts/conditioning.png" in [chart["file"] for chart in content["charts"]]


def test_where_no_conditioning_changes_there_is_no_chart_of_it(tmp_path):
    content = noted(dict.fromkeys(range(1, 7), 0), dict.fromkeys(range(1, 7), 0))
    assert "charts/conditioning.png" not in [chart["file"] for chart in draw_charts(content, tmp_path, "en")]


# --- All sweeps ---------------------------------------------------------------------------------------------------


def of(number, mean=0.5, rows=1, extends="", name="tiny", short="0123456789"):
    return Correlated(f"sweep-{number}", extends, f"2026-11-{number:02}", name, short, rows, mean)


def test_over_ten_sweeps_there_are_mean_and_interval_below_nothing_is_said():
    means = [0.9, 0.7, 0.8, 1.0, 0.6] * 2
    few = RankCorrelations(of(number, mean, rows=2) for number, mean in enumerate(means[:9])).asked("tiny")
    assert (few.sweeps, few.rows, few.mean, few.low, few.high) == (9, 18, None, None, None)
    found = RankCorrelations(of(number, mean, rows=2) for number, mean in enumerate(means)).asked("tiny")
    assert (found.sweeps, found.rows, found.mean) == (10, 20, pytest.approx(0.8))
    low, high = stats.t.interval(0.95, 9, loc=0.8, scale=stats.sem(means))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_the_interval_stays_where_correlations_are(means):
    low, high = interval(means)
    assert -1 <= low <= high <= 1


def test_a_sweep_and_those_that_extend_it_count_once_as_the_last():
    line = [of(1, 0.1), of(2, 0.9, extends="sweep-1"), of(3, 0.3)]
    found = RankCorrelations([*line, *(of(number, 0.6) for number in range(4, 12))]).asked("tiny")
    assert (found.sweeps, found.mean) == (10, pytest.approx((0.9 + 0.3 + 8 * 0.6) / 10))


def test_a_checkpoint_is_asked_for_by_name_or_hash_and_a_shared_name_is_refused():
    known = RankCorrelations([of(1), of(2, name="renamed"), of(3, short="abcdefabcd")])
    assert known.asked("0123456789").sweeps == 2
    assert known.asked("renamed").sweeps == 2
    assert known.about("tiny", "abcdefabcd").sweeps == 1
    assert known.asked("unheard of").sweeps == 0
    with pytest.raises(InvalidInput, match="several checkpoints"):
        known.asked("tiny")


def sweep_of(tmp_path, number, correlations, **changes):
    """A sweep of two rows in a folder, measured as it says."""
    cells = [
        {"index": place, "values": {"Clip skip": 1, "CFG Scale": scale}, "state": "done", "pictures": []}
        for place, scale in enumerate((5, 7))
    ]
    name = f"2026-11-{number:02}-0a1b2c3d"
    content = {
        "schema": 1,
        "id": name,
        "created": f"2026-11-{number:02}T10:00:00+01:00",
        "state": "finished",
        "fingerprint": "",
        "plan": {},
        "model": {"name": "tiny", "hash": "0123456789", "vae": ""},
        "setting": {"prompt": 'a "rank_correlations": [ cat'},
        "axes": [{"name": "Clip skip", "values": [1]}, {"name": "CFG Scale", "values": [5, 7]}],
        "cells": cells,
        "notes": [],
        "problems": [],
        "rank_correlations": [{"cell": place, "cells": 5, "rank_correlation": r} for place, r in correlations.items()],
        **changes,
    }
    folder = tmp_path / "clip-skip-sweeps" / name
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    settle(folder, number)
    return content


def test_what_an_index_keeps_of_a_sweep_comes_back_and_what_somebody_wrote_there_is_refused(tmp_path):
    found = correlated_in(sweep_of(tmp_path, 1, {0: 0.5, 1: 0.9, 7: 1.0}))
    assert [(one.rows, one.mean) for one in found] == [(2, pytest.approx(0.7))], "it has no cell 7"
    assert from_json(json.loads(json.dumps(to_json(found)))) == found
    for wrong in (None, [{}], [{**to_json(found)[0], "mean": 7}], [{**to_json(found)[0], "hash": 1}]):
        with pytest.raises(ValueError):
            from_json(wrong)


@pytest.mark.parametrize("wrong", [[5], "text", [{"cell": 0, "rank_correlation": 1e400}], [{"cell": [], "a": 1}]])
def test_a_damaged_sweep_tells_nothing(tmp_path, wrong):
    assert correlated_in({**sweep_of(tmp_path, 1, {}), "rank_correlations": wrong}) == []


@pytest.mark.parametrize("asked", ["?checkpoint=0123456789", "?checkpoint=tiny", ""])
def test_the_route_answers_over_the_sweeps_on_disk_and_again_from_the_index(tmp_path, asked):
    for number in range(1, 12):
        sweep_of(tmp_path, number, {0: 0.5, 1: 0.9} if number > 1 else {})
    for _ in range(2):  # the second time as after a start
        app, library = FastAPI(), Library(lambda: Folders([str(tmp_path)]))
        host = SimpleNamespace(checkpoint=lambda: ("tiny", "0123456789"))
        add_rank_correlation_route(app, host, library, Guard(has_page=False))
        answer = TestClient(app).get(f"/clip-skip-lab/v1/rank-correlation{asked}").json()
        numbers = {"sweeps": 10, "rows": 20, "mean": 0.7, "low": 0.7, "high": 0.7, "reading": 0}
        assert answer == {"checkpoint": asked.partition("=")[2] or "tiny", **numbers}
        assert not any("rank_correlations" in entry for entry in library.listing(Query())["sweeps"])
    assert library.rank_correlations()[0] is library.rank_correlations()[0]
