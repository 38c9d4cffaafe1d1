"""A running host, a client of its API and a browser, for all tests.

`WEBUI_URL` names a host that runs already (a real one, say); without it the embedded host is started.
"""

import os
import shutil
from urllib.parse import urlparse

import pytest

from tests.minihost import launch

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for the host in this process too; read when torch is imported

SHARED_HOSTS = ("faulty", "meddled")
"""Fixtures of hosts with another extension: one worker runs all tests that need the same, so that it starts once."""

STYLES = 'name,prompt,negative_prompt\n"soft, light",under a pale lamp,\nink,drawn with a pen,\n'
"""Styles of the embedded host: one's name has a comma."""


@pytest.hookimpl(tryfirst=True)  # before the workers read the marks
def pytest_collection_modifyitems(items):
    """What the workers of `make test` share out among them: whole files, and all tests of a shared host at once."""
    for item in items:
        hosts = [name for name in SHARED_HOSTS if name in item.fixturenames]
        item.add_marker(pytest.mark.xdist_group(hosts[0] if hosts else item.location[0]))


@pytest.fixture(scope="session")
def host_url(tmp_path_factory):
    """The address of a host with this repository as an extension."""
    if url := os.environ.get("WEBUI_URL"):
        yield url.rstrip("/")
        return
    folder = tmp_path_factory.mktemp("host")
    (folder / "styles.csv").write_text(STYLES, encoding="utf-8")
    with launch.Process(folder, [launch.REPO]) as process:
        yield process.url


def webuiapi_of(url):
    """The public client `webuiapi`, connected to a host."""
    import webuiapi

    parts = urlparse(url)
    return webuiapi.WebUIApi(host=parts.hostname, port=parts.port or 80, use_https=parts.scheme == "https")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """An embedded host with the throwaway extension of tests/helpers/extensions/probe.py, one per test file."""
    from tests.helpers.extensions import probe as probe_extension

    folder = tmp_path_factory.mktemp("probe")
    extension = probe_extension.write(folder / "source")
    with launch.Process(folder / "data", [extension], ["--probe-flag", "given"]) as process:
        yield process


@pytest.fixture(scope="module")
def probe_api(probe):
    return webuiapi_of(probe.url)


def _chromium():
    names = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail("Browser tests need Chromium: apt-get install -y chromium", pytrace=False)
    return path


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A container's shared memory is small and its user often root: Chromium needs both told.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=_chromium(), args=arguments)
        yield browser
        browser.close()


def _is_restart(message):
    """While Reload UI restarts the server, the page asks for it until it answers."""
    refused = "net::ERR_CONNECTION_" in message.text or "net::ERR_EMPTY_RESPONSE" in message.text
    return refused or message.location.get("url", "").endswith("/internal/ping")


def _is_from_elsewhere(message):
    """gradio's page asks for a script of its own from another server, which a machine without network lacks."""
    return message.location.get("url", "").startswith("https://cdnjs.cloudflare.com/")


def _is_hosts_own(error):
    """AUTOMATIC1111 v1.10.1 alone does this at each change of width or height: its `onCalcResolutionHires` returns
    seven values to an event without outputs, and gradio stumbles over the first."""
    return str(error) == "Cannot read properties of undefined (reading 'props')" and "/assets/Blocks-" in error.stack


@pytest.fixture
def page(browser):
    """An empty page; at the end of the test its console must hold no error and no exception."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)  # a machine may be slow: that is no failure
    problems = []

    def note(message):
        if message.type == "error" and not _is_restart(message) and not _is_from_elsewhere(message):
            problems.append(f"{message.text} ({message.location.get('url')})")

    page.on("console", note)
    page.on("pageerror", lambda error: _is_hosts_own(error) or problems.append(str(error)))
    yield page
    context.close()
    assert problems == [], "errors in the browser's console"
