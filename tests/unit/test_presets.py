"""Presets and speeds: what the panel keeps on disk."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.models.presets import Presets
from clip_skip_lab.models.speeds import MOST, Speeds
from clip_skip_lab.sweep.summary import with_time

VALUES = {"clip_skip": "1-4", "y_axis": "CFG Scale", "y_values": "5, 7", "draft": False}
NAMES = ["my preset", "<b onclick=x>bold</b>", "🐈 猫", "שלום", "a" * 100, "../../etc"]


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_comes_back_under_its_name(tmp_path, name):
    presets = Presets(tmp_path)
    presets.save(f" {name} ", VALUES)
    assert presets.recall(name).values == VALUES
    assert [preset.name for preset in Presets(tmp_path).all()] == [name]
    presets.save(name, {"clip_skip": "2"})
    assert presets.recall(name).values == {"clip_skip": "2"}
    presets.forget(name)
    assert presets.recall(name) is None and presets.all() == []


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "two\nlines", "\x00", None, 5])
def test_what_is_no_name_is_refused_with_a_sentence(tmp_path, name):
    with pytest.raises(InvalidInput, match="a name of 1 to 100 characters"):
        Presets(tmp_path).save(name, VALUES)
    assert Presets(tmp_path).all() == []


@pytest.mark.parametrize("kind", [Presets, Speeds])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 1, "presets": [{}]}',
        '{"version": 1, "speeds": [{"name": "a", "seconds": 0, "time": ""}]}',
    ],
)
def test_a_damaged_file_is_set_aside(tmp_path, kind, text):
    found = kind(tmp_path)
    found.path.write_text(text, encoding="utf-8")
    if kind.list_name in text or not text.startswith("{"):
        assert found.all() == []
        assert (tmp_path / found.set_aside).read_text(encoding="utf-8") == text


def test_a_forgotten_preset_cannot_be_forgotten_again(tmp_path):
    with pytest.raises(KeyError):
        Presets(tmp_path).forget("none")


@given(st.floats(0.001, 1000), st.floats(1, 1000), st.floats(1, 1000))
def test_the_time_of_a_sweep_follows_from_the_last_one_of_its_kind(tmp_path_factory, seconds, steps, more):
    speeds = Speeds(tmp_path_factory.mktemp("speeds"))
    speeds.learn({"512x512": 1}, 77)
    speeds.learn({"512x512": steps}, seconds)
    assert speeds.estimate({"512x512": more}) == pytest.approx(seconds / steps * more)


def test_no_time_is_said_for_what_was_never_measured(tmp_path):
    speeds = Speeds(tmp_path)
    assert speeds.estimate({"512x512": 10}) is None
    speeds.learn({"512x512": 10, "768x768": 10}, 5)  # of which it is not known which took how long
    assert speeds.all() == []
    speeds.learn({"512x512": 10}, 5)
    assert speeds.estimate({"512x512": 10, "768x768": 10}) is None
    assert speeds.estimate({}) is None
    speeds.learn({"768x768": 10}, 20)
    assert speeds.estimate({"512x512": 10, "768x768": 10}) == 25


def test_only_the_newest_kinds_of_work_are_kept(tmp_path):
    speeds = Speeds(tmp_path)
    old = [{"name": f"old {place}", "seconds": 1.0, "time": f"2020-01-01T00:{place:04d}"} for place in range(MOST)]
    speeds.path.write_text(json.dumps({"version": 1, "speeds": old}), encoding="utf-8")
    speeds.learn({"new": 10}, 5)
    names = {speed.name for speed in speeds.all()}
    assert len(names) == MOST and "new" in names and "old 0" not in names


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "about 1 s"),
        (12.4, "about 12 s"),
        (38, "about 40 s"),
        (89, "about 90 s"),
        (100, "about 2 min"),
        (2400, "about 40 min"),
        (7300, "about 2 h 2 min"),
    ],
)
def test_a_time_is_rounded_as_far_as_one_knows(seconds, said):
    assert with_time("12 cells", seconds) == f"12 cells · {said}"
