"""What was chosen, in a browser: the table in the tab, and the line of advice with the button that remembers it."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.test_advice import LINE, NUMBER, opened, show_tab
from tests.helpers.client import CHECKPOINT, CLIP_SKIP, ROUTES
from tests.helpers.judged_sweeps import judged_sweeps, nothing_judged
from tests.helpers.page_client import PageClient

REMEMBER = "clip_skip_lab_remember"
TABLE = "#clip_skip_lab_picks"


@pytest.fixture(scope="module")
def client(host_url):
    client = PageClient(host_url)
    with client.kept(CHECKPOINT, CLIP_SKIP, REMEMBER):
        yield client


@pytest.fixture(scope="module")
def chosen(client):
    """Eight sweeps over clip skip 1, 1.5, 2 and 3: 2 was picked in seven of them."""
    swept = client.sweep({"clip_skip": "1, 1.5, 2, 3"}, prompt="of picks <lora:of picks:1>")
    with nothing_judged(swept.folder.parent), judged_sweeps(swept, [1] + [2] * 7):
        yield swept.record["model"]


@pytest.fixture
def page(browser, client, host_url, chosen):
    client.set({CLIP_SKIP: 1, REMEMBER: False})
    with opened(browser, host_url) as page:
        yield page
    client.http.delete(f"{ROUTES}/memory", params={"everything": "true"})


def test_the_table_says_how_often_each_value_was_chosen_with_the_checkpoint_in_use(page, chosen):
    show_tab(page, "Clip skip sweeps")
    rows = page.locator(f"{TABLE} tbody tr")
    expect(rows).to_have_count(4)
    assert [text.split() for text in rows.all_inner_texts()] == [
        ["1", "0", "of", "8", "0%", "(0%", "to", "37%)"],
        ["1.5", "1", "of", "8", "13%", "(0%", "to", "53%)"],
        ["2", "7", "of", "8", "88%", "(47%", "to", "100%)"],
        ["3", "0", "of", "8", "0%", "(0%", "to", "37%)"],
    ]
    expect(page.locator(f"{TABLE} [role=status]")).to_have_text(
        "You chose clip skip 2 in 7 of 8 sweeps, more often than by chance."
    )
    assert page.locator(f"{TABLE} select").input_value() == json.dumps(
        {"checkpoint": chosen["hash"]}, separators=(",", ":")
    )
    bar, band = (
        page.locator(f"{TABLE} tbody tr:nth-child(3) {part}").bounding_box()
        for part in (".clip-skip-lab-share", ".clip-skip-lab-share > :first-child")
    )
    assert band["x"] - bar["x"] == pytest.approx(0.4735 * bar["width"], abs=1)
    assert band["x"] + band["width"] == pytest.approx(bar["x"] + 0.9968 * bar["width"], abs=1)


def test_the_table_is_there_for_a_lora_too(page):
    show_tab(page, "Clip skip sweeps")
    page.locator(f"{TABLE} select").select_option(label="of picks (8)")
    expect(page.locator(f"{TABLE} tbody tr")).to_have_count(4)
    expect(page.locator(f"{TABLE} tbody tr.clip-skip-lab-best th")).to_have_text("2")


def test_what_was_chosen_is_said_under_the_header_and_one_click_remembers_it(page, client):
    status = page.locator(f"{LINE} [role=status]")
    expect(status).to_have_text("You chose clip skip 2 in 7 of 8 sweeps with this checkpoint; the header says 1.")
    expect(page.locator(f"{LINE} button")).to_have_text(
        ["Use 2", "Remember 2 for this checkpoint (turns remembering on)"]
    )
    page.locator(f"{LINE} button", has_text="Remember 2").click()
    expect(page.locator(NUMBER)).to_have_value("2")
    expect(status).to_contain_text("Clip skip 2 is remembered for this checkpoint, and from now on")
    expect(page.locator(f"{LINE} button")).to_have_count(0)
    assert (client.clip_skip(), client.option(REMEMBER)) == (2, True)
    assert [one["clip_skip"] for one in client.memory()["checkpoints"] if one["chosen"]] == [2]
    page.wait_for_timeout(2500)
    expect(status).to_contain_text("Clip skip 2 is remembered")  # also after the next question
    ticked = page.locator(f"#settings #setting_{REMEMBER} input[type=checkbox]")
    assert ticked.is_checked(), 'or "Apply settings" would switch it off again'
    page.fill(NUMBER, "3")
    page.keyboard.press("Enter")
    expect(status).to_have_text("You chose clip skip 2 in 7 of 8 sweeps with this checkpoint; the header says 3.")
    expect(page.locator(f"{LINE} button")).to_have_text(["Remember 2 for this checkpoint"])


def test_the_value_can_be_used_without_being_remembered(page, client):
    page.get_by_role("button", name="Use 2", exact=True).click()
    expect(page.locator(NUMBER)).to_have_value("2")
    expect(page.locator(LINE)).to_have_text("")
    page.wait_for_function(f"opts.{CLIP_SKIP} === 2")
    assert not client.option(REMEMBER)
    assert client.memory()["checkpoints"] == []


def test_a_refusal_is_said_and_changes_nothing(page, client):
    page.route(
        "**/clip-skip-lab/v1/clip-skip",
        lambda route: route.fulfill(
            status=422, content_type="application/json", body=json.dumps({"detail": "Changing settings is disabled."})
        ),
    )
    page.locator(f"{LINE} button", has_text="Remember 2").click()
    expect(page.locator(f"{LINE} [role=status]")).to_have_text(
        "The value could not be set: Changing settings is disabled."
    )
    expect(page.locator(NUMBER)).to_have_value("1")
    assert not page.locator(f"#settings #setting_{REMEMBER} input[type=checkbox]").is_checked()
    assert not client.option(REMEMBER)
