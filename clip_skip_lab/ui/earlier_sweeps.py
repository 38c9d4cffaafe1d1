"""The panel's part for earlier sweeps: one to continue, one to extend, drafts, and cells of one at full quality."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from modules.ui_components import ToolButton

from ..errors import InvalidInput
from ..hosts import Host
from ..language import Text, counted
from ..sweep.extend import EXTENDED, same_cells
from ..sweep.plan import SweepPlan, read_plan
from ..sweep.plan_keys import NEW_SWEEP, NOT_EXTENDED, PANEL_INPUTS, SCRIPT_TITLE, THIS_WEBUI
from ..sweep.record import DONE
from ..sweep.resume import RESUMED, EarlierSweep, find_earlier, label_of, offered
from .arguments import ExtendRequest, ResumeRequest, chosen_name
from .gradio_events import in_browser

log = logging.getLogger("clip_skip_lab")

REFRESH_SYMBOL = "\U0001f504"
"""The host's own sign for "look again"."""
DEFAULTS = {item.name: item.default for item in PANEL_INPUTS}
INFOTEXT = {item.name: item.infotext for item in PANEL_INPUTS if item.infotext is not None}
Field = tuple[Any, Callable[[dict], Any]]
"""A component, and what pasting an infotext makes of it; None leaves it alone."""


