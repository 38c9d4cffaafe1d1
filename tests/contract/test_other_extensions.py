"""Beside an extension that draws prompts, encodes and generates by itself, and whose inputs come after ours."""

from __future__ import annotations

import numpy as np

from tests.contract.meddling_extension import asking

PROMPT = "a red __animal__ on a table"


def test_switched_off_it_changes_nothing(meddled_client, meddling):
    one = meddled_client.single(2, prompt=PROMPT)
    (cell,) = meddled_client.sweep(
        {"clip_skip": "2"}, prompt=PROMPT, script_args=[{"clip_skip": "2", "return_cells": True}, *[None] * 12]
    ).cells
    assert np.array_equal(cell, one.pictures[0])
    assert all(not any(arguments) for arguments in meddling.seen()["arguments"])


def test_switched_on_it_draws_encodes_and_details(meddled_client, meddling):
    on = asking(draw=True, encode=True, detail=True, note="hello")
    answer = meddled_client.generate(prompt=PROMPT, alwayson_scripts=on)
    seen = meddling.seen()
    assert "__animal__" not in seen["prompts"][0][0]
    assert len(seen["encoded"]) == len(seen["detailed"]) == 1
    assert "Meddling note: hello" in answer.infotexts[0]
