"""What a sweep's folder may change of a request: only what a sweep writes, in its kind, and never a path.

In the host's own process.
"""

from __future__ import annotations

import math
from dataclasses import field, make_dataclass

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.folder import finite
from clip_skip_lab.sweep.plan import read_plan
from tests.helpers.host_in_process import engine_here, make

pytestmark = pytest.mark.usefixtures("host", "opts")
PLAN = read_plan({"clip_skip": "1, 2"}, [], 12)


def told(request):
    from clip_skip_lab.webui.request import setting_of
    from clip_skip_lab.webui.steady import steady_options

    return finite(setting_of(request, PLAN, steady_options(engine_here())))


def restored(setting, **changes):
    return brought_to(make(**changes), setting)


def brought_to(request, setting):
    from clip_skip_lab.webui.request import restore_setting

    restore_setting(request, setting)
    return request


def test_what_a_sweep_tells_comes_back_whole(opts):
    changes = {"prompt": "a dog", "steps": 7, "cfg_scale": 4, "seed": 5, "s_tmax": math.inf, "styles": ["x"]}
    first = make(**changes, override_settings={"samples_format": "jpg", "eta_noise_seed_delta": 3})
    setting = told(first)
    again = restored(setting, s_tmax=math.inf)
    assert told(again) == setting
    assert again.styles == ["x"]
    assert told(restored({**setting, "denoising_strength": None}))["denoising_strength"] is None, "as the API has it"
    assert again.override_settings["samples_format"] == "jpg"


@pytest.mark.parametrize("now", [None, [], ["a"], ["b", "a"]], ids=repr)
@pytest.mark.parametrize("then", [None, [], ["a"]], ids=repr)
def test_a_list_of_names_that_only_this_host_has_is_told_and_comes_back(then, now):
    """Forge's modules of the second pass: a list from the page, None from the API without hires fix."""
    setting = told(with_names(then))
    assert setting["names"] == then
    assert (told(with_names(now)) == setting) == (now == then)
    again = brought_to(with_names(now), setting)
    assert told(again) == setting
    if then:
        again.names.append("c")
        assert setting["names"] == then, "it is a list of its own"
    with pytest.raises(InvalidInput, match=r"^setting\.names: "):
        brought_to(with_names(now), {**setting, "names": ["a", 1]})


def with_names(names):
    """A request of a class with one field more, which holds these."""
    request = make()
    fields = [("names", list, field(default=None))]
    request.__class__ = make_dataclass("WithNames", fields, bases=(type(request),), repr=False)
    request.names = names and [*names]
    return request


PATHS = {
    "outpath_grids": "/tmp/elsewhere",
    "outpath_samples": "/tmp/elsewhere",
    "do_not_save_samples": True,
    "user": "somebody",
    "scripts_value": None,
    "script_args_value": None,
    "sd_model": None,
    "sampler": None,
    "comments": None,
    "cached_c": "x",
    "sample": "x",
    "__class__": "x",
    "no_such_field": 5,
}


def test_what_a_sweep_does_not_tell_is_not_taken():
    """The case "a draft that names a folder"."""
    before = dict(vars(make()))
    after = vars(restored({**told(make()), **PATHS}))
    assert {name for name in after if name not in before} == set()
    for name in PATHS:
        assert after.get(name) == before.get(name)


@pytest.mark.parametrize("where", ["options", "override_settings"])
def test_no_option_that_names_a_place_is_told_or_taken(where):
    places = {"outdir_txt2img_grids": "/tmp/x", "outdir_grids": "/tmp/x", "temp_dir": "/tmp/x", "font": "/tmp/x"}
    setting = told(make())
    setting[where] = {**setting[where], **places}
    assert not set(restored(setting).override_settings) & set(places)
    assert not set(told(make(override_settings=places))["override_settings"]) & set(places)


@pytest.mark.parametrize("value", [None, True, 1.5, "x", [], {}, [1], {"a": 1}], ids=repr)
def test_no_kind_of_value_in_any_place_is_more_than_a_sentence(value):
    setting = told(make())
    for name in [*setting, "init_images", "mask", "enable_hr", "hr_scale"]:
        try:
            request = restored({**setting, name: value})
        except InvalidInput as error:
            assert str(error).startswith(f"setting.{name}: ")
            continue
        told(request)
        if name in vars(make()) and isinstance(setting.get(name), int | str):
            kind = type(setting[name])
            now = getattr(request, name)
            assert now is None or isinstance(now, kind | float if kind is int else kind)


def test_an_option_of_another_kind_is_refused(opts):
    setting = told(make())
    setting["options"]["emphasis"] = 5
    with pytest.raises(InvalidInput, match=r"setting\.options\.emphasis"):
        restored(setting)


def test_a_batch_says_that_the_folder_is_not_in_its_output_directory(opts):
    from clip_skip_lab.webui.saving import note_other_folder

    said = []
    for folder in (opts.outdir_samples, opts.outdir_txt2img_samples, "", None):
        note_other_folder(make(outpath_samples=folder), said)
    assert said == []
    note_other_folder(make(outpath_samples="/mine"), said)
    assert said[0].endswith("nothing was written to /mine.")


def test_the_first_result_of_a_batch_tells_of_all_folders():
    """The host runs the script for each picture with one request, and shows the words of the first result only."""
    from types import SimpleNamespace

    from clip_skip_lab.ui.result import _tell_of_all

    p, results = make(), [SimpleNamespace(comments=f"Folder: {number}") for number in (1, 2, 3)]
    for result in results:
        _tell_of_all(p, result)
    assert results[0].comments == "Folder: 1\nFolder: 2\nFolder: 3"


@pytest.mark.parametrize("area", [0, 1])
def test_the_number_that_the_page_sends_for_the_inpaint_area_comes_back(area):
    first = make("Img2Img", init_images=[], inpaint_full_res=area)
    again = restored(told(first), kind="Img2Img", init_images=[])
    assert (again.inpaint_full_res, type(again.inpaint_full_res)) == (area, int)
    with pytest.raises(InvalidInput, match="inpaint_full_res"):
        restored({**told(first), "inpaint_full_res": 2}, kind="Img2Img", init_images=[])
