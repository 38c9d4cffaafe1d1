"""The header in Chromium: the note beside clip skip, and that what the slider shows is what the host uses.

Runs on the embedded host, or on a real one named by WEBUI_URL.
"""

import os
import re

import pytest

from tests.helpers.client import CLIP_SKIP, HEADER_SETTINGS, Client, keys_of, sampling_cell
from tests.helpers.page_client import SECONDS, PageClient, opened_page, values_applied

SLIDER = f"#quicksettings #setting_{CLIP_SKIP}"
NOTE = "#clip_skip_lab_note"
LONG = {"steps": 150, "sampler_name": "Euler", "scheduler": "Automatic"}
"""A sweep that takes longer than a page to open."""
LAST, PENULTIMATE = "Layer 12 of 12, the last", "Layer 11 of 12, penultimate"


@pytest.fixture(scope="module")
def host(host_url):
    host = PageClient(host_url)
    if host.model_note()["model"] is None:  # it is loaded beside the host's start, or with the first picture
        host.generate()
    assert host.model_note()["model"] is not None
    return host


@pytest.fixture
def header(host, host_url, page):
    """Opens the page with clip skip 1 and waits for the note; `header(theme=…)` opens it in another way."""

    def opened(theme: str = "dark"):
        opened_page(page, host_url, theme)
        page.locator(f"{NOTE}:not(:empty)").wait_for()
        return page

    with host.kept(CLIP_SKIP):
        host.set({CLIP_SKIP: 1})
        yield opened
        leave(page)


def leave(page) -> None:
    """Closes the page when its events are over: left in the middle of one, the real host hangs at its next Reload UI
    (gradio 3.41.2; seen without any extension too)."""
    page.wait_for_timeout(1000 if "WEBUI_URL" in os.environ else 200)
    page.goto("about:blank")


def note_becomes(page, text: str, seconds: float = SECONDS) -> None:
    page.wait_for_function(
        "([css, text]) => document.querySelector(css)?.textContent === text", arg=[NOTE, text], timeout=seconds * 1000
    )


def host_has(page, host: PageClient, value: int, seconds: float = 30) -> None:
    for _ in range(int(seconds * 10)):
        if host.options()[CLIP_SKIP] == value:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the host has clip skip {host.options()[CLIP_SKIP]}, not {value}, after {seconds} s")


def has_list(host: PageClient) -> bool:
    """Whether the header shows a list of options; else it has controls of its own."""
    return "quicksettings_list" in host.options()


def number(page):
    return page.locator(f"{SLIDER} input[type=number]")


def slide(page):
    return page.locator(f"{SLIDER} input[type=range]")


def requests_of(page, part: str) -> list[str]:
    """The addresses that the page asks from now on, as far as they contain this; the list grows by itself."""
    found = []
    page.on("request", lambda request: found.append(request.url) if part in request.url else None)
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [(2, PENULTIMATE), (5, "Layer 8 of 12"), (12, "Layer 1 of 12, the first")],
)
def test_the_note_says_which_layer_the_shown_value_takes(header, value, text):
    page = header()
    note_becomes(page, LAST)
    number(page).fill(str(value))
    note_becomes(page, text)


def test_the_note_is_there_where_the_page_tells_only_that_options_changed(header, page):
    """Forge Classic's scripts have no `onOptionsAvailable`."""

    def without(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("onOptionsAvailable", "notThere"))

    page.route(lambda url: ".js" in url and "file=" in url and "clip_skip_lab" not in url, without)
    header()
    assert page.evaluate("typeof onOptionsAvailable") == "undefined"
    note_becomes(page, LAST)
    assert page.locator("#clip_skip_lab_advice").count() == 1


def test_enter_applies_what_was_typed(header, host):
    page = header()
    number(page).fill("2")
    page.wait_for_timeout(600)
    if has_list(host):  # else the host's own control takes each number at once
        assert host.options()[CLIP_SKIP] == 1  # not yet said to be final
    number(page).press("Enter")
    host_has(page, host, 2)
    assert host.config()[CLIP_SKIP] == 2


def test_the_tab_key_applies_what_was_typed(header, host):
    page = header()
    number(page).fill("3")
    number(page).press("Tab")
    host_has(page, host, 3)


