"""Faults in the middle of a sweep, done for real: what is finished is kept, the rest goes on or can be run later."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from tests.contract import faults_extension
from tests.contract.client import CLIP_SKIP, Client, Refused
from tests.minihost import launch

SKIPS = [1, 2, 3, 12]
TOGETHER = {"mode": "fast", "cells_per_batch": 16}


@pytest.fixture(scope="module")
def client(faulty_client):
    return faulty_client


@pytest.fixture(scope="module")
def whole(client):
    """The pictures of `SKIPS` when nothing goes wrong."""
    return client.sweep({"clip_skip": SKIPS}).cells


def states(sweep):
    return [cell["state"] for cell in sweep.record["cells"]]


def reasons(sweep):
    return [cell["reason"] for cell in sweep.record["cells"]]


def same(one, other, most=0):
    pairs = zip(one, other, strict=True)
    return all(np.abs(a.astype(int) - b.astype(int)).max() <= most for a, b in pairs)


# A cell that cannot be


def test_an_exception_in_one_cell_costs_that_cell_only(client, faults, whole):
    faults.set("unet raises", at=[2])
    swept = client.sweep({"clip_skip": SKIPS})
    assert states(swept) == ["done", "done", "failed", "done"]
    assert reasons(swept)[2] == "ValueError: the sampler met a wall"
    assert same(swept.cells, whole[:2] + whole[3:])
    faults.set()
    again = client.sweep(script_args=[{"resume": swept.folder.name, "return_cells": True}])
    assert states(again) == ["done"] * 4
    assert faults.seen()["generations"] == 1, "what is finished isn't run again"
    assert same(again.cells, whole)


def test_an_exception_in_a_batch_costs_only_the_cell_that_is_at_fault(client, faults, whole):
    faults.set("unet raises", at=[0, 3])  # the batch of all four, and the third of them alone
    swept = client.sweep({"clip_skip": SKIPS, **TOGETHER})
    assert states(swept) == ["done", "done", "failed", "done"]
    assert same(swept.cells, whole[:2] + whole[3:])


def test_nan_from_the_unet_costs_that_cell_only(client, faults, whole):
    faults.set("unet gives NaN", at=[1])
    swept = client.sweep({"clip_skip": SKIPS})
    assert states(swept) == ["done", "failed", "done", "done"]
    assert reasons(swept)[1].startswith("The model gave only NaN, no picture.")
    assert same(swept.cells, whole[:1] + whole[2:])


def test_nan_in_one_row_of_a_batch_costs_that_cell_only(client, faults, whole):
    faults.set("unet gives NaN", at=[0], row=1)
    swept = client.sweep({"clip_skip": SKIPS, **TOGETHER})
    assert sorted(states(swept)) == ["done", "done", "done", "failed"]
    assert faults.seen()["generations"] == 1
    kept = [picture for state, picture in zip(states(swept), whole, strict=True) if state == "done"]
    assert same(swept.cells, kept, most=1)


@pytest.mark.parametrize("plan", [{}, TOGETHER], ids=["exact", "fast"])
def test_nan_from_the_vae_costs_that_cell_only(client, faults, whole, plan):
    faults.set("vae gives NaN", at=[1] if not plan else [0, 2])
    swept = client.sweep({"clip_skip": SKIPS, **plan})
    assert states(swept) == ["done", "failed", "done", "done"]
    assert "NaN" in reasons(swept)[1]
    assert same(swept.cells, whole[:1] + whole[2:])


@pytest.mark.parametrize("kind", ["hook raises", "callback raises"])
def test_an_always_on_extension_that_raises_does_no_harm(client, faults, whole, kind):
    faults.set(kind)
    for plan in ({}, TOGETHER):
        swept = client.sweep({"clip_skip": SKIPS, **plan})
        assert states(swept) == ["done"] * 4
        assert same(swept.cells, whole, most=1 if plan else 0)


# The model, and settings, changed under a sweep


@pytest.fixture
def other_model(client):
    """The checkpoint that isn't the user's; whatever a test does, the user's is chosen after it."""
    chosen = client.options()["sd_model_checkpoint"]
    yield next(model["title"] for model in client.get("sd-models") if model["title"] != chosen)
    client.post("options", sd_model_checkpoint=chosen)


def test_a_cell_that_would_be_another_models_is_marked_and_the_rest_goes_on(client, faults, whole, other_model):
    faults.set("another model", at=[1], name=other_model)
    swept = client.sweep({"clip_skip": SKIPS})
    assert states(swept) == ["done", "failed", "done", "done"]
    assert reasons(swept)[1].startswith("The model was changed to ")
    assert same(swept.cells, whole[:1] + whole[2:])


