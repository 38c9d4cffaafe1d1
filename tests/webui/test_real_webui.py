"""On a real WebUI only: what the embedded host could not prove. WEBUI_URL names one that runs with this extension."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_URL"),
    reason="set WEBUI_URL=http://127.0.0.1:7860 to a WebUI that runs with --api and this extension",
)

CLIP_SKIP = "CLIP_stop_at_last_layers"
SCRIPT = "Clip skip sweep"
REQUEST = {
    "prompt": "a red cat on a table, (jeans:1.3), BREAK, (pov:1.2), city",
    "negative_prompt": "blurry, (text:1.2)",
    "seed": 2881122569,
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "cfg_scale": 11,
    "steps": 4,
    "width": 128,
    "height": 128,
}
"""The article's experiment, small."""


def array(image):
    return np.asarray(image.convert("RGB"))


def sweep(webui, plan, **changes):
    plan = {"return_cells": True, **plan}
    return webui.txt2img(**{**REQUEST, **changes}, script_name=SCRIPT, script_args=[plan])


def single(webui, clip_skip, **changes):
    settings = {CLIP_SKIP: clip_skip}
    return webui.txt2img(**{**REQUEST, **changes}, override_settings=settings)


@pytest.mark.parametrize(
    "hires",
    [
        pytest.param({}, id="plain"),
        pytest.param(
            {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.5}, id="hires fix"
        ),
    ],
)
def test_the_articles_twelve_cells_are_bit_identical_to_single_generations(webui, hires):
    swept = sweep(webui, {"clip_skip": "1-12"}, **hires)
    assert len(swept.images) == 13
    cells = [array(image) for image in swept.images[1:]]
    assert len({cell.tobytes() for cell in cells}) == 12
    for clip_skip, cell, text in zip(range(1, 13), cells, swept.info["infotexts"][1:], strict=True):
        alone = single(webui, clip_skip, **hires)
        assert np.array_equal(cell, array(alone.images[0])), f"clip skip {clip_skip}"
        assert text.replace("Clip skip: 1, ", "") == alone.info["infotexts"][0]
        assert f"Clip skip: {clip_skip}, " in text


def test_an_interrupt_in_the_middle_leaves_the_options_as_they_were(webui):
    before = webui.get_options()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(sweep(webui, {"clip_skip": "3-12"}, steps=20)), daemon=True)
    thread.start()
    while thread.is_alive():
        state = webui.get_progress()["state"]
        if state["job_no"] >= 2 and state["sampling_step"] >= 2:
            webui.interrupt()
            break
    thread.join(120)
    report = answers[0].info["extra_generation_params"]["clip_skip_lab"]
    states = [cell["state"] for cell in report["cells"]]
    assert report["state"] == "interrupted"
    assert states[:2] == ["done", "done"]
    assert states[-1] == "not run"
    assert webui.get_options() == before
    assert np.array_equal(array(answers[0].images[1]), array(single(webui, 3, steps=20).images[0]))


def test_an_axis_of_another_extension(webui, host_url):
    """Hypertile comes with the real WebUI as an extension, and brings axes of its own."""
    from tests.contract.client import Client

    axes = [axis for axis in Client(host_url).axes() if axis.startswith("[Hypertile] Unet Max Depth")]
    if not axes:
        pytest.skip("this WebUI has its Hypertile extension disabled")
    swept = sweep(webui, {"clip_skip": [1, 2], "y": {"axis": axes[0], "values": "1, 2"}})
    report = swept.info["extra_generation_params"]["clip_skip_lab"]
    assert [cell["state"] for cell in report["cells"]] == ["done"] * 4
    assert [cell["values"][axes[0]] for cell in report["cells"]] == [1, 1, 2, 2]
