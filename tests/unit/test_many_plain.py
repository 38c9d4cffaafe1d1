"""WebUIs without this extension that answer something else than was asked for, on tiny servers."""

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many.connect import connect
from clip_skip_lab.many.exchange import Address, Gone, Job, Task
from clip_skip_lab.many.http import Http
from clip_skip_lab.many.ours import OursWebUI
from clip_skip_lab.many.plain import PlainWebUI
from clip_skip_lab.many.plain_label import told_in
from tests.helpers.tiny_server import serving

CLIP_SKIP = "CLIP_stop_at_last_layers"
REQUEST = {"prompt": "a cat", "seed": 7, "width": 64, "height": 64, "steps": 2}
MODELS = [
    {"title": "m.safetensors [0123456789]", "model_name": "m", "hash": "0123456789", "filename": "/x/m.safetensors"}
]
OPTIONS = {CLIP_SKIP: 1.0, "sd_model_checkpoint": "m.safetensors [0123456789]", "samples_format": "png"}


def picture(form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, form)
    return base64.b64encode(file.getvalue()).decode()


def infotext(body, place=0, **changes):
    """What AUTOMATIC1111 would write."""
    clip_skip = body["override_settings"][CLIP_SKIP]
    told = {
        "Steps": body["steps"],
        "Seed": body["seed"] + place,
        "Size": f"{body['width']}x{body['height']}",
        "Model hash": "0123456789",
        "Model": "m",
        "Clip skip": clip_skip if clip_skip > 1 else None,
        **changes,
    }
    return "a cat\n" + ", ".join(f"{key}: {value}" for key, value in told.items() if value is not None)


def answer(body, images=None, first=0, **changes):
    """An answer of the API; `changes` are those of the infotext."""
    count = body.get("batch_size", 1)
    info = {
        "infotexts": [*["grid"] * first, *(infotext(body, place, **changes) for place in range(count))],
        "index_of_first_image": first,
        "all_seeds": [body["seed"] + place for place in range(count)],
        "all_subseeds": [1] * count,
        "all_prompts": [body["prompt"]] * count,
    }
    return 200, {"images": images or [picture()] * (count + first), "info": json.dumps(info)}


class FakeWebUI:
    """A WebUI's routes, with `generate(body)` in the place of what generates; `asked` are the bodies it got."""

    def __init__(self, generate=answer, options=None, models=MODELS):
        self.asked = []
        self.saved = []
        self.options = {**OPTIONS, **(options or {})}
        self.routes = {
            "/sdapi/v1/options": self.of_options,
            "/sdapi/v1/sd-models": (200, models),
            "/sdapi/v1/progress": (200, {"state": {"interrupted": False}}),
            "/sdapi/v1/txt2img": lambda handler: generate(self.noted(handler)),
            "/sdapi/v1/img2img": lambda handler: generate(self.noted(handler)),
        }

    def noted(self, handler):
        self.asked.append(json.loads(handler.body))
        return self.asked[-1]

    def of_options(self, handler):
        if handler.command == "POST":
            self.saved.append(json.loads(handler.body))
        return 200, self.options


def run(fake, plan=None, tab="txt2img", **changes):
    """What is said of a job, and its cells."""
    with serving(fake.routes) as server:
        webui = PlainWebUI(Http(Address(server.url)))
        job = Job(tab, {**REQUEST, **changes}, plan or {"clip_skip": "1,2"})
        described = webui.describe(job)
        return described, webui.cells(Task(job, described, tuple(range(len(described.plan["clip_skip"]))))).cells


def states(cells):
    return [cell.state for cell in cells]


def test_clip_skip_is_an_override_that_is_put_back():
    fake = FakeWebUI()
    described, cells = run(fake, override_settings={"eta_noise_seed_delta": 31337})
    assert states(cells) == ["done", "done"]
    assert [body["override_settings"] for body in fake.asked] == [
        {"eta_noise_seed_delta": 31337, CLIP_SKIP: 1},
        {"eta_noise_seed_delta": 31337, CLIP_SKIP: 2},
    ]
    assert all(body["override_settings_restore_afterwards"] for body in fake.asked)
    assert described.model == {"name": "m", "hash": "0123456789", "vae": ""}


