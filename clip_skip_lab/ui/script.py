"""The script "Clip skip sweep": the host's hooks on one side, the sweep on the other."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from modules import processing, scripts, shared
from PIL import Image

from ..errors import InvalidInput
from ..hosts import Host
from ..sweep.plan_keys import SCRIPT_TITLE
from ..sweep.record import DONE
from ..sweep.resume import find_earlier
from ..sweep.run import Outcome, run_sweep
from ..sweep.summary import summary
from .arguments import plan_from_arguments, resume_request
from .layer_panel import inputs_of_layer_panel
from .measures import Seen, language, measured
from .panel import Panel

log = logging.getLogger("clip_skip_lab")

WATCHED = {
    "prompt": "prompt",
    "neg_prompt": "negative_prompt",
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

CHART = {
    "en": "A chart of the clip skip sweep {}, not a picture. The grid brings the sweep back.",
    "ja": "Clip skip スイープ {} のグラフです。画像ではありません。スイープの設定はグリッドから戻せます。",
}

TXT2IMG_ONLY = ("enable_hr", "hr_scale", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y")


def make_script(host: Host) -> type[scripts.Script]:
    """The script's class for this host. The host finds it in the script file's names and makes one for each tab."""

    class ClipSkipSweep(scripts.Script):
        """One for txt2img, one for img2img."""

        def __init__(self):
            self.panel: Panel | None = None
            self.page: dict[str, Any] = {}
            self.chooser: Any = None

        def title(self) -> str:
            return SCRIPT_TITLE

        def ui(self, is_img2img: bool) -> list:
            self.panel = Panel(host, is_img2img, self.elem_id)
            self.infotext_fields = self.panel.infotext_fields
            return self.panel.inputs

        def after_component(self, component: Any, **kwargs: Any) -> None:
            """Collects the page's inputs as they are made; the log line under the gallery is the last of a tab."""
            tab = "img2img" if self.is_img2img else "txt2img"
            elem_id = kwargs.get("elem_id") or ""
            field = WATCHED.get(elem_id.removeprefix(f"{tab}_"))
            if field and not (self.is_img2img and field in TXT2IMG_ONLY):
                self.page[field] = component
            elif elem_id == "script_list":
                self.chooser = component
            elif elem_id == f"html_log_{tab}" and self.panel is not None:
                self._follow_changes(component)

        def _follow_changes(self, log_line: Any) -> None:
            panel, names = self.panel, list(self.page)
            own = len(names) + len(panel.inputs)
            inputs = [*self.page.values(), *panel.inputs, *inputs_of_layer_panel(self.is_img2img)]

            def describe(*values: Any) -> str:
                fields = dict(zip(names, values, strict=False))
                return panel.describe(fields, values[len(names) : own], values[own:])

            for component in [self.chooser, *inputs]:
                component.change(describe, inputs, [panel.forecast], show_progress=False, queue=False)
            log_line.change(
                panel.after_generation,
                [panel.resume, panel.draft],
                [panel.resume, panel.draft],
                show_progress=False,
                queue=False,
            )

        def run(self, p: Any, *arguments: Any) -> processing.Processed:
            try:
                return self._sweep(p, arguments)
            except InvalidInput as error:
                if not p.is_api:
                    raise
                # Only this kind passes the host's middleware as it is: with anyio 4 others become an ExceptionGroup.
                raise HTTPException(error.status_code, error.detail) from error
            except Exception as error:
                if not p.is_api:
                    raise
                log.exception("Clip skip sweep: failed outside its cells")
                raise HTTPException(500, f"{type(error).__name__}: {error}") from error

        def _sweep(self, p: Any, arguments: tuple) -> processing.Processed:
            earlier, draws = None, None
            asked = resume_request(arguments)
            if asked is not None:
                earlier = find_earlier(p.outpath_grids, asked.name)
                host.restore(p, earlier.content["setting"])
                request, earlier = asked.plan(earlier)
                draws = earlier.draws()
                arguments = (request,)
            host.load(p)
            plan = plan_from_arguments(arguments, host.axes(p), host.highest_clip_skip())
            with host.session(p, plan) as session:
                outcome = run_sweep(plan, session, host.about, p.is_api and plan.return_cells, earlier, draws)
                seen = measured(outcome, session, language()) if plan.measures else Seen()
                return _processed(p, session, outcome, seen)

    return ClipSkipSweep


def _processed(p: Any, session: Any, outcome: Outcome, seen: Seen) -> processing.Processed:
    """The host's own result: the grid first, then the pictures, the metadata of each at the same place.

    On the page, the charts are between the two; an API's client finds them in the folder.
    """
    record = outcome.record
    pictures = outcome.pictures if record.plan.return_cells else []
    grids = [_shown(image, path, record.infotext, p.is_api) for image, path in outcome.grids]
    charts = [] if p.is_api else seen.charts
    texts = [record.infotext] * len(grids) + [_chart_infotext(path, record.id, p.seed) for path in charts]
    grids += [_shown(None, path, text, False) for path, text in zip(charts, texts[len(grids) :], strict=True)]
    p.sd_model_name, p.sd_model_hash = record.model["name"], record.model["hash"] or None
    processed = processing.Processed(
        p,
        [*grids, *(_shown(kept.image, kept.path, kept.record.infotext, p.is_api) for kept in pictures)],
        seed=p.seed,
        subseed=p.subseed,
        info=record.infotext,
        index_of_first_image=len(grids),
        infotexts=texts + [kept.record.infotext for kept in pictures],
        all_seeds=[kept.record.seed for kept in pictures] or None,
        all_subseeds=[kept.record.subseed for kept in pictures] or None,
    )
    processed.extra_generation_params = {
        **processed.extra_generation_params,
        "clip_skip_lab": {
            "folder": str(outcome.folder),
            "state": record.state,
            "done": record.count(DONE),
            "cells": [cell.summary() for cell in record.cells],
            "text_encoder_forwards": record.text_encoder_forwards,
            "notes": record.notes,
            "problems": record.problems,
            "charts": [str(path) for path in seen.charts],
            "findings": seen.findings,
        },
    }
    processed.comments = "\n".join([*seen.findings, *summary(record, str(outcome.folder)), *session.comments])
    _tell_of_all(p, processed)
    return processed


def _chart_infotext(path: Path, sweep: str, seed: int) -> str:
    """What the gallery says under a chart: that it is one. It brings no picture's parameters back.

    A line of keys with a seed has to follow: the host's Save looks one up in the infotext of everything in the gallery
    and saves nothing where one has none (modules/ui_common.py, `save_files`).
    """
    return f"{CHART[language()].format(sweep)}\nSeed: {int(seed)}, Chart: {path.name}, Clip skip sweep: {sweep}"


def _tell_of_all(p: Any, processed: processing.Processed) -> None:
    """In a batch of img2img, the first sweep's result tells of the later ones too: the host shows no other's words
    (modules/img2img.py, `process_batch`, which runs the script for each picture with the same request)."""
    first = vars(p).setdefault("clip_skip_lab_first", processed)
    if first is not processed:
        first.comments = f"{first.comments}\n{processed.comments}"


def _shown(image: Image.Image | None, path: Any, infotext: str, in_memory: bool) -> Image.Image:
    """A picture for the answer. From a saved one the page only takes its path, so that it need not be in memory."""
    if image is None and in_memory:
        with Image.open(path) as file:
            image = file.copy()
    if image is None:
        image = Image.new("RGB", (1, 1))
    if path is not None:
        image.already_saved_as = str(path)
    if shared.opts.enable_pnginfo:
        image.info["parameters"] = infotext
    return image
