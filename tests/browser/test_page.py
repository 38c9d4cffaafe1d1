"""The page of a sweep in Chromium, opened from disk: what it shows, how one moves in it, and on which screens."""

from __future__ import annotations

import re
import shutil

import pytest
from PIL import Image

from clip_skip_lab.page.files import write_data
from clip_skip_lab.sweep.folder import read_record, write_record
from tests.browser.folder_page import HOSTILE, address, all_drawn, cell, colour_of, focus_is, names, pictures_asked
from tests.helpers.painted import MEASURES

# --- What is shown ----------------------------------------------------------------------------------------------------


def test_twelve_cells_are_all_seen_at_once_with_their_names(open_page, twelve):
    page = open_page(twelve)
    assert names(page) == [f"Clip skip {value}" for value in range(1, 13)]
    stage = page.locator("#stage").bounding_box()
    for place in page.get_by_role("gridcell").all():
        box = place.bounding_box()
        assert box["y"] >= stage["y"]
        assert box["y"] + box["height"] <= stage["y"] + stage["height"]
    assert page.get_by_role("heading", level=1).inner_text().startswith("evening light over the hills")
    assert "12 cells · painted-v1 · seed 2881122569" in page.locator("#facts").inner_text()
    assert page.locator("#findings").inner_text().startswith("Largest change: 1 → 2.")


def test_a_cell_shows_the_picture_that_its_name_says(open_page, twelve):
    page = open_page(twelve)
    for number in (0, 7):
        shown = colour_of(page, page.locator(f'[data-cell="{number}-0"] .frame canvas'))
        file = read_record(twelve)["cells"][number]["pictures"][0]["file"]
        with Image.open(twelve / file) as image:
            wanted = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        assert max(abs(one - other) for one, other in zip(shown, wanted, strict=True)) <= 4


def test_two_axes_are_a_table_with_headers_that_stay(open_page, table):
    page = open_page(table)
    assert page.get_by_role("grid").get_attribute("aria-rowcount") == "5"
    assert page.get_by_role("grid").get_attribute("aria-colcount") == "13"
    assert [text.inner_text() for text in page.get_by_role("rowheader").all()] == ["3.0", "5.0", "7.0", "9.0"]
    assert page.get_by_role("columnheader", name="Clip skip 12").is_visible()
    assert len(names(page)) == 48
    page.locator("#size").fill("8.6")
    page.wait_for_function("() => document.querySelector('#stage').scrollWidth > 2000")
    page.locator("#stage").evaluate("stage => stage.scrollTo(900, 900)")
    page.wait_for_function("() => document.querySelector('#stage').scrollLeft > 0")
    stage, row = page.locator("#stage").bounding_box(), page.get_by_role("rowheader").last.bounding_box()
    head = page.get_by_role("columnheader").last.bounding_box()
    assert row["x"] == pytest.approx(stage["x"], abs=1)
    assert head["y"] == pytest.approx(stage["y"], abs=1)


def test_hostile_words_are_shown_as_text(open_page, odd):
    page = open_page(odd, "#x=0&y=1")
    assert page.evaluate("window.hacked") is None
    assert page.get_by_role("heading", level=1).inner_text().startswith('<script>window.hacked=1</script> "quotes"')
    assert page.get_by_role("rowheader").first.inner_text() == "<b onclick=window.hacked=1>bold</b>"
    page.get_by_role("rowheader").first.click()
    cell(page, "Clip skip 1, Prompt S/R <b onclick=window.hacked=1>bold</b>, Steps 10, Image 1").click()
    assert HOSTILE.replace("\u2028", "") in page.locator("#cell pre").inner_text().replace("\u2028", "")
    page.keyboard.press("Escape")
    page.click("#open-about")
    page.locator("#panel", has_text="<img src=x onerror=window.hacked=1>").wait_for()
    page.click("#open-filter")
    page.locator("#panel", has_text="<b onclick").wait_for()
    assert page.evaluate("window.hacked") is None


def test_a_cell_that_failed_says_why(open_page, odd):
    page = open_page(odd)
    failed = page.get_by_role("gridcell", name=re.compile("^Clip skip 4.*failed, The model gave only NaN"))
    assert failed.first.inner_text().startswith("failed: The model gave only NaN")
    assert "36 of 45 done · 9 failed" in page.locator("#progress").inner_text()


