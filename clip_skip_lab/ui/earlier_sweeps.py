"""The panel's part for earlier sweeps: which one to continue, drafts, and the cells of one at full quality."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr
from modules.ui_components import ToolButton

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, counted
from ..sweep.plan_keys import NEW_SWEEP, PANEL_INPUTS
from ..sweep.resume import EarlierSweep, find_earlier, resumable
from .arguments import ResumeRequest, chosen_name
from .gradio_events import in_browser

log = logging.getLogger("clip_skip_lab")

REFRESH_SYMBOL = "\U0001f504"
"""The host's own sign for "look again"."""
DEFAULTS = {item.name: item.default for item in PANEL_INPUTS}


class EarlierSweeps:
    """The inputs of one tab that are about earlier sweeps, each of the name that its argument has."""

    def __init__(self, host: Host, is_img2img: bool, elem_id):
        """Creates the components in the current gradio context; `elem_id` names them as the host does."""
        self.host = host
        self.is_img2img = is_img2img
        with gr.Row():
            self.resume = gr.Dropdown(
                label="Continue an unfinished sweep",
                choices=self._unfinished(),
                value=NEW_SWEEP,
                elem_id=elem_id("clip_skip_lab_resume"),
            )
            again = ToolButton(
                value=REFRESH_SYMBOL, elem_id=elem_id("clip_skip_lab_resume_refresh"), tooltip="Look for sweeps again"
            )
            self.draft = gr.Checkbox(
                label="Draft first (half size, half the steps)",
                value=DEFAULTS["draft"],
                elem_id=elem_id("clip_skip_lab_draft"),
            )
        again.click(self.look_again, [self.resume], [self.resume], show_progress=False, queue=False)
        with gr.Row():
            self.chosen = gr.Dropdown(
                label="Cells to run at full quality (empty: all)",
                choices=[],
                value=[],
                visible=False,
                multiselect=True,
                interactive=True,
                elem_id=elem_id("clip_skip_lab_chosen"),
            )
            self.full = gr.Button("Run at full quality", visible=False, elem_id=elem_id("clip_skip_lab_full"))
        self.resume.change(self._on_resume, [self.resume], [self.chosen, self.full], show_progress=False, queue=False)
        tab = "img2img" if is_img2img else "txt2img"
        in_browser(self.full.click, f"() => clipSkipLabGenerate('{tab}')")

    def look_again(self, chosen: str) -> Any:
        """Lists the sweeps anew; what was chosen stays where it still can be."""
        choices = self._unfinished()
        still = chosen if chosen in choices else NEW_SWEEP
        return gr.update(choices=choices, value=still)

    def after_generation(self, chosen: str, draft: bool) -> tuple:
        """Once pictures are there: after a draft it is chosen, so that its cells can be run at full quality."""
        choices = self._unfinished()
        if draft and chosen == NEW_SWEEP and len(choices) > 1 and self._earlier(choices[1]).is_finished_draft:
            return gr.update(choices=choices, value=choices[1]), gr.update(value=False)
        return gr.update(choices=choices, value=NEW_SWEEP), gr.update()  # it has been resumed; next is a new one

    def describe(self, asked: ResumeRequest) -> Text:
        """What will happen with the sweep that is asked for. Raises `InvalidInput`."""
        earlier = self._earlier(asked.name)
        run = asked.next_run(earlier)
        if run.earlier is None:
            cells = _cells(len(run.request.get("cells") or earlier.content["cells"]))
            return Text(
                "Runs {cells} of the draft {name} at full size with all steps, its prompt and seed.",
                cells=cells,
                name=asked.name,
            )
        return Text(
            "Continues {name}, with the prompt and all settings that it was begun with. {done} of {cells} are done.",
            name=asked.name,
            done=earlier.done,
            cells=_cells(len(earlier.content["cells"])),
        )

    def _unfinished(self) -> list[str]:
        try:
            found = resumable(self.host.grid_folder(self.is_img2img))
        except Exception:  # whatever is on disk, the panel is built: without it the WebUI does not start
            log.exception("Clip skip sweep: the sweeps on disk could not be listed")
            found = []
        return [NEW_SWEEP, *(label for _, label in found)]

    def _earlier(self, choice: object) -> EarlierSweep:
        return find_earlier(self.host.grid_folder(self.is_img2img), chosen_name(choice))

    def _on_resume(self, name: str) -> tuple:
        try:
            earlier = None if name in ("", NEW_SWEEP) else self._earlier(name)
        except InvalidInput as error:  # the line under the panel says so, too
            log.warning("Clip skip sweep: %s", error)
            earlier = None
        if earlier is None or not earlier.is_finished_draft:
            return gr.update(choices=[], value=[], visible=False), gr.update(visible=False)
        return gr.update(choices=earlier.cell_names(), value=[], visible=True), gr.update(visible=True)


def _cells(number: int) -> Text:
    return counted(number, "{n} cell", "{n} cells")
