"""Whatever is sent to a running host, for a sweep or to the routes: an answer, or a refusal in a sentence. No 500."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.helpers.client import CLIP_SKIP, ROUTES, SCRIPT, SMALL, encoded, gradient

few = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,  # the same examples each time: a host at work is no place for surprises in a test run
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# Nothing among these is a request that takes a host long.
ODD = [None, True, False, 0, -1, 1, 1.5, 10**9, 2**63, 10**30, 1e308, float("nan"), float("inf"), -float("inf")]
ODD += ["", " ", "x", "1", "1,2", "-1", "９", "\x00", "\r\n", "\ud800", "😀", "../..", "/etc/passwd", "9" * 5_000]
ODD += [[], {}, [None], [[]], [{}], ["x", 1], {"": None}, {"a": {"b": [1]}}, {"args": 5}, {"__type__": "x"}]
VALUE = st.sampled_from(ODD)
PLAN_FIELDS = (
    *("clip_skip", "y", "z", "mode", "cells_per_batch", "cells", "draft", "return_cells", "measures", "interpolation"),
    *("negative_clip_skip", "every_model", "sdxl_clip_l_skip", "sdxl_big_g_skip", "resume", "full"),
)
OPTIONS = (
    *(CLIP_SKIP, "img_max_size_mp", "grid_format", "jpeg_quality", "eta_ancestral", "emphasis", "sd_vae"),
    *("sd_model_checkpoint", "samples_format", "samples_filename_pattern", "grid_background_color", "hide_samplers"),
    *("use_old_scheduling", "comma_padding_backtrack", "upscaler_for_img2img", "no such option"),
)
FIELDS = (
    *("prompt", "negative_prompt", "styles", "seed", "subseed", "subseed_strength", "sampler_name", "scheduler"),
    *("sampler_index", "batch_size", "n_iter", "steps", "cfg_scale", "width", "height", "denoising_strength", "eta"),
    *("s_churn", "s_tmax", "s_noise", "refiner_checkpoint", "refiner_switch_at", "override_settings", "tiling"),
    *("alwayson_scripts", "script_args", "restore_faces", "seed_resize_from_w", "comments"),
)
HIRES = ("hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_sampler_name", "hr_scheduler")


def is_answered(response):
    """An answer, or a refusal with a sentence. Returns whether it was one."""
    assert response.status_code < 500, response.text[:2_000]
    if response.status_code == 200:
        return False
    detail = response.json()["detail"]
    assert detail, response.text[:500]
    return isinstance(detail, str)


@pytest.fixture
def sweep(client):
    """Sends a sweep of one cell with changes to the request and to the plan."""

    def sent(plan, changes, route="txt2img"):
        plan = {"clip_skip": "1", "measures": False, **plan}
        body = {**SMALL, "steps": 1, "script_name": SCRIPT, "script_args": [plan], **changes}
        text = json.dumps(body)  # NaN too, which a client's own library may refuse
        return client.http.post(f"/sdapi/v1/{route}", content=text)

    return sent


@few
@given(st.dictionaries(st.sampled_from(PLAN_FIELDS), VALUE, min_size=1, max_size=2))
def test_any_plan(sweep, plan):
    is_answered(sweep(plan, {}))


@few
@given(
    st.sampled_from(("CFG Scale", "Steps", "Seed", "Sampler", "Prompt S/R", "Prompt order", "Size", "Styles")), VALUE
)
def test_any_values_of_an_axis(sweep, axis, values):
    if axis != "Steps":  # whole numbers that it takes can be many steps
        is_answered(sweep({"y": {"axis": axis, "values": values}}, {}))


@few
@given(st.dictionaries(st.sampled_from(FIELDS), VALUE, min_size=1, max_size=2))
def test_any_request(sweep, fields):
    is_answered(sweep({}, fields))


@few
@given(st.dictionaries(st.sampled_from((*HIRES, "denoising_strength")), VALUE, min_size=1, max_size=2))
def test_any_request_with_hires_fix(sweep, fields):
    is_answered(sweep({}, {"enable_hr": True, "denoising_strength": 0.5, **fields}))


@few
@given(st.sampled_from(("denoising_strength", "resize_mode", "inpainting_fill", "mask_blur", "image_cfg_scale")), VALUE)
def test_any_request_for_img2img(sweep, field, value):
    is_answered(sweep({}, {"init_images": [encoded(gradient())], field: value}, route="img2img"))


@few
@given(st.sampled_from(OPTIONS), VALUE)
def test_any_override(sweep, key, value):
    is_answered(sweep({}, {"override_settings": {key: value}}))


@few
@given(st.sampled_from(("Clip skip lab", "Refiner", "Sampler", "no such script")), VALUE | st.lists(VALUE, max_size=3))
def test_any_arguments_of_an_always_on_script(sweep, name, given_arguments):
    is_answered(sweep({}, {"alwayson_scripts": {name: {"args": given_arguments}}}))


PARTS = (
    "model",
    "advice",
    "memory",
    "clip-skip",
    "sweeps",
    "sweeps/x",
    "sweeps/2026-11-22-0a1b2c3d",
    "sweeps/x/page/y",
)
PARAMETERS = ("clip_skip", "lang", "prompt", "place", "limit", "key", "everything")
BODIES = [
    *(json.dumps(value).encode() for value in ODD),
    b"",
    b"{",
    b"\xff",
    b"[" * 50_000,
    b'{"key": "a", "clip_skip": 1.5}',
]


@few
@given(
    st.sampled_from(("GET", "PUT", "DELETE", "POST")),
    st.sampled_from(PARTS),
    st.dictionaries(
        st.sampled_from(PARAMETERS), st.sampled_from([one for one in ODD if isinstance(one, str)]), max_size=2
    ),
    st.sampled_from(BODIES),
)
def test_any_use_of_the_routes(client, method, path, parameters, body):
    query = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in parameters.items())
    answer = client.http.request(method, f"{ROUTES}/{path}?{query}", content=body)
    assert answer.status_code == 200 or is_answered(answer)


@few
@given(st.sampled_from(("key", "clip_skip")), VALUE, st.sampled_from(("memory", "clip-skip")))
def test_any_value_in_a_body(client, key, value, path):
    if (path, key, value) == ("clip-skip", "clip_skip", 1):
        return  # which the host's user may have set otherwise
    body = json.dumps({"key": "name:gone", "clip_skip": "none", key: value})
    answer = client.http.put(f"{ROUTES}/{path}", content=body)
    assert answer.status_code == 200 or is_answered(answer)
