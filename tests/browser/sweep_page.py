"""The page as a person uses it for a sweep: one method per thing that is done or looked at."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.helpers.page_client import opened_page

LINES = """log => [...log.querySelectorAll('p, summary, small, .error')].filter(part => !part.querySelector('p'))
    .map(part => part.textContent.trim()).join('\\n')"""
"""What stands under a gallery, also behind "more", line by line; a function of the page."""
SMALL = {"steps": 2, "width": 64, "height": 64}


class SweepPage:
    """One tab (txt2img or img2img) of a host's page in a browser."""

    def __init__(self, page, url: str, tab: str = "txt2img", theme: str = "dark"):
        self.page, self.tab = page, tab
        opened_page(page, url, theme)
        if tab != "txt2img":
            self.open_tab(tab)

    def open_tab(self, name: str) -> None:
        """Clicks one of the tabs at the top."""
        self.page.locator("#tabs > .tab-nav > button").filter(
            has_text=re.compile(rf"^\s*{re.escape(name)}\s*$", re.IGNORECASE)  # Forge writes Txt2img
        ).click()

    def part(self, name: str):
        """A part of the panel, by the end of its element id."""
        # first: gradio gives one id to a component and to the block around it
        return self.page.locator(f"#{self.tab}_script_container [id$='clip_skip_lab_{name}']").first

    def choose(self, dropdown, text: str, shown: str | None = None) -> None:
        """Chooses from a dropdown by typing, as a person does in a long list; `shown` is how a page in another language
        shows it, where it does."""
        field = dropdown.locator("input").first
        field.click()
        field.fill(text)
        dropdown.locator("ul.options li, [role=option]").filter(
            has_text=re.compile(rf"^\W*({re.escape(text)}|{re.escape(shown or text)})\s*$")
        ).first.click()

    def choose_script(self, title: str = "Clip skip sweep", shown: str | None = None) -> None:
        """Chooses from the Script dropdown."""
        self.choose(self.page.locator(f"#{self.tab}_script_container #script_list"), title, shown)
        self.part("values").wait_for()

    def type_into(self, field, text: str) -> None:
        """Types into a field and leaves it."""
        field.fill(text)
        field.press("Tab")

    def set_number(self, name: str, value: float) -> None:
        """Sets a slider of the tab by its number field."""
        self.type_into(self.page.locator(f"#{self.tab}_{name} input[type=number]"), str(value))

    def set_small(self, prompt: str = "a cat") -> None:
        """A generation that takes no time."""
        self.type_into(self.page.locator(f"#{self.tab}_prompt textarea"), prompt)
        for name, value in SMALL.items():
            self.set_number(name, value)
        self.type_into(self.page.locator(f"#{self.tab}_seed input"), "7")

    def set_values(self, text: str) -> None:
        """Types the clip skip values."""
        self.type_into(self.part("values").locator("textarea, input").first, text)

    def forecast_becomes(self, pattern: str) -> str:
        """Waits until the line under the panel matches, and returns it."""
        line = self.part("forecast").locator("p").filter(has_text=re.compile(pattern)).first
        line.wait_for()
        return line.inner_text()

    def generate(self) -> None:
        """Presses Generate and waits for the end."""
        self.ends_after(self.page.locator(f"#{self.tab}_generate").click)

    def ends_after(self, action: Callable[[], object], tab: str | None = None) -> None:
        """Does what starts a generation, in this tab unless another is named, and waits for the end."""
        before = self.log_of(tab or self.tab)
        action()
        self.page.wait_for_function(
            "([id, before]) => { const log = document.getElementById(id), now = log.innerText;"
            f" if (({LINES})(log) === before || !now.includes('Time taken')) return false;"
            # gradio writes "0.1/23.0s" or "processing | 0.1/23.0s" before the old text while it works
            " if (/(^|\\|)\\s*[\\d.]+(\\/[\\d.]+)?s/.test(now)) return false;"
            " return !log.textContent.includes('clip-skip-sweeps') || log.querySelector('.clip-skip-lab-result') }",
            arg=[f"html_log_{tab or self.tab}", before],
            timeout=120_000,
        )

    @property
    def log(self) -> str:
        """What stands under the gallery: summary, time."""
        return self.log_of(self.tab)

    def log_of(self, tab: str) -> str:
        """What stands under a tab's gallery."""
        return self.page.locator(f"#html_log_{tab}").first.evaluate(LINES)

    @property
    def thumbnails(self):
        """The gallery's small pictures, in order."""
        return self.page.locator(f"#{self.tab}_gallery .thumbnails .thumbnail-item")

    def open_picture(self, number: int, holds: str) -> str:
        """Clicks a picture (from 0) in the gallery; waits until the infotext under it holds this, and returns it."""
        self.thumbnails.nth(number).click()
        self.page.wait_for_function(
            "([id, holds]) => { const text = document.getElementById(id).innerText;"
            " return text.includes(holds) && !text.includes('processing |') }",
            arg=[f"html_info_{self.tab}", holds],
        )
        return self.infotext

    @property
    def infotext(self) -> str:
        """What stands under the gallery about the picture that is open."""
        return self.page.locator(f"#html_info_{self.tab}").first.inner_text()

    def read_png_info(self, path) -> str:
        """Opens a file in the PNG Info tab and returns what it reads."""
        self.open_tab("PNG Info")
        info = self.page.locator("#tab_pnginfo")
        info.locator("input[type=file]").set_input_files(str(path))
        text = info.get_by_text("Steps:").first
        text.wait_for()
        return text.inner_text()

    def send_png_info_to(self, tab: str) -> None:
        """Presses "Send to …" in the PNG Info tab."""
        self.page.locator(f"#tab_pnginfo #{tab}_tab").click()
        self.page.locator(f"#{tab}_generate").wait_for()
