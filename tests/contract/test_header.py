"""The header on a running host: what is in it, that config.json stays the user's, and the layer facts it tells.

Runs on the embedded host, or on a real one named by WEBUI_URL. What needs another command line starts hosts of its
own, embedded ones.
"""

import pytest

from tests.helpers.client import CHECKPOINT, CLIP_SKIP, HEADER_SETTINGS, Refused
from tests.helpers.page_client import PageClient
from tests.minihost import launch

LISTS = ("quicksettings_list", *HEADER_SETTINGS, "extra_options_txt2img")


@pytest.fixture(scope="module")
def host(host_url):
    return PageClient(host_url)


@pytest.fixture
def reset(host):
    """The options that a test changes are put back, and so is the page."""
    with host.kept(*LISTS, CLIP_SKIP):
        yield
    host.reload()


def test_clip_skip_is_in_the_header_and_the_users_list_is_not_touched(host):
    listed = host.options()["quicksettings_list"]
    # reForge's and Classic's list has it from the start, and then it is there once.
    assert host.header() == (listed if CLIP_SKIP in listed else [*listed, CLIP_SKIP])
    host.set({"samples_save": host.options()["samples_save"]})  # saves everything
    # A fresh config.json has no list at all, and shall not get one.
    assert host.config().get("quicksettings_list", listed) == listed


def test_reload_ui_builds_the_same_header_and_saves_nothing_else(host):
    host.set({"samples_save": host.options()["samples_save"]})
    before, header = host.config(), host.header()
    host.reload()
    host.reload()
    assert host.header() == header
    assert host.config() == before


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"quicksettings_list": [CLIP_SKIP, CHECKPOINT]}, [CLIP_SKIP, CHECKPOINT]),
        (
            {"quicksettings_list": [CHECKPOINT, "samples_save"], "clip_skip_lab_header_place": "After the checkpoint"},
            [CHECKPOINT, CLIP_SKIP, "samples_save"],
        ),
        (
            {"clip_skip_lab_header": "Clip skip and VAE", "clip_skip_lab_header_place": "At the start"},
            ["sd_vae", CLIP_SKIP, CHECKPOINT],
        ),
        ({"clip_skip_lab_header": "Nothing"}, [CHECKPOINT]),
    ],
)
def test_the_header_follows_the_users_list_and_the_two_settings(host, reset, options, header):
    host.set({"quicksettings_list": [CHECKPOINT], **HEADER_SETTINGS, **options})
    host.reload()
    assert host.header() == header
    assert host.config()["quicksettings_list"] == options.get("quicksettings_list", [CHECKPOINT])


def test_clip_skip_that_the_user_has_beside_the_prompt_is_not_forced_into_the_header(host, reset):
    if "extra_options_txt2img" not in host.options():
        pytest.skip("this host has no extra options beside the prompt")
    host.set({"extra_options_txt2img": [CLIP_SKIP]})
    host.reload()
    assert CLIP_SKIP not in host.header()


def test_the_facts_of_the_loaded_model(host):
    answer = host.model_note(clip_skip=2)
    assert answer["model"]["family"] == "SD1"
    assert answer["effect"] == "all"
    assert answer["encoders"] == [
        {
            "name": "CLIP-L",
            "layers": 12,
            "honoured": True,
            "layer": 11,
            "final_layer_norm": True,
            "trained_layer": None,
        }
    ]
    assert answer["sentence"] == "Layer 11 of 12, penultimate"
    assert set(answer["webui"]) == {"name", "version"}
    assert (answer["warning"], answer["lowest"], answer["highest"]) == (False, 1, 12)
    assert answer["setting"] == {
        "value": host.options()[CLIP_SKIP],
        "highest": 12,
        "temporary": False,
        "sweeping": False,
    }


def test_the_facts_are_of_the_hosts_own_value_where_none_is_given(host):
    with host.kept(CLIP_SKIP):
        host.set({CLIP_SKIP: 5})
        answer = host.model_note(lang="ja")
    assert (answer["clip_skip"], answer["sentence"]) == (5, "12 層中 8 層目")


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "two", "", "1001", "NaN"])
def test_a_value_that_is_no_clip_skip_is_answered_with_a_sentence(host, given):
    with pytest.raises(Refused) as caught:
        host.model_note(clip_skip=given)
    assert caught.value.status == 422
    assert caught.value.detail.startswith(f'clip_skip: "{given}" cannot be used')


def test_a_language_that_is_not_there_is_answered_with_a_sentence(host):
    with pytest.raises(Refused) as caught:
        host.model_note(lang="fr")
    assert caught.value.status == 422
    assert caught.value.detail == 'lang: "fr" cannot be used; allowed: en or ja.'


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    """One data folder for all hosts that are started here, so that the models are made once."""
    return tmp_path_factory.mktemp("header-host")


def _started(folder, *arguments, extensions=(launch.REPO,)):
    return launch.Process(folder, extensions, arguments)


def test_without_the_extension_the_header_is_the_old_one(data_folder):
    with _started(data_folder) as process:
        client = PageClient(process.url)
        client.set({"samples_save": True})
        assert client.header() == [CHECKPOINT, CLIP_SKIP]
    with _started(data_folder, extensions=()) as process:
        client = PageClient(process.url)
        assert client.header() == [CHECKPOINT]
        assert client.options()["quicksettings_list"] == [CHECKPOINT]


def test_the_flag_keeps_everything_out_of_the_header(data_folder):
    with _started(data_folder, "--clip-skip-lab-no-header") as process:
        assert PageClient(process.url).header() == [CHECKPOINT]


def test_frozen_settings_leave_the_header_as_the_host_makes_it(data_folder):
    with _started(data_folder, "--freeze-settings", "--clip-skip-lab-value", "3") as process:
        client = PageClient(process.url)
        assert client.header() == []
        assert client.options()[CLIP_SKIP] == 1
        assert "--clip-skip-lab-value 3 is ignored" in process.log()
    with _started(data_folder, "--freeze-specific-settings", f"samples_save, {CLIP_SKIP}") as process:
        assert PageClient(process.url).header() == [CHECKPOINT]


def test_the_start_value_counts_once_and_not_again_after_reload_ui(data_folder):
    with _started(data_folder, "--clip-skip-lab-value", "3") as process:
        client = PageClient(process.url)
        assert client.options()[CLIP_SKIP] == 3
        client.set({CLIP_SKIP: 2})
        client.reload()
        assert client.options()[CLIP_SKIP] == 2
        client.set({CLIP_SKIP: 1})


def test_a_start_value_out_of_range_is_ignored_with_a_sentence(data_folder):
    with _started(data_folder, "--clip-skip-lab-value", "40") as process:
        assert PageClient(process.url).options()[CLIP_SKIP] == 1
        assert "--clip-skip-lab-value 40 is ignored; allowed: 1 to 12." in process.log()
