"""The library in the tab "Clip skip sweeps", in Chromium: to find, judge, compare, continue, extend and delete sweeps.

Each test has sweeps with a word of their own in the prompt, as other tests' sweeps are on the same host.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from clip_skip_lab.sweep.folder import read_record, write_record
from tests.browser.folder_page import HOSTILE
from tests.browser.sweep_page import SweepPage
from tests.helpers.painted import painted_sweep, plan_of
from tests.helpers.sweeps_on_disk import settle, write_sweep

ROUTE = "/clip-skip-lab/v1/sweeps"
NAME = "<img src=x onerror=window.hacked=1> 🦊 שלום עולם & co"


@pytest.fixture(scope="module", autouse=True)
def none_left(client):
    with client.no_sweeps_left():
        yield


@pytest.fixture(scope="module")
def paint(client):
    """Makes a sweep of painted pictures in the host's own folder; `record` are changes to its `sweep.json`."""

    def painted(prompt: str, plan: str = "1, 2", tab: str = "txt2img", record: dict | None = None, **session) -> Path:
        base = Path(client.options()[f"outdir_{tab}_grids"])
        folder = painted_sweep(base, plan_of(plan), prompt=prompt, side=64, **session)
        content = read_record(folder)
        if tab == "img2img":
            content["setting"]["init_images"] = ["0a1b"]
        write_record(folder, {**content, **(record or {})})
        return folder

    return painted


def searched(url):
    """The words that a list is asked for; None for another address."""
    parts = urlsplit(url)
    return parse_qs(parts.query).get("search", [""])[0] if parts.path.endswith(ROUTE) else None


class Library:
    """The tab as a person uses it."""

    def __init__(self, page, host_url):
        self.sweep_page, self.page = SweepPage(page, host_url), page
        self.open()

    def open(self):
        self.sweep_page.open_tab("Clip skip sweeps")
        self.page.locator("#clip_skip_lab_sweeps input[type=search]").wait_for()

    def search(self, words, found):
        """Types words and waits for what the tab says then."""
        box = self.page.get_by_role("searchbox", name="Search")
        if box.input_value() != words:
            with self.page.expect_response(lambda response: searched(response.url) == words):
                box.fill(words)
        expect(self.page.locator(".clip-skip-lab-counts [role=status]")).to_have_text(found)
        expect(self.page.locator(".clip-skip-lab-counts p:not([role])")).to_be_empty()  # nothing is still to be read

    @property
    def rows(self):
        return self.page.locator("#clip_skip_lab_sweeps").get_by_role("listitem")

    @property
    def names(self):
        return self.page.locator("#clip_skip_lab_sweeps .clip-skip-lab-name")

    def row(self, folder):
        return self.page.locator(f'#clip_skip_lab_sweeps [data-id="{folder.name}"]')

    def press(self, folder, action):
        self.row(folder).get_by_role("button", name=re.compile(f"^{action}:")).click()

    def says(self, text):
        expect(self.page.locator(".clip-skip-lab-sweeps .clip-skip-lab-said")).to_have_text(text)

    def focus_is_on(self, folder, action):
        expect(self.row(folder).locator(f"[data-action={action}]")).to_be_focused()


@pytest.fixture
def tab(page, host_url):
    return Library(page, host_url)


