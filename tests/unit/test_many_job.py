"""What is to be generated, from files and from the command line."""

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many.job import read_axis, read_job
from clip_skip_lab.sweep.plan_keys import PLAN_KEYS

REQUEST = {"prompt": "a red cat", "seed": 7, "steps": 2}


@pytest.fixture
def written(tmp_path):
    """Writes JSON into a file, and gives its name."""

    def write(content, name="request.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


def picture_file(path, format="PNG"):
    Image.new("RGB", (8, 8), "red").save(path, format)
    return path.read_bytes()


def test_a_request_and_options_make_a_job(written):
    job = read_job(written(REQUEST), None, None, {"clip_skip": "1-3", "y": read_axis("CFG Scale=5,7")})
    assert job.tab == "txt2img"
    assert job.request == REQUEST
    assert job.plan == {"clip_skip": "1-3", "y": {"axis": "CFG Scale", "values": "5,7"}}


def test_a_file_can_have_all_of_it_and_the_command_line_wins(written):
    job = {"tab": "txt2img", "request": REQUEST, "plan": {"clip_skip": "1-12", "mode": "fast", "draft": True}}
    assert read_job(None, written(job), None, {}).to_json() == job
    found = read_job(None, written(job), None, {"clip_skip": "2"})
    assert found.plan == {"clip_skip": "2", "mode": "fast", "draft": True}
    other = read_job(written({"prompt": "a dog"}, "other.json"), written(job), None, {})
    assert (other.request, other.plan) == ({"prompt": "a dog"}, job["plan"])


def test_what_a_sweep_keeps_of_its_job_is_a_plan_file(written):
    first = read_job(written(REQUEST), None, None, {"clip_skip": "1-3"})
    assert read_job(None, written(first.to_json()), None, {}) == first


def test_every_key_of_a_plan_can_stand_in_a_file_but_what_is_about_an_answer(written):
    plan = {key.name: key.default for key in PLAN_KEYS}
    found = read_job(None, written({"request": REQUEST, "plan": plan}), None, {}).plan
    assert set(plan) - set(found) == {"return_cells"}


def test_a_request_may_come_by_standard_input(monkeypatch):
    text = io.TextIOWrapper(io.BytesIO(json.dumps(REQUEST).encode("utf-8-sig")), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", text)
    assert read_job("-", None, None, {}).request == REQUEST


@pytest.mark.parametrize("key", ["script_name", "script_args"])
def test_a_script_in_the_request_is_refused_and_an_empty_one_left_out(written, key):
    with pytest.raises(
        InvalidInput, match=f'Request: "{key}" cannot be used, because the sweep runs a script of its own'
    ):
        read_job(written({**REQUEST, key: ["x/y/z plot"]}), None, None, {})
    for empty in ("", None, []):
        assert read_job(written({**REQUEST, key: empty}), None, None, {}).request == REQUEST


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[1]", "it is not a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100 + "1" + "}" * 100, "nested too deeply"),
        ({"prompt": "a cat", "init_images": ["x"]}, '"init_images" is not for txt2img; allowed: --img2img added'),
    ],
)
def test_a_request_that_cannot_be_used_is_refused(written, content, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        read_job(written(content), None, None, {})


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"prompt": "a cat"}, 'Plan: "prompt" is not a key'),
        ({"request": REQUEST, "plan": {"clipskip": "1"}}, 'Plan: "clipskip" is not a key'),
        ({"request": REQUEST, "plan": {"resume": "2026-11-22-0a1b2c3d"}}, 'Plan: "resume" is not a key'),
        ({"request": REQUEST, "plan": "1-12"}, "is not an object"),
        ({"request": [], "plan": {}}, "is not an object"),
        ({"request": REQUEST, "tab": "extras"}, 'Tab: "extras" cannot be used; allowed: txt2img, img2img'),
        ({"request": REQUEST, "tab": []}, "Tab"),
        ({"plan": {}}, 'Request: "--request" is missing'),
    ],
)
def test_a_plan_file_that_cannot_be_used_is_refused(written, plan, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        read_job(None, written(plan), None, {})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="No such file"):
        read_job(str(tmp_path / "none.json"), None, None, {})


@given(st.text())
def test_an_axis_is_a_name_and_values_or_refused(text):
    try:
        axis = read_axis(text)
    except InvalidInput:
        assert not text.partition("=")[0].strip() or "=" not in text
    else:
        assert set(axis) == {"axis", "values"}


# --- Pictures of img2img ----------------------------------------------------------------------------------------------


def test_pictures_may_be_named_by_their_files_beside_the_request_or_as_a_whole_path(written, tmp_path):
    data, mask = picture_file(tmp_path / "cat.png"), picture_file(tmp_path / "mask.webp", "WEBP")
    content = {"init_images": ["cat.png"], "mask": str(tmp_path / "mask.webp")}
    job = read_job(written(content), None, "img2img", {})
    assert (job.tab, job.request["init_images"]) == ("img2img", [base64.b64encode(data).decode()])
    assert job.request["mask"] == base64.b64encode(mask).decode()


@pytest.mark.parametrize("given", ["iVBORw0KGgo=", "data:image/png;base64,iVBORw0KGgo=", "https://example.org/a.png"])
def test_pictures_that_are_given_already_stay_as_they_are(written, given):
    content = {"tab": "img2img", "request": {"init_images": [given]}}
    assert read_job(None, written(content), None, {}).request["init_images"] == [given]


@pytest.mark.parametrize(
    ("name", "content"), [("gone.png", None), ("text.png", b"password"), ("empty.png", b""), ("half.png", b"\x89PNG")]
)
def test_a_file_that_is_no_picture_is_refused_and_does_not_travel(written, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=f'init_images: "{name}" cannot be read'):
        read_job(written({"init_images": [name]}), None, "img2img", {})


@pytest.mark.parametrize("pictures", [None, [], "cat.png"])
def test_img2img_needs_a_list_of_pictures(written, pictures):
    content = {} if pictures is None else {"init_images": pictures}
    with pytest.raises(InvalidInput, match="a list of images"):
        read_job(written(content), None, "img2img", {})
