"""The page's request as a client of the API sends it: the same pictures, bit by bit."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.plan_keys import THE_COMMAND_LINE
from tests.helpers.client import SCRIPT, Sweep, encoded, gradient, mask, same
from tests.helpers.host_in_process import make
from tests.helpers.page_client import PageClient

PANEL = "clip_skip_sweep_clip_skip_lab"
FINER = "clip_skip_lab_clip_skip_lab"

HIRES = {
    "txt2img_hr-checkbox": True,
    "txt2img_hr_scale": 1.5,
    "txt2img_hires_steps": 1,
    "txt2img_denoising_strength": 0.6,
    "hires_prompt": "a red cat in the rain",
    "hr_sampler": "Euler",
}
VARIED = {"txt2img_subseed_show": True, "txt2img_subseed": 11, "txt2img_subseed_strength": 0.3}
NEGATIVE_OF_ITS_OWN = {f"script_txt2img_{FINER}_finer-checkbox": True, f"script_txt2img_{FINER}_negative": "3"}


@pytest.fixture(scope="module")
def page_client(host_url, client):
    return PageClient(client.url)


def generated(page_client, tab, inputs, mode=0, place=None):
    """What the page is told of a sweep of two cells."""
    common = {
        f"{tab}_prompt": "a (red:1.2) cat",
        f"{tab}_neg_prompt": "blurry",
        f"{tab}_steps": 2,
        f"{tab}_width": 64,
        f"{tab}_height": 64,
        f"{tab}_seed": 7,
        f"{tab}_sampling": "DPM++ SDE",
        f"{tab}_scheduler": "Karras",
        f"{tab}_cfg_scale": 5.5,
        "script_list": SCRIPT,
        f"script_{tab}_{PANEL}_values": "2, 5",
        f"script_{tab}_{PANEL}_measures": False,
    }
    where = {} if place is None else {f"script_{tab}_{PANEL}_run_on": place}
    told = page_client.generate_on_page(tab, {**common, **inputs, **where}, mode)
    assert "extra_generation_params" in told, told["log"]
    (report,) = told["extra_generation_params"]["clip_skip_lab"]["page"]
    return told, report


def by_hand(client, job):
    """The same by the API."""
    script = {"script_name": SCRIPT.lower(), "script_args": [{**job["plan"], "return_cells": True}]}
    answer = client.http.post(f"/sdapi/v1/{job['tab']}", json={**job["request"], **script})
    assert answer.status_code == 200, answer.text
    return Sweep(answer.json())


def cells_in(folder):
    record = json.loads((Path(folder) / "sweep.json").read_text(encoding="utf-8"))
    files = [picture["file"] for cell in record["cells"] for picture in cell["pictures"]]
    return record, [np.asarray(Image.open(Path(folder) / file).convert("RGB")) for file in files]


def check_the_same(client, page_client, tab, inputs, mode=0):
    told, report = generated(page_client, tab, inputs, mode, THE_COMMAND_LINE)
    assert told["infotexts"] == []
    job = report["job"]
    assert job["tab"] == tab
    _, here = generated(page_client, tab, inputs, mode)
    record, cells = cells_in(here["folder"])
    there = by_hand(client, job)
    assert len(cells) == 2 and same(cells, there.cells)
    assert not same(cells[:1], cells[1:])
    assert all(record[key] == there.record[key] for key in ("setting", "model", "plan"))
    return report


@pytest.mark.usefixtures("unchanged")
def test_txt2img_with_all_that_the_page_can_ask_gives_the_same_pictures_by_the_api(client, page_client):
    with client.no_sweeps_left():
        styles = [style["name"] for style in client.get("prompt-styles")][:2]
        inputs = {**HIRES, **VARIED, **NEGATIVE_OF_ITS_OWN, "txt2img_styles": styles, "txt2img_batch_size": 2}
        _, report = generated(page_client, "txt2img", inputs, place=THE_COMMAND_LINE)
        asked = report["job"]["request"]
        assert asked["styles"] == styles and asked["hr_prompt"] == "a red cat in the rain"
        assert (asked["subseed"], asked["subseed_strength"]) == (11, 0.3)
        assert [*asked["alwayson_scripts"]] == ["clip skip lab"]
        two = {**inputs, "txt2img_batch_size": 1}
        check_the_same(client, page_client, "txt2img", two)


@pytest.mark.usefixtures("unchanged")
def test_img2img_with_a_mask_gives_the_same_pictures_by_the_api(client, page_client):
    picture, masked = (f"data:image/png;base64,{encoded(image)}" for image in (gradient(), mask()))
    inputs = {
        "img_inpaint_base": picture,
        "img_inpaint_mask": masked,
        "img2img_mask_blur": 2,
        "img2img_denoising_strength": 0.7,
        "img2img_inpaint_full_res": "Only masked",
        "img2img_inpaint_full_res_padding": 8,
        "img2img_inpainting_fill": "latent noise",
        "img2img_mask_mode": "Inpaint not masked",
    }
    with client.no_sweeps_left():
        check_the_same(client, page_client, "img2img", inputs, mode=4)


def test_what_stands_under_the_gallery_is_a_command_without_a_secret(client, page_client):
    told, report = generated(page_client, "txt2img", {}, place=THE_COMMAND_LINE)
    assert report["command"] == f"clip-skip-lab sweep --plan clip-skip-sweep.json --webui {client.url}"
    assert "Nothing was generated." in told["log"] and report["command"] in told["log"]
    assert report["job"]["plan"] == {"clip_skip": "2, 5", "mode": "exact", "measures": False}


def test_a_random_seed_stays_random(page_client):
    _, report = generated(page_client, "txt2img", {"txt2img_seed": -1}, place=THE_COMMAND_LINE)
    assert report["job"]["request"]["seed"] == -1


@pytest.mark.parametrize(("values", "said"), [("13", "Clip skip values"), ("", "Clip skip values")])
def test_bad_input_gives_its_sentence_and_no_command(page_client, values, said):
    told = page_client.generate_on_page(
        "txt2img",
        {
            "script_list": SCRIPT,
            f"script_txt2img_{PANEL}_values": values,
            f"script_txt2img_{PANEL}_run_on": THE_COMMAND_LINE,
        },
    )
    assert said in told["log"] and "clip-skip-lab sweep" not in told["log"]


# What a request may hold, in this process


def script(title, args, usual, **more):
    described = [SimpleNamespace(value=value) for value in usual]
    place = SimpleNamespace(
        args_from=1, args_to=1 + len(args), api_info=SimpleNamespace(args=described), title=lambda: title
    )
    return SimpleNamespace(**vars(place), **more)


def with_script(request, one, args, inputs=None):
    inputs = inputs or [SimpleNamespace() for _ in args]
    request.scripts_value = SimpleNamespace(alwayson_scripts=[one], inputs=[None, *inputs])
    request.script_args_value = (0, *args)
    return request


def test_another_extension_is_sent_where_it_holds_something_else_than_usual(host, webui):
    usual = script("Tiles", [True, "", []], [True, None, None])
    assert "alwayson_scripts" not in webui.as_request(with_script(make(), usual, [True, "", []])).body
    changed = with_script(make(), script("Tiles", [True, "a"], [True, None]), [True, "a"])
    assert webui.as_request(changed).body["alwayson_scripts"] == {"tiles": {"args": [True, "a"]}}
    of_page = script("Seed", [5], [-1], setup_for_ui_only=True)
    assert "alwayson_scripts" not in webui.as_request(with_script(make(), of_page, [5])).body


def test_a_choice_that_the_page_gives_by_its_place_is_usual_there(host, webui):
    choice = SimpleNamespace(type="index", choices=["off", "on"])
    request = with_script(make(), script("Tiles", [0], ["off"]), [0], [choice])
    assert "alwayson_scripts" not in webui.as_request(request).body


def test_what_cannot_be_sent_is_said(host, webui):
    request = with_script(make(), script("ControlNet", [object()], [None]), [object()])
    request.firstpass_image = gradient()
    sent = webui.as_request(request)
    assert "alwayson_scripts" not in sent.body and "firstpass_image" not in sent.body
    assert [sentence.parts["name"] for sentence in sent.lost] == ["firstpass_image", "ControlNet"]


def test_nothing_of_this_machines_disk_is_sent(host, webui):
    request = make(
        outpath_samples="/home/me/out", outpath_grids="/home/me/grids", override_settings={"outdir_grids": "/x"}
    )
    text = json.dumps(webui.as_request(request).body)
    assert "/home/me" not in text and "outdir_grids" not in text


def test_a_picture_is_sent_pixel_by_pixel_and_without_what_was_said_of_it(host, webui):
    import base64
    import io

    picture = gradient().quantize(8)
    picture.info["parameters"] = "secret"
    (text,) = webui.as_request(make("Img2Img", init_images=[picture])).body["init_images"]
    data = base64.b64decode(text)
    assert b"secret" not in data
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(picture.convert("RGB")))


def test_an_address_in_the_settings_may_have_no_password(host, webui, opts):
    from clip_skip_lab.ui.run_on import WEBUIS, RunOn

    opts.data[WEBUIS] = "http://gpu1:7860, http://me:hidden@gpu2:7860"
    places = RunOn(webui)
    assert places.choices() == ["This WebUI", THE_COMMAND_LINE]
    with pytest.raises(InvalidInput) as refused:
        places._others()
    assert "hidden" not in refused.value.detail and "CLIP_SKIP_LAB_AUTH" in refused.value.detail


def test_without_an_api_of_its_own_the_webui_takes_no_part_and_says_so(host, webui, opts, monkeypatch):
    from clip_skip_lab.sweep.plan_keys import PANEL_INPUTS
    from clip_skip_lab.ui import run_on

    opts.data[run_on.WEBUIS] = "gpu1:7860, gpu2:7860"
    places = run_on.RunOn(webui)
    asked = tuple("2 WebUIs" if item.name == "run_on" else item.default for item in PANEL_INPUTS)
    assert places.choices()[1:-1] == ["2 WebUIs"]
    monkeypatch.setattr(run_on, "missing", lambda: ["distributed"])
    assert places.describe(asked) == [
        "Runs on http://gpu1:7860 and http://gpu2:7860.",
        "This WebUI was started without --api and is not used.",
        "This WebUI's Python lacks distributed: start the sweep with the command.",
    ]
    monkeypatch.setattr(host.cmd_opts, "api", True)
    monkeypatch.setattr(host, "demo", SimpleNamespace(local_url="http://0.0.0.0:7861/"))
    monkeypatch.setattr(host.cmd_opts, "api_auth", "me:hidden")
    assert places.choices()[1:-1] == ["3 WebUIs"]
    opts.data[run_on.WEBUIS] = "gpu1:7860, localhost:7861"  # itself, once more
    assert places.choices()[1:-1] == ["2 WebUIs"]
    assert "hidden" not in places._command()
