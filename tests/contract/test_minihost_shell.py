"""The embedded host's shell: life cycle of scripts, argument slices, settings, API, page."""

import io
import json
import threading
import time

import pytest
import requests
from PIL import Image

from tests.helpers.extensions.probe import SMALL, decode, generate, infotext, post, state
from tests.minihost import launch

# Loading


def test_a_script_file_runs_once_with_its_own_folder_as_base_and_on_the_path(probe):
    now = state(probe)
    data = str(probe.data_dir / "extensions" / "probe")
    assert now["loads"] == [{"basedir": data, "on_path": True, "name": "probe.py"}]
    assert now["basedir_now"] != data and now["on_path_now"] is False


def test_module_names_of_scripts_are_file_names(probe):
    records = state(probe)["records"]
    assert ["Always", "probe.py"] in records and ["Script", "xyz_grid.py"] in records


def test_a_script_that_cannot_be_loaded_stops_nothing(probe):
    assert "Error loading script: unloadable.py" in probe.log()


def test_preload_and_install_run(probe):
    assert state(probe)["flag"] == "given"
    assert requests.get(f"{probe.url}/sdapi/v1/cmd-flags", timeout=10).json()["probe_flag"] == "given"
    assert (probe.data_dir / "extensions" / "probe" / "installed.txt").read_text() == "yes"


def test_each_tab_has_its_own_instance(probe):
    # `ui` runs once for the page and twice more for the API's default arguments.
    tabs = [(tab, instance) for _, instance, tab in state(probe)["tabs"]]
    assert len(set(tabs)) == 2 and {tab for tab, _ in tabs} == {"txt2img", "img2img"}
    assert len(tabs) == 6


def test_always_on_arguments_stand_before_those_of_selectable_scripts(probe):
    slices = state(probe)["slices"]
    starts = [
        slices[x][0] for x in ("Sampler", "Seed", "Probe Always", "X/Y/Z plot", "Probe Selectable", "Probe Later")
    ]
    assert starts == sorted(starts) and starts[0] == 1
    assert slices["Probe Selectable"][1] == slices["Probe Later"][0]
    assert state(probe)["selectable"] == ["X/Y/Z plot", "Probe Selectable", "Probe Later"]


def test_callback_errors_are_reported_and_swallowed(probe):
    assert "Error executing callback before_ui" in probe.log()
    assert state(probe)["components"] == ["txt2img_generate"]


# Arguments through the API


def test_without_arguments_those_of_the_ui_are_used(probe):
    text = infotext(generate(probe, script_name="Probe Selectable", script_args=["one", 2]))
    assert "Probe text: quiet" in text and "('one', 2)" in text


def test_a_script_is_found_whatever_the_case_of_its_name(probe):
    assert "Probe args" in infotext(generate(probe, script_name="probe SELECTABLE", script_args=["x", 1]))


def test_a_shorter_list_moves_what_follows_into_the_slice(probe):
    text = infotext(generate(probe, script_name="Probe Selectable", script_args=["only"]))
    assert "('only', 'of the next script')" in text


def test_always_on_scripts_get_their_arguments_by_name(probe):
    answer = generate(probe, alwayson_scripts={"probe always": {"args": [False, "loud"]}})
    assert "Probe text: loud" in infotext(answer)
    answer = generate(probe, alwayson_scripts={"Probe Always": {"args": []}})
    assert "Probe text: quiet" in infotext(answer)


def test_an_always_on_hook_that_fails_stops_nothing(probe):
    generate(probe, alwayson_scripts={"Probe Always": {"args": [True, "failing"]}})
    assert ["process", True, "failing"] in state(probe)["hooks"]
    assert "Error running process" in probe.log() and "the probe's hook failed" in probe.log()


