"""Nothing of a cell stays in memory when it is on disk, also without Python's search for cycles, which comes late."""

from __future__ import annotations

import gc
import weakref

import pytest

from tests.helpers.host_in_process import make


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_of_all_cells_no_picture_and_only_the_first_request_are_alive_at_the_end(
    host, webui, opts, tmp_path, monkeypatch, mode
):
    from modules import scripts

    from clip_skip_lab.sweep.plan import read_plan
    from clip_skip_lab.sweep.run import run_sweep
    from clip_skip_lab.webui import pictures as finished
    from clip_skip_lab.webui import session as sessions

    requests, pictures = [], []
    applied, picture = sessions.applied, finished.Picture

    def noted_request(*args):
        made = applied(*args)
        requests.append(weakref.ref(made[0]))
        return made

    def noted_picture(*args, **kwargs):
        made = picture(*args, **kwargs)
        pictures.append(weakref.ref(made.image))
        return made

    monkeypatch.setattr(sessions, "applied", noted_request)
    monkeypatch.setattr(finished, "Picture", noted_picture)
    request = make(outpath_grids=str(tmp_path))
    request.scripts = scripts.ScriptRunner()
    plan = read_plan({"clip_skip": "1-6", "mode": mode, "cells_per_batch": 2 if mode == "fast" else 1}, [], 12)
    host.state.begin("test")
    gc.collect()
    gc.disable()
    try:
        with webui.session(request, plan) as session:
            outcome = run_sweep(plan, session, {})
            alive = [number for number, one in enumerate(requests) if one() is not None]
            shown = [number for number, one in enumerate(pictures) if one() is not None]
    finally:
        gc.enable()
        host.state.end()
    assert [cell.state for cell in outcome.record.cells] == ["done"] * 6
    assert len(requests) >= 3
    assert len(pictures) >= 6
    assert shown == []
    assert len(alive) <= 2, "the first, for the grid's metadata, and the last"
