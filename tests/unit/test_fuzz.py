"""Whatever somebody sends: a plan, or a sentence that says what is wrong. Never another exception."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.plan import SweepPlan, read_plan
from clip_skip_lab.sweep.plan_keys import MOST_CELLS, PLAN_KEYS
from clip_skip_lab.sweep.resume import check_same, find_earlier, offered
from clip_skip_lab.sweep.run import run_sweep
from clip_skip_lab.ui.arguments import ResumeRequest, plan_from_arguments, resume_request
from tests.helpers.memory_session import CFG as MEMORY_CFG
from tests.helpers.memory_session import CHECKPOINT, HOST, MemorySession, plan_of

AXES = [
    Axis("CFG Scale", "float"),
    Axis("Steps", "int"),
    Axis("Sampler", choices=lambda: ["Euler", "Euler a", "DPM++ 2M"]),
    Axis("Prompt S/R"),
    Axis("Prompt order", "order", show=", ".join),
]

RANGES = ["1-12", "12-1", "1-", "-", "1, 2", "avg 2-4", "avg 4-2", "1.5", "1-2 (+0.5)", "1-9 (0)", "1-12 [5000]"]
LONG = ["9" * 5_000, f"1-12 [{'9' * 5_000}]", f"1-{'9' * 5_000}", f"1-2 (+0.{'0' * 400}1)"]
ODD = ["1e999", "nan", "inf", '"', '"a, b", c', "\x00", "\r", "\ud800", "١", "²", "１，２", "Nothing", "", " ", ","]
TYPED = st.sampled_from(RANGES + LONG + ODD)
TEXTS = TYPED | st.text(max_size=20) | st.sampled_from([axis.label for axis in AXES])
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, -1, 13, 2**63, 10**30, 10**400, 1e308])
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))
AXIS = st.fixed_dictionaries({}, optional={"axis": TEXTS | JSON, "values": JSON | st.lists(PLAIN, max_size=5)})
NAMES = [key.name for key in PLAN_KEYS]
PLANS = st.fixed_dictionaries({}, optional={name: AXIS | JSON if name in ("y", "z") else JSON for name in NAMES})
ARGUMENTS = st.tuples(PLANS) | st.lists(PLAIN | st.lists(TEXTS, max_size=2), max_size=15).map(tuple)
ASKED = st.dictionaries(st.sampled_from(["resume", "full", "cells", "return_cells"]) | TEXTS, JSON, max_size=3)


def is_answered(read):
    """What `read` gives, or None where it says what is wrong in a sentence that can be sent."""
    try:
        return read()
    except InvalidInput as error:
        assert error.status_code == 422
        assert "; allowed: " in error.detail
        error.detail.encode()
        return None


def is_whole(plan):
    assert isinstance(plan, SweepPlan)
    assert len(plan.cells()) == plan.size <= MOST_CELLS
    assert read_plan(json.loads(json.dumps(plan.to_json())), AXES, 12).cells() == plan.cells()


@given(JSON | PLANS)
def test_any_json_is_a_plan_or_a_sentence(request):
    plan = is_answered(lambda: read_plan(request, AXES, 12))
    if plan is not None:
        is_whole(plan)


@given(ARGUMENTS)
def test_any_arguments_are_a_plan_or_a_sentence(arguments):
    plan = is_answered(lambda: plan_from_arguments(arguments, AXES, 12))
    if plan is not None:
        is_whole(plan)


@given(ARGUMENTS | ASKED.map(lambda asked: (asked,)))
def test_any_arguments_ask_for_an_earlier_sweep_or_not(arguments):
    asked = is_answered(lambda: resume_request(arguments))
    assert asked is None or isinstance(asked, ResumeRequest)


ONE_OF_EACH = [None, True, False, 0, -1, 13, 2**63, 10**400, 1.5, math.nan, math.inf, "", [], {}, [[]], [{}], [None]]


@pytest.mark.parametrize("key", NAMES)
def test_one_value_of_each_kind_in_each_place(key):
    """What drawing at random seldom meets: a wrong value with nothing else wrong beside it."""
    for value in [*ONE_OF_EACH, *RANGES, *LONG, *ODD]:
        values = [value, [value], ["1", value]]
        requests = [{key: one} for one in values]
        if key in ("y", "z"):
            requests += [{key: {"axis": axis.label, "values": one}} for axis in AXES for one in values]
            requests += [{key: {"axis": value, "values": "5"}}, {key: {"values": value}}]
        for request in requests:
            plan = is_answered(lambda request=request: read_plan({"clip_skip": "1", **request}, AXES, 12))
            if plan is not None:
                is_whole(plan)


def parts(content):
    """Each place in plain data: its parent and its key."""
    found, left = [], [content]
    while left:
        parent = left.pop()
        for key, value in list(parent.items() if isinstance(parent, dict) else enumerate(parent)):
            found.append((parent, key))
            if isinstance(value, dict | list):
                left.append(value)
    return found


def test_any_sweep_json_is_resumed_or_refused_in_a_sentence(tmp_path):
    plan = plan_of("1-3", ("CFG Scale", "5, 7"))
    outcome = run_sweep(plan, MemorySession(str(tmp_path), interrupt_at=3), HOST)
    path, name = outcome.folder / "sweep.json", outcome.folder.name
    written = path.read_text()
    session = MemorySession(str(tmp_path))

    def resumed(asked):
        earlier = find_earlier(tmp_path, name)
        run = asked.next_run(earlier)
        again = read_plan(run.request, [MEMORY_CFG, CHECKPOINT], 12)
        earlier.sound_cells(again)
        earlier.notes("program", HOST)
        if run.earlier is not None:
            check_same(earlier, again.fingerprint(session.setting), session.model, session.setting)

    @given(st.data(), JSON, st.sampled_from([(None, None), (False, None), (True, None), (True, [0])]), JSON)
    def changed(data, value, full_and_cells, cells):
        content = json.loads(written)
        parent, key = data.draw(st.sampled_from(parts(content)))
        if data.draw(st.booleans()):
            parent[key] = value
        else:
            del parent[key]
        path.write_text(json.dumps(content), encoding="utf-8")
        full, chosen = full_and_cells
        is_answered(lambda: resumed(ResumeRequest(name, full, {"cells": chosen and cells, "return_cells": True})))
        offered(tmp_path)

    changed()
