"""On a real WebUI only: what the embedded host could not prove. WEBUI_URL names one that runs with this extension."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.helpers.client import Client, sampling_cell

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_URL"),
    reason="set WEBUI_URL=http://127.0.0.1:7860 to a WebUI that runs with --api and this extension",
)

MORE = {"cfg_scale": 11, "steps": 4, "width": 128, "height": 128}
"""Changes to the small request: the article's experiment, small."""


@pytest.fixture(scope="module")
def client(host_url):
    return Client(host_url)


@pytest.mark.parametrize(
    "hires",
    [
        pytest.param({}, id="plain"),
        pytest.param(
            {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.5}, id="hires fix"
        ),
    ],
)
def test_the_articles_twelve_cells_are_bit_identical_to_single_generations(client, hires):
    swept = client.sweep({"clip_skip": "1-12"}, **MORE, **hires)
    assert len({cell.tobytes() for cell in swept.cells}) == 12
    for clip_skip, cell, text in zip(range(1, 13), swept.cells, swept.cell_infotexts, strict=True):
        alone = client.single(clip_skip, **MORE, **hires)
        assert np.array_equal(cell, alone.pictures[0]), f"clip skip {clip_skip}"
        assert text.replace("Clip skip: 1, ", "") == alone.infotexts[0]
        assert f"Clip skip: {clip_skip}, " in text


def test_an_interrupt_in_the_middle_leaves_the_options_as_they_were(client):
    before, more = client.options(), {**MORE, "steps": 20}
    running = client.in_background(lambda: client.sweep({"clip_skip": "3-12"}, **more))
    client.wait_for(sampling_cell(2))
    client.post("interrupt")
    swept = running.result()
    states = [cell["state"] for cell in swept.report["cells"]]
    assert swept.report["state"] == "interrupted"
    assert states[:2] == ["done", "done"]
    assert states[-1] == "not run"
    assert client.options() == before
    assert np.array_equal(swept.cells[0], client.single(3, **more).pictures[0])


def test_an_axis_of_another_extension(client):
    """Hypertile comes with the real WebUI as an extension, and brings axes of its own."""
    axes = [axis for axis in client.axes() if axis.startswith("[Hypertile] Unet Max Depth")]
    if not axes:
        pytest.skip("this WebUI has its Hypertile extension disabled")
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": axes[0], "values": "1, 2"}}, **MORE)
    cells = swept.report["cells"]
    assert [cell["state"] for cell in cells] == ["done"] * 4
    assert [cell["values"][axes[0]] for cell in cells] == [1, 1, 2, 2]