def test_the_arrow_keys_apply_on_the_number_and_on_the_slider(header, host):
    page = header()
    number(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    host_has(page, host, 4)
    page.wait_for_function(f"opts.{CLIP_SKIP} === 4")  # the answer has arrived, which sets the slider once more
    slide(page).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    host_has(page, host, 2)
    assert number(page).input_value() == "2"
    note_becomes(page, PENULTIMATE)


def test_keys_pressed_while_the_answer_is_on_its_way_are_not_lost(header, host):
    page = header()
    number(page).focus()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(170)
    host_has(page, host, 9)
    page.wait_for_timeout(1500)
    assert (number(page).input_value(), host.options()[CLIP_SKIP]) == ("9", 9)


def test_a_value_that_has_arrived_is_not_sent_again_over_the_one_that_comes_next(header, host):
    page = header()
    page.evaluate(
        """key => onOptionsChanged(() => {
            if (opts[key] !== 6) return;
            opts[key] = 4; // as when a checkpoint is chosen that brings its own value along
            fetch("/sdapi/v1/options", {method: "POST", body: JSON.stringify({[key]: 4}),
                                        headers: {"Content-Type": "application/json"}});
        })""",
        CLIP_SKIP,
    )
    number(page).fill("6")
    number(page).press("Enter")
    host_has(page, host, 4)
    page.wait_for_timeout(1500)
    assert host.options()[CLIP_SKIP] == 4
    assert number(page).input_value() == "4"


def test_a_drag_applies_once_and_asks_little(header, host):
    page = header()
    page.wait_for_timeout(500)
    sent, asked = values_applied(page, CLIP_SKIP), requests_of(page, "/clip-skip-lab/v1/model")
    box = slide(page).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, middle)
    page.mouse.down()
    for step in range(1, 41):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * step / 40, middle)
        page.wait_for_timeout(10)
    page.mouse.up()
    host_has(page, host, 12)
    note_becomes(page, "Layer 1 of 12, the first")
    page.wait_for_timeout(1500)
    assert set(sent) == {12} and len(sent) <= 2, sent
    # However slow the hand: at most one for each value, and those after the release.
    assert len(asked) <= 11 + 3, asked


@pytest.mark.parametrize(("typed", "used"), [("99", 12), ("0", 1), ("2.6", 3), ("-4", 1)])
@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_number_that_no_clip_skip_has_becomes_the_nearest_before_it_is_used(header, host, typed, used, key):
    page = header()
    host.set({CLIP_SKIP: 7})
    page.reload()
    page.locator(f"{NOTE}:not(:empty)").wait_for()
    sent = values_applied(page, CLIP_SKIP)
    number(page).fill(typed)
    number(page).press(key)
    host_has(page, host, used)
    page.wait_for_timeout(500)
    assert number(page).input_value() == str(used)
    assert set(sent) <= {used}


def test_a_value_that_an_api_client_set_is_shown_when_the_window_gets_the_focus(header, host):
    page = header()
    host.set({CLIP_SKIP: 6})
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    note_becomes(page, "Layer 7 of 12")
    assert number(page).input_value() == "6"
    assert page.evaluate(f"() => opts.{CLIP_SKIP}") == 6
    assert host.options()[CLIP_SKIP] == 6


def test_a_pasted_clip_skip_is_what_the_note_speaks_of(header, host):
    page = header()
    page.locator("#txt2img_prompt textarea").fill(
        "a cat\nSteps: 4, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, Clip skip: 2, Version: v1.10.1"
    )
    page.locator("#paste:visible").first.click()
    note_becomes(page, f"Override in txt2img: clip skip 2. {PENULTIMATE}")
    assert number(page).input_value() == "1"  # the header is still what other tabs use
    assert host.options()[CLIP_SKIP] == 1
    page.locator("#tabs > .tab-nav button", has_text="img2img").click()
    note_becomes(page, LAST)


@pytest.mark.parametrize("keys", ["", "e", "-"], ids=["cleared", "no number", "a sign alone"])
def test_a_note_on_a_number_that_is_gone_goes_too(header, host, keys):
    page = header()
    note_becomes(page, LAST)
    number(page).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.type(keys)
    note_becomes(page, "Enter a whole number from 1 to 12")
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(500)
    assert page.locator(NOTE).text_content() == "Enter a whole number from 1 to 12"
    page.keyboard.press("Tab")
    note_becomes(page, LAST)
    assert (number(page).input_value(), host.options()[CLIP_SKIP]) == ("1", 1)


FINER = "#script_txt2img_clip_skip_lab_clip_skip_lab_"


def test_the_note_speaks_of_the_panel_where_that_decides(header, host):
    page = header()
    page.locator(f"{FINER}finer .label-wrap").click()  # opens and ticks
    page.wait_for_timeout(500)
    assert page.locator(NOTE).text_content() == LAST  # it asks nothing yet
    page.locator(f"{FINER}value").locator("input, textarea").first.fill("5")
    note_becomes(page, "Panel: clip skip 5. Layer 8 of 12")
    page.locator(f"{FINER}negative").locator("input, textarea").first.fill("2")
    note_becomes(page, f"Panel: clip skip 5, negative clip skip 2. Layer 8 of 12. Negative: l{PENULTIMATE[1:]}")
    page.locator(f"{FINER}value").locator("input, textarea").first.fill("abc")
    page.wait_for_function("css => document.querySelector(css).textContent.startsWith('Panel: Clip skip: ')", arg=NOTE)
    assert "clip-skip-lab-warning" in page.locator(NOTE).get_attribute("class")
    page.locator("#tabs > .tab-nav button", has_text="img2img").click()
    note_becomes(page, LAST)  # that tab has a panel of its own
    page.locator("#tabs > .tab-nav button", has_text="txt2img").click()
    page.locator(f"{FINER}finer-visible-checkbox").uncheck()
    note_becomes(page, LAST)
    assert (number(page).input_value(), host.options()[CLIP_SKIP]) == ("1", 1)


