"""What the WebUI's live preview shows while a sweep runs: its grid, in which the cells that are being sampled grow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from modules import sd_samplers, shared
from PIL import Image

from ..sweep.grid_drawing import contact_sheet
from ..sweep.plan import Cell
from ..sweep.session import Preview
from .shadow import shadowed


class LivePreview:
    """The host decides when there is something to show, and how a latent becomes a picture; where it goes is ours."""

    def __init__(self) -> None:
        self._preview: Preview | None = None
        self._cells: list[Cell] = []
        self._earlier: Any = None
        """The last latents of the batch before, which the host keeps until the next has some."""

    def show(self, preview: Preview) -> None:
        """Shows the grid as far as it is there; from any thread."""
        self._preview = preview
        shared.state.assign_current_image(preview.picture({}))

    def starting(self, cells: list[Cell]) -> None:
        """Is told which cells are sampled next, in one batch."""
        self._earlier = shared.state.current_latent
        self._cells = cells

    @contextmanager
    def shown(self) -> Iterator[None]:
        """For the time of the block, the host's previews are the sweep's grid (modules/shared_state.py,
        `do_set_current_image`, which looks these two functions up)."""
        grid, single = sd_samplers.samples_to_image_grid, sd_samplers.sample_to_image

        def of_all(samples: Any, *args: Any, **kwargs: Any) -> Image.Image:
            return self._drawn(samples, range(len(samples)), single) or grid(samples, *args, **kwargs)

        def of_one(samples: Any, index: int = 0, *args: Any, **kwargs: Any) -> Image.Image:
            return self._drawn(samples, [index], single) or single(samples, index, *args, **kwargs)

        with (
            shadowed(sd_samplers, "samples_to_image_grid", of_all),
            shadowed(sd_samplers, "sample_to_image", of_one),
        ):
            yield

    def _drawn(self, samples: Any, rows: Iterable[int], picture_of: Callable[..., Image.Image]) -> Image.Image | None:
        """The grid with these rows of a batch's latents in it; None while there is no grid."""
        cells = self._cells
        if self._preview is None or not cells:
            return None
        per_cell = max(1, len(samples) // len(cells))
        begun: dict[int, list[Image.Image]] = {}
        for row in rows if samples is not self._earlier else []:
            cell = cells[min(row // per_cell, len(cells) - 1)]
            begun.setdefault(cell.index, []).append(picture_of(samples, row))
        return self._preview.picture({index: contact_sheet(pictures) for index, pictures in begun.items()})
