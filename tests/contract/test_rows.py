"""Which rows of two plans have the same pictures, on the host: by what axes do, whatever they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.axes import Axis
from clip_skip_lab.sweep.plan import read_plan
from tests.helpers.host_in_process import make, model

pytestmark = pytest.mark.usefixtures("opts")


@pytest.fixture
def plot(webui, monkeypatch):
    """The X/Y/Z plot with its axes and ours; nothing of it is there afterwards."""
    from modules import script_callbacks, script_loading, scripts

    from clip_skip_lab.webui.own_axes import register_axes

    callbacks = {name: list(found) for name, found in script_callbacks.callback_map.items()}
    monkeypatch.setattr(script_callbacks, "callback_map", callbacks)
    file = next(file for file in scripts.list_scripts("scripts", ".py") if file.filename == "xyz_grid.py")
    module = script_loading.load_module(file.path)
    data = scripts.ScriptClassData(module.Script, file.path, file.basedir, module)
    monkeypatch.setattr(scripts, "scripts_data", [data])
    register_axes(lambda: module, webui.engine)


@pytest.fixture
def rows(webui, plot):
    """The rows of a plan, by their places, for a request with cfg_scale 5, steps 3, seed 5 and these changes."""

    def of(plan, strange=(), **changes):
        request = make(**changes)
        axes = [*webui.axes(request), *strange]
        return webui.rows(request, read_plan({"clip_skip": [1, 2], **plan}, axes, 12))

    return of


def axis(name, values):
    return {"y": {"axis": name, "values": values}}


@pytest.mark.parametrize(
    ("name", "values", "same"),
    [
        ("CFG Scale", "5, 7", [0]),
        ("CFG Scale", "7", []),
        ("Seed", "4, 5", [1]),
        ("Steps", "3, 4", [0]),
        ("Size", "64x64, 64x128", [0]),
        ("Prompt S/R", "red, blue", [0]),
        ("Sampler", "Euler a, Euler", [0]),
        ("Var. strength", "0, 0.1", [0]),
        ("Var. seed", "4, 5", []),
        ("VAE", "Automatic, None", [0]),
    ],
)
def test_a_value_is_the_requests_own_where_it_changes_nothing(rows, name, values, same):
    ((_, plain),) = rows({}, subseed=6).items()
    found = rows(axis(name, values), subseed=6)
    assert [place for (place, _), row in found.items() if row == plain] == same
    assert len(set(found.values())) == len(found)


def test_two_axes_meet_where_each_does_nothing(rows):
    both = {**axis("CFG Scale", "7, 5"), "z": {"axis": "Steps", "values": "3, 9"}}
    found = rows(both)
    assert [place for place, row in found.items() if row == rows({})[0, 0]] == [(1, 0)]
    one = rows(axis("CFG Scale", "5, 7"))
    assert (found[0, 0], found[1, 0]) == (one[1, 0], one[0, 0])
    turned = {"y": both["z"], "z": both["y"]}
    assert {row: place for place, row in rows(turned).items()} == {row: (z, y) for (y, z), row in found.items()}


def test_a_checkpoint_is_the_same_by_any_of_its_names(rows, opts):
    loaded, other = model(), model(other=True)
    plain = rows({})[0, 0]
    for name in (loaded.title, loaded.name, loaded.name_for_extra):
        found = rows(axis("Checkpoint name", [name, other.title]))
        assert (found[0, 0] == plain, found[1, 0] == plain) == (True, False)
    overridden = {"override_settings": {"sd_model_checkpoint": other.name_for_extra}}
    found = rows(axis("Checkpoint name", [loaded.title, other.title]), **overridden)
    assert [row == rows({}, **overridden)[0, 0] for row in found.values()] == [False, True]


def test_finer_clip_skip_is_what_axis_and_plan_come_to(rows):
    by_plan = rows({"negative_clip_skip": 2})[0, 0]
    found = rows(axis("Negative clip skip", "same, 2, 3"))
    assert [row == by_plan for row in found.values()] == [False, True, False]
    assert found[0, 0] == rows({})[0, 0]


def test_a_draft_is_compared_as_a_draft(rows):
    found = rows({**axis("Steps", "3, 5, 6"), "draft": True})
    assert found[0, 0] == rows({"draft": True})[0, 0]
    assert found[1, 0] == found[2, 0] != found[0, 0], "half of five steps is three, as of six"


HIDDEN = []


def hide(request, value, values):
    HIDDEN.append(value)


def set_unknown(request, value, values):
    request.thing = object()


STRANGE = Axis("Strange", apply=hide)


def test_what_an_axis_of_another_extension_sets_elsewhere_is_told_by_its_name_only(rows):
    plain, found = rows({})[0, 0], rows(axis("Strange", "a, b"), [STRANGE])
    assert len({plain, *found.values()}) == 3
    assert rows(axis("Strange", "a, b, c"), [STRANGE])[0, 0] == found[0, 0]
    assert rows(axis("Strange", "b, a"), [STRANGE])[1, 0] != found[0, 0], "it may look at its first value"


def test_what_cannot_be_compared_is_no_row(rows):
    assert rows(axis("Strange", "a, b"), [replace(STRANGE, apply=set_unknown)]) == {}


def test_what_writes_an_option_or_an_override_is_compared_by_what_is_in_force(rows, opts):
    def write(request, value, values):
        opts.data["eta_noise_seed_delta"] = int(value)

    def override(request, value, values):
        request.override_settings["eta_noise_seed_delta"] = int(value)

    before = opts.data.get("eta_noise_seed_delta", 0)
    for apply in (write, override):
        seen = Axis("Delta", seen=True, apply=apply)
        found = rows(axis("Delta", f"{before}, {before + 7}"), [seen])
        assert [row == rows({})[0, 0] for row in found.values()] == [True, False]
        known = {"override_settings": {"eta_noise_seed_delta": before + 7}}
        found = rows(axis("Delta", f"{before}, {before + 7}"), [seen], **known)
        wins = apply is write  # a request's override wins over what an axis writes
        assert [row == rows({}, **known)[0, 0] for row in found.values()] == [wins, True]
    assert opts.data.get("eta_noise_seed_delta", 0) == before


def test_lists_and_pictures_of_a_request_are_the_same_in_its_copy(rows):
    thing = object()
    request = {"styles": [], "extra_generation_params": {"a": [1, thing], "b": {2}}}
    plain = rows({}, **request)
    assert list(plain) == [(0, 0)]
    assert rows(axis("CFG Scale", "5"), **request)[0, 0] == plain[0, 0]


def test_a_value_that_cannot_be_applied_is_a_sentence(rows):
    def fails(request, value, values):
        raise RuntimeError("not with me")

    with pytest.raises(InvalidInput, match="cannot be applied"):
        rows(axis("Strange", "a"), [replace(STRANGE, apply=fails)])
