"""The sweep that somebody will compare another one with: the same prompt, model and values in the other tab."""

from __future__ import annotations

import os
from typing import Any

from .folder import read_record
from .library import kind_of, listed_folders

MOST = 20
"""How many of the newest sweeps are looked at."""
SAME_PLAN = ("clip_skip", "y", "z", "draft")
SAME_SETTING = ("prompt", "negative_prompt")


def find_counterpart(content: dict[str, Any], grid_folder: str | os.PathLike[str]) -> dict[str, str] | None:
    """The newest sweep of the other tab with which this one can be compared, as {"id", "tab"}; None for none.

    Args:
        content: that of a sweep's `sweep.json`.
        grid_folder: where the other tab's grids are; those of this one may be there, too.
    """
    wanted = _compared(content)
    for folder in listed_folders([grid_folder], MOST):
        try:
            other = read_record(folder)
            if kind_of(other) != kind_of(content) and other["state"] == "finished" and _compared(other) == wanted:
                return {"id": folder.name, "tab": kind_of(other)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # none of ours, or one that was changed
    return None


def _compared(content: dict[str, Any]) -> list[Any]:
    """What two sweeps have to have in common."""
    plan, setting, model = content["plan"], content["setting"], content["model"]
    return [
        *(plan.get(key) for key in SAME_PLAN),
        *(setting[key] for key in SAME_SETTING),
        model["name"],
        model["hash"],
    ]
