"""A WebUI without this extension: each cell is a generation of its own, with clip skip as an override."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from ..errors import InvalidInput
from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from ..sweep.axes import AxisValues
from ..sweep.grid import sheet_size
from ..sweep.plan import Cell, SweepPlan, read_plan
from ..sweep.plan_keys import AXIS_FIELDS
from ..sweep.record import DONE, FAILED, NOT_RUN
from .answers import NotDone, Refused
from .encoded import bytes_and_format
from .exchange import NO_EXTENSION, AxisTold, Described, Given, GivenCell, GivenPicture, Job, Task
from .http import Http
from .plain_axes import CHECKPOINT_NAME, VAE_AXIS, check_label, plain_axes
from .plain_facts import OWN_SCHEDULE, Checkpoint, Facts
from .plain_label import untruth
from .plain_request import as_before, body_of_cell, first_size, overrides_of, pictures_of, setting_of, size_of
from .session import plan_told

HIGHEST = 12
"""How far the setting's slider goes, and SD1's layers. How many the loaded model has is not told."""


class _Unusable(Exception):
    """An answer whose pictures cannot be used; the one argument says why."""


class PlainWebUI:
    """See `WebUI`."""

    def __init__(self, http: Http):
        self.address = http.address
        self._http = http
        self._kept_settings = False
        self._interrupted = threading.Event()

    def describe(self, job: Job) -> Described:
        """See `WebUI.describe`."""
        facts = Facts(self._http)
        request = as_before(job, facts)
        for letter, field in AXIS_FIELDS.items():
            given = job.plan.get(letter)
            check_label(given.get("axis") if isinstance(given, dict) else None, field, self.address.url)
        plan = read_plan(job.plan, plain_axes(request, facts), HIGHEST)
        self._refuse_what_needs_us(plan)
        facts.check_names(request)
        overrides = overrides_of(request)
        checkpoint = facts.chosen(overrides)
        width, height = size_of(request)
        pictures = pictures_of(request)
        notes = [NO_EXTENSION]
        if facts.options.get(OWN_SCHEDULE):
            notes.append(OWN_SCHEDULE_OFF)
        if not checkpoint.hash:
            notes.append(
                Text(
                    "{url} does not tell the hash of {checkpoint} until an image has been generated with it there.",
                    url=self.address.url,
                    checkpoint=checkpoint.title,
                )
            )
        return Described(
            plan=plan.to_json(),
            typed=plan.typed(),
            axes={letter: _told(axis) for letter, axis in plan.further_axes()},
            about=facts.about,
            program="",
            computes=facts.computes,
            model={"name": checkpoint.name, "hash": checkpoint.hash, "vae": facts.vae(overrides)},
            setting=setting_of(request, plan, facts),
            fingerprint=facts.fingerprint(overrides),
            files=_files_of(plan, facts),
            pictures=pictures,
            cell_size=sheet_size((width, height), pictures),
            notes=tuple(notes),
        )

    def cells(self, task: Task) -> Given:
        """See `WebUI.cells`. A cell whose generation fails, or whose picture says something else than what was asked
        for, is a failed one; the others go on."""
        self._interrupted.clear()
        facts = Facts(self._http)
        self._keep_settings(task, facts)
        plan = plan_told(task.described)
        cells = plan.cells()
        given = [self._cell(cells[index], plan, task, facts) for index in task.cells]
        # Asked when all is done: somebody may have changed options meanwhile.
        return Given(given, fingerprint=Facts(self._http).fingerprint(overrides_of(as_before(task.job, facts))))

    def interrupt(self) -> None:
        """See `WebUI.interrupt`."""
        self._interrupted.set()
        self._http.interrupt()

    def _refuse_what_needs_us(self, plan: SweepPlan) -> None:
        """Raises `InvalidInput` for what a WebUI does only with this extension."""
        problem = Text("needs Clip Skip Lab, which {url} lacks", url=self.address.url)
        for value in plan.clip_skip:
            if not isinstance(value, int):
                allowed = Text("whole numbers from 1 to {highest}", highest=HIGHEST)
                raise InvalidInput(Text("Clip skip values"), value, allowed, problem)
        if plan.mode != "exact":
            raise InvalidInput("mode", plan.mode, Text('"exact"'), problem)
        if plan.draft:
            raise InvalidInput("draft", True, Text("false"), problem)
        for key, asked in plan.layer_request.to_json().items():
            raise InvalidInput(key, asked, Text("a plan without it"), problem)

    def _keep_settings(self, task: Task, facts: Facts) -> None:
        """Sets the settings that are overridden to what they are, once. The host puts an override back only where the
        setting stands in its config.json (modules/processing.py, `process_images`); else the first one would stay."""
        if self._kept_settings:
            return
        keys = {OPTION_KEY, *overrides_of(as_before(task.job, facts))}
        labels = {axis.label for axis in task.described.axes.values()}
        keys |= {key for label, key in ((CHECKPOINT_NAME, CHECKPOINT), (VAE_AXIS, VAE)) if label in labels}
        kept = {key: facts.options[key] for key in sorted(keys) if facts.options.get(key) is not None}
        kept[OPTION_KEY] = int(kept.get(OPTION_KEY, 1))  # the API tells 1.0, with which every generation would fail
        self._http.post("/sdapi/v1/options", kept)
        self._kept_settings = True

    def _cell(self, cell: Cell, plan: SweepPlan, task: Task, facts: Facts) -> GivenCell:
        if self._interrupted.is_set():
            return GivenCell(cell.index, NOT_RUN, Text("interrupted"), None)
        body = body_of_cell(cell, plan, task, facts)
        started = time.perf_counter()
        try:
            answer = self._http.post(f"/sdapi/v1/{task.job.tab}", body)
            seconds = time.perf_counter() - started
            if self._interrupted.is_set() or self._was_broken_off():
                return GivenCell(cell.index, NOT_RUN, Text("interrupted"), None)
            pictures = self._pictures(answer, cell, plan, body, task, facts)
        except _Unusable as error:
            return GivenCell(cell.index, FAILED, error.args[0], time.perf_counter() - started)
        except (NotDone, Refused) as error:
            reason = error.reason if isinstance(error, NotDone) else error.detail
            return GivenCell(cell.index, FAILED, reason, time.perf_counter() - started)
        return GivenCell(cell.index, DONE, None, seconds, pictures)

    def _was_broken_off(self) -> bool:
        """Whether somebody interrupted or skipped the last generation there: its picture is half sampled, and the
        answer does not say so."""
        progress = self._http.get("/sdapi/v1/progress", skip_current_image="true")
        state = progress.get("state") if isinstance(progress, dict) else None
        if not isinstance(state, dict):
            raise self._http.unreadable()
        return any(state.get(key) for key in ("interrupted", "skipped", "stopping_generation"))

    def _pictures(
        self, answer: Any, cell: Cell, plan: SweepPlan, body: dict[str, Any], task: Task, facts: Facts
    ) -> list[GivenPicture]:
        """The pictures of an answer, without grids before them and what other extensions put behind them. Raises
        `_Unusable` where they are not what was asked for, and `Gone` for what is no answer."""
        count = pictures_of(body)
        try:
            info = json.loads(answer["info"])
            first = int(info.get("index_of_first_image") or 0)
            images, infotexts = answer["images"][first:], info["infotexts"][first:]
            if min(len(images), len(infotexts)) < count or (len(images) > count and body.get("mask")):
                problem = Text("{given} images came, but {count} were requested", given=len(images), count=count)
                raise _Unusable(problem)
            files = [bytes_and_format(image) for image in images[:count]]
            pictures = [
                GivenPicture(
                    place=place,
                    data=files[place][0],
                    format=files[place][1],
                    infotext=infotexts[place],
                    seed=int(info["all_seeds"][place]),
                    subseed=int(info["all_subseeds"][place]),
                    prompt=str(info["all_prompts"][place]),
                )
                for place in range(count)
            ]
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise self._http.unreadable() from error
        checkpoint = _checkpoint_of(body, task.described, facts)
        values = {axis.axis.label: axis.values[getattr(cell, letter)] for letter, axis in plan.further_axes()}
        for picture in pictures:
            # Pictures of one generation have seeds of their own, unless they vary one seed (`process_images_inner`).
            seed = body["seed"] + (0 if body.get("subseed_strength") else picture.place)
            told = values if picture.place == 0 else {key: value for key, value in values.items() if key != "Var. seed"}
            untrue = untruth(picture.infotext, int(cell.clip_skip), seed, first_size(body), checkpoint, told)
            if untrue is not None:
                raise _Unusable(untrue)
        return pictures


OWN_SCHEDULE_OFF = Text(
    "The WebUI's own “Dynamic clip skip ramp” was switched off here: it would change clip skip from step to step, "
    "whatever is set."
)


def _files_of(plan: SweepPlan, facts: Facts) -> dict[str, str]:
    return {
        f"{axis.axis.label} {place}": facts.checkpoint(value).hash
        for _, axis in plan.further_axes()
        if axis.axis.label == CHECKPOINT_NAME
        for place, value in enumerate(axis.values, 1)
    }


def _checkpoint_of(body: dict[str, Any], described: Described, facts: Facts) -> Checkpoint:
    """The checkpoint that a picture has to be of."""
    asked = body["override_settings"].get(CHECKPOINT)
    if asked:
        return facts.checkpoint(asked)
    return Checkpoint(described.model["name"], described.model["name"], described.model["hash"], ())


def _told(axis: AxisValues) -> AxisTold:
    return AxisTold(axis.axis.label, axis.values, axis.labels, axis.axis.cost, axis.axis.carried)