def test_nothing_is_asked_before_the_tab_is_shown(page, host_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    sweep_page = SweepPage(page, host_url)
    sweep_page.open_tab("img2img")
    page.wait_for_timeout(1000)
    assert [url for url in asked if ROUTE in url] == []
    with page.expect_response(lambda response: ROUTE in response.url):
        sweep_page.open_tab("Clip skip sweeps")


def test_a_sweep_is_found_by_its_words_and_shows_what_is_known_of_it(tab, paint):
    owl, cat = paint("an owl, plugh", plan="1-3", fails=(2,)), paint(f"a cat, plugh {HOSTILE}")
    tab.search("plugh", "2 sweeps")
    tab.search("PLUGH owl", "1 sweep")
    row = tab.row(owl)
    for text in ("an owl, plugh", "painted-v1", "txt2img", "Clip skip × 3", "2 of 3 cells", "1 failed", "kB", owl.name):
        expect(row).to_contain_text(text)
    tab.page.wait_for_function("image => image.naturalWidth > 0", arg=row.locator("img").element_handle())
    assert row.get_by_role("link").get_attribute("href") == f".{ROUTE}/{owl.name}/page"
    with tab.page.context.expect_page() as opened:
        row.get_by_role("link", name="Open: an owl, plugh").click()
    opened.value.locator("#stage canvas[data-drawn]").nth(1).wait_for()
    tab.search("plugh nothing", "No sweep matches.")
    assert tab.rows.count() == 0
    tab.search("plugh cat", "1 sweep")
    expect(tab.names).to_contain_text("<script>window.hacked=1</script>")
    assert tab.page.evaluate("window.hacked") is None
    assert cat.is_dir()


def test_sweeps_are_sorted_and_filtered_by_their_checkpoint(tab, paint):
    model = {"name": "xyzzy-model", "hash": "00c0ffee00", "vae": ""}
    for prompt, created, record in (
        ("b, xyzzy", "2026-01-02T00:00:00+00:00", {}),
        ("a, xyzzy", "2026-01-03T00:00:00+00:00", {"model": model}),
        ("c, xyzzy", "2026-01-01T00:00:00+00:00", {"model": model}),
    ):
        paint(prompt, record={"created": created, **record})
    tab.search("xyzzy", "3 sweeps")
    expect(tab.names).to_have_text(["a, xyzzy", "b, xyzzy", "c, xyzzy"])
    tab.page.get_by_role("combobox", name="Order", exact=True).select_option("Oldest first")
    expect(tab.names).to_have_text(["c, xyzzy", "b, xyzzy", "a, xyzzy"])
    tab.page.get_by_role("combobox", name="Order", exact=True).select_option("By name")
    tab.page.get_by_role("combobox", name="Checkpoint", exact=True).select_option("xyzzy-model (2)")
    expect(tab.names).to_have_text(["a, xyzzy", "c, xyzzy"])
    tab.search("", "2 sweeps")


def test_fifty_are_shown_at_a_time(tab, client):
    base = Path(client.options()["outdir_txt2img_grids"])
    for number in range(55):
        folder = write_sweep(base, f"2025-01-01-{number:08x}", setting={"prompt": f"{number:02} fifty"})
        settle(folder)
    tab.search("fifty", "55 sweeps")
    tab.page.get_by_role("combobox", name="Order", exact=True).select_option("By name")
    expect(tab.names.first).to_have_text("00 fifty")
    expect(tab.rows).to_have_count(50)
    tab.page.get_by_role("button", name="Show more").click()
    expect(tab.rows).to_have_count(55)
    expect(tab.rows.nth(50).get_by_role("link")).to_be_focused()
    expect(tab.page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_name_and_a_note_are_kept_as_they_were_typed_by_keyboard_alone(tab, paint, page, host_url):
    folder = paint("to be named, frotz")
    tab.search("frotz", "1 sweep")
    tab.row(folder).locator("[data-action=rename]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the sweep")).to_be_focused()
    page.keyboard.insert_text("given up")
    page.keyboard.press("Escape")
    tab.focus_is_on(folder, "rename")
    expect(tab.names).to_have_text("to be named, frotz")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(NAME)
    page.keyboard.press("Enter")
    tab.says("The name is saved.")
    tab.focus_is_on(folder, "rename")
    expect(tab.names).to_have_text(NAME)
    expect(tab.row(folder)).to_contain_text("to be named, frotz")
    tab.press(folder, "Note")
    page.keyboard.insert_text("two\nlines שלום <b>no tag</b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab.says("The note is saved.")
    assert tab.row(folder).locator(".clip-skip-lab-own-note").inner_text() == "two\nlines שלום <b>no tag</b>"
    kept = json.loads((folder / "judged.json").read_text(encoding="utf-8"))
    assert (kept["name"], kept["note"]) == (NAME, "two\nlines שלום <b>no tag</b>")
    again = Library(page, host_url)
    again.search("co frotz", "1 sweep")
    expect(again.names).to_have_text(NAME)
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the window"


def test_a_deleted_sweep_can_be_brought_back_as_long_as_the_page_is_open(tab, paint):
    folder = paint("to be deleted, gnusto")
    tab.search("gnusto", "1 sweep")
    tab.press(folder, "Delete")
    tab.says("Deleted.")
    tab.focus_is_on(folder, "undo")
    assert not folder.exists() and (folder.parent / "trash" / folder.name).is_dir()
    tab.search("gnusto nothing", "No sweep matches.")
    expect(tab.rows).to_have_count(1), "it can still be brought back"
    tab.press(folder, "Undo")
    tab.says("The sweep was restored.")
    assert folder.is_dir()
    tab.search("gnusto", "1 sweep")
    expect(tab.row(folder)).to_contain_text("2 of 2 cells")


def test_what_another_page_deleted_meanwhile_is_told_and_goes(browser, host_url, paint, client):
    context = browser.new_context()  # without the look at the console, to which Chromium writes each 404
    try:
        tab = Library(context.new_page(), host_url)
        folder = paint("to be deleted elsewhere, rezrov")
        tab.search("rezrov", "1 sweep")
        expect(tab.row(folder)).to_be_visible()
        assert client.http.delete(f"{ROUTE}/{folder.name}").status_code == 200
        tab.press(folder, "Rename")
        tab.page.keyboard.insert_text("too late")
        tab.page.keyboard.press("Enter")
        tab.says(f'Sweep: "{folder.name}" is not among the sweeps of this WebUI; it may have been deleted.')
        expect(tab.rows).to_have_count(0)
    finally:
        context.close()


def test_a_folder_that_cannot_be_read_is_told_and_can_be_deleted(tab, client):
    base = Path(client.options()["outdir_txt2img_grids"])
    folder = write_sweep(base, "2025-02-03-0badf00d")
    (folder / "sweep.json").write_text("{", encoding="utf-8")
    tab.search("0badf00d", "1 sweep")
    expect(tab.row(folder)).to_contain_text("has no readable sweep.json")
    expect(tab.row(folder).get_by_role("button")).to_have_text(["Delete"])
    tab.press(folder, "Delete")
    tab.says("Deleted.")


def test_continuing_brings_the_prompt_the_script_and_the_sweep_into_its_tab(tab, paint):
    folder = paint("to be continued, blorb", plan="1-3", stop_after=1)
    tab.search("blorb", "1 sweep")
    expect(tab.row(folder)).to_contain_text("interrupted")
    tab.press(folder, "Continue")
    tab.sweep_page.forecast_becomes(f"Continues {folder.name}.* 1 of 3 cells are done")
    expect(tab.page.locator("#tab_txt2img")).to_be_visible()
    expect(tab.page.locator("#txt2img_prompt textarea")).to_have_value("to be continued, blorb")


def test_continuing_one_of_img2img_says_that_it_needs_its_picture(tab, paint):
    folder = paint("to be continued, frobozz", plan="1-3", tab="img2img", stop_after=2)
    tab.search("frobozz", "1 sweep")
    tab.press(folder, "Continue")
    note = tab.page.locator("#clip_skip_lab_brought_img2img")
    expect(note).to_have_text("Put the same image into img2img first.")
    tab.sweep_page.tab = "img2img"
    tab.sweep_page.forecast_becomes(f"Continues {folder.name}.* 2 of 3 cells are done")


def test_extending_brings_the_plan_to_which_values_can_be_added_and_runs(tab, client):
    swept = client.sweep({"clip_skip": "1, 2"}, prompt="to be extended, yomin")
    tab.search("yomin", "1 sweep")
    tab.press(swept.folder, "Extend")
    tab.sweep_page.forecast_becomes(f"Extends {swept.folder.name}: 2 of 2 cells are done")
    expect(tab.sweep_page.part("values").locator("textarea, input").first).to_have_value("1, 2")
    tab.sweep_page.set_values("1-3")
    tab.sweep_page.forecast_becomes("2 of 3 cells are done, 1 to run")
    tab.sweep_page.generate()
    tab.open()
    tab.search("yomin", "2 sweeps")
    expect(tab.rows.filter(has_text="Clip skip × 3")).to_contain_text("3 of 3 cells")


def test_two_sweeps_are_compared_by_two_presses(tab, paint):
    one, other = paint("one to compare, zifmia"), paint("another to compare, zifmia")
    tab.search("zifmia", "2 sweeps")
    tab.press(one, "Compare")
    tab.says("Press “Compare” on the sweep to compare it with.")
    expect(tab.row(one).locator("[data-action=compare]")).to_have_attribute("aria-pressed", "true")
    tab.focus_is_on(one, "compare")
    tab.press(other, "Compare")
    answer = tab.page.locator("#clip_skip_lab_compare_answer [role=status]")
    expect(answer).to_contain_text(one.name, timeout=60_000)
    expect(answer).to_contain_text(other.name)
    for number, folder in (("one", one), ("other", other)):
        field = tab.page.locator(f"#clip_skip_lab_compare_{number} input").first
        expect(field).to_have_value(re.compile(f"to compare, zifmia · .* · {folder.name}$"))
    expect(tab.row(one).locator("[data-action=compare]")).to_have_attribute("aria-pressed", "false")
    expect(tab.page.locator("#clip_skip_lab_compare")).to_be_in_viewport()


def test_the_tab_speaks_japanese(browser, host_url, paint):
    folder = paint("鍵, kulcad", plan="1-3", stop_after=1)
    context = browser.new_context(locale="ja-JP")
    try:
        page = context.new_page()
        tab = SweepPage(page, host_url)
        tab.open_tab("Clip skip sweeps")
        page.get_by_role("searchbox", name="検索").fill("kulcad")
        row = page.locator(f'#clip_skip_lab_sweeps [data-id="{folder.name}"]')
        expect(page.locator(".clip-skip-lab-counts [role=status]")).to_have_text("スイープ 1 件")
        expect(row.get_by_role("button")).to_have_text(["再開", "比較", "名前を変更", "メモ", "削除"])
        expect(row).to_contain_text("中断")
    finally:
        context.close()