@pytest.mark.parametrize("plan", [{}, TOGETHER], ids=["exact", "fast"])
def test_settings_that_are_changed_meanwhile_count_when_the_sweep_is_over(client, faults, whole, other_model, plan):
    before = client.options()
    for key, value, when in ((CLIP_SKIP, 7, "before"), ("emphasis", "None", "after"), ("eta_ancestral", 0.5, "after")):
        faults.set("setting moved", at=[0], key=key, value=value, when=when)
        try:
            swept = client.sweep({"clip_skip": SKIPS, **plan})
            assert same(swept.cells, whole, most=1 if plan else 0)
            assert client.options()[key] == value, "what the user did isn't undone"
        finally:
            client.post("options", **{key: before[key]})


def test_a_setting_that_is_changed_within_a_cell_is_told(client, faults, whole):
    """The host looks at some of them in the middle of a generation."""
    before = client.options()["emphasis"]
    faults.set("setting moved", at=[1], key="emphasis", value="Ignore", when="before")
    try:
        swept = client.sweep({"clip_skip": SKIPS})
        assert same(swept.cells[2:] + swept.cells[:1], whole[2:] + whole[:1])
        assert not same(swept.cells[1:2], whole[1:2])
        (note,) = swept.record["notes"]
        assert note == "Emphasis mode was changed while cell 2 ran, which may differ by it."
    finally:
        client.post("options", emphasis=before)


def test_a_checkpoint_that_is_chosen_meanwhile_is_for_what_comes_after(client, faults, whole, other_model):
    faults.set("setting moved", at=[1], key="sd_model_checkpoint", value=other_model)
    swept = client.sweep({"clip_skip": SKIPS})
    assert states(swept) == ["done"] * 4
    assert same(swept.cells, whole)
    assert client.options()["sd_model_checkpoint"] == other_model


def test_a_sweep_with_a_checkpoint_of_its_own_names_that_one(client, faults, other_model):
    before = client.options()["sd_model_checkpoint"]
    asked = other_model.partition(" ")[0]  # the file's name: the host knows it by that too
    swept = client.sweep({"clip_skip": [1, 2]}, override_settings={"sd_model_checkpoint": asked})
    assert client.options()["sd_model_checkpoint"] == before
    name = swept.record["model"]["name"]
    assert other_model.startswith(name)
    assert f"Model: {name}," in swept.infotexts[0]
    assert all(f"Model: {name}," in text for text in swept.cell_infotexts)
    plain = client.sweep({"clip_skip": [1]})
    assert plain.record["model"]["name"] != name


def test_going_on_uses_the_settings_that_it_was_begun_with(client, faults):
    faults.set("unet raises", at=[1])
    begun = client.sweep({"clip_skip": [2, 3]}, override_settings={"eta_noise_seed_delta": 31337, "emphasis": "None"})
    assert states(begun) == ["done", "failed"]
    faults.set()
    again = client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert states(again) == ["done", "done"]
    settings = {"eta_noise_seed_delta": 31337, "emphasis": "None"}
    assert same(again.cells, client.sweep({"clip_skip": [2, 3]}, override_settings=settings).cells)
    assert client.options()["eta_noise_seed_delta"] == 0


def test_going_on_asks_for_what_the_panel_had_asked_for(client, faults):
    asked = {"Clip skip lab": {"args": [{"negative_clip_skip": 3}]}}
    faults.set("unet raises", at=[1])
    begun = client.sweep({"clip_skip": [1, 2]}, alwayson_scripts=asked)
    assert states(begun) == ["done", "failed"]
    faults.set()
    again = client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert states(again) == ["done", "done"]
    assert same(again.cells, client.sweep({"clip_skip": [1, 2]}, alwayson_scripts=asked).cells)
    assert not same(again.cells, client.sweep({"clip_skip": [1, 2]}).cells)


# Memory


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("cuda", "CUDA out of memory. Tried to allocate 2.00 GiB"),
        ("other", "[enforce fail at alloc_cpu.cpp:80] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_batch_that_runs_out_of_memory_is_halved_until_it_fits(client, faults, error, text):
    exact = client.sweep({"clip_skip": "1-8"})
    faults.set("out of memory", most_rows=2, error=error, text=text)
    swept = client.sweep({"clip_skip": "1-8", **TOGETHER})
    assert states(swept) == ["done"] * 8
    assert same(swept.cells, exact.cells, most=1)
    assert swept.record["notes"] == [
        "8 cells at once ran out of memory; the sweep went on with 4 at once.",
        "4 cells at once ran out of memory; the sweep went on with 2 at once.",
    ]
    assert faults.seen()["generations"] == 1 + 1 + 4, "after the second failure all batches are small enough"


def test_a_cell_that_does_not_fit_alone_has_failed_and_the_host_goes_on(client, faults, whole):
    faults.set("out of memory", most_rows=0)
    swept = client.sweep({"clip_skip": [1, 2], **TOGETHER})
    assert reasons(swept) == ["There was not enough memory."] * 2
    faults.set()
    assert same(client.sweep({"clip_skip": SKIPS}).cells, whole)


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory",
        "MPS backend out of memory (MPS allocated: 5 GB)",
        "Could not allocate tensor with 5 bytes. There is not enough GPU video memory available!",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:80] DefaultCPUAllocator: not enough memory: you tried to allocate 5 bytes",
    ],
)
def test_every_device_has_words_of_its_own_for_it(text):
    from clip_skip_lab.webui.free_memory import is_out_of_memory

    wrapped = ValueError("an extension's own")
    wrapped.__cause__ = RuntimeError(text)
    assert is_out_of_memory(RuntimeError(text))
    assert is_out_of_memory(wrapped)
    assert not is_out_of_memory(ValueError(text))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_what_a_failed_batch_held_is_freed_before_the_next_is_tried(host):
    import torch

    from clip_skip_lab.webui.session import WebUISession

    held = []

    def sample():
        latents = torch.zeros(8)
        held.append(weakref.ref(latents))
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    try:
        sample()
    except torch.cuda.OutOfMemoryError as error:
        assert held[0]() is not None
        assert WebUISession.is_out_of_memory(None, error)
        assert held[0]() is None


