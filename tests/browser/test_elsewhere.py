"""A sweep that does not run in the page's own WebUI: the command for it, and several WebUIs at once."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.sweep_page import SweepPage
from tests.helpers.client import CLIP_SKIP, ROUTES, Client
from tests.minihost import launch

SETTING = "clip_skip_lab_webuis"


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Another WebUI of the same kind, with the same models."""
    if os.environ.get("WEBUI_URL"):
        pytest.skip("the other WebUI is an embedded host, whose images are others than a real one's")
    with launch.Process(tmp_path_factory.mktemp("second"), [launch.REPO], ["--nowebui"]) as process:
        other = Client(process.url)
        other.generate(steps=1)
        other.set({CLIP_SKIP: 1})
        yield process.url


@pytest.fixture
def named(client):
    """Makes these addresses the other WebUIs of the settings."""
    yield lambda text: client.set({SETTING: text})
    client.set({SETTING: ""})


def panel(page, url):
    sweep = SweepPage(page, url)
    sweep.choose_script()
    sweep.set_small()
    sweep.set_values("1-4")
    sweep.part("measures").locator("input").uncheck()
    sweep.forecast_becomes("^4 cells")
    return sweep


def run_on(sweep, place):
    choice = sweep.part("run_on").locator("label").filter(has_text=re.compile(f"^\\s*{place}\\s*$"))
    choice.first.click()
    return choice


def test_the_command_is_shown_and_copied_and_its_file_has_the_whole_sweep(page, host_url, client):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sweep = panel(page, host_url)
    run_on(sweep, "The command line")
    sweep.forecast_becomes("^Generate shows the command for this sweep; no image is generated")
    before = client.sweep_folders()
    sweep.generate()
    assert client.sweep_folders() == before and sweep.thumbnails.count() == 0
    command = f"clip-skip-lab sweep --plan clip-skip-sweep.json --webui {host_url}"
    box = page.locator("#html_log_txt2img .clip-skip-lab-command").first
    expect(box.locator("code")).to_have_text(command)
    box.get_by_role("button").click()
    expect(box.get_by_role("button")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == command
    with page.expect_download() as download:
        page.get_by_role("button", name="Download clip-skip-sweep.json").click()
    assert download.value.suggested_filename == "clip-skip-sweep.json"
    job = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert (job["tab"], job["request"]["prompt"], job["request"]["seed"]) == ("txt2img", "a cat", 7)
    assert job["plan"] == {"clip_skip": "1-4", "mode": "exact", "measures": False}


def test_an_address_that_is_none_is_named_in_the_panel_and_keeps_no_sweep_from_running(page, host_url, named):
    named("http://gpu1:7860, gpu2:port")
    sweep = panel(page, host_url)
    sweep.forecast_becomes("^Other WebUIs for sweeps: .* is not an address")
    expect(sweep.part("run_on").locator("label")).to_have_count(2)
    with Client(host_url).no_sweeps_left():
        sweep.set_values("1")
        sweep.generate()
        assert sweep.thumbnails.count() == 2


def test_a_sweep_runs_on_two_webuis_and_is_in_the_library_of_the_one_that_was_asked(
    page, host_url, client, named, second
):
    named(f"{second}  # the other card")
    sweep = panel(page, host_url)
    with client.no_sweeps_left():
        run_on(sweep, "2 WebUIs")
        sweep.forecast_becomes(f"^Runs on {re.escape(host_url)} and {re.escape(second)}")
        sweep.generate()
        assert "The sweep runs on 2 WebUIs." in sweep.log
        followed = page.locator("#clip_skip_lab_from_txt2img .clip-skip-lab-elsewhere")
        expect(followed.locator(".clip-skip-lab-result")).to_contain_text("4 of 4 done", timeout=120_000)
        link = followed.get_by_role("link", name="Open the page")
        name = re.search(r"sweeps/([^/]+)/page", link.get_attribute("href"))[1]
        listed = client.http.get(f"{ROUTES}/sweeps").json()["sweeps"]
        assert [one["done"] for one in listed if one["id"] == name] == [4]
        cells = client.http.get(f"{ROUTES}/sweeps/{name}").json()["cells"]
        assert {cell["made_by"]["webui"] for cell in cells} == {host_url, second}


def test_a_run_is_shown_where_the_page_is_opened_meanwhile_and_a_stop_keeps_what_is_finished(
    page, host_url, client, named, second
):
    named(second)
    sweep = panel(page, host_url)
    with client.no_sweeps_left():
        sweep.set_values("1-6")
        sweep.set_number("steps", 30)
        run_on(sweep, "2 WebUIs")
        sweep.forecast_becomes("^6 cells")
        sweep.generate()
        page.reload()
        followed = page.locator("#clip_skip_lab_from_txt2img .clip-skip-lab-elsewhere")
        expect(followed.locator("strong")).to_have_text(re.compile(r"^[1-5] of 6 cells"), timeout=120_000)
        followed.get_by_role("button", name="Stop").click()
        report = followed.locator(".clip-skip-lab-result")
        expect(report).to_contain_text("of 6 done", timeout=120_000)
        done = int(re.search(r"(\d+) of 6 done", report.inner_text())[1])
        assert 1 <= done < 6
        told = client.http.get(f"{ROUTES}/elsewhere").json()
        assert told["report"]["done"] == done
