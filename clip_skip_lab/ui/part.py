"""A part of a sweep that is run elsewhere, for a client of the API: what the host gets back (docs/api.md)."""

from __future__ import annotations

import secrets
from typing import Any

from modules import processing

from ..hosts import Host
from ..sweep.axes import AxisValues
from ..sweep.encoded import compressed
from ..sweep.folder import finite
from ..sweep.part import PART, Part, PartDone, read_part, run_part
from ..sweep.plan import read_plan
from ..sweep.record import CellRecord
from ..sweep.session import Picture, Sampling

INSTANCE = secrets.token_hex(8)
"""Tells this WebUI from all others, whatever addresses it has."""


def part_of_sweep(host: Host, p: Any, arguments: tuple[Any, ...]) -> processing.Processed | None:
    """Runs the part that the arguments ask for; None where they ask for a whole sweep. Raises `InvalidInput`."""
    if not arguments or not isinstance(arguments[0], dict) or arguments[0].get(PART) is None:
        return None
    request = dict(arguments[0])
    part = read_part(request.pop(PART))
    if part.setting is not None:
        host.restore(p, part.setting)
    host.load(p)
    plan = read_plan(request, host.axes(p), host.highest_clip_skip())
    with host.session(p, plan) as session:
        files = {} if part.cells else host.files_used(p, plan)
        done = run_part(plan, session, host.about, part)
        return _result(p, host, session, done, part, files)


def _result(
    p: Any, host: Host, session: Sampling, done: PartDone, part: Part, files: dict[str, str]
) -> processing.Processed:
    pictures = done.pictures
    processed = processing.Processed(
        p,
        [_encoded(picture) for picture in pictures],
        seed=p.seed,
        subseed=p.subseed,
        info="",
        infotexts=[picture.infotext for picture in pictures],
    )
    told = {
        **_sweep_told(host, session, done, files),
        "cells": [_cell_told(entry, done) for entry in done.cells],
        "pictures": [_picture_told(picture) for picture in pictures],
        "infotext": session.grid_infotext() if part.cells and pictures else "",
    }
    processed.extra_generation_params = {**processed.extra_generation_params, "clip_skip_lab": finite(told)}
    processed.comments = "\n".join(session.comments)
    return processed


def _sweep_told(host: Host, session: Sampling, done: PartDone, files: dict[str, str]) -> dict[str, Any]:
    """What pictures depend on beside the request."""
    record = done.record
    plan = record.plan
    return {
        "instance": INSTANCE,
        "program": record.program,
        "host": host.about,
        "computes": host.computes(),
        "files": files,
        "model": record.model,
        "setting": record.setting,
        "fingerprint": record.fingerprint,
        "plan": plan.to_json(),
        "typed": plan.typed(),
        "axes": {letter: _axis_told(axis) for letter, axis in plan.further_axes()},
        "cell_size": list(session.cell_size),
        "cells_at_once": session.cells_at_once,
        "no_effect": session.no_effect,
        "notes": [*record.notes] or [*session.notes],
        "comments": [*session.comments],
        "text_encoder_forwards": session.text_encoder_forwards,
    }


def _axis_told(axis: AxisValues) -> dict[str, Any]:
    return {
        "label": axis.axis.label,
        "values": list(axis.values),
        "labels": list(axis.labels),
        "cost": axis.axis.cost,
        "carried": axis.axis.carried,
    }


def _cell_told(entry: CellRecord, done: PartDone) -> dict[str, Any]:
    told = {**entry.summary(), "index": entry.cell.index, "conditioning_change": entry.conditioning_change}
    draw = None if entry.drawn is None else done.record.draws[entry.drawn]
    return {**told, "draw": draw, "used": entry.used}


def _picture_told(picture: Picture) -> dict[str, Any]:
    told = {name: getattr(picture, name) for name in ("place", "seed", "subseed", "prompt")}
    return {"cell": picture.cell.index, **told}


def _encoded(picture: Picture) -> Any:
    """The picture with its metadata; as PNG it is compressed once, and fast."""
    image = compressed(picture.image)
    image.info["parameters"] = picture.infotext
    return image