def test_a_page_opened_while_a_sweep_runs_shows_the_users_value_and_says_so(header, host, host_url):
    client = Client(host_url)
    host.set({CLIP_SKIP: 3})
    running = client.in_background(lambda: client.sweep({"clip_skip": "5-8"}, **LONG))
    try:
        client.wait_for(sampling_cell(0), timeout=120)
        page = header()
        note_becomes(page, "A sweep is running; this value takes effect when it ends. Layer 10 of 12")
        assert (number(page).input_value(), page.evaluate(f"() => opts.{CLIP_SKIP}")) == ("3", 3)
        number(page).fill("2")
        number(page).press("Enter")
        host_has(page, host, 2)
        assert not running.done
    finally:
        client.post("interrupt")
        swept = running.result()
    said = [keys_of(text)["Clip skip"] for text in swept.cell_infotexts]
    assert said == ["5", "6", "7", "8"][: len(said)]
    note_becomes(page, PENULTIMATE)
    assert (number(page).input_value(), host.options()[CLIP_SKIP]) == ("2", 2)


def test_nothing_is_asked_while_nothing_happens(header):
    page = header()
    page.wait_for_timeout(3000)  # the advice is asked for a second after the last change
    asked = requests_of(page, "/clip-skip-lab/")
    page.wait_for_timeout(5000)
    assert asked == []


def test_apply_settings_keeps_the_header_and_the_users_list(header, host):
    if not has_list(host):
        pytest.skip("this host's header has a control of its own for clip skip, and Apply settings leaves that alone")
    page = header()
    listed = host.options()["quicksettings_list"]
    page.locator("#tabs > .tab-nav button", has_text="Settings").click()
    page.locator("#settings_submit").click()
    page.locator("#settings_result", has_text="settings changed").last.wait_for()
    assert host.config()["quicksettings_list"] == listed
    lists_it_itself = host.model_note()["webui"]["name"] == "Forge Classic"
    assert (CLIP_SKIP in listed) == lists_it_itself
    leave(page)
    host.reload()
    assert host.header() == (listed if lists_it_itself else [*listed, CLIP_SKIP])


def test_the_note_is_there_where_the_user_put_clip_skip_into_the_header(host, header):
    if not has_list(host):
        pytest.skip("this host's header has a control of its own for clip skip")
    with host.kept("quicksettings_list", *HEADER_SETTINGS):
        host.set({"quicksettings_list": [CLIP_SKIP, "sd_model_checkpoint"]})
        host.reload()
        page = header()
        assert page.locator(SLIDER).count() == 1
        number(page).fill("2")
        number(page).press("Enter")
        host_has(page, host, 2)
        note_becomes(page, PENULTIMATE)
        leave(page)
    host.reload()


SDXL = {
    "model": {"name": "xl", "family": "SDXL"},
    "setting": {"value": 1, "highest": 12, "temporary": False, "sweeping": False},
    "warning": True,
    "sentence": "No effect: this WebUI ignores clip skip on SDXL models while its setting “Clip skip SDXL” is off",
}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("warning", [False, True])
def test_the_note_can_be_read_in_both_themes(header, page, theme, warning):
    if warning:  # an answer as for a model of another family; only its looks are in question
        page.route("**/clip-skip-lab/v1/model*", lambda route: route.fulfill(json=SDXL))
    header(theme)
    colours = page.evaluate(
        """(css) => {
            const note = document.querySelector(css);
            let behind = note;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            return [getComputedStyle(note).color, getComputedStyle(behind).backgroundColor];
        }""",
        NOTE,
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, colours  # WCAG 2, AA
    assert ("clip-skip-lab-warning" in page.locator(NOTE).get_attribute("class")) is warning
    box, around = page.locator(NOTE).bounding_box(), page.locator("#quicksettings").bounding_box()
    assert box["x"] + box["width"] <= around["x"] + around["width"]
    assert box["y"] + box["height"] <= around["y"] + around["height"]


def luminance(colour: str) -> float:
    """Relative luminance of a colour such as `rgb(1, 2, 3)`, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_screen_reader_is_told_of_the_note(header):
    page = header()
    note = page.locator(NOTE)
    assert (note.get_attribute("role"), note.get_attribute("aria-live")) == ("status", "polite")
    for control in (number(page), slide(page)):
        assert control.get_attribute("aria-describedby") == "clip_skip_lab_note"
    assert page.get_by_role("spinbutton", name="Clip skip").first.is_visible()


def test_a_japanese_browser_gets_japanese(browser, host, host_url):
    with host.kept(CLIP_SKIP):
        host.set({CLIP_SKIP: 2})
        context = browser.new_context(locale="ja-JP")
        page = context.new_page()
        opened_page(page, host_url)
        note_becomes(page, "12 層中 11 層目（最後から 2 番目）")
        context.close()
