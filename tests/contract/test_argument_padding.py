"""The padding of the script's arguments: put over the host's function once, and taken back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture
def arguments(host, monkeypatch):
    """The module, with the host's API as it is without it, and again so after the test."""
    from modules import shared
    from modules.api.api import Api

    from clip_skip_lab.webui import script_arguments

    monkeypatch.setattr(shared.cmd_opts, "nowebui", True)
    monkeypatch.setattr(Api, "init_script_args", Api.init_script_args)  # puts it back
    return script_arguments


def function():
    from modules.api.api import Api

    return Api.init_script_args


def test_it_is_put_in_place_once_and_taken_back(arguments):
    before = function()
    arguments._install()
    ours = function()
    arguments._install()
    assert function() is ours is not before
    arguments._uninstall()
    assert function() is before
    arguments._uninstall()
    assert function() is before


def test_another_extensions_wrapper_over_it_stays(arguments):
    from modules.api.api import Api

    arguments._install()
    ours = function()

    def theirs(*args, **kwargs):
        return ours(*args, **kwargs)

    Api.init_script_args = theirs
    arguments._uninstall()
    assert function() is theirs


def test_without_an_api_nothing_is_put_in_place(arguments, monkeypatch):
    from modules import shared

    monkeypatch.setattr(shared.cmd_opts, "nowebui", False)
    monkeypatch.setattr(shared.cmd_opts, "api", False, raising=False)
    before = function()
    arguments._install()
    assert function() is before


def test_a_request_that_comes_before_the_panel_is_known_is_told_so(arguments):
    from fastapi import HTTPException
    from modules.api import models

    from clip_skip_lab.webui.grid_infotext import SCRIPT_TITLE

    arguments._install()
    script = SimpleNamespace(title=lambda: SCRIPT_TITLE, args_from=1, args_to=2)
    request = models.StableDiffusionTxt2ImgProcessingAPI(script_args=[{"clip_skip": "1"}])
    with pytest.raises(HTTPException) as caught:
        function()(None, request, [], script, 0, None)
    assert caught.value.status_code == 422
    assert "cannot run while the WebUI starts" in caught.value.detail


@pytest.mark.parametrize(
    ("given", "fitted"),
    [
        ([{"mode": "fast"}], [{"mode": "fast"}, "b", "c"]),
        ([{}, 1, 2, 3, 4], [{}, "b", "c"]),
        (["x"], ["x", "b", "c"]),
        ([None, None], [None, None, "c"]),
        (["x", "y", "z"], ["x", "y", "z"]),
    ],
)
def test_what_is_left_out_is_what_the_panel_starts_with(arguments, given, fitted):
    before = list(given)
    assert arguments.fitted(given, ["a", "b", "c"]) == fitted
    assert given == before


def test_with_an_infotext_that_gives_values_no_arguments_need_be_given(arguments):
    assert arguments.fitted([], ["a", "b"], mentioned=True) == ["a", "b"]


def test_what_is_nested_deep_is_looked_through_without_end(arguments):
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    arguments.check_writable({"a": deep})
