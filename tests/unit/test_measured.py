"""What is remembered of the answers of checkpoints' weights."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clip_skip_lab.models.measured import Measured, Measurement, normal_loras
from clip_skip_lab.probe.answer import Answer, Row
from clip_skip_lab.probe.measurement import measurement
from clip_skip_lab.probe.question import Question

A, B = "a" * 64, "b" * 64
TWO = Measurement("x", A, "", "clip_skip", 2, (2,), 3.1, 32, False, "2031-02-03T04:05:06+00:00")
OPEN = replace(TWO, clip_skip=None, candidates=(1, 2), worse_by=0.2)


@pytest.fixture
def measured(tmp_path):
    return Measured(tmp_path / "clip_skip_lab")


def test_an_answer_is_there_for_the_next_process_and_its_file_is_known_by_its_hash(measured):
    assert measured.recall("x", A) is None
    measured.remember(TWO)
    again = Measured(measured.path.parent)
    assert again.recall("x", A) == again.recall("renamed", A) == again.recall("x", None) == TWO
    assert again.recall("x", B) is None, "another file under a known name"
    assert again.all() == [TWO]


def test_each_set_of_loras_and_each_of_the_text_encoders_is_a_question_of_its_own(measured):
    answers = [TWO, replace(TWO, loras="b:1", clip_skip=1), replace(TWO, vary="sdxl_clip_l_skip", clip_skip=3)]
    for answer in answers:
        measured.remember(answer)
    assert measured.recall("x", A) == answers[0]
    assert measured.recall("x", A, "b:1") == answers[1]
    assert measured.recall("x", A, "b:0.5") is None
    assert measured.recall("x", A, vary="sdxl_clip_l_skip") == answers[2]
    assert len({answer.key for answer in measured.all()}) == 3


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        (TWO, replace(TWO, clip_skip=1, pictures=16), True),
        (TWO, OPEN, False),
        (TWO, replace(OPEN, pictures=64), True),
        (OPEN, replace(OPEN, pictures=8), True),
        (OPEN, replace(TWO, pictures=8), True),
        (TWO, replace(TWO, drawn=True, clip_skip=1, pictures=64), False),
        (OPEN, replace(TWO, drawn=True), True),
        (replace(TWO, drawn=True), replace(TWO, clip_skip=1, pictures=8), True),
        (replace(TWO, drawn=True), OPEN, False),
        (replace(OPEN, drawn=True), OPEN, True),
    ],
)
def test_a_newer_answer_takes_the_place_of_one_that_is_no_better_evidence(measured, old, new, is_kept):
    measured.remember(old)
    measured.remember(new)
    assert measured.all() == [new if is_kept else old]


def test_a_hash_is_learnt_and_not_lost(measured):
    measured.remember(replace(TWO, sha256=None))
    measured.remember(TWO)
    measured.remember(replace(TWO, sha256=None, clip_skip=3))
    assert measured.all() == [replace(TWO, clip_skip=3)]


def test_an_answer_can_be_forgotten(measured):
    other = replace(TWO, loras="b:1")
    measured.remember(TWO)
    measured.remember(other)
    measured.forget(TWO.key)
    assert measured.all() == [other]
    with pytest.raises(KeyError):
        measured.forget(TWO.key)


@pytest.mark.parametrize(
    "change",
    [
        {"clip_skip": 0},
        {"clip_skip": True},
        {"candidates": None},
        {"candidates": [1.5]},
        {"pictures": "32"},
        {"drawn": 0},
        {"time": None},
        {"loras": 1},
        {"vary": "negative_clip_skip"},
        {"vary": ["clip_skip"]},
        {"worse_by": "3"},
        {"more": 1},
    ],
)
def test_a_damaged_file_is_set_aside(measured, change):
    measured.remember(TWO)
    data = json.loads(measured.path.read_bytes())
    data["answers"][0] |= change
    measured.path.write_text(json.dumps(data), encoding="utf-8")
    assert measured.recall("x", A) is None
    assert json.loads((measured.path.parent / measured.set_aside).read_bytes()) == data
    measured.remember(TWO)
    assert measured.recall("x", A) == TWO


def test_of_an_answer_the_value_that_comes_closest_is_remembered():
    rows = (Row(1, 1.1, 9.0, 7, 11, 16), Row(2, 1.0, 0, 0, 0, 32), Row(3, 1.03, 3.14159, 1.9, 4.4, 32))
    answer = Answer(2, (2,), rows, 32, 999, 9.5, {"name": "x", "hash": "a"}, (), drawn=True)
    made = measurement(Question(vary="clip_skip"), answer, "x", A, "b:1")
    assert replace(made, time="") == replace(TWO, loras="b:1", worse_by=3.142, drawn=True, time="")
    assert len(made.time) == len(TWO.time)
    alone = measurement(Question(), replace(answer, rows=rows[1:2]), "x", None, "")
    assert (alone.worse_by, alone.sha256) == (None, None)


def test_loras_have_one_form_whatever_their_order_and_writing():
    def tags(*texts):
        parts = [text.split(":") for text in texts]
        return [
            ([part for part in one if "=" not in part], dict(part.split("=") for part in one if "=" in part))
            for one in parts
        ]

    assert normal_loras(tags("b:0.80", "a:1.0")) == normal_loras(tags("a", "b:.8:0.8")) == "a:1, b:0.8"
    assert normal_loras(tags("a:te=1:unet=0.50", "a:x")) == "a:1:0.5, a:x"
    assert normal_loras(tags("a:1:1:4")) == normal_loras(tags("a:dyn=4")) == "a:1:dyn=4"
    assert normal_loras([([], {})]) == normal_loras([]) == ""


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Measurement,
            name=st.sampled_from(["x", "y"]),
            sha256=st.sampled_from([None, A, B]),
            loras=texts,
            vary=st.just("clip_skip"),
            clip_skip=st.none() | st.integers(1, 12),
            candidates=st.lists(st.integers(1, 12), max_size=3).map(tuple),
            worse_by=st.none() | st.floats(0, 99),
            pictures=st.integers(0, 99),
            drawn=st.booleans(),
            time=texts,
        ),
        max_size=8,
    )
)
def test_whatever_is_remembered_the_file_stays_whole_and_no_question_has_two_answers(tmp_path, answers):
    measured = Measured(tmp_path)
    measured.forget_all()
    for answer in answers:
        measured.remember(answer)
        found = measured.recall(answer.name, answer.sha256, answer.loras)
        assert found is not None
        assert found.clip_skip == answer.clip_skip or not answer.is_better_than(found)
    assert measured.set_aside is None
    keys = [answer.key for answer in measured.all()]
    assert len(keys) == len(set(keys))