@pytest.fixture
def bare(browser):
    """A page whose console may say that a file is missing."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_page_without_data_is_a_sentence(twelve, tmp_path, bare):
    shutil.copy(twelve / "index.html", tmp_path)
    bare.goto((tmp_path / "index.html").as_uri())
    bare.locator("#message", has_text="There is no sweep to show: the file sweep.js").wait_for()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [], "axes": []}', '{"cells": [1], "axes": 3}'])
def test_damaged_data_is_a_sentence(open_page, twelve, tmp_path, text):
    shutil.copy(twelve / "index.html", tmp_path)
    write_data(tmp_path, text)
    page = open_page(tmp_path, drawn=False)
    page.locator("#message", has_text="cannot be read: it is damaged or incomplete").wait_for()


def test_a_record_of_which_much_is_missing_is_still_shown(open_page, twelve, tmp_path):
    shutil.copytree(twelve, tmp_path / "sweep")
    content = read_record(tmp_path / "sweep")
    kept = {key: content[key] for key in ("axes", "cells")}
    kept["cells"][0] = {"values": {"Clip skip": 1}}
    kept["cells"][1]["measures"] = None
    kept["cells"][2]["pictures"] = [{"file": content["cells"][2]["pictures"][0]["file"]}]  # as older sweeps have it
    write_record(tmp_path / "sweep", kept)
    page = open_page(tmp_path / "sweep")
    assert page.get_by_role("heading", level=1).inner_text() == "(no prompt)"
    assert len(names(page)) == 12
    assert page.locator("#heat").count() == 0
    cell(page, "Clip skip 3").click()
    page.locator("#cell h2", has_text="Clip skip 3").wait_for()


def test_a_picture_that_is_gone_is_a_sentence(twelve, tmp_path, bare):
    shutil.copytree(twelve, tmp_path / "sweep")
    pictures = [entry["pictures"][0] for entry in read_record(twelve)["cells"]]
    for name in (pictures[0]["small"], pictures[0]["file"], pictures[1]["small"]):
        (tmp_path / "sweep" / name).unlink()
    bare.goto((tmp_path / "sweep" / "index.html").as_uri() + "#size=100")
    cell(bare, "Clip skip 1").locator(".reason", has_text="The file is missing: cells/").wait_for()
    bare.locator('[data-cell="1-0"] canvas[data-drawn]').wait_for()  # from the file itself


# --- Axes, sliders, sizes ---------------------------------------------------------------------------------------------


def test_any_two_axes_are_columns_and_rows_and_sliders_turn_the_others(open_page, odd):
    page = open_page(odd)
    assert page.locator("#at2, #at3").count() == 2
    page.select_option("#x", label="Steps")
    page.select_option("#y", label="Image")
    page.get_by_role("columnheader", name="Steps 30").wait_for()
    assert page.get_by_role("rowheader").count() == 2
    page.locator("#at0").fill("2")
    cell(page, "Clip skip 3, Prompt S/R <b onclick=window.hacked=1>bold</b>, Steps 10, Image 1").wait_for()
    page.locator("#at0").focus()
    page.keyboard.press("ArrowLeft")
    cell(page, "Clip skip 2, Prompt S/R <b onclick=window.hacked=1>bold</b>, Steps 10, Image 1").wait_for()
    page.locator("#stage").focus()
    page.keyboard.press("]")
    cell(page, "Clip skip 3, Prompt S/R <b onclick=window.hacked=1>bold</b>, Steps 10, Image 1").wait_for()
    page.select_option("#y", label="Steps")  # what the columns have: the two change places
    assert page.locator("#x").evaluate("select => select.selectedOptions[0].text") == "Image"


def test_cells_grow_and_shrink_and_fit_again(open_page, table):
    page = open_page(table)
    width = "() => document.querySelector('[role=gridcell]').getBoundingClientRect().width"
    fitted = page.evaluate(width)
    page.keyboard.press("+")
    page.wait_for_function(f"before => ({width})() > before * 1.1", arg=fitted)
    page.keyboard.press("-")
    page.keyboard.press("-")
    page.wait_for_function(f"before => ({width})() < before * 0.9", arg=fitted)
    page.click("#fit")
    page.wait_for_function(f"before => ({width})() === before", arg=fitted)


def test_all_pictures_zoom_and_move_together(open_page, table):
    page = open_page(table)
    shift = "() => [...document.querySelectorAll('.frame canvas')].map(one => getComputedStyle(one).transform)"
    before = page.evaluate(shift)
    frame = page.locator('[data-cell="5-0"] .frame')
    frame.hover(position={"x": 10, "y": 10})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function(f"before => ({shift})()[0] !== before", arg=before[0])
    zoomed = page.evaluate(shift)
    assert len(set(zoomed)) == 1
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 15, box["y"] + 25, steps=4)
    page.mouse.up()
    page.wait_for_function(f"before => ({shift})()[0] !== before", arg=zoomed[0])
    assert page.locator("#cell[open]").count() == 0, "a drag opens nothing"
    assert len(set(page.evaluate(shift))) == 1
    moved = page.evaluate(shift)
    page.keyboard.press("Alt+ArrowRight")
    page.wait_for_function(f"before => ({shift})()[0] !== before", arg=moved[0])
    page.locator("#zoom").fill("0")
    page.wait_for_function(f"before => ({shift})()[0] === before", arg=before[0])
    page.keyboard.press("z")
    page.wait_for_function(f"before => ({shift})()[0] !== before", arg=before[0])


# --- Keys and focus ---------------------------------------------------------------------------------------------------


def test_every_cell_is_reached_by_key_and_one_only_by_tab(open_page, table):
    page = open_page(table)
    focus_is(page, "Clip skip 1, CFG Scale 3.0")
    for key, name in [
        ("ArrowRight", "Clip skip 2, CFG Scale 3.0"),
        ("ArrowDown", "Clip skip 2, CFG Scale 5.0"),
        ("End", "Clip skip 12, CFG Scale 5.0"),
        ("ArrowRight", "Clip skip 12, CFG Scale 5.0"),
        ("PageDown", "Clip skip 12, CFG Scale 9.0"),
        ("Home", "Clip skip 1, CFG Scale 9.0"),
        ("ArrowUp", "Clip skip 1, CFG Scale 7.0"),
    ]:
        page.keyboard.press(key)
        focus_is(page, name)
    assert page.locator('[role=gridcell][tabindex="0"]').count() == 1
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_lines_of_a_flow_follow_each_other(open_page, twelve):
    page = open_page(twelve)
    for number in range(2, 13):
        page.keyboard.press("ArrowRight")
        focus_is(page, f"Clip skip {number}")


def test_a_cell_far_away_is_brought_into_view_by_key(open_page, thousand):
    page = open_page(thousand)
    page.keyboard.press("End")
    focus_is(page, "Clip skip 20, CFG Scale 1.0")
    for _ in range(15):
        page.keyboard.press("PageDown")
    focus_is(page, "Clip skip 20, CFG Scale 50.0")
    box, stage = page.evaluate(
        "[document.activeElement, document.querySelector('#stage')].map(one => one.getBoundingClientRect().toJSON())"
    )
    assert box["bottom"] <= stage["bottom"] + 1
    assert box["right"] <= stage["right"] + 1


def test_the_help_lists_the_keys(open_page, twelve):
    page = open_page(twelve)
    page.keyboard.press("?")
    page.locator("#help dd", has_text="Copy the infotext").wait_for()
    assert page.locator("#help dt").count() == page.locator("#help dd").count() > 20
    assert "undefined" not in page.locator("#help").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#help[open]").count() == 0
    page.click("#open-help")
    page.locator("#help[open]").wait_for()


# --- The address ------------------------------------------------------------------------------------------------------


def test_the_view_is_in_the_address_and_back_goes_back(open_page, table):
    page = open_page(table)
    page.select_option("#x", label="CFG Scale")
    page.get_by_role("columnheader", name="CFG Scale 9.0").wait_for()
    page.select_option("#heat", label="Sharpness")
    page.locator(".legend").wait_for()
    assert address(page) == "#x=1&y=0&heat=sharpness"
    page.go_back()
    page.locator(".legend").wait_for(state="detached")
    page.go_back()
    page.get_by_role("columnheader", name="Clip skip 12").wait_for()
    page.go_forward()
    page.get_by_role("columnheader", name="CFG Scale 9.0").wait_for()
    page.reload()
    page.get_by_role("columnheader", name="CFG Scale 9.0").wait_for()


def test_back_closes_what_was_opened(open_page, table):
    page = open_page(table)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.go_back()
    page.get_by_role("dialog").wait_for(state="detached")


@pytest.mark.parametrize(
    "hash",
    [
        "#x=99&y=abc&at7=3&size=-5&zoom=NaN&heat=nothing&sort=-nothing&state=gone&cell=400-0&a=x&compare=magic",
        "#x=0&y=0&hide0=99.x.-1&zoom=1e99_2_2&size=1e9",
        "#%E0%A4%A",
        "#&&==&x=&y=",
    ],
)
def test_what_an_address_says_and_the_sweep_has_not_is_left_out(open_page, table, hash):
    page = open_page(table, hash, drawn=False)
    page.get_by_role("gridcell").first.wait_for()
    assert page.locator("dialog[open]").count() == 0


# --- Languages, colours, sizes of screens -----------------------------------------------------------------------------


def test_a_japanese_browser_gets_japanese_and_can_change(browser, table):
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    page.goto((table / "index.html").as_uri())
    page.get_by_role("button", name="絞り込み").wait_for()
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.locator("#findings").inner_text().startswith("最も大きな変化")
    page.click("#language")
    page.get_by_role("button", name="Filter").wait_for()
    page.reload()
    page.get_by_role("button", name="Filter").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everything_can_be_read_in_dark_and_light(open_page, table, page, scheme):
    page.emulate_media(color_scheme=scheme)
    open_page(table)
    page.click("#open-about")
    places = [
        "#title",
        "#facts",
        "#findings",
        ".name",
        ".column",
        ".label",
        ".corner",
        "#panel h3",
        "#panel dt",
        "#open-about",
    ]
    for place in places:
        colours = page.locator(place).first.evaluate(
            """element => {
                let behind = element;
                while (getComputedStyle(behind).backgroundColor.endsWith(", 0)")) behind = behind.parentElement;
                return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
            }"""
        )
        assert contrast(*colours) >= 4.5, (place, colours)  # WCAG 2, AA


def contrast(one, other):
    def light(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_on_a_telephone_nothing_is_cut_off_and_a_cell_fills_the_screen(open_page, table, page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(table, drawn=False)
    page.get_by_role("gridcell").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#stage").bounding_box()["height"] > 450
    page.get_by_role("gridcell").first.click()
    box = page.get_by_role("dialog").bounding_box()
    assert (box["width"], box["height"]) == (390, 844)
    page.get_by_role("button", name="Favorite").wait_for()


# --- A thousand cells, and a sweep that runs --------------------------------------------------------------------------


def test_of_a_thousand_cells_those_that_are_seen_are_asked_for_and_no_others_exist(open_page, thousand):
    page = open_page(thousand)
    page.wait_for_timeout(500)
    assert 30 <= len(pictures_asked(page)) <= 100
    assert page.get_by_role("gridcell").count() <= 100
    stage = page.locator("#stage")
    for top in range(0, 6000, 700):
        stage.evaluate("(stage, top) => stage.scrollTo(top, top)", top)
        all_drawn(page)
    assert page.get_by_role("gridcell").count() <= 200
    assert cell(page, "Clip skip 20, CFG Scale 50.0").is_visible()


def test_all_thousand_are_ordered_by_a_measure(open_page, thousand):
    page = open_page(thousand, "#sort=-sharpness")
    values = sorted((entry["measures"]["sharpness"] for entry in read_record(thousand)["cells"]), reverse=True)
    first = page.locator(".heat").first.inner_text().replace(",", "")
    assert float(first) == pytest.approx(values[0], rel=0.01)


def test_a_sweep_that_runs_fills_itself_and_keeps_the_view(open_page, twelve, tmp_path, page):
    shutil.copytree(twelve, tmp_path / "sweep")
    whole = read_record(twelve)
    running = {**whole, "state": "running", "cells": [dict(entry) for entry in whole["cells"]]}
    for entry in running["cells"][5:]:
        entry.update(state="not run", reason="not reached yet", pictures=[], measures={})
    write_record(tmp_path / "sweep", running)
    open_page(tmp_path / "sweep")
    assert "5 of 12 done · running" in page.locator("#progress").inner_text()
    assert page.get_by_role("progressbar").get_attribute("value") == "5"
    page.keyboard.press("ArrowRight")
    page.locator("#zoom").fill("1")
    write_record(tmp_path / "sweep", whole)
    page.locator('[data-cell="11-0"] canvas[data-drawn]').wait_for()
    assert page.evaluate("document.activeElement.id") == "zoom"
    assert page.locator('[role=gridcell][tabindex="0"]').get_attribute("aria-label") == "Clip skip 2, done"
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--zoom')") == "2"
    assert page.locator("#progress").is_hidden()
    asked = len([url for url in page.asked if "sweep.js" in url])
    page.wait_for_timeout(4000)
    assert len([url for url in page.asked if "sweep.js" in url]) == asked, "what is finished is not asked for again"


def test_a_page_that_saw_the_sweep_run_waits_for_its_measures(open_page, twelve, tmp_path, page):
    shutil.copytree(twelve, tmp_path / "sweep")
    whole = read_record(twelve)
    unmeasured = {key: value for key, value in whole.items() if key not in ("measures", "findings")}
    unmeasured["cells"] = [{**entry, "measures": {}} for entry in whole["cells"]]
    write_record(tmp_path / "sweep", {**unmeasured, "state": "running"})
    open_page(tmp_path / "sweep")
    write_record(tmp_path / "sweep", unmeasured)
    page.locator("#progress").wait_for(state="hidden")
    assert page.locator("#heat").count() == 0
    write_record(tmp_path / "sweep", whole)
    page.locator("#heat").wait_for()
    assert page.locator("#findings").inner_text().startswith("Largest change")


def test_the_numbers_behind_the_findings_unfold_in_about_and_stand_nowhere_else(open_page, table):
    page = open_page(table)
    page.keyboard.press("i")
    number = page.get_by_text("p-values (permutation test)")
    assert number.count() == 1
    assert not number.is_visible()
    page.get_by_text("The numbers behind them").click()
    assert number.is_visible()


def test_definitions_of_measures_are_shown_in_about(open_page, table):
    page = open_page(table)
    page.keyboard.press("i")
    for measure in MEASURES:
        page.locator("#panel", has_text=measure["description"]["en"]).wait_for()
