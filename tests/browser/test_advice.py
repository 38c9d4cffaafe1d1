"""The line of advice, the header after a change of checkpoint, and the table of remembered ones, in a browser."""

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.helpers.client import CHECKPOINT, CLIP_SKIP
from tests.helpers.lora_files import lora_files
from tests.helpers.page_client import OF_CHECKPOINT, PageClient, opened_page

REMEMBER = "clip_skip_lab_remember"
LINE = "#clip_skip_lab_advice"
NUMBER = f"#quicksettings #setting_{CLIP_SKIP} input[type=number]"
PROMPT = "#txt2img_prompt textarea"
TABLE = ".clip-skip-lab-memory"


@pytest.fixture(scope="module")
def client(host_url):
    client = PageClient(host_url)
    with client.kept(CHECKPOINT, REMEMBER, "sd_checkpoints_limit"):
        client.set({REMEMBER: False, "sd_checkpoints_limit": 2})
        yield client
        client.set({CLIP_SKIP: 1})


@pytest.fixture(scope="module")
def loras(client):
    with lora_files(client):
        yield


@contextmanager
def opened(browser, url, **context):
    """The host's page, ready; at its end no script of this extension may have failed."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, **context)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    opened_page(page, url)
    page.wait_for_selector(LINE, state="attached")
    page.wait_for_function(f"document.querySelector('{NUMBER}')?.value")
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def page(browser, client, host_url):
    client.set({CLIP_SKIP: 1})
    with opened(browser, host_url) as page:
        yield page


def show_tab(page, title):
    page.locator("#tabs > .tab-nav > button", has_text=title).click()


def test_advice_comes_with_the_lora_and_goes_with_it(page, loras):
    expect(page.locator(LINE)).to_have_text("")
    page.fill(PROMPT, "a cat <lora:cslab_two:1>")
    status = page.locator(f"{LINE} [role=status]")
    expect(status).to_have_text("LoRA cslab_two was trained at clip skip 2; the header says 1.")
    assert status.get_attribute("aria-live") == "polite"
    page.fill(PROMPT, "a cat")
    expect(page.locator(LINE)).to_have_text("")


def test_the_button_sets_the_header_and_the_host_by_keyboard(page, client, loras):
    page.fill(PROMPT, "<lora:cslab_two:1>")
    button = page.get_by_role("button", name="Use 2", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).to_have_text("")
    expect(page.locator(NUMBER)).to_have_value("2")
    page.wait_for_function(f"opts.{CLIP_SKIP} === 2")
    assert client.clip_skip() == 2
    assert page.evaluate("document.activeElement.type") == "number"


def test_advice_follows_the_slider_and_the_checkpoint(page, client, loras):
    page.fill(PROMPT, "<lora:cslab_three:1>")
    expect(page.locator(LINE)).to_contain_text("clip skip 3; the header says 1.")
    page.fill(NUMBER, "2")
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).to_contain_text("clip skip 3; the header says 2.")
    page.fill(NUMBER, "3")
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).to_have_text("")


def test_the_advice_never_stands_beside_another_number(page, loras):
    page.fill(PROMPT, "<lora:cslab_two:1>")
    expect(page.locator(LINE)).to_contain_text("the header says 1.")
    for typed in ("5", ""):
        page.fill(NUMBER, typed)
        assert page.locator(f"{LINE} [role=status]").text_content() == "", "at once"
    page.wait_for_timeout(2500)
    expect(page.locator(LINE)).to_have_text("")  # there is no number to speak of
    page.fill(NUMBER, "4")
    expect(page.locator(LINE)).to_contain_text("the header says 4.")
    finer = "#script_txt2img_clip_skip_lab_clip_skip_lab_"
    page.locator(f"{finer}finer .label-wrap").click()  # opens and ticks
    page.locator(f"{finer}value").locator("input, textarea").first.fill("3")
    expect(page.locator(LINE)).to_contain_text("clip skip 2; the panel says 3.")
    expect(page.locator(f"{LINE} button")).to_have_count(0)  # the header's value would not help
    page.locator(f"{finer}value").locator("input, textarea").first.fill("1.5")
    expect(page.locator(LINE)).to_have_text("")


def test_a_lora_that_is_switched_off_is_not_spoken_of(page, loras):
    page.fill(PROMPT, "<lora:cslab_two:0> <lora:cslab_three:0:0.5>")
    expect(page.locator(LINE)).to_contain_text("cslab_three")
    assert "cslab_two" not in page.locator(LINE).text_content()


@pytest.mark.parametrize("width", [1400, 700])
def test_the_page_stays_where_it_is_when_the_advice_comes(page, loras, width):
    page.set_viewport_size({"width": width, "height": 900})
    parts = ["#quicksettings", "#tabs", PROMPT, "#txt2img_generate"]

    def places():
        return [page.locator(part).bounding_box() for part in parts]

    before = places()
    page.fill(PROMPT, "<lora:cslab_two:1> <lora:cslab_three:1>")
    expect(page.locator(LINE)).to_contain_text("No single value suits them all.")
    expect(page.get_by_role("button", name="Use 2", exact=True)).to_be_visible()
    assert places() == before
    page.locator(f"{LINE} [role=status]").hover()
    assert places() == before
    box = page.locator(f"{LINE} button").last.bounding_box()
    assert box["x"] + box["width"] <= width
    page.fill(PROMPT, "a cat")
    expect(page.locator(LINE)).to_have_text("")
    assert places() == before


def test_nothing_is_asked_while_nothing_changes(page, loras):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/clip-skip-lab/v1/advice" in request.url else None)
    page.fill(PROMPT, "<lora:cslab_two:1>")
    expect(page.locator(LINE)).to_contain_text("cslab_two")
    assert len(asked) == 1
    page.locator(PROMPT).press_sequentially(" and a long description of a cat", delay=30)
    page.wait_for_timeout(3000)
    assert len(asked) == 1, "words beside the LoRAs don't matter"
    assert "cat" not in asked[0], "the prompt stays on the page"


def test_advice_is_in_japanese_on_a_japanese_page(browser, client, host_url, loras):
    client.set({CLIP_SKIP: 1})
    with opened(browser, host_url, locale="ja-JP") as page:
        page.fill(PROMPT, "<lora:cslab_two:1>")
        expect(page.locator(LINE)).to_contain_text(
            "LoRA「cslab_two」は Clip skip 2 で学習されていますが、ヘッダーの値は 1 です。"
        )
        expect(page.get_by_role("button", name="2 を使う")).to_be_visible()


@pytest.fixture
def two(client):
    titles = client.checkpoints()
    if len(titles) < 2:
        pytest.skip("this host has one checkpoint only")
    client.set({REMEMBER: False})
    client.set({CHECKPOINT: titles[0], CLIP_SKIP: 1})
    client.forget_all()
    client.set({REMEMBER: True})
    yield [title.split(" [")[0] for title in titles[:2]]
    client.set({REMEMBER: False})
    client.forget_all()


def choose(page, name):
    """Chooses a checkpoint in the header."""
    dropdown = page.locator(OF_CHECKPOINT)
    dropdown.locator("input").click()
    dropdown.locator("li", has_text=re.compile(rf"^\W*{re.escape(name)}\b")).click()
    page.wait_for_function(f"opts.{CHECKPOINT}.startsWith({json.dumps(name)})")


def test_the_header_shows_the_value_that_came_back_with_a_checkpoint(browser, client, host_url, two):
    with opened(browser, host_url) as page:
        page.fill(NUMBER, "4")
        page.keyboard.press("Enter")
        page.wait_for_function(f"opts.{CLIP_SKIP} === 4")
        choose(page, two[1])
        page.fill(NUMBER, "6")
        page.keyboard.press("Enter")
        page.wait_for_function(f"opts.{CLIP_SKIP} === 6")
        choose(page, two[0])
        expect(page.locator(NUMBER)).to_have_value("4")
        choose(page, two[1])
        expect(page.locator(NUMBER)).to_have_value("6")
        assert client.remembered() == {two[0]: 4, two[1]: 6}


def test_the_table_is_edited_and_emptied_by_keyboard(browser, client, host_url, two):
    client.set_in_header(CLIP_SKIP, 4)
    client.set_in_header(CHECKPOINT, two[1])
    client.set_in_header(CLIP_SKIP, 6)
    with opened(browser, host_url) as page:
        show_tab(page, "Clip skip sweeps")
        table = page.locator(TABLE)
        expect(table.locator("tbody tr")).to_have_count(2)
        expect(table.locator("tbody tr", has_text=f"{two[1]} (chosen now)")).to_be_visible()
        field = table.get_by_label(f"Clip skip of {two[0]}", exact=True)
        field.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("5")
        page.keyboard.press("Enter")
        expect(table.locator("[role=status]")).to_have_text(f"{two[0]} gets 5 the next time you choose it.")
        assert client.remembered() == {two[0]: 5, two[1]: 6}
        expect(field).to_be_focused()
        page.keyboard.type("x0")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("0")
        page.keyboard.press("Enter")
        expect(table.locator("[role=status]")).to_contain_text("Clip skip: 0 cannot be used; allowed: a whole number")
        expect(field).to_have_value("5")
        field.focus()
        page.keyboard.press("Tab")
        expect(table.get_by_role("button", name=f"Forget {two[0]}", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(table.locator("tbody tr")).to_have_count(1)
        assert client.remembered() == {two[1]: 6}
        page.on("dialog", lambda dialog: dialog.accept())
        table.get_by_role("button", name="Forget all").click()
        expect(table).to_contain_text("No checkpoint is remembered yet.")
        assert client.remembered() == {}


def test_the_table_says_when_nothing_is_remembered_and_in_japanese(browser, client, host_url):
    client.set({REMEMBER: False})
    client.forget_all()
    with opened(browser, host_url, locale="ja-JP") as page:
        show_tab(page, "Clip skip sweeps")
        expect(page.locator(TABLE)).to_contain_text("現在、値の記憶と復元は無効です。")
        expect(page.locator(TABLE)).to_contain_text("記憶しているチェックポイントはまだありません。")