class EarlierSweeps:
    """The inputs of one tab that are about earlier sweeps, each of the name that its argument has."""

    def __init__(self, host: Host, is_img2img: bool, elem_id):
        """Creates the components in the current gradio context; `elem_id` names them as the host does."""
        self.host = host
        self.is_img2img = is_img2img
        self._completed: dict | None = None
        """The infotext that was completed last: each field asks for it."""
        unfinished, finished = self._choices()
        with gr.Row():
            self.resume = gr.Dropdown(
                label="Continue an unfinished sweep",
                choices=unfinished,
                value=NEW_SWEEP,
                elem_id=elem_id("clip_skip_lab_resume"),
            )
            self.extend = gr.Dropdown(
                label="Extend a finished sweep",
                choices=finished,
                value=NOT_EXTENDED,
                elem_id=elem_id("clip_skip_lab_extend"),
            )
            again = ToolButton(
                value=REFRESH_SYMBOL,
                elem_id=elem_id("clip_skip_lab_resume_refresh"),
                tooltip="Refresh the lists of sweeps",
            )
        self.draft = gr.Checkbox(
            label="Draft first (half size, half the steps)",
            value=DEFAULTS["draft"],
            elem_id=elem_id("clip_skip_lab_draft"),
        )
        both = [self.resume, self.extend]
        again.click(self.look_again, both, both, show_progress=False, queue=False)
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
        tab = "img2img" if is_img2img else "txt2img"
        in_browser(self.full.click, f"() => clipSkipLabGenerate('{tab}')")

    @property
    def inputs(self) -> list[Any]:
        """The components among the script's arguments."""
        return [self.resume, self.chosen, self.draft, self.extend]

    def connect(self, plan: list[Any], fields: list[Field]) -> None:
        """Lets what is chosen here show in the rest of the panel, once that is there.

        Args:
            plan: the components that say what a new sweep is: they count for nothing while one is continued.
            fields: what an infotext makes of the panel's components. A sweep to extend fills them in.
        """
        counting = [self.chosen, self.full, *plan, self.draft]
        quiet: dict[str, Any] = {"show_progress": False, "queue": False}

        def on_choice(resume: str, extend: str) -> tuple:
            is_new = resume in ("", None, NEW_SWEEP)
            counts = [gr.update(interactive=is_new) for _ in plan]
            return *self._cells_of_draft(resume), *counts, gr.update(interactive=is_new and extend == NOT_EXTENDED)

        for component in (self.resume, self.extend):
            component.change(on_choice, [self.resume, self.extend], counting, **quiet)
        filled = [(component, pasted) for component, pasted in fields if component not in (self.resume, self.extend)]

        def on_extend(choice: str) -> tuple:
            params = {"Script": SCRIPT_TITLE, INFOTEXT["extend"]: chosen_name(choice)}
            if choice == NOT_EXTENDED or not self.complete(params):
                return tuple(gr.update() for _ in filled)
            return tuple(_update(pasted(params)) for _, pasted in filled)

        # Only for the user's own choice: pasting fills in by itself, and may say more than the sweep.
        self.extend.input(on_extend, [self.extend], [component for component, _ in filled], **quiet)

    @property
    def infotext_fields(self) -> list[Field]:
        """What pasting an infotext does to the lists: a sweep is chosen by its id, also where it isn't listed."""

        def chosen(name: str, nothing: str, params: dict) -> Any:
            if params.get("Script") != SCRIPT_TITLE:
                return None
            choices = self._choices()[0 if name == "resume" else 1]
            asked = chosen_name(params.get(INFOTEXT[name]) or nothing)
            found = next((choice for choice in choices if chosen_name(choice) == asked), None) or self._label(asked)
            return gr.update(choices=choices if found in choices else [*choices, found], value=found)

        return [
            (self.resume, lambda params: chosen("resume", NEW_SWEEP, params)),
            (self.extend, lambda params: chosen("extend", NOT_EXTENDED, params)),
        ]

    def complete(self, params: dict) -> bool:
        """Adds to an infotext that names a sweep to extend what that sweep's plan says, where it has nothing of that.
        Returns whether it could be done; where not, the line under the panel says why."""
        name = params.get(INFOTEXT["extend"])
        if params is self._completed:
            return True
        if params.get("Script") != SCRIPT_TITLE or not name or chosen_name(name) == NOT_EXTENDED:
            return False
        try:
            content = self._earlier(name).content
            axes = self.host.axes(self.host.preview(self.is_img2img, {}))
            plan = read_plan({**content["plan"], "draft": False}, axes, self.host.highest_clip_skip())
        except InvalidInput as error:
            log.warning("Clip skip sweep: %s", error)
            return False
        for key, text in {**plan.infotext(), **_typed(plan)}.items():
            params.setdefault(key, text)
        self._completed = params
        return True

    def look_again(self, resume: str, extend: str) -> tuple:
        """Lists the sweeps anew; what was chosen stays where it still can be."""
        unfinished, finished = self._choices()
        return (
            gr.update(choices=unfinished, value=resume if resume in unfinished else NEW_SWEEP),
            gr.update(choices=finished, value=extend if extend in finished else NOT_EXTENDED),
        )

    def after_generation(self, resume: str, draft: bool, extend: str, place: str = THIS_WEBUI) -> tuple:
        """Once pictures are there: after a draft it is chosen, so that its cells can be run at full quality."""
        unfinished, finished = self._choices()
        new = gr.update(choices=finished, value=NOT_EXTENDED)
        is_draft = (
            draft and place == THIS_WEBUI and resume == NEW_SWEEP and extend == NOT_EXTENDED and len(unfinished) > 1
        )
        if is_draft and self._earlier(unfinished[1]).is_finished_draft:
            return gr.update(choices=unfinished, value=unfinished[1]), gr.update(value=False), new
        return gr.update(choices=unfinished, value=NEW_SWEEP), gr.update(), new  # it has been run; next is a new one

    def describe(self, asked: ResumeRequest) -> Text:
        """What will happen with the sweep that is asked for. Raises `InvalidInput`."""
        earlier = self._earlier(asked.name)
        run = asked.next_run(earlier)
        if run.earlier is None:
            cells = _cells(len(run.request.get("cells") or earlier.content["cells"]))
            return Text(
                "Runs {cells} of the draft {name} at full size and with all steps; prompt and seed are the draft's.",
                cells=cells,
                name=asked.name,
            )
        return Text(
            "Continues {name} with the prompt and all settings it was started with. {done} of {cells} are done.",
            name=asked.name,
            done=earlier.done,
            cells=_cells(len(earlier.content["cells"])),
        )

    def describe_extension(self, request: Any, asked: ExtendRequest) -> list[Text]:
        """What will happen where a sweep is extended. Raises `InvalidInput`.

        Args:
            request: as the page would make it; it gets that sweep's settings.
            asked: what the panel asks.
        """
        earlier = self._earlier(asked.name, EXTENDED)
        self.host.restore(request, earlier.content["setting"])
        axes, highest = self.host.axes(request), self.host.highest_clip_skip()
        plan, then = asked.plan(earlier, axes, highest), read_plan(earlier.content["plan"], axes, highest)
        self.host.forecast(request, plan)
        same = same_cells(plan, self.host.rows(request, plan), then, self.host.rows(request, then))
        cells = earlier.content["cells"]
        there = sum(1 for place in same.values() if place < len(cells) and cells[place]["state"] == DONE)
        said = Text(
            "Extends {name}: {done} of {cells} are done, {rest} to run.",
            name=earlier.folder.name,
            done=there,
            cells=_cells(plan.size),
            rest=plan.size - there,
        )
        return [said, Text("Add values or an axis: there is nothing to run yet.")] if there == plan.size else [said]

    def _choices(self) -> tuple[list[str], list[str]]:
        """What the two lists offer: sweeps to continue, and sweeps to extend."""
        try:
            unfinished, finished = offered(self.host.grid_folder(self.is_img2img))
        except Exception:  # whatever is on disk, the panel is built: without it the WebUI does not start
            log.exception("Clip skip sweep: the sweeps on disk could not be listed")
            unfinished, finished = [], []
        return [NEW_SWEEP, *(label for _, label in unfinished)], [NOT_EXTENDED, *(label for _, label in finished)]

    def _earlier(self, choice: object, field: Text = RESUMED) -> EarlierSweep:
        return find_earlier(self.host.grid_folder(self.is_img2img), chosen_name(choice), field)

    def _label(self, name: str) -> str:
        """What the lists would call a sweep; of one that cannot be used, its name, for which the line under the panel
        then says why."""
        try:
            return label_of(self._earlier(name))
        except InvalidInput:
            return name

    def _cells_of_draft(self, resume: str) -> tuple:
        """The list of a draft's cells, and the button that runs them, where one is chosen."""
        try:
            earlier = None if resume in ("", None, NEW_SWEEP) else self._earlier(resume)
        except InvalidInput as error:  # the line under the panel says so, too
            log.warning("Clip skip sweep: %s", error)
            earlier = None
        if earlier is None or not earlier.is_finished_draft:
            return gr.update(choices=[], value=[], visible=False), gr.update(visible=False)
        return gr.update(choices=earlier.cell_names(), value=[], visible=True), gr.update(visible=True)


def _typed(plan: SweepPlan) -> dict[str, str]:
    """The numbers of a plan from `sweep.json` as a person types them, by the keys of their inputs in an infotext."""
    lists = {INFOTEXT["clip_skip"]: plan.clip_skip}
    lists |= {INFOTEXT[f"{letter}_values"]: axis.values for letter, axis in plan.further_axes()}
    return {key: _as_typed(values) for key, values in lists.items() if {*map(type, values)} <= {int, float}}


def _as_typed(numbers: tuple) -> str:
    """`1-12`, or `5, 7.5`."""
    exact = [int(number) if number == int(number) else number for number in numbers]
    if len(exact) > 1 and exact == [*range(int(exact[0]), int(exact[0]) + len(exact))]:
        return f"{exact[0]}-{exact[-1]}"
    return ", ".join(map(str, exact))


def _update(pasted: Any) -> Any:
    """What pasting makes of a component, as an event says it."""
    if pasted is None or isinstance(pasted, dict):
        return gr.update() if pasted is None else pasted
    return gr.update(value=pasted == "True" if pasted in ("True", "False") else pasted)


def _cells(number: int) -> Text:
    return counted(number, "{n} cell", "{n} cells")
