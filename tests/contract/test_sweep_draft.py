"""Draft first: half the size and half the steps for the whole sweep, then the chosen cells at full quality."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.client import Refused, encoded, gradient, keys_of

pytestmark = pytest.mark.usefixtures("unchanged")
REQUEST = {"width": 128, "height": 128, "steps": 4}


def test_a_draft_is_half_and_its_chosen_cells_are_then_whole(client):
    plan = {"clip_skip": [1, 2, 12], "y": {"axis": "CFG Scale", "values": "5, 7"}}
    draft = client.sweep({**plan, "draft": True}, **REQUEST)
    assert {cell.shape for cell in draft.cells} == {(64, 64, 3)}
    assert {keys_of(text)["Steps"] for text in draft.cell_infotexts} == {"2"}
    assert draft.record["plan"]["draft"] is True
    chosen = client.sweep(script_args=[{"full": draft.folder.name, "cells": [1, 5], "return_cells": True}])
    assert chosen.folder != draft.folder
    values = [cell["values"] for cell in chosen.record["cells"]]
    assert values == [{"Clip skip": 2, "CFG Scale": 5.0}, {"Clip skip": 12, "CFG Scale": 7.0}]
    alone = [client.single(skip, cfg_scale=scale, **REQUEST) for skip, scale in ((2, 5), (12, 7))]
    assert all(np.array_equal(one, other.pictures[0]) for one, other in zip(chosen.cells, alone, strict=True))
    assert (chosen.folder / chosen.record["grids"][0]["file"]).is_file()


def test_a_draft_of_hires_fix_has_half_of_its_end_size_too(client):
    hires = {"enable_hr": True, "hr_scale": 2, "denoising_strength": 0.5, "hr_upscaler": "Latent"}
    draft = client.sweep({"clip_skip": [1], "draft": True, "mode": "fast"}, **REQUEST, **hires)
    assert draft.cells[0].shape == (128, 128, 3)
    hires = {**hires, "hr_resize_x": 192, "hr_resize_y": 192}
    assert client.sweep({"clip_skip": [1], "draft": True}, **REQUEST, **hires).cells[0].shape == (96, 96, 3)


def test_a_draft_of_img2img_is_half_and_its_cells_are_then_whole(client):
    request = {**REQUEST, "init_images": [encoded(gradient(128))], "denoising_strength": 0.6}
    draft = client.sweep({"clip_skip": [1, 2], "draft": True}, "img2img", **request)
    assert {cell.shape for cell in draft.cells} == {(64, 64, 3)}
    whole = client.sweep(route="img2img", script_args=[{"full": draft.folder.name, "return_cells": True}], **request)
    assert {cell.shape for cell in whole.cells} == {(128, 128, 3)}


def test_cells_of_a_plan_can_be_chosen_without_a_draft(client):
    swept = client.sweep({"clip_skip": "1-6", "cells": [4, 0]})
    assert [cell["values"]["Clip skip"] for cell in swept.record["cells"]] == [1, 5]


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"full": "nothing"}, "is not a valid name"),
        ({"full": "2026-01-01-00000000"}, "is not in "),
        (
            {"clip_skip": [1, 2], "cells": [2]},
            "cells: 2 is not a cell of the plan; allowed: a list of whole numbers from 0 to 1",
        ),
        ({"clip_skip": [1], "draft": "yes"}, 'draft: "yes" is neither; allowed: true or false'),
    ],
)
def test_a_draft_that_cannot_be_is_refused_before_any_sampling(client, plan, sentence):
    with pytest.raises(Refused, match=sentence) as caught:
        client.sweep(script_args=[plan])
    assert caught.value.status == 422


@pytest.mark.parametrize("cells", [[9], "all", [True], [-1]])
def test_chosen_cells_that_the_draft_has_not_are_refused(client, cells):
    draft = client.sweep({"clip_skip": [1, 2], "draft": True})
    with pytest.raises(Refused, match="cells: ") as caught:
        client.sweep(script_args=[{"full": draft.folder.name, "cells": cells}])
    assert caught.value.status == 422