def test_the_setting_is_saved_as_it_is_before_it_is_overridden():
    """The host puts an override back only where its config.json has the setting. 1.0, as the API tells it, would make
    every generation fail."""
    fake = FakeWebUI(options={CLIP_SKIP: 3.0})
    run(fake)
    assert fake.saved == [{CLIP_SKIP: 3}]
    assert type(fake.saved[0][CLIP_SKIP]) is int


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Clip skip": None}, "Clip skip 2 was requested, but the image says 1"),
        ({"Clip skip": 3}, "Clip skip 2 was requested, but the image says 3"),
        ({"Seed": 8}, "Seed 7 was requested, but the image says 8"),
        ({"Size": "512x512"}, "Size 64x64 was requested, but the image says 512x512"),
        ({"Size": None}, "Size 64x64 was requested, but the image says nothing about it"),
        ({"Model hash": "ffffffffff"}, "Model hash 0123456789 was requested, but the image says ffffffffff"),
        ({"Model": "other", "Model hash": None}, "Model m was requested, but the image says other"),
    ],
)
def test_a_picture_whose_infotext_says_something_else_is_a_failed_cell_with_the_reason(changes, told):
    _, (cell,) = run(FakeWebUI(lambda body: answer(body, **changes)), {"clip_skip": "2"})
    assert (cell.state, cell.pictures) == ("failed", [])
    assert told in cell.reason


def test_an_override_that_stays_in_force_is_seen_at_clip_skip_1_too():
    _, (cell,) = run(FakeWebUI(lambda body: answer(body, **{"Clip skip": 2})), {"clip_skip": "1"})
    assert cell.state == "failed" and "Clip skip 1 was requested, but the image says 2" in cell.reason


@pytest.mark.parametrize(
    ("axis", "values", "changes", "told"),
    [
        ("CFG Scale", "5", {"CFG scale": 7.0}, "CFG scale 5.0 was requested, but the image says 7.0"),
        ("Var. strength", "0.5", {}, "Variation seed strength 0.5 was requested, but the image says 0"),
        ("Steps", "9", {"Steps": 2}, "Steps 9 was requested, but the image says 2"),
    ],
)
def test_the_values_of_axes_are_looked_at_too(axis, values, changes, told):
    plan = {"clip_skip": "2", "y": {"axis": axis, "values": values}}
    _, (cell,) = run(FakeWebUI(lambda body: answer(body, **changes)), plan)
    assert told in cell.reason


def test_a_prompt_that_speaks_of_clip_skip_is_not_taken_for_the_label():
    prompts = "Clip skip: 9, Seed: 1\nNegative prompt: Size: 3\n"
    text = prompts + 'Steps: 2, Note: "Clip skip: 4, \\"x\\"", Clip skip: 2, Model: a'
    assert told_in(text) == {"Steps": "2", "Note": 'Clip skip: 4, "x"', "Clip skip": "2", "Model": "a"}


@given(st.text())
def test_any_infotext_can_be_read(text):
    told_in(text)


def test_grids_before_the_pictures_and_what_extensions_put_behind_them_are_left_out():
    def generate(body):
        return answer(body, images=[picture("WEBP"), picture(), picture("JPEG"), picture("WEBP")], first=1)

    _, cells = run(FakeWebUI(generate), batch_size=2)
    assert [[(kept.place, kept.format, kept.seed) for kept in cell.pictures] for cell in cells] == [
        [(0, "png", 7), (1, "jpg", 8)]
    ] * 2


@pytest.mark.parametrize(("count", "changes"), [(1, {}), (3, {"mask": "x"})])
def test_another_number_of_pictures_is_a_failed_cell(count, changes):
    fake = FakeWebUI(lambda body: answer(body, images=[picture()] * count))
    _, (cell,) = run(fake, {"clip_skip": "2"}, batch_size=2, **changes)
    assert cell.reason == f"{count} images came, but 2 were requested"