# The disk


@pytest.fixture
def mounted(tmp_path):
    """Mounts file systems in memory: `mounted("size=1m")` gives the folder."""
    folders = []

    def mount(options):
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True
        )
        if done.returncode:
            assert not (os.environ.get("CI") and os.geteuid() == 0), f"root cannot mount here: {done.stderr}"
            pytest.skip(f"mounting a file system is not permitted here: {done.stderr.strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def grids_in(client):
    """Makes a folder the one for grids."""
    keys = ("outdir_grids", "outdir_txt2img_grids")
    before = {key: client.options()[key] for key in keys}
    yield lambda folder: client.post("options", outdir_grids="", outdir_txt2img_grids=str(folder))
    client.post("options", **before)


def fill(folder, leave):
    """Fills a file system but for so many bytes."""
    free = shutil.disk_usage(folder).free
    filler = folder / "filler"
    filler.write_bytes(b"0" * (free - leave))
    return filler


def test_a_disk_that_fills_up_in_the_middle_costs_files_and_no_pictures(client, faults, mounted, grids_in):
    exact = client.sweep({"clip_skip": "1-8"}, width=128, height=128)
    disk = mounted("size=1m")
    grids_in(disk)
    one = (exact.folder / exact.record["cells"][0]["pictures"][0]["file"]).stat().st_size
    filler = fill(disk, leave=3 * one + 30_000)
    swept = client.sweep({"clip_skip": "1-8"}, width=128, height=128)
    assert swept.report["done"] == 8
    assert same(swept.cells, exact.cells), "all pictures are in the answer"
    assert any("No space left on device" in problem for problem in swept.report["problems"])
    on_disk = json.loads((swept.folder / "sweep.json").read_text())
    assert on_disk["schema"] == 1, "the last record that fitted is whole"
    saved = list((swept.folder / "cells").glob("*.png"))
    assert 0 < len(saved) < 8
    filler.unlink()
    faults.set()
    again = client.sweep(script_args=[{"resume": swept.folder.name, "return_cells": True}])
    assert states(again) == ["done"] * 8
    assert again.report["problems"] == []
    assert faults.seen()["generations"] < 8, "what was saved isn't run again"
    assert same(again.cells, exact.cells)


def test_a_full_disk_is_said_before_any_sampling(client, faults, mounted, grids_in):
    disk = mounted("size=1m")
    grids_in(disk)
    fill(disk, leave=0)
    with pytest.raises(Refused, match="No space left on device") as caught:
        client.sweep({"clip_skip": SKIPS})
    assert caught.value.status == 422
    assert faults.seen()["generations"] == 0
    assert not list(disk.glob("clip-skip-sweeps/*")), "no empty folder stays"


def test_a_folder_without_write_permission_is_said_before_any_sampling(client, faults, mounted, grids_in, tmp_path):
    if os.geteuid() == 0:  # whom permission bits do not stop
        folder, why = mounted("ro"), "Read-only file system"
    else:
        folder, why = tmp_path / "locked", "Permission denied"
        folder.mkdir(mode=0o555)
    grids_in(folder)
    with pytest.raises(Refused) as caught:
        client.sweep({"clip_skip": SKIPS})
    assert caught.value.status == 422
    assert caught.value.detail.startswith(f'Folder for grids: "{folder}')
    assert why in caught.value.detail
    assert faults.seen()["generations"] == 0


# Two at once


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
        assert states(one) == ["done"] * 4
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


# A folder that was tampered with


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


# The process


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
        faults = faults_extension.Faults(process.url)
        faults.set()
        again = after.sweep(script_args=[{"resume": folder.name, "return_cells": True}])
        assert faults.seen()["generations"] == (8 - len(done)) // 2
    assert states(again) == ["done"] * 8
    assert {file: (folder / file).stat().st_mtime for file in written} == written, "what was finished isn't run again"
    whole = client.sweep(plan, **request)
    assert same(again.cells, whole.cells)
    assert again.cell_infotexts == whole.cell_infotexts


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