def test_script_info_lists_arguments(probe):
    infos = requests.get(f"{probe.url}/sdapi/v1/script-info", timeout=10).json()
    [info] = [x for x in infos if x["name"] == "probe selectable" and not x["is_img2img"]]
    assert info["is_alwayson"] is False
    assert [x["label"] for x in info["args"]] == ["First", "Second"]
    assert info["args"][1] == {"label": "Second", "value": 2, "minimum": 0, "maximum": 9, "step": 1, "choices": None}


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"script_name": "No such"}, 422, "Script 'No such' not found"),
        (
            {"alwayson_scripts": {"Probe Selectable": {"args": []}}},
            422,
            "Cannot have a selectable script in the always on scripts params",
        ),
        ({"script_name": "Probe Selectable", "script_args": ["refuse", 1]}, 418, "the probe refuses"),
    ],
)
def test_an_http_exception_is_the_answer(probe, body, status, detail):
    answer = post(probe, "txt2img", **SMALL, **body)
    assert answer.status_code == status
    assert answer.json() == {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}


def test_another_exception_is_a_500(probe):
    answer = post(probe, "txt2img", **SMALL, script_name="Probe Selectable", script_args=["break", 1])
    assert_refused(answer, "ValueError", "the probe broke")


def assert_refused(answer, error, text):
    """With anyio 4, which is what a fresh install gets, the exception comes wrapped and loses its name."""
    assert answer.status_code == 500
    content = answer.json()
    assert set(content) == {"error", "detail", "body", "errors"}
    if content["error"] != "ExceptionGroup":
        assert content["error"] == error and text in content["errors"]


def test_an_unknown_sampler_is_the_default_one(probe):
    assert "Sampler: DPM++ 2M, Schedule type: Karras" in infotext(generate(probe, sampler_name="No such"))


# Settings


def test_settings_are_set_saved_and_not_checked_for_range(probe, probe_api):
    probe_api.set_options({"CLIP_stop_at_last_layers": 13, "probe_number": 99})
    saved = json.loads((probe.data_dir / "config.json").read_text())
    assert (saved["CLIP_stop_at_last_layers"], saved["probe_number"]) == (13, 99)
    assert probe_api.get_options()["probe_number"] == 99
    probe_api.set_options({"CLIP_stop_at_last_layers": 1, "probe_number": 3})


def test_an_unknown_setting_is_refused(probe):
    answer = post(probe, "options", no_such_setting=1)
    assert_refused(answer, "KeyError", "no_such_setting")


def test_an_unknown_checkpoint_is_refused(probe):
    answer = post(probe, "options", sd_model_checkpoint="no such")
    assert_refused(answer, "RuntimeError", "'no such' not found")


def test_an_override_is_used_and_put_back(probe, probe_api):
    # A key that was never set isn't put back; that is the real host's way too.
    probe_api.set_options({"probe_number": 3, "CLIP_stop_at_last_layers": 1})
    text = infotext(generate(probe, override_settings={"CLIP_stop_at_last_layers": 2}))
    assert "Clip skip: 2" in text
    assert probe_api.get_options()["CLIP_stop_at_last_layers"] == 1


def test_frozen_settings(tmp_path):
    with launch.Process(tmp_path, [], ["--freeze-settings", "--skip-load-model-at-start"]) as frozen:
        answer = post(frozen, "options", CLIP_stop_at_last_layers=2)
        assert_refused(answer, "AssertionError", "changing settings is disabled")
        page = requests.get(f"{frozen.url}/config", timeout=10).json()
        ids = [x["props"].get("elem_id") for x in page["components"]]
        # The header is empty, and what would be in it is on the settings page.
        assert "quicksettings" in ids and "setting_sd_model_checkpoint" in ids
        assert not _children(page, "quicksettings")


def _children(config, elem_id):
    number = next(x["id"] for x in config["components"] if x["props"].get("elem_id") == elem_id)

    def find(node):
        if node["id"] == number:
            return node
        return next(filter(None, map(find, node.get("children", []))), None)

    return find(config["layout"]).get("children", [])


# The public client


