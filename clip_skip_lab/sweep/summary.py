"""What a sweep says of itself in words: the line under the panel, the summary under the gallery, a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from ..language import Text, counted, translated
from .grid import Page
from .layer_request import CLIP_SKIP, NAMES
from .record import DONE, FAILED, NOT_RUN, CellRecord, SweepRecord
from .values import shown


def forecast(cells: int, pictures: int, batches: int, steps: int, pages: list[Page]) -> Text:
    """What will happen, before it does: cells, pictures, batches where several cells share one, steps, and the size of
    the grid."""
    first = pages[0]
    if len(pages) > 1:
        grid = Text(
            "grid in {parts} parts of up to {width} × {height} px",
            parts=len(pages),
            width=first.width,
            height=max(page.height for page in pages),
        )
    else:
        grid = Text("grid {width} × {height} px", width=first.width, height=first.height)
    if first.scale < 1:
        share = max(1, round(first.scale * 100))
        grid = Text("{grid} (cells at {share}%, full size saved beside it)", grid=grid, share=share)
    counted_pictures = counted(pictures, "{n} image", "{n} images")
    if batches < cells:
        in_batches = counted(batches, "{n} batch", "{n} batches")
        counted_pictures = Text("{pictures} · {batches}", pictures=counted_pictures, batches=in_batches)
    return Text(
        "{cells} · {pictures} · {steps} · {grid}",
        cells=counted(cells, "{n} cell", "{n} cells"),
        pictures=counted_pictures,
        steps=counted(steps, "{n} step", "{n} steps"),
        grid=grid,
    )


def with_time(line: Text, seconds: float) -> Text:
    """A forecast with the time that it will take, rounded as far as one knows."""
    return Text("{line} · {time}", line=line, time=about(seconds))


def about(seconds: float) -> Text:
    """A time, rounded as far as one knows it."""
    minutes = max(1, round(seconds / 60))
    if seconds < 20:
        return Text("about {seconds} s", seconds=max(1, round(seconds)))
    if seconds < 90:
        return Text("about {seconds} s", seconds=5 * round(seconds / 5))
    if minutes < 60:
        return Text("about {minutes} min", minutes=minutes)
    return Text("about {hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def what_to_type(field: Text, example: str, from_list: bool) -> Text:
    """What an axis that was just chosen waits for, with an example where there is one.

    Args:
        field: the name of the input, one of `VALUE_FIELDS`.
        example: values that the axis takes, or "".
        from_list: whether they are chosen from a list instead of typed.
    """
    wanted = Text("choose one or more") if from_list else Text("type them, separated by commas")
    if example:
        return Text("{field}: {wanted}, for example {example}.", field=field, wanted=wanted, example=example)
    return Text("{field}: {wanted}.", field=field, wanted=wanted)


def of_layer_panel(asked: dict[str, object]) -> str:
    """What the panel "Finer clip skip" does to a sweep, or "" where it asks nothing.

    Args:
        asked: what it asks, by `KEYS` of `layer_request`, without what an axis sets.
    """
    settings = [_asked(key, value) for key, value in asked.items() if key != CLIP_SKIP]
    own = Text("The panel's own clip skip is not used: the sweep's values replace it.")
    if not settings:
        return own if CLIP_SKIP in asked else ""
    names = reduce(lambda before, item: Text("{before}, {item}", before=before, item=item), settings)
    held = Text("The panel “Finer clip skip” applies to every cell: {settings}.", settings=names)
    return Text("{before} {next}", before=held, next=own) if CLIP_SKIP in asked else held


def _asked(key: str, value: object) -> Text:
    return NAMES[key] if value is True else Text("{name} {value}", name=NAMES[key], value=value)


def name_of(values: dict[str, object]) -> str:
    """`Clip skip 2, CFG Scale 7.0`."""
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def one_line(text: object, most: int) -> str:
    """The beginning of a text from a file as it can stand in a list of the page: one line that can be shown."""
    given = str(text)[: 10 * most]
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in given).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


@dataclass(frozen=True)
class Summary:
    """What happened, in sentences, the most important first.

    Attributes:
        counts: how many cells are done.
        lost: what failed, alike reasons together, and every other problem.
        waiting: what was not run, and why.
        notes: what somebody should know of how the sweep ran.
        folder: where it is.
    """

    counts: Text
    lost: tuple[str, ...]
    waiting: tuple[str, ...]
    notes: tuple[str, ...]
    folder: Text

    def lines(self, findings: Iterable[str] = ()) -> list[str]:
        """All of it, the findings of the measures where they matter."""
        return [self.counts, *self.lost, *self.waiting, *findings, *self.notes, self.folder]


def summary(record: SweepRecord, folder: str) -> Summary:
    """What is to be said of a sweep that has ended: counts, the reason of each cell that failed, the folder."""
    done, failed = record.count(DONE), record.count(FAILED)
    cells = counted(len(record.cells), "{n} cell", "{n} cells")
    if record.plan.draft:
        counts = Text("Clip skip sweep, draft: {done} of {cells} done.", done=done, cells=cells)
    else:
        counts = Text("Clip skip sweep: {done} of {cells} done.", done=done, cells=cells)
    lost = [Text("{cells}: {reason}", cells=names, reason=reason) for reason, names in _alike(record.cells, FAILED)]
    waiting = [
        Text("Not run ({reason}): {cells}", reason=reason, cells=names)
        for reason, names in _alike(record.cells, NOT_RUN)
    ]
    return Summary(
        Text("{counts} {failed} failed:", counts=counts, failed=failed) if failed else counts,
        (*lost, *record.problems),
        tuple(waiting),
        tuple(record.notes),
        Text("Folder: {folder}", folder=folder),
    )


def for_page(record: SweepRecord, folder: str, findings: Iterable[str], language: str) -> dict[str, Any]:
    """The same in parts, for the page's own form of it (javascript/clip_skip_lab_links.js), in a language."""
    found = summary(record, folder)
    return {
        "id": record.id,
        "done": record.count(DONE),
        "cells": len(record.cells),
        "lost": [translated(line, language) for line in found.lost],
        "waiting": [translated(line, language) for line in found.waiting],
        "findings": [*findings],
        "notes": [translated(line, language) for line in found.notes],
        "folder": folder,
        "counterpart": None,
    }


def _alike(cells: list[CellRecord], state: str) -> list[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for cell in cells:
        if cell.state == state:
            groups.setdefault(cell.reason or "", []).append(name_of(cell.values))
    return [(reason, _first_of(names)) for reason, names in groups.items()]


def _first_of(names: list[str], most: int = 6) -> str:
    first, rest = "; ".join(names[:most]), len(names) - most
    return Text("{names}; and {rest} more", names=first, rest=rest) if rest > 0 else first
