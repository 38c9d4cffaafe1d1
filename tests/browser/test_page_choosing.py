"""The page of a sweep in Chromium: measures, order, filter, favourites, and what is made of the chosen cells."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image, ImageChops

from clip_skip_lab.sweep.folder import read_record
from tests.browser.folder_page import (
    address_has,
    all_drawn,
    cell,
    colour_of,
    mean_colour,
    names,
    said,
    use_tool,
)

# --- Measures, order, filter, favourites ------------------------------------------------------------------------------


def test_a_measure_colours_the_cells_with_a_legend_and_clicks_go_through(open_page, table):
    page = open_page(table)
    page.select_option("#heat", label="Difference")
    heat = page.locator('[data-cell="0-0"] .heat')
    heat.wait_for()
    assert heat.inner_text() == "0", "0 is a value like any other"
    colours = page.locator(".heat").evaluate_all("all => all.map(one => one.style.getPropertyValue('--colour'))")
    assert colours[0] == "rgb(68, 1, 84)"
    assert "rgb(253, 231, 37)" in colours
    values = [entry["measures"]["mean_absolute_difference"] for entry in read_record(table)["cells"]]
    legend = page.locator(".legend").inner_text().split()
    assert [float(legend[0]), float(legend[1])] == pytest.approx([0, max(values)], rel=0.01)
    assert legend[2] == "%"
    assert page.get_by_role("gridcell", name=re.compile("Clip skip 1, CFG Scale 3.0.*Difference 0 %")).count() == 1
    heat.click(force=True)
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    said(page, "Sharpness")


def test_a_measure_leaves_the_pictures_own_colours_unless_a_tint_is_asked_for(open_page, table):
    page = open_page(table)
    page.mouse.move(0, 0)
    inside = page.locator('[data-cell="36-0"] .frame')
    plain = colour_of(page, inside)
    page.select_option("#heat", label="Difference")
    page.locator(".legend").wait_for()
    frame = page.locator('[data-cell="36-0"] .heat')
    assert "rgb(68, 1, 84) 0px 0px 0px 3px" in frame.evaluate("one => getComputedStyle(one).boxShadow")
    assert colour_of(page, inside) == pytest.approx(plain, abs=12)  # the number is there
    page.get_by_label("Tint").check()
    address_has(page, "tint=1")
    page.locator(".heat.tinted").first.wait_for()
    assert colour_of(page, inside) != pytest.approx(plain, abs=12)
    page.reload()
    page.locator(".heat.tinted").first.wait_for()


def test_cells_are_ordered_by_a_measure_in_both_directions(open_page, table):
    page = open_page(table)
    values = {f"Clip skip {entry['values']['Clip skip']}, CFG Scale {entry['values']['CFG Scale']}":
              entry["measures"]["sharpness"] for entry in read_record(table)["cells"]}  # fmt: skip
    order = sorted(values, key=values.get)
    page.select_option("#sort", label="Sharpness")
    page.wait_for_function("() => document.querySelectorAll('[role=columnheader]').length === 0")
    shown = [name for name in names(page)]
    assert shown == order
    lines = page.locator("[role=gridcell] .caption").first.locator(".line").all_inner_texts()
    assert ", ".join(line.replace("\n", " ") for line in lines) == order[0], "each value has its axis's name"
    assert page.locator("#x").is_disabled()
    page.get_by_role("button", name="Smallest first").click()
    page.get_by_role("button", name="Largest first").wait_for()
    assert names(page) == order[::-1]
    page.locator("#stage").focus()
    page.keyboard.press("s")
    page.get_by_role("columnheader").first.wait_for()


def test_cells_are_filtered_by_text_state_values_and_favourites(open_page, odd):
    page = open_page(odd, "#x=0&y=2")
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'find'")
    page.keyboard.type("Clip skip 2, Pr")
    page.wait_for_function("() => document.querySelectorAll('[role=columnheader]').length === 2")
    page.locator("#find").fill("matches nothing")
    page.locator(".empty", has_text="No cell matches the filter.").wait_for()
    page.click("#show-all")
    page.get_by_role("checkbox", name="failed").check()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-state]')].every(one => one.dataset.state === 'failed')"
    )
    page.get_by_role("checkbox", name="failed").uncheck()
    steps = page.get_by_role("group", name="Steps")
    steps.get_by_label("20").uncheck()
    page.wait_for_function("() => document.querySelectorAll('[role=rowheader]').length === 2")
    address_has(page, "hide2=1")
    steps.get_by_role("button", name="None").click()
    page.locator(".empty").wait_for()
    steps.get_by_role("button", name="All").click()
    page.wait_for_function("() => document.querySelectorAll('[role=rowheader]').length === 3")


def test_favourites_are_kept_for_the_sweep_and_exported(open_page, twelve, page):
    open_page(twelve)
    page.keyboard.press("f")
    said(page, "Favorite: Clip skip 1")
    use_tool(page, "Clip skip 4", "star")
    page.reload()
    all_drawn(page)
    page.click("#open-filter")
    page.get_by_label("Favorites only").check()
    page.wait_for_function("() => document.querySelectorAll('[role=gridcell]').length === 2")
    page.keyboard.press("Escape")
    page.locator("#stage").focus()
    page.keyboard.press("e")
    with page.expect_download() as download:
        page.click("#favourites-list")
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert [entry["name"] for entry in exported["favourites"]] == ["Clip skip 1", "Clip skip 4"]
    assert exported["favourites"][1]["infotext"] == read_record(twelve)["cells"][3]["pictures"][0]["infotext"]
    cell(page, "Clip skip 4").focus()
    page.keyboard.press("f")
    said(page, "No longer a favorite: Clip skip 4")


# --- Exports ----------------------------------------------------------------------------------------------------------


def test_from_disk_a_sheet_has_every_cell_in_its_place(open_page, table):
    page = open_page(table)
    page.click("#open-export")
    with page.expect_download() as download:
        page.click("#sheet-shown")
    assert download.value.suggested_filename == f"{table.name}-sheet.png"
    sheet = Image.open(download.value.path()).convert("RGB")
    assert sheet.width > 12 * 100
    place = sheet.width / 12.6
    first = sheet.crop((sheet.width - int(place), sheet.height - int(place), sheet.width - 20, sheet.height - 20))
    last = read_record(table)["cells"][-1]["pictures"][0]["small"]
    with Image.open(table / last) as small:
        wanted = mean_colour(small.convert("RGB"))
    assert mean_colour(first) == pytest.approx(wanted, abs=25)


@pytest.fixture
def sheet(open_page, page):
    """Exports a sheet; gives the picture, and what was written into it as (text, size of the letters)."""
    page.add_init_script("""
        const write = CanvasRenderingContext2D.prototype.fillText;
        window.written = [];
        CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
            window.written.push([text, parseFloat(this.font.match(/([\\d.]+)px/)[1])]);
            write.call(this, text, ...where);
        };""")

    def made(folder=None, address="", key="sheet-shown"):
        if folder is not None:
            open_page(folder, address, drawn=False)
            page.get_by_role("gridcell").first.wait_for()
        if page.locator("#panel").is_hidden():
            page.click("#open-export")
        page.evaluate("written.length = 0")
        with page.expect_download() as download:
            page.click(f"#{key}")
        image = Image.open(download.value.path()).convert("RGB")
        return image, page.evaluate("written")

    return made


def test_the_labels_of_a_sheet_can_be_read_and_none_is_cut(sheet, table, odd):
    for folder, address in ((table, ""), (table, "#sort=-sharpness"), (odd, "#x=0&y=1&at2=1&hide0=3")):
        image, written = sheet(folder, address)
        texts = [text for text, _ in written]
        assert min(size for _, size in written) >= max(14, image.width / 125), "11 px where it is shown 1400 px wide"
        assert [text for text in texts[2:] if "…" in text] == []
        if "sort" in address:
            assert texts.count("Clip skip 12") == 4
            assert texts.count("CFG Scale 9.0") == 12
            assert "Order: Sharpness, Largest first" in " ".join(texts[:4])
        else:
            rows = ["Prompt S/R ↓", "שלום עולם"] if folder == odd else ["CFG Scale ↓", "3.0", "5.0", "7.0", "9.0"]
            assert {"Clip skip →", "1", "2", "3", "5", *rows} <= set(texts)
    assert "Steps 20" in " ".join(texts[:4]), "what the slider stands at"


def test_a_sheet_of_favourites_keeps_the_heads_of_the_table_that_they_fill(sheet, open_page, table, page):
    open_page(table)
    for number in (0, 2, 12, 14):
        page.locator(f'[data-cell="{number}-0"]').focus()
        page.keyboard.press("f")
    page.click("#open-export")
    page.get_by_text("Sheet of the favorites (4)").wait_for()
    _, written = sheet(key="sheet-favourites")
    assert [text for text, _ in written[-6:]] == ["Clip skip →", "CFG Scale ↓", "1", "3", "3.0", "5.0"]
    page.keyboard.press("f")
    page.locator('[data-cell="47-0"]').focus()
    page.keyboard.press("f")
    said(page, "Favorite: Clip skip 12, CFG Scale 9.0")
    _, written = sheet(key="sheet-favourites")
    assert [text for text, _ in written[-2:]] == ["Clip skip 12", "CFG Scale 9.0"], "too few for a table: one by one"


def test_four_cells_are_two_lines_of_two_or_one_of_four(sheet, twelve, open_page, page):
    only = "#hide0=" + ".".join(map(str, range(4, 12)))
    for width, height in ((1400, 900), (1000, 900), (1400, 500), (700, 900)):
        page.set_viewport_size({"width": width, "height": height})
        open_page(twelve, only)
        places = [place.bounding_box() for place in page.get_by_role("gridcell").all()]
        lines = [sum(place["y"] == y for place in places) for y in sorted({place["y"] for place in places})]
        assert lines in ([2, 2], [4])
    page.reload()
    image, _ = sheet()
    assert image.width == pytest.approx(2 * 262, abs=20)


def test_from_disk_a_sheet_of_the_favourites_holds_those_alone(open_page, twelve):
    page = open_page(twelve)
    page.click("#open-export")
    page.click("#sheet-favourites")
    said(page, "There are no favorites yet.")
    page.locator('[data-cell="0-0"]').focus()
    page.keyboard.press("f")
    page.get_by_text("Sheet of the favorites (1)").wait_for()
    with page.expect_download() as download:
        page.click("#sheet-favourites")
    assert Image.open(download.value.path()).width < 320 + 40


def test_from_disk_an_animation_along_clip_skip_has_a_frame_for_each_value(open_page, table):
    page = open_page(table)
    page.keyboard.press("ArrowDown")
    page.click("#open-export")
    page.get_by_text("The row of the chosen cell: Clip skip 1, CFG Scale 5.0.").wait_for()
    with page.expect_download() as download:
        page.click("#animation")
    with Image.open(download.value.path()) as animation:
        animation.load()
        assert (animation.format, animation.n_frames, animation.info["duration"]) == ("WEBP", 12, 700)
        assert animation.info["loop"] == 0
        for number in (0, 11):
            animation.seek(number)
            frame = animation.convert("RGB").crop((0, 0, 128, 128))
            with Image.open(table / f"small/{12 + number}-0.webp") as small:
                assert max(mean_colour(ImageChops.difference(frame, small.convert("RGB")))) < 8
