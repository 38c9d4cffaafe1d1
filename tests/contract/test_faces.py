"""A sweep, the layers and the header on the other WebUIs of the family: on the embedded host with the face of each.

What differs between them is in tests/minihost/faces; what holds on all of them alike is tested on AUTOMATIC1111's. One
host is started for each face, and its first request is a sweep.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.contract.test_as_request import VARIED, check_the_same
from tests.helpers.client import CHECKPOINT, CLIP_SKIP, Client, Refused, encoded, gradient, keys_of, same
from tests.helpers.extensions import faults as faults_extension
from tests.helpers.extensions.faults import SKIPS, TOGETHER
from tests.helpers.page_client import PageClient
from tests.minihost import launch
from tests.minihost.checkpoint import TEXT

HIRES = {"enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.6, "hr_upscaler": "Latent"}
IMG2IMG = {"init_images": [encoded(gradient())], "denoising_strength": 0.8, "steps": 4}
NAMES = {"forge": "Forge", "reforge": "reForge", "classic": "Forge Classic"}
PANEL = "clip skip lab"
FEWEST = ["forge", "reforge"]
"""Faces for tests of what Forge Classic has from the same files as reForge."""


def write_lora_and_embedding(data):
    """Both change what the text encoder gives; they are there from the start, as Forge reads embeddings only then."""
    generator = torch.Generator().manual_seed(4)
    width = TEXT["hidden"]
    layer = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    lora = {
        f"{layer}.lora_down.weight": torch.randn(2, width, generator=generator),
        f"{layer}.lora_up.weight": torch.randn(4 * width, 2, generator=generator) * 0.2,
    }
    embedding = {"emb_params": torch.randn(2, width, generator=generator)}
    for name, tensors in (("models/Lora/cslablora", lora), ("embeddings/cslabembedding", embedding)):
        path = data / f"{name}.safetensors"
        path.parent.mkdir(parents=True)
        save_file(tensors, path)


@pytest.fixture(scope="module", params=NAMES)
def host(request, tmp_path_factory):
    """A WebUI of the family: its face, its client, the pictures of its first sweep, and what breaks there on demand."""
    folder = tmp_path_factory.mktemp(request.param)
    write_lora_and_embedding(folder / "data")
    extension = faults_extension.write(folder / "source")
    with launch.Process(folder / "data", [launch.REPO, extension], ["--face", request.param]) as process:
        client = PageClient(process.url)
        first = client.sweep({"clip_skip": SKIPS})
        config = client.config()
        client.set({CLIP_SKIP: 1, CHECKPOINT: client.checkpoints()[0]})  # else an override by hand stays for good
        yield SimpleNamespace(
            face=request.param,
            client=client,
            first=first,
            config=config,
            faults=faults_extension.Faults(client),
            process=process,
        )


@pytest.fixture(autouse=True)
def whole(host):
    """Nothing breaks, unless a test asks for it; options are as they were, and the log has no other error."""
    host.faults.set()
    before, length = options_of_the_user(host.client), len(host.process.log())
    yield
    host.faults.set()
    assert options_of_the_user(host.client) == before
    said = host.process.log()[length:]
    errors = [line for line in said.splitlines() if line.startswith(("***", "Traceback"))]
    assert errors == [] or "the sampler met a wall" in said


def options_of_the_user(client):
    """All but the hash of the checkpoint that is loaded at this moment, which the host writes among them."""
    return {key: value for key, value in client.options().items() if key != "sd_checkpoint_hash"}


def panel(asked):
    return {"alwayson_scripts": {PANEL: {"args": [asked]}}}


def furthest(some, others):
    assert len(some) == len(others)
    return max(int(np.abs(one.astype(int) - other.astype(int)).max()) for one, other in zip(some, others, strict=True))


def assert_equal_to_singles(host, route, request_, modes):
    """Generates alone and sweeps: "exact" is equal bit for bit, "fast" up to 1 of 255."""
    client, skips, alone = host.client, [2, 12], []
    for skip in skips:
        for _ in range(2 if route == "img2img" else 1):  # img2img starts where the generation before left the numbers
            answer = client.single(skip, route, **request_)
        alone += answer.pictures[answer.info["index_of_first_image"] :]
    assert not same(alone[:1], alone[-1:]), "clip skip had no effect, so this test proves nothing"
    for mode in modes:
        host.faults.set()
        swept = client.sweep({"clip_skip": skips, "mode": mode}, route, **request_)
        assert swept.record["notes"] == []
        assert host.faults.seen()["generations"] == {"exact": 2, "fast": 1}[mode]
        assert same(swept.cells, alone, most={"exact": 0, "fast": 1}[mode])


def test_the_first_request_after_the_start_can_be_a_sweep_and_its_cells_are_single_generations(host):
    assert host.first.states == ["done"] * len(SKIPS)
    singles = [host.client.single(skip) for skip in SKIPS]
    assert same(host.first.cells, [single.pictures[0] for single in singles])
    for text, single in zip(host.first.cell_infotexts, singles, strict=True):
        assert text.replace("Clip skip: 1, ", "") == single.infotexts[0]
    assert len({cell.tobytes() for cell in host.first.cells}) == len(SKIPS)
    assert CLIP_SKIP not in host.config, "the sweep's clip skip is nobody's setting"
    assert host.first.record["host"]["name"] == NAMES[host.face]


@pytest.mark.parametrize(("mode", "skips"), [("exact", [1, 12]), ("fast", list(range(1, 13)))])
@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_the_text_encoder_runs_as_often_as_for_one_generation(host, mode, skips):
    client = host.client
    client.generate(prompt="something else", negative_prompt="other")  # so that the host's cond cache helps nobody
    host.faults.set()
    swept = client.sweep({"clip_skip": skips, "mode": mode}, prompt=f"a cat {mode}", negative_prompt="none")
    assert swept.report["text_encoder_forwards"] == 2
    assert host.faults.seen()["encoder_layers"] == 2 * 12
    assert len({cell.tobytes() for cell in swept.cells}) == len(skips)


@pytest.mark.parametrize(
    ("route", "request_"), [("txt2img", HIRES), ("img2img", IMG2IMG)], ids=["hires fix", "img2img"]
)
@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_cells_with_another_pass_or_picture_are_single_generations(host, route, request_):
    assert_equal_to_singles(host, route, request_, ["exact", "fast"])


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"prompt": "a [cat:dog:0.5] AND a hat", "batch_size": 2}, id="AND, two each"),
        pytest.param({"cfg_scale": 1}, id="CFG scale 1"),
        pytest.param({"refiner_checkpoint": "tiny-sd1_b", "refiner_switch_at": 0.5, "steps": 4}, id="refiner"),
    ],
)
@pytest.mark.parametrize("host", ["forge"], indirect=True)
def test_cells_of_a_batch_are_single_generations_where_the_host_goes_its_own_way(host, request_):
    assert_equal_to_singles(host, "txt2img", request_, ["fast"])


def test_a_fraction_lies_between_its_neighbours_in_the_panel_and_in_a_sweep(host):
    client = host.client
    lower, upper = client.single(2).pictures[0], client.single(3).pictures[0]
    near = client.generate(**panel({"clip_skip": 2.01}))
    half = client.generate(**panel({"clip_skip": 2.5}))
    assert keys_of(half.infotexts[0])["clip_skip_lab_value"] == "2.5"
    whole = np.abs(upper.astype(int) - lower.astype(int)).mean()
    assert 0 < np.abs(near.pictures[0].astype(int) - lower.astype(int)).mean() < whole / 10
    assert furthest(half.pictures, [lower]) > 0 and furthest(half.pictures, [upper]) > 0
    swept = client.sweep({"clip_skip": [2, 2.5, 3]})
    assert same(swept.cells, [lower, *half.pictures, upper])
    assert same(client.sweep({"clip_skip": [2, 2.5, 3], **TOGETHER}).cells, swept.cells, most=1)


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_the_negative_prompt_can_have_a_value_of_its_own(host):
    client = host.client
    own = client.generate(**panel({"clip_skip": 2, "negative_clip_skip": 5}))
    assert not same(own.pictures, client.single(2).pictures)
    assert not same(own.pictures, client.single(5).pictures)
    assert same(client.sweep({"clip_skip": [2, 3], "negative_clip_skip": 5}).cells[:1], own.pictures)
    equal = client.generate(**panel({"clip_skip": 2, "negative_clip_skip": 2}))
    assert same(equal.pictures, client.single(2).pictures)


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_the_change_of_the_conditioning_is_the_distance_that_the_lens_shows(host):
    client, prompt = host.client, "a (red:1.3) fox, a cslabembedding <lora:cslablora:1>"
    (encoder,) = client.lens(prompt)["encoders"]
    expected = [encoder["distance"][encoder["layers"] + 1 - skip][encoder["layers"]] for skip in SKIPS]
    assert expected[-1] > 0.01, "or this test proves nothing"
    for mode in ("exact", "fast"):
        record = client.sweep({"clip_skip": SKIPS, "mode": mode}, prompt=prompt).record
        assert [cell["conditioning_change"] for cell in record["cells"]] == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_pass_that_is_remembered_is_one_with_the_same_lora_and_embedding(host):
    client, prompts = host.client, [f"a cslabembedding cat <lora:cslablora:{strength}>" for strength in (0.5, 1.5)]
    alone = [client.single(skip, prompt=prompt).pictures[0] for prompt in prompts for skip in (2, 12)]
    plan = {"clip_skip": [2, 12], "y": {"axis": "Prompt S/R", "values": "0.5, 1.5"}}
    swept = client.sweep(plan, prompt=prompts[0])
    assert same(swept.cells, alone)
    assert len({cell.tobytes() for cell in swept.cells}) == 4
    assert "cslabembedding" in keys_of(swept.cell_infotexts[0])[{"forge": "TI", "reforge": "TI hashes"}[host.face]]
    plain = client.sweep({"clip_skip": [2, 12]}, prompt="a cslabembedding cat")
    assert not same(plain.cells, swept.cells[:2])
    assert same(plain.cells, [client.single(skip, prompt="a cslabembedding cat").pictures[0] for skip in (2, 12)])


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_cell_that_fails_can_be_run_later(host):
    host.faults.set("unet raises", at=[2])
    broken = host.client.sweep({"clip_skip": SKIPS})
    assert broken.states == ["done", "done", "failed", "done"]
    host.faults.set()
    again = host.client.sweep(script_args=[{"resume": broken.folder.name, "return_cells": True}])
    assert host.faults.seen()["generations"] == 1
    assert same(again.cells, host.first.cells)


def test_a_sweep_with_hires_fix_is_extended_by_a_request_that_says_nothing_of_it(host):
    hires = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6}
    begun = host.client.sweep({"clip_skip": [1]}, **hires)
    extended = host.client.sweep(script_args=[{"extend": begun.folder.name, "clip_skip": "1, 2"}])
    assert extended.report["reused"] == 1
    assert extended.record["fingerprint"] == host.client.sweep({"clip_skip": "1, 2"}, **hires).record["fingerprint"]


@pytest.mark.parametrize("kind", ["unet gives NaN", "vae gives NaN"])
@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_picture_of_nothing_but_nan_is_a_failed_cell(host, kind):
    host.faults.set(kind, at=[1])
    swept = host.client.sweep({"clip_skip": [1, 2]})
    assert swept.states == ["done", "failed"]
    assert "NaN" in swept.reasons[1]
    assert same(swept.cells, host.first.cells[:1])


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_checkpoint_is_an_axis_and_afterwards_the_users_is_loaded(host):
    client = host.client
    names = [name.partition(".")[0] for name in client.checkpoints()]
    before = client.single(2).pictures
    swept = client.sweep({"clip_skip": [2], "y": {"axis": "Checkpoint name", "values": ", ".join(names)}})
    models = [keys_of(text)["Model"] for text in swept.cell_infotexts]
    assert models == names
    assert same(swept.cells[:1], before) and not same(swept.cells[:1], swept.cells[1:])
    assert client.model_note()["model"]["name"] == names[0]
    assert same(client.single(2).pictures, before)


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_checkpoint_that_one_request_names_is_its_own_only(host):
    """Forge notes what it loads next; a sweep that named a checkpoint, refused or not, leaves the note as it was."""
    client = host.client
    other = client.checkpoints()[1]
    before = client.single(2).pictures
    named = {"override_settings": {CHECKPOINT: other}}
    with pytest.raises(Refused):
        client.sweep({"clip_skip": "1-99"}, **named)
    assert same(client.single(2).pictures, before)
    swept = client.sweep({"clip_skip": [2]}, **named)
    assert swept.record["model"]["name"] == other.partition(".")[0]
    assert not same(swept.cells, before)
    assert same(client.single(2).pictures, before)


@pytest.mark.parametrize("host", FEWEST, indirect=True)
def test_a_page_that_is_opened_in_the_middle_of_a_sweep_shows_the_users_value(host):
    client, other = host.client, PageClient(host.client.url)
    with client.kept(CLIP_SKIP):
        client.set({CLIP_SKIP: 4})
        running = client.in_background(lambda: Client(client.url).sweep({"clip_skip": "5-12"}, steps=20))
        other.wait_for(lambda progress: progress["state"]["sampling_step"] >= 1)
        shown = other.shown_on_load("Clip skip")
        assert not running.done
        other.post("interrupt")
        running.result()
        assert (shown, client.clip_skip()) == ([4], 4)
        assert client.config()[CLIP_SKIP] == 4


def test_clip_skip_is_in_the_header_once(host):
    """Forge's own slider has got the element id that a control of the list would have, for our note beside it."""
    listed = [CHECKPOINT, "sd_vae", CLIP_SKIP]
    assert host.client.header() == ([CLIP_SKIP] if host.face == "forge" else listed)
    assert len(host.client.shown_on_load("Clip skip")) == 1