def test_a_cell_that_fails_says_why_and_the_others_go_on():
    def generate(body):
        if body["override_settings"][CLIP_SKIP] == 1:
            return 500, {"error": "OutOfMemoryError", "detail": "", "errors": "CUDA out of memory."}
        return answer(body)

    _, cells = run(FakeWebUI(generate))
    assert [(cell.state, cell.reason) for cell in cells] == [("failed", "CUDA out of memory"), ("done", None)]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"images": ["iVBORw0KGgo"]},
        {"images": [base64.b64encode(b"GIF89a").decode()]},
        {"images": [1]},
        {"images": None},
        {"info": "{"},
        {"info": json.dumps({"infotexts": ["x"]})},
    ],
)
def test_an_answer_that_holds_no_pictures_is_no_answer(spoilt):
    fake = FakeWebUI(lambda body: (200, {**answer(body)[1], **spoilt}))
    with pytest.raises(Gone, match="cannot be read"):
        run(fake)


def test_what_is_changed_there_while_cells_are_made_changes_the_fingerprint_and_how_it_is_told_does_not():
    fingerprints = []
    for changes in (
        {},
        {"sd_model_checkpoint": "m.safetensors", "eta_noise_seed_delta": 0.0},
        {"eta_noise_seed_delta": 31337},
        {"sd_model_checkpoint": "other.safetensors [9999999999]"},
    ):
        fake = FakeWebUI(options={"eta_noise_seed_delta": 0})

        def generate(body, fake=fake, changes=changes):
            fake.options.update(changes)
            return answer(body)

        fake.routes["/sdapi/v1/txt2img"] = lambda handler, fake=fake, generate=generate: generate(fake.noted(handler))
        with serving(fake.routes) as server:
            webui = PlainWebUI(Http(Address(server.url)))
            job = Job("txt2img", REQUEST, {"clip_skip": "1"})
            described = webui.describe(job)
            fingerprints.append(webui.cells(Task(job, described, (0,))).fingerprint == described.fingerprint)
    assert fingerprints == [True, True, False, False]


def test_reforges_own_schedule_of_clip_skip_is_off_and_that_is_told():
    fake = FakeWebUI(options={"dynamic_clip_skip_enabled": True})
    described, _ = run(fake)
    assert any("Dynamic clip skip ramp" in note for note in described.notes)
    assert all(body["override_settings"]["dynamic_clip_skip_enabled"] is False for body in fake.asked)


def test_a_webui_that_has_not_loaded_its_checkpoint_tells_no_hash_and_that_is_told():
    models = [
        {"title": "m.safetensors", "model_name": "m", "hash": None, "sha256": None, "filename": "C:\\m\\m.safetensors"}
    ]
    fake = FakeWebUI(options={"sd_model_checkpoint": "m.safetensors"}, models=models)
    described, cells = run(fake)
    assert described.model["hash"] == "" and "does not tell the hash of m.safetensors" in described.notes[-1]
    assert states(cells) == ["done", "done"]


def test_forges_modules_stand_in_the_place_of_a_vae_by_their_names():
    fake = FakeWebUI(options={"forge_additional_modules": ["/home/me/models/VAE/ae.safetensors", "C:\\t5.safetensors"]})
    described, _ = run(fake)
    assert described.model["vae"] == "ae.safetensors, t5.safetensors"
    assert "/home/me" not in str(described)


@pytest.mark.parametrize("route", ["options", "sd-models", "progress"])
@pytest.mark.parametrize("content", [None, [], [1], {}, {"state": 3}, "x"])
def test_a_route_that_answers_something_else_is_told_as_unreadable(route, content):
    fake = FakeWebUI()
    fake.routes[f"/sdapi/v1/{route}"] = (200, content)
    with pytest.raises((Gone, InvalidInput)):
        run(fake)


def test_which_kind_of_webui_it_is_is_told_by_its_scripts():
    for scripts, kind in (["x/y/z plot"], PlainWebUI), (["x/y/z plot", "clip skip sweep"], OursWebUI):
        with serving({"/sdapi/v1/scripts": (200, {"txt2img": scripts, "img2img": []})}) as server:
            assert type(connect(Address(server.url))) is kind
    with serving({"/sdapi/v1/scripts": (200, [])}) as server, pytest.raises(Gone, match="cannot be read"):
        connect(Address(server.url))
