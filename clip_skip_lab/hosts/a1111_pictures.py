"""What comes out of the host's sampling: which pictures are whole, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from modules import processing, shared

from ..layers.selection import nearest_whole
from ..sweep.plan import Cell
from . import Picture, Sampled
from .options import borrowed

BROKEN = "The model gave only NaN, no picture."


@dataclass
class Watch:
    """What was seen while a request was sampled.

    Attributes:
        cells: the cells of the request, `per_cell` pictures of each side by side in every batch.
        stops: for each batch, why it was broken off, or None.
        broken: (batch, row) of the pictures that are NaN. The host looks at the first of a batch only
            (modules/devices.py, `test_for_nans`).
    """

    cells: list[Cell]
    per_cell: int
    stops: list[str | None] = field(default_factory=list)
    broken: set[tuple[int, int]] = field(default_factory=set)

    def whose(self, batch: int, row: int) -> tuple[Cell, int]:
        """The cell of a picture, and its place among that cell's pictures."""
        cell, place = divmod(row, self.per_cell)
        return self.cells[cell], batch * self.per_cell + place

    def whole(self, batch: int, row: int) -> bool:
        """Whether that picture was sampled to its end."""
        return batch < len(self.stops) and self.stops[batch] is None and (batch, row) not in self.broken


def watch(copied: Any, cells: list[Cell], per_cell: int) -> Watch:
    """Makes the copy note after each batch whether it was broken off, and which pictures are NaN.

    The host returns half-sampled pictures after Interrupt and Skip as if they were whole, and forgets a Skip at the
    next batch.
    """
    seen = Watch(cells, per_cell)
    original = copied.sample

    def sample(*args: Any, **kwargs: Any) -> Any:
        samples = original(*args, **kwargs)
        state = shared.state
        seen.stops.append("interrupted" if state.interrupted else "skipped" if state.skipped else None)
        rows = [row for row, one in enumerate(samples) if bool(torch.isnan(one).any())]
        if not shared.cmd_opts.disable_nan_check and len(rows) < len(samples):
            batch = len(seen.stops) - 1
            seen.broken.update((batch, row) for row in rows)
            for row in rows:  # or the host would refuse the whole batch for its first picture
                samples[row] = torch.nan_to_num(samples[row])
        return samples

    copied.sample = sample
    return seen


LAST_HOOK = "postprocess_image_after_composite"
PICTURE_HOOKS = ("postprocess_image", "postprocess_maskoverlay", LAST_HOOK)
"""The hooks of always-on scripts that the host calls for one finished picture at a time, in its order."""


@contextmanager
def tapped(copied: Any, seen: Watch) -> Iterator[list[Picture]]:
    """Yields a list to which each whole picture comes as the host finishes it.

    `process_images` returns pictures only when all batches went well; this is how those before an error are kept.
    It shadows, on the one runner and for this block, the hooks that the host calls for each picture. In them the
    setting is that of the picture: a script that improves faces generates anew there.
    """
    runner = copied.scripts
    finished: list[Picture] = []
    if runner is None:
        yield finished
        return

    def shadow(name: str) -> None:
        original = getattr(runner, name)

        def hook(p: Any, given: Any) -> None:
            if p is not copied:  # that of a script which generates by itself
                return original(p, given)
            skip = nearest_whole(seen.whose(p.iteration, p.batch_index)[0].clip_skip)
            with borrowed(shared.opts.data, {"CLIP_stop_at_last_layers": skip}):
                original(p, given)
            if name == LAST_HOOK:
                tap(p, given)

        setattr(runner, name, hook)

    def tap(p: Any, pp: Any) -> None:
        row = p.batch_index
        if seen.whole(p.iteration, row):
            text = processing.create_infotext(
                p, p.prompts, p.seeds, p.subseeds, index=row, all_negative_prompts=p.negative_prompts
            )
            cell, place = seen.whose(p.iteration, row)
            finished.append(
                Picture(cell, place, pp.image, text, int(p.seeds[row]), int(p.subseeds[row]), p.prompts[row])
            )

    names = [name for name in PICTURE_HOOKS if hasattr(runner, name)]  # the second came with v1.9
    for name in names:
        shadow(name)
    try:
        yield finished
    finally:
        for name in names:
            delattr(runner, name)


def finished_pictures(copied: Any, processed: Any, seen: Watch) -> list[Picture]:
    """The whole pictures that the host returned, each with its cell, in the order of the host."""
    first = processed.index_of_first_image
    count = min(len(processed.images), len(processed.infotexts)) - first
    pictures = []
    for number in range(count):
        batch, row = divmod(number, copied.batch_size)
        if seen.whole(batch, row):
            cell, place = seen.whose(batch, row)
            pictures.append(
                Picture(
                    cell=cell,
                    place=place,
                    image=processed.images[first + number],
                    infotext=processed.infotexts[first + number],
                    seed=int(copied.all_seeds[number]),
                    subseed=int(copied.all_subseeds[number]),
                    prompt=copied.all_prompts[number],
                )
            )
    return pictures


def sort_out(seen: Watch, pictures: list[Picture], expected: int) -> Sampled:
    """The pictures, with why some cells have fewer than expected."""
    sampled = Sampled(pictures)
    for number, cell in enumerate(seen.cells):
        got = sum(1 for picture in pictures if picture.cell is cell)
        if got >= expected:
            continue
        rows = range(number * seen.per_cell, (number + 1) * seen.per_cell)
        if any(row in rows for _, row in seen.broken):
            sampled.failed[cell.index] = BROKEN
            continue
        why = next((stop for stop in seen.stops if stop is not None), "interrupted")
        sampled.missing[cell.index] = why if expected == 1 else f"{why} after {got} of {expected} pictures"
    return sampled
