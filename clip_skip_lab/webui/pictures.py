"""What comes out of the host's sampling: which pictures are whole, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from modules import processing, shared

from ..language import Text
from ..sweep.plan import Cell
from ..sweep.session import Picture, Sampled
from .cell_batch import CellBatch
from .engine import Engine
from .shadow import hooked, shadowed

ONLY_NAN = Text("The model gave only NaN, no image.")
LAST_HOOK = "postprocess_image_after_composite"
PICTURE_HOOKS = ("postprocess_image", "postprocess_maskoverlay", LAST_HOOK)
"""The hooks of always-on scripts that the host calls for one finished picture at a time, in its order."""


@dataclass
class Watch:
    """What was seen while a batch of cells was sampled.

    Attributes:
        batch: the cells.
        stops: for each batch of the host's, why it was broken off, or None.
        broken: (batch, row) of the pictures that are NaN.
        sizes: for each batch how many pictures it has; another extension can change that.
        finished: by (batch, row) each whole picture as the host finished it, None for one that is not whole.
    """

    batch: CellBatch
    stops: list[str | None] = field(default_factory=list)
    broken: set[tuple[int, int]] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    finished: dict[tuple[int, int], Picture | None] = field(default_factory=dict)

    def whose(self, number: int, row: int) -> tuple[Cell, int]:
        """The cell of a picture, and its place among that cell's pictures."""
        if not self.batch.is_shared:  # then they are all of this cell, however many another extension makes of it
            return self.batch.cells[0], sum(self.sizes[:number]) + row
        cell, place = divmod(row, self.batch.per_cell)
        return self.batch.cells[cell], number * self.batch.per_cell + place

    def whole(self, number: int, row: int) -> bool:
        """Whether that picture was sampled to its end."""
        return number < len(self.stops) and self.stops[number] is None and (number, row) not in self.broken

    def take(self, p: Any, pp: Any) -> None:
        """Takes the picture that the host has finished for its request `p`."""
        number, row = p.iteration, p.batch_index
        self.finished[number, row] = None
        if self.whole(number, row):
            text = processing.create_infotext(
                p, p.prompts, p.seeds, p.subseeds, index=row, all_negative_prompts=p.negative_prompts
            )
            seed, subseed = int(p.seeds[row]), int(p.subseeds[row])
            self.finished[number, row] = Picture(
                *self.whose(number, row), pp.image, text, seed, subseed, p.prompts[row], made_by=self.batch
            )


@contextmanager
def watching(engine: Engine, batch: CellBatch, as_asked: Callable[[int], AbstractContextManager]) -> Iterator[Watch]:
    """Watches a batch of cells being sampled, for the time of the block.

    The host returns half-sampled pictures after Interrupt and Skip as if they were whole, and forgets a Skip at the
    next batch; it looks for NaN in the first picture of a batch only (modules/devices.py, `test_for_nans`); and it
    returns pictures only when all batches went well. So each batch and each picture is noted as it is finished.

    Args:
        engine: the WebUI's.
        batch: what is sampled.
        as_asked: gives, for a row of the batch, a `with` in which clip skip is that of the picture: in the hooks for
            one finished picture a script that improves faces generates anew.
    """
    watch, runner, decode_before = Watch(batch), batch.request.scripts, processing.decode_latent_batch
    undecoded: list[int] = []

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        samples = original(*args, **kwargs)
        state = shared.state
        watch.sizes.append(len(samples))
        stop = Text("interrupted") if state.interrupted else Text("skipped") if state.skipped else None
        watch.stops.append(stop)
        rows = engine.broken_rows(samples)
        watch.broken.update((len(watch.stops) - 1, row) for row in rows)
        for row in rows:  # or the host would refuse the whole batch for its first picture
            samples[row] = torch.nan_to_num(samples[row])
        undecoded[:] = [len(watch.stops) - 1]
        return samples

    def decode(*args: Any, **kwargs: Any) -> Any:
        """A VAE at half precision can give NaN for sound latents."""
        decoded = decode_before(*args, **kwargs)
        if undecoded:  # and no decoding within the sampling, for hires fix, or of another request
            number = undecoded.pop()
            watch.broken.update((number, row) for row in engine.broken_rows(decoded))
        return decoded

    def of_picture(name: str, original: Callable, p: Any, given: Any) -> None:
        if p is not batch.request:  # that of a script which generates by itself
            return original(p, given)
        with as_asked(p.batch_index):
            original(p, given)
        if name == LAST_HOOK:
            watch.take(p, given)

    with ExitStack() as stack:
        stack.enter_context(hooked(batch.request, "sample", sample))
        stack.enter_context(shadowed(processing, "decode_latent_batch", decode))
        for name in PICTURE_HOOKS:
            if hasattr(runner, name):  # the second came with v1.9
                stack.enter_context(hooked(runner, name, partial(of_picture, name)))
        yield watch


def finished_pictures(watch: Watch, processed: Any) -> list[Picture]:
    """The whole pictures that the host returned, each with its cell, in the order of the host."""
    first, copied = processed.index_of_first_image, watch.batch.request
    count = min(len(processed.images), len(processed.infotexts)) - first
    if len(watch.finished) == count:  # scripts may have replaced the pictures since
        made = zip(watch.finished.values(), processed.images[first:], processed.infotexts[first:], strict=False)
        return [replace(picture, image=image, infotext=text) for picture, image, text in made if picture is not None]
    pictures = []
    for place in range(count):
        number, row = divmod(place, copied.batch_size)
        if watch.whole(number, row):
            image, text = processed.images[first + place], processed.infotexts[first + place]
            seed, subseed = int(copied.all_seeds[place]), int(copied.all_subseeds[place])
            whose, prompt = watch.whose(number, row), copied.all_prompts[place]
            pictures.append(Picture(*whose, image, text, seed, subseed, prompt, made_by=watch.batch))
    return pictures


def sort_out(watch: Watch, pictures: list[Picture]) -> Sampled:
    """The pictures, with why some cells have fewer than they should.

    Args:
        watch: what was seen meanwhile.
        pictures: the whole ones.
    """
    sampled, batch, state = Sampled(pictures), watch.batch, shared.state
    expected = batch.expected
    stop = next((stop for stop in watch.stops if stop is not None), None)
    if stop is None and (state.interrupted or state.stopping_generation):
        stop = Text("interrupted")
    if not batch.is_shared:  # another extension may have asked for more or fewer pictures
        copied = batch.request
        expected = min(len(copied.all_prompts or []), copied.n_iter * copied.batch_size)
    for number, cell in enumerate(batch.cells):
        got = sum(1 for picture in pictures if picture.cell is cell)
        rows = range(number * batch.per_cell, (number + 1) * batch.per_cell)
        broken = [row for _, row in watch.broken if not batch.is_shared or row in rows]
        if got < expected and broken:
            sampled.failed[cell.index] = ONLY_NAN
        elif got < expected and stop is not None:
            after = Text("{stop} after {got} of {expected} images", stop=stop, got=got, expected=expected)
            sampled.missing[cell.index] = stop if expected == 1 else after
        elif not got:
            sampled.failed[cell.index] = Text("The WebUI made no image.")
    return sampled
