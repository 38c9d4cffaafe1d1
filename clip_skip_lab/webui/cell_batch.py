"""Several cells in one generation: what makes the host sample pictures of different clip skips together.

A picture's noise comes from its own seed, so its place in a batch does not matter; what does are its conditioning
(conditioning.py), its row in the metadata, and the one global random generator (random_state.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from modules import devices, sd_samplers

from ..free_memory import cells_that_fit
from ..hosts import INFOTEXT_KEY, OPTION_KEY
from ..language import Text
from ..sweep.layer_request import LayerRequest
from ..sweep.plan import Cell, SweepPlan
from ..sweep.values import Value
from .busy_scripts import why_not_together
from .engine import Engine
from .held_draws import Layout, keys_of
from .layer_request import layer_request_of
from .random_state import seed_series


@dataclass
class CellBatch(Layout):
    """Cells that are generated together; they differ in clip skip, and in what a batch can carry.

    Attributes:
        request: the copy of the sweep's request that is generated for all of them.
        written: the options that axes wrote when they were applied to it.
        asked: for each picture of a batch its clip skip, and what is asked of the layers beside it.
        expected: pictures of a cell that are asked for.
        last_seed: of the first cell's pictures.
    """

    request: Any
    written: dict[str, Any]
    asked: list[tuple[Value, LayerRequest]]
    expected: int
    last_seed: int


def batch_of(request: Any, plan: SweepPlan, cells: list[Cell], made: list[tuple[Any, dict[str, Any]]]) -> CellBatch:
    """Makes one generation for these cells.

    Args:
        request: the sweep's.
        plan: the sweep's.
        cells: those to be generated together.
        made: for each cell its own copy of the request, and the options that axes wrote (`request.applied`); the first
            copy becomes the one for all.
    """
    requests = [own for own, _ in made]
    keys = [keys_of(request, own, cell) for own, cell in zip(requests, cells, strict=True)]
    copied, written = made[0]
    copied.do_not_save_samples = copied.do_not_save_grid = True
    copied.override_settings_restore_afterwards = True
    copied.override_settings.pop(OPTION_KEY, None)
    per_cell, expected = copied.batch_size, copied.n_iter * copied.batch_size
    last_seed = seed_series(copied.seed, expected, fixed=copied.subseed_strength != 0)[-1]
    asked = [
        (cell.clip_skip, layer_request_of(own, plan, cell.clip_skip))
        for cell, own in zip(cells, requests, strict=True)
        for _ in range(per_cell)
    ]
    # The host writes its key only above 1 and reads a missing one as 1: wrong where the user's own is not 1. It can
    # read nothing but a whole number there.
    said = [value if isinstance(value, int) else None for value, _ in asked]
    copied.extra_generation_params[INFOTEXT_KEY] = said * copied.n_iter if len(cells) > 1 else said[0]
    if len(cells) > 1:
        _widen(copied, requests)
    return CellBatch(cells, keys, per_cell, copied, written, asked, expected, last_seed)


def _widen(copied: Any, requests: list[Any]) -> None:
    """Makes the request of one cell one for several: the cells' pictures side by side in each batch.

    Batch `n` holds, cell after cell, the pictures that a single generation has in its batch `n`.

    Args:
        copied: the request of the first cell, to be changed.
        requests: those of all the cells, which differ in seed and variation seed at most.
    """
    per_cell = copied.batch_size
    count = per_cell * copied.n_iter
    seeds = [seed_series(own.seed, count, fixed=own.subseed_strength != 0) for own in requests]
    subseeds = [seed_series(own.subseed, count) for own in requests]
    copied.batch_size = per_cell * len(requests)
    copied.seed = _side_by_side(seeds, per_cell)
    copied.subseed = _side_by_side(subseeds, per_cell)


def _side_by_side(series: list[list[int]], per_cell: int) -> list[int]:
    batches = range(0, len(series[0]), per_cell)
    return [seed for first in batches for seeds in series for seed in seeds[first : first + per_cell]]


def cells_at_once(plan: SweepPlan, cell_sizes: Iterable[tuple[int, int]], batch_count: int) -> int:
    """How many cells to sample together, where nothing keeps them apart.

    Args:
        plan: the sweep's.
        cell_sizes: width and height of its cells, all their pictures side by side.
        batch_count: how many generations one after another a cell's pictures are.
    """
    if plan.mode == "exact":
        return 1
    if not isinstance(plan.cells_per_batch, str):  # "auto"
        return plan.cells_per_batch
    return cells_that_fit(max(width * height for width, height in cell_sizes) // batch_count, devices.device)


def why_one_by_one(engine: Engine, request: Any, rows: list[Any]) -> str | None:
    """Why the cells of this request cannot share a batch, decided before sampling; None when they can.

    Args:
        engine: the WebUI's.
        request: the sweep's.
        rows: the requests of its rows, each with the values of the further axes.
    """
    if isinstance(request.prompt, list) or isinstance(request.negative_prompt, list):
        return Text("the prompt is a list")
    if len(getattr(request, "init_images", None) or [0]) > 1:
        return Text("there are several init images")
    if getattr(request, "firstpass_image", None) is not None:
        return Text("it starts from the image of an earlier first pass")
    sampler = sd_samplers.find_sampler_config(request.sampler_name)
    if sampler is not None and sampler.name in ("DPM adaptive",):
        return Text("{sampler} chooses its steps for a batch as a whole", sampler=sampler.name)
    if request.get_token_merging_ratio() or request.get_token_merging_ratio(for_hr=True):
        return Text("token merging draws at random for a batch as a whole")
    return engine.why_one_by_one(request) or why_not_together(engine, [request, *rows])