def test_webuiapi_generates_and_reads_back(probe_api):
    made = probe_api.txt2img(**SMALL, negative_prompt="dog", sampler_name="Euler a", scheduler="Karras", cfg_scale=5)
    assert made.image.size == (64, 64) and made.info["seed"] == 5
    assert "Sampler: Euler a, Schedule type: Karras" in made.info["infotexts"][0]
    assert made.parameters["negative_prompt"] == "dog"
    # Read back; the client gives up the field "parameters" for its own.
    read = probe_api.png_info(made.image)
    assert read.info == made.info["infotexts"][0]

    again = probe_api.txt2img(**SMALL, negative_prompt="dog", sampler_name="Euler a", scheduler="Karras", cfg_scale=5)
    assert again.image.tobytes() == made.image.tobytes()


def test_webuiapi_hires_fix(probe_api):
    made = probe_api.txt2img(**SMALL, enable_hr=True, hr_scale=2, hr_upscaler="Latent", denoising_strength=0.7)
    assert made.image.size == (128, 128) and "Hires upscaler: Latent" in made.info["infotexts"][0]


def test_webuiapi_lists(probe_api):
    assert {"tiny-sd1", "tiny-sd1_b"} <= {x["model_name"] for x in probe_api.get_sd_models()}
    assert probe_api.get_prompt_styles() == []
    assert "probe selectable" in probe_api.get_scripts()["txt2img"]
    assert probe_api.get_progress()["progress"] == 0
    probe_api.refresh_checkpoints()
    assert probe_api.util_get_current_model()


def test_webuiapi_changes_the_model(probe_api):
    titles = [x["title"] for x in probe_api.get_sd_models()]
    before = probe_api.util_get_current_model()
    other = next(x for x in titles if x != before)
    probe_api.util_set_model(other)
    # The title gets the hash when the model is loaded.
    assert probe_api.get_options()["sd_model_checkpoint"].startswith(other)
    probe_api.util_set_model(before)


@pytest.mark.parametrize("command", ["interrupt", "skip"])
def test_webuiapi_stops_a_generation(probe_api, command):
    result = {}
    thread = threading.Thread(
        target=lambda: result.update(made=probe_api.txt2img(**{**SMALL, "steps": 150, "width": 256, "height": 256}))
    )
    thread.start()
    end = time.monotonic() + 20
    while probe_api.get_progress()["state"]["sampling_step"] < 2 and time.monotonic() < end:
        time.sleep(0.05)
    step = probe_api.get_progress()["state"]["sampling_step"]
    getattr(probe_api, command)()
    thread.join(10)
    assert 0 < step < 150 and not thread.is_alive()
    assert result["made"].image.size == (256, 256)


def test_pictures_are_saved_when_asked_for(probe):
    answer = generate(probe, save_images=True, send_images=False)
    assert answer["images"] == []
    assert len(state(probe)["images"]) == 1
    [saved] = (probe.data_dir / "outputs" / "txt2img-images").rglob("*.png")
    assert Image.open(io.BytesIO(saved.read_bytes())).info["parameters"] == infotext(answer)


def test_xyz_plot(probe):
    axes = [26, "", [], 0, "", [], 0, "", []]  # placeholders; filled by label below
    infos = requests.get(f"{probe.url}/sdapi/v1/script-info", timeout=10).json()
    [info] = [x for x in infos if x["name"] == "x/y/z plot" and not x["is_img2img"]]
    labels = info["args"][0]["choices"]
    axes[0:2] = [labels.index("Clip skip"), "1,2,14"]
    axes[3:5] = [labels.index("CFG Scale"), "4-6 [2]"]
    answer = generate(
        probe, script_name="x/y/z plot", script_args=[*axes, True, True, False, False, False, False, False, 0, True]
    )
    texts = json.loads(answer["info"])["infotexts"]
    assert "Script: X/Y/Z plot, X Type: Clip skip" in texts[0] and 'X Values: "1,2,14"' in texts[0]
    # Grid and cells; the cell that the encoder has no layer for is black, and the answer is 200.
    assert len(answer["images"]) == 7
    assert "generating image for xyz plot: IndexError" in probe.log()
    cells = [decode(x).convert("RGB") for x in answer["images"][1:]]
    assert [x.getextrema() == ((0, 0),) * 3 for x in cells] == [False, False, True] * 2
    assert "Clip skip: 2" in texts[2]
