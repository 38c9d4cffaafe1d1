"""The host's page, and pages of sweeps on disk, each written once for all tests; who changes one works on a copy."""

from __future__ import annotations

import pytest

from tests.browser.folder_page import HOSTILE, all_drawn
from tests.browser.sweep_page import SweepPage
from tests.helpers.client import Client
from tests.helpers.painted import painted_sweep, plan_of


@pytest.fixture(scope="module")
def client(host_url):
    return Client(host_url)


@pytest.fixture
def txt2img(page, host_url):
    """The tab with the sweep's panel, for generations that take no time."""
    sweep = SweepPage(page, host_url)
    sweep.choose_script()
    sweep.set_small()
    return sweep


@pytest.fixture(scope="session")
def twelve(tmp_path_factory):
    """Clip skip 1 to 12, measured."""
    return painted_sweep(tmp_path_factory.mktemp("twelve"), plan_of("1-12"), measured=True, side=320)


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """12 × 4."""
    plan = plan_of("1-12", y=("CFG Scale", "3, 5, 7, 9"))
    return painted_sweep(tmp_path_factory.mktemp("table"), plan, measured=True, side=128, cells_at_once=12)


@pytest.fixture(scope="session")
def odd(tmp_path_factory):
    """Three axes and two pictures in each cell, clip skip 4 failed, and hostile words everywhere."""
    words = ["<b onclick=window.hacked=1>bold</b>", "שלום עולם", '"x" #1 100%']
    plan = plan_of("1-5", y=("Prompt S/R", words), z=("Steps", "10, 20, 30"))
    name = "#{number} 100% ?a&b '猫' {seed}"
    return painted_sweep(
        tmp_path_factory.mktemp("odd"), plan, side=64, per_cell=2, fails=(4,), prompt=HOSTILE, name=name
    )


@pytest.fixture(scope="session")
def thousand(tmp_path_factory):
    """20 × 50."""
    plan = plan_of("1-20", y=("CFG Scale", "1-50"), highest=20)
    return painted_sweep(tmp_path_factory.mktemp("thousand"), plan, measured=True, side=32, cells_at_once=20)


@pytest.fixture
def open_page(page):
    """Opens the page of a folder; notes what it asks for in `page.asked`."""
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))

    def opened(folder, address="", drawn=True):
        page.goto((folder / "index.html").as_uri() + address)
        if drawn:
            all_drawn(page)
        return page

    yield opened
    outside = [url for url in page.asked if not url.startswith(("file:///", "data:", "blob:"))]
    assert outside == [], "requests to elsewhere"
