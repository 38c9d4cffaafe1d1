"""What stays the same while a sweep runs: the model, and the options that decide pictures. Somebody may move a slider
or choose another checkpoint meanwhile; that counts when the sweep is over.
"""

from __future__ import annotations

from typing import Any

from modules import sd_models, shared

from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from .engine import Engine


def lent_off(engine: Engine) -> tuple[dict[str, Any], list[Text]]:
    """What keeps the host from changing clip skip by itself between the steps: options with the values to borrow, and
    a note where somebody had set one otherwise."""
    if engine.lent_off is None:
        return {}, []
    values, note = engine.lent_off
    data = shared.opts.data
    return values, [note] if any(data.get(key, value) != value for key, value in values.items()) else []


class ModelChanged(RuntimeError):
    """The pictures that come now would be another model's. The one argument is a sentence."""


def steady_options(engine: Engine) -> dict[str, Any]:
    """The options that decide pictures, as they are at this moment, clip skip among them."""
    data, labels = shared.opts.data, shared.opts.data_labels
    return {key: data.get(key, labels[key].default) for key in sorted(engine.deciding_options())}


def check_model(engine: Engine, copied: Any, steady: dict[str, Any]) -> None:
    """Makes sure that the loaded checkpoint is one that the request asks for: its own, its refiner's, or hires fix's.

    Args:
        engine: the WebUI's.
        copied: the request that is being generated.
        steady: what `steady_options` gave at the beginning.

    Raises `ModelChanged`.
    """
    own = sd_models.checkpoint_aliases.get(copied.override_settings.get(CHECKPOINT, steady[CHECKPOINT]))
    others = (getattr(copied, name, None) for name in ("refiner_checkpoint_info", "hr_checkpoint_info"))
    expected = {info.filename for info in (own, *others) if info is not None}
    loaded = engine.model().sd_checkpoint_info
    if own is not None and loaded.filename not in expected:
        raise ModelChanged(
            Text(
                "The model was changed to {now} while the sweep ran with {then}.",
                now=loaded.name_for_extra,
                then=own.name_for_extra,
            )
        )


def moved(given: dict[str, Any], where: Text) -> list[Text]:
    """Which of the options that a generation was given had other values at its end, in sentences.

    Clip skip, checkpoint and VAE are none of them: those are seen to while it runs.
    """
    data, labels = shared.opts.data, shared.opts.data_labels
    changed = [key for key, value in given.items() if key not in (OPTION_KEY, CHECKPOINT, VAE) and data[key] != value]
    return [
        Text(
            "{option} was changed while {cells} ran; they may differ because of it.",
            option=labels[key].label,
            cells=where,
        )
        for key in changed
    ]
