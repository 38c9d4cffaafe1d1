"""Several cells in one batch: what makes the host sample pictures of different clip skips together.

A picture's noise comes from its own seed, so its place in a batch does not matter; what does are its conditioning,
its row in the metadata, and the one global random generator. All hooks sit on the copied request or in a `with`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from modules import processing, prompt_parser, sd_samplers, shared

from .busy_scripts import why_not_together


def widen(copied: Any, requests: list[Any]) -> None:
    """Makes the request of one cell one for several: the cells' pictures side by side in each batch.

    Batch `n` holds, cell after cell, the pictures that a single generation has in its batch `n`.

    Args:
        copied: the request of the first cell, to be changed.
        requests: those of all the cells, which differ in seed and variation seed at most.
    """
    per_cell = copied.batch_size
    count = per_cell * copied.n_iter
    seeds = [seed_series(one.seed, count, fixed=one.subseed_strength != 0) for one in requests]
    subseeds = [seed_series(one.subseed, count) for one in requests]
    copied.batch_size = per_cell * len(requests)
    copied.seed = _side_by_side(seeds, per_cell)
    copied.subseed = _side_by_side(subseeds, per_cell)


def seed_series(seed: Any, count: int, fixed: bool = False) -> list[int]:
    """The seeds of `count` pictures (modules/processing.py, `process_images_inner`)."""
    return list(seed) if isinstance(seed, list) else [int(seed) + (0 if fixed else i) for i in range(count)]


def _side_by_side(series: list[list[int]], per_cell: int) -> list[int]:
    batches = range(0, len(series[0]), per_cell)
    return [seed for first in batches for seeds in series for seed in seeds[first : first + per_cell]]


def conditioning_for(
    copied: Any, asked: list[Hashable], as_asked: Callable[[Any], AbstractContextManager], remembered: Callable
) -> None:
    """Makes the request fetch its conditioning picture by picture, each as it is asked for.

    First pass, hires fix and refiner all fetch it through `get_conds_with_caching`, so one hook covers them. The
    host's caches hold one entry without a place for "several skips": they are left alone.

    Args:
        copied: the request; the hook is an attribute of this object.
        asked: for each picture of a batch its clip skip and what else decides which layers are used.
        as_asked: a `with` in which the host does so. Also where all pictures agree: a later pass fetches its
            conditioning in the middle of the sampling, and by then somebody may have moved the slider.
        remembered: a `with` in which repeated forwards of the text encoder are answered from memory.
    """
    original = copied.get_conds_with_caching

    def get_conds(function, required_prompts, steps, caches, extra_network_data, hires_steps=None):
        with remembered():
            if len(set(asked)) == 1:
                with as_asked(asked[0]):
                    return original(function, required_prompts, steps, caches, extra_network_data, hires_steps)
            parts: dict[tuple[Hashable, str], Any] = {}
            for wanted, text in zip(asked, required_prompts, strict=True):
                if (wanted, text) not in parts:
                    one = prompt_parser.SdConditioning([text], copy_from=required_prompts)
                    with as_asked(wanted):
                        parts[wanted, text] = original(
                            function, one, steps, [[None, None]], extra_network_data, hires_steps
                        )
            return _joined([parts[key] for key in zip(asked, required_prompts, strict=True)])

    copied.get_conds_with_caching = get_conds


def _joined(parts: list[Any]) -> Any:
    """One picture's conditioning after another as that of a batch (modules/prompt_parser.py)."""
    if isinstance(parts[0], prompt_parser.MulticondLearnedConditioning):
        return prompt_parser.MulticondLearnedConditioning((len(parts),), [part.batch[0] for part in parts])
    return [part[0] for part in parts]


def seed_global_generator(copied: Any) -> None:
    """Puts torch's global generator where the host leaves it after these pictures (modules/rng.py, `randn`).

    img2img draws the VAE's posterior from it (modules/sd_samplers_common.py, `images_tensor_to_samples`), so without
    this the first cell would depend on whatever was generated before, and no sweep could be repeated.
    """
    seeds = seed_series(copied.seed, copied.batch_size * copied.n_iter, fixed=copied.subseed_strength != 0)
    torch.manual_seed(seeds[-1])


@contextmanager
def same_posterior(copied: Any, per_cell: int) -> Iterator[None]:
    """Lets the VAE's encoder draw for each cell of a batch what it draws in a single generation.

    The noise of the pictures leaves the global generator at the last seed of their batch (modules/rng.py, `randn`),
    and the encoder goes on from there; for the cells of a wide batch that state is made anew for each.
    """
    original = processing.images_tensor_to_samples

    def encode(image: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if len(image) <= per_cell or len(image) % per_cell:
            return original(image, *args, **kwargs)
        parts = []
        # img2img encodes before any noise is made: then it is what the same generation left the last time.
        seeds = (copied.seeds or copied.all_seeds)[-len(image) :]
        for first in range(0, len(image), per_cell):
            torch.manual_seed(int(seeds[first + per_cell - 1]))
            parts.append(original(image[first : first + per_cell], *args, **kwargs))
        return torch.cat(parts)

    processing.images_tensor_to_samples = encode
    try:
        yield
    finally:
        processing.images_tensor_to_samples = original


def why_one_by_one(request: Any, rows: list[Any]) -> str | None:
    """Why the cells of this request cannot share a batch, decided before sampling; None when they can.

    Args:
        request: the sweep's.
        rows: the requests of its rows, each with the values of the further axes.
    """
    if isinstance(request.prompt, list) or isinstance(request.negative_prompt, list):
        return "the prompt is a list"
    if len(getattr(request, "init_images", None) or [0]) > 1:
        return "there are several init images"
    if getattr(request, "firstpass_image", None) is not None:
        return "it starts from a first pass of its own"
    sampler = sd_samplers.find_sampler_config(request.sampler_name)
    if sampler is not None and sampler.name in ("DPM adaptive",):
        return f"{sampler.name} chooses its steps for a batch as a whole"
    if request.get_token_merging_ratio() or request.get_token_merging_ratio(for_hr=True):
        return "token merging draws at random for a batch as a whole"
    key = getattr(getattr(shared.sd_model, "model", None), "conditioning_key", "crossattn")
    if key != "crossattn" and not getattr(shared.sd_model, "is_sdxl", False):
        return f"this kind of model ({key}) takes more than a prompt"
    if getattr(shared.opts, "hypertile_enable_unet", False) or getattr(shared.opts, "hypertile_enable_vae", False):
        return "Hypertile draws its tiles for a batch as a whole"
    return why_not_together([request, *rows])
