"""Going on with a sweep: what is finished isn't run again, and what was tampered with is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.helpers.client import Client, same
from tests.helpers.extensions import faults as faults_extension
from tests.helpers.extensions.faults import SKIPS, TOGETHER
from tests.minihost import launch


def test_going_on_uses_the_settings_that_it_was_begun_with(client, faults):
    faults.set("unet raises", at=[1])
    begun = client.sweep({"clip_skip": [2, 3]}, override_settings={"eta_noise_seed_delta": 31337, "emphasis": "None"})
    assert begun.states == ["done", "failed"]
    faults.set()
    again = client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert again.states == ["done", "done"]
    settings = {"eta_noise_seed_delta": 31337, "emphasis": "None"}
    assert same(again.cells, client.sweep({"clip_skip": [2, 3]}, override_settings=settings).cells)
    assert client.options()["eta_noise_seed_delta"] == 0


def test_going_on_asks_for_what_the_panel_had_asked_for(client, faults):
    asked = {"Clip skip lab": {"args": [{"negative_clip_skip": 3}]}}
    faults.set("unet raises", at=[1])
    begun = client.sweep({"clip_skip": [1, 2]}, alwayson_scripts=asked)
    assert begun.states == ["done", "failed"]
    faults.set()
    again = client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert again.states == ["done", "done"]
    assert same(again.cells, client.sweep({"clip_skip": [1, 2]}, alwayson_scripts=asked).cells)
    assert not same(again.cells, client.sweep({"clip_skip": [1, 2]}).cells)


def test_two_sweeps_at_once_do_not_mix(client, faults):
    requests = [{"prompt": "a red cat", "seed": 1}, {"prompt": "a blue dog", "seed": 2}]
    alone = [client.sweep({"clip_skip": SKIPS}, **request) for request in requests]
    plans = [{"clip_skip": SKIPS}, {"clip_skip": SKIPS, **TOGETHER}]
    running = [
        client_of.in_background(lambda plan=plan, request=request, client=client_of: client.sweep(plan, **request))
        for client_of, plan, request in zip((Client(client.url), Client(client.url)), plans, requests, strict=True)
    ]
    between = Client(client.url).generate(seed=3)
    swept = [one.result() for one in running]
    assert swept[0].folder != swept[1].folder
    for one, other, request, most in zip(swept, alone, requests, (0, 1), strict=True):
        assert one.states == ["done"] * 4
        assert same(one.cells, other.cells, most)
        assert all(text.startswith(request["prompt"]) for text in one.cell_infotexts)
        assert len(list((one.folder / "cells").iterdir())) == 4
    assert same(between.pictures, client.generate(seed=3).pictures)


def test_one_sweep_that_is_gone_on_with_twice_at_once_runs_each_cell_once(client, faults, whole):
    faults.set("unet raises", at=[1])
    begun = client.sweep({"clip_skip": SKIPS})
    faults.set()
    request = {"script_args": [{"resume": begun.folder.name, "return_cells": True}]}
    clients = [Client(client.url), Client(client.url)]
    running = [one.in_background(lambda one=one: one.sweep(**request)) for one in clients]
    swept = [one.result() for one in running]
    assert faults.seen()["generations"] == 1
    assert all(same(one.cells, whole) for one in swept)


def changed_picture(folder, record):
    shutil.copy(folder / record["cells"][0]["pictures"][0]["file"], folder / record["cells"][1]["pictures"][0]["file"])


def missing_picture(folder, record):
    (folder / record["cells"][1]["pictures"][0]["file"]).unlink()


def edited_record(folder, record):
    record["cells"][1]["pictures"] = record["cells"][0]["pictures"]
    (folder / "sweep.json").write_text(json.dumps(record))


@pytest.mark.parametrize("harm", [changed_picture, missing_picture, edited_record])
def test_a_cell_that_was_tampered_with_is_run_again(client, faults, whole, harm):
    faults.set("unet raises", at=[3])
    begun = client.sweep({"clip_skip": SKIPS})
    harm(begun.folder, begun.record)
    faults.set()
    again = client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert faults.seen()["generations"] == 2
    assert same(again.cells, whole)


def test_a_process_that_is_killed_loses_no_finished_cell(client, tmp_path):
    plan = {"clip_skip": "1-8", "mode": "fast", "cells_per_batch": 2}
    request = {"steps": 20, "sampler_name": "Euler", "scheduler": "Automatic"}
    source, data = faults_extension.write(tmp_path / "source"), tmp_path / "data"
    with launch.Process(data, [launch.REPO, source], ["--nowebui"]) as process:
        doomed = Client(process.url)
        doomed.generate(steps=1)
        doomed.in_background(lambda: doomed.sweep(plan, **request))
        record = wait_for_done(data, 2)
        os.kill(process.process.pid, signal.SIGKILL)
        process.process.wait(10)
    folder = record.parent
    broken_off = json.loads(record.read_text())
    assert broken_off["state"] == "running"
    done = [cell for cell in broken_off["cells"] if cell["state"] == "done"]
    assert 2 <= len(done) < 8
    written = {picture["file"]: (folder / picture["file"]).stat().st_mtime for c in done for picture in c["pictures"]}
    with launch.Process(data, [launch.REPO, source], ["--nowebui"]) as process:
        after = Client(process.url)
        faults = faults_extension.Faults(after)
        faults.set()
        again = after.sweep(script_args=[{"resume": folder.name, "return_cells": True}])
        assert faults.seen()["generations"] == (8 - len(done)) // 2
    assert again.states == ["done"] * 8
    assert {file: (folder / file).stat().st_mtime for file in written} == written, "what was finished isn't run again"
    whole = client.sweep(plan, **request)
    assert same(again.cells, whole.cells)
    assert again.cell_infotexts == whole.cell_infotexts


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_process_that_is_killed_between_a_picture_and_its_record_can_be_gone_on_with(client, tmp_path, at_once):
    plan = {"clip_skip": "1-8", "mode": "fast", "cells_per_batch": at_once}
    source, data = faults_extension.write(tmp_path / "source"), tmp_path / "data"
    with launch.Process(data, [launch.REPO, source], ["--nowebui"]) as process:
        doomed = Client(process.url)
        faults_extension.Faults(doomed).set("killed", at_file=3)
        with pytest.raises(httpx.HTTPError):
            doomed.sweep(plan)
        process.process.wait(10)
    (record,) = data.rglob("sweep.json")
    broken_off = json.loads(record.read_text())
    assert broken_off["state"] == "running"
    files = [picture["file"] for cell in broken_off["cells"] for picture in cell["pictures"]]
    assert all((record.parent / file).stat().st_size > 0 for file in files)
    whole = [path for path in (record.parent / "cells").iterdir() if path.stat().st_size > 0]
    assert len(whole) > len(files), "there is an image that the record doesn't tell of yet"
    with launch.Process(data, [launch.REPO, source], ["--nowebui"]) as process:
        again = Client(process.url).sweep(script_args=[{"resume": record.parent.name, "return_cells": True}])
    assert again.states == ["done"] * 8
    assert all(path.stat().st_size > 0 for path in (record.parent / "cells").iterdir())
    assert same(again.cells, client.sweep(plan).cells)


def wait_for_done(data: Path, count: int) -> Path:
    """Waits until so many cells of the one sweep there are done, and returns its record."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for record in data.rglob("sweep.json"):
            cells = json.loads(record.read_text())["cells"]
            if sum(cell["state"] == "done" for cell in cells) >= count:
                return record
        time.sleep(0.01)
    raise TimeoutError("the sweep never got there")
