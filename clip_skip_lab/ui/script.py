"""The script "Clip skip sweep": the host's hooks on one side, the sweep on the other."""

from __future__ import annotations

import logging
import time
from typing import Any

import gradio as gr
from modules import processing, scripts

from ..hosts import Host
from ..measure.of_run import SweepMeasures
from ..sweep.counterpart import find_counterpart
from ..sweep.extend import EXTENDED, Extension
from ..sweep.outcome import Outcome
from ..sweep.plan import SweepPlan, read_plan
from ..sweep.plan_keys import SCRIPT_TITLE, THIS_WEBUI
from ..sweep.record import DONE
from ..sweep.resume import RESUMED, EarlierSweep, find_earlier
from ..sweep.run import run_sweep
from .arguments import asked_place, extend_request, plan_from_arguments, resume_request
from .axis_values import PAGE_FIELDS
from .gradio_events import RESULT, in_browser
from .layer_panel import inputs_of_layer_panel
from .panel import Panel
from .part import part_of_sweep
from .result import Said, result_of
from .run_on import RunOn

log = logging.getLogger("clip_skip_lab")

FORECAST_FIELDS = {
    "prompt": "prompt",
    "neg_prompt": "negative_prompt",
    "sampling": "sampler_name",
    "steps": "steps",
    "width": "width",
    "height": "height",
    "batch_count": "n_iter",
    "batch_size": "batch_size",
    "hr-checkbox": "enable_hr",
    "hr_scale": "hr_scale",
    "hires_steps": "hr_second_pass_steps",
    "hr_resize_x": "hr_resize_x",
    "hr_resize_y": "hr_resize_y",
    "denoising_strength": "denoising_strength",
}
"""The page's components that decide what a sweep amounts to: end of the element id, field of the request."""

