"""A generation of our own: nobody's scripts, settings of the page or folders, and nothing is saved."""

from __future__ import annotations

from typing import Any

from modules import processing, scripts

SAMPLER = "Euler a"
"""All hosts have it."""


def bare_request(prompt: str, **fields: Any) -> Any:
    """A request for one picture, without a negative prompt.

    Args:
        prompt: in the host's syntax.
        fields: of the host's `StableDiffusionProcessingTxt2Img`: seed, steps, size, CFG scale.
    """
    p = processing.StableDiffusionProcessingTxt2Img(
        sd_model=None,
        outpath_samples="",
        outpath_grids="",
        prompt=prompt,
        negative_prompt="",
        sampler_name=SAMPLER,
        do_not_save_samples=True,
        do_not_save_grid=True,
        **fields,
    )
    if hasattr(p, "scheduler"):  # since v1.9
        p.scheduler = "Automatic"
    p.scripts = scripts.ScriptRunner()  # an empty one: reForge cannot do without (modules/processing.py)
    # Caches of its own, or what the user's last generation encoded would be forgotten.
    p.cached_c, p.cached_uc = [None, None, None], [None, None, None]
    return p
