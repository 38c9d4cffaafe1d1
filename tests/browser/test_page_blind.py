"""Blind votes on the page of a sweep: two cells without their labels, until one value is left."""

from __future__ import annotations

import json
import re

import pytest

from clip_skip_lab.sweep.folder import read_record
from tests.browser.folder_page import all_drawn, said

ROUTE = "/clip-skip-lab/v1/sweeps"


def shown(page):
    """Waits until a pair is there, and returns its number and of how many."""
    page.locator("#blind .frame canvas").nth(1).wait_for()
    page.wait_for_function("() => document.querySelectorAll('#blind .frame canvas').length === 2")
    return tuple(map(int, re.search(r"Vote (\d+) of (\d+)", page.locator("#blind .facts").inner_text()).groups()))


def votes(page, folder):
    return json.loads(page.evaluate("id => localStorage.getItem(`clip-skip-lab:${id}:votes`)", folder.name) or "{}")


def choose(page, key, number):
    """Votes by a key, and waits for what comes after."""
    assert shown(page)[0] == number
    page.keyboard.press(key)
    page.wait_for_function(
        "number => document.querySelector('#blind .winner') || "
        "document.querySelector('#blind .facts').textContent.includes(`Vote ${number} `)",
        arg=number + 1,
    )


def test_one_vote_less_than_values_and_the_winner_is_shown_with_its_name(open_page, twelve):
    page = open_page(twelve)
    page.keyboard.press("j")
    assert shown(page) == (1, 11)
    for number, key in enumerate(["ArrowLeft", "ArrowRight", "ArrowDown", "=", *["ArrowLeft"] * 7], 1):
        choose(page, key, number)
    kept = votes(page, twelve)
    assert [vote["chosen"] for vote in kept["votes"]] == ["a", "b", "same", "same", *["a"] * 7]
    assert kept["winner"] == kept["votes"][-1]["a"]
    assert len({frozenset((vote["a"], vote["b"])) for vote in kept["votes"]}) == 11
    losers = [vote["b"] if vote["chosen"] == "a" else vote["a"] for vote in kept["votes"]]
    assert sorted([*losers, kept["winner"]]) == list(range(12)), "each vote takes one out"
    name = f"Clip skip {kept['winner'] + 1}"
    page.get_by_role("heading", name=f"Your choice: {name}", exact=True).wait_for()
    assert page.locator("#blind li").count() == 11
    page.click("#blind-keep")
    said(page, f"Favorite: {name}")
    page.keyboard.press("Escape")
    assert page.evaluate("id => JSON.parse(localStorage.getItem(`clip-skip-lab:${id}`))", twelve.name) == [
        f"{kept['winner']}-0"
    ]


def test_the_value_that_is_always_preferred_wins(open_page, twelve):
    page = open_page(twelve)
    page.evaluate(
        """() => {  // the page draws on canvases: what is drawn tells the test which cell it is
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            CanvasRenderingContext2D.prototype.drawImage = function (image, ...rest) {
                this.canvas.seen = image.src;
                return draw.call(this, image, ...rest);
            };
        }"""
    )
    page.click("#open-blind")
    files = [cell["pictures"][0]["file"] for cell in read_record(twelve)["cells"]]
    for number in range(1, 12):
        shown(page)
        seen = page.evaluate("() => [...document.querySelectorAll('#blind .frame canvas')].map(one => one.seen)")
        skips = [next(n for n, file in enumerate(files, 1) if url.endswith(file)) for url in seen]
        better = min((0, 1), key=lambda side: abs(skips[side] - 7))
        choose(page, ("ArrowLeft", "ArrowRight")[better], number)
    page.get_by_role("heading", name="Your choice: Clip skip 7", exact=True).wait_for()


def test_nothing_tells_which_cells_they_are_while_one_votes(open_page, table):
    page = open_page(table)
    page.click("#open-blind")
    assert shown(page) == (1, 11), "values of clip skip, however many rows"
    dialog = page.locator("#blind").evaluate("dialog => dialog.outerHTML")
    assert not re.search(r"Clip skip|CFG|\.jpg|\.webp|cells/|small/|src=|href=|\d-\d", dialog)
    assert page.locator("#blind canvas").evaluate_all("all => all.map(one => one.ariaLabel)") == ["left", "right"]
    assert "cell" not in page.evaluate("location.href.split('#')[1] ?? ''")
    box = page.locator("#blind").bounding_box()
    assert (box["width"], box["height"]) == tuple(page.viewport_size.values()), "nothing of the page is to be seen"