TXT2IMG_ONLY = ("enable_hr", "hr_scale", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y")


def make_script(host: Host) -> type[scripts.Script]:
    """The script's class for this host. The host finds it in the script file's names and makes one for each tab.

    What the host calls: `title`; `ui`, when the page is built; `after_component`, for each of its components, before
    and after; `run`, for each generation with this script.
    """

    run_on = RunOn(host)

    class ClipSkipSweep(scripts.Script):
        """One for txt2img, one for img2img."""

        def __init__(self) -> None:
            self.panel: Panel | None = None
            self.page_inputs: dict[str, Any] = {}
            """The page's components by the fields of a request that they fill."""
            self.current: dict[str, Any] = {}
            """Those whose values an axis may begin with, by `PAGE_FIELDS`."""
            self.script_list: Any = None

        def title(self) -> str:
            return SCRIPT_TITLE

        def ui(self, is_img2img: bool) -> list[Any]:
            self.panel = Panel(host, run_on, is_img2img, self.elem_id)
            self.infotext_fields = self.panel.infotext_fields
            return self.panel.inputs

        def after_component(self, component: Any, **kwargs: Any) -> None:
            """Collects the page's inputs as they are made; the log line under the gallery is the last of a tab."""
            tab = "img2img" if self.is_img2img else "txt2img"
            elem_id = kwargs.get("elem_id") or ""
            name = elem_id.removeprefix(f"{tab}_")
            if name in PAGE_FIELDS and name != elem_id:
                self.current[PAGE_FIELDS[name]] = component
            field = FORECAST_FIELDS.get(name)
            if field and not (self.is_img2img and field in TXT2IMG_ONLY):
                self.page_inputs[field] = component
            elif elem_id == "script_list":
                self.script_list = component
            elif elem_id == f"html_log_{tab}" and self.panel is not None:
                self.panel.follow_page(self.current)
                self._forecast_at_every_change(self.panel)
                if not self.is_img2img:
                    self._filled_by_lens(self.panel)
            if elem_id == f"{RESULT}_{tab}" and self.panel is not None:
                self._look_again_after_generations(self.panel, component)

        def _forecast_at_every_change(self, panel: Panel) -> None:
            names = list(self.page_inputs)
            inputs = [*self.page_inputs.values(), *panel.inputs, *inputs_of_layer_panel(self.is_img2img)]
            panels = len(names) + len(panel.inputs)

            def describe(*values: Any) -> str:
                fields = dict(zip(names, values, strict=False))
                return panel.describe(fields, values[len(names) : panels], values[panels:])

            for component in [self.script_list, *inputs]:
                component.change(describe, inputs, [panel.forecast], show_progress=False, queue=False)

        def _filled_by_lens(self, panel: Panel) -> None:
            """A button that nobody sees, by which the lens's script fills in the tab without asking the host
            (javascript/clip_skip_lab_lens_sweep.js, whose `FILLED` has the same order)."""
            button = gr.Button("Sweep this prompt", elem_id="clip_skip_lab_lens_fill", visible=False)
            prompts = [self.page_inputs["prompt"], self.page_inputs["negative_prompt"]]
            filled = [*prompts, self.script_list, panel.clip_skip, panel.draft, panel.resume, panel.extend]
            in_browser(button.click, "() => clipSkipLabLensFill", outputs=filled)

        def _look_again_after_generations(self, panel: Panel, result: Any) -> None:
            choices = [panel.resume, panel.draft, panel.extend]
            told = [*choices, panel.run_on]
            result.change(panel.earlier.after_generation, told, choices, show_progress=False, queue=False)

        def run(self, p: Any, *arguments: Any) -> processing.Processed:
            """Runs the sweep that the arguments ask for. For the API, every error is an HTTP answer."""
            try:
                place = asked_place(arguments)
                if place != THIS_WEBUI:
                    return run_on.run(p, arguments, place)
                return part_of_sweep(host, p, arguments) or self._sweep(p, arguments)
            except Exception as error:
                return host.failed(p, error)

        def _sweep(self, p: Any, arguments: tuple[Any, ...]) -> processing.Processed:
            plan, earlier, draws = self._asked(p, arguments)
            language = host.language(p.is_api)
            with host.session(p, plan) as session:
                measures = SweepMeasures(session, language)
                started = time.perf_counter()
                outcome = run_sweep(plan, session, host.about, earlier, draws, measures if plan.measures else None)
                if earlier is None:
                    self._learn(session.work, outcome, time.perf_counter() - started)
                told = Said(tuple(session.comments), None if p.is_api else self._counterpart(outcome))
                return result_of(p, outcome, measures, told, language)

        def _learn(self, work: dict[str, float], outcome: Outcome, seconds: float) -> None:
            """Remembers how long a sweep took of which every cell was run, for the next forecast."""
            record = outcome.record
            if record.state != "finished" or record.count(DONE) < len(record.cells):
                return
            try:
                host.speeds.learn(work, seconds)
            except OSError as error:
                log.warning("Clip skip sweep: how long it took could not be remembered (%s)", error)

        def _counterpart(self, outcome: Outcome) -> dict[str, str] | None:
            """The sweep of the same in the other tab; whatever is on disk, the sweep that has run is not lost to it."""
            try:
                return find_counterpart(outcome.to_json(), host.grid_folder(not self.is_img2img))
            except Exception:
                log.exception("Clip skip sweep: the sweeps on disk could not be looked through")
                return None

        def _asked(self, p: Any, arguments: tuple[Any, ...]) -> tuple[SweepPlan, EarlierSweep | Extension | None, Any]:
            """What the arguments ask for: the plan, the earlier sweep that it belongs to, and what was drawn for that.
            The request gets that one's settings, and its model is loaded."""
            resumed, extended = resume_request(arguments), extend_request(arguments)
            asked = resumed or extended
            if asked is None:
                host.load(p)
                return plan_from_arguments(arguments, host.axes(p), host.highest_clip_skip()), None, None
            found = find_earlier(p.outpath_grids, asked.name, EXTENDED if extended else RESUMED)
            host.restore(p, found.content["setting"])
            host.load(p)
            axes, highest = host.axes(p), host.highest_clip_skip()
            if extended is not None:
                plan, then = extended.plan(found, axes, highest), read_plan(found.content["plan"], axes, highest)
                return plan, Extension(found, then), None
            assert resumed is not None
            run = resumed.next_run(found)
            return read_plan(run.request, axes, highest), run.earlier, found.draws()

    return ClipSkipSweep
