"""The metadata of a grid on AUTOMATIC1111's WebUI (seen on v1.10.1): what brings back the whole panel."""

from __future__ import annotations

import json
from typing import Any

from modules import processing, shared

from ..hosts import INFOTEXT_KEY, OPTION_KEY
from ..sweep.layer_request import INFOTEXT
from ..sweep.plan import SweepPlan
from ..sweep.plan_keys import SCRIPT_TITLE
from .engine import Engine
from .layer_request import infotext_of, layer_request_of
from .options import borrowed
from .request import applied, copy_request


def grid_infotext(
    engine: Engine,
    request: Any,
    plan: SweepPlan,
    generated: Any,
    model: dict[str, str],
    options: dict[str, Any],
) -> str:
    """The grid's metadata. It has the page's own values, not those of the first cell as in the X/Y/Z plot.

    Args:
        engine: the WebUI's.
        request: as the page or the API made it.
        plan: the sweep's.
        generated: a copy of the request that a cell used: the host wrote into it what an infotext needs.
        model: the session's.
        options: those that decide pictures, as they were when the sweep began.
    """
    base = copy_request(generated)
    trial, _ = applied(engine, request, plan, plan.cells()[0])
    asked, tried = vars(request), vars(trial)
    changed = {name for name, value in tried.items() if _differs(asked.get(name), value)}
    for name in {*changed, "seed", "subseed", "batch_size"}:
        setattr(base, name, asked.get(name))
    if base.all_prompts is None or {"prompt", "negative_prompt", "styles"} & changed:
        base.setup_prompts()
    seeds, subseeds = _as_list(request.seed), _as_list(request.subseed)
    base.all_seeds, base.all_subseeds = seeds, subseeds
    base.sd_model_name, base.sd_model_hash = model["name"], model["hash"] or None
    with borrowed(shared.opts.data, {**options, **request.override_settings}):
        setting = shared.opts.data.get(OPTION_KEY, 1)
        common = base.extra_generation_params.items()
        base.extra_generation_params = {
            **{key: value for key, value in common if key not in INFOTEXT.values()},
            **infotext_of(layer_request_of(request, plan), engine.loaded(), setting),
            INFOTEXT_KEY: setting,
            "Script": SCRIPT_TITLE,
            **{key: _for_reading_back(text) for key, text in plan.infotext().items()},
        }
        return processing.create_infotext(base, base.all_prompts, seeds, subseeds)


def forget_setting(text: str, params: dict[str, Any]) -> None:
    """Leaves the clip skip of a pasted grid alone: a sweep has its own values, and the host would make the grid's
    setting an override for whatever comes after the sweep.

    Args:
        text: the pasted infotext.
        params: what the host read from it; changed here (modules/script_callbacks.py, `on_infotext_pasted`).
    """
    if params.get("Script") == SCRIPT_TITLE:
        params.pop(INFOTEXT_KEY, None)


def _for_reading_back(text: str) -> str:
    """The text so that the host reads it back as it is: it takes the quotes off every value, but puts some on only
    where there is a comma, a colon or a line break (modules/infotext_utils.py, `quote`)."""
    has_quotes = text.startswith('"') and text.endswith('"')
    host_quotes = any(letter in text for letter in ",:\n")
    return json.dumps(text, ensure_ascii=False) if has_quotes and not host_quotes else text


def _differs(asked: Any, tried: Any) -> bool:
    if asked is tried:
        return False
    try:
        return bool(asked != tried)
    except Exception:  # tensors and arrays, which other extensions may hang on a request, compare to arrays
        return True


def _as_list(seed: Any) -> list[int]:
    return seed if isinstance(seed, list) else [seed]
