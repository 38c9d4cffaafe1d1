"""A run on a WebUI without this extension: generations by hand, and nothing that is silently wrong."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many.connect import connect
from clip_skip_lab.many.exchange import NO_EXTENSION, Address, Job, Task
from clip_skip_lab.many.plain import PlainWebUI
from tests.helpers.client import CHECKPOINT, CLIP_SKIP, SMALL, Client
from tests.minihost import launch


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The API of an embedded host without any extension, with a config.json that has nothing in it yet."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "styles.csv").write_text("name,prompt,negative_prompt\nink,drawn with a pen,\n", encoding="utf-8")
    with launch.Process(folder, [], ["--nowebui"]) as process:
        client = Client(process.url)
        client.generate(steps=1)  # loads the model
        yield client


@pytest.fixture
def webui(client):
    found = connect(Address(client.url))
    assert isinstance(found, PlainWebUI)
    return found


def run(webui, plan, tab="txt2img", **changes):
    """What the WebUI says of a job, and all its cells."""
    job = Job(tab, {**SMALL, **changes}, plan)
    described = webui.describe(job)
    count = len(described.plan["clip_skip"])
    for axis in described.axes.values():
        count *= len(axis.values)
    return described, webui.cells(Task(job, described, tuple(range(count)))).cells


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))


def test_cells_are_the_pictures_of_generations_by_hand(client, webui):
    described, cells = run(webui, {"clip_skip": "1-3 (+2)", "y": {"axis": "CFG Scale", "values": "5, 7"}})
    assert described.notes == (NO_EXTENSION,) and described.program == ""
    assert described.model["hash"] and described.axes["y"].labels == ("CFG Scale: 5.0", "CFG Scale: 7.0")
    expected = [(clip_skip, cfg) for cfg in (5, 7) for clip_skip in (1, 3)]
    for cell, (clip_skip, cfg) in zip(cells, expected, strict=True):
        assert (cell.state, cell.reason) == ("done", None)
        by_hand = client.single(clip_skip, cfg_scale=cfg)
        assert np.array_equal(pixels(cell.pictures[0]), by_hand.pictures[0])
        assert cell.pictures[0].infotext == by_hand.infotexts[0]
        assert cell.pictures[0].format == "png"


def test_the_webui_keeps_its_own_clip_skip(client, webui):
    """Of a setting that was never saved, the host lets the first override stay for good."""
    before = client.options()[CLIP_SKIP]
    run(webui, {"clip_skip": "5"})
    assert client.options()[CLIP_SKIP] == before


def test_a_random_seed_is_drawn_once_and_pictures_of_a_batch_have_their_own(webui):
    described, cells = run(webui, {"clip_skip": "1,2"}, seed=-1, batch_size=2)
    seed = described.setting["seed"]
    assert described.pictures == 2
    assert [[picture.seed for picture in cell.pictures] for cell in cells] == [[seed, seed + 1]] * 2


AXES = [
    ("Seed", "3, -1", {}),
    ("Sampler", "euler a, Euler", {}),
    ("Schedule type", "Automatic, Uniform", {"steps": 4}),
    ("Size", "64x64, 64x96", {}),
    ("Prompt S/R", "cat, dog", {}),
    ("Steps", "1-2", {}),
    ("Styles", "ink", {}),
    ("Var. strength", "0, 0.5", {"subseed": 9}),
    ("Var. seed", "1, 2", {"subseed_strength": 0.3}),
]


@pytest.mark.parametrize(("label", "values", "changes"), AXES, ids=[axis[0] for axis in AXES])
def test_an_axis_is_put_into_the_request(webui, label, values, changes):
    described, cells = run(webui, {"clip_skip": "2", "y": {"axis": label.upper(), "values": values}}, **changes)
    assert [(cell.state, cell.reason) for cell in cells] == [("done", None)] * len(described.axes["y"].values)
    if len(cells) > 1:
        assert not np.array_equal(pixels(cells[0].pictures[0]), pixels(cells[1].pictures[0]))


def test_a_checkpoint_may_be_an_axis_and_the_webui_keeps_its_own(client, webui):
    before = client.options()[CHECKPOINT]
    described, cells = run(
        webui, {"clip_skip": "2", "y": {"axis": "Checkpoint name", "values": "tiny-sd1_b, tiny-sd1"}}
    )
    assert described.axes["y"].labels == ("tiny-sd1_b", "tiny-sd1")
    assert [cell.reason for cell in cells] == [None, None]
    assert ["Model: tiny-sd1_b" in cell.pictures[0].infotext for cell in cells] == [True, False]
    assert client.options()[CHECKPOINT] == before


def test_img2img(client, webui):
    encoded = base64.b64encode(run(webui, {"clip_skip": "1"})[1][0].pictures[0].data).decode()
    plan = {"clip_skip": "2", "y": {"axis": "Denoising", "values": "0.3, 0.9"}}
    described, cells = run(webui, plan, "img2img", init_images=[encoded])
    assert encoded not in str(described.setting)
    assert [cell.reason for cell in cells] == [None, None]


REFUSED = [
    ({"clip_skip": "1.5"}, {}, "needs Clip Skip Lab"),
    ({"clip_skip": "[2:1:0.5]"}, {}, "needs Clip Skip Lab"),
    ({"mode": "fast"}, {}, "needs Clip Skip Lab"),
    ({"draft": True}, {}, "needs Clip Skip Lab"),
    ({"negative_clip_skip": 2}, {}, "needs Clip Skip Lab"),
    ({"y": {"axis": "Refiner checkpoint", "values": "x"}}, {}, "is not an axis of"),
    ({"y": {"axis": "Sampler", "values": "Eulr"}}, {}, "is not a value of Sampler"),
    ({"y": {"axis": "Size", "values": "64x"}}, {}, "is not a size"),
    ({"y": {"axis": "Prompt S/R", "values": "elephant, dog"}}, {}, "is in neither prompt"),
    ({"y": {"axis": "Checkpoint name", "values": "none-such"}}, {}, "is not a checkpoint of"),
    ({}, {"sampler_name": "Eulr"}, "is not available"),
    ({}, {"scheduler": "Karas"}, "is not available"),
    ({}, {"styles": ["none-such"]}, "is not a style"),
    ({}, {"override_settings": {CHECKPOINT: "none-such"}}, "is not a checkpoint of"),
    ({}, {"seed": "lucky"}, "a whole number"),
]


@pytest.mark.parametrize(("plan", "changes", "why"), REFUSED, ids=[f"{plan} {changes}" for plan, changes, _ in REFUSED])
def test_what_it_cannot_do_is_refused_before_anything_is_generated(webui, plan, changes, why):
    with pytest.raises(InvalidInput, match=why):
        webui.describe(Job("txt2img", {**SMALL, **changes}, plan))


def test_a_sampler_with_its_schedule_type_behind_it_is_taken_as_the_api_takes_it(webui):
    _, (cell,) = run(webui, {"clip_skip": "2"}, sampler_name="DPM++ 2M Karras", scheduler=None)
    assert cell.reason is None and "Schedule type: Karras" in cell.pictures[0].infotext


def test_a_generation_that_is_interrupted_gives_no_half_picture(client, webui):
    job = Job("txt2img", {**SMALL, "steps": 150}, {"clip_skip": "1,2"})
    task = Task(job, webui.describe(job), (0, 1))
    for interrupt in (webui.interrupt, lambda: client.post("interrupt")):
        running = client.in_background(lambda: webui.cells(task))
        client.wait_for(lambda progress: progress["state"]["sampling_step"] >= 2)
        interrupt()
        if interrupt != webui.interrupt:  # somebody's there: the other cells go on
            client.wait_for(lambda progress: progress["state"]["sampling_step"] < 2)
            client.wait_for(lambda progress: progress["state"]["sampling_step"] >= 2)
            webui.interrupt()
        assert [(cell.state, cell.pictures) for cell in running.result().cells] == [("not run", [])] * 2


def test_a_resumed_sweep_has_its_seeds_and_options_again(client, webui):
    first, (then,) = run(webui, {"clip_skip": "2"}, seed=-1)
    with client.kept("eta_noise_seed_delta", "emphasis"):
        client.set({"emphasis": "None"})
        job = Job("txt2img", {**SMALL, "seed": -1}, first.plan, first.setting)
        described = webui.describe(job)
        (now,) = webui.cells(Task(job, described, (0,))).cells
        assert described.setting["options"]["emphasis"] == "Original"
        assert np.array_equal(pixels(then.pictures[0]), pixels(now.pictures[0]))
        assert client.options()["emphasis"] == "None"
