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
from ..library.listing import Library
from ..library.query import Query
from ..sweep.library import find_sweep
from ..sweep.resume import EarlierSweep, find_earlier
from ..sweep.summary import one_line
from ..sweep.values import unique
from .earlier_sweeps import REFRESH_SYMBOL
from .gradio_events import before

log = logging.getLogger("clip_skip_lab")

COMPARED = Text("Sweeps to compare")
MOST = 100
"""How many sweeps are offered, the newest ones."""
PROMPT = 60
"""How many letters of a name or prompt a line has."""


class ComparePart:
    """The part of the tab, made in the current gradio context."""

    def __init__(self, host: Host, library: Library):
        self.host, self.library = host, library
        gr.HTML("<h3>Compare two sweeps</h3>", elem_id="clip_skip_lab_compare_title")
        with gr.Row():
            self.sweeps = [
                gr.Dropdown(label=label, choices=[], value=None, elem_id=f"clip_skip_lab_compare_{number}")
                for number, label in (("one", "First sweep"), ("other", "Second sweep"))
            ]
            again = ToolButton(
                value=REFRESH_SYMBOL, elem_id="clip_skip_lab_compare_refresh", tooltip="Refresh the lists of sweeps"
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
        script = before("() => [window.clipSkipLabPair]")
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
        for folder in self.library.folders():
            with contextlib.suppress(FileNotFoundError):
                find_sweep([folder], name)
                return find_earlier(folder, name)
        return find_earlier(self.host.grid_folder(False), name)  # which says that it isn't there

    def _line_or_name(self, name: str) -> str:
        try:
            entry = self.library.entry(find_sweep(self.library.folders(), name))
        except (InvalidInput, FileNotFoundError):  # comparing says why
            return name
        return name if "problem" in entry else _line(entry, self.host.language())

    def _choices_or_none(self) -> list[str]:
        try:
            entries = self.library.listing(Query(limit=MOST))["sweeps"]
        except Exception:  # whatever is on disk, the other sweeps can be compared
            log.exception("Clip skip sweep: the sweeps on disk could not be listed")
            return []
        language = self.host.language()
        return [_line(entry, language) for entry in entries if "problem" not in entry]


def _line(entry: dict[str, Any], language: str) -> str:
    """A sweep of the library: name or prompt, time, tab, and at the end the id to find it by."""
    called = one_line(entry["name"] or entry["prompt"], PROMPT) or translated(Text("(no prompt)"), language)
    cells = translated(Text("{done} of {count} cells", done=entry["done"], count=entry["cells"]), language)
    return f"{called} · {_time(entry['created'])} · {entry['tab']}, {cells} · {entry['id']}"


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
        raise InvalidInput(COMPARED, names, Text("sweep folders that were not changed"), problem) from error
