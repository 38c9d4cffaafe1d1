"""How far each cell's conditioning is from its reference's: held to what the host encodes when the test asks it, and
nothing where it cannot be known. Inside the embedded host, in its own process.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.host_in_process import make, pixels, run

HIRES = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6, "hr_prompt": "a fox"}
SKIPS = [1, 2, 5, 12]


@pytest.fixture
def swept(host, webui, opts, tmp_path, monkeypatch):
    """Runs a sweep of a request with these changes, or continues or extends one; gives its outcome."""
    from modules import processing, scripts

    from clip_skip_lab.sweep.extend import Extension
    from clip_skip_lab.sweep.plan import read_plan
    from clip_skip_lab.sweep.resume import find_earlier
    from clip_skip_lab.sweep.run import run_sweep
    from clip_skip_lab.webui.layer_hooks import watch_generations

    monkeypatch.setattr(processing, "process_images_inner", processing.process_images_inner)
    watch_generations(webui.engine, lambda is_api: "en")

    def sweep(plan, earlier=None, extends=None, **changes):
        request = make(outpath_grids=str(tmp_path), **changes)
        request.scripts = scripts.ScriptRunner()
        planned = read_plan({"clip_skip": SKIPS, **plan}, [], 12)
        begun = find_earlier(tmp_path, earlier) if earlier else None
        if extends:
            before = find_earlier(tmp_path, extends)
            begun = Extension(before, read_plan(before.content["plan"], [], 12))
        host.state.begin("test")
        try:
            with webui.session(request, planned) as session:
                return run_sweep(planned, session, {}, begun)
        finally:
            host.state.end()

    return sweep


@pytest.fixture
def encoded(host, opts):
    """The conditioning of a prompt's parts at a clip skip, one after the other, as the host encodes them now."""
    from modules import prompt_parser

    def encode(skip, *texts):
        host.opts.data["CLIP_stop_at_last_layers"] = skip
        model = host.sd_model
        made = [
            model.get_learned_conditioning(prompt_parser.SdConditioning([text], width=64, height=64)) for text in texts
        ]
        return np.concatenate([cond[0].detach().double().numpy() for cond in made])

    return encode


def distance(one, other):
    return np.linalg.norm(one - other) / np.sqrt(np.linalg.norm(one) * np.linalg.norm(other))


def changes(outcome):
    return [cell["conditioning_change"] for cell in outcome.record.to_json()["cells"]]


@pytest.mark.parametrize(
    ("mode", "request_", "texts"),
    [
        pytest.param("exact", {}, ["a red house, blue sky"], id="plain"),
        pytest.param("fast", {"prompt": "a fox BREAK (a lake:1.3) " + "very " * 80}, None, id="chunks and weights"),
        pytest.param("exact", {"prompt": "a fox AND a [lake]:0.6 "}, ["a fox", "a [lake]"], id="AND"),
        pytest.param("fast", {"prompt": "a [cat:dog:0.5] in a hat"}, ["a dog in a hat"], id="editing"),
        pytest.param("exact", {"prompt": "a [cat|dog]", "steps": 4}, ["a dog"], id="alternating"),
        pytest.param("fast", {"batch_size": 2, "n_iter": 2}, ["a red house, blue sky"], id="several images"),
        pytest.param("exact", HIRES, ["a red house, blue sky"], id="hires fix"),
    ],
)
def test_it_is_the_distance_of_what_the_host_encodes(swept, encoded, mode, request_, texts):
    outcome = swept({"mode": mode, "cells_per_batch": 4 if mode == "fast" else "auto"}, **request_)
    texts = [request_["prompt"]] if texts is None else texts
    expected = [distance(encoded(skip, *texts), encoded(1, *texts)) for skip in SKIPS]
    assert changes(outcome) == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert min(expected[1:]) > 0.001, "or this test proves nothing"


def test_pictures_are_those_of_single_generations_and_nothing_more_is_encoded(swept):
    outcome = swept({})
    assert changes(swept({"mode": "fast"})) == pytest.approx(changes(outcome), rel=1e-5)
    assert outcome.record.text_encoder_forwards == 2
    for skip, picture in zip(SKIPS, outcome.pictures, strict=True):
        from PIL import Image

        with Image.open(picture.path) as image:
            alone = pixels(run(override_settings={"CLIP_stop_at_last_layers": skip}))
            assert np.array_equal(np.asarray(image.convert("RGB")), alone)


def test_a_schedule_counts_by_its_end_and_a_negative_value_of_its_own_not_at_all(swept):
    plain = changes(swept({}))
    assert changes(swept({"negative_clip_skip": 7})) == plain
    scheduled = changes(swept({"clip_skip": [1, "[12:5:0.5]", "avg 4-6", 4.5, 5.5]}))
    assert scheduled[:2] == [0, pytest.approx(plain[2], rel=1e-5)]
    assert len({*scheduled}) == 5
    assert None not in scheduled


def test_the_first_value_is_the_reference_where_there_is_no_1_wherever_1_stands_else(swept):
    assert changes(swept({"clip_skip": [5, 2]}))[0] == 0
    assert changes(swept({"clip_skip": [12, 5, 1, 2]})) == [changes(swept({}))[place] for place in (3, 2, 0, 1)]


def test_a_continued_sweep_keeps_what_is_known_and_says_nothing_of_what_it_cannot_know(swept):
    whole = swept({})
    known = changes(whole)
    (whole.folder / whole.pictures[2].record.file).unlink()
    continued = swept({}, earlier=whole.folder.name)
    assert continued.reused == 3
    assert changes(continued) == [*known[:2], None, known[3]], "its reference was not encoded again"
    (whole.folder / whole.pictures[0].record.file).unlink()
    assert changes(swept({}, earlier=whole.folder.name)) == [0, known[1], None, known[3]]


def test_an_extended_sweep_keeps_what_has_the_same_reference(swept):
    known = changes(swept({}))
    begun = swept({"clip_skip": [1, 12]})
    assert changes(swept({}, extends=begun.folder.name)) == [0, None, None, known[3]]
    other = swept({"clip_skip": [2, 12]})
    assert changes(swept({}, extends=other.folder.name)) == [0, None, known[2], None], "2 was its reference"


def test_a_first_pass_of_somebody_elses_is_not_known(swept):
    from PIL import Image

    assert changes(swept({}, firstpass_image=Image.new("RGB", (64, 64)), **HIRES)) == [None] * 4
