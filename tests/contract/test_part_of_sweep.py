"""A part of a sweep that is kept elsewhere: the same pictures, and nothing is written here."""

import json
from pathlib import Path

import pytest

from tests.helpers.client import CHECKPOINT, SCRIPT, SMALL, Answer, Refused, encoded, same
from tests.helpers.painted import landscape

PLAN = {"clip_skip": "1-4", "y": {"axis": "CFG Scale", "values": "5, 7"}}


def part(client, given, plan=PLAN, route="txt2img", **changes):
    """What a part gave: its pictures with their infotexts, and what is told of it."""
    body = client.post(route, **{**SMALL, **changes}, script_name=SCRIPT, script_args=[{**plan, "part": given}])
    answer = Answer(body)
    return answer, answer.info["extra_generation_params"]["clip_skip_lab"]


def files_of(client):
    """All files below the host's folders for pictures."""
    folders = {Path(value) for key, value in client.options().items() if key.startswith("outdir_") and value}
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def assert_same_cells(client, cells, plan=PLAN, **changes):
    """The cells of a part are those of the whole sweep, bit by bit, and so is what is told of them."""
    with client.no_sweeps_left():
        whole = client.sweep(plan, **changes)
        record = whole.record
    answer, told = part(client, {"cells": cells}, {**plan, "measures": False}, **changes)
    per_cell = len(whole.cells) // len(record["cells"])
    places = [cell * per_cell + place for cell in cells for place in range(per_cell)]
    assert same(answer.pictures, [whole.cells[place] for place in places])
    assert answer.infotexts == [whole.cell_infotexts[place] for place in places]
    assert told["fingerprint"] == record["fingerprint"]
    assert told["infotext"] == record["infotext"]
    assert [about["cell"] for about in told["pictures"]] == [cell for cell in cells for _ in range(per_cell)]
    for cell, then in zip(told["cells"], [record["cells"][number] for number in cells], strict=True):
        for key in ("index", "values", "state", "used"):
            assert cell[key] == then[key]
        assert cell["conditioning_change"] == pytest.approx(then["conditioning_change"], rel=1e-4)


def test_cells_of_a_part_are_those_of_the_sweep(client, unchanged):
    assert_same_cells(client, [2, 5, 7])


def test_also_with_hires_fix_and_several_pictures(client):
    more = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "None", "denoising_strength": 0.6}
    assert_same_cells(client, [1, 3], {"clip_skip": "1-4"}, n_iter=2, batch_size=2, **more)


def test_also_in_img2img(client):
    more = {"init_images": [encoded(landscape(2, 1.0, 7, 64))], "denoising_strength": 0.7}
    assert_same_cells(client, [1, 2], {"clip_skip": "1-3"}, route="img2img", **more)


def test_what_a_part_leaves_out_it_neither_samples_nor_writes(client, unchanged):
    before = files_of(client)
    answer, told = part(client, {})
    assert answer.pictures == [] and told["cells"] == [] and told["text_encoder_forwards"] == 0
    part(client, {"cells": [1]})
    assert files_of(client) == before


def test_without_cells_it_tells_what_pictures_depend_on(client):
    _, told = part(client, {}, {"clip_skip": "1-4", "y": {"axis": "Seed", "values": "-1, 5"}}, seed=-1)
    assert told["axes"]["y"]["label"] == "Seed"
    assert [*map(type, told["axes"]["y"]["values"])] == [int, int] and told["axes"]["y"]["values"][0] >= 0
    assert told["typed"]["clip_skip"] == "1-4"
    assert told["setting"]["seed"] >= 0, "what is drawn at random is drawn"
    assert told["model"]["hash"] and told["computes"]["format"] == "png"
    assert told["host"]["torch"] and told["program"].startswith("Clip Skip Lab")


def test_it_tells_the_hashes_of_files_that_an_axis_names(client):
    first, second = client.checkpoints()[:2]
    plan = {"clip_skip": 1, "y": {"axis": "Checkpoint name", "values": [first, second]}}
    _, told = part(client, {}, plan)
    hashes = [told["files"][f"Checkpoint name {place}"] for place in (1, 2)]
    assert len(set(hashes)) == 2 and all(len(found) == 10 for found in hashes)


def test_a_part_has_the_setting_that_it_is_given_whatever_is_set_now(client):
    ancestral = {"sampler_name": "Euler a", "scheduler": "Automatic"}  # whose noise it changes
    _, told = part(client, {}, **ancestral)
    expected, _ = part(client, {"cells": [1]}, **ancestral)
    with client.kept("eta_noise_seed_delta"):
        client.set({"eta_noise_seed_delta": 31_337})
        other, moved = part(client, {"cells": [1]}, **ancestral)
        again, same_as_then = part(client, {"cells": [1], "setting": told["setting"]}, **ancestral)
        assert client.options()["eta_noise_seed_delta"] == 31_337
    assert not same(other.pictures, expected.pictures) and moved["fingerprint"] != told["fingerprint"]
    assert same(again.pictures, expected.pictures) and same_as_then["fingerprint"] == told["fingerprint"]


def test_another_checkpoint_has_another_fingerprint(client):
    _, told = part(client, {})
    other = next(title for title in client.checkpoints() if told["model"]["hash"] not in title)
    _, with_other = part(client, {}, override_settings={CHECKPOINT: other})
    assert with_other["fingerprint"] != told["fingerprint"] and with_other["model"]["hash"] != told["model"]["hash"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([1], "part: [1]"),
        ({"cells": [99]}, "is not a cell of the plan"),
        ({"cells": "1"}, "part.cells"),
        ({"cells": [True]}, "part.cells"),
        ({"setting": 3}, "part.setting"),
        ({"draws": {"{}": "x"}}, "part.draws"),
        ({"cell": [1]}, "is not a key"),
    ],
)
def test_a_part_that_is_none_is_refused(client, given, named):
    with pytest.raises(Refused) as refused:
        part(client, given)
    assert refused.value.status == 422 and named in json.dumps(refused.value.detail)
