"""What the host gets back from a sweep: its own `Processed`, for the gallery and for an answer of the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modules import processing, shared
from PIL import Image

from ..language import Text, translated
from ..measure.of_run import SweepMeasures
from ..sweep.encoded import FileImage
from ..sweep.outcome import Outcome
from ..sweep.record import DONE
from ..sweep.summary import for_page, summary


@dataclass(frozen=True)
class Said:
    """What others say of a sweep.

    Attributes:
        comments: those of the host and of other extensions.
        counterpart: the sweep of the same in the other tab, as {"id", "tab"}; None where there is none.
    """

    comments: tuple[str, ...] = ()
    counterpart: dict[str, str] | None = None


ON_PAGE = (1, 1)
"""The size of what stands for a picture that is in a file, where only its path counts."""


def result_of(p: Any, outcome: Outcome, measures: SweepMeasures, said: Said, language: str) -> processing.Processed:
    """The host's own result: the grid first, then the pictures, the metadata of each at the same place.

    On the page, the charts are between the two; an API's client finds them in the folder. Under the gallery stands
    how the sweep ran and what was found, as text; the page gets it in parts, too, for its own form of it
    (javascript/clip_skip_lab_links.js).
    """
    record = outcome.record
    pictures = outcome.pictures if record.plan.return_cells else []
    charts = [] if p.is_api else measures.charts
    of_charts = [_chart_infotext(path, record.id, p.seed, language) for path in charts]
    shown = [
        *((image, path, image.size, record.infotext) for image, path in outcome.grids),
        *((None, path, ON_PAGE, text) for path, text in zip(charts, of_charts, strict=True)),
        *((saved.image, saved.path, saved.size, saved.record.infotext) for saved in pictures),
    ]
    first = len(outcome.grids) + len(charts)
    p.sd_model_name, p.sd_model_hash = record.model["name"], record.model["hash"] or None
    processed = processing.Processed(
        p,
        [_picture(*each, p.is_api) for each in shown],
        seed=p.seed,
        subseed=p.subseed,
        info=record.infotext,
        index_of_first_image=first,
        infotexts=[infotext for *_, infotext in shown],
        all_seeds=[saved.record.seed for saved in pictures] or None,
        all_subseeds=[saved.record.subseed for saved in pictures] or None,
    )
    told = _told(outcome, measures)
    found = summary(record, str(outcome.folder))
    if not p.is_api:
        told["page"] = [_report(outcome, measures, said, language)]
    processed.extra_generation_params = {**processed.extra_generation_params, "clip_skip_lab": told}
    lines = (translated(line, language) for line in found.lines(measures.findings))
    processed.comments = "\n".join([*lines, *said.comments])
    _tell_of_all(p, processed)
    return processed


def without_pictures(p: Any, told: dict[str, Any], said: Sequence[str], language: str) -> processing.Processed:
    """The host's own result for the page where nothing was generated: sentences under the gallery, and what the page's
    script makes of `told` (javascript/clip_skip_lab_elsewhere.js)."""
    processed = processing.Processed(p, [])
    lines = [translated(line, language) for line in said]
    processed.extra_generation_params = {"clip_skip_lab": {"page": [{**told, "said": lines}]}}
    processed.comments = "\n".join([*lines, *filter(None, [told.get("command")])])
    _tell_of_all(p, processed)
    return processed


def _told(outcome: Outcome, measures: SweepMeasures) -> dict[str, Any]:
    """What an answer of the API says of the sweep."""
    record = outcome.record
    return {
        "folder": str(outcome.folder),
        "state": record.state,
        "done": record.count(DONE),
        "reused": outcome.reused,
        "cells": [cell.summary() for cell in record.cells],
        "text_encoder_forwards": record.text_encoder_forwards,
        "notes": record.notes,
        "problems": record.problems,
        "charts": [str(path) for path in measures.charts],
        "findings": measures.findings,
    }


def _report(outcome: Outcome, measures: SweepMeasures, said: Said, language: str) -> dict[str, Any]:
    """What the page says of a sweep, in the language: parts of a line, and sentences."""
    report = for_page(outcome.record, str(outcome.folder), measures.findings, language)
    return {**report, "notes": [*report["notes"], *said.comments], "counterpart": said.counterpart}


def _chart_infotext(path: Path, sweep: str, seed: int, language: str) -> str:
    """What the gallery says under a chart: that it is one. It brings no picture's parameters back.

    A line of keys with a seed has to follow: the host's Save looks one up in the infotext of everything in the gallery
    and saves nothing where one has none (modules/ui_common.py, `save_files`).
    """
    chart = Text(
        "A chart of the clip skip sweep {sweep}, not an image. Use the grid to bring the sweep back.", sweep=sweep
    )
    return f"{translated(chart, language)}\nSeed: {int(seed)}, Chart: {path.name}, Clip skip sweep: {sweep}"


def _tell_of_all(p: Any, processed: processing.Processed) -> None:
    """In a batch of img2img, the first sweep's result tells of the later ones too: the host shows no other's words
    (modules/img2img.py, `process_batch`, which runs the script for each picture with the same request)."""
    first = vars(p).setdefault("clip_skip_lab_first", processed)
    if first is not processed:
        first.comments = f"{first.comments}\n{processed.comments}"
        for told, also in zip(_reports(first), _reports(processed), strict=False):
            told += also


def _reports(processed: Any) -> list[list[dict[str, Any]]]:
    """What the page is told of the sweeps of a result, as a list of one; empty for what the page did not ask for."""
    told = getattr(processed, "extra_generation_params", {}).get("clip_skip_lab", {})
    return [told["page"]] if "page" in told else []


def _picture(
    image: Image.Image | None, path: Path | None, size: tuple[int, int], infotext: str, is_api: bool
) -> Image.Image:
    """A picture for the answer. A client of the API gets the file as it is, encoded once; the page only takes its path.
    Neither needs it in memory."""
    shown = infotext if shared.opts.enable_pnginfo else None
    if path is not None and is_api:
        return FileImage(path, size, shown)
    if image is None:
        image = Image.new("RGB", ON_PAGE)
    if path is not None:
        image.already_saved_as = str(path)
    if shown is not None:
        image.info["parameters"] = shown
    return image
