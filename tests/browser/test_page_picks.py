"""Favourites on a page from the WebUI: they are the sweep's picks, whatever this browser keeps."""

from __future__ import annotations

import json

import pytest

from tests.browser.folder_page import cell, said

ROUTE = "/clip-skip-lab/v1/sweeps"


@pytest.fixture
def swept(client):
    return client.sweep({"clip_skip": "1, 2, 3"})


@pytest.fixture
def open_page(page, host_url, swept):
    """Opens the page of the sweep, in a further tab where asked for; when it has read the picks."""

    def opened(page=page):
        with page.expect_response("**/judged"):
            page.goto(f"{host_url}{ROUTE}/{swept.folder.name}/page/")
        page.locator("#stage canvas[data-drawn]").nth(2).wait_for()
        return page

    return opened


@pytest.fixture
def picks(client, swept):
    return lambda: client.http.get(f"{ROUTE}/{swept.folder.name}/judged").json()["picks"]


def star(page, name):
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as answered:
        cell(page, name).focus()
        page.keyboard.press("f")
    assert answered.value.ok


def stars(page):
    return page.locator("[role=gridcell][aria-label*=Favorite]").evaluate_all(
        "cells => cells.map(cell => cell.dataset.cell)"
    )


def has_stars(page, keys):
    page.wait_for_function(
        "keys => [...document.querySelectorAll('[role=gridcell][aria-label*=Favorite]')]"
        ".map(cell => cell.dataset.cell).join() === keys",
        arg=",".join(keys),
    )


def set_picks(client, swept, places):
    assert client.http.patch(f"{ROUTE}/{swept.folder.name}", json={"picks": places}).is_success


def comes_back(page):
    """As when somebody comes back to the tab."""
    with page.expect_response("**/judged"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_star_is_kept_with_the_sweep_and_every_browser_has_it(open_page, picks, browser):
    page = open_page()
    star(page, "Clip skip 2")
    star(page, "Clip skip 3")
    assert picks() == [1, 2]
    star(page, "Clip skip 2")
    assert picks() == [2]
    context = browser.new_context()
    other = open_page(context.new_page())
    has_stars(other, ["2-0"])
    context.close()


def test_what_was_chosen_elsewhere_is_there_when_one_comes_back(open_page, picks, client, swept):
    page = open_page()
    star(page, "Clip skip 1")
    set_picks(client, swept, [2])
    comes_back(page)
    has_stars(page, ["2-0"])
    star(page, "Clip skip 2")
    assert picks() == [1, 2]


def test_favourites_from_before_there_were_picks_are_kept_once(open_page, picks, client, swept, page, host_url):
    page.goto(f"{host_url}/clip-skip-lab/v1/words?browser=en")  # a page of the same origin
    page.evaluate('id => localStorage.setItem(`clip-skip-lab:${id}`, \'["0-0", "2-0", "99-0"]\')', swept.folder.name)
    set_picks(client, swept, [1])
    open_page()
    said(page, "Favorites of this browser now saved with the sweep: 2")
    has_stars(page, ["0-0", "1-0", "2-0"])
    assert picks() == [0, 1, 2]
    set_picks(client, swept, [1])
    open_page()
    has_stars(page, ["1-0"])
    assert picks() == [1], "not a second time"


def test_a_star_that_could_not_be_kept_stays_and_goes_with_the_next(open_page, picks, page, swept):
    page = open_page(page.context.new_page())  # whose console says that a request failed
    own = f"**/sweeps/{swept.folder.name}"
    page.route(own, lambda route: route.abort())
    cell(page, "Clip skip 1").focus()
    page.keyboard.press("f")
    said(page, "The favorites could not be saved with the sweep: The WebUI does not answer.")
    has_stars(page, ["0-0"])
    assert picks() == []
    page.unroute(own)
    star(page, "Clip skip 3")
    assert picks() == [0, 2]


def test_also_after_the_page_was_opened_anew(open_page, picks, page, swept, client):
    page = open_page(page.context.new_page())
    set_picks(client, swept, [0, 1])
    comes_back(page)
    has_stars(page, ["0-0", "1-0"])
    own = f"**/sweeps/{swept.folder.name}"
    page.route(own, lambda route: route.abort())
    cell(page, "Clip skip 2").focus()
    page.keyboard.press("f")
    said(page, "could not be saved")
    page.unroute(own)
    open_page(page)
    has_stars(page, ["0-0"])
    page.wait_for_timeout(500)
    assert picks() == [0], "what was taken back while the WebUI was away"


def test_a_deleted_sweep_says_so(open_page, client, swept, page):
    page = open_page(page.context.new_page())
    assert client.http.delete(f"{ROUTE}/{swept.folder.name}").is_success
    cell(page, "Clip skip 1").focus()
    page.keyboard.press("f")
    said(page, "The favorites could not be saved with the sweep: Sweep:")


def test_of_several_pictures_the_pick_is_the_cell(page, host_url, client):
    swept = client.sweep({"clip_skip": "1, 2"}, batch_size=2)
    address = f"{ROUTE}/{swept.folder.name}"
    page.goto(f"{host_url}{address}/page/")
    page.locator("#stage canvas[data-drawn]").nth(3).wait_for()
    star(page, "Clip skip 2, Image 2")
    assert client.http.get(f"{address}/judged").json()["picks"] == [1]
    page.reload()
    has_stars(page, ["1-1"])
    set_picks(client, swept, [0, 1])
    comes_back(page)
    has_stars(page, ["0-0", "1-1"])


# --- Lists from disk --------------------------------------------------------------------------------------------------


def import_list(page, tmp_path, content):
    path = tmp_path / "favourites.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    if page.locator("#import-favourites").count() == 0:
        page.click("#open-export")
    page.locator("#import-favourites").set_input_files(path)


def test_a_list_from_the_page_on_disk_is_merged_and_what_is_unknown_is_named(open_page, picks, swept, tmp_path):
    page = open_page()
    star(page, "Clip skip 1")
    file = swept.record["cells"][1]["pictures"][0]["file"]
    listed = [
        {"name": "Clip skip 2", "values": {"Clip skip": 2}, "file": file},
        {"name": "Clip skip 3", "values": {"Clip skip": 3}, "file": None},
        {"name": "Clip skip <b>9</b>", "values": {"Clip skip": 9}, "file": "cells/none.png"},
    ]
    votes = {"votes": [{"a": 1, "b": 2, "chosen": "a"}], "winner": None}
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        import_list(page, tmp_path, {"sweep": swept.folder.name, "favourites": listed, **votes})
    said(page, "New favorites imported: 2. Imported votes: 1. Not in this sweep: Clip skip <b>9</b>.")
    has_stars(page, ["0-0", "1-0", "2-0"])
    assert picks() == [0, 1, 2]


def test_a_list_of_another_sweep_or_none_at_all_is_refused(open_page, picks, tmp_path):
    page = open_page()
    for content, says in [
        (
            {"sweep": "2026-01-01-00000000", "favourites": []},
            "This list belongs to another sweep, 2026-01-01-00000000.",
        ),
        ("{", "This file is not a list of favorites."),
        ({"sweep": 1}, "This file is not a list of favorites."),
        ([1], "This file is not a list of favorites."),
    ]:
        import_list(page, tmp_path, content)
        said(page, says)
    assert picks() == []
    assert stars(page) == []