def test_the_facts_of_the_loaded_model(host):
    answer = host.client.model_note(clip_skip=2)
    assert answer["model"]["family"] == "SD1"
    assert (answer["effect"], answer["highest"]) == ("all", 12)
    assert answer["sentence"] == "Layer 11 of 12, penultimate"
    assert answer["webui"]["name"] == NAMES[host.face]
    assert answer["setting"] == {"value": 1, "highest": 12, "temporary": False, "sweeping": False}


@pytest.mark.parametrize("host", ["reforge"], indirect=True)
def test_the_hosts_own_schedule_is_off_for_a_sweep_and_the_sweep_says_so(host):
    client = host.client
    client.set({"dynamic_clip_skip_enabled": True, "dynamic_clip_skip_start": 8})
    changed, swept = client.generate(), client.sweep({"clip_skip": SKIPS})
    client.set({"dynamic_clip_skip_enabled": False, "dynamic_clip_skip_start": 4})
    assert not same(changed.pictures, host.first.cells[:1]), "the schedule had no effect, so this test proves nothing"
    assert same(swept.cells, host.first.cells)
    assert [note for note in swept.record["notes"] if "Dynamic clip skip ramp" in note]
    overridden = client.sweep({"clip_skip": SKIPS}, override_settings={"dynamic_clip_skip_enabled": True})
    assert same(overridden.cells, host.first.cells)
    assert [note for note in overridden.record["notes"] if "Dynamic clip skip ramp" in note]
    assert not any("Dynamic" in text for text in [*swept.infotexts, *overridden.infotexts])


def test_what_the_page_makes_and_what_the_api_makes_of_its_request_are_the_same_pictures(host):
    with host.client.no_sweeps_left():
        check_the_same(host.client, host.client, "txt2img", {**VARIED, "txt2img_sampling": "Euler a"})
