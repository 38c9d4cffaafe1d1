"""The page of a sweep in Chromium: one cell in full, and two compared."""

from __future__ import annotations

import io
import re
import shutil

import pytest
from PIL import Image

from clip_skip_lab.sweep.folder import read_record, write_record
from tests.browser.folder_page import cell, focus_is, mean_colour, said, use_tool

# --- One cell ---------------------------------------------------------------------------------------------------------


def test_a_cell_opens_large_with_its_infotext_and_measures_and_one_leafs_on(open_page, table):
    page = open_page(table)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="Clip skip 2, CFG Scale 3.0").wait_for()
    assert "Clip skip: 2" in dialog.locator("pre").inner_text()
    measured = read_record(table)["cells"][1]["measures"]
    row = dialog.get_by_role("row", name=re.compile("^Difference")).inner_text()
    assert float(re.search(r"[\d.]+", row)[0]) == pytest.approx(measured["mean_absolute_difference"], rel=0.01)
    assert row.endswith("%")
    for key, name in [("ArrowRight", "Clip skip 3, CFG Scale 3.0"), ("ArrowDown", "Clip skip 3, CFG Scale 5.0")]:
        page.keyboard.press(key)
        dialog.get_by_role("heading", name=name).wait_for()
    dialog.get_by_role("button", name="Previous").click()
    dialog.get_by_role("heading", name="Clip skip 2, CFG Scale 5.0").wait_for()
    page.keyboard.press("Escape")
    focus_is(page, "Clip skip 2, CFG Scale 5.0")


def test_it_plays_along_clip_skip(open_page, table):
    page = open_page(table, "#cell=10-0")
    page.keyboard.press("p")
    for name in ("Clip skip 12, CFG Scale 3.0", "Clip skip 1, CFG Scale 3.0"):
        page.get_by_role("dialog").get_by_role("heading", name=name, exact=True).wait_for()


@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize("secure", [True, False])
def test_the_infotext_is_copied(open_page, table, by_key, secure):
    page = open_page(table, "#cell=3-0", drawn=False)
    wanted = read_record(table)["cells"][3]["pictures"][0]["infotext"]
    if secure:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # as from another computer over plain HTTP
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.evaluate("document.addEventListener('copy', () => window.copied = document.activeElement.value)")
    if by_key:
        page.keyboard.press("c")
    else:
        page.get_by_role("button", name="Copy").click()
    said(page, "Copied.")
    assert page.evaluate("navigator.clipboard.readText()" if secure else "window.copied") == wanted


def test_from_disk_there_is_no_button_that_needs_a_webui(open_page, table):
    page = open_page(table, "#cell=3-0", drawn=False)
    page.get_by_role("button", name="Copy").wait_for()
    assert page.get_by_role("button", name="Use clip skip").count() == 0


# --- A and B ----------------------------------------------------------------------------------------------------------


def pressed_modes(page):
    """The names of the views of the comparison that look pressed: by their colour, or by a ring around them."""
    return page.locator("#compare-bar button").evaluate_all(
        """buttons => buttons.filter((one) => one.dataset.key in {side: 1, flicker: 1, wipe: 1, difference: 1})
            .filter((one) => one.ariaPressed === "true" || one.matches(":focus-visible"))
            .map((one) => one.textContent)"""
    )


def compared(page, mode):
    """What is seen of the two pictures."""
    page.locator(f"#compare .pictures[data-mode={mode}]").wait_for()
    page.wait_for_function("() => [...document.querySelectorAll('#compare img')].every(one => one.complete)")
    page.wait_for_timeout(100)
    clip = page.locator("#compare .pictures .frame").first.bounding_box()
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def test_two_cells_are_compared_by_key_in_every_mode(open_page, table):
    page = open_page(table)
    page.keyboard.press("a")
    said(page, "A is Clip skip 1, CFG Scale 3.0. Press B on another cell to compare the two.")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    dialog = page.get_by_role(
        "dialog", name="Comparing A (Clip skip 1, CFG Scale 3.0) with B (Clip skip 7, CFG Scale 3.0)"
    )
    dialog.wait_for()
    page.keyboard.press("1")
    assert sum(mean_colour(compared(page, "side"))) > 0
    assert pressed_modes(page) == ["Side by side"]
    page.keyboard.press("3")
    for part, number in (("100", 0), ("0", 6)):
        page.locator("#compare-part").fill(part)
        with Image.open(table / f"small/{number}-0.webp") as small:
            assert mean_colour(compared(page, "wipe")) == pytest.approx(mean_colour(small.convert("RGB")), abs=6)
    page.keyboard.press("4")
    difference = compared(page, "difference")
    page.locator("#compare-amplify").fill("8")
    assert sum(mean_colour(compared(page, "difference"))) > 1.5 * sum(mean_colour(difference))
    page.keyboard.press("2")
    page.locator("#compare .pictures:not(.second)").wait_for()
    page.locator("#compare .pictures.second").wait_for()
    page.keyboard.press("x")
    page.get_by_role("dialog", name="Comparing A (Clip skip 7, CFG Scale 3.0)").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_role("dialog", name=re.compile(r"with B \(Clip skip 1, CFG Scale 5.0\)")).wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#compare[open]").count() == 0