def test_only_cells_of_one_row_are_compared(open_page, table):
    page = open_page(table)
    page.click("#open-blind")
    for number in range(1, 12):
        choose(page, "ArrowRight", number)
    values = [cell["values"] for cell in read_record(table)["cells"]]
    kept = votes(page, table)["votes"]
    for vote in kept:
        a, b = values[vote["a"]], values[vote["b"]]
        assert a["CFG Scale"] == b["CFG Scale"]
        assert a["Clip skip"] != b["Clip skip"]
    assert len({values[vote["a"]]["CFG Scale"] for vote in kept}) == 4, "all rows have their turn"


def test_a_vote_can_be_taken_back_and_a_comparison_gone_on_with(open_page, twelve):
    page = open_page(twelve)
    page.click("#open-blind")
    choose(page, "ArrowLeft", 1)
    choose(page, "ArrowLeft", 2)
    first, second = votes(page, twelve)["votes"]
    page.keyboard.press("Backspace")
    assert shown(page)[0] == 2
    choose(page, "ArrowRight", 2)
    assert votes(page, twelve)["votes"] == [first, {**second, "chosen": "b"}], "the same two, on the same sides"
    page.keyboard.press("Escape")
    page.reload()
    all_drawn(page)
    page.keyboard.press("j")
    said(page, "The comparison continues. Votes so far: 2")
    assert shown(page) == (3, 11)


def test_a_key_that_is_held_down_is_one_vote(open_page, twelve):
    page = open_page(twelve)
    page.click("#open-blind")
    shown(page)
    for _ in range(5):
        page.keyboard.down("ArrowLeft")  # from the second time on, a repetition
        page.wait_for_timeout(100)
    assert len(votes(page, twelve)["votes"]) == 1


def test_the_filter_decides_who_takes_part(open_page, twelve):
    page = open_page(twelve, "#hide0=3.4.5.6.7.8.9.10.11")
    page.click("#open-blind")
    assert shown(page) == (1, 2)
    page.keyboard.press("Escape")
    page.goto(page.url.split("#")[0] + "#hide0=1.2.3.4.5.6.7.8.9.10.11")
    page.reload()
    all_drawn(page)
    page.click("#open-blind")
    said(page, "A blind comparison needs images at two values of clip skip or more.")


def test_from_disk_votes_are_exported_with_the_favourites(open_page, twelve):
    page = open_page(twelve, "#hide0=2.3.4.5.6.7.8.9.10.11")
    page.click("#open-blind")
    choose(page, "ArrowLeft", 1)
    page.keyboard.press("Escape")
    page.click("#open-export")
    with page.expect_download() as download:
        page.click("#favourites-list")
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert exported["favourites"] == []
    assert exported["votes"] == votes(page, twelve)["votes"]
    assert exported["winner"] == exported["votes"][0]["a"]


# --- From a WebUI -----------------------------------------------------------------------------------------------------


@pytest.fixture
def swept(client):
    return client.sweep({"clip_skip": "1, 2, 3"})


def opened(page, host_url, swept):
    page.goto(f"{host_url}{ROUTE}/{swept.folder.name}/page/")
    page.locator("#stage canvas[data-drawn]").nth(2).wait_for()


def test_votes_and_winner_are_kept_with_the_sweep(page, host_url, client, swept):
    opened(page, host_url, swept)
    page.click("#open-blind")
    with page.expect_response(lambda answer: answer.url.endswith("/votes")) as answered:
        choose(page, "ArrowLeft", 1)
    assert answered.value.ok
    judged = client.http.get(f"{ROUTE}/{swept.folder.name}/judged").json()
    assert (len(judged["votes"]), judged["winner"]) == (1, None)
    with page.expect_response(lambda answer: answer.url.endswith("/votes")):
        choose(page, "ArrowRight", 2)
    judged = client.http.get(f"{ROUTE}/{swept.folder.name}/judged").json()
    assert judged["winner"] == judged["votes"][1]["b"]
    page.evaluate("localStorage.clear()")
    page.reload()
    page.click("#open-blind")
    page.get_by_role("heading", name=f"Your choice: Clip skip {judged['winner'] + 1}").wait_for()
    assert page.locator("#blind [data-key=use]").is_enabled()


def test_a_vote_that_could_not_be_kept_is_said_and_sent_with_the_next(page, host_url, client, swept):
    page = page.context.new_page()  # whose console says that the request failed
    opened(page, host_url, swept)
    page.click("#open-blind")
    shown(page)
    page.route("**/votes", lambda route: route.abort())
    choose(page, "ArrowLeft", 1)
    said(page, "The vote could not be saved with the sweep: The WebUI does not answer.")
    page.unroute("**/votes")
    with page.expect_response(lambda answer: answer.url.endswith("/votes")):
        choose(page, "ArrowLeft", 2)
    assert len(client.http.get(f"{ROUTE}/{swept.folder.name}/judged").json()["votes"]) == 2
