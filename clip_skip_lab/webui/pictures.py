"""What comes out of the host's sampling: which pictures are whole, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from modules import processing, shared

from ..sweep.plan import Cell
from ..sweep.session import Picture, Sampled
from .encoders import shadowed

BROKEN = "The model gave only NaN, no picture."


@dataclass
class Watch:
    """What was seen while a request was sampled.

    Attributes:
        cells: the cells of the request, `per_cell` pictures of each side by side in every batch.
        stops: for each batch, why it was broken off, or None.
        broken: (batch, row) of the pictures that are NaN. The host looks at the first of a batch only
            (modules/devices.py, `test_for_nans`).
        sizes: for each batch how many pictures it has; another extension can change that.
        finished: by (batch, row) each whole picture as the host finished it, None for one that is not whole.
    """

    cells: list[Cell]
    per_cell: int
    stops: list[str | None] = field(default_factory=list)
    broken: set[tuple[int, int]] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    finished: dict[tuple[int, int], Picture | None] = field(default_factory=dict)

    def whose(self, batch: int, row: int) -> tuple[Cell, int]:
        """The cell of a picture, and its place among that cell's pictures."""
        if len(self.cells) == 1:  # then they are all of this cell, however many another extension makes of it
            return self.cells[0], sum(self.sizes[:batch]) + row
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
        seen.sizes.append(len(samples))
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
def tapped(copied: Any, seen: Watch, as_asked: Callable[[int], AbstractContextManager]) -> Iterator[None]:
    """Notes each picture in `seen.finished` as the host finishes it.

    `process_images` returns pictures only when all batches went well; this is how those before an error are kept.
    It shadows, for this block, the hooks that the host calls for each picture. In them the clip
    skip is that of the picture: a script that improves faces generates anew there.

    Args:
        copied: the request.
        seen: what was seen of it.
        as_asked: gives, for a row of the batch, a `with` in which clip skip is that of the picture.
    """
    runner = copied.scripts
    if runner is None:
        yield
        return

    def shadow(name: str) -> Callable:
        original = getattr(type(runner), name)

        def hook(self: Any, p: Any, given: Any) -> None:
            if self is not runner or p is not copied:  # that of a script which generates by itself
                return original(self, p, given)
            with as_asked(p.batch_index):
                original(self, p, given)
            if name == LAST_HOOK:
                tap(p, given)

        return hook

    def tap(p: Any, pp: Any) -> None:
        row = p.batch_index
        seen.finished[p.iteration, row] = None
        if seen.whole(p.iteration, row):
            text = processing.create_infotext(
                p, p.prompts, p.seeds, p.subseeds, index=row, all_negative_prompts=p.negative_prompts
            )
            cell, place = seen.whose(p.iteration, row)
            picture = Picture(cell, place, pp.image, text, int(p.seeds[row]), int(p.subseeds[row]), p.prompts[row])
            seen.finished[p.iteration, row] = picture

    with ExitStack() as stack:
        # On the class: a script may copy the runner for a generation of its own, and what hangs on the object with it.
        for name in PICTURE_HOOKS:
            if hasattr(runner, name):  # the second came with v1.9
                stack.enter_context(shadowed(type(runner), name, shadow(name)))
        yield


def finished_pictures(copied: Any, processed: Any, seen: Watch) -> list[Picture]:
    """The whole pictures that the host returned, each with its cell, in the order of the host."""
    first = processed.index_of_first_image
    count = min(len(processed.images), len(processed.infotexts)) - first
    if len(seen.finished) == count:  # scripts may have replaced the pictures since
        made = zip(seen.finished.values(), processed.images[first:], processed.infotexts[first:], strict=False)
        return [replace(picture, image=image, infotext=text) for picture, image, text in made if picture is not None]
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


def sort_out(seen: Watch, pictures: list[Picture], copied: Any, expected: int) -> Sampled:
    """The pictures, with why some cells have fewer than they should.

    Args:
        seen: what was seen meanwhile.
        pictures: the whole ones.
        copied: the request, as it was in the end: another extension may have asked for more or fewer pictures.
        expected: how many pictures of a cell were asked for at first.
    """
    sampled = Sampled(pictures)
    state = shared.state
    stop = next((stop for stop in seen.stops if stop is not None), None)
    if stop is None and (state.interrupted or state.stopping_generation):
        stop = "interrupted"
    if len(seen.cells) == 1:
        expected = min(len(copied.all_prompts or []), copied.n_iter * copied.batch_size)
    for number, cell in enumerate(seen.cells):
        got = sum(1 for picture in pictures if picture.cell is cell)
        rows = range(number * seen.per_cell, (number + 1) * seen.per_cell)
        broken = [row for _, row in seen.broken if len(seen.cells) == 1 or row in rows]
        if got < expected and broken:
            sampled.failed[cell.index] = BROKEN
        elif got < expected and stop is not None:
            sampled.missing[cell.index] = stop if expected == 1 else f"{stop} after {got} of {expected} pictures"
        elif not got:
            sampled.failed[cell.index] = "The WebUI made no picture."
    return sampled