def test_the_difference_of_a_picture_with_itself_is_black(open_page, table, tmp_path):
    shutil.copytree(table, tmp_path / "sweep")
    content = read_record(table)
    content["cells"][4]["pictures"] = content["cells"][3]["pictures"]
    write_record(tmp_path / "sweep", content)
    page = open_page(tmp_path / "sweep", "#a=3-0&b=4-0&compare=difference", drawn=False)
    assert max(mean_colour(compared(page, "difference"))) <= 1


def test_two_cells_are_compared_by_mouse(open_page, twelve):
    page = open_page(twelve)
    for name, tool in (("Clip skip 2", "a"), ("Clip skip 9", "b")):
        use_tool(page, name, tool)
    dialog = page.get_by_role("dialog", name="Comparing A (Clip skip 2) with B (Clip skip 9)")
    dialog.wait_for()
    for mode in ("Side by side", "Flicker", "Difference", "Wipe"):
        dialog.get_by_role("button", name=mode).click()
        dialog.get_by_role("button", name=mode, pressed=True).wait_for()
        assert pressed_modes(page) == [mode]
    frame = page.locator("#compare .frame").first.bounding_box()
    page.mouse.move(frame["x"] + 20, frame["y"] + 20)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + 20, steps=3)
    page.mouse.up()
    assert float(page.locator("#compare-part").input_value()) == pytest.approx(25, abs=1)
    dialog.get_by_role("button", name="Swap").click()
    page.get_by_role("dialog", name="Comparing A (Clip skip 9) with B (Clip skip 2)").wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="A: Clip skip 9").click()
    page.locator("#open-compare").wait_for(state="detached")


def test_nothing_flickers_by_itself_for_who_wants_little_motion(open_page, table, page):
    page.emulate_media(reduced_motion="reduce")
    open_page(table, "#a=0-0&b=3-0&compare=flicker", drawn=False)
    page.get_by_role("button", name="Automatic", pressed=False).wait_for()
    page.wait_for_timeout(900)
    assert page.locator("#compare .pictures.second").count() == 0
    page.get_by_role("button", name="Show the other one").click()
    page.locator("#compare .pictures.second").wait_for()


# --- The cell under the mouse -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["", "#size=48"])
def test_every_cell_of_the_article_s_table_has_its_tools_within_reach_of_the_mouse(open_page, table, page, address):
    page.set_viewport_size({"width": 1400, "height": 900})
    open_page(table, address)
    width = page.locator('[data-cell="0-0"]').bounding_box()["width"]
    assert width == 48 if address else 80 < width < 110
    for number in (0, 11, 18, 36, 47):
        place = page.locator(f'[data-cell="{number}-0"]')
        place.hover(position={"x": 10, "y": 40})
        page.locator(".pointed", has=page.locator("canvas")).wait_for()
        box, over = page.locator(".tools").bounding_box(), place.bounding_box()
        assert over["y"] <= box["y"] < over["y"] + over["height"]
        assert box["x"] < over["x"] + over["width"]
        assert over["x"] < box["x"] + box["width"]
        page.locator(".tools [data-tool=star]").click()
        place.locator(".marks", has_text="★").wait_for()
        page.locator(".tools [data-tool=star][aria-pressed=true]").wait_for()
    page.locator(".tools [data-tool=a]").click()
    said(page, "A is Clip skip 12, CFG Scale 9.0")
    assert page.locator("dialog[open]").count() == 0
    page.mouse.move(5, 5)
    page.locator(".tools").wait_for(state="hidden")


def test_keys_mean_the_cell_under_the_mouse_until_keys_move_the_focus(open_page, table):
    page = open_page(table)
    cell(page, "Clip skip 5, CFG Scale 7.0").hover()
    page.keyboard.press("f")
    said(page, "Favorite: Clip skip 5, CFG Scale 7.0")
    page.keyboard.press("ArrowRight")
    focus_is(page, "Clip skip 2, CFG Scale 3.0")
    page.locator(".tools").wait_for(state="hidden")
    page.keyboard.press("f")
    said(page, "Favorite: Clip skip 2, CFG Scale 3.0")
    cell(page, "Clip skip 6, CFG Scale 7.0").hover()
    page.keyboard.press("a")
    said(page, "A is Clip skip 6, CFG Scale 7.0")


def test_a_cell_is_not_compared_with_itself(open_page, table):
    page = open_page(table, "#a=3-0&b=3-0&compare=wipe")
    assert page.locator("dialog[open]").count() == 0
    assert page.locator("#pair").inner_text() == "A: Clip skip 4, CFG Scale 3.0"
    page.locator('[data-cell="3-0"]').focus()
    page.keyboard.press("b")
    said(page, "Clip skip 4, CFG Scale 3.0 is already A. Choose another cell to compare it with.")
    page.locator('[data-cell="4-0"]').focus()
    page.keyboard.press("b")
    page.get_by_role("dialog", name=re.compile(r"with B, Clip skip 5, CFG Scale 3.0")).wait_for()
    page.keyboard.press("ArrowLeft")  # over A
    page.get_by_role("dialog", name=re.compile(r"with B, Clip skip 3, CFG Scale 3.0")).wait_for()
    page.keyboard.press("Escape")
    page.locator('[data-cell="3-0"]').focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Compare: set as A", pressed=True).click()
    said(page, "Clip skip 4, CFG Scale 3.0 is no longer A.")
    page.get_by_role("button", name="Compare: set as A", pressed=False).wait_for()
