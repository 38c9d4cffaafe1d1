"""What the host gets back from a sweep: its own `Processed`, for the gallery and for an answer of the API."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from modules import processing, shared
from PIL import Image

from ..language import Text, translated
from ..sweep.outcome import Outcome
from ..sweep.record import DONE, SweepRecord
from ..sweep.summary import summary
from .measures import Measured


def result_of(
    p: Any, outcome: Outcome, measured: Measured, comments: Iterable[str], language: str
) -> processing.Processed:
    """The host's own result: the grid first, then the pictures, the metadata of each at the same place.

    On the page, the charts are between the two; an API's client finds them in the folder. Under the gallery stand the
    findings, how the sweep ran, and the `comments` of others.
    """
    record = outcome.record
    pictures = outcome.pictures if record.plan.return_cells else []
    charts = [] if p.is_api else measured.charts
    grids = [_picture(image, path, record.infotext, p.is_api) for image, path in outcome.grids]
    texts = [record.infotext] * len(grids) + [_chart_infotext(path, record.id, p.seed, language) for path in charts]
    grids += [_picture(None, path, text, False) for path, text in zip(charts, texts[len(grids) :], strict=True)]
    p.sd_model_name, p.sd_model_hash = record.model["name"], record.model["hash"] or None
    processed = processing.Processed(
        p,
        [*grids, *(_picture(saved.image, saved.path, saved.record.infotext, p.is_api) for saved in pictures)],
        seed=p.seed,
        subseed=p.subseed,
        info=record.infotext,
        index_of_first_image=len(grids),
        infotexts=texts + [saved.record.infotext for saved in pictures],
        all_seeds=[saved.record.seed for saved in pictures] or None,
        all_subseeds=[saved.record.subseed for saved in pictures] or None,
    )
    told = _told(record, outcome.folder, measured)
    processed.extra_generation_params = {**processed.extra_generation_params, "clip_skip_lab": told}
    lines = (translated(line, language) for line in summary(record, str(outcome.folder)))
    processed.comments = "\n".join([*measured.findings, *lines, *comments])
    _tell_of_all(p, processed)
    return processed


def _told(record: SweepRecord, folder: Path, measured: Measured) -> dict[str, Any]:
    """What an answer of the API says of the sweep."""
    return {
        "folder": str(folder),
        "state": record.state,
        "done": record.count(DONE),
        "cells": [cell.summary() for cell in record.cells],
        "text_encoder_forwards": record.text_encoder_forwards,
        "notes": record.notes,
        "problems": record.problems,
        "charts": [str(path) for path in measured.charts],
        "findings": measured.findings,
    }


def _chart_infotext(path: Path, sweep: str, seed: int, language: str) -> str:
    """What the gallery says under a chart: that it is one. It brings no picture's parameters back.

    A line of keys with a seed has to follow: the host's Save looks one up in the infotext of everything in the gallery
    and saves nothing where one has none (modules/ui_common.py, `save_files`).
    """
    chart = Text("A chart of the clip skip sweep {sweep}, not a picture. The grid brings the sweep back.", sweep=sweep)
    return f"{translated(chart, language)}\nSeed: {int(seed)}, Chart: {path.name}, Clip skip sweep: {sweep}"


def _tell_of_all(p: Any, processed: processing.Processed) -> None:
    """In a batch of img2img, the first sweep's result tells of the later ones too: the host shows no other's words
    (modules/img2img.py, `process_batch`, which runs the script for each picture with the same request)."""
    first = vars(p).setdefault("clip_skip_lab_first", processed)
    if first is not processed:
        first.comments = f"{first.comments}\n{processed.comments}"


def _picture(image: Image.Image | None, path: Path | None, infotext: str, in_memory: bool) -> Image.Image:
    """A picture for the answer. From a saved one the page only takes its path, so that it need not be in memory."""
    if image is None and path is not None and in_memory:
        with Image.open(path) as file:
            image = file.copy()
    if image is None:
        image = Image.new("RGB", (1, 1))
    if path is not None:
        image.already_saved_as = str(path)
    if shared.opts.enable_pnginfo:
        image.info["parameters"] = infotext
    return image
