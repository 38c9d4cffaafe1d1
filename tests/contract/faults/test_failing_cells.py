"""Faults in the middle of a sweep, done for real: what is finished is kept, the rest goes on or can be run later."""

from __future__ import annotations

import weakref

import pytest

from tests.helpers.client import same
from tests.helpers.extensions.faults import SKIPS, TOGETHER


def test_an_exception_in_one_cell_costs_that_cell_only(client, faults, whole):
    faults.set("unet raises", at=[2])
    swept = client.sweep({"clip_skip": SKIPS})
    assert swept.states == ["done", "done", "failed", "done"]
    assert swept.reasons[2] == "ValueError: the sampler met a wall"
    assert same(swept.cells, whole[:2] + whole[3:])
    faults.set()
    again = client.sweep(script_args=[{"resume": swept.folder.name, "return_cells": True}])
    assert again.states == ["done"] * 4
    assert faults.seen()["generations"] == 1, "what is finished isn't run again"
    assert same(again.cells, whole)


def test_an_exception_in_a_batch_costs_only_the_cell_that_is_at_fault(client, faults, whole):
    faults.set("unet raises", at=[0, 3])  # the batch of all four, and the third of them alone
    swept = client.sweep({"clip_skip": SKIPS, **TOGETHER})
    assert swept.states == ["done", "done", "failed", "done"]
    assert same(swept.cells, whole[:2] + whole[3:])


def test_nan_from_the_unet_costs_that_cell_only(client, faults, whole):
    faults.set("unet gives NaN", at=[1])
    swept = client.sweep({"clip_skip": SKIPS})
    assert swept.states == ["done", "failed", "done", "done"]
    assert swept.reasons[1].startswith("The model gave only NaN, no image.")
    assert same(swept.cells, whole[:1] + whole[2:])


def test_nan_in_one_row_of_a_batch_costs_that_cell_only(client, faults, whole):
    faults.set("unet gives NaN", at=[0], row=1)
    swept = client.sweep({"clip_skip": SKIPS, **TOGETHER})
    assert sorted(swept.states) == ["done", "done", "done", "failed"]
    assert faults.seen()["generations"] == 1
    kept = [picture for state, picture in zip(swept.states, whole, strict=True) if state == "done"]
    assert same(swept.cells, kept, most=1)


@pytest.mark.parametrize("plan", [{}, TOGETHER], ids=["exact", "fast"])
def test_nan_from_the_vae_costs_that_cell_only(client, faults, whole, plan):
    faults.set("vae gives NaN", at=[1] if not plan else [0, 2])
    swept = client.sweep({"clip_skip": SKIPS, **plan})
    assert swept.states == ["done", "failed", "done", "done"]
    assert "NaN" in swept.reasons[1]
    assert same(swept.cells, whole[:1] + whole[2:])


@pytest.mark.parametrize("kind", ["hook raises", "callback raises"])
def test_an_always_on_extension_that_raises_does_no_harm(client, faults, whole, kind):
    faults.set(kind)
    for plan in ({}, TOGETHER):
        swept = client.sweep({"clip_skip": SKIPS, **plan})
        assert swept.states == ["done"] * 4
        assert same(swept.cells, whole, most=1 if plan else 0)


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
    assert swept.states == ["done"] * 8
    assert same(swept.cells, exact.cells, most=1)
    assert swept.record["notes"] == [
        "8 cells at once ran out of memory; the sweep continued with 4 at once.",
        "4 cells at once ran out of memory; the sweep continued with 2 at once.",
    ]
    assert faults.seen()["generations"] == 1 + 1 + 4, "after the second failure all batches are small enough"


def test_a_cell_that_does_not_fit_alone_has_failed_and_the_host_goes_on(client, faults, whole):
    faults.set("out of memory", most_rows=0)
    swept = client.sweep({"clip_skip": [1, 2], **TOGETHER})
    assert swept.reasons == ["There was not enough memory."] * 2
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
    from clip_skip_lab.free_memory import is_out_of_memory

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
        assert WebUISession.recovers_memory(None, error)
        assert held[0]() is None
