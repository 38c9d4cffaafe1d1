"""Comparing two sweeps, in the tab "Clip skip sweeps": two lists, a button, a sentence and a chart.

The lists are filled when the tab is shown (javascript/clip_skip_lab_library.js), so that a page is built without
reading a sweep. They have the newest sweeps; the library's own buttons choose any two.
"""

from __future__ import annotations

import contextlib
import html
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gradio as gr
from modules.ui_components import ToolButton

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, listed, translated
from ..sweep.library import kind_of, listed_folders
from ..sweep.resume import EarlierSweep, find_earlier
from ..sweep.summary import one_line
from ..sweep.values import unique
from .gradio_events import IS_4
from .panel import REFRESH_SYMBOL

log = logging.getLogger("clip_skip_lab")

COMPARED = Text("Sweeps to compare")
MOST = 100
"""How many sweeps are offered, the newest ones."""
PROMPT = 60
"""How many letters of a prompt a line has."""


class ComparePart:
    """The part of the tab, made in the current gradio context."""

    def __init__(self, host: Host):
        self.host = host
        gr.HTML("<h3>Compare two sweeps</h3>", elem_id="clip_skip_lab_compare_title")
        with gr.Row():
            self.sweeps = [
                gr.Dropdown(label=label, choices=[], value=None, elem_id=f"clip_skip_lab_compare_{number}")
                for number, label in (("one", "One sweep"), ("other", "Another sweep"))
            ]
            again = ToolButton(
                value=REFRESH_SYMBOL, elem_id="clip_skip_lab_compare_refresh", tooltip="Look for sweeps again"
            )
        button = gr.Button("Compare", variant="primary", elem_id="clip_skip_lab_compare")
        answer = gr.HTML(elem_id="clip_skip_lab_compare_answer", elem_classes=["clip-skip-lab-forecast"])
        chart = gr.Image(
            label="Chart", type="pil", interactive=False, visible=False, elem_id="clip_skip_lab_compare_chart"
        )
        again.click(self.look_again, [], self.sweeps, show_progress=False, queue=False)
        button.click(self.compare, self.sweeps, [answer, chart])
        pair = gr.Button("Compare these two", elem_id="clip_skip_lab_compare_pair", visible=False)
        names = gr.Textbox(visible=False)
        script = {"js" if IS_4 else "_js": "() => [window.clipSkipLabPair]"}
        chosen = pair.click(self.choose, [names], self.sweeps, show_progress=False, queue=False, **script)
        chosen.then(self.compare, self.sweeps, [answer, chart])

    def look_again(self) -> list[Any]:
        """Lists the sweeps anew."""
        return [gr.update(choices=self._choices_or_none()) for _ in self.sweeps]

    def choose(self, names: str) -> list[Any]:
        """Chooses two sweeps of the library, which may be older than those that are listed.

        Args:
            names: a JSON list of their names.
        """
        lines = [self._line_or_name(name) for name in json.loads(names)]
        choices = unique([*lines, *self._choices_or_none()])
        return [gr.update(choices=choices, value=line) for line in lines]

    def compare(self, one: str | None, other: str | None) -> tuple[str, Any]:
        """The sentence as HTML, and the chart; or what is wrong."""
        from ..measure.charts import comparison_chart  # slow to import, and not needed before
        from ..measure.compare import compare

        language = self.host.language()
        try:
            if name_in(one) and name_in(one) == name_in(other):
                raise InvalidInput(COMPARED, name_in(one), Text("two different sweeps"), Text("is chosen twice"))
            contents = [self._measured(name, language) for name in (one, other)]
            names = listed([name_in(one), name_in(other)])
            found = _sound(lambda: compare(*contents), names)
            chart = _sound(lambda: comparison_chart(found, language, self.host.font()), names)
        except InvalidInput as error:
            problem = html.escape(error.in_language(language))
            return f'<p class="clip-skip-lab-problem" role="alert">{problem}</p>', gr.update(visible=False)
        sentence = html.escape(translated(found.sentence, language))
        return f'<p role="status">{sentence}</p>', gr.update(value=chart, visible=True)

    def _measured(self, choice: str | None, language: str) -> dict[str, Any]:
        from ..measure.compare import is_measured
        from ..measure.folder import measure_folder

        earlier = self._find(name_in(choice))
        if earlier.content.get("state") == "running":  # its run writes the same file
            raise InvalidInput(COMPARED, earlier.folder.name, Text("a sweep that has ended"), Text("has not ended"))
        if is_measured(earlier.content):
            return earlier.content
        font = self.host.font()
        return _sound(lambda: measure_folder(earlier.folder, lang=language, font=font), earlier.folder.name)

    def _find(self, name: str) -> EarlierSweep:
        if not name:
            raise InvalidInput(COMPARED, "", Text("two sweeps"), Text("is not chosen yet"))
        first, second = self._folders()
        try:
            return find_earlier(first, name)
        except InvalidInput:
            return find_earlier(second, name)

    def _line_or_name(self, name: str) -> str:
        try:
            return _line(self._find(name), self.host.language())
        except InvalidInput:  # comparing says why
            return name

    def _folders(self) -> list[str]:
        return [self.host.grid_folder(is_img2img) for is_img2img in (False, True)]

    def _choices_or_none(self) -> list[str]:
        try:
            return self._choices()
        except Exception:  # whatever is on disk, the tab is made
            log.exception("Clip skip sweep: the sweeps on disk could not be listed")
            return []

    def _choices(self) -> list[str]:
        """The sweeps, the newest first: prompt and time, and at the end the name to find them by."""
        found, language = {}, self.host.language()
        for folder in self._folders():
            for name in [sweep.name for sweep in listed_folders([folder], MOST)]:
                with contextlib.suppress(InvalidInput):  # none of ours
                    earlier = find_earlier(folder, name)
                    found[name] = (str(earlier.content["created"]), _line(earlier, language))
        newest = sorted(found.values(), reverse=True)
        return [line for _, line in newest[:MOST]]


def _line(earlier: EarlierSweep, language: str) -> str:
    content = earlier.content
    prompt = one_line(content["setting"].get("prompt") or "", PROMPT) or translated(Text("(no prompt)"), language)
    time = _time(content["created"])
    cells = Text("{done} of {count} cells", done=earlier.done, count=len(content["cells"]))
    return f"{prompt} · {time} · {kind_of(content)}, {translated(cells, language)} · {earlier.folder.name}"


def _time(created: str) -> str:
    try:
        return datetime.fromisoformat(created).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return created[:16]


def name_in(choice: str | None) -> str:
    """The sweep's name from its line in a list: the end, whatever the prompt before it is. "" where there is none."""
    return str(choice or "").rpartition(" · ")[2]


def _sound(action: Callable[[], Any], names: str) -> Any:
    """What the action gives; a folder that was changed or cannot be written to becomes a sentence."""
    try:
        return action()
    except InvalidInput:
        raise
    except Exception as error:  # of numbers that a sweep does not write, all sorts
        log.exception("Clip skip sweep: %s cannot be measured or compared", names)
        reason = f"{type(error).__name__}: {error}"
        problem = Text("cannot be measured or compared ({reason})", reason=reason)
        raise InvalidInput(COMPARED, names, Text("folders that are as they were written"), problem) from error
