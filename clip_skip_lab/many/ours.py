"""A WebUI with this extension: it is asked for parts of the sweep (docs/api.md, "A part of a sweep")."""

from __future__ import annotations

import json
from typing import Any

from ..sweep.part import PART
from .encoded import bytes_and_format
from .exchange import AxisTold, Described, Given, GivenCell, GivenPicture, Job, Task
from .http import Http

SCRIPT = "clip skip sweep"
"""The script's name, as the API knows it."""


class OursWebUI:
    """See `WebUI`."""

    def __init__(self, http: Http):
        self.address = http.address
        self._http = http

    def describe(self, job: Job) -> Described:
        """See `WebUI.describe`."""
        told, _, _ = self._part(job.tab, job.request, job.plan, {"setting": job.setting})
        try:
            axes = {letter: AxisTold(**_as_tuples(axis)) for letter, axis in told["axes"].items()}
            width, height = told["cell_size"]
            return Described(
                plan=told["plan"],
                axes=axes,
                about=told["host"],
                program=told["program"],
                model=told["model"],
                setting=told["setting"],
                fingerprint=told["fingerprint"],
                instance=str(told.get("instance", "")),
                typed=told["typed"],
                computes=told["computes"],
                files=told["files"],
                cell_size=(int(width), int(height)),
                cells_at_once=int(told["cells_at_once"]),
                no_effect=told["no_effect"],
                notes=tuple(told["notes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.unreadable() from error

    def cells(self, task: Task) -> Given:
        """See `WebUI.cells`."""
        described = task.described
        part = {"cells": [*task.cells], "setting": described.setting, "draws": task.draws}
        told, images, infotexts = self._part(
            task.job.tab, task.job.request, {**described.plan, **described.typed}, part
        )
        try:
            pictures = [
                (about["cell"], _picture(about, data, infotext))
                for about, data, infotext in zip(told["pictures"], images, infotexts, strict=True)
            ]
            cells = [_cell(cell, pictures) for cell in told["cells"]]
            given = Given(
                cells=cells,
                fingerprint=told["fingerprint"],
                infotext=told["infotext"],
                notes=told["notes"],
                comments=told["comments"],
                text_encoder_forwards=told["text_encoder_forwards"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.unreadable() from error
        if {cell.index for cell in cells} != {*task.cells}:
            raise self._http.unreadable()
        return given

    def interrupt(self) -> None:
        """See `WebUI.interrupt`."""
        self._http.interrupt()

    def _part(
        self, tab: str, request: dict[str, Any], plan: dict[str, Any], part: dict[str, Any]
    ) -> tuple[dict[str, Any], list[str], list[str]]:
        """What the WebUI tells of a part, its pictures as it encoded them, and their infotexts."""
        body = {**request, "script_name": SCRIPT, "script_args": [{**plan, PART: part}], "send_images": True}
        answer = self._http.post(f"/sdapi/v1/{tab}", body)
        try:
            info = json.loads(answer["info"])
            told = info["extra_generation_params"]["clip_skip_lab"]
            return told, answer["images"], info["infotexts"]
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.unreadable() from error


def _as_tuples(axis: dict[str, Any]) -> dict[str, Any]:
    values = tuple(tuple(value) if isinstance(value, list) else value for value in axis["values"])
    return {**axis, "values": values, "labels": tuple(axis["labels"])}


def _picture(about: dict[str, Any], data: str, infotext: str) -> GivenPicture:
    """A picture from the answer. Raises `ValueError` for what is none."""
    content, form = bytes_and_format(data)
    numbers = {name: int(about[name]) for name in ("place", "seed", "subseed")}
    return GivenPicture(data=content, format=form, infotext=infotext, prompt=str(about["prompt"]), **numbers)


def _cell(told: dict[str, Any], pictures: list[tuple[int, GivenPicture]]) -> GivenCell:
    given = {name: told[name] for name in ("state", "reason", "seconds", "draw", "used", "conditioning_change")}
    return GivenCell(index=told["index"], pictures=[kept for cell, kept in pictures if cell == told["index"]], **given)
