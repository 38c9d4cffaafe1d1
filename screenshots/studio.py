"""The browser, and the WebUIs that are started when the first image of them is taken."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.browser.chromium import find_chromium
from tests.helpers import page_client
from tests.helpers.client import Sweep
from tests.helpers.page_client import PageClient
from tests.minihost import launch

LOCALES = {"en": "en-US", "ja": "ja-JP"}
Size = tuple[int, int]
Shots = dict[str, Callable[[], object]]
"""By file name, what makes it."""


class WebUI:
    """A WebUI that runs.

    Attributes:
        url: its address.
        client: a client of it.
    """

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.client = PageClient(self.url)

    def checkpoint(self, part: str) -> str | None:
        """Its first checkpoint with this in its name, or None."""
        return next((title for title in self.client.checkpoints() if part in title.lower()), None)


class Studio:
    """What all images are taken with; a context manager.

    Attributes:
        folder: where the images go.
        made: sweeps that several images show, by a name of theirs.
        failed: what scripts of a page said in its console, or threw, while images were taken.
    """

    def __init__(self, folder: Path, webui: str | None = None):
        self.folder, self._given = folder, webui
        page_client.SECONDS = 240  # an image that is late is no failure
        self.failed: list[str] = []
        self.made: dict[str, Sweep] = {}
        self._open = ExitStack()

    def __enter__(self) -> Studio:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def browser(self) -> Browser:
        """Chromium."""
        playwright = self._open.enter_context(sync_playwright())
        # Glyphs as on other machines, not hinted for this one's screen.
        arguments = ["--no-sandbox", "--font-render-hinting=none", "--disable-dev-shm-usage"]
        return self._open.enter_context(playwright.chromium.launch(executable_path=find_chromium(), args=arguments))

    @cached_property
    def temporary(self) -> Path:
        """A folder for what is made on the way."""
        return Path(self._open.enter_context(tempfile.TemporaryDirectory()))

    def started(self, name: str, **settings: object) -> WebUI:
        """An embedded host with the small trained model, these settings, and a data folder of this name, which may have
        something in it."""
        folder = self.temporary / name
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        process = launch.Process(folder, [launch.REPO], ["--trained-model"])
        return WebUI(self._open.enter_context(process).url)

    @cached_property
    def webui(self) -> WebUI:
        """The WebUI that was named, or an embedded host."""
        return WebUI(self._given) if self._given else self.started("webui")

    @cached_property
    def japanese(self) -> WebUI:
        """An embedded host whose setting says that it speaks Japanese."""
        return self.started("japanese", localization="ja_JP")

    def speaking(self, language: str) -> WebUI:
        """The WebUI whose page is in a language."""
        return self.japanese if language == "ja" else self.webui

    @contextmanager
    def page(self, size: Size, language: str = "en", scheme: str = "dark", scale: float = 1) -> Iterator[Page]:
        """An empty page; what goes wrong in its scripts is noted in `failed`."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=LOCALES[language], color_scheme=scheme,
            device_scale_factor=scale,
        )  # fmt: skip
        context.on("page", self._listen)
        page = context.new_page()
        page.set_default_timeout(page_client.SECONDS * 1000)
        try:
            yield page
        finally:
            context.close()

    def _listen(self, page: Page) -> None:
        def note(error: Error) -> None:
            if "/assets/" not in (
                error.stack or ""
            ):  # gradio's own scripts, which stumble on AUTOMATIC1111 by themselves
                self.failed.append(f"{page.url}: {error}")

        page.on("pageerror", note)
